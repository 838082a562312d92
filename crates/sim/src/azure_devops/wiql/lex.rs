//! A query's words.

use super::super::failure::Failure;
use super::wrong;

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    /// `[System.Title]`
    Field(String),
    /// `'text'`
    Text(String),
    Number(f64),
    /// `@Me`
    Macro(String),
    /// A key word or name, as it was written.
    Name(String),
    /// `=`, `<>`, `(`, `,` and so on.
    Sign(&'static str),
}

/// Longer ones first.
const SIGNS: [&str; 11] = ["<>", "<=", ">=", "=", "<", ">", "(", ")", ",", "+", "-"];

/// Takes a query apart.
pub(super) fn words(text: &str) -> Result<Vec<Word>, Failure> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, length) = match first {
            '[' => {
                let end = rest
                    .find(']')
                    .ok_or_else(|| wrong("A bracket is not closed.", rest))?;
                (Word::Field(rest[1..end].trim().to_owned()), end + 1)
            }
            '\'' | '"' => quoted(rest, first)?,
            '@' => {
                let length = 1 + name_length(&rest[1..]);
                (Word::Macro(rest[1..length].to_ascii_lowercase()), length)
            }
            digit if digit.is_ascii_digit() => {
                let length = rest
                    .bytes()
                    .take_while(|b| b.is_ascii_digit() || *b == b'.')
                    .count();
                let number = rest[..length]
                    .parse()
                    .map_err(|_| wrong("That is no number.", &rest[..length]))?;
                (Word::Number(number), length)
            }
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => (Word::Sign(sign), sign.len()),
                None => {
                    let length = name_length(rest);
                    if length == 0 {
                        let part: String = rest.chars().take(20).collect();
                        return Err(wrong("Expecting a field, a value or a key word.", &part));
                    }
                    (Word::Name(rest[..length].to_owned()), length)
                }
            },
        };
        words.push(word);
        rest = rest[length..].trim_start();
    }
    Ok(words)
}

/// A text in quotes, which are doubled inside.
fn quoted(text: &str, quote: char) -> Result<(Word, usize), Failure> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            out.push(c);
        } else if chars.next_if(|(_, next)| *next == quote).is_some() {
            out.push(quote);
        } else {
            return Ok((Word::Text(out), at + 1));
        }
    }
    Err(wrong("A text is not closed.", text))
}

fn name_length(text: &str) -> usize {
    let part_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    text.find(|c: char| !part_of_name(c)).unwrap_or(text.len())
}

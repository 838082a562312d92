//! JQL as words.

/// A word of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, number or quoted text; keywords are told apart by not being quoted.
    Text {
        text: String,
        quoted: bool,
    },
    /// `= != < <= > >= ~ !~`.
    Operator(&'static str),
    Open,
    Close,
    Comma,
}

impl Token {
    /// Whether it is a keyword, without regard to case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Text { text, quoted: false } if text.eq_ignore_ascii_case(keyword))
    }
}

/// Longest first, so that `<=` is not read as `<`.
const OPERATORS: [&str; 10] = ["!=", "!~", "<=", ">=", "&&", "||", "=", "<", ">", "~"];

/// Splits a query into words.
pub(super) fn words(text: &str) -> Result<Vec<Token>, String> {
    let mut rest = text.trim_start();
    let mut out = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '(' => (Token::Open, &rest[1..]),
            ')' => (Token::Close, &rest[1..]),
            ',' => (Token::Comma, &rest[1..]),
            '"' | '\'' => quoted(rest, first)?,
            '!' if !rest.starts_with("!=") && !rest.starts_with("!~") => (word("not"), &rest[1..]),
            _ => plain(rest)?,
        };
        out.push(token);
        rest = after.trim_start();
    }
    Ok(out)
}

fn word(text: &str) -> Token {
    Token::Text {
        text: text.to_owned(),
        quoted: false,
    }
}

fn plain(rest: &str) -> Result<(Token, &str), String> {
    if let Some(operator) = OPERATORS
        .iter()
        .find(|operator| rest.starts_with(**operator))
    {
        let after = &rest[operator.len()..];
        return Ok(match *operator {
            "&&" => (word("and"), after),
            "||" => (word("or"), after),
            operator => (Token::Operator(operator), after),
        });
    }
    let ends = |c: char| c.is_whitespace() || "()=!<>~,\"'&|".contains(c);
    let end = rest.find(ends).unwrap_or(rest.len());
    if end == 0 || rest.starts_with(['*', '/', '%', '^', '$', '#', '@', '{', '}', ';', '?', '`']) {
        let first = rest.chars().next().unwrap_or(' ');
        return Err(format!(
            "Error in the JQL Query: The character '{first}' is a reserved JQL character. You must enclose it in a string or use the escape '\\u{:04x}' instead.",
            u32::from(first)
        ));
    }
    Ok((word(&rest[..end]), &rest[end..]))
}

fn quoted(rest: &str, quote: char) -> Result<(Token, &str), String> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, escaped @ ('"' | '\'' | '\\' | ' '))) => text.push(escaped),
                _ => {
                    return Err(
                        "Error in the JQL Query: An illegal JQL escape sequence was found."
                            .to_owned(),
                    );
                }
            },
            c if c == quote => {
                return Ok((Token::Text { text, quoted: true }, &rest[at + 1..]));
            }
            c => text.push(c),
        }
    }
    Err(format!(
        "Error in the JQL Query: The quoted string '{text}' has not been completed."
    ))
}

//! Where a delimiter of emphasis works (CommonMark 0.31, section 6.2).

/// What a character is to a delimiter beside it. The ends of a line count as whitespace.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Punctuation,
    Other,
}

/// The classes that a character may have. The parser knows Unicode's punctuation; here every character outside ASCII
/// that is neither letter nor digit may be punctuation or not, and a delimiter must work both ways.
fn classes(c: Option<char>) -> &'static [Class] {
    match c {
        None => &[Class::Space],
        Some(c) if c.is_whitespace() => &[Class::Space],
        Some(c) if c.is_ascii_punctuation() => &[Class::Punctuation],
        Some(c) if c.is_alphanumeric() => &[Class::Other],
        Some(_) => &[Class::Punctuation, Class::Other],
    }
}

/// Whether a delimiter made of `delimiter` surely opens between two characters.
pub(super) fn opens(delimiter: char, before: Option<char>, after: Option<char>) -> bool {
    surely(before, after, |before, after| {
        flanks(before, after)
            && (delimiter != '_' || !flanks(after, before) || before == Class::Punctuation)
    })
}

/// Whether a delimiter made of `delimiter` surely closes between two characters.
pub(super) fn closes(delimiter: char, before: Option<char>, after: Option<char>) -> bool {
    opens(delimiter, after, before)
}

/// Whether a delimiter is left-flanking; with the sides exchanged, right-flanking.
fn flanks(before: Class, after: Class) -> bool {
    match after {
        Class::Space => false,
        Class::Other => true,
        Class::Punctuation => before != Class::Other,
    }
}

fn surely(before: Option<char>, after: Option<char>, works: impl Fn(Class, Class) -> bool) -> bool {
    let pairs = |before: Class| classes(after).iter().all(|after| works(before, *after));
    classes(before).iter().all(|before| pairs(*before))
}

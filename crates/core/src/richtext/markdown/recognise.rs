//! Bare links and mentions in plain text, as GitHub recognises them.

/// Something recognised in a text.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::richtext) enum Found {
    /// An address; `url` has the scheme that `www.` lacks.
    Url { end: usize, url: String },
    /// A login after `@`.
    Mention { end: usize },
}

/// The first address or mention in a text at or after `from` (a byte offset), with where it begins. `before` is the
/// character before the text, if it is not at a line's start.
pub(in crate::richtext) fn next(
    text: &str,
    from: usize,
    before: Option<char>,
    mentions: bool,
) -> Option<(usize, Found)> {
    let mut previous = text[..from].chars().next_back().or(before);
    for (at, c) in text[from..].char_indices() {
        let (here, at) = (&text[from + at..], from + at);
        let fresh = !previous.is_some_and(char::is_alphanumeric);
        previous = Some(c);
        match c {
            'h' | 'H' | 'w' | 'W' if fresh => {
                if let Some((length, url)) = address(here) {
                    let end = at + length;
                    return Some((at, Found::Url { end, url }));
                }
            }
            '@' if mentions && fresh && !follows_word(text, at, before) => {
                if let Some(length) = login(&here[1..]) {
                    let end = at + 1 + length;
                    return Some((at, Found::Mention { end }));
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether the character before `at` is one after which `@` calls nobody.
fn follows_word(text: &str, at: usize, before: Option<char>) -> bool {
    let previous = text[..at].chars().next_back().or(before);
    previous.is_some_and(|c| c.is_alphanumeric() || "_/@.-`".contains(c))
}

/// Whether a mention may stand between these two characters.
pub(super) fn may_mention(before: Option<char>, after: Option<char>) -> bool {
    let clear = !before.is_some_and(|c| c.is_alphanumeric() || "_/@.-`".contains(c));
    clear && !after.is_some_and(continues_login)
}

fn continues_login(c: char) -> bool {
    c.is_alphanumeric() || "_-/".contains(c)
}

/// Whether a text is a login or `organisation/team`, in GitHub's form.
pub(super) fn is_login(text: &str) -> bool {
    login(text) == Some(text.len())
}

/// The length in bytes of the login at the start of a text. A login has at most 39 letters, digits and single inner
/// hyphens (GitHub's sign-up form); a team's name may have underscores too.
fn login(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let letters = |bytes: &[u8], extra: &[u8]| {
        let fits = |b: &&u8| b.is_ascii_alphanumeric() || extra.contains(b);
        bytes.iter().take(101).take_while(fits).count()
    };
    let mut length = letters(bytes, b"-");
    let name = &bytes[..length];
    if length == 0 || length > 39 || name[0] == b'-' || name[length - 1] == b'-' {
        return None;
    }
    if bytes.get(length) == Some(&b'/') {
        let team = letters(&bytes[length + 1..], b"-_");
        if team == 0 || team > 100 {
            return None;
        }
        length += 1 + team;
    }
    let next = text[length..].chars().next();
    (!next.is_some_and(continues_login)).then_some(length)
}

/// The length in bytes of the address at the start of a text, and the address (GFM, "Autolinks (extension)").
fn address(text: &str) -> Option<(usize, String)> {
    let starts = |prefix: &str| {
        text.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    let scheme = ["https://", "http://", "www."]
        .into_iter()
        .find(|scheme| starts(scheme))?;
    // Checked before the end is looked for: many false starts must not each scan the rest of the text.
    if !text[scheme.len()..].starts_with(char::is_alphanumeric) {
        return None;
    }
    let stops = |c: char| c.is_whitespace() || c == '<' || c == '>' || c.is_control();
    let end = text.find(stops).unwrap_or(text.len());
    let url = trim_address(&text[..end]);
    let host = &url[scheme.len()..];
    if scheme == "www." {
        return host
            .contains('.')
            .then(|| (url.len(), format!("http://{url}")));
    }
    Some((url.len(), url.to_owned()))
}

/// Without the punctuation that belongs to the sentence.
fn trim_address(mut url: &str) -> &str {
    let mut open = url.matches('(').count();
    let mut close = url.matches(')').count();
    loop {
        let Some(last) = url.chars().next_back() else {
            return url;
        };
        let drop = match last {
            '?' | '!' | '.' | ',' | ':' | ';' | '*' | '_' | '~' | '\'' | '"' | '`' | '\\' | '|' => {
                true
            }
            ')' => close > open,
            _ => false,
        };
        if !drop {
            return url;
        }
        match last {
            ')' => close -= 1,
            '(' => open -= 1,
            _ => {}
        }
        url = &url[..url.len() - last.len_utf8()];
    }
}

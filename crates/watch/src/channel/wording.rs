//! The words of a page, the same on every channel.

use super::page::{Content, Event, Matter, Page, Presence};

/// Of a long list of sufferers so many are named.
const NAMED_MAX: usize = 20;
/// Incidents of a digest that are told in full.
const TOLD_MAX: usize = 20;

/// The page in one line, what matters first: `CRITICAL acme: commits fail (database:central)`.
pub(super) fn title(page: &Page) -> String {
    format!("{}: {}", label(page), subject(&page.content))
}

/// What kind of page of whose watch: `CRITICAL acme`, `RESOLVED acme`.
pub(super) fn label(page: &Page) -> String {
    let word = match &page.content {
        Content::Incident { event, matter } => match event {
            Event::Opened => matter.severity.word().to_uppercase(),
            Event::Reminder => format!("STILL {}", matter.severity.word().to_uppercase()),
            Event::Acknowledged { by } => format!("ACKNOWLEDGED BY {}", one_line(by)),
            Event::Resolved => "RESOLVED".to_owned(),
        },
        Content::Digest(digest) => digest.matters()[0].severity.word().to_uppercase(),
        Content::Proof => "TEST".to_owned(),
        Content::Presence(_) => "PRESENCE".to_owned(),
    };
    format!("{word} {}", one_line(&page.instance))
}

/// What it is about, without kind and sender.
pub(super) fn subject(content: &Content) -> String {
    match content {
        Content::Incident { matter, .. } => brief(matter),
        Content::Digest(digest) => match digest.matters() {
            [one] => brief(one),
            [gravest, rest @ ..] => format!("{} and {} more", brief(gravest), rest.len()),
            [] => String::new(),
        },
        Content::Proof => "please acknowledge, so that this way to you is known to work".to_owned(),
        Content::Presence(asked) => presence(asked),
    }
}

/// Whether somebody is there; how that is said before what it is about, so that it is never cut off.
fn presence(asked: &Presence) -> String {
    let (change, title) = (one_line(&asked.change), one_line(&asked.title));
    match &asked.proof {
        Some(proof) => format!(
            "are you there for change {change}? Say so with 'twinline change renew {change} --proof {}' ({title})",
            one_line(proof)
        ),
        None => {
            format!("are you there while change {change} is made? Say so by the link ({title})")
        }
    }
}

/// An incident in one line.
pub(super) fn brief(matter: &Matter) -> String {
    let headline = one_line(&matter.headline);
    match &matter.element {
        Some(element) => format!("{headline} ({})", one_line(element)),
        None => headline,
    }
}

/// Facts about an incident, each with its name.
pub(super) fn facts(matter: &Matter) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Severity", matter.severity.word().to_owned())];
    if let Some(element) = &matter.element {
        facts.push(("At fault", one_line(element)));
    }
    if !matter.affected.is_empty() {
        facts.push(("Affected", affected(matter)));
    }
    facts.push(("Since", matter.since.to_string()));
    facts.push(("Incident", one_line(&matter.incident)));
    facts
}

/// `3: a, b, c`; of a long list the first ones.
pub(super) fn affected(matter: &Matter) -> String {
    let all = &matter.affected;
    let named = all.iter().take(NAMED_MAX).map(|name| one_line(name));
    let named = named.collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(NAMED_MAX) {
        0 => format!("{}: {named}", all.len()),
        more => format!("{}: {named} and {more} more", all.len()),
    }
}

/// The page as plain text, with its links at the end.
pub(super) fn text(page: &Page) -> String {
    let mut lines = vec![title(page), String::new()];
    let matters = page.content.matters();
    for matter in matters.iter().take(TOLD_MAX) {
        if matters.len() > 1 {
            lines.push(brief(matter));
        }
        let facts = facts(matter).into_iter();
        lines.extend(facts.map(|(name, value)| format!("{name}: {value}")));
        lines.extend(matter.details.iter().map(|line| one_line(line)));
        lines.push(String::new());
    }
    let more = matters.len().saturating_sub(TOLD_MAX);
    if more > 0 {
        lines.push(format!("… and {more} more"));
        lines.push(String::new());
    }
    if let Some(link) = &page.acknowledge {
        lines.push(format!("Acknowledge: {link}"));
    }
    if let Some(link) = &page.look {
        lines.push(format!("Look: {link}"));
    }
    lines.join("\n")
}

/// Without line breaks and control characters: what came from outside makes no lines or headers of its own.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The beginning of a text, whole characters of at most `max_chars`, with an ellipsis where something is left out.
pub(super) fn cut(text: &str, max_chars: usize) -> String {
    if text.chars().nth(max_chars).is_none() {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests;

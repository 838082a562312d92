//! A page as a letter: plain text, and the same as simple HTML.

use super::super::outcome::Cause;
use super::super::page::{Content, Matter, Page, Severity};
use super::super::wording::{brief, cut, facts, one_line, subject, text, title};
use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

/// Longer subjects are cut by readers, in characters.
const SUBJECT_MAX_CHARS: usize = 200;
/// Incidents of a digest that are told in full.
const TOLD_MAX: usize = 20;

/// The letter's bytes, ready to be handed over.
///
/// A page that is sent again has the same `Message-ID`. All letters about an incident refer to one that was never sent,
/// which makes them one thread whoever got which of them.
pub(super) fn compose(page: &Page, from: &Mailbox, to: &Address) -> Result<Vec<u8>, Cause> {
    let domain = from.email.domain();
    let about = match (&page.content, page.content.gravest()) {
        (_, Some(matter)) => matter.incident.clone(),
        (Content::Presence(asked), None) => format!("change-{}", asked.change),
        (_, None) => "proof".to_owned(),
    };
    let id = message_id(&page.id, domain);
    let thread = message_id(&format!("incident.{about}.{}", page.instance), domain);
    let millis = u64::try_from(page.at.as_millis()).unwrap_or_default();
    let mut builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(cut(&title(page), SUBJECT_MAX_CHARS))
        .date(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
        .message_id(Some(id))
        .in_reply_to(thread.clone())
        .references(thread);
    for automatic in AUTOMATIC {
        builder = builder.raw_header(header(automatic));
    }
    if page.content.severity() == Severity::Critical {
        builder = builder.raw_header(header(IMPORTANT));
    }
    let content = MultiPart::alternative()
        // Lettre draws one otherwise, and a letter would differ each time. No line of a content begins so.
        .boundary("=_twinline_watch")
        .singlepart(SinglePart::plain(text(page)))
        .singlepart(SinglePart::html(html(page)));
    let letter = builder.multipart(content);
    let letter =
        letter.map_err(|error| Cause::unsuitable(format!("no letter can be made: {error}")))?;
    Ok(letter.formatted())
}

/// `<page-7.acme@acme.example>`: of what names a thing here, what may stand in such an id.
pub(super) fn message_id(name: &str, domain: &str) -> String {
    let allowed = |c: char| {
        if c.is_ascii_alphanumeric() || "-.".contains(c) {
            c
        } else {
            '-'
        }
    };
    let name: String = name.trim_matches('.').chars().map(allowed).collect();
    format!("<{}@{domain}>", name.replace("..", ".-"))
}

/// Says that no person wrote the letter (RFC 3834; then in Exchange's words), so that no notice of absence answers it.
pub(super) const AUTOMATIC: [(&str, &str); 2] = [
    ("Auto-Submitted", "auto-generated"),
    ("X-Auto-Response-Suppress", "All"),
];
/// Readers mark such a letter, and some telephones ring.
const IMPORTANT: (&str, &str) = ("Importance", "high");

pub(super) fn header((name, value): (&'static str, &str)) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Without pictures, scripts and styles from elsewhere: a reader that shows nothing of these shows all of it.
fn html(page: &Page) -> String {
    let mut out = String::from(
        "<!DOCTYPE html>\n<html lang=\"en\"><body style=\"font-family: sans-serif\">\n",
    );
    element(&mut out, "h1 style=\"font-size: 1.3em\"", &title(page));
    if matches!(page.content, Content::Proof | Content::Presence(_)) {
        element(&mut out, "p", &subject(&page.content));
    }
    if let Some(link) = &page.acknowledge {
        let link = escaped(link.as_str());
        // A String takes whatever is written to it.
        let _ok = writeln!(
            out,
            "<p><a href=\"{link}\" style=\"display: inline-block; padding: 0.8em 1.5em; background: #0b57d0; color: #ffffff\">Acknowledge</a></p>"
        );
    }
    let matters = page.content.matters();
    for matter in matters.iter().take(TOLD_MAX) {
        told(&mut out, matter, matters.len() > 1);
    }
    let more = matters.len().saturating_sub(TOLD_MAX);
    if more > 0 {
        element(&mut out, "p", &format!("… and {more} more"));
    }
    if let Some(link) = &page.look {
        let link = escaped(link.as_str());
        let _ok = writeln!(out, "<p><a href=\"{link}\">Look</a></p>");
    }
    out.push_str("</body></html>\n");
    out
}

fn told(out: &mut String, matter: &Matter, one_of_several: bool) {
    if one_of_several {
        element(out, "h2 style=\"font-size: 1.1em\"", &brief(matter));
    }
    out.push_str("<table>\n");
    for (name, value) in facts(matter) {
        let (name, value) = (escaped(name), escaped(&value));
        let _ok = writeln!(
            out,
            "<tr><th align=\"left\" valign=\"top\">{name}</th><td>{value}</td></tr>"
        );
    }
    out.push_str("</table>\n");
    for line in &matter.details {
        element(out, "p", &one_line(line));
    }
}

fn element(out: &mut String, tag: &str, words: &str) {
    let name = tag.split(' ').next().unwrap_or(tag);
    let _ok = writeln!(out, "<{tag}>{}</{name}>", escaped(words));
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;

//! What a page says, and the link by which it is acknowledged.

use super::machines::{Letter, Machines};
use super::record::{Record, Standing};
use super::setup::Setup;
use crate::channel::acknowledge::{About, GOOD_FOR, Grant, Signer};
use crate::channel::{Content, Digest, Event, Matter, Page, Presence};
use sha2::{Digest as _, Sha256};
use twinline_core::time::Timestamp;
use twinline_core::watch::change::{ASKED_FOR, ChangeId};
use twinline_core::watch::element::Path;
use twinline_core::watch::escalation::{Contact, Person, Purpose};
use twinline_core::watch::incident::{Cause, IncidentId};
use url::Url;

/// Details of one incident that are told.
const DETAILS_MAX: usize = 10;
/// Bytes of a contact's digest in a link: enough to tell one person's contacts apart.
const TAG_BYTES: usize = 4;

/// The page of a letter; nothing when there is nothing to tell any more.
pub(super) fn compose(
    letter: &Letter,
    machines: &mut Machines,
    setup: &Setup,
    signer: &Signer,
    now: Timestamp,
) -> Option<Page> {
    let mut content = content(letter, machines, setup)?;
    for incident in &letter.incidents {
        if let Some(record) = machines.records.get_mut(*incident) {
            record.told.insert(letter.contact.clone());
        }
    }
    let grant = grant(letter, now);
    let acknowledge = grant.as_ref().and_then(|it| link(it, setup, signer));
    if let (Content::Presence(asked), Some(grant), None) = (&mut content, &grant, &acknowledge) {
        // Nobody can follow a link here: what it would say is told, to be said on the command line.
        asked.proof = signer.token(grant).ok();
    }
    Some(Page {
        id: format!(
            "{}-{}-{}",
            named(&setup.machine),
            letter.attempt.0,
            now.as_millis()
        ),
        instance: setup.instance.clone(),
        person: letter.person.as_ref().map(|person| person.0.clone()),
        to: letter.contact.address.clone(),
        at: now,
        content,
        acknowledge,
        look: setup.public_url.clone(),
    })
}

/// Letters, digits, `-` and `.` only.
fn named(machine: &str) -> String {
    let plain = |sign: char| {
        if sign.is_ascii_alphanumeric() || sign == '.' {
            sign
        } else {
            '-'
        }
    };
    machine.chars().map(plain).collect()
}

fn content(letter: &Letter, machines: &Machines, setup: &Setup) -> Option<Content> {
    let matter = |id: &IncidentId| Some(matter(machines.records.get(*id)?, machines));
    let one = || {
        let id = letter.incidents.first()?;
        Some((machines.records.get(*id)?, matter(id)?))
    };
    match letter.purpose {
        Purpose::Test => Some(Content::Proof),
        Purpose::Presence(change) => Some(Content::Presence(Presence {
            change: change.to_string(),
            title: machines.changes.title(change)?,
            proof: None,
        })),
        Purpose::Digest => {
            Digest::new(letter.incidents.iter().filter_map(matter).collect()).map(Content::Digest)
        }
        Purpose::Incident => {
            let (record, matter) = one()?;
            let event = if record.told.contains(&letter.contact) {
                Event::Reminder
            } else {
                Event::Opened
            };
            Some(Content::Incident { event, matter })
        }
        Purpose::Worse => {
            let (_, mut matter) = one()?;
            let told = "It is worse than when it was acknowledged.".to_owned();
            matter.details.insert(0, told);
            let event = Event::Reminder;
            Some(Content::Incident { event, matter })
        }
        Purpose::Recovered => {
            let (_, mut matter) = one()?;
            let way = match &setup.public_url {
                Some(_) => "Resolve it with 'twinline incident resolve', or write on the page.",
                None => "Resolve it with 'twinline incident resolve'.",
            };
            matter.details.push(way.to_owned());
            let event = Event::Resolved;
            Some(Content::Incident { event, matter })
        }
    }
}

/// An incident, as far as a page tells of it.
fn matter(record: &Record, machines: &Machines) -> Matter {
    let known = machines.book.incident(record.incident);
    let failing = known.map(|it| it.failing.clone()).unwrap_or_default();
    let shown = match known {
        Some(it) if failing.is_empty() => it.members.clone(),
        _ => failing.clone(),
    };
    let details = failing.iter().filter_map(|it| machines.why(it));
    Matter {
        incident: record.incident.to_string(),
        severity: record.severity,
        headline: headline(record, machines),
        element: Some(record.element.to_string()),
        affected: shown.iter().map(ToString::to_string).collect(),
        since: record.opened,
        details: details.take(DETAILS_MAX).collect(),
    }
}

/// What is wrong, in one line.
pub(super) fn headline(record: &Record, machines: &Machines) -> String {
    let element = &record.element;
    let none = Path::new();
    let known = machines.book.incident(record.incident);
    let failing = known.map_or(&none, |it| &it.failing);
    match (&record.standing, record.cause) {
        (Standing::Open, Cause::Reports) if failing.is_empty() => {
            format!("tenants report trouble with {element}")
        }
        (Standing::Open, _) if failing.len() > 1 => {
            format!("{} things fail that need {element}", failing.len())
        }
        (Standing::Open, _) => match failing.first() {
            Some(subject) => {
                let why = machines.why(subject);
                why.unwrap_or_else(|| format!("{subject} fails"))
            }
            None => format!("{element} failed, and is being watched"),
        },
        _ => format!("nothing of {element} fails any more"),
    }
}

/// What a person may do by the page. Nothing for a room that nobody in particular is in, and for what is over.
fn grant(letter: &Letter, now: Timestamp) -> Option<Grant> {
    let person = letter.person.as_ref()?;
    let tag = tag(&letter.contact);
    let (about, lasts) = match letter.purpose {
        Purpose::Recovered => return None,
        Purpose::Test => (About::Proof(tag), GOOD_FOR),
        Purpose::Presence(change) => (About::Presence(format!("{change}.{tag}")), ASKED_FOR),
        Purpose::Incident | Purpose::Worse | Purpose::Digest => {
            let about = format!("{}.{tag}", letter.incidents.first()?);
            (About::Incident(about), GOOD_FOR)
        }
    };
    Some(Grant {
        about,
        person: person.0.clone(),
        until: now.plus(lasts).floor_to_second(),
    })
}

/// The link that a person does it by. None without an address to reach us at.
fn link(grant: &Grant, setup: &Setup, signer: &Signer) -> Option<Url> {
    let mut base = setup.public_url.clone()?;
    if let Ok(mut path) = base.path_segments_mut() {
        path.pop_if_empty().push("ack");
    }
    match signer.link(&base, grant) {
        Ok(link) => Some(link),
        Err(error) => {
            tracing::error!(%error, "a page goes out without a link to acknowledge it by");
            None
        }
    }
}

/// What a contact is called in a link.
fn tag(contact: &Contact) -> String {
    let digest = Sha256::digest(contact.to_string().as_bytes());
    let bytes = digest.iter().take(TAG_BYTES);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// What a link is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// This incident, told by that contact if the person still has it.
    Incident(IncidentId, Option<Contact>),
    /// That this contact reaches the person; nothing when they do not have it any more.
    Proof(Option<Contact>),
    /// That the person is there while this change is made, asked by that contact if the person still has it.
    Presence(ChangeId, Option<Contact>),
}

/// Reads what [`grant`] wrote.
pub(super) fn meant(about: &About, person: &Person) -> Option<Meant> {
    let contact = |wanted: &str| {
        let mut reach = person.reach.iter();
        reach.find(|contact| tag(contact) == wanted).cloned()
    };
    match about {
        About::Proof(wanted) => Some(Meant::Proof(contact(wanted))),
        About::Presence(text) => {
            let (id, wanted) = text.split_once('.')?;
            let id = id.parse().ok().map(ChangeId)?;
            Some(Meant::Presence(id, contact(wanted)))
        }
        About::Incident(text) => {
            let (id, wanted) = text.split_once('.').unwrap_or((text, ""));
            let id = id.parse().ok().map(IncidentId)?;
            Some(Meant::Incident(id, contact(wanted)))
        }
    }
}

#[cfg(test)]
#[path = "letter_tests.rs"]
mod tests;

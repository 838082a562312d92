//! The checkers: what people made of each item must stand in both trackers, each thing once, and nothing else. They see
//! the trackers' dumps and what people did, and nothing of the engine.

mod texts;

use super::expected::{Said, Text, Thing};
use crate::sim::place::Place;
use std::collections::{BTreeMap, BTreeSet};
use twinline_sim::{Dump, DumpComment, DumpItem};

/// What does not hold, one sentence each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Items and comments that stand in one tracker and are missing in the other.
    pub lost: Vec<String>,
    /// Items and comments that stand more often than they were written, or that nobody wrote.
    pub doubled: Vec<String>,
    /// Mapped fields that differ from what people last wrote.
    pub differing: Vec<String>,
    /// Writes that no person's act explains.
    pub echoes: Vec<String>,
}

impl Faults {
    /// Whether everything holds.
    pub fn none(&self) -> bool {
        self.all().next().is_none()
    }

    /// All sentences.
    pub fn all(&self) -> impl Iterator<Item = &String> {
        let kinds = [&self.lost, &self.doubled, &self.differing, &self.echoes];
        kinds.into_iter().flatten()
    }
}

const BOTH: [Place; 2] = [Place::Github, Place::Jira];

/// Judges two dumps.
pub(super) fn check(things: &[Thing], dumps: &BTreeMap<Place, Dump>) -> Faults {
    let mut faults = Faults::default();
    for place in BOTH {
        let living = by_title(&dumps[&place]);
        presence(things, place, &living, &mut faults);
        for thing in things.iter().filter(|thing| thing.deleted.is_none()) {
            if let Some([item]) = living.get(&words(&thing.title)).map(Vec::as_slice) {
                fields(thing, place, item, &mut faults);
                comments(thing, place, item, &mut faults);
                echo(thing, place, item, &mut faults);
            }
        }
    }
    faults
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The living items by their titles, which are all different in the snapshots.
pub(super) fn by_title(dump: &Dump) -> BTreeMap<String, Vec<&DumpItem>> {
    let mut found: BTreeMap<String, Vec<&DumpItem>> = BTreeMap::new();
    for item in dump.items.iter().filter(|item| !item.deleted) {
        found.entry(words(&item.title)).or_default().push(item);
    }
    found
}

/// Every item stands once at each place; one that was deleted stands at the other place only, for the policy is
/// `unlink`.
fn presence(
    things: &[Thing],
    place: Place,
    living: &BTreeMap<String, Vec<&DumpItem>>,
    faults: &mut Faults,
) {
    for thing in things {
        let found = living.get(&words(&thing.title)).map_or(0, Vec::len);
        let wanted = usize::from(thing.deleted != Some(place));
        let sentence = || {
            format!(
                "{:?} stands {found} times at {} instead of {wanted}",
                thing.title,
                place.name()
            )
        };
        if found < wanted {
            faults.lost.push(sentence());
        } else if found > wanted {
            faults.doubled.push(sentence());
        }
    }
    let known: BTreeSet<String> = things.iter().map(|thing| words(&thing.title)).collect();
    let strangers = living.iter().filter(|(title, _)| !known.contains(*title));
    let sentences = strangers.map(|(title, items)| {
        let keys: Vec<&str> = items.iter().map(|item| item.key.as_str()).collect();
        format!("nobody wrote {title:?}: {keys:?}")
    });
    faults.doubled.extend(sentences);
}

fn fields(thing: &Thing, place: Place, item: &DumpItem, faults: &mut Faults) {
    let key = &item.key;
    let mut judge = |what: &str, holds: bool, found: &dyn std::fmt::Debug, wanted: String| {
        if !holds {
            let sentence = format!("{key}'s {what} is {found:?} instead of {wanted}");
            faults.differing.push(sentence);
        }
    };
    let labels: BTreeSet<String> = item.labels.iter().cloned().collect();
    let wanted = match place {
        Place::Jira => thing.jira_labels(),
        _ => thing.labels.clone(),
    };
    judge("labels", labels == wanted, &labels, format!("{wanted:?}"));
    let names = if thing.done {
        place.done()
    } else {
        place.open()
    };
    let holds = names.contains(&item.status.as_str());
    judge("status", holds, &item.status, format!("one of {names:?}"));
    let assignees: BTreeSet<String> = item.assignees.iter().cloned().collect();
    let holds = match place {
        // Jira has one assignee: one of them.
        Place::Jira => {
            assignees.len() == thing.assignees.len().min(1) && assignees.is_subset(&thing.assignees)
        }
        _ => assignees == thing.assignees,
    };
    let wanted = format!("{:?}", thing.assignees);
    judge("assignees", holds, &assignees, wanted);
    let holds = texts::stands(&thing.body, place, &item.body);
    judge(
        "description",
        holds,
        &item.body,
        format!("{:?}", thing.body),
    );
}

/// Each comment stands once: at home as it was written, elsewhere under a header that names its author.
fn comments(thing: &Thing, place: Place, item: &DumpItem, faults: &mut Faults) {
    let mut left: Vec<&DumpComment> = item.comments.iter().collect();
    let mut take = |said: &Said| {
        let found = left.iter().position(|comment| is(said, place, comment));
        found.map(|at| left.remove(at)).is_some()
    };
    let key = &item.key;
    for said in thing.comments.iter().filter(|said| !said.deleted) {
        if !take(said) {
            let (author, text) = (&said.author, &said.text);
            let sentence = format!("{author}'s comment is missing under {key}: {text:?}");
            faults.lost.push(sentence);
        }
    }
    let sentences = left
        .iter()
        .map(|comment| format!("a comment too many under {key}: {comment:?}"));
    faults.doubled.extend(sentences);
}

fn is(said: &Said, place: Place, comment: &DumpComment) -> bool {
    if said.at == place {
        return said.id == comment.id
            && said.author == comment.author
            && texts::is_untouched(&said.text, &comment.body);
    }
    texts::mirrors(&said.text, place, &said.author, &comment.body)
}

/// An item that people touched at this place only was not written by anybody else: its time is that of their last act.
fn echo(thing: &Thing, place: Place, item: &DumpItem, faults: &mut Faults) {
    let only_here = thing.origin == place && thing.touched.keys().eq([&place]);
    if let (true, Some(at)) = (only_here, thing.touched.get(&place))
        && item.updated != at.to_string()
    {
        faults.echoes.push(format!(
            "{} was last changed at {} though people touched it last at {at}, and there only",
            item.key, item.updated
        ));
    }
}

/// What changed while nobody did anything.
pub(super) fn silence(
    before: &BTreeMap<Place, Dump>,
    after: &BTreeMap<Place, Dump>,
) -> Vec<String> {
    let mut echoes = Vec::new();
    for place in BOTH {
        let (old, new) = (&before[&place].items, &after[&place].items);
        let changed = old.iter().zip(new).filter(|(old, new)| old != new);
        echoes.extend(changed.map(|(old, _)| format!("{} changed by itself", old.key)));
        if old.len() != new.len() {
            echoes.push(format!("items came by themselves at {}", place.name()));
        }
    }
    echoes
}

/// Whether a text is Markdown: for messages and tests.
pub(super) const fn home(text: &Text) -> Place {
    match text {
        Text::Markdown(_) => Place::Github,
        Text::Adf(_) => Place::Jira,
    }
}

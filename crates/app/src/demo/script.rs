//! The scripted edits: who does what, in which order, and what must be true of it at the end.
//!
//! Every item carries a tag in its title, `[T007]`, by which it is known on both sides without asking Twinline. Each
//! field of an item is edited from one side only, so that what was written last is what must be there at the end.

use super::world::{CONNECTIONS, Place, Trackers};
use anyhow::Result;
use std::collections::BTreeMap;
use twinline_sim::{Command, Dump, DumpItem};

/// What must hold of one item on both sides at the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) title: Option<String>,
    /// A word in the long text.
    pub(super) body: Option<String>,
    pub(super) labels: Vec<String>,
    /// Words, each in exactly one comment.
    pub(super) comments: Vec<String>,
    pub(super) closed: bool,
}

/// What people change of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Title,
    Body,
    Labels,
    Status,
    Comments,
}

/// The edits made so far, and what follows from them.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) wanted: BTreeMap<String, Wanted>,
    /// How often people changed a field of an item, by the item's tag, at a tracker.
    pub(super) edits: BTreeMap<(Place, String, Field), usize>,
    pub(super) changes: usize,
    pub(super) step: usize,
}

/// The tag of an item.
fn tag(number: usize) -> String {
    format!("[T{number:03}]")
}

/// The tag in a title.
pub(super) fn tag_of(title: &str) -> Option<&str> {
    let end = title.find(']')?;
    title.starts_with("[T").then_some(&title[..=end])
}

/// Makes an item.
pub(super) fn create(number: usize, container: &str, title: &str) -> Command {
    Command::Create {
        container: Some(container.to_owned()),
        by: "ana".to_owned(),
        title: format!("{} {title}", tag(number)),
        body: "What happens, and what should happen instead.".to_owned(),
        labels: vec!["bug".to_owned()],
        assignees: Vec::new(),
    }
}

/// The item with a tag.
pub(super) fn find<'a>(dump: &'a Dump, tag: &str) -> Option<&'a DumpItem> {
    dump.items
        .iter()
        .find(|item| !item.deleted && item.title.starts_with(tag))
}

impl Script {
    /// Takes the items that are there as wanted.
    pub(super) fn begin(world: &impl Trackers) -> Self {
        let mut script = Self::default();
        for place in Place::BOTH {
            for item in world.dump(place).items {
                if let Some(tag) = tag_of(&item.title) {
                    let wanted = Wanted {
                        title: Some(item.title.clone()),
                        ..Wanted::default()
                    };
                    script.wanted.insert(tag.to_owned(), wanted);
                }
            }
        }
        script
    }

    /// Makes the next edit; what it was, for a person.
    pub(super) fn next(&mut self, world: &impl Trackers) -> Result<String> {
        let step = self.step;
        self.step += 1;
        let kind = step % 7;
        let first = if (step / 7).is_multiple_of(2) {
            Place::GitHub
        } else {
            Place::Jira
        };
        if kind == 6 {
            return self.make(world, first, step);
        }
        let tags: Vec<String> = self.wanted.keys().cloned().collect();
        let number = (step * 5 + kind) % tags.len();
        let tag = &tags[number];
        // One field of one item is always edited from the same side.
        let place = if (number + kind).is_multiple_of(2) {
            Place::GitHub
        } else {
            Place::Jira
        };
        self.edit(world, place, tag, kind, step)
    }

    fn make(&mut self, world: &impl Trackers, place: Place, step: usize) -> Result<String> {
        let number = 200 + step;
        let (repository, project, _) = CONNECTIONS[step % 2];
        let container = if place == Place::GitHub {
            repository
        } else {
            project
        };
        let title = format!("Something new came up at step {step}");
        world.act(place, create(number, container, &title))?;
        let title = format!("{} {title}", tag(number));
        self.wanted.insert(
            tag(number),
            Wanted {
                title: Some(title.clone()),
                ..Wanted::default()
            },
        );
        self.changes += 1;
        Ok(format!("{place:?}: ana creates “{title}”"))
    }

    fn edit(
        &mut self,
        world: &impl Trackers,
        place: Place,
        tag: &str,
        kind: usize,
        step: usize,
    ) -> Result<String> {
        let here = world.dump(place);
        // A twin that has not been made yet is edited where it comes from, but only in what is added, not replaced:
        // a replaced field has its own side.
        let (place, item) = match find(&here, tag) {
            Some(item) => (place, item.clone()),
            None => match find(&world.dump(place.other()), tag) {
                Some(item) => (place.other(), item.clone()),
                None => return Ok(format!("{tag} is nowhere: a step is left out")),
            },
        };
        let replaced = matches!(kind, 1 | 3) && find(&world.dump(place.other()), tag).is_none();
        let kind = if replaced || (kind == 5 && place == Place::Jira) {
            2
        } else {
            kind
        };
        let wanted = self.wanted.entry(tag.to_owned()).or_default();
        let word = format!("step{step}x");
        let (field, command, what) = match kind {
            0 | 4 => {
                let mut labels = item.labels.clone();
                labels.push(word.clone());
                wanted.labels.push(word.clone());
                (
                    Field::Labels,
                    Command::edit(&item.key, "chen", "labels", labels),
                    format!("adds the label {word}"),
                )
            }
            1 => {
                let title = format!("{tag} Renamed at {word}");
                wanted.title = Some(title.clone());
                (
                    Field::Title,
                    Command::edit(&item.key, "ana", "title", title),
                    "changes the title".to_owned(),
                )
            }
            3 => {
                wanted.body = Some(word.clone());
                let body = format!("Rewritten: {word}.");
                (
                    Field::Body,
                    Command::edit(&item.key, "dora", "body", body),
                    "rewrites the description".to_owned(),
                )
            }
            5 => {
                wanted.closed = true;
                (
                    Field::Status,
                    Command::edit(&item.key, "emil", "status", "closed:completed"),
                    "closes it".to_owned(),
                )
            }
            _ => {
                wanted.comments.push(word.clone());
                let text = format!("I looked into it: {word}.");
                (
                    Field::Comments,
                    Command::comment(&item.key, "ben", &text),
                    "comments".to_owned(),
                )
            }
        };
        world.act(place, command)?;
        self.changes += 1;
        *self
            .edits
            .entry((place, tag.to_owned(), field))
            .or_default() += 1;
        Ok(format!("{place:?} {}: somebody {what}", item.key))
    }
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;

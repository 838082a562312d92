//! The edits of the story, and what must be true of each item at its end.
//!
//! Each item carries a tag in its title, `[T07]`, by which it is known on both sides without asking Twinline. A field of
//! an item is edited from one side only, so that what was written last is what must be there; other fields of the same
//! item are edited from the other side meanwhile. Comments come from both sides, each with a word of its own.

use crate::sides::{Act, Place, Seen, Sides};
use std::collections::{BTreeMap, BTreeSet};

const LABELS: [&str; 4] = ["bug", "docs", "urgent", "backend"];

/// The kinds of field that a tracker's history tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    Title,
    Body,
    Status,
    Assignee,
    Labels,
}

/// What must hold of one item on both sides at the end.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) origin: Place,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) closed: bool,
    pub(crate) assigned: bool,
    pub(crate) labels: BTreeSet<String>,
    /// Each word with its side and its last text; `None`: deleted.
    pub(crate) comments: BTreeMap<String, (Place, Option<String>)>,
    /// How often people changed a field on a side.
    pub(crate) edits: BTreeMap<(Place, Field), usize>,
}

/// The edits so far.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) wanted: BTreeMap<String, Wanted>,
    step: usize,
}

/// The item with a tag.
pub(crate) fn find<'a>(seen: &'a [Seen], tag: &str) -> Option<&'a Seen> {
    seen.iter().find(|item| item.title.starts_with(tag))
}

impl Script {
    /// A new item on a side.
    pub(crate) async fn create(&mut self, sides: &Sides, origin: Place) {
        let tag = format!("[T{:02}]", self.wanted.len());
        let title = format!("{tag} Something new at {origin:?}");
        let body = format!("Steps:\n\n1. open it\n2. **fails** for `{tag}`\n\nünï 🙂 שלום");
        sides.create(origin, &title, &body).await;
        let wanted = Wanted {
            origin,
            title,
            body,
            closed: false,
            assigned: false,
            labels: BTreeSet::new(),
            comments: BTreeMap::new(),
            edits: BTreeMap::new(),
        };
        self.wanted.insert(tag, wanted);
    }

    /// The next edit of the story.
    pub(crate) async fn next(&mut self, sides: &Sides) {
        let step = self.step;
        self.step += 1;
        let kind = step % 10;
        if kind == 9 {
            let place = Place::BOTH[step / 10 % 2];
            return self.create(sides, place).await;
        }
        let number = (step * 3 + step / 10) % self.wanted.len();
        let tag = self.wanted.keys().nth(number).cloned().unwrap();
        // Both kinds of step about labels belong to one side.
        let owner = if kind == 5 { 2 } else { kind };
        let place = Place::BOTH[(number + owner) % 2];
        // A twin that is not there yet is talked about where it comes from.
        let (place, kind, item) = match sides.find(place, &tag).await {
            Some(item) => (place, kind, item),
            None => {
                let origin = self.wanted[&tag].origin;
                (origin, 3, sides.find(origin, &tag).await.unwrap())
            }
        };
        let act = self.decide(&tag, place, kind, step, &item);
        sides.act(place, &item.key, &act).await;
    }

    fn decide(&mut self, tag: &str, place: Place, kind: usize, step: usize, item: &Seen) -> Act {
        let wanted = self.wanted.get_mut(tag).unwrap();
        match kind {
            0 => {
                wanted.title = format!("{tag} Renamed at step {step}");
                wanted.count(place, Field::Title);
                Act::Title(wanted.title.clone())
            }
            1 => {
                wanted.body = format!("Rewritten at step {step}.\n\n- one\n- **two**");
                wanted.count(place, Field::Body);
                Act::Body(wanted.body.clone())
            }
            2 | 5 => {
                let label = LABELS[step / 10 % LABELS.len()].to_owned();
                if !wanted.labels.remove(&label) {
                    wanted.labels.insert(label);
                }
                wanted.count(place, Field::Labels);
                Act::Labels(wanted.labels.clone())
            }
            4 => {
                wanted.assigned = !wanted.assigned;
                wanted.count(place, Field::Assignee);
                Act::Assigned(wanted.assigned)
            }
            7 => self.close(tag, place),
            6 | 8 => self.talk_again(tag, place, kind == 8, step, item),
            _ => {
                let (word, text) = comment(step);
                wanted.comments.insert(word, (place, Some(text.clone())));
                Act::Comment(text)
            }
        }
    }

    /// Closes it, or opens it again.
    pub(crate) fn close(&mut self, tag: &str, place: Place) -> Act {
        let wanted = self.wanted.get_mut(tag).unwrap();
        wanted.closed = !wanted.closed;
        wanted.count(place, Field::Status);
        Act::Closed(wanted.closed)
    }

    /// Edits or deletes a comment that was written on this side, if there is one; else writes one.
    fn talk_again(
        &mut self,
        tag: &str,
        place: Place,
        delete: bool,
        step: usize,
        item: &Seen,
    ) -> Act {
        let wanted = self.wanted.get_mut(tag).unwrap();
        let own = wanted.comments.iter_mut();
        let own = own.filter(|(_, (at, text))| *at == place && text.is_some());
        let Some((word, (_, text))) = own.last() else {
            let (word, text) = comment(step);
            wanted.comments.insert(word, (place, Some(text.clone())));
            return Act::Comment(text);
        };
        let mut comments = item.comments.iter();
        let (id, _) = comments.find(|(_, body)| body.contains(word)).unwrap();
        if delete {
            *text = None;
            return Act::DeleteComment(id.clone());
        }
        let edited = format!("{word}: looked again at step {step}.");
        *text = Some(edited.clone());
        Act::EditComment(id.clone(), edited)
    }
}

impl Wanted {
    fn count(&mut self, place: Place, field: Field) {
        *self.edits.entry((place, field)).or_default() += 1;
    }

    /// How often people changed a field on a side.
    pub(crate) fn edits(&self, place: Place, field: Field) -> usize {
        self.edits.get(&(place, field)).copied().unwrap_or(0)
    }
}

/// A word that stands in no other comment, and a text with it.
fn comment(step: usize) -> (String, String) {
    let word = format!("word{step:03}");
    let text = format!("{word}: I looked into it, and it **fails** here too.");
    (word, text)
}

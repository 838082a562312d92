//! People: they create, edit, comment, delete, clone, and take and give permissions, past the API and at any time.

use super::deeds::{Deed, Deeds, What};
use super::network::Network;
use super::place::Place;
use super::reading::{Shown, items};
use super::rules::PRIVATE_LABEL;
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_sim::seeds::PEOPLE;
use twinline_sim::{Command, Done};

/// The labels that people use.
const LABELS: [&str; 5] = ["bug", "feature", "ops", "urgent", PRIVATE_LABEL];

/// Everybody who works with the trackers.
pub(super) struct People {
    network: Arc<Network>,
    clock: Arc<dyn Clock>,
    random: ChaCha8Rng,
    places: Vec<Place>,
    next: u32,
    pub(super) deeds: Deeds,
    /// The comments that people wrote: item, number, place, the tracker's id.
    comments: Vec<Written>,
}

#[derive(Clone)]
struct Written {
    item: u32,
    number: u32,
    place: Place,
    id: String,
}

/// An item that somebody looks at.
#[derive(Clone)]
struct Seen {
    place: Place,
    number: u32,
    item: Shown,
}

/// What a person changes in peace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Title,
    Body,
    Labels,
    Status,
    Comments,
}

impl Field {
    pub(super) const ALL: [Self; 5] = [
        Self::Title,
        Self::Body,
        Self::Labels,
        Self::Status,
        Self::Comments,
    ];
}

/// One edit while nothing else happens.
#[derive(Clone, Debug)]
pub(super) struct LastWord {
    /// Where it was made.
    pub(super) place: Place,
    /// What people call the item there.
    pub(super) key: String,
    /// The item's number.
    pub(super) item: u32,
    /// Its title after the edit.
    pub(super) title: String,
    pub(super) field: Field,
}

impl People {
    pub(super) fn new(
        network: Arc<Network>,
        clock: Arc<dyn Clock>,
        random: ChaCha8Rng,
        places: &[Place],
    ) -> Self {
        Self {
            network,
            clock,
            random,
            places: places.to_vec(),
            next: 0,
            deeds: Deeds::default(),
            comments: Vec::new(),
        }
    }

    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn somebody(&mut self) -> String {
        // The last one is our own account.
        let at = self.random.random_range(0..PEOPLE.len() - 1);
        PEOPLE[at].login.to_owned()
    }

    fn place(&mut self) -> Place {
        let at = self.random.random_range(0..self.places.len());
        self.places[at]
    }

    fn note(&mut self, place: Place, item: u32, key: &str, what: What) {
        let at = self.clock.now();
        let dump = self.network.dump(place);
        let updated = dump.item(key).map(|item| Timestamp::parse(&item.updated));
        let updated = updated.map(|updated| updated.expect("a dump's times are times"));
        self.deeds.0.push(Deed {
            place,
            item,
            key: key.to_owned(),
            at,
            // Some trackers keep whole seconds.
            changed: updated >= Some(at.floor_to_second()),
            what,
        });
    }

    /// Every living item with a number.
    fn look(&self) -> Vec<Seen> {
        let all = self.places.iter().flat_map(|place| {
            let dump = self.network.dump(*place);
            let living = items(*place, &dump)
                .into_iter()
                .filter(|item| !item.deleted);
            living.filter_map(|item| {
                Some(Seen {
                    place: *place,
                    number: item.number?,
                    item,
                })
            })
        });
        all.collect()
    }

    fn choose(&mut self) -> Option<Seen> {
        let all = self.look();
        all.choose(&mut self.random).cloned()
    }

    /// Does something, anything; nothing when what was chosen is not possible.
    pub(super) fn act(&mut self) {
        match self.random.random_range(0..100) {
            0..10 => self.create(),
            10..62 => {
                if let Some(seen) = self.choose() {
                    self.edit(&seen);
                }
            }
            62..78 => self.comment(),
            78..85 => self.recomment(),
            85..89 => self.uncomment(),
            89..92 => self.delete(),
            92..95 => self.copy(),
            _ => self.hide(),
        }
    }

    /// Creates, writes titles, texts or comments. No labels and statuses: what an item shows of them whose creation was not
    /// answered is taken for the tracker's own default. No texts that hold a marker, which must be there to be recognised.
    pub(super) fn act_plainly(&mut self) {
        let drawn = self.random.random_range(0..100);
        if drawn < 10 {
            return self.create();
        }
        let Some(seen) = self.choose() else { return };
        match drawn {
            45..75 if seen.place == Place::Jira => self.write_body(&seen),
            10..75 => self.write_title(&seen),
            _ => self.say(&seen),
        }
    }

    /// Somebody writes the first item's body at a place.
    pub(super) fn rewrite(&mut self, place: Place) {
        let first = self.look().into_iter().find(|seen| seen.place == place);
        if let Some(seen) = first {
            self.write_body(&seen);
        }
    }

    fn write_title(&mut self, seen: &Seen) {
        let title = format!("T{}: {}", seen.number, self.words());
        self.set(seen, "title", title.clone(), What::Title(title));
    }

    fn write_body(&mut self, seen: &Seen) {
        let number = self.number();
        let body = self.text(number);
        let words = body.split_whitespace().collect::<Vec<_>>().join(" ");
        self.set(seen, "body", body, What::Body(words));
    }

    /// Somebody creates an item.
    pub(super) fn create(&mut self) {
        let (place, by, number) = (self.place(), self.somebody(), self.number());
        let labels = if self.random.random_bool(0.5) {
            vec![LABELS[self.random.random_range(0..4)].to_owned()]
        } else {
            Vec::new()
        };
        let body = self.text(number);
        let create = Command::Create {
            container: Some(place.container().to_owned()),
            by,
            title: format!("T{number}: {}", self.words()),
            body,
            labels,
            assignees: Vec::new(),
        };
        if let Ok(Done::Item(key)) = self.network.command(place, create) {
            self.note_created(place, number, &key);
        }
    }

    fn note_created(&mut self, place: Place, number: u32, key: &str) {
        let dump = self.network.dump(place);
        let found = items(place, &dump).into_iter().find(|item| item.key == key);
        let item = found.expect("what was just created is there");
        let what = What::Created {
            title: item.title,
            body: item.body,
            done: item.done.unwrap_or(false),
            labels: item.labels,
        };
        self.note(place, number, key, what);
    }

    /// Somebody clones an item, marker and all, and calls it something else.
    fn copy(&mut self) {
        let Some(seen) = self.choose() else { return };
        let (by, number) = (self.somebody(), self.number());
        let clone = Command::Clone {
            key: seen.item.key,
            by: by.clone(),
        };
        if let Ok(Done::Item(key)) = self.network.command(seen.place, clone) {
            let title = format!("T{number}: {}", self.words());
            let retitle = Command::edit(&key, &by, "title", title);
            let retitled = self.network.command(seen.place, retitle);
            retitled.expect("what was just cloned can be edited");
            self.note_created(seen.place, number, &key);
        }
    }

    /// One field of one item.
    fn edit(&mut self, seen: &Seen) {
        match self.random.random_range(0..4) {
            0 => self.write_title(seen),
            1 => self.write_body(seen),
            2 => {
                let done = self.random.random_bool(0.5);
                let statuses = if done {
                    seen.place.done()
                } else {
                    seen.place.open()
                };
                let status = statuses[self.random.random_range(0..statuses.len())];
                self.set(seen, "status", status, What::Status { done });
            }
            _ => self.label(seen),
        }
    }

    fn set(&mut self, seen: &Seen, field: &str, value: impl Into<serde_json::Value>, what: What) {
        let by = self.somebody();
        let edit = Command::edit(&seen.item.key, &by, field, value);
        // A workflow may refuse a status; then nothing happened.
        if self.network.command(seen.place, edit).is_ok() {
            self.note(seen.place, seen.number, &seen.item.key, what);
        }
    }

    fn label(&mut self, seen: &Seen) {
        let name = LABELS[self.random.random_range(0..LABELS.len())].to_owned();
        let dump = self.network.dump(seen.place);
        let Some(raw) = dump.item(&seen.item.key) else {
            return;
        };
        let mut labels: Vec<String> = raw
            .labels
            .iter()
            .filter(|label| !label.is_empty())
            .cloned()
            .collect();
        let on = !labels.contains(&name);
        if on {
            labels.push(name.clone());
        } else {
            labels.retain(|label| *label != name);
        }
        self.set(seen, "labels", labels, What::Label { name, on });
    }

    fn comment(&mut self) {
        if let Some(seen) = self.choose() {
            self.say(&seen);
        }
    }

    fn say(&mut self, seen: &Seen) {
        let (by, number) = (self.somebody(), self.number());
        let text = format!("C{number}: {}", self.words());
        let comment = Command::comment(&seen.item.key, &by, &text);
        if let Ok(Done::Comment(id)) = self.network.command(seen.place, comment) {
            self.comments.push(Written {
                item: seen.number,
                number,
                place: seen.place,
                id,
            });
            let edited = false;
            let what = What::Comment {
                number,
                text,
                edited,
            };
            self.note(seen.place, seen.number, &seen.item.key, what);
        }
    }

    /// A comment that still stands where it was written, with its item's key.
    fn choose_comment(&mut self) -> Option<(Written, String)> {
        let seen = self.look();
        let standing = self.comments.iter().filter_map(|written| {
            let item = seen
                .iter()
                .find(|seen| seen.place == written.place && seen.number == written.item)?;
            let mut comments = item.item.comments.iter();
            comments
                .any(|comment| comment.id == written.id)
                .then(|| (written.clone(), item.item.key.clone()))
        });
        let standing: Vec<(Written, String)> = standing.collect();
        standing.choose(&mut self.random).cloned()
    }

    fn recomment(&mut self) {
        let Some((written, key)) = self.choose_comment() else {
            return;
        };
        let number = written.number;
        let text = format!("C{number}: {}", self.words());
        let edit = Command::EditComment {
            key: key.clone(),
            by: self.somebody(),
            comment: written.id,
            body: text.clone(),
        };
        if self.network.command(written.place, edit).is_ok() {
            let edited = true;
            let what = What::Comment {
                number,
                text,
                edited,
            };
            self.note(written.place, written.item, &key, what);
        }
    }

    fn uncomment(&mut self) {
        let Some((written, key)) = self.choose_comment() else {
            return;
        };
        let delete = Command::DeleteComment {
            key: key.clone(),
            by: self.somebody(),
            comment: written.id,
        };
        if self.network.command(written.place, delete).is_ok() {
            let number = written.number;
            self.note(
                written.place,
                written.item,
                &key,
                What::Uncomment { number },
            );
        }
    }

    fn delete(&mut self) {
        let Some(seen) = self.choose() else { return };
        let delete = Command::Delete {
            key: seen.item.key.clone(),
            by: self.somebody(),
        };
        if self.network.command(seen.place, delete).is_ok() {
            self.note(seen.place, seen.number, &seen.item.key, What::Deleted);
        }
    }

    /// An administrator takes the permission to see an item, or gives all back.
    fn hide(&mut self) {
        let Some(seen) = self.choose() else { return };
        if self.random.random_bool(0.5) {
            let status = [403, 404][self.random.random_range(0..2)];
            self.deeds.1.insert((seen.place, seen.item.key.clone()));
            let keys = vec![seen.item.key];
            let hide = Command::Hide { keys, status };
            // Not every tracker hides with every status.
            drop(self.network.command(seen.place, hide));
        } else {
            self.show(seen.place);
        }
    }

    fn show(&self, place: Place) {
        let shown = self
            .network
            .command(place, Command::Show { keys: Vec::new() });
        shown.expect("showing all items is always possible");
    }

    /// All permissions are given back.
    pub(super) fn show_all(&self) {
        for place in &self.places {
            self.show(*place);
        }
    }

    /// Somebody writes a new title on an item; gives it.
    pub(super) fn retitle(&mut self, place: Place, key: &str) -> String {
        let seen = self.look().into_iter();
        let mut seen = seen.filter(|seen| seen.place == place && seen.item.key == key);
        let Some(seen) = seen.next() else {
            return String::new();
        };
        let title = format!("T{}: {}", seen.number, self.words());
        self.set(&seen, "title", title.clone(), What::Title(title.clone()));
        title
    }

    /// Whether an item stands there and its number was deleted nowhere.
    pub(super) fn is_whole(&self, place: Place, key: &str) -> bool {
        self.look().iter().any(|seen| {
            let deleted = self.deeds.deleted(seen.number);
            seen.place == place && seen.item.key == key && deleted.is_empty()
        })
    }

    /// The title of an item as it is now; empty where there is none.
    pub(super) fn title(&self, place: Place, key: &str) -> String {
        let dump = self.network.dump(place);
        let found = items(place, &dump).into_iter().find(|item| item.key == key);
        found.map(|item| item.title).unwrap_or_default()
    }

    /// An edit of an item that nobody deleted anywhere, while nothing else happens. `None`: there is no such item.
    pub(super) fn last_word(&mut self, field: Field) -> Option<LastWord> {
        let all = self.look().into_iter();
        let whole = all.filter(|seen| self.deeds.deleted(seen.number).is_empty());
        let whole: Vec<Seen> = whole.collect();
        let seen = whole.choose(&mut self.random)?.clone();
        let mut title = seen.item.title.clone();
        match field {
            Field::Title => {
                title = format!("T{}: {}", seen.number, self.words());
                self.set(&seen, "title", title.clone(), What::Title(title.clone()));
            }
            Field::Body => {
                let number = self.number();
                let body = self.text(number);
                let words = body.split_whitespace().collect::<Vec<_>>().join(" ");
                self.set(&seen, "body", body, What::Body(words));
            }
            Field::Status => {
                let done = seen.item.done != Some(true);
                let statuses = if done {
                    seen.place.done()
                } else {
                    seen.place.open()
                };
                self.set(&seen, "status", statuses[0], What::Status { done });
            }
            Field::Labels => self.label(&seen),
            Field::Comments => self.say(&seen),
        }
        Some(LastWord {
            place: seen.place,
            key: seen.item.key,
            item: seen.number,
            title,
            field,
        })
    }

    /// Words that nobody has written before.
    fn words(&mut self) -> String {
        const WORDS: [&str; 8] = [
            "printer", "burns", "slowly", "naïve", "café", "tax", "rate", "ok",
        ];
        let number = self.number();
        let one = WORDS[self.random.random_range(0..WORDS.len())];
        format!("{one} r{number}")
    }

    /// A long text of one or two paragraphs.
    fn text(&mut self, number: u32) -> String {
        let first = format!("About {number}, {}.", self.words());
        if self.random.random_bool(0.3) {
            return first;
        }
        format!("{first}\n\nMore on it: {}.", self.words())
    }
}

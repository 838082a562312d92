//! A person does a case's deeds in a tracker.

use super::case::{Case, Concept, Course, Deed, Finding, Spot, Way};
use super::judge::Verdict;
use super::site;
use super::slot::slot;
use super::text::{Sample, lost, written};
use crate::sim::network::Network;
use crate::sim::place::Place;
use serde_json::{Value, json};
use twinline_core::names::Sides;
use twinline_core::richtext::{Dialect, Document};
use twinline_sim::{Command, Done};
use twinline_trackers::registry;

/// Who acts.
const WHO: &str = "ana";

/// A case under way, with its item.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) case: Case,
    pub(super) way: Way,
    /// The number in its item's title and in its comments.
    pub(super) number: usize,
    /// What people call the two items, as far as they are there.
    pub(super) keys: Sides<Option<String>>,
    /// The comment that a person wrote.
    pub(super) comment: Option<String>,
    /// The file that a person attached.
    pub(super) file: Option<String>,
    pub(super) verdict: Option<Verdict>,
}

impl Running {
    /// The phase at whose end it is judged.
    pub(super) fn last_phase(&self) -> u8 {
        let deeds = self.case.deeds(self.way, self.number);
        deeds.iter().map(|(phase, _)| *phase).max().unwrap_or(0)
    }

    /// What its item is called when it begins.
    pub(super) fn title(&self) -> String {
        format!("M{}: {}", self.number, self.case)
    }

    /// What its file is called.
    pub(super) fn file_name(&self) -> String {
        format!("M{}-notes.txt", self.number)
    }

    /// What the titles of its items begin with.
    pub(super) fn tag(&self) -> String {
        format!("M{}: ", self.number)
    }
}

/// A person at one place.
pub(super) struct Person<'a> {
    pub(super) network: &'a Network,
    pub(super) place: Place,
    pub(super) is_left: bool,
}

impl Person<'_> {
    /// Creates a case's item.
    pub(super) fn begins(&self, running: &Running) -> Result<String, Verdict> {
        let body = match running.case.begins_with(running.way) {
            Some(sample) => self.form(sample, sample.plain_form())?,
            None => Document::from_plain("The first version."),
        };
        let create = Command::Create {
            container: Some(self.place.container().to_owned()),
            by: WHO.to_owned(),
            title: running.title(),
            body: written(dialect(self.place), &body).0,
            labels: Vec::new(),
            assignees: Vec::new(),
        };
        match self.does(create)? {
            Done::Item(key) => Ok(key),
            other => Err(Verdict::Failed(format!("a new item made {other:?}"))),
        }
    }

    /// Does one deed. `Err`: what that says about the case.
    pub(super) fn acts(&self, running: &mut Running, deed: Deed) -> Result<(), Verdict> {
        let side = running.way.from();
        let key = running.keys.get(side).clone();
        let key = key.ok_or_else(|| Verdict::Failed("the item has no twin".to_owned()))?;
        for command in self.commands(running, &key, deed)? {
            match self.does(command)? {
                Done::Comment(id) => running.comment = Some(id),
                Done::Attachment(id) => running.file = Some(id),
                Done::Item(key) => *running.keys.get_mut(side) = Some(key),
                _ => {}
            }
        }
        Ok(())
    }

    fn commands(&self, running: &Running, key: &str, deed: Deed) -> Result<Vec<Command>, Verdict> {
        let edit = |field: &str, value: Value| Command::edit(key, WHO, field, value);
        let (key_owned, by) = (key.to_owned(), WHO.to_owned());
        let comment = || running.comment.clone().unwrap_or_default();
        Ok(vec![match deed {
            Deed::Title(title) => edit("title", json!(title)),
            Deed::Body(document) => {
                let document = self.formed(running.case, document)?;
                edit("body", json!(written(dialect(self.place), &document).0))
            }
            Deed::Set(concept, at) => self.set(key, concept, at)?,
            Deed::Status(word) => {
                let steps = site::walk(self.place, word, running.case.closes_first());
                if steps.is_empty() {
                    return Err(Verdict::absent(self.place, "one status for both"));
                }
                return Ok(steps
                    .into_iter()
                    .map(|(field, value)| edit(field, json!(value)))
                    .collect());
            }
            Deed::Assign(finding) => edit("assignees", json!([self.whom(finding)])),
            Deed::Comment(audience, document) => {
                let channel = site::channel(self.place, audience);
                let channel = channel.ok_or_else(|| Verdict::absent(self.place, ""))?;
                let document = self.formed(running.case, document)?;
                Command::AddComment {
                    key: key_owned,
                    by,
                    body: written(dialect(self.place), &document).0,
                    channel: Some(channel.to_owned()),
                }
            }
            Deed::EditComment(document) => Command::EditComment {
                key: key_owned,
                by,
                comment: comment(),
                body: written(dialect(self.place), &document).0,
            },
            Deed::DeleteComment => Command::DeleteComment {
                key: key_owned,
                by,
                comment: comment(),
            },
            Deed::Attach(size) => {
                let name = running.file_name();
                Command::attach(key, WHO, &name, &content(running.number, size.bytes()))
            }
            Deed::Detach => Command::Detach {
                key: key_owned,
                by,
                attachment: running.file.clone().unwrap_or_default(),
            },
            Deed::Delete => Command::Delete { key: key_owned, by },
            Deed::Move => Command::Move {
                key: key_owned,
                by,
                to: site::elsewhere(self.place).to_owned(),
            },
        }])
    }

    /// Whom this person assigns.
    pub(super) fn whom(&self, finding: Finding) -> String {
        site::assigned(self.place, self.is_left, finding)
    }

    fn set(&self, key: &str, concept: Concept, at: usize) -> Result<Command, Verdict> {
        let slot = slot(self.place, concept).ok_or_else(|| Verdict::absent(self.place, ""))?;
        let value: Value = serde_json::from_str(slot.values[at].set)
            .map_err(|error| Verdict::Failed(format!("{}: {error}", slot.values[at].set)))?;
        Ok(Command::edit(key, WHO, slot.command, value))
    }

    /// A case's text in the form that this tracker has for it.
    fn formed(&self, case: Case, document: Document) -> Result<Document, Verdict> {
        match case {
            Case::Text(_, sample) => self.form(sample, document),
            _ => Ok(document),
        }
    }

    fn form(&self, sample: Sample, document: Document) -> Result<Document, Verdict> {
        let document = sample.at(self.place, document);
        let document =
            document.ok_or_else(|| Verdict::absent(self.place, "what others read calls nobody"))?;
        match lost(&written(dialect(self.place), &document).1) {
            Some(_) => Err(Verdict::absent(self.place, "")),
            None => Ok(document),
        }
    }

    /// What a tracker refuses to a person it does not have.
    fn does(&self, command: Command) -> Result<Done, Verdict> {
        let done = self.network.command(self.place, command);
        done.map_err(|refused| Verdict::absent(self.place, refused.to_string()))
    }
}

/// What is in a file of so many bytes: another text for each case.
fn content(number: usize, bytes: usize) -> String {
    let line = format!("M{number}: what is in the file.\n");
    let mut text = line.repeat(bytes / line.len() + 1);
    text.truncate(bytes);
    text
}

impl Case {
    /// Whether its item is done before it goes on.
    fn closes_first(self) -> bool {
        matches!(self, Self::Status(Course::Reopen))
    }

    /// Whether it is about the form of a text.
    pub(super) const fn spot(self) -> Option<Spot> {
        match self {
            Self::Description => Some(Spot::Description),
            Self::Text(spot, _) => Some(spot),
            _ => None,
        }
    }
}

/// The notation of a tracker's texts.
pub(super) fn dialect(place: Place) -> Dialect {
    let usual = registry::capabilities(place.tracker());
    let usual = usual.expect("the registry knows every place's tracker");
    place.texts().unwrap_or(usual.dialect)
}

//! People act in a tracker, and what they did is noted in what is expected of the item.

use super::check::by_title;
use super::expected::{Said, Text, Thing};
use super::snapshot::{Comment, Issue};
use crate::sim::network::Network;
use crate::sim::place::Place;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinline_core::handles::Clock;
use twinline_sim::{Command, Done};

/// All that people have done.
pub(super) struct Deeds {
    pub(super) network: Arc<Network>,
    clock: Arc<dyn Clock>,
    pub(super) things: Vec<Thing>,
    /// Acts by place.
    pub(super) acts: BTreeMap<Place, u64>,
}

impl Deeds {
    pub(super) fn new(network: Arc<Network>, clock: Arc<dyn Clock>) -> Self {
        Self {
            network,
            clock,
            things: Vec::new(),
            acts: BTreeMap::new(),
        }
    }

    fn act(&mut self, place: Place, command: Command) -> Result<Done> {
        *self.acts.entry(place).or_default() += 1;
        let said = format!("{command:?}");
        let done = self.network.command(place, command);
        done.with_context(|| format!("{} refuses {said}", place.name()))
    }

    fn key(&self, thing: usize, place: Place) -> Result<String> {
        let key = self.things[thing].keys.get(&place).cloned();
        key.with_context(|| {
            let title = &self.things[thing].title;
            format!("where {title:?} is at {} is not known", place.name())
        })
    }

    fn touch(&mut self, thing: usize, place: Place) {
        let now = self.clock.now();
        self.things[thing].touched.insert(place, now);
    }

    /// The texts that a place stores of a thing now.
    fn stored(&self, thing: usize, place: Place) -> Result<twinline_sim::DumpItem> {
        let key = self.key(thing, place)?;
        let dump = self.network.dump(place);
        dump.item(&key)
            .cloned()
            .with_context(|| format!("{key} is gone"))
    }

    /// A person writes an issue on GitHub as it is in a snapshot, without its comments; answers with its place.
    pub(super) fn open(&mut self, issue: &Issue) -> Result<usize> {
        let created = self.act(
            Place::Github,
            Command::Create {
                container: Some(Place::Github.container().to_owned()),
                by: issue.author.clone(),
                title: issue.title.clone(),
                body: issue.body.clone(),
                labels: issue.labels.iter().cloned().collect(),
                assignees: issue.assignees.iter().cloned().collect(),
            },
        )?;
        let Done::Item(key) = created else {
            bail!("creating made {created:?}");
        };
        let body = Text::Markdown(issue.body.clone());
        let mut thing = Thing::new(Place::Github, key, issue.title(), body);
        thing.labels.clone_from(&issue.labels);
        thing.assignees.clone_from(&issue.assignees);
        self.things.push(thing);
        let at = self.things.len() - 1;
        self.touch(at, Place::Github);
        Ok(at)
    }

    /// A person writes an issue in Jira.
    pub(super) fn open_in_jira(&mut self, by: &str, title: &str, body: &Value) -> Result<()> {
        let created = self.act(
            Place::Jira,
            Command::Create {
                container: Some(Place::Jira.container().to_owned()),
                by: by.to_owned(),
                title: title.to_owned(),
                body: body.to_string(),
                labels: Vec::new(),
                assignees: Vec::new(),
            },
        )?;
        let Done::Item(key) = created else {
            bail!("creating made {created:?}");
        };
        let thing = Thing::new(Place::Jira, key, title, Text::Adf(body.clone()));
        self.things.push(thing);
        self.touch(self.things.len() - 1, Place::Jira);
        Ok(())
    }

    /// A person sets one field in the tracker's words.
    pub(super) fn edit(
        &mut self,
        thing: usize,
        place: Place,
        by: &str,
        field: &str,
        value: impl Into<Value>,
    ) -> Result<()> {
        let key = self.key(thing, place)?;
        self.act(place, Command::edit(&key, by, field, value))?;
        self.touch(thing, place);
        Ok(())
    }

    /// A person adds and removes labels; those that others put there meanwhile stay.
    pub(super) fn relabel(
        &mut self,
        thing: usize,
        place: Place,
        by: &str,
        add: &BTreeSet<String>,
        remove: &BTreeSet<String>,
    ) -> Result<()> {
        let shown = self.stored(thing, place)?.labels.into_iter();
        let mut labels: BTreeSet<String> = shown.filter(|label| !remove.contains(label)).collect();
        labels.extend(add.iter().cloned());
        let labels: Vec<String> = labels.into_iter().collect();
        self.edit(thing, place, by, "labels", labels)?;
        let expected = &mut self.things[thing].labels;
        expected.retain(|label| !remove.contains(label));
        expected.extend(add.iter().cloned());
        Ok(())
    }

    /// A person appends a paragraph to the description that Jira shows.
    pub(super) fn append_in_jira(&mut self, thing: usize, by: &str, text: &str) -> Result<()> {
        let stored = self.stored(thing, Place::Jira)?.body;
        let mut document: Value = serde_json::from_str(&stored)
            .unwrap_or_else(|_| serde_json::json!({"type": "doc", "version": 1, "content": []}));
        let content = document.get_mut("content").and_then(Value::as_array_mut);
        content
            .context("the description is a document")?
            .push(paragraph(text));
        self.edit(thing, Place::Jira, by, "body", document.to_string())?;
        self.things[thing].body = Text::Adf(document);
        Ok(())
    }

    /// A person comments on GitHub as in a snapshot.
    pub(super) fn comment(&mut self, thing: usize, comment: &Comment) -> Result<()> {
        let text = Text::Markdown(comment.body.clone());
        let at = self.say(thing, Place::Github, &comment.author, text, &comment.body)?;
        self.things[thing].named.insert(comment.name(), at);
        Ok(())
    }

    /// A person comments; answers with the comment's place.
    pub(super) fn say(
        &mut self,
        thing: usize,
        place: Place,
        by: &str,
        text: Text,
        stored: &str,
    ) -> Result<usize> {
        let key = self.key(thing, place)?;
        let done = self.act(place, Command::comment(&key, by, stored))?;
        let Done::Comment(id) = done else {
            bail!("commenting made {done:?}");
        };
        let said = Said {
            at: place,
            id,
            author: by.to_owned(),
            text,
            deleted: false,
        };
        self.things[thing].comments.push(said);
        self.touch(thing, place);
        Ok(self.things[thing].comments.len() - 1)
    }

    /// The author edits a comment.
    pub(super) fn reword(
        &mut self,
        thing: usize,
        at: usize,
        text: Text,
        stored: &str,
    ) -> Result<()> {
        let said = self.things[thing].comments[at].clone();
        let command = Command::EditComment {
            key: self.key(thing, said.at)?,
            by: said.author,
            comment: said.id,
            body: stored.to_owned(),
        };
        self.act(said.at, command)?;
        self.things[thing].comments[at].text = text;
        self.touch(thing, said.at);
        Ok(())
    }

    /// The author deletes a comment. GitHub does not count that as a change of the issue.
    pub(super) fn unsay(&mut self, thing: usize, at: usize) -> Result<()> {
        let said = self.things[thing].comments[at].clone();
        let command = Command::DeleteComment {
            key: self.key(thing, said.at)?,
            by: said.author,
            comment: said.id,
        };
        self.act(said.at, command)?;
        self.things[thing].comments[at].deleted = true;
        if said.at != Place::Github {
            self.touch(thing, said.at);
        }
        Ok(())
    }

    /// A person deletes an item.
    pub(super) fn delete(&mut self, thing: usize, place: Place, by: &str) -> Result<()> {
        let command = Command::Delete {
            key: self.key(thing, place)?,
            by: by.to_owned(),
        };
        self.act(place, command)?;
        self.things[thing].deleted = Some(place);
        Ok(())
    }

    /// Learns from the dumps under which keys the things are known by now.
    pub(super) fn learn_keys(&mut self) {
        let dumps = self.network.dumps();
        for (place, dump) in &dumps {
            let living = by_title(dump);
            for thing in &mut self.things {
                if let Some([item]) = living.get(&thing.title).map(Vec::as_slice) {
                    thing.keys.insert(*place, item.key.clone());
                }
            }
        }
    }
}

/// A paragraph of ADF.
pub(super) fn paragraph(text: &str) -> Value {
    serde_json::json!({"type": "paragraph", "content": [{"type": "text", "text": text}]})
}

/// A document of ADF.
pub(super) fn document(blocks: Vec<Value>) -> Value {
    serde_json::json!({"type": "doc", "version": 1, "content": blocks})
}

//! What people do in Jira meanwhile: edits of fields that history leaves alone, comments, new items, deletions.

use super::deeds::{Deeds, document, paragraph};
use super::expected::{Text, Thing};
use super::github_side::Replay;
use super::snapshot::Field;
use crate::sim::place::Place;
use anyhow::Result;
use rand::Rng as _;
use rand::seq::IteratorRandom as _;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The most simulated time between two acts.
const BETWEEN_MAX_MS: u64 = 4_000;

/// The people of the support team.
const TEAM: [&str; 3] = ["ana", "ben", "dora"];

/// The people in Jira.
pub(super) struct Team {
    random: ChaCha8Rng,
    /// The fields that history changes, by the number: people in Jira leave those alone, so that it is defined
    /// what must stand at the end.
    moving: BTreeMap<u64, BTreeSet<Field>>,
    /// Everybody who can be assigned.
    people: BTreeSet<String>,
    count: u64,
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Title,
    Body,
    Status,
    Assignee,
    AddLabel,
    RemoveLabel,
    Comment,
    Reword,
    Unsay,
    Open,
}

const ACTS: [Act; 14] = [
    Act::Title,
    Act::Body,
    Act::Body,
    Act::Status,
    Act::Assignee,
    Act::AddLabel,
    Act::AddLabel,
    Act::RemoveLabel,
    Act::Comment,
    Act::Comment,
    Act::Comment,
    Act::Reword,
    Act::Unsay,
    Act::Open,
];

impl Team {
    pub(super) fn new(
        random: ChaCha8Rng,
        moving: BTreeMap<u64, BTreeSet<Field>>,
        people: BTreeSet<String>,
    ) -> Self {
        Self {
            random,
            moving,
            people,
            count: 0,
        }
    }

    /// Some acts, with pauses.
    pub(super) async fn act(
        &mut self,
        deeds: &mut Deeds,
        replay: &Replay,
        acts: u32,
    ) -> Result<()> {
        for _ in 0..acts {
            let act = ACTS[self.random.random_range(0..ACTS.len())];
            self.count += 1;
            self.one(deeds, replay, act)?;
            let wait = self.random.random_range(0..BETWEEN_MAX_MS);
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        Ok(())
    }

    fn by(&mut self) -> &'static str {
        TEAM[self.random.random_range(0..TEAM.len())]
    }

    /// Any living thing that Jira has and that is like this.
    fn pick(&mut self, deeds: &Deeds, wanted: impl Fn(usize, &Thing) -> bool) -> Option<usize> {
        let things = deeds.things.iter().enumerate();
        let there = things.filter(|(at, thing)| {
            thing.deleted.is_none() && thing.keys.contains_key(&Place::Jira) && wanted(*at, thing)
        });
        there.map(|(at, _)| at).choose(&mut self.random)
    }

    /// Any such thing whose field no history changes.
    fn still(&mut self, deeds: &Deeds, replay: &Replay, field: Field) -> Option<usize> {
        let moving = std::mem::take(&mut self.moving);
        let found = self.pick(deeds, |at, _| {
            let number = replay.number(at);
            let fields = number.and_then(|number| moving.get(&number));
            fields.is_none_or(|fields| !fields.contains(&field))
        });
        self.moving = moving;
        found
    }

    fn one(&mut self, deeds: &mut Deeds, replay: &Replay, act: Act) -> Result<()> {
        let by = self.by();
        match act {
            Act::Title | Act::Body | Act::Status | Act::Assignee => {
                self.field(deeds, replay, act, by)
            }
            Act::AddLabel => {
                let add = BTreeSet::from([format!("support-{}", self.count % 7)]);
                match self.pick(deeds, |_, thing| thing.labels.is_disjoint(&add)) {
                    Some(thing) => deeds.relabel(thing, Place::Jira, by, &add, &BTreeSet::new()),
                    None => Ok(()),
                }
            }
            Act::RemoveLabel => self.remove_label(deeds, by),
            Act::Open => {
                let title = format!("Support case {} from Jira", self.count);
                deeds.open_in_jira(by, &title, &self.document())
            }
            Act::Comment | Act::Reword | Act::Unsay => self.talk(deeds, act, by),
        }
    }

    fn field(&mut self, deeds: &mut Deeds, replay: &Replay, act: Act, by: &str) -> Result<()> {
        let field = match act {
            Act::Title => Field::Title,
            Act::Body => Field::Body,
            Act::Status => Field::Status,
            _ => Field::Assignees,
        };
        let Some(thing) = self.still(deeds, replay, field) else {
            return Ok(());
        };
        match field {
            Field::Title => {
                let title = format!("{} (case {})", deeds.things[thing].title, self.count);
                deeds.edit(thing, Place::Jira, by, "title", title.as_str())?;
                deeds.things[thing].title = title;
            }
            Field::Body => {
                let text = format!(
                    "Note {} of the support team: *not* Markdown_here_.",
                    self.count
                );
                deeds.append_in_jira(thing, by, &text)?;
            }
            Field::Status => {
                let done = !deeds.things[thing].done;
                // Every open status leads to Done there, and Done to To Do.
                let status = if done { "Done" } else { "To Do" };
                deeds.edit(thing, Place::Jira, by, "status", status)?;
                deeds.things[thing].done = done;
            }
            Field::Assignees => {
                let whom = self.people.iter().choose(&mut self.random).cloned();
                let whom: Vec<String> = whom.into_iter().collect();
                deeds.edit(thing, Place::Jira, by, "assignees", whom.clone())?;
                deeds.things[thing].assignees = whom.into_iter().collect();
            }
        }
        Ok(())
    }

    fn remove_label(&mut self, deeds: &mut Deeds, by: &str) -> Result<()> {
        let ours = |label: &&String| label.starts_with("support-");
        let with = self.pick(deeds, |_, thing| {
            thing.labels.iter().any(|label| ours(&label))
        });
        let Some(thing) = with else {
            return Ok(());
        };
        let label = deeds.things[thing].labels.iter().find(ours).cloned();
        let remove = label.into_iter().collect();
        deeds.relabel(thing, Place::Jira, by, &BTreeSet::new(), &remove)
    }

    fn talk(&mut self, deeds: &mut Deeds, act: Act, by: &str) -> Result<()> {
        let document = self.document();
        let (text, stored) = (Text::Adf(document.clone()), document.to_string());
        if matches!(act, Act::Comment) {
            let Some(thing) = self.pick(deeds, |_, _| true) else {
                return Ok(());
            };
            return deeds.say(thing, Place::Jira, by, text, &stored).map(drop);
        }
        let mine = |thing: &Thing| {
            let mut comments = thing.comments.iter();
            comments.position(|said| said.at == Place::Jira && !said.deleted)
        };
        let found = self.pick(deeds, |_, thing| mine(thing).is_some());
        let at = found.and_then(|thing| Some((thing, mine(&deeds.things[thing])?)));
        match (act, at) {
            (_, None) => Ok(()),
            (Act::Unsay, Some((thing, at))) => deeds.unsay(thing, at),
            (_, Some((thing, at))) => deeds.reword(thing, at, text, &stored),
        }
    }

    /// A small document as Jira's editor makes it.
    fn document(&self) -> Value {
        let count = self.count;
        let strong = json!({"type": "text", "text": "seen again", "marks": [{"type": "strong"}]});
        let mut first = paragraph(&format!("Case {count}: "));
        if let Some(content) = first["content"].as_array_mut() {
            content.push(strong);
        }
        let entry = |text: &str| json!({"type": "listItem", "content": [paragraph(text)]});
        let list = json!({"type": "bulletList", "content": [entry("on 1.2"), entry("on 1.3 🙂")]});
        let code = json!({"type": "codeBlock", "attrs": {"language": "text"},
                          "content": [{"type": "text", "text": "PATH_ABANDON <1>\n  *2*"}]});
        match count % 3 {
            0 => document(vec![first]),
            1 => document(vec![first, list]),
            _ => document(vec![first, list, code]),
        }
    }

    /// Scripted deletions, which the snapshots do not have: a comment on GitHub, and an item in turn on each side.
    pub(super) fn delete(
        &mut self,
        deeds: &mut Deeds,
        replay: &Replay,
        round: usize,
    ) -> Result<()> {
        let written = |thing: &Thing| {
            let mut comments = thing.comments.iter();
            comments.position(|said| said.at == Place::Github && !said.deleted)
        };
        if let Some(thing) = self.pick(deeds, |_, thing| written(thing).is_some())
            && let Some(at) = written(&deeds.things[thing])
        {
            deeds.unsay(thing, at)?;
        }
        let place = if round.is_multiple_of(2) {
            Place::Github
        } else {
            Place::Jira
        };
        let stays = |at: usize| {
            let moving = replay
                .number(at)
                .and_then(|number| self.moving.get(&number));
            moving.is_none_or(BTreeSet::is_empty)
        };
        let things = deeds.things.iter().enumerate();
        let there = things
            .filter(|(at, thing)| thing.deleted.is_none() && thing.keys.len() == 2 && stays(*at));
        let Some(thing) = there.map(|(at, _)| at).choose(&mut self.random) else {
            return Ok(());
        };
        deeds.delete(thing, place, "ana")
    }
}

//! What happened on GitHub: the differences between two snapshots, as acts of their authors.

use super::deeds::Deeds;
use super::expected::Text;
use super::snapshot::{Issue, Snapshot};
use crate::sim::place::Place;
use anyhow::Result;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::time::Duration;

/// The most simulated time between two acts.
const BETWEEN_MAX_MS: u64 = 1_500;

/// Brings GitHub to what snapshots say.
#[derive(Default)]
pub(super) struct Replay {
    /// Where each issue is among the things, and as it was last.
    known: BTreeMap<u64, (usize, Issue)>,
}

impl Replay {
    /// Loads a snapshot before anything runs: no time passes.
    pub(super) fn load(&mut self, deeds: &mut Deeds, snapshot: &Snapshot) -> Result<()> {
        for issue in &snapshot.issues {
            self.open(deeds, issue)?;
            for comment in &issue.comments {
                deeds.comment(self.known[&issue.number].0, comment)?;
            }
        }
        Ok(())
    }

    fn open(&mut self, deeds: &mut Deeds, issue: &Issue) -> Result<()> {
        let thing = deeds.open(issue)?;
        if issue.done() {
            close(deeds, thing, issue)?;
        }
        let mut bare = issue.clone();
        bare.comments.clear();
        self.known.insert(issue.number, (thing, bare));
        Ok(())
    }

    /// The thing of an issue.
    pub(super) fn thing(&self, number: u64) -> Option<usize> {
        self.known.get(&number).map(|(thing, _)| *thing)
    }

    /// The issue of a thing.
    pub(super) fn number(&self, thing: usize) -> Option<u64> {
        let mut known = self.known.iter();
        known
            .find(|(_, known)| known.0 == thing)
            .map(|(number, _)| *number)
    }

    /// Replays the differences to the next snapshot, with pauses.
    pub(super) async fn advance(
        &mut self,
        deeds: &mut Deeds,
        snapshot: &Snapshot,
        random: &mut ChaCha8Rng,
    ) -> Result<()> {
        for issue in &snapshot.issues {
            let before = deeds.acts.values().sum::<u64>();
            match self.thing(issue.number) {
                None => self.open(deeds, issue)?,
                Some(thing) if deeds.things[thing].deleted.is_some() => continue,
                Some(thing) => self.fields(deeds, thing, issue)?,
            }
            pause(deeds, before, random).await;
            self.comments(deeds, issue, random).await?;
        }
        Ok(())
    }

    fn fields(&mut self, deeds: &mut Deeds, thing: usize, issue: &Issue) -> Result<()> {
        let Some((_, old)) = self.known.insert(issue.number, (thing, issue.clone())) else {
            return Ok(());
        };
        let by = &issue.author;
        if old.title() != issue.title() {
            deeds.edit(thing, Place::Github, by, "title", issue.title())?;
            issue.title().clone_into(&mut deeds.things[thing].title);
        }
        if old.body != issue.body {
            deeds.edit(thing, Place::Github, by, "body", issue.body.as_str())?;
            deeds.things[thing].body = Text::Markdown(issue.body.clone());
        }
        if old.done() != issue.done() {
            close(deeds, thing, issue)?;
        }
        if old.assignees != issue.assignees {
            let assignees: Vec<&str> = issue.assignees.iter().map(String::as_str).collect();
            deeds.edit(thing, Place::Github, by, "assignees", assignees)?;
            deeds.things[thing].assignees.clone_from(&issue.assignees);
        }
        if old.labels != issue.labels {
            let add = issue.labels.difference(&old.labels).cloned().collect();
            let remove = old.labels.difference(&issue.labels).cloned().collect();
            deeds.relabel(thing, Place::Github, by, &add, &remove)?;
        }
        Ok(())
    }

    async fn comments(
        &self,
        deeds: &mut Deeds,
        issue: &Issue,
        random: &mut ChaCha8Rng,
    ) -> Result<()> {
        let Some(thing) = self.thing(issue.number) else {
            return Ok(());
        };
        for comment in &issue.comments {
            let before = deeds.acts.values().sum::<u64>();
            let known = deeds.things[thing].named.get(&comment.name()).copied();
            match known.map(|at| (at, deeds.things[thing].comments[at].clone())) {
                None => deeds.comment(thing, comment)?,
                Some((_, said)) if said.deleted => {}
                Some((at, said)) => {
                    let text = Text::Markdown(comment.body.clone());
                    if said.text != text {
                        deeds.reword(thing, at, text, &comment.body)?;
                    }
                }
            }
            pause(deeds, before, random).await;
        }
        Ok(())
    }
}

fn close(deeds: &mut Deeds, thing: usize, issue: &Issue) -> Result<()> {
    let status = if issue.done() {
        "closed:completed"
    } else {
        "open"
    };
    deeds.edit(thing, Place::Github, &issue.author, "status", status)?;
    deeds.things[thing].done = issue.done();
    Ok(())
}

/// Lets time pass after an act.
async fn pause(deeds: &Deeds, before: u64, random: &mut ChaCha8Rng) {
    if deeds.acts.values().sum::<u64>() > before {
        let wait = random.random_range(0..BETWEEN_MAX_MS);
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
}

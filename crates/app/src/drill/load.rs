//! The people who edit, at a steady rate on both sides, and what must be true of their items at the end.

use super::book::{Book, Kind, mark};
use super::trackers::{Trackers, container};
use anyhow::{Result, bail};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use twinline_sim::Command;

/// The twins are made within this.
const SEED_MAX: Duration = Duration::from_secs(300);
/// When no tracker was asked for so long, nothing follows any more.
const QUIET: Duration = Duration::from_millis(1000);
/// One edit in so many makes an item.
const CREATE_EVERY: usize = 25;

/// What must hold of one item on both sides at the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Its connection.
    pub(super) connection: usize,
    pub(super) title: String,
    /// A mark in the long text.
    pub(super) body: Option<String>,
    /// Marks, each in exactly one comment.
    pub(super) comments: Vec<String>,
}

pub(super) struct Load {
    book: Arc<Book>,
    connections: usize,
    /// Keys of the items that are edited, on the left and on the right.
    pairs: Vec<[String; 2]>,
    /// Every item by its number: those that are edited first, then what was made during the drill.
    wanted: Mutex<Vec<Wanted>>,
}

impl Load {
    /// Makes items on both sides in turn, and waits until each is on both.
    pub(super) async fn seed(trackers: &Trackers, book: &Arc<Book>, items: usize) -> Result<Self> {
        let connections = trackers.count() / 2;
        let mut load = Self {
            book: Arc::clone(book),
            connections,
            pairs: Vec::new(),
            wanted: Mutex::default(),
        };
        for item in 0..items {
            let title = format!("[{item}] as it was made");
            load.create(trackers, load.node(item, item / connections), title)?;
        }
        let deadline = Instant::now() + SEED_MAX;
        loop {
            let sides: Vec<_> = (0..trackers.count())
                .map(|node| trackers.items(node).0)
                .collect();
            let pair = |item: usize| {
                let left = item % connections * 2;
                let key = |node: usize| sides[node].get(&item).map(|found| found.key.clone());
                Some([key(left)?, key(left + 1)?])
            };
            load.pairs = (0..items).filter_map(pair).collect();
            if load.pairs.len() == items && book.quiet_for() > QUIET {
                return Ok(load);
            }
            if Instant::now() > deadline {
                bail!(
                    "{} of {items} items have a twin after {} s: the drill cannot begin",
                    load.pairs.len(),
                    SEED_MAX.as_secs()
                );
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Wanted>> {
        self.wanted.lock().expect("no code panics with this lock")
    }

    /// What must be true by now.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        self.lock().clone()
    }

    /// The left or right node of an item's connection.
    const fn node(&self, item: usize, turn: usize) -> usize {
        item % self.connections * 2 + turn % 2
    }

    fn create(&self, trackers: &Trackers, node: usize, title: String) -> Result<()> {
        let command = Command::Create {
            container: Some(container(node)),
            by: "ana".to_owned(),
            title: title.clone(),
            body: "What happens, and what should happen instead.".to_owned(),
            labels: vec!["bug".to_owned()],
            assignees: Vec::new(),
        };
        trackers.act(node, command)?;
        self.lock().push(Wanted {
            connection: node / 2,
            title,
            ..Wanted::default()
        });
        Ok(())
    }

    /// Edits at a steady rate until it is over.
    pub(super) async fn run(
        &self,
        trackers: &Trackers,
        per_s: u32,
        over: watch::Receiver<bool>,
    ) -> Result<()> {
        let mut pace = interval(Duration::from_secs(1) / per_s);
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut number = 0;
        loop {
            pace.tick().await;
            if *over.borrow() {
                return Ok(());
            }
            self.edit(trackers, number)?;
            number += 1;
        }
    }

    /// One edit. A field of an item is always edited on the same side, so that what was written last is what must be
    /// there at the end; comments come from both.
    fn edit(&self, trackers: &Trackers, number: usize) -> Result<()> {
        let (item, round) = (number % self.pairs.len(), number / self.pairs.len());
        if number % CREATE_EVERY == CREATE_EVERY - 1 {
            let new = self.lock().len();
            let node = self.node(new, new / self.connections);
            self.book.begin(new, node, Kind::Create);
            let title = format!("[{new}] {} came up", mark(number));
            return self.create(trackers, node, title);
        }
        let (kind, turn) = match (number + round) % 3 {
            0 => (Kind::Title, item / self.connections),
            1 => (Kind::Comment, round),
            _ => (Kind::Body, item / self.connections + 1),
        };
        let node = self.node(item, turn);
        let key = &self.pairs[item][turn % 2];
        let word = mark(number);
        self.book.begin(item, node, kind);
        let command = match kind {
            Kind::Title => {
                let title = format!("[{item}] {word} of this title");
                self.lock()[item].title.clone_from(&title);
                Command::edit(key, "ana", "title", title)
            }
            Kind::Body => {
                let body = format!("What is known by now: {word}.");
                self.lock()[item].body = Some(word);
                Command::edit(key, "dora", "body", body)
            }
            Kind::Comment | Kind::Create => {
                let text = format!("I looked into it: {word}.");
                self.lock()[item].comments.push(word);
                Command::comment(key, "ben", &text)
            }
        };
        trackers.act(node, command).map(drop)
    }
}

//! Watch's words about itself: its file, its channels.

use super::keep::{Found, Trouble};
use super::{DAMAGE_TOLD, Driver, Entry};
use tokio::task::JoinSet;
use twinline_core::watch::element::{Element, Kind, Path as Elements};
use twinline_core::watch::signal::{Severity, Signal, State};

/// Who says what is wrong with our own file.
const STORE: &str = "watch/store";

impl Driver {
    /// Says loudly what keeps pages from anybody.
    pub(super) fn warn_of_nobody(&self) {
        for (channel, reason) in &self.setup.unusable {
            tracing::error!(channel, reason, "this channel cannot be used");
        }
        if !self.setup.has_somebody() {
            tracing::error!(
                "NOBODY CAN BE CALLED when something fails: write [watch.channels] and [watch.people] \
                 (config/twinline.default.toml shows how)"
            );
        }
    }

    pub(super) fn own(&self, kind: Kind) -> Element {
        Element::new(kind, self.setup.machine.clone())
    }

    /// What became of our own file.
    pub(super) fn stored(&mut self, trouble: Option<Trouble>) {
        let told = match &trouble {
            None => None,
            Some(Trouble::Disk(text) | Trouble::Damaged(text)) => Some(text.clone()),
        };
        self.vitals.stored(told);
        match trouble {
            None => self.say(Kind::Disk, None),
            Some(Trouble::Disk(text)) => {
                self.say(
                    Kind::Disk,
                    Some(format!("watch's state is not stored: {text}")),
                );
            }
            Some(Trouble::Damaged(text)) => {
                self.damaged = Some(self.clock.now());
                self.say(Kind::Watch, Some(format!("watch lost its state: {text}")));
            }
        }
    }

    /// A file that had to be put aside is told of for a while.
    pub(super) fn forget_damage(&mut self) {
        let now = self.clock.now();
        let over = |at| at > now || now.since(at) >= DAMAGE_TOLD;
        if self.damaged.is_some_and(over) {
            self.damaged = None;
            self.say(Kind::Watch, None);
        }
    }

    /// The file could not be read when this watch began, and can be now. Answers whether it is gone on from: not when
    /// something has happened since that the file does not have.
    pub(super) fn found(&mut self, found: Found) -> bool {
        let own = self.own(Kind::Disk);
        if !self.machines.knows_only_of(&own) {
            return false;
        }
        self.journal.begin_with(&found.lines);
        // Attempts are counted anew: a late answer would be taken for another's.
        self.sends.abort_all();
        self.sends = JoinSet::new();
        self.step(|machines, step| {
            let seen = machines.go_on_from(found.machines, step.now);
            let text = "what an earlier watch had stored can be read again, and is gone on from";
            step.deeds.entries.push(Entry::own(step.now, text));
            machines.take_up(step);
            for event in seen {
                machines.change(event, step);
            }
            machines.refresh(step);
        });
        self.shelf.leave(Some(self.machines.clone()), []);
        true
    }

    /// Watch's word about itself.
    pub(super) fn say(&mut self, kind: Kind, trouble: Option<String>) {
        let state = match trouble {
            None => State::Passing,
            Some(summary) => State::Failing {
                severity: Severity::Critical,
                implicates: Elements::from([self.own(Kind::Machine)]),
                summary,
            },
        };
        self.signals(vec![Signal {
            source: STORE.to_owned(),
            subject: self.own(kind),
            state,
        }]);
    }
}

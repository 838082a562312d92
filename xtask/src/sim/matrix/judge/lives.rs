//! Deletions and moves.

use super::super::case::{Deleted, Word};
use super::super::site;
use super::{Scene, Verdict};
use twinline_sim::DumpItem;
use twinline_store::host::TwinStateName;

impl Scene<'_> {
    /// What follows from a deletion by each policy.
    pub(super) fn gone(&self, policy: Deleted, there: &DumpItem) -> Verdict {
        if self.said.state == Some(TwinStateName::Asleep) {
            return self.asleep();
        }
        let holds = match policy {
            Deleted::Unlink => {
                self.said.state == Some(TwinStateName::Unlinked)
                    && !there.deleted
                    && self.is_open(there)
            }
            Deleted::Close => {
                let done = site::statuses(self.place(self.to()), Word::Done);
                done.contains(&there.status.as_str()) && !there.deleted
            }
            Deleted::Delete => there.deleted,
        };
        if holds {
            return Verdict::Crosses;
        }
        let why = self.said.ended.as_deref();
        match why.and_then(|why| why.split_once("stays as it is: ")) {
            Some((_, reason)) => Verdict::Degrades(format!("its twin stays: {reason}")),
            None => Verdict::Failed(format!(
                "its twin is {} and deleted: {}; the product says: {}",
                there.status, there.deleted, self.said
            )),
        }
    }

    fn is_open(&self, item: &DumpItem) -> bool {
        let done = site::statuses(self.place(self.to()), Word::Done);
        !done.contains(&item.status.as_str())
    }

    /// An item that has left its scope and was edited there: its twin follows, or says why it does not.
    pub(super) fn moved(&self, there: &DumpItem) -> Verdict {
        let edited = there.title.ends_with("edited elsewhere");
        match self.said.state {
            _ if edited => Verdict::Crosses,
            Some(TwinStateName::Asleep) => self.asleep(),
            Some(TwinStateName::Unlinked) => match &self.said.ended {
                Some(why) => Verdict::Degrades(format!("the twin ends: {why}")),
                None => Verdict::Failed("the twin has ended, and nothing says why".to_owned()),
            },
            _ => Verdict::Failed(format!(
                "the edit did not cross; the product says: {}",
                self.said
            )),
        }
    }

    fn asleep(&self) -> Verdict {
        match &self.said.reason {
            Some(why) => Verdict::Degrades(format!("the twin sleeps: {why}")),
            None => Verdict::Failed("the twin sleeps, and nothing says why".to_owned()),
        }
    }
}

//! A group that does not work here: for how long, and whether another host could go on with it.

use super::life::Life;
use super::{Shared, Wish};
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::ownership::LeaseTerms;
use twinline_store::central::CentralError;

/// For so many renewal periods of the lease a group is tried here before another host gets it.
const TRIED_PERIODS: u32 = 4;

/// Why a group does not work here.
pub(super) struct Trouble {
    /// In words.
    pub(super) reason: String,
    /// Further tries are in vain: this machine lacks something, or it was tried for long enough.
    is_for_good: bool,
    /// The file here has a state of it, of whatever ownership: it may have what the replica lacks.
    has_state: bool,
    /// Whether the same step can succeed later without a person's doing.
    pub(super) is_retryable: bool,
}

impl Trouble {
    /// This machine lacks something that the group needs.
    pub(super) fn lacking(reason: String) -> Self {
        Self {
            is_for_good: true,
            ..Self::of_file(reason)
        }
    }

    /// Its state could not be taken over.
    pub(super) fn taking_over(error: &CentralError) -> Self {
        Self {
            is_retryable: error.is_retryable(),
            ..Self::of_file(error.to_string())
        }
    }

    /// It was taken over, and the central database is in the way of its work, or its file is.
    pub(super) fn of_owned(error: &CentralError) -> Self {
        Self {
            has_state: true,
            ..Self::taking_over(error)
        }
    }

    /// Nor could that of any other group.
    pub(super) fn without_commits(why: &str) -> Self {
        Self::of_file(format!("the central database does not commit: {why}"))
    }

    /// Its file cannot be opened, or its state not be read: so nobody has it.
    pub(super) const fn of_file(reason: String) -> Self {
        Self {
            reason,
            is_for_good: false,
            has_state: false,
            is_retryable: true,
        }
    }

    /// Its host could not be built, or ended by itself.
    pub(super) fn of_host(reason: String) -> Self {
        Self::of_file(reason).with_state(true)
    }

    /// Its file has taken no writes for as long as a group is tried.
    pub(super) fn unwritable(reason: String) -> Self {
        Self {
            is_for_good: true,
            ..Self::of_host(reason)
        }
    }

    /// Whether the file here has a state of the group.
    pub(super) fn with_state(self, has_state: bool) -> Self {
        Self { has_state, ..self }
    }
}

/// Since when a group does not work here.
#[derive(Default)]
pub(super) struct Failing {
    since: Option<Instant>,
}

impl Failing {
    /// It has worked meanwhile, for so long.
    pub(super) fn worked(&mut self, terms: &LeaseTerms, span: Duration) {
        if span >= tried(terms) {
            self.since = None;
        }
    }

    /// It does not work now; whether it was tried for long enough.
    fn is_over(&mut self, terms: &LeaseTerms) -> bool {
        self.since.get_or_insert_with(Instant::now).elapsed() >= tried(terms)
    }
}

pub(super) fn tried(terms: &LeaseTerms) -> Duration {
    terms.renewal_period() * TRIED_PERIODS
}

impl Life {
    /// Whether the group is to be given away, since it does not work here: it was tried for long enough, another host takes
    /// groups, and could go on with what the replica has.
    pub(super) fn gives_up(&self, failing: &mut Failing, trouble: &Trouble) -> bool {
        let shared = &self.shared;
        let is_tried = failing.is_over(&shared.settings.terms) || trouble.is_for_good;
        let wished = match self.wished() {
            Wish::GiveAway => true,
            // A person has chosen this host, and nobody else takes it while it is there.
            Wish::Work | Wish::Leave => self.another_takes_groups() && !self.is_chosen_here(),
            Wish::End => false,
        };
        is_tried && wished && (!trouble.has_state || self.commits())
    }

    /// Whether another host takes groups, would get this one, and could go on with what the replica has.
    pub(super) fn could_go_on_elsewhere(&self) -> bool {
        self.another_takes_groups() && !self.is_chosen_here() && self.commits()
    }

    fn commits(&self) -> bool {
        self.shared.central.health().borrow().commits.is_ok()
    }

    fn another_takes_groups(&self) -> bool {
        let Shared {
            keeper, settings, ..
        } = &*self.shared;
        let ownership = keeper.ownership();
        let roster = &ownership.borrow().roster;
        let mut hosts = roster.hosts.iter();
        hosts.any(|(host, draining)| *host != settings.host && !draining)
    }

    fn is_chosen_here(&self) -> bool {
        let pins = self.shared.pins.borrow();
        let chosen = pins.get(&self.group).and_then(|(_, host)| host.as_ref());
        chosen == Some(&self.shared.settings.host)
    }
}

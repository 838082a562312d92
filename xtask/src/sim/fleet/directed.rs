//! The story against each mutant: what its rule is there for happens, and nothing else. It holds while the rule does.
//!
//! Items are created once the group is owned: those are known to be new, and their twins are made at once.

use super::database::Mode;
use super::faults::{Event, Plan, What, Who};
use crate::sim::handles::stream;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use twinline_core::mutant::Mutant;

/// The group is owned by now, and works.
const OWNED_MS: u64 = 13_000;
/// All twins are made, and nothing is to be done.
const READY_MS: u64 = 21_000;
/// A host that dies comes back when peace begins.
const FOR_GOOD: u64 = 1_000_000;

impl Plan {
    /// The story against a mutant.
    pub(super) fn against(mutant: Mutant, seed: u64) -> Self {
        let mut random = stream(seed, &format!("against {mutant:?}"));
        let mut plan = Self::quiet(format!("the story against {mutant:?}"), &mut random);
        plan.at(READY_MS, Event::Begin);
        match mutant {
            Mutant::TakeoverWithoutWaiting => plan.removed(&mut random),
            Mutant::PermitFromAnswer => plan.late_answer(&mut random),
            Mutant::RevWithoutEpoch => plan.long_lived(&mut random),
            Mutant::CursorFirst => plan.between_commits(&mut random),
            Mutant::TakenDropped => plan.taken_only(&mut random),
            Mutant::HydrateBeforeFence => plan.last_word(&mut random),
            Mutant::IntentAlong => plan.killed_at_work(),
        }
        plan
    }

    /// The owner writes an edit to GitHub, which is in no replica when it is lost with its disk; then the same text is edited
    /// again where it was before. Its successor takes both sides for changed.
    #[cfg(test)]
    pub(super) fn lagging(seed: u64) -> Self {
        let mut random = stream(seed, "lagging");
        let mut plan = Self::quiet("an edit in the replica's lag".to_owned(), &mut random);
        plan.create(8);
        plan.at(READY_MS, Event::Begin);
        plan.host(READY_MS, What::DatabaseCut, FOR_GOOD);
        plan.at(READY_MS + 1_000, Event::Rewrite);
        plan.kill(READY_MS + 6_000, Who::First, FOR_GOOD, true);
        plan.at(READY_MS + 8_000, Event::Rewrite);
        plan.chaos_ms = READY_MS + 40_000;
        plan
    }

    /// Two hosts, and nothing that happens.
    fn quiet(told: String, random: &mut ChaCha8Rng) -> Self {
        Self {
            told,
            items: 0,
            chaos_ms: 0,
            blind: true,
            admits_lag: true,
            events: BTreeMap::new(),
            on_takeover: Vec::new(),
            fast: (0..2).map(|_| random.random_range(-15..=15)).collect(),
        }
    }

    fn create(&mut self, items: u64) {
        for at in 0..items {
            self.at(OWNED_MS + 200 * at, Event::Create);
        }
    }

    /// A person removes the group's key while the owner's writes are under way for nearly as long as they may be.
    fn removed(&mut self, random: &mut ChaCha8Rng) {
        self.create(8);
        self.acts(READY_MS..READY_MS + 22_000, 700..1_500, random);
        self.slow(READY_MS, (6_000, 7_500), 40_000);
        self.at(READY_MS + random.random_range(8_000..11_000), Event::Remove);
        self.chaos_ms = READY_MS + 40_000;
    }

    /// The owner stands still while etcd's answer to its renewal is under way, until after its lease; then etcd is out of
    /// its reach, and it has work to do.
    fn late_answer(&mut self, random: &mut ChaCha8Rng) {
        self.create(3);
        self.acts(READY_MS..READY_MS + 30_000, 400..1_200, random);
        let long = random.random_range(16_500..22_000);
        self.host(READY_MS + 1_000, What::EtcdLate, 30_000);
        self.host(READY_MS + 2_000, What::Paused, long);
        self.host(READY_MS + 8_000, What::EtcdCut, 40_000);
        self.chaos_ms = READY_MS + 50_000;
    }

    /// The owner does much that it cannot ship; its successor ships, with lesser revisions; the database forgets that, and
    /// the former owner ships before it learns that it is none any more.
    fn long_lived(&mut self, random: &mut ChaCha8Rng) {
        self.create(4);
        self.acts(READY_MS..READY_MS + 12_000, 300..900, random);
        let back = READY_MS + 56_000 + random.random_range(0..3_000);
        self.host(READY_MS, What::DatabaseCut, 40_000);
        // It waits to try once more, so that it does when it goes on.
        self.host(READY_MS + 15_000, What::Paused, back - READY_MS - 15_000);
        self.host(back - 1_000, What::EtcdCut, 6_000);
        let cut = Event::Host(Who::Owner, What::DatabaseCut, 3_000);
        self.at(back - 200, cut);
        self.at(back - 100, Event::ForgetClaim);
        self.chaos_ms = back + 10_000;
    }

    /// The owner loses the database between two commits, and then its disk, before it has looked at what it has taken.
    fn between_commits(&mut self, random: &mut ChaCha8Rng) {
        self.create(8);
        self.at(READY_MS, Event::SlowReads((3_000, 5_000)));
        self.at(READY_MS + 10_000, Event::SlowReads((0, 0)));
        self.at(READY_MS + 100, Event::CutAfter(random.random_range(1..=3)));
        self.acts(READY_MS + 200..READY_MS + 900, 100..300, random);
        self.kill(READY_MS + 2_000, Who::First, FOR_GOOD, true);
        self.chaos_ms = READY_MS + 40_000;
    }

    /// The owner takes deliveries that it cannot ship, and loses its disk before it has looked at them.
    fn taken_only(&mut self, random: &mut ChaCha8Rng) {
        self.create(8);
        self.at(READY_MS, Event::SlowReads((3_000, 5_000)));
        self.at(READY_MS + 12_000, Event::SlowReads((0, 0)));
        let mode = if random.random_bool(0.5) {
            Mode::CommitsHang
        } else {
            Mode::Stalled
        };
        self.at(READY_MS, Event::Database(mode));
        self.at(READY_MS + 2_000, Event::Rewrite);
        self.acts(READY_MS + 200..READY_MS + 3_500, 300..700, random);
        self.kill(READY_MS + 4_000, Who::First, FOR_GOOD, true);
        self.at(READY_MS + 15_000, Event::Database(Mode::Sound));
        self.chaos_ms = READY_MS + 40_000;
    }

    /// The owner is killed again and again when a create of its is under way, and comes back within its lease: its intent is
    /// all that tells it of the item that is made then.
    fn killed_at_work(&mut self) {
        self.create(6);
        self.slow(READY_MS, (1_000, 2_000), 60_000);
        for round in 0..4 {
            let at = READY_MS + 1_000 + round * 12_000;
            self.at(at, Event::Create);
            self.at(at, Event::KilledAtWrite(Who::Owner, 2_500));
        }
        self.chaos_ms = READY_MS + 60_000;
    }

    /// The former owner has more to ship, and comes back while its successor takes the group over.
    fn last_word(&mut self, random: &mut ChaCha8Rng) {
        self.create(4);
        self.acts(READY_MS..READY_MS + 10_000, 400..1_200, random);
        self.host(READY_MS, What::DatabaseCut, FOR_GOOD);
        // In most seeds it waits then to try once more, so that it does when it goes on.
        let paused = READY_MS + random.random_range(11_000..17_000);
        self.host(paused, What::Paused, FOR_GOOD);
        self.host(paused + 1_000, What::EtcdCut, FOR_GOOD);
        self.at(READY_MS + 30_000, Event::SlowDatabase(100));
        // When its successor has begun to read, and has not come to the end.
        let back = random.random_range(1_300..1_700);
        self.on_takeover = vec![
            (back, Event::Ends(0, What::DatabaseCut)),
            (back, Event::Ends(0, What::Paused)),
        ];
        self.chaos_ms = READY_MS + 60_000;
    }
}

//! What a seed lets go wrong, and when: a few stories, each a row of faults that belong together, with times drawn.

use super::database::Mode;
use super::links::Between;
use crate::sim::handles::stream;
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::ops::Range;

/// How long the chaos of drawn stories lasts, in milliseconds.
const CHAOS_MS: u64 = 200_000;
/// When the trackers begin to fail: the twins of the beginning are made by then.
const FAULTY_FROM_MS: u64 = 36_000;

/// Which host something happens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// Who owns the group when it happens, or the first one.
    Owner,
    /// The one that this story has begun with.
    First,
    /// A given one.
    Host(usize),
}

/// What can be so of a host for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Killed {
        loses_disk: bool,
    },
    Paused,
    Draining,
    EtcdCut,
    DatabaseCut,
    EdgeCut,
    /// etcd's answers come a second late.
    EtcdLate,
}

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A person does something at a tracker.
    Act,
    /// A person creates an item.
    Create,
    /// A person writes a body, always the same item's, at Jira.
    Rewrite,
    /// Remembers who owns the group, for what happens to [`Who::First`] later.
    Begin,
    /// Something is so of a host from now on, for so many milliseconds.
    Host(Who, What, u64),
    /// A host is killed as soon as a write of its is on the way, for so many milliseconds; its disk stays.
    KilledAtWrite(Who, u64),
    /// It ends.
    Ends(usize, What),
    /// It ends in order, and is started again.
    Restart(Who),
    /// The trackers fail now and then, as drawn seeds have it.
    Faulty,
    /// How long writes to trackers are under way.
    SlowWrites(Between),
    /// How long reads of trackers are.
    SlowReads(Between),
    /// How much longer each way to the central database takes for all hosts but the first one, in milliseconds.
    SlowDatabase(u64),
    /// After so many more commits nothing goes between the first host and the central database.
    CutAfter(u32),
    Quorum(bool),
    /// A person removes the group's key.
    Remove,
    Database(Mode),
    /// The share of commits that are not answered, in hundredths.
    Unanswered(u32),
    /// `lost`: how many commits; `unnoticed`: whether the first host's connections stay with the former writer.
    FailOver {
        lost: usize,
        unnoticed: bool,
    },
    /// A failover that loses the newest claim of the group, and all since.
    ForgetClaim,
}

/// One row of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Story {
    Deaths,
    LostDisk,
    Pause,
    Partition,
    NoQuorum,
    Removal,
    Drain,
    Hang,
    Stall,
    FailOver,
    LostCommits,
    /// A paused owner comes back when the database has forgotten its successor.
    Return,
    /// A host's first look, when it takes over, is at a former writer.
    StaleLook,
    /// The owner loses the database between two commits, and dies.
    BrokenRound,
}

impl Story {
    pub(super) const ALL: [Self; 14] = [
        Self::Deaths,
        Self::LostDisk,
        Self::Pause,
        Self::Partition,
        Self::NoQuorum,
        Self::Removal,
        Self::Drain,
        Self::Hang,
        Self::Stall,
        Self::FailOver,
        Self::LostCommits,
        Self::Return,
        Self::StaleLook,
        Self::BrokenRound,
    ];

    /// Every story leads several seeds, in turn.
    pub(super) fn leading(seed: u64) -> Self {
        let turn = usize::try_from(seed).unwrap_or(0) % Self::ALL.len();
        Self::ALL[turn]
    }

    /// Whether the database forgets what it has confirmed: then deliveries that were safe may have to be found by sweeps.
    const fn forgets(self) -> bool {
        matches!(self, Self::LostCommits | Self::Return)
    }
}

/// What a seed makes of the fleet.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// In words, for whoever reads that a seed fails.
    pub(super) told: String,
    /// How many items there are at the beginning.
    pub(super) items: u32,
    /// How long all this lasts, in milliseconds.
    pub(super) chaos_ms: u64,
    /// Whether changes are told by deliveries alone.
    pub(super) blind: bool,
    /// Whether what the protocol admits of edits is excepted (`lag`).
    pub(super) admits_lag: bool,
    /// By time, in milliseconds since the chaos began.
    pub(super) events: BTreeMap<(u64, usize), Event>,
    /// What happens when a host takes the group over from the first one, so many milliseconds later.
    pub(super) on_takeover: Vec<(u64, Event)>,
    /// The hosts: by how many thousandths the boot-time clock of each runs fast.
    pub(super) fast: Vec<i64>,
}

impl Plan {
    pub(super) fn of(seed: u64) -> Self {
        let mut random = stream(seed, "fleet");
        let hosts = random.random_range(2..=3);
        // Most have another one besides.
        let mut stories = vec![Story::leading(seed)];
        if random.random_bool(0.6) {
            stories.extend(Story::ALL.choose(&mut random));
        }
        let forgets = stories.iter().any(|story| story.forgets());
        let blind = !forgets && random.random_bool(0.7);
        let mut plan = Self {
            told: format!("{hosts} hosts, {stories:?}, blind: {blind}"),
            items: 2,
            chaos_ms: CHAOS_MS,
            admits_lag: true,
            blind,
            events: BTreeMap::new(),
            on_takeover: Vec::new(),
            fast: (0..hosts).map(|_| random.random_range(-15..=15)).collect(),
        };
        plan.acts(1_000..CHAOS_MS, 500..4_000, &mut random);
        plan.at(FAULTY_FROM_MS, Event::Faulty);
        for (place, story) in stories.into_iter().enumerate() {
            let begin = if place == 0 { 38_000 } else { 115_000 };
            let begin = begin + random.random_range(0..15_000);
            plan.tell(story, begin, &mut random);
        }
        plan
    }

    /// People act from time to time.
    pub(super) fn acts(&mut self, when: Range<u64>, every: Range<u64>, random: &mut ChaCha8Rng) {
        let mut at = when.start;
        while at < when.end {
            self.at(at, Event::Act);
            at += random.random_range(every.clone());
        }
    }

    fn tell(&mut self, story: Story, t: u64, random: &mut ChaCha8Rng) {
        let mut some = |from: u64, to: u64| random.random_range(from..to);
        let first = Who::First;
        self.at(t, Event::Begin);
        match story {
            Story::Deaths => {
                for at in [0, 25_000, 50_000] {
                    let who = if some(0, 3) == 0 {
                        Who::Host(0)
                    } else {
                        Who::Owner
                    };
                    self.kill(t + at + some(0, 10_000), who, some(500, 45_000), false);
                }
                self.at(t + some(0, 70_000), Event::Restart(Who::Owner));
            }
            Story::LostDisk => self.kill(t, first, some(1_000, 60_000), true),
            Story::Pause => {
                let (wait, long) = (some(0, 3_000), some(6_000, 40_000));
                self.host(t, What::EtcdLate, wait + long);
                self.host(t + wait, What::Paused, long);
                // When it goes on, etcd may be out of its reach.
                if some(0, 4) > 0 {
                    self.host(t + wait + 6_000, What::EtcdCut, long + some(10_000, 30_000));
                }
            }
            Story::Partition => {
                self.host(t, What::EtcdCut, some(5_000, 50_000));
                let apart = some(0, 20_000);
                self.host(t + apart, What::DatabaseCut, some(5_000, 50_000));
                self.host(t + apart, What::EdgeCut, some(1_000, 20_000));
            }
            Story::NoQuorum => {
                self.at(t, Event::Quorum(false));
                self.at(t + some(3_000, 50_000), Event::Quorum(true));
                self.kill(t + some(0, 30_000), Who::Owner, some(1_000, 40_000), false);
            }
            Story::Removal => {
                // Later than that no request arrives that was sent in time.
                self.slow(t, (0, 5_000), 75_000);
                for at in [2_000, 25_000, 48_000] {
                    self.at(t + at + some(0, 8_000), Event::Remove);
                }
            }
            Story::Drain => {
                self.slow(t, (0, 3_000), 30_000);
                self.host(t, What::Draining, some(10_000, 40_000));
            }
            Story::Hang | Story::Stall => {
                let hang = story == Story::Hang;
                let mode = if hang {
                    Mode::CommitsHang
                } else {
                    Mode::Stalled
                };
                // Much is taken and not yet done when the owner dies.
                self.slow(t - 5_000, (0, 4_000), 25_000);
                self.at(t, Event::Database(mode));
                self.at(t + some(35_000, 70_000), Event::Database(Mode::Sound));
                let dies = t + some(1_000, 12_000);
                self.kill(dies, first, some(40_000, 80_000), some(0, 2) == 0);
            }
            Story::BrokenRound => self.break_a_round(t, random),
            Story::FailOver | Story::LostCommits | Story::Return | Story::StaleLook => {
                self.tell_of_failover(story, t, random);
            }
        }
    }

    fn break_a_round(&mut self, t: u64, random: &mut ChaCha8Rng) {
        let mut some = |from: u64, to: u64| random.random_range(from..to);
        self.at(t, Event::SlowReads((500, 3_000)));
        self.at(t + 10_000, Event::SlowReads((0, 0)));
        self.at(
            t + 1_000,
            Event::CutAfter(u32::try_from(some(1, 6)).unwrap_or(1)),
        );
        let dies = t + some(1_500, 4_000);
        self.kill(dies, Who::First, some(40_000, 60_000), some(0, 3) > 0);
    }

    fn tell_of_failover(&mut self, story: Story, t: u64, random: &mut ChaCha8Rng) {
        let mut some = |from: u64, to: u64| random.random_range(from..to);
        match story {
            Story::FailOver => {
                self.at(t, Event::Unanswered(20));
                self.at(t + 60_000, Event::Unanswered(0));
                for at in [0, 20_000, 40_000] {
                    let unnoticed = some(0, 2) == 0;
                    let event = Event::FailOver { lost: 0, unnoticed };
                    self.at(t + at + some(0, 15_000), event);
                }
                let dies = t + some(0, 50_000);
                self.kill(dies, Who::Owner, some(1_000, 40_000), some(0, 2) == 0);
            }
            Story::LostCommits => {
                self.fail_over(t, some(1, 30), some(0, 2) == 0);
                let dies = t + some(0, 20_000);
                self.kill(dies, Who::Owner, some(1_000, 60_000), some(0, 2) == 0);
            }
            Story::Return => {
                // The owner does what it cannot ship; its successor ships; the database loses that, and the former
                // owner goes on before the successor can ship again.
                let back = t + 60_000 + some(0, 2_000);
                self.host(t, What::DatabaseCut, 40_000);
                self.host(t + 15_000, What::Paused, back - t - 15_000);
                self.host(back - 1_000, What::EtcdCut, 6_000);
                let cut = Event::Host(Who::Owner, What::DatabaseCut, 3_000);
                self.at(back - 200, cut);
                self.at(back - 100, Event::ForgetClaim);
            }
            _ => {
                // The owner's connections stay with a writer that is none any more; another host owns the group
                // meanwhile, and the first one takes it over again.
                self.host(t, What::Draining, 20_000);
                self.fail_over(t + 6_000, 0, true);
                let back = Event::Host(Who::Owner, What::Draining, 20_000);
                self.at(t + 35_000 + some(0, 4_000), back);
            }
        }
    }

    pub(super) fn at(&mut self, at: u64, event: Event) {
        let next = self.events.len();
        self.events.insert((at, next), event);
    }

    /// Something is so of the first host.
    pub(super) fn host(&mut self, at: u64, what: What, long: u64) {
        self.at(at, Event::Host(Who::First, what, long));
    }

    pub(super) fn kill(&mut self, at: u64, who: Who, down: u64, loses_disk: bool) {
        self.at(at, Event::Host(who, What::Killed { loses_disk }, down));
    }

    /// Writes take long.
    pub(super) fn slow(&mut self, at: u64, between: Between, long: u64) {
        self.at(at, Event::SlowWrites(between));
        self.at(at + long, Event::SlowWrites((0, 0)));
    }

    fn fail_over(&mut self, at: u64, lost: u64, unnoticed: bool) {
        let lost = usize::try_from(lost).unwrap_or(usize::MAX);
        self.at(at, Event::FailOver { lost, unnoticed });
    }
}

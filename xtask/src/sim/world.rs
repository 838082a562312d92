//! What a seed makes of the world: which trackers, which connections, which faults.

use super::disk::DiskFaults;
use super::handles::stream;
use super::place::Place;
use rand::Rng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::time::Duration;
use twinline_core::names::{Side, Sides};
use twinline_sim::Faults;
use twinline_sim::faults::Span;

/// The world of one seed.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// The trackers that take part.
    pub(super) places: Vec<Place>,
    /// The connections between them.
    pub(super) connections: Vec<Connection>,
    /// Items that people create before anything runs.
    pub(super) items: u32,
    /// How long the chaos lasts.
    pub(super) chaos: Duration,
    /// Acts of people during it.
    pub(super) acts: u32,
    /// Crashes of the host during it, beside those at commits.
    pub(super) crashes: u32,
    /// Rule versions published during it.
    pub(super) publishes: u32,
    /// Whether the connectors keep the limits that the trackers have published, as they do with the public services.
    pub(super) limits: bool,
}

/// One connection.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) name: String,
    pub(super) nodes: Sides<Place>,
    /// From which sides items enter.
    pub(super) enters: Sides<bool>,
    pub(super) choices: Choices,
    /// What decides about the title; the same in every rule version.
    pub(super) title: TitlePolicy,
}

/// What decides about the title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TitlePolicy {
    /// When both sides have changed it.
    pub(super) conflict: &'static str,
    /// When the two were never in step.
    pub(super) first: &'static str,
}

impl TitlePolicy {
    pub(super) const LEFT: Self = Self {
        conflict: "left",
        first: "left",
    };

    fn draw(random: &mut ChaCha8Rng) -> Self {
        Self {
            conflict: ["left", "right", "latest", "hold", "merge"][random.random_range(0..5)],
            first: ["left", "right", "filled", "hold"][random.random_range(0..4)],
        }
    }
}

impl Connection {
    fn draw(left: Place, right: Place, random: &mut ChaCha8Rng, titles: &mut ChaCha8Rng) -> Self {
        let left_enters = random.random_bool(0.8);
        Self {
            name: format!("{}-{}", left.name(), right.name()),
            nodes: Sides { left, right },
            enters: Sides {
                left: left_enters,
                right: !left_enters || random.random_bool(0.7),
            },
            choices: Choices::draw(random),
            title: TitlePolicy::draw(titles),
        }
    }

    /// Whether labels cross. Redmine has no labels: they would lie in a custom field, whose value a request replaces as a
    /// whole, and no request can be made conditional. A label that somebody adds there between our reading and our writing
    /// is overwritten, whoever writes; judged element by element, as labels are here, that is a loss. It is known, and
    /// stands in CHANGELOG.md.
    pub(super) fn carries_labels(&self) -> bool {
        let mut ends = [self.nodes.left, self.nodes.right].into_iter();
        ends.all(|place| place.home() != Place::Redmine)
    }
}

/// What a new rule version may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choices {
    /// The conflict policy of all fields but the title: `left` or `right`.
    pub(super) conflict: &'static str,
    /// The line above a mirrored comment; empty: none.
    pub(super) header: &'static str,
    /// Whether the left side has a script.
    pub(super) script: bool,
}

impl Choices {
    pub(super) fn draw(random: &mut ChaCha8Rng) -> Self {
        Self {
            conflict: ["left", "right"][random.random_range(0..2)],
            header: ["", "{author} · {time}"][random.random_range(0..2)],
            script: random.random_bool(0.5),
        }
    }
}

impl World {
    /// The world of a seed.
    pub(super) fn of(seed: u64) -> Self {
        let limits = stream(seed, "limits").random_bool(0.3);
        let mut world = Self {
            limits,
            ..Self::draw(&mut stream(seed, "world"), &mut stream(seed, "titles"))
        };
        world.fork(&mut stream(seed, "fork"), &mut stream(seed, "fork titles"));
        world
    }

    /// Half of the pairs become forks: one tracker takes part with a second place, whose items are twins of the other
    /// tracker's items too, and in some worlds of those in its first place.
    fn fork(&mut self, random: &mut ChaCha8Rng, titles: &mut ChaCha8Rng) {
        let [left, right] = self.places[..] else {
            return;
        };
        if random.random_bool(0.5) {
            return;
        }
        let ends = if random.random_bool(0.5) {
            [(left, right), (right, left)]
        } else {
            [(right, left), (left, right)]
        };
        let siblings = ends
            .into_iter()
            .find_map(|(first, hub)| Some((hub, first, first.sibling()?)));
        let Some((hub, first, second)) = siblings else {
            return;
        };
        self.connections
            .push(Connection::draw(hub, second, random, titles));
        self.places.push(second);
        if random.random_bool(0.3) {
            self.connections
                .push(Connection::draw(second, first, random, titles));
            for connection in &mut self.connections {
                connection.title = TitlePolicy::LEFT;
            }
        }
    }

    /// `titles` draws the titles' policies.
    fn draw(random: &mut ChaCha8Rng, titles: &mut ChaCha8Rng) -> Self {
        let mut places = Place::HOMES.to_vec();
        places.shuffle(random);
        places.truncate(random.random_range(2..=3));
        let mut ends = vec![(places[0], places[1])];
        if let [_, second, third] = places[..] {
            ends.push((second, third));
        }
        let connections = ends.into_iter();
        let connections =
            connections.map(|(left, right)| Connection::draw(left, right, random, titles));
        let mut world = Self {
            connections: connections.collect(),
            places,
            items: random.random_range(1..=3),
            chaos: Duration::from_secs(random.random_range(120..=300)),
            acts: random.random_range(8..=18),
            crashes: random.random_range(0..=2),
            publishes: random.random_range(0..=2),
            limits: false,
        };
        if let [first, _, third] = world.places[..]
            && random.random_bool(0.5)
        {
            let closing = Connection::draw(third, first, random, titles);
            world.connections.push(closing);
            // In a ring what one connection holds comes round by the others.
            for connection in &mut world.connections {
                connection.title = TitlePolicy::LEFT;
            }
        }
        world
    }

    /// What the connections make of the places: `pair`, `chain`, `fork` (two places of one tracker and another one) or
    /// `ring` (of three trackers, or of a fork).
    pub(super) fn shape(&self) -> &'static str {
        match self.connections.len() {
            ..=1 => "pair",
            2 if self.has_two_of_a_tracker() => "fork",
            2 => "chain",
            3.. => "ring",
        }
    }

    /// Whether two places are of one tracker.
    pub(super) fn has_two_of_a_tracker(&self) -> bool {
        Place::homes(&self.places).len() < self.places.len()
    }

    /// The places whose labels are kept in step: both ends of the one connection that carries them.
    pub(super) fn labelled(&self) -> BTreeSet<Place> {
        let carrying = self.connections.iter().filter(|c| c.carries_labels());
        carrying
            .flat_map(|c| [c.nodes.left, c.nodes.right])
            .collect()
    }

    /// How many connections a place is an end of.
    pub(super) fn connections_of(&self, place: Place) -> usize {
        let ends = self.connections.iter().map(|connection| &connection.nodes);
        ends.filter(|ends| ends.left == place || ends.right == place)
            .count()
    }

    /// Whether an item of a place enters a connection by itself.
    pub(super) fn enters(&self, place: Place) -> bool {
        self.connections.iter().any(|connection| {
            let mut sides = Side::BOTH.into_iter();
            sides.any(|side| *connection.nodes.get(side) == place && *connection.enters.get(side))
        })
    }

    /// The places that an item created at `origin` reaches.
    pub(super) fn reach(&self, origin: Place) -> BTreeSet<Place> {
        let mut reached = BTreeSet::from([origin]);
        loop {
            let next = self.connections.iter().flat_map(|connection| {
                Side::BOTH.into_iter().filter_map(|side| {
                    let from = *connection.nodes.get(side);
                    let to = *connection.nodes.get(side.other());
                    (*connection.enters.get(side) && reached.contains(&from)).then_some(to)
                })
            });
            let next: BTreeSet<Place> = next.filter(|to| !reached.contains(to)).collect();
            if next.is_empty() {
                return reached;
            }
            reached.extend(next);
        }
    }
}

/// The faults of one tracker during the chaos. Each kind is left out in half of the seeds, so that a failure has few
/// causes.
pub(super) fn tracker_faults(random: &mut ChaCha8Rng) -> Faults {
    let mut share = |most: f64| {
        if random.random_bool(0.5) {
            random.random_range(0.0..most)
        } else {
            0.0
        }
    };
    Faults {
        server_error: share(0.1),
        throttle: share(0.05),
        timeout_after_effect: share(0.1),
        late_write: share(0.1),
        stale_read: share(0.05),
        html: share(0.05),
        webhook_lose: share(0.5),
        webhook_double: share(0.3),
        webhook_reorder: share(0.3),
        latency_ms: Span(1, 400),
        throttle_retry_after_s: 5,
        late_write_ms: Span(100, 8_000),
        timeout_ms: 2_000,
        stale_read_ms: 3_000,
        index_lag_ms: 10_000,
        webhook_reorder_ms: 5_000,
        webhook_delay_ms: Span(0, 1_000),
        ..Faults::default()
    }
}

/// The faults of a disk during the chaos.
pub(super) fn disk_faults(random: &mut ChaCha8Rng) -> DiskFaults {
    let mut share = |most: f64| {
        if random.random_bool(0.5) {
            random.random_range(0.0..most)
        } else {
            0.0
        }
    };
    DiskFaults {
        refuse: share(0.05),
        crash_before: share(0.01),
        crash_after: share(0.01),
    }
}

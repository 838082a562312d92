//! The deterministic simulation, as far as every run of the suite does it; `cargo xtask sim` does more.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its world is not as it must be"
)]

use std::collections::BTreeSet;
use twinline_core::mutant::Mutant;
use xtask::sim::{
    Sabotage, fleet_lead, fleet_leads, judge, places, run, run_against, run_broken, run_fleet,
    shape,
};

/// Ten seeds hold.
fn check(first: u64) {
    hold(first..first + 10);
}

fn hold(seeds: impl IntoIterator<Item = u64>) {
    for seed in seeds {
        let outcome = run(seed, false).unwrap();
        assert!(
            outcome.faults.is_empty(),
            "repeat it with `cargo xtask sim --seed {seed}`: {:#?} in {}",
            outcome.faults,
            outcome.world
        );
    }
}

#[test]
fn seeds_1_to_10_hold() {
    check(1);
}

#[test]
fn seeds_11_to_20_hold() {
    check(11);
}

#[test]
fn seeds_21_to_30_hold() {
    check(21);
}

#[test]
fn seeds_31_to_40_hold() {
    check(31);
}

#[test]
fn seeds_41_to_50_hold() {
    check(41);
}

/// A hidden change that undid later ones, and an item that was made between a publish and the first sweep.
#[test]
fn seeds_that_have_found_something_hold() {
    hold([80, 247]);
}

/// The worlds above are of every shape, several times.
#[test]
fn the_seeds_have_pairs_chains_forks_and_rings() {
    for wanted in ["pair", "chain", "fork", "ring"] {
        let found = (1..=50).filter(|seed| shape(*seed) == wanted).count();
        assert!(found >= 6, "{found} {wanted}s");
    }
}

#[test]
fn a_seed_repeats_itself_step_by_step() {
    for seed in [1, 2, 3] {
        let (first, second) = (run(seed, false).unwrap(), run(seed, false).unwrap());
        assert!(first.steps > 100, "{}", first.steps);
        assert_eq!(
            (first.steps, first.hash),
            (second.steps, second.hash),
            "seed {seed}"
        );
    }
}

/// In a world that is broken like this the checkers find it, in these words.
fn finds(sabotage: Sabotage, words: &str) {
    // Of GitHub and Jira: requests of each kind go to Jira then.
    let mut pairs = (1..=50).filter(|seed| shape(*seed) == "pair");
    let seed = pairs.find(|seed| {
        let places = places(*seed);
        ["github", "jira"].iter().all(|name| places.contains(name))
    });
    let seed = seed.unwrap();
    let outcome = run_broken(seed, false, Some(sabotage)).unwrap();
    let found = outcome.faults.iter().any(|fault| fault.contains(words));
    assert!(
        found,
        "'{words}' is not in {:#?} of {}",
        outcome.faults, outcome.world
    );
}

#[test]
fn an_echo_with_every_change_is_found() {
    finds(Sabotage::SetTwice, "changed nothing");
}

#[test]
fn items_that_are_made_twice_are_found() {
    finds(Sabotage::MakeTwice, "2 times at");
}

#[test]
fn edits_that_are_lost_are_found() {
    finds(Sabotage::Forget, "is not in step");
}

/// Drawn seeds of the fleet hold.
fn fleet_holds(seeds: impl IntoIterator<Item = u64>) {
    for seed in seeds {
        let outcome = run_fleet(seed, false).unwrap();
        assert!(
            outcome.faults.is_empty(),
            "repeat it with `cargo xtask sim --fleet --seed {seed}`: {:#?} in {}",
            outcome.faults,
            outcome.world
        );
    }
}

/// The drawn seeds that every run of the suite takes.
const LOSSES: [u64; 3] = [14, 1, 5];
const OWNERS: [u64; 2] = [2, 6];
const NETWORKS: [u64; 2] = [3, 4];
const DATABASES: [u64; 2] = [7, 10];
const FAILOVERS: [u64; 2] = [11, 13];
/// In each a title is held as a ping-pong, and crosses when it is released.
const RALLIES: [u64; 3] = [8, 9, 12];

#[test]
fn fleets_that_lose_processes_a_disk_and_a_key_hold() {
    fleet_holds(LOSSES);
}

#[test]
fn fleets_whose_owner_stands_still_and_is_drained_hold() {
    fleet_holds(OWNERS);
}

#[test]
fn fleets_that_are_cut_off_and_whose_etcd_has_no_quorum_hold() {
    fleet_holds(NETWORKS);
}

#[test]
fn fleets_whose_database_hangs_and_fails_over_hold() {
    fleet_holds(DATABASES);
}

#[test]
fn fleets_whose_database_forgets_and_breaks_off_hold() {
    fleet_holds(FAILOVERS);
}

#[test]
fn fleets_in_which_people_answer_each_other_within_seconds_hold() {
    fleet_holds(RALLIES);
}

/// Whatever may go wrong leads one of them; as a seed's second story it might come too late to matter.
#[test]
fn the_fleets_seeds_are_led_by_every_kind_of_fault() {
    let seeds: [&[u64]; 6] = [
        &LOSSES, &OWNERS, &NETWORKS, &DATABASES, &FAILOVERS, &RALLIES,
    ];
    let led: BTreeSet<String> = seeds.concat().into_iter().map(fleet_lead).collect();
    assert_eq!(led, fleet_leads());
}

#[test]
fn a_fleet_repeats_itself_step_by_step() {
    let run = || run_against(Mutant::TakenDropped, 1, false).unwrap();
    let (first, second) = (run(), run());
    assert!(first.steps > 100, "{}", first.steps);
    assert_eq!((first.steps, first.hash), (second.steps, second.hash));
}

/// With this rule of the fleet's protocol broken its story fails, and only then.
fn is_caught(mutant: Mutant) {
    let verdict = judge(mutant, 1..6).unwrap();
    assert!(verdict.is_sound(), "{verdict:#?}");
}

#[test]
fn a_takeover_without_waiting_is_caught() {
    is_caught(Mutant::TakeoverWithoutWaiting);
}

#[test]
fn a_permit_from_the_answer_is_caught() {
    is_caught(Mutant::PermitFromAnswer);
}

#[test]
fn a_revision_without_epoch_is_caught() {
    is_caught(Mutant::RevWithoutEpoch);
}

#[test]
fn a_cursor_that_is_shipped_first_is_caught() {
    is_caught(Mutant::CursorFirst);
}

#[test]
fn what_is_taken_and_dropped_is_caught() {
    is_caught(Mutant::TakenDropped);
}

#[test]
fn reading_before_the_fence_is_caught() {
    is_caught(Mutant::HydrateBeforeFence);
}

#[test]
fn an_intent_that_waits_for_anothers_commit_is_caught() {
    is_caught(Mutant::IntentAlong);
}

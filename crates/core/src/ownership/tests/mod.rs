mod regroup;
mod wish;

use super::{BootTime, LeaseTerms, Load, Vacant, claims};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

fn terms() -> LeaseTerms {
    let (ttl, attempt) = (Duration::from_secs(15), Duration::from_secs(8));
    LeaseTerms::new(ttl, attempt).unwrap()
}

#[test]
fn the_default_terms_leave_time_to_begin_attempts() {
    let sent = BootTime::from_millis(1_000);
    assert_eq!(
        terms().permit(sent).since(sent),
        Duration::from_millis(6_250)
    );
    assert_eq!(
        terms().lost(sent).since(sent),
        Duration::from_millis(14_250)
    );
    assert_eq!(terms().takeover_wait(), Duration::from_millis(8_750));
}

#[test]
fn terms_without_time_for_an_attempt_are_refused_and_name_the_keys() {
    let refused = LeaseTerms::new(Duration::from_secs(15), Duration::from_secs(10)).unwrap_err();
    let said = refused.to_string();
    assert!(
        said.contains("ownership.attempt_ms") && said.contains("10000 ms"),
        "{said}"
    );
}

fn vacant(group: &str, nodes: u32) -> Vacant<String> {
    Vacant {
        group: group.to_owned(),
        nodes,
        pinned: None,
        overdue: false,
    }
}

fn hosts(loads: &[(&str, u32)]) -> BTreeMap<String, Load> {
    let host = |(name, nodes): &(&str, u32)| {
        let load = Load {
            nodes: *nodes,
            draining: false,
        };
        ((*name).to_owned(), load)
    };
    loads.iter().map(host).collect()
}

fn check(vacant: &[Vacant<String>], hosts: &BTreeMap<String, Load>, expected: &[(&str, &[&str])]) {
    for (me, groups) in expected {
        let mine: Vec<String> = claims(vacant, hosts, me).into_iter().collect();
        assert_eq!(mine, *groups, "{me}");
    }
}

#[test]
fn vacant_groups_go_to_who_carries_least() {
    check(
        &[vacant("a", 2), vacant("b", 2), vacant("c", 9)],
        &hosts(&[("m1", 10), ("m2", 0)]),
        &[("m1", &["b"]), ("m2", &["a", "c"])],
    );
}

#[test]
fn a_pin_counts_while_its_host_is_there() {
    let mut pinned = vacant("a", 2);
    pinned.pinned = Some("m1".to_owned());
    let both = hosts(&[("m1", 10), ("m2", 0)]);
    check(&[pinned.clone()], &both, &[("m1", &["a"]), ("m2", &[])]);
    check(&[pinned], &hosts(&[("m2", 0)]), &[("m2", &["a"])]);
}

#[test]
fn a_draining_host_takes_nothing() {
    let mut all = hosts(&[("m1", 0), ("m2", 50)]);
    all.get_mut("m1").unwrap().draining = true;
    let mut late = vacant("b", 1);
    late.overdue = true;
    check(
        &[vacant("a", 2), late],
        &all,
        &[("m1", &[]), ("m2", &["a", "b"])],
    );
}

#[test]
fn an_overdue_group_is_claimed_by_whoever_can() {
    let mut late = vacant("a", 2);
    late.overdue = true;
    check(
        &[late],
        &hosts(&[("m1", 0), ("m2", 50)]),
        &[("m1", &["a"]), ("m2", &["a"])],
    );
}

#[test]
fn an_overdue_group_is_left_to_the_host_that_a_person_has_chosen_while_that_is_there() {
    let mut late = vacant("a", 2);
    late.overdue = true;
    late.pinned = Some("m2".to_owned());
    let both = hosts(&[("m1", 0), ("m2", 50)]);
    check(&[late.clone()], &both, &[("m1", &[]), ("m2", &["a"])]);
    check(&[late], &hosts(&[("m1", 0)]), &[("m1", &["a"])]);
}

proptest! {
    /// Between two renewals nobody else can own the group while an attempt is under way, whatever the delays are: an
    /// attempt that begins at the last permitted instant has ended before the lease can end, also where the lease's
    /// clock runs a fiftieth faster.
    #[test]
    fn an_attempt_ends_before_the_lease(ttl_ms in 3_000_u64..120_000, part in 1_u64..60, sent in 0_u64..1_000_000) {
        let ttl = Duration::from_millis(ttl_ms);
        let attempt = Duration::from_millis(ttl_ms * part / 100);
        let Ok(terms) = LeaseTerms::new(ttl, attempt) else { return Ok(()) };
        let sent = BootTime::from_millis(sent);
        let ended = terms.permit(sent).plus(attempt);
        let gone = sent.plus(ttl.mul_f64(0.98));
        prop_assert!(ended <= terms.lost(sent));
        prop_assert!(ended <= gone);
    }

    /// Every vacant group is claimed by exactly one host, and no host ends with more than the others by more than the
    /// greatest group.
    #[test]
    fn each_group_falls_to_one(sizes in prop::collection::vec(1_u32..20, 0..30), hosts_count in 1_usize..6) {
        let vacant: Vec<_> = sizes.iter().enumerate().map(|(n, size)| vacant(&format!("g{n:02}"), *size)).collect();
        let names: Vec<String> = (0..hosts_count).map(|n| format!("m{n}")).collect();
        let hosts: BTreeMap<String, Load> = names.iter().map(|name| (name.clone(), Load::default())).collect();
        let mut claimed = BTreeMap::new();
        let mut carried = Vec::new();
        for name in &names {
            let mine = claims(&vacant, &hosts, name);
            carried.push(vacant.iter().filter(|one| mine.contains(&one.group)).map(|one| one.nodes).sum::<u32>());
            for group in mine {
                *claimed.entry(group).or_insert(0) += 1;
            }
        }
        prop_assert_eq!(claimed.len(), vacant.len());
        prop_assert!(claimed.values().all(|count| *count == 1));
        let (most, least) = (carried.iter().max().unwrap(), carried.iter().min().unwrap());
        prop_assert!(most - least <= *sizes.iter().max().unwrap_or(&0));
    }
}

use super::*;
use crate::stamp::Epoch;
use crate::stamp::GroupId;

fn epoch(generation: u16, revision: u64) -> Epoch {
    Epoch::new(generation, revision)
}

fn known() -> GroupRow {
    GroupRow {
        epoch: epoch(1, 7),
        writer: "ours".to_owned(),
        shipped_epoch: epoch(1, 7),
        shipped_rev: 100,
        vouched_rev: 90,
        copy: 3,
        copy_pruned: 10,
        complete: true,
    }
}

fn line() -> Line {
    Line {
        writer: "ours".to_owned(),
        base_epoch: None,
        pruned: 10,
        rev: 120,
    }
}

fn check(known: Option<GroupRow>, given: Epoch, line: &Line, expected: &str) {
    let stamp = Stamp {
        group: GroupId::new("g"),
        epoch: given,
    };
    let shown = match start(known.as_ref(), &stamp, line) {
        Ok(Start::Copy(copy)) => format!("copy {copy}"),
        Ok(Start::GoOn {
            after,
            vouched,
            sweeps,
            ..
        }) => {
            format!(
                "go on after {after}/{vouched}{}",
                if sweeps { ", sweeps" } else { "" }
            )
        }
        Err(CentralError::Superseded { .. }) => "superseded".to_owned(),
        Err(CentralError::ForeignWriter { .. }) => "foreign".to_owned(),
        Err(CentralError::NotTakenOver { .. }) => "not taken over".to_owned(),
        Err(CentralError::Behind { .. }) => "behind".to_owned(),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(shown, expected);
}

#[test]
fn where_the_owner_goes_on() {
    let now = epoch(1, 7);
    check(None, now, &line(), "copy 1");
    check(Some(known()), now, &line(), "go on after 100/90");
    // The same store under a later ownership of the same group, with nobody in between.
    let mut earlier = known();
    earlier.epoch = epoch(1, 5);
    earlier.shipped_epoch = epoch(1, 5);
    check(Some(earlier.clone()), now, &line(), "copy 4");
    let mut made_from_it = line();
    made_from_it.base_epoch = Some(epoch(1, 5));
    check(Some(earlier), now, &made_from_it, "go on after 100/90");
}

#[test]
fn who_is_not_the_owner_writes_nothing() {
    check(Some(known()), epoch(1, 6), &line(), "superseded");
    let mut other = line();
    other.writer = "other".to_owned();
    check(Some(known()), epoch(1, 7), &other, "foreign");
    check(Some(known()), epoch(1, 8), &other, "not taken over");
    check(Some(known()), epoch(2, 0), &other, "copy 4");
    // Taken over from that replica, and the database went back to before the claim.
    other.base_epoch = Some(epoch(1, 7));
    check(Some(known()), epoch(1, 8), &other, "copy 4");
    // From a later one, and the database went back by several owners.
    other.base_epoch = Some(epoch(1, 8));
    check(Some(known()), epoch(1, 9), &other, "copy 4");
    other.base_epoch = Some(epoch(1, 6));
    check(Some(known()), epoch(1, 8), &other, "not taken over");
}

#[test]
fn a_replica_that_went_back_or_ahead() {
    let now = epoch(1, 7);
    let mut failed_over = known();
    failed_over.shipped_rev = 40;
    check(Some(failed_over.clone()), now, &line(), "go on after 40/90");
    let mut forgot = line();
    forgot.pruned = 50;
    check(Some(failed_over.clone()), now, &forgot, "copy 4");
    let mut copying = failed_over;
    copying.complete = false;
    copying.copy_pruned = 50;
    check(Some(copying), now, &forgot, "go on after 40/90, sweeps");
    let mut ahead = known();
    ahead.shipped_rev = 121;
    check(Some(ahead), now, &line(), "behind");
}

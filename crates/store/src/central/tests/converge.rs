//! Whatever order batches arrive in, on whichever connections, however often and from whatever epoch: the replica has, of
//! each row, the state with the greatest (epoch, revision).

use super::support::*;
use crate::central::replica::put_rows_for_test;
use crate::central::*;
use crate::host::replica::Change;
use crate::stamp::{Epoch, GroupId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinSet;
use twinline_sim::postgres::Postgres;

/// One batch: its epoch, and rows as (key, revision).
type Batch = (u64, Vec<(u8, i64)>);

fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let row = (0..6_u8, 1..25_i64);
    let batch = (1..4_u64, prop::collection::vec(row, 1..6));
    prop::collection::vec(batch, 1..8).prop_flat_map(|batches| {
        let repeats = prop::collection::vec(prop::sample::select(batches.clone()), 0..6);
        (Just(batches), repeats)
            .prop_map(|(all, again)| [all, again].concat())
            .prop_shuffle()
    })
}

/// The state of a row follows from its stamp, as it does in a store.
fn change(epoch: u64, key: u8, rev: i64) -> Change {
    Change {
        table: "twins".to_owned(),
        key: format!("[\"{key}\"]"),
        rev,
        payload: (rev % 5 != 0).then(|| format!("{{\"state\":\"{epoch}.{rev}\"}}")),
    }
}

fn expected(batches: &[Batch]) -> BTreeMap<String, String> {
    let mut newest: BTreeMap<u8, (u64, i64)> = BTreeMap::new();
    for (epoch, rows) in batches {
        for (key, rev) in rows {
            let stamp = newest.entry(*key).or_default();
            *stamp = (*stamp).max((*epoch, *rev));
        }
    }
    let living = newest.into_iter().filter(|(_, (_, rev))| rev % 5 != 0);
    living
        .map(|(key, (epoch, rev))| (format!("[\"{key}\"]"), format!("{epoch}.{rev}")))
        .collect()
}

async fn send(client: CentralClient, group: GroupId, (epoch, rows): Batch) {
    // A batch has each key once: the newest of its revisions.
    let mut newest = BTreeMap::new();
    for (key, rev) in rows {
        let row = newest.entry(key).or_insert(rev);
        *row = rev.max(*row);
    }
    let changes: Vec<Change> = newest
        .into_iter()
        .map(|(key, rev)| change(epoch, key, rev))
        .collect();
    loop {
        let sent = put_rows_for_test(&client, &group, Epoch::new(1, epoch), &changes).await;
        match sent {
            Ok(()) => return,
            Err(error) => assert!(error.is_retryable(), "{error}"),
        }
    }
}

fn found(server: &Postgres, group: &GroupId) -> BTreeMap<String, String> {
    let sql = format!(
        "SELECT key || ' ' || (payload ->> 'state') FROM twinline.replica \
         WHERE grp = '{group}' AND payload IS NOT NULL"
    );
    let text = server.psql(&sql).unwrap();
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(key, state)| (key.to_owned(), state.to_owned()))
        .collect()
}

#[test]
fn the_replica_converges_to_the_newest() {
    let Some(server) = server(&[]) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = runtime.block_on(async {
        let client = client_to(&server.url(), settings());
        healthy(&client).await;
        client
    });
    let mut runner = TestRunner::new(Config {
        cases: 24,
        max_shrink_iters: 50,
        failure_persistence: None,
        ..Config::default()
    });
    let server = Arc::new(server);
    let mut number = 0;
    let cases = std::cell::RefCell::new(&mut number);
    let outcome = runner.run(&batches(), |batches| {
        **cases.borrow_mut() += 1;
        let group = GroupId::new(format!("g{}", cases.borrow()));
        runtime.block_on(async {
            let mut sending = JoinSet::new();
            for batch in batches.clone() {
                sending.spawn(send(client.clone(), group.clone(), batch));
            }
            sending.join_all().await;
        });
        prop_assert_eq!(found(&server, &group), expected(&batches));
        Ok(())
    });
    outcome.unwrap();
}

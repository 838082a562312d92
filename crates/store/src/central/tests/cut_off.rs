//! Rounds that are cut off anywhere, while the store is written all the time: what the replica shows is always one state
//! of the store, and in the end all of it.

use super::replication::{caught_up, check_equal, entropy, open, run, settle, take};
use super::support::*;
use crate::central::replica::{Marks, Replication};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::timeout;
use twinline_sim::postgres::Postgres;

/// Items are settled in order, so many after they were taken.
const OPEN: u64 = 5;
/// How often a round is cut off.
const CUTS: u64 = 30;

/// In every state of the store the cursor is at the last item that was taken, and the last few are marked.
fn check_one_state(server: &Postgres) {
    let sql = "SELECT (SELECT payload ->> 'taken' FROM twinline.replica WHERE tbl = 'edge_cursors'), \
               coalesce((SELECT string_agg(payload ->> 'id', ',') FROM twinline.replica \
               WHERE tbl = 'dirty' AND payload IS NOT NULL), '')";
    let found = server.psql(sql).unwrap();
    let (cursor, marked) = found.split_once('|').unwrap();
    // Nothing was shipped yet.
    let Ok(taken) = cursor.parse::<u64>() else {
        return assert_eq!(marked, "");
    };
    let marked: BTreeSet<u64> = marked.split(',').map(|id| id.parse().unwrap()).collect();
    let least = *marked.first().unwrap();
    assert_eq!(*marked.last().unwrap(), taken, "{found}");
    assert_eq!(marked.len() as u64, taken - least + 1, "no gap: {found}");
    assert!(
        (OPEN..=OPEN + 1).contains(&(marked.len() as u64)) || taken <= OPEN,
        "{found}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_is_cut_off_leaves_one_state_of_the_store() {
    let Some(server) = server(&[]) else { return };
    let folder = TempDir::new().unwrap();
    let store = open(&folder.path().join("host.db")).await;
    let client = client_to(&server.url(), settings());
    healthy(&client).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (store, stop) = (store.clone(), Arc::clone(&stop));
        tokio::spawn(async move {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                take(&store, number).await;
                if number > OPEN {
                    settle(&store, number - OPEN).await;
                }
            }
            number
        })
    };
    for cut in 0..CUTS {
        let marks: Marks = Arc::new(BTreeMap::new);
        let replication =
            Replication::new(store.clone(), Arc::new(client.clone()), &entropy(1), marks);
        let running = replication.in_pieces_of(7).run(std::future::pending());
        // From before the first statement to after some rounds.
        let patience = Duration::from_millis(cut * cut * 37 % 400);
        assert!(
            timeout(patience, running).await.is_err(),
            "it runs until it is cut off"
        );
        check_one_state(&server);
    }
    stop.store(true, Ordering::Relaxed);
    let taken = writer.await.unwrap();
    assert!(taken > 100, "the store was written all the time: {taken}");
    let running = run(&store, &client, 1);
    caught_up(&store, &running).await;
    check_one_state(&server);
    check_equal(&server, &store).await;
}

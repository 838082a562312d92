//! What is forgotten, what never is.

use super::*;
use std::time::Duration;
use twinline_core::comments::{CommentLink, CommentOrigin, MirrorState};
use twinline_core::digest::Digest;
use twinline_core::names::Side;
use twinline_core::reconcile::{Base, FieldState};
use twinline_core::richtext::Document;
use twinline_core::rules::ScriptComment;

fn keep(max: u32) -> HostKeep {
    HostKeep {
        history: Duration::from_millis(100),
        observations: Duration::from_millis(100),
        audit: Duration::from_millis(100),
        history_max_rows: 3,
        file_max_bytes: u64::MAX,
        least: Duration::from_millis(10),
        step_max_rows: max,
    }
}

fn entry(ms: i64) -> HistoryEntry {
    HistoryEntry {
        item: id("gh", "1"),
        at: at(ms),
        kind: HistoryKind::Write,
        connection: None,
        link: None,
        rule_version: None,
        by: None,
        field: None,
        before: None,
        after: None,
        source: None,
        source_at: None,
        effect: None,
        attempt: 1,
        latency_ms: None,
        text: None,
    }
}

/// The first step of a round.
async fn prune(host: &HostStore, keep: HostKeep, now: i64) -> HostPruned {
    prune_from(host, keep, now, PruneCursor::default()).await
}

async fn prune_from(host: &HostStore, keep: HostKeep, now: i64, from: PruneCursor) -> HostPruned {
    host.write(move |tx| tx.prune(&keep, at(now), &from))
        .await
        .unwrap()
}

/// A whole round: what each of their steps says.
async fn round(host: &HostStore, keep: HostKeep, now: i64) -> Vec<HostPruned> {
    let (mut steps, mut from) = (Vec::new(), Some(PruneCursor::default()));
    while let Some(begin) = from {
        let step = prune_from(host, keep, now, begin).await;
        from = step.next;
        steps.push(step);
        assert!(steps.len() < 100, "a round ends: {steps:?}");
    }
    steps
}

#[tokio::test]
async fn an_observation_that_a_base_refers_to_is_never_dropped() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let base = Base {
        observation: observation("kept"),
        rule_version: 3,
        fields: BTreeMap::from([("title".into(), Value::text("kept"))]),
        pending: std::collections::BTreeSet::from(["points".into()]),
        advanced: BTreeMap::from([(
            "title".into(),
            FieldState {
                state: Some(Digest::of(&1)),
                skipped: None,
            },
        )]),
        asked: vec![ScriptComment {
            key: "hello".to_owned(),
            body: Document::from_plain("hello"),
            channel: "public".to_owned(),
        }],
    };
    let stored = base.clone();
    let (kept, dropped) = host
        .write(move |tx| {
            tx.put_base(&"l1".into(), Side::Left, &base, at(0))?;
            Ok((
                tx.put_observation(&observation("kept"), at(0))?,
                tx.put_observation(&observation("dropped"), at(0))?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(
        prune(&host, keep(10), 100).await.observations,
        0,
        "not old enough"
    );
    assert_eq!(prune(&host, keep(10), 10_000).await.observations, 1);
    let found = host
        .read(move |r| {
            Ok((
                has_observation(r, &kept)?,
                has_observation(r, &dropped)?,
                r.base(&"l1".into(), Side::Left)?,
            ))
        })
        .await
        .unwrap();
    assert_eq!((found.0, found.1), (true, false));
    assert_eq!(found.2, Some(stored));
    host.write(|tx| tx.drop_bases(&"l1".into())).await.unwrap();
    assert_eq!(
        prune(&host, keep(10), 10_000).await.observations,
        1,
        "nobody refers to it now"
    );
}

#[tokio::test]
async fn history_goes_by_age_and_by_count_a_piece_at_a_time() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    host.write(|tx| (0..10).try_for_each(|n| tx.append_history(&entry(n * 20))))
        .await
        .unwrap();
    // At 200 the entries at 0 to 80 are past their time: five of them, two a step; then only three newest are kept.
    let steps = round(&host, keep(2), 200).await;
    assert!(steps.iter().all(|step| step.history <= 4), "{steps:?}");
    assert_eq!(steps.iter().map(|step| step.history).sum::<usize>(), 7);
    let left = host
        .read(|r| r.history(&id("gh", "1"), None, 10))
        .await
        .unwrap();
    assert_eq!(
        left.iter().map(|row| row.entry.at).collect::<Vec<_>>(),
        [at(180), at(160), at(140)]
    );
    let older = host
        .read(move |r| r.history(&id("gh", "1"), Some(left[0].seq), 1))
        .await
        .unwrap();
    assert_eq!(older[0].entry, entry(160));
}

#[tokio::test]
async fn the_directory_forgets_old_items_that_are_in_no_twin() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    host.write(|tx| {
        tx.put_item(&item_row("gh", "1", "acme/app#1", None))?;
        tx.put_item(&item_row("gh", "2", "acme/app#2", None))?;
        tx.put_item(&item_row("gh", "3", "acme/app#3", Some("r1")))?;
        tx.put_twin(&twin(
            "l1",
            "1",
            None,
            TwinState::Unlinked { returns: false },
        ))
    })
    .await
    .unwrap();
    assert_eq!(prune(&host, keep(10), 100).await.items, 0, "not old enough");
    assert_eq!(prune(&host, keep(10), 10_000).await.items, 1);
    let left = host
        .read(|r| {
            ["1", "2", "3"]
                .iter()
                .map(|n| Ok(r.item(&id("gh", n))?.is_some()))
                .collect::<Result<Vec<_>, StoreError>>()
        })
        .await
        .unwrap();
    assert_eq!(left, [true, false, true]);
}

#[tokio::test]
async fn a_file_over_its_weight_forgets_before_the_time_but_nothing_recent() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    host.write(|tx| {
        (0..10).try_for_each(|n| tx.append_history(&entry(n * 20)))?;
        tx.put_observation(&observation("old"), at(0))?;
        tx.put_observation(&observation("recent"), at(195))
            .map(drop)
    })
    .await
    .unwrap();
    let roomy = HostKeep {
        history: Duration::from_secs(1),
        observations: Duration::from_secs(1),
        history_max_rows: 1000,
        ..keep(100)
    };
    assert_eq!(prune(&host, roomy, 200).await, HostPruned::default());
    let tight = HostKeep {
        file_max_bytes: 0,
        least: Duration::from_millis(50),
        ..roomy
    };
    let pruned = prune(&host, tight, 200).await;
    assert_eq!((pruned.history, pruned.observations), (8, 1), "{pruned:?}");
    assert_eq!(prune(&host, tight, 200).await, HostPruned::default());
}

#[tokio::test]
async fn comment_links_go_some_time_after_the_last_twin_of_their_cluster() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let ended = || TwinState::Unlinked { returns: false };
    host.write(move |tx| {
        tx.put_twin(&twin("l1", "1", None, ended()))?;
        tx.put_twin(&twin("l2", "2", None, TwinState::Live))?;
        let mut other = twin("l3", "3", None, ended());
        other.root = "r2".into();
        tx.put_twin(&other)?;
        for root in ["r1", "r2"] {
            tx.put_comment_link(&comment_link(root))?;
            tx.put_attachment_link(&attachments::link(root, "1", ("jira", "10")))?;
        }
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(prune(&host, keep(10), 100).await.links, 0, "not old enough");
    assert_eq!(prune(&host, keep(10), 10_000).await.links, 2);
    let left = host
        .read(|r| {
            Ok(["r1", "r2"].map(|root| {
                let comments = r.comment_links(&root.into()).unwrap().len();
                (comments, r.attachment_links(&root.into()).unwrap().len())
            }))
        })
        .await
        .unwrap();
    assert_eq!(
        left,
        [(1, 1), (0, 0)],
        "a cluster of which one twin lives keeps them"
    );
}

/// What must be kept lies before what may go: a step that began with all of it each time would find the last one at once,
/// and would take the longer the more there is.
#[tokio::test]
async fn a_step_looks_at_a_piece_of_what_must_be_kept() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let keep = HostKeep {
        history_max_rows: 1000,
        ..keep(3)
    };
    host.write(|tx| {
        for n in 0..7 {
            let text = n.to_string();
            let stored = Base {
                observation: observation(&text),
                rule_version: 1,
                fields: BTreeMap::new(),
                pending: std::collections::BTreeSet::new(),
                advanced: BTreeMap::new(),
                asked: Vec::new(),
            };
            tx.put_base(&format!("l{n}").as_str().into(), Side::Left, &stored, at(1))?;
            tx.put_item(&item_row("gh", &text, &format!("acme/app#{n}"), None))?;
            let mut ended = twin(
                &format!("l{n}"),
                &text,
                None,
                TwinState::Unlinked { returns: false },
            );
            ended.root = format!("r{n}").as_str().into();
            tx.put_twin(&ended)?;
        }
        tx.put_observation(&observation("to go"), at(2))?;
        tx.put_item(&item_row("gh", "99", "acme/app#99", None))?;
        // More of one cluster than a step removes.
        for n in 0..4 {
            tx.put_comment_link(&CommentLink {
                comment: n.to_string(),
                origin: CommentOrigin {
                    item: id("gh", "6"),
                    comment: n.to_string(),
                },
                ..comment_link("r6")
            })?;
        }
        Ok(())
    })
    .await
    .unwrap();
    let steps = round(&host, keep, 10_000).await;
    let removed = |of: fn(&HostPruned) -> usize| steps.iter().map(of).collect::<Vec<_>>();
    assert_eq!(removed(|step| step.observations), [0, 0, 1, 0]);
    assert_eq!(removed(|step| step.items), [0, 0, 1, 0]);
    assert_eq!(removed(|step| step.links), [0, 0, 3, 1]);
    assert_eq!(
        round(&host, keep, 10_000).await.last(),
        Some(&HostPruned::default())
    );
}

#[tokio::test]
async fn what_an_item_led_to_is_found_by_the_item() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let caused = |source: Option<&str>, item: &str| HistoryEntry {
        item: id("jira", item),
        source: source.map(|source| id("gh", source)),
        ..entry(1)
    };
    let entries = [
        caused(Some("1"), "10"),
        caused(Some("2"), "10"),
        caused(None, "10"),
        caused(Some("1"), "11"),
    ];
    let wanted = entries.clone();
    let found = host
        .write(move |tx| {
            entries
                .iter()
                .try_for_each(|entry| tx.append_history(entry))?;
            let newest = tx.history_caused_by(&id("gh", "1"), None, 1)?;
            let older = tx.history_caused_by(&id("gh", "1"), Some(newest[0].seq), 10)?;
            Ok([newest, older].concat())
        })
        .await
        .unwrap();
    let found: Vec<_> = found.into_iter().map(|row| row.entry).collect();
    assert_eq!(found, [wanted[3].clone(), wanted[0].clone()]);
}

fn comment_link(root: &str) -> CommentLink {
    CommentLink {
        root: root.into(),
        origin: CommentOrigin {
            item: id("gh", "1"),
            comment: "7".to_owned(),
        },
        item: id("jira", "10"),
        comment: "70".to_owned(),
        parent: id("gh", "1"),
        revision: Digest::of_bytes(b"a"),
        state: MirrorState::Live,
    }
}

fn has_observation(read: &HostRead<'_>, digest: &Digest) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM observations WHERE digest = ?1";
    Ok(read.one(sql, [digest.as_str()], |_| Ok(()))?.is_some())
}

#[tokio::test]
async fn what_a_backfill_has_listed_is_told_once_and_forgotten_with_it() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let job = |state| Job {
        id: "b1".to_owned(),
        kind: JobKind::Backfill,
        connection: "c".into(),
        state,
        spec: String::new(),
        cursor: None,
        total: None,
        done: 0,
        sentence: None,
        started_at: at(1),
        updated_at: at(1),
    };
    let list = async |numbers: std::ops::Range<u32>| {
        let items = numbers
            .map(|number| id("gh", &number.to_string()))
            .collect();
        let noted = host.write(move |tx| tx.note_listed("b1", items)).await;
        noted.unwrap().len()
    };
    let running = job(JobState::Running);
    host.write(move |tx| tx.put_job(&running)).await.unwrap();
    assert_eq!((list(0..30).await, list(20..40).await), (30, 10));
    assert_eq!(host.read(|read| read.listed_of("b1")).await.unwrap(), 40);
    assert_eq!(round(&host, keep(15), 10).await[0].listed, 0);
    let ended = job(JobState::Cancelled);
    host.write(move |tx| tx.put_job(&ended)).await.unwrap();
    let steps = round(&host, keep(15), 10).await;
    let listed: Vec<usize> = steps.iter().map(|step| step.listed).collect();
    assert_eq!(listed, [15, 15, 10]);
}

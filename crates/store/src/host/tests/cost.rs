//! What one change costs in commits and pages: counted, so that nobody has to time it.

use super::*;
use crate::db::{Limits, Written};
use std::collections::BTreeSet;
use twinline_core::effect::Effect;
use twinline_core::names::Side;
use twinline_core::reconcile::{Base, Planned, ValidFor};

/// Twins that are there.
const TWINS: usize = 300;
/// Changes that are counted.
const CHANGES: usize = 40;

fn base(text: &str) -> Base {
    Base {
        observation: observation(text),
        rule_version: 1,
        fields: BTreeMap::from([("title".into(), Value::text(text))]),
        pending: BTreeSet::new(),
        advanced: BTreeMap::new(),
        asked: Vec::new(),
    }
}

fn twin_of(number: usize) -> Twin {
    Twin {
        root: format!("r{number}").as_str().into(),
        ..twin(
            &format!("{:08x}", number.wrapping_mul(0x9e37_79b9) & 0xffff_ffff),
            &number.to_string(),
            Some(&format!("10{number}")),
            TwinState::Live,
        )
    }
}

fn mark(number: usize, cause: &str, now: i64) -> Mark {
    Mark {
        item: id("gh", &number.to_string()),
        lane: Lane::Live,
        cause: cause.to_owned(),
        due: at(now),
        at: at(now),
    }
}

fn effect(number: usize, now: i64) -> EffectRow {
    EffectRow {
        id: format!("e{now}").as_str().into(),
        link: twin_of(number).link,
        connection: "bugs".into(),
        node: "jira".into(),
        scope: String::new(),
        item: Some(format!("10{number}")),
        planned: Planned {
            side: Side::Right,
            effect: Effect::Delete {
                item: id("jira", &format!("10{number}")),
            },
            fields: BTreeMap::new(),
            sent: BTreeMap::new(),
            comment: None,
            attachment: None,
        },
        valid_for: ValidFor {
            observations: Sides::default(),
            rule_version: 1,
        },
        rule_version: 1,
        state: EffectState::Attempting,
        settled: false,
        intended_at: at(now),
        started_at: Some(at(now)),
        ended_at: None,
        attempts: 1,
        next_due: None,
    }
}

fn line(number: usize, now: i64) -> HistoryEntry {
    HistoryEntry {
        item: id("jira", &format!("10{number}")),
        at: at(now),
        kind: HistoryKind::Write,
        connection: Some("bugs".into()),
        link: Some(twin_of(number).link),
        rule_version: Some(1),
        by: None,
        field: Some("summary".to_owned()),
        before: Some(Value::text("before")),
        after: Some(Value::text("after")),
        source: Some(id("gh", &number.to_string())),
        source_at: Some(at(now)),
        effect: None,
        attempt: 1,
        latency_ms: Some(5),
        text: None,
    }
}

/// A store with twins in step, which is replicated.
async fn prepared(folder: &TempDir) -> HostStore {
    let options = DbOptions {
        limits: Limits {
            // Nothing is committed but what the test asks for.
            along_max_ms: 3_600_000,
            ..Limits::default()
        },
        ..DbOptions::default()
    };
    let path = folder.path().join("host.db");
    let host = HostStore::open(&path, options, "acme").await.unwrap();
    let group = host.stamp().group.clone();
    host.write(move |tx| {
        tx.begin_replication(&group, "w1")?;
        for number in 0..TWINS {
            let twin = twin_of(number);
            tx.put_twin(&twin)?;
            for side in Side::BOTH {
                let text = format!("{side} of {number}");
                tx.put_base(&twin.link, side, &base(&text), at(1))?;
                let item = twin.item(side).unwrap();
                let root = Some(twin.root.as_str());
                tx.put_item(&item_row(item.node.as_str(), &item.id, &item.id, root))?;
            }
        }
        Ok(())
    })
    .await
    .unwrap();
    host
}

/// The steps of a host's for one change, from its delivery to the clearing of its mark.
async fn change(host: &HostStore, number: usize, now: i64) {
    let taken = host.write(move |tx| {
        let cursor = EdgeCursor {
            taken: u64::try_from(now).unwrap(),
            ..EdgeCursor::default()
        };
        tx.put_edge_cursor("edge", &cursor)?;
        tx.mark_dirty(&mark(number, "delivery", now))
    });
    taken.await.unwrap();
    let intended = host.write(move |tx| {
        tx.count_writes(&"bugs".into(), at(now), 1)?;
        tx.put_effect(&effect(number, now))
    });
    intended.await.unwrap();
    let settled = host.write(move |tx| {
        let twin = Twin {
            reconciled: Some(at(now)),
            ..twin_of(number)
        };
        for side in Side::BOTH {
            let text = format!("{side} of {number} at {now}");
            tx.put_base(&twin.link, side, &base(&text), at(now))?;
            let item = twin.item(side).unwrap();
            let root = Some(twin.root.as_str());
            let row = item_row(item.node.as_str(), &item.id, &item.id, root);
            tx.put_item(&ItemRow {
                seen_at: at(now),
                ..row
            })?;
        }
        tx.put_effect(&EffectRow {
            state: EffectState::Done,
            settled: true,
            ended_at: Some(at(now)),
            ..effect(number, now)
        })?;
        tx.append_history(&line(number, now))?;
        tx.put_twin(&twin)?;
        // The second look at a version of whole seconds.
        tx.mark_dirty(&mark(number, "provisional", now + 1000))
    });
    let again = settled.await.unwrap();
    let item = again.item.clone();
    let cleared = host.post_along(
        move |tx| tx.clear_dirty(&item, again.mark),
        |cleared| assert!(cleared.unwrap()),
    );
    cleared.unwrap();
}

#[tokio::test]
async fn a_change_is_three_commits_and_few_pages() {
    let folder = TempDir::new().unwrap();
    let host = prepared(&folder).await;
    for number in 0..CHANGES {
        change(&host, number * 7 % TWINS, 100_000 + number as i64).await;
    }
    let before = host.db().counts();
    for number in 0..CHANGES {
        change(&host, number * 7 % TWINS, 200_000 + number as i64).await;
    }
    let Written { commits, pages } = host.db().counts();
    let (commits, pages) = (commits - before.commits, pages - before.pages);
    assert_eq!(commits, 3 * CHANGES as u64);
    assert!(pages <= 45 * CHANGES as u64, "{pages} pages");
    host.db().close().await;
}

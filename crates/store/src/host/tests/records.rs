//! What is stored comes back, and is found by what people know of it.

use super::*;
use crate::inbox::InboxId;
use crate::stamp::Epoch;
use std::time::Duration;
use twinline_core::capability::ChangeKind;
use twinline_core::comments::{CommentLink, CommentOrigin, MirrorState};
use twinline_core::digest::Digest;
use twinline_core::effect::Effect;
use twinline_core::names::Side;
use twinline_core::reconcile::{Planned, ValidFor};

fn quarantined() -> Twin {
    let state = TwinState::Quarantined {
        cause: "refused:summary".to_owned(),
        sentence: "too long".to_owned(),
    };
    let mut twin = twin("l2", "2", None, state);
    twin.held = held();
    twin.negatives.right = Some(at(3));
    twin.root = "r2".into();
    twin
}

/// Twins in every state, ordered by id.
async fn with_twins(host: &HostStore) -> Vec<Twin> {
    let asleep = TwinState::Asleep {
        why: "left".to_owned(),
    };
    let all = vec![
        twin("l1", "1", Some("10"), TwinState::Live),
        quarantined(),
        twin("l3", "3", None, TwinState::Creating),
        twin("l4", "4", Some("40"), asleep),
        twin("l5", "1", Some("50"), TwinState::Unlinked { returns: true }),
    ];
    let stored = all.clone();
    host.write(move |tx| {
        tx.put_item(&item_row("jira", "10", "SUP-10", Some("r1")))?;
        tx.put_item(&item_row("gh", "2", "acme/app#2", None))?;
        stored.iter().try_for_each(|twin| tx.put_twin(twin))
    })
    .await
    .unwrap();
    all
}

#[tokio::test]
async fn twins_are_found_by_item_root_and_key() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    with_twins(&host).await;
    host.read(|r| {
        assert_eq!(r.twin(&"l2".into())?, Some(quarantined()));
        assert_eq!(links(&r.twins_of_item(&id("gh", "1"))?), ["l1", "l5"]);
        assert_eq!(links(&r.twins_of_item(&id("jira", "1"))?), [] as [&str; 0]);
        assert_eq!(links(&r.twins_of_root(&"r2".into())?), ["l2"]);
        assert_eq!(
            links(&r.twins_by_key("sup-10")?),
            ["l1"],
            "letter case is ignored"
        );
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn twins_are_listed_by_state_and_cause_and_counted_by_them() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let all = with_twins(&host).await;
    host.read(move |r| {
        let any = TwinFilter::default;
        let by = |filter: TwinFilter| r.twins(&filter, None, 10);
        assert_eq!(by(any())?, all);
        assert_eq!(
            links(&by(TwinFilter {
                state: Some(TwinStateName::Asleep),
                ..any()
            })?),
            ["l4"]
        );
        let cause = Some("refused:summary".to_owned());
        assert_eq!(links(&by(TwinFilter { cause, ..any() })?), ["l2"]);
        assert_eq!(
            links(&by(TwinFilter {
                held: true,
                ..any()
            })?),
            ["l2"]
        );
        assert_eq!(
            by(TwinFilter {
                connection: Some("other".into()),
                ..any()
            })?,
            []
        );
        assert_eq!(
            links(&r.twins(&any(), Some(&"l2".into()), 2)?),
            ["l3", "l4"]
        );
        let whole = TwinFilter {
            connection: Some("bugs".into()),
            state: Some(TwinStateName::Quarantined),
            cause: Some("refused:summary".to_owned()),
            held: true,
        };
        assert_eq!(links(&by(whole)?), ["l2"]);
        assert_eq!(r.sleeping_causes(&"bugs".into())?.len(), 1);
        assert_eq!(r.sleeping_causes(&"other".into())?.len(), 0);
        let connection = "bugs".into();
        let counts = r.twin_counts_of(&connection)?;
        assert_eq!(counts.len(), 5);
        let held_back = |count: &&TwinCount| {
            [TwinStateName::Asleep, TwinStateName::Quarantined].contains(&count.state)
        };
        let causes: Vec<TwinCount> = counts.iter().filter(held_back).cloned().collect();
        assert_eq!(r.twin_causes()?, causes, "there is one connection");
        assert!(!causes.is_empty());
        assert_eq!(r.twin_counts_of(&"other".into())?, []);
        let group = counts
            .iter()
            .find(|c| c.state == TwinStateName::Quarantined)
            .unwrap();
        assert_eq!(
            (group.sentence.as_deref(), group.twins),
            (Some("too long"), 1)
        );
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_moved_item_keeps_its_twins_and_joined_clusters_are_one() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let link = |root: &str, node: &str| CommentLink {
        root: root.into(),
        origin: CommentOrigin {
            item: id("gh", "99"),
            comment: "7".to_owned(),
        },
        item: id(node, "5"),
        comment: "70".to_owned(),
        parent: id("gh", "99"),
        revision: Digest::of_bytes(b"text"),
        state: MirrorState::Live,
    };
    host.write(move |tx| {
        tx.put_item(&item_row("gh", "1", "acme/app#1", Some("r1")))?;
        tx.put_twin(&twin("l1", "1", Some("10"), TwinState::Live))?;
        tx.move_item(&id("gh", "1"), &item_row("gh", "99", "acme/other#5", None))?;
        assert_eq!(links(&tx.twins_of_item(&id("gh", "99"))?), ["l1"]);
        assert_eq!(links(&tx.twins_of_item(&id("gh", "1"))?), [] as [&str; 0]);
        assert_eq!(tx.items_of_root(&"r1".into())?.len(), 1);

        tx.put_comment_link(&link("r1", "jira"))?;
        tx.put_comment_link(&link("r1", "redmine"))?;
        tx.put_comment_link(&link("r0", "jira"))?;
        tx.join_roots(&"r1".into(), &"r0".into())?;
        assert_eq!(links(&tx.twins_of_root(&"r0".into())?), ["l1"]);
        assert_eq!(tx.item(&id("gh", "99"))?.unwrap().root, Some("r0".into()));
        assert_eq!(
            tx.comment_links(&"r0".into())?,
            [link("r0", "jira"), link("r0", "redmine")]
        );
        assert_eq!(tx.comment_links(&"r1".into())?, []);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn rule_versions_count_up_and_one_is_active() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let publish = |text: &str| Publish {
        connection: "bugs".into(),
        digest: Digest::of_bytes(text.as_bytes()),
        sources: BTreeMap::from([("bugs.toml".to_owned(), text.to_owned())]),
        at: at(1),
        by: "ada".to_owned(),
    };
    host.write(move |tx| {
        assert_eq!(tx.publish(&publish("one"))?.version, 1);
        assert_eq!(
            tx.publish(&publish("one"))?.version,
            1,
            "nothing new, nothing published"
        );
        assert_eq!(tx.publish(&publish("two"))?.version, 2);
        let back = tx.rollback(&"bugs".into(), 1, at(2), "bo")?;
        assert_eq!((back.version, back.rollback_of), (3, Some(1)));
        assert_eq!(back.sources, publish("one").sources);
        assert_eq!(tx.active_rules()?, [back]);
        assert!(matches!(
            tx.rollback(&"bugs".into(), 9, at(2), "bo"),
            Err(StoreError::Missing(_))
        ));
        let versions: Vec<_> = tx
            .rule_versions(&"bugs".into())?
            .iter()
            .map(|v| (v.version, v.active))
            .collect();
        assert_eq!(versions, [(3, true), (2, false), (1, false)]);
        tx.retire_rules(&"bugs".into())?;
        assert_eq!(tx.active_rule(&"bugs".into())?, None);
        Ok(())
    })
    .await
    .unwrap();
}

fn effect(name: &str, is_create: bool) -> EffectRow {
    let effect = if is_create {
        Effect::Create {
            scope: BTreeMap::new(),
            fields: BTreeMap::new(),
            marker: twinline_core::marker::Marker {
                root: "r1".into(),
                link: "l1".into(),
            },
        }
    } else {
        Effect::Delete {
            item: id("jira", "10"),
        }
    };
    EffectRow {
        id: name.into(),
        link: "l1".into(),
        connection: "bugs".into(),
        node: "jira".into(),
        scope: "SUP".to_owned(),
        item: (!is_create).then(|| "10".to_owned()),
        planned: Planned {
            side: Side::Right,
            effect,
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
        intended_at: at(10),
        started_at: None,
        ended_at: None,
        attempts: 0,
        next_due: None,
    }
}

#[tokio::test]
async fn open_effects_of_a_clock_that_was_ahead_are_set_back_and_shipped_so() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let stamp = host.stamp().clone();
    let (group, epoch) = (stamp.group, Epoch::new(3, 7));
    host.write(move |tx| {
        tx.begin_replication(&group, "w1")?;
        let mut open = effect("e1", true);
        (open.intended_at, open.started_at) = (at(70_010), Some(at(70_020)));
        open.ended_at = Some(at(70_030));
        let waiting = effect("e2", false);
        let settled = EffectRow {
            settled: true,
            ..effect("e3", false)
        };
        for row in [&open, &waiting, &settled] {
            tx.put_effect(row)?;
        }
        let before = tx.newest_rev()?;
        tx.set_open_effects_back(&group, epoch, Duration::ZERO)?;
        assert_eq!(tx.effect(&open.id)?, Some(open.clone()));
        tx.set_open_effects_back(&group, epoch, Duration::from_secs(60))?;
        // When it ended tells how long is to be waited for it: never less.
        (open.intended_at, open.started_at) = (at(10_010), Some(at(10_020)));
        assert_eq!(tx.effect(&open.id)?, Some(open));
        assert_eq!(
            tx.effect(&waiting.id)?.unwrap().intended_at,
            at(10 - 60_000)
        );
        assert_eq!(tx.effect(&settled.id)?, Some(settled));
        let changed = tx.changes(&group, before, before, 10)?;
        assert_eq!(changed.rows.len(), 2);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn open_effects_are_found_until_they_are_settled() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    host.write(|tx| {
        tx.put_effect(&effect("e1", true))?;
        let mut second = effect("e2", false);
        tx.put_effect(&second)?;
        second.state = EffectState::Failed {
            cause: "refused".to_owned(),
            sentence: "no".to_owned(),
        };
        second.attempts = 1;
        second.started_at = Some(at(11));
        second.next_due = Some(at(20));
        tx.put_effect(&second)?;
        assert_eq!(
            tx.open_effects_of(&"l1".into())?,
            [effect("e1", true), second.clone()]
        );
        assert_eq!(
            tx.open_creates(&"jira".into(), "SUP")?,
            [effect("e1", true)]
        );
        assert_eq!(tx.open_creates(&"jira".into(), "OTHER")?, []);
        assert!(tx.has_open_create(&"jira".into(), "SUP")?);
        assert!(!tx.has_open_create(&"jira".into(), "OTHER")?);
        tx.settle_effect(&"e1".into())?;
        assert_eq!(tx.open_creates(&"jira".into(), "SUP")?, []);
        assert!(!tx.has_open_create(&"jira".into(), "SUP")?);
        assert_eq!(tx.open_effects(None, 10)?, [second.clone()]);
        tx.settle_effect(&"e2".into())?;
        second.settled = true;
        assert_eq!(tx.open_effects(None, 10)?, []);
        assert_eq!(tx.effects_on_item(&id("jira", "10"), at(10))?, [second]);
        assert_eq!(tx.effects_on_item(&id("jira", "10"), at(11))?, []);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_write_that_was_never_sent_is_no_try() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let tries = host
        .write(|tx| {
            for (name, sent) in [("e1", true), ("e2", false), ("e3", true)] {
                let mut failed = effect(name, false);
                failed.state = EffectState::Failed {
                    cause: "refused".to_owned(),
                    sentence: "no".to_owned(),
                };
                failed.started_at = sent.then(|| at(11));
                tx.put_effect(&failed)?;
            }
            tx.failed_before(&effect("e4", false), at(0))
        })
        .await
        .unwrap();
    assert_eq!(tries, 2);
}

#[tokio::test]
async fn cursors_ledger_and_nodes_come_back() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    host.write(|tx| {
        let node = || "gh".into();
        assert_eq!(tx.edge_cursor("e1")?, EdgeCursor::default());
        let cursor = EdgeCursor {
            inbox: InboxId::new("i1"),
            taken: 9,
            safe: 4,
        };
        tx.put_edge_cursor("e1", &cursor)?;
        assert_eq!(tx.edge_cursor("e1")?, cursor);
        let sweep = SweepCursor {
            cursor: "{}".to_owned(),
            started_at: Some(at(1)),
            finished_at: None,
        };
        tx.put_sweep_cursor(&node(), "acme/app", "feed", &sweep)?;
        assert_eq!(tx.sweep_cursor(&node(), "acme/app", "feed")?, Some(sweep));
        tx.account_to(&node(), ChangeKind::Field, at(50))?;
        tx.account_to(&node(), ChangeKind::Field, at(40))?;
        tx.audit_to(&node(), ChangeKind::Field, at(30))?;
        let ledger = tx.ledger()?;
        assert_eq!(
            (ledger[0].accounted_to, ledger[0].audited_to),
            (Some(at(50)), Some(at(30)))
        );
        tx.pause_node(&node(), "401", at(3))?;
        tx.put_probe(&node(), at(4), -20, "{}")?;
        let found = tx.node(&node())?.unwrap();
        assert_eq!(
            (found.paused, found.skew_ms),
            (Some(("401".to_owned(), at(3))), -20)
        );
        tx.resume_node(&node())?;
        assert_eq!(tx.nodes()?[0].paused, None);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn holds_jobs_and_deeds_come_back() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    host.write(|tx| {
        tx.count_writes(&"bugs".into(), at(5_000), 3)?;
        tx.count_writes(&"bugs".into(), at(9_999), 4)?;
        tx.count_writes(&"bugs".into(), at(10_000), 5)?;
        assert_eq!(tx.writes_since(&"bugs".into(), at(0))?, 12);
        assert_eq!(tx.writes_since(&"bugs".into(), at(10_001))?, 5);
        tx.drop_write_slices(at(10_000))?;
        assert_eq!(tx.writes_since(&"bugs".into(), at(0))?, 5);
        let hold = ConnectionHold {
            connection: "bugs".into(),
            held: Some((at(6), "600 writes".to_owned())),
            budget_writes: 7,
        };
        tx.put_connection_hold(&hold)?;
        assert_eq!(tx.connection_holds()?, [hold]);
        let job = Job {
            kind: JobKind::Backfill,
            id: "j".to_owned(),
            connection: "bugs".into(),
            state: JobState::Running,
            spec: "{}".to_owned(),
            cursor: Some("p2".to_owned()),
            total: Some(10),
            done: 4,
            sentence: None,
            started_at: at(1),
            updated_at: at(2),
        };
        tx.put_job(&job)?;
        let second = Job {
            id: "k".to_owned(),
            state: JobState::Cancelled,
            ..job.clone()
        };
        tx.put_job(&second)?;
        pages_of_jobs(tx, &job, &second)?;
        let deed = AuditEntry {
            at: at(1),
            who: "ada".to_owned(),
            action: "publish".to_owned(),
            subject: "bugs".to_owned(),
            detail: "{}".to_owned(),
        };
        tx.append_audit(&deed)?;
        assert_eq!(tx.audit(None, 5)?[0].entry, deed);
        Ok(())
    })
    .await
    .unwrap();
}

fn pages_of_jobs(tx: &HostTx<'_>, job: &Job, second: &Job) -> Result<(), StoreError> {
    let page = |state, connection: &str, after: Option<&Job>| JobsPage {
        kind: JobKind::Backfill,
        state,
        connection: Some(connection.into()),
        after: after.map(|job| (job.started_at, job.id.clone())),
        max: 1,
    };
    let running = Some(JobState::Running);
    assert_eq!(
        tx.jobs(&page(None, "bugs", None))?,
        std::slice::from_ref(job)
    );
    assert_eq!(
        tx.jobs(&page(None, "bugs", Some(job)))?,
        std::slice::from_ref(second)
    );
    assert_eq!(tx.jobs(&page(None, "bugs", Some(second)))?, []);
    assert_eq!(tx.jobs(&page(running, "bugs", Some(job)))?, []);
    assert_eq!(tx.jobs(&page(None, "other", None))?, []);
    Ok(())
}

/// What an index has is written where it is another one, letter case included, and all else always.
#[tokio::test]
async fn what_no_index_has_is_written_by_itself() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let first = twin("l1", "1", Some("10"), TwinState::Live);
    let mut twins = vec![first.clone()];
    twins.push(Twin {
        reconciled: Some(at(20)),
        held: held(),
        ..first.clone()
    });
    twins.push(Twin {
        root: "r2".into(),
        ..twins[1].clone()
    });
    twins.push(Twin {
        state: TwinState::Asleep {
            why: "it left".to_owned(),
        },
        state_since: at(30),
        ..twins[2].clone()
    });
    twins.push(Twin {
        ids: Sides {
            right: None,
            ..twins[3].ids.clone()
        },
        ..twins[3].clone()
    });
    for twin in twins {
        let stored = host
            .write(move |tx| {
                tx.put_twin(&twin)?;
                Ok((
                    twin.clone(),
                    tx.twin(&twin.link)?,
                    tx.twins_of_root(&twin.root)?,
                ))
            })
            .await
            .unwrap();
        assert_eq!(stored.1.as_ref(), Some(&stored.0));
        assert_eq!(stored.2, [stored.0]);
    }
    let mut items = vec![item_row("gh", "1", "ACME-1", None)];
    items.push(ItemRow {
        seen_at: at(6),
        ..items[0].clone()
    });
    items.push(item_row("gh", "1", "acme-1", None));
    items.push(item_row("gh", "1", "acme-1", Some("r1")));
    for row in items {
        let stored = host
            .write(move |tx| {
                tx.put_item(&row)?;
                Ok((row.clone(), tx.item(&row.reference.item)?))
            })
            .await
            .unwrap();
        assert_eq!(stored.1, Some(stored.0));
    }
}

/// The tally says what counting would, whatever has happened to the twins.
#[tokio::test]
async fn twins_are_tallied_by_state() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let asleep = TwinState::Asleep {
        why: "it left".to_owned(),
    };
    let steps = [
        twin("l1", "1", None, TwinState::Creating),
        twin("l1", "1", Some("10"), TwinState::Live),
        twin("l2", "2", Some("20"), TwinState::Live),
        twin("l2", "2", Some("20"), TwinState::Live),
        twin("l2", "2", Some("20"), asleep),
        Twin {
            connection: "other".into(),
            ..twin("l3", "3", None, TwinState::Creating)
        },
    ];
    for step in steps {
        host.write(move |tx| tx.put_twin(&step)).await.unwrap();
        tallied(&host).await;
    }
    let told = host.read(|r| r.twin_tally()).await.unwrap();
    let told: Vec<_> = told
        .iter()
        .map(|one| (one.connection.as_str(), one.state, one.twins))
        .collect();
    assert_eq!(
        told,
        [
            ("bugs", TwinStateName::Asleep, 1),
            ("bugs", TwinStateName::Live, 1),
            ("other", TwinStateName::Creating, 1)
        ]
    );
    let group = host.stamp().group.clone();
    host.write(move |tx| tx.clear_group(&group)).await.unwrap();
    tallied(&host).await;
    assert_eq!(host.read(|r| r.twin_tally()).await.unwrap(), []);
}

async fn tallied(host: &HostStore) {
    let counted = host.read(|r| {
        let sql = "SELECT connection, state, count(*) FROM twins GROUP BY 1, 2 ORDER BY 1, 2";
        r.many(sql, [], |row| {
            Ok(TwinTally {
                connection: twinline_core::names::ConnectionName::new(row.get::<_, String>(0)?),
                state: crate::row::from_word("twins.state", row.get(1)?)?,
                twins: crate::row::count(row, 2)?,
            })
        })
    });
    let counted = counted.await.unwrap();
    assert_eq!(host.read(|r| r.twin_tally()).await.unwrap(), counted);
}

//! Quotas, and what may be dropped for room.

use super::*;

#[tokio::test]
async fn quotas_refuse_without_writing_but_a_redelivery_is_still_known() {
    let limits = InboxLimits {
        total_max_bytes: 450,
        node_max_bytes: 250,
        ..InboxLimits::default()
    };
    let Fixture { inbox, _folder } = fixture(limits).await;
    add(&inbox, "a", "1").await;
    add(&inbox, "a", "2").await;
    assert_eq!(
        add(&inbox, "a", "3").await,
        Appended::Refused(Refusal::NodeQuota)
    );
    assert_eq!(add(&inbox, "a", "2").await, Appended::Duplicate);
    add(&inbox, "b", "1").await;
    add(&inbox, "b", "2").await;
    assert_eq!(
        add(&inbox, "c", "1").await,
        Appended::Refused(Refusal::Full)
    );
    assert_eq!(inbox.usage().await.unwrap()[2].rows, 0);
}

#[tokio::test]
async fn safe_ones_go_by_age_and_nothing_else_without_pressure() {
    let limits = InboxLimits {
        safe_keep_ms: 1000,
        ..InboxLimits::default()
    };
    let Fixture { inbox, _folder } = fixture(limits).await;
    for (id, at) in [("1", 0), ("2", 5000), ("3", 0), ("4", 0)] {
        inbox.append(delivery("a", id, at, 100)).await.unwrap();
    }
    inbox
        .ack_taken(group("g"), OWNER, &place(&inbox, 3))
        .await
        .unwrap();
    inbox
        .ack_safe(group("g"), OWNER, &place(&inbox, 2))
        .await
        .unwrap();
    let pruned = inbox.prune(Timestamp::from_millis(5500)).await.unwrap();
    assert_eq!(
        pruned,
        Pruned {
            safe: 1,
            ..Pruned::default()
        }
    );
    assert_eq!(all(&inbox, "g").await, [2, 3, 4]);
    assert_eq!(inbox.usage().await.unwrap()[0].bytes, 300);
}

#[tokio::test]
async fn a_canarys_go_as_soon_as_they_are_safe() {
    let Fixture { inbox, _folder } = fixture(InboxLimits::default()).await;
    let canary = GroupId::canary("m1");
    let routes = [("a", "g"), ("b", "g"), ("c", "h"), ("y", canary.as_str())];
    let routes = routes.map(|(node, of)| route(node, of));
    inbox.set_routes(routes.into()).await.unwrap();
    inbox.claim(canary.clone(), OWNER).await.unwrap();
    for (node, id) in [("y", "1"), ("a", "1"), ("y", "2"), ("y", "3")] {
        add(&inbox, node, id).await;
    }
    for group in [group("g"), canary.clone()] {
        let (two, three) = (place(&inbox, 3), place(&inbox, 4));
        let taken = inbox.ack_taken(group.clone(), OWNER, &three);
        taken.await.unwrap();
        inbox.ack_safe(group, OWNER, &two).await.unwrap();
    }
    let pruned = inbox.prune(Timestamp::from_millis(1)).await.unwrap();
    let expected = Pruned {
        safe: 2,
        ..Pruned::default()
    };
    assert_eq!(pruned, expected);
    assert_eq!(all(&inbox, canary.as_str()).await, [4]);
    assert_eq!(all(&inbox, "g").await, [2]);
}

#[tokio::test]
async fn under_pressure_taken_go_and_untaken_never() {
    let limits = InboxLimits {
        total_max_bytes: 1000,
        ..InboxLimits::default()
    };
    let Fixture { inbox, _folder } = fixture(limits).await;
    for n in 1..=5 {
        inbox
            .append(delivery("a", &n.to_string(), n * 10, 200))
            .await
            .unwrap();
    }
    let now = Timestamp::from_millis(99);
    // 1 is safe, 2 is taken, the rest untaken; the goal is 900 bytes of the 1000.
    inbox
        .ack_taken(group("g"), OWNER, &place(&inbox, 2))
        .await
        .unwrap();
    inbox
        .ack_safe(group("g"), OWNER, &place(&inbox, 1))
        .await
        .unwrap();
    assert_eq!(
        inbox.prune(now).await.unwrap(),
        Pruned {
            safe: 1,
            ..Pruned::default()
        }
    );
    inbox.append(delivery("b", "6", 60, 200)).await.unwrap();
    assert_eq!(
        inbox.prune(now).await.unwrap(),
        Pruned {
            taken: 1,
            ..Pruned::default()
        }
    );
    inbox.append(delivery("b", "7", 70, 200)).await.unwrap();
    assert_eq!(
        inbox.prune(now).await.unwrap(),
        Pruned::default(),
        "untaken ones stay"
    );
    assert_eq!(all(&inbox, "g").await, [3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn a_node_whose_share_is_full_drops_its_own_processed_deliveries_first() {
    let limits = InboxLimits {
        node_max_bytes: 1000,
        ..InboxLimits::default()
    };
    let Fixture { inbox, _folder } = fixture(limits).await;
    add(&inbox, "b", "1").await;
    for n in 2..=11 {
        add(&inbox, "a", &n.to_string()).await;
    }
    assert_eq!(
        add(&inbox, "a", "12").await,
        Appended::Refused(Refusal::NodeQuota),
        "nothing of it is taken"
    );
    // 1 to 5 are safe, 6 is taken.
    inbox
        .ack_taken(group("g"), OWNER, &place(&inbox, 6))
        .await
        .unwrap();
    inbox
        .ack_safe(group("g"), OWNER, &place(&inbox, 5))
        .await
        .unwrap();
    assert_eq!(add(&inbox, "a", "3").await, Appended::Duplicate);
    assert_eq!(
        all(&inbox, "g").await.len(),
        11,
        "a duplicate needs no room"
    );
    assert_eq!(add(&inbox, "a", "12").await, new(12));
    assert_eq!(
        all(&inbox, "g").await,
        [1, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        "room for one and a tenth of the share, of its own"
    );
    assert_eq!(inbox.usage().await.unwrap()[0].bytes, 900);
    for n in 13..=16 {
        assert!(matches!(
            add(&inbox, "a", &n.to_string()).await,
            Appended::New { .. }
        ));
    }
    assert_eq!(
        all(&inbox, "g").await,
        [1, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
        "safe ones, then the taken one"
    );
    assert_eq!(
        add(&inbox, "a", "17").await,
        Appended::Refused(Refusal::NodeQuota),
        "untaken ones stay"
    );
    let usage = inbox.usage().await.unwrap();
    assert_eq!((usage[0].bytes, usage[0].rows), (1000, 10));
    assert_eq!((usage[1].bytes, usage[1].rows), (100, 1));
}

#[tokio::test]
async fn a_full_disk_takes_safe_ones_and_then_taken_ones() {
    struct FullAt(u64);
    impl FaultPlan for FullAt {
        fn at_commit(&mut self, number: u64) -> CommitFault {
            if number == self.0 {
                CommitFault::DiskFull
            } else {
                CommitFault::None
            }
        }
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("inbox.db");
    // After its id, the routes, the claim, twenty deliveries, two acknowledgements and a prune.
    let options = DbOptions::inline(FullAt(27));
    let inbox = open(&path, options, InboxLimits::default()).await;
    inbox.set_routes(vec![route("a", "g")]).await.unwrap();
    inbox.claim(group("g"), OWNER).await.unwrap();
    for n in 1..=20 {
        add(&inbox, "a", &n.to_string()).await;
    }
    let g = || group("g");
    inbox
        .ack_taken(g(), OWNER, &place(&inbox, 2))
        .await
        .unwrap();
    inbox.ack_safe(g(), OWNER, &place(&inbox, 1)).await.unwrap();
    let now = Timestamp::from_millis(1);
    assert_eq!(inbox.prune(now).await.unwrap(), Pruned::default());
    let full = inbox.append(delivery("a", "21", 0, 100)).await;
    assert!(matches!(full, Err(StoreError::DiskFull { .. })), "{full:?}");
    let pruned = Pruned {
        safe: 1,
        taken: 1,
        more: false,
    };
    assert_eq!(inbox.prune(now).await.unwrap(), pruned);
    assert_eq!(inbox.health(), Health::Ok);
    assert_eq!(inbox.prune(now).await.unwrap(), Pruned::default());
}

#[tokio::test]
async fn a_disk_with_little_room_keeps_no_safe_ones_and_all_others() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("inbox.db");
    let mut options = DbOptions::default();
    options.limits.file_max_pages = Some(200);
    let limits = InboxLimits {
        disk_room_bytes: 400 << 10,
        ..InboxLimits::default()
    };
    let inbox = open(&path, options, limits).await;
    inbox.set_routes(vec![route("a", "g")]).await.unwrap();
    inbox.claim(group("g"), OWNER).await.unwrap();
    let now = Timestamp::from_millis(1);
    for n in 1..=40 {
        let sent = delivery("a", &n.to_string(), 0, 10_000);
        assert!(matches!(
            inbox.append(sent).await.unwrap(),
            Appended::New { .. }
        ));
    }
    let g = || group("g");
    inbox
        .ack_taken(g(), OWNER, &place(&inbox, 40))
        .await
        .unwrap();
    assert_eq!(
        inbox.prune(now).await.unwrap(),
        Pruned::default(),
        "taken ones are spared while there is room"
    );
    inbox
        .ack_safe(g(), OWNER, &place(&inbox, 40))
        .await
        .unwrap();
    let pruned = inbox.prune(now).await.unwrap();
    assert!((1..40).contains(&pruned.safe), "{pruned:?}");
    assert_eq!(
        inbox.prune(now).await.unwrap(),
        Pruned::default(),
        "the file's free pages are room"
    );
    inbox.db().close().await;
}

#[tokio::test]
async fn a_prune_is_a_bounded_piece() {
    let limits = InboxLimits {
        safe_keep_ms: 0,
        prune_max_rows: 2,
        ..InboxLimits::default()
    };
    let Fixture { inbox, _folder } = fixture(limits).await;
    for id in ["1", "2", "3"] {
        add(&inbox, "a", id).await;
    }
    inbox
        .ack_safe(group("g"), OWNER, &place(&inbox, 3))
        .await
        .unwrap();
    let now = Timestamp::from_millis(1);
    assert_eq!(
        inbox.prune(now).await.unwrap(),
        Pruned {
            safe: 2,
            more: true,
            ..Pruned::default()
        }
    );
    assert_eq!(
        inbox.prune(now).await.unwrap(),
        Pruned {
            safe: 1,
            ..Pruned::default()
        }
    );
    assert_eq!(
        add(&inbox, "a", "4").await,
        new(4),
        "a number is never used twice"
    );
}

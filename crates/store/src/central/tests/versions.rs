//! A replica that an earlier version has shipped.

use super::replication::{caught_up, check_equal, entropy, open, run};
use super::support::*;
use crate::central::replica::hydrate;
use crate::central::{CentralError, CentralSettings, take_over};
use crate::formats::{Formats, Further};
use crate::host::replica::{REPLICA_FORMAT, REPLICA_FORMAT_READ};
use crate::host::{HostStore, ItemRow};
use crate::stamp::{Epoch, Stamp};
use std::collections::BTreeMap;
use tempfile::TempDir;
use twinline_core::comments::{CommentLink, CommentOrigin, MirrorState};
use twinline_core::digest::Digest;
use twinline_core::item::{ItemId, ItemRef, Version};
use twinline_core::time::Timestamp;

fn id(node: &str, id: &str) -> ItemId {
    ItemId {
        node: node.into(),
        id: id.to_owned(),
    }
}

/// gh/1 and jira/10 in one cluster, with a mirrored comment.
async fn commented(store: &HostStore) -> CommentLink {
    let link = CommentLink {
        root: "r1".into(),
        origin: CommentOrigin {
            item: id("gh", "1"),
            comment: "7".to_owned(),
        },
        item: id("jira", "10"),
        comment: "70".to_owned(),
        parent: id("gh", "1"),
        revision: Digest::of_bytes(b"text"),
        state: MirrorState::Live,
    };
    let stored = link.clone();
    store
        .write(move |tx| {
            for item in [&stored.parent, &stored.item] {
                tx.put_item(&ItemRow {
                    reference: ItemRef {
                        item: item.clone(),
                        key: item.id.clone(),
                        url: String::new(),
                    },
                    scope: BTreeMap::new(),
                    root: Some("r1".into()),
                    version: Version::default(),
                    seen_at: Timestamp::from_millis(1),
                })?;
            }
            tx.put_comment_link(&stored)
        })
        .await
        .unwrap();
    link
}

#[tokio::test(flavor = "multi_thread")]
async fn comment_links_without_items_get_them_and_are_shipped_anew() {
    let Some(server) = server(&[]) else { return };
    let folder = TempDir::new().unwrap();
    let old = open(&folder.path().join("old.db")).await;
    let link = commented(&old).await;
    let client = client_to(&server.url(), settings());
    {
        let running = run(&old, &client, 1);
        caught_up(&old, &running).await;
    }
    let columns = "(payload::jsonb - 'item' - 'origin_item' - 'parent_item')::json";
    let earlier = format!(
        "UPDATE twinline.replica SET key = '[\"r1\",\"gh\",\"7\",\"jira\"]', payload = {columns} \
         WHERE tbl = 'comment_links'; UPDATE twinline.groups SET schema = 5"
    );
    server.psql(&earlier).unwrap();
    let stamp = Stamp {
        group: old.stamp().group.clone(),
        epoch: Epoch::new(1, 50),
    };
    let fresh = open(&folder.path().join("new.db")).await;
    let (new, _) = hydrate(&client, &fresh, stamp, &entropy(90)).await.unwrap();
    let links = new.read(|read| read.comment_links(&"r1".into())).await;
    assert_eq!(links.unwrap(), [link]);
    let shipping = run(&new, &client, 91);
    caught_up(&new, &shipping).await;
    check_equal(&server, &new).await;
}

fn of_schema_4() -> CentralSettings {
    let further = Further {
        central: vec!["CREATE TABLE twinline.further (id bigint)".to_owned()],
        ..Further::default()
    };
    CentralSettings {
        formats: Formats::CURRENT.followed_by(further),
        ..settings()
    }
}

/// A machine that goes on running while another one brings the schema further writes nothing from then on, although it looks
/// at the schema but once; who only proves commits goes on with that.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_at_work_writes_nothing_in_a_newer_schema() {
    let Some(server) = server(&[]) else { return };
    let old = client_to(&server.url(), settings());
    writes_again(&old).await;
    let mut proving = settings();
    proving.proves_only = true;
    let watch = client_to(&server.url(), proving);
    healthy(&watch).await;
    let under_way = {
        let mut tx = old.shared.write().await.unwrap();
        let begun = "SET LOCAL idle_in_transaction_session_timeout = 0; \
                     INSERT INTO twinline.canary (machine) VALUES ('before')";
        tx.batch(begun).await.unwrap();
        tx
    };
    let new = client_to(&server.url(), of_schema_4());
    let version = || server.psql("SELECT max(version) FROM twinline.schema_versions");
    assert_eq!(version().unwrap(), "3", "it waits for who writes");
    under_way.commit().await.unwrap();
    writes_again(&new).await;
    assert_eq!(version().unwrap(), "4");
    let refused = write(&old).await.unwrap_err();
    assert!(!refused.is_retryable(), "{refused}");
    let sentence =
        "the central database has schema 4, this version knows up to 3: upgrade this machine";
    assert_eq!(refused.to_string(), sentence);
    until(&old, "refused", |health| {
        format!("{:?}", health.commits).contains(sentence) && health.reads.is_ok()
    })
    .await;
    write(&watch).await.unwrap();
    healthy(&watch).await;
    write(&new).await.unwrap();
}

/// Two versions side by side: rows of a form that the older one does not know it does not take over, and it breaks nothing
/// there.
#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_of_a_later_form_is_refused_and_leaves_the_group_to_a_newer_one() {
    let Some(server) = server(&[]) else { return };
    let folder = TempDir::new().unwrap();
    let old = open(&folder.path().join("old.db")).await;
    commented(&old).await;
    let client = client_to(&server.url(), settings());
    {
        let running = run(&old, &client, 1);
        caught_up(&old, &running).await;
    }
    let group = old.stamp().group.clone();
    let shipped = server.psql("SELECT schema FROM twinline.groups").unwrap();
    assert_eq!(shipped, REPLICA_FORMAT.to_string());
    let known = REPLICA_FORMAT_READ;
    let newer = format!("UPDATE twinline.groups SET schema = {}", known + 1);
    server.psql(&newer).unwrap();
    let fresh = open(&folder.path().join("new.db")).await;
    let random = entropy(90);
    let taken = take_over(&client, &fresh, &group, Epoch::new(1, 50), &random);
    let refused = taken.await.map(|(_, origin)| origin);
    let is_named =
        matches!(&refused, Err(CentralError::NewerReplica { found, .. }) if *found == known + 1);
    assert!(is_named, "{refused:?}");
    let claimed = server.psql("SELECT epoch = shipped_epoch FROM twinline.groups");
    assert_eq!(claimed.unwrap(), "t", "nothing was claimed");
    let of = group.clone();
    let untouched = fresh.read(move |read| read.is_whole(&of)).await;
    assert!(untouched.unwrap());
    let rows = server.psql("SELECT count(*) FROM twinline.replica WHERE payload IS NOT NULL");
    // A version that knows the form comes, claims later, and finds all of it.
    let newest = format!("UPDATE twinline.groups SET schema = {known}");
    server.psql(&newest).unwrap();
    let random = entropy(91);
    let taken = take_over(&client, &fresh, &group, Epoch::new(1, 51), &random);
    let (new, _) = taken.await.unwrap();
    let shipping = run(&new, &client, 91);
    caught_up(&new, &shipping).await;
    check_equal(&server, &new).await;
    assert_ne!(rows.unwrap(), "0");
}

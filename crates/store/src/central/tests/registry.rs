//! Machines and what is published.

use super::support::*;
use crate::GroupId;
use crate::central::*;
use crate::host::AuditEntry;
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn place(node: &str) -> NodePlace {
    NodePlace {
        node: node.into(),
        workspace: "default".to_owned(),
        group: GroupId::new("g1"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_are_published_once_and_in_order() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    healthy(&client).await;
    assert_eq!(client.published().await.unwrap(), None);
    let nodes = [place("jira"), place("gh")];
    let first = client
        .publish(0, "one", &nodes, "ada", at(1000))
        .await
        .unwrap();
    assert_eq!(first.version, 1);
    let again = client
        .publish(0, "one", &nodes, "ada", at(2000))
        .await
        .unwrap();
    assert_eq!(again, first, "a repeated publish is the same one");
    let error = client
        .publish(0, "two", &nodes, "bo", at(3000))
        .await
        .unwrap_err();
    assert!(
        matches!(error, CentralError::Outdated { found: 1 }),
        "{error}"
    );
    let second = client
        .publish(1, "two", &nodes[..1], "bo", at(3000))
        .await
        .unwrap();
    assert_eq!(client.published().await.unwrap(), Some(second));
    assert_eq!(client.node_places().await.unwrap(), nodes[..1]);
    server.hang_commits().unwrap();
    until(&client, "stuck", |h| h.commits.is_failing()).await;
    let error = client
        .publish(2, "three", &nodes, "bo", at(4000))
        .await
        .unwrap_err();
    assert!(error.is_retryable(), "it fails plainly: {error}");
    assert_eq!(
        client.published().await.unwrap().unwrap().version,
        2,
        "and reads go on"
    );
    server.let_commit().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_say_where_they_are() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    let machine = |address: &str, seen: i64| Machine {
        name: "m1".to_owned(),
        addresses: BTreeMap::from([("host".to_owned(), address.to_owned())]),
        version: "0.1.0".to_owned(),
        seen_at: at(seen),
    };
    client
        .register_machine(&machine("10.0.0.11:7401", 2000))
        .await
        .unwrap();
    client
        .register_machine(&machine("10.0.0.99:7401", 1000))
        .await
        .unwrap();
    assert_eq!(
        client.machines().await.unwrap(),
        [machine("10.0.0.11:7401", 2000)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_that_the_database_lost_are_put_back_and_never_over_newer_ones() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    let nodes = [place("jira"), place("gh")];
    let put_back = |version: i64, content: &'static str| {
        let (client, nodes) = (&client, &nodes);
        async move {
            let put = client.put_back(version, content, nodes, "m1", at(1000));
            put.await.unwrap()
        }
    };
    healthy(&client).await;
    assert!(put_back(7, "seven").await, "into an empty database");
    assert!(!put_back(7, "seven").await, "repeated");
    assert!(!put_back(6, "six").await, "by one who knows less");
    assert!(put_back(8, "eight").await, "by one who knows more");
    let newest = client.published().await.unwrap().unwrap();
    assert_eq!((newest.version, newest.content.as_str()), (8, "eight"));
    assert_eq!(client.node_places().await.unwrap().len(), 2);
    let next = client.publish(8, "nine", &nodes, "ada", at(2000)).await;
    assert_eq!(next.unwrap().version, 9, "and it goes on from there");
}

#[tokio::test(flavor = "multi_thread")]
async fn deeds_are_noted_once_and_with_what_they_publish() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    healthy(&client).await;
    let deed = |id: &str, ms: i64, action: &str| Deed {
        id: id.to_owned(),
        entry: AuditEntry {
            at: at(ms),
            who: "ada".to_owned(),
            action: action.to_owned(),
            subject: "m1".to_owned(),
            detail: "{}".to_owned(),
        },
    };
    let now = i64::try_from(
        server
            .sql("SELECT (extract(epoch FROM now()) * 1000)::bigint")
            .trim()
            .parse::<u64>()
            .unwrap(),
    )
    .unwrap();
    let (drain, old) = (deed("a", now, "drain"), deed("b", 1_000, "restart"));
    client
        .note_deeds(std::slice::from_ref(&drain))
        .await
        .unwrap();
    client.note_deeds(&[drain.clone(), old]).await.unwrap();
    let moved = deed("c", now + 1, "move");
    let publish = async |content: &str, after: i64| {
        let by = ("ada", at(now));
        client
            .publish_by_deed(after, content, &[place("gh")], by, Some(&moved))
            .await
    };
    publish("one", 0).await.unwrap();
    publish("one", 0).await.unwrap();
    let outdated = publish("two", 0).await;
    assert!(
        matches!(outdated, Err(CentralError::Outdated { found: 1 })),
        "{outdated:?}"
    );
    let all = client.deeds(None, 10).await.unwrap();
    let entries: Vec<_> = all.iter().map(|row| row.entry.clone()).collect();
    assert_eq!(
        entries,
        [moved.entry.clone(), drain.entry.clone()],
        "newest first, none twice, and none that is too old"
    );
    let rest = client.deeds(Some(all[0].seq), 10).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(client.deeds(None, 1).await.unwrap(), all[..1]);
}

//! Pages: every thing once, in order, to the end.

use super::*;
use twinline_core::digest::Digest;
use twinline_store::host::{AuditEntry, HostTx, Job, JobKind, JobState, Publish};

fn links(page: &Json) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|twin| twin["link"].as_str().unwrap().to_owned())
        .collect()
}

/// All pages of this length.
async fn walk(served: &Served, limit: usize) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut path = format!("/v1/twins?limit={limit}");
    loop {
        let page = served.get(&path).await.json();
        pages.push(links(&page));
        let Some(next) = page["next"].as_str() else {
            return pages;
        };
        path = format!("/v1/twins?limit={limit}&cursor={next}");
    }
}

#[tokio::test]
async fn pages_of_any_length_hold_every_twin_once() {
    let served = served().await;
    let all: Vec<String> = (0..60).map(|number| format!("{number:032x}")).collect();
    served.with_twins(all.clone()).await;
    for limit in [1, 7, 59, 60, 61, 500] {
        let pages = walk(&served, limit).await;
        assert_eq!(pages.concat(), all, "pages of {limit}");
        let full = pages.iter().filter(|page| page.len() == limit).count();
        assert_eq!(full, 60 / limit, "pages of {limit}");
    }
    let first = served.get("/v1/twins").await.json();
    assert_eq!(links(&first).len(), 50, "where nothing is said");
}

#[tokio::test]
async fn a_cursor_past_the_end_is_an_empty_last_page() {
    let served = served().await;
    served.with_twins(vec!["1".repeat(32)]).await;
    let path = format!("/v1/twins?cursor={}", "f".repeat(32));
    let page = served.get(&path).await.json();
    assert_eq!(page, serde_json::json!({ "items": [], "next": null }));
    let past = served.get("/v1/twins?state=quarantined").await.json();
    assert_eq!(past, serde_json::json!({ "items": [], "next": null }));
}

#[tokio::test]
async fn lists_of_nothing_are_one_empty_page() {
    let served = served().await;
    for list in ["nodes", "connections", "errors", "backfills"] {
        let page = served.get(&format!("/v1/{list}")).await.json();
        assert_eq!(
            page,
            serde_json::json!({ "items": [], "next": null }),
            "{list}"
        );
    }
}

/// All pages of this length of a list's entries, each by what this says of it.
async fn names(served: &Served, list: &str, limit: usize, of: fn(&Json) -> String) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = served
            .get(&format!("/v1/{list}?limit={limit}{cursor}"))
            .await
            .json();
        let items = page["items"].as_array().unwrap();
        assert!(!items.is_empty() && items.len() <= limit, "{page}");
        names.extend(items.iter().map(of));
        let next = match &page["next"] {
            Json::Null => return names,
            Json::String(next) => next.clone(),
            number => number.to_string(),
        };
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn causes_are_paged_by_their_names() {
    let served = served().await;
    let write = move |tx: &HostTx<'_>| {
        (0..12).try_for_each(|number: u32| {
            let mut held = twin(&format!("{number:032x}"));
            held.state = TwinState::Quarantined {
                cause: format!("cause {}/{:02}", number % 3, number),
                sentence: "it is held".to_owned(),
            };
            tx.put_twin(&held)
        })
    };
    served.host.store().write(write).await.unwrap();
    let cause = |group: &Json| group["cause"].as_str().unwrap().to_owned();
    let all = names(&served, "errors", 500, cause).await;
    assert_eq!(all.len(), 12);
    for limit in [1, 5, 11, 12, 13] {
        assert_eq!(
            names(&served, "errors", limit, cause).await,
            all,
            "pages of {limit}"
        );
    }
}

#[tokio::test]
async fn versions_are_paged_from_the_newest() {
    let served = served().await;
    let write = move |tx: &HostTx<'_>| {
        (0..7).try_for_each(|number| {
            let publish = Publish {
                connection: "bugs".into(),
                digest: Digest::of(&number),
                sources: BTreeMap::new(),
                at: Timestamp::from_millis(number),
                by: "test".to_owned(),
            };
            tx.publish(&publish).map(drop)
        })
    };
    served.host.store().write(write).await.unwrap();
    let version = |item: &Json| item["version"].to_string();
    let all = ["7", "6", "5", "4", "3", "2", "1"];
    for limit in [1, 3, 6, 7, 8] {
        let found = names(&served, "rules/bugs/versions", limit, version).await;
        assert_eq!(found, all, "pages of {limit}");
    }
}

#[tokio::test]
async fn one_twin_is_found_by_its_id() {
    let served = served().await;
    let link = "1".repeat(32);
    served.with_twins(vec![link.clone()]).await;
    let found = served.get(&format!("/v1/twins/{link}")).await;
    assert_eq!(
        (found.status, &found.json()["link"]),
        (StatusCode::OK, &link.into())
    );
    let unknown = served.get(&format!("/v1/twins/{}", "2".repeat(32))).await;
    let said = unknown.problem(StatusCode::NOT_FOUND);
    assert!(said.contains("twin '2222"), "{said}");
}

/// Backfills of two connections, several of them begun at one instant.
#[tokio::test]
async fn pages_of_backfills_hold_every_one_of_a_connection_once() {
    let served = served().await;
    let jobs = (0..9).map(|n| Job {
        kind: JobKind::Backfill,
        id: format!("backfill-{n}"),
        connection: if n % 3 == 0 { "other" } else { "bugs" }.into(),
        state: JobState::Running,
        spec: "{}".to_owned(),
        cursor: None,
        total: None,
        done: 0,
        sentence: None,
        started_at: Timestamp::from_millis(n / 4),
        updated_at: Timestamp::EPOCH,
    });
    let jobs: Vec<Job> = jobs.collect();
    let write = move |tx: &HostTx<'_>| jobs.iter().try_for_each(|job| tx.put_job(job));
    served.host.store().write(write).await.unwrap();
    let first = "/v1/backfills?connection=bugs&limit=2";
    let (mut path, mut seen) = (first.to_owned(), Vec::new());
    loop {
        let page = served.get(&path).await.json();
        let items = page["items"].as_array().unwrap().clone();
        seen.extend(
            items
                .iter()
                .map(|job| job["id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("{first}&cursor={next}");
    }
    assert_eq!(
        seen,
        [8, 4, 5, 7, 1, 2].map(|n| format!("backfill-{n}")),
        "newest first"
    );
    let one = served.get("/v1/backfills/backfill-3").await.json();
    assert_eq!(one["connection"], "other");
    let foreign = served.get("/v1/backfills?cursor=backfill-3").await;
    assert_eq!(foreign.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_audit_trail_is_paged_newest_first() {
    let served = served().await;
    let write = |tx: &HostTx<'_>| {
        (0..3).try_for_each(|n| {
            tx.append_audit(&AuditEntry {
                at: Timestamp::from_millis(n),
                who: "ana".to_owned(),
                action: "pause".to_owned(),
                subject: format!("node {n}"),
                detail: "{\"reason\":\"an upgrade\"}".to_owned(),
            })
        })
    };
    served.host.store().write(write).await.unwrap();
    let first = served.get("/v1/audit?limit=2").await.json();
    assert_eq!(first["items"][0]["subject"], "node 2");
    assert_eq!(first["items"][0]["detail"]["reason"], "an upgrade");
    let next = format!("/v1/audit?limit=2&cursor={}", first["next"]);
    let last = served.get(&next).await.json();
    assert_eq!(last["items"][0]["subject"], "node 0");
    assert_eq!(
        (last["items"].as_array().unwrap().len(), &last["next"]),
        (1, &Json::Null)
    );
}

#[tokio::test]
async fn a_version_that_cannot_be_read_is_not_called_the_first() {
    let served = served().await;
    for (at, text) in [(1, "a"), (2, "b")] {
        let publish = Publish {
            connection: "bugs".into(),
            digest: Digest::of_bytes(text.as_bytes()),
            sources: [("bugs.toml".to_owned(), text.to_owned())].into(),
            at: Timestamp::from_millis(at),
            by: "ana".to_owned(),
        };
        let store = served.host.store();
        store
            .write(move |tx| tx.publish(&publish).map(drop))
            .await
            .unwrap();
    }
    let page = served.get("/v1/rules/bugs/versions").await.json();
    let [newer, first] = [&page["items"][0], &page["items"][1]];
    let sentence = newer["unreadable"].as_str().unwrap();
    assert!(
        sentence.starts_with("version 2 cannot be read: "),
        "{sentence}"
    );
    assert_eq!(
        (&first["diff"], &first["unreadable"]),
        (&Json::Null, &Json::Null)
    );
}

//! Pages: every thing once, in order, to the end.

use super::*;

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
async fn the_short_lists_are_one_page() {
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

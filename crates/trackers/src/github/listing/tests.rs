use super::super::tests::client_over;
use super::*;
use crate::http::{Transport, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A list that people change while it is read: after each request some entries are updated and move to the end.
struct Moving {
    /// When each entry was updated, in seconds.
    entries: Mutex<BTreeMap<u64, i64>>,
    requests: Mutex<u64>,
    moves_per_request: u64,
    seed: u64,
}

impl Moving {
    fn answer(&self, url: &Url) -> http::Response<Bytes> {
        let parameters: BTreeMap<_, _> = url.query_pairs().collect();
        let number = |name: &str| parameters[name].parse::<usize>().unwrap();
        let (page, size) = (number("page"), number("per_page"));
        let since = parameters
            .get("since")
            .map_or(0, |text| Timestamp::parse(text).unwrap().as_millis() / 1000);
        assert_eq!(
            (&*parameters["sort"], &*parameters["direction"]),
            ("updated", "asc")
        );
        let entries = self.entries.lock().unwrap();
        let mut listed: Vec<(i64, u64)> = entries
            .iter()
            .filter(|(_, updated)| **updated >= since)
            .map(|(number, updated)| (*updated, *number))
            .collect();
        listed.sort_unstable();
        let body: Vec<_> = listed
            .iter()
            .skip((page - 1) * size)
            .take(size)
            .map(|(updated, number)| entry(*number, *updated))
            .collect();
        let mut answer = http::Response::builder();
        if listed.len() > page * size {
            answer = answer.header("link", "<https://api.github.example/next>; rel=\"next\"");
        }
        answer
            .body(serde_json::to_vec(&body).unwrap().into())
            .unwrap()
    }

    fn people_work(&self) {
        let mut requests = self.requests.lock().unwrap();
        *requests += 1;
        let mut entries = self.entries.lock().unwrap();
        let count = entries.len() as u64;
        let end = entries.values().max().copied().unwrap_or(0);
        for turn in 0..self.moves_per_request {
            let touched = (self.seed + *requests * 7919 + turn * 104_729) % count;
            entries.insert(touched, end + 1);
        }
    }
}

fn entry(number: u64, updated: i64) -> serde_json::Value {
    json!({
        "id": number, "user": null, "html_url": "", "issue_url": "",
        "created_at": Timestamp::EPOCH.to_string(),
        "updated_at": Timestamp::from_millis(updated * 1000).to_string(),
    })
}

#[async_trait]
impl Transport for Moving {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let answer = self.answer(&request.uri().to_string().parse().unwrap());
        self.people_work();
        Ok(answer)
    }
}

/// Reads a list to its end and checks that every entry was seen.
async fn check(updated: impl Fn(u64) -> i64, count: u64, moves_per_request: u64, seed: u64) {
    let list = Arc::new(Moving {
        entries: Mutex::new((0..count).map(|number| (number, updated(number))).collect()),
        requests: Mutex::default(),
        moves_per_request,
        seed,
    });
    let transport: Arc<dyn Transport> = Arc::<Moving>::clone(&list);
    let client = client_over(transport);
    let mut seen = std::collections::BTreeSet::new();
    let mut position = Some(Position::from(Timestamp::EPOCH));
    let mut pages = 0;
    while let Some(at) = position {
        assert_eq!(Position::read(&at.write()), Some(at));
        let page: Page<wire::Comment> = page(&client, &Call::get("/list"), at).await.unwrap();
        seen.extend(page.entries.iter().map(|entry| entry.id));
        position = page.next;
        pages += 1;
        assert!(pages < 500, "reading does not end");
    }
    let missed: Vec<u64> = (0..count).filter(|number| !seen.contains(number)).collect();
    assert!(missed.is_empty(), "seed {seed}: missed {missed:?}");
}

#[tokio::test]
async fn nothing_is_lost_when_times_differ() {
    for seed in 0..20 {
        check(|number| 1000 + number as i64, 350, 5, seed).await;
    }
}

#[tokio::test]
async fn nothing_is_lost_when_all_times_are_equal() {
    for seed in 0..20 {
        check(|_| 1000, 450, 5, seed).await;
    }
    check(|_| 1000, 450, 0, 0).await;
    check(|_| 1000, 100, 0, 0).await;
}

#[tokio::test]
async fn nothing_is_lost_when_times_are_equal_in_groups() {
    for seed in 0..20 {
        check(|number| 1000 + number as i64 / 120, 600, 9, seed).await;
    }
}

#[tokio::test]
async fn short_lists_end() {
    for count in [1, 2, 99, 100, 101] {
        check(|number| number as i64, count, 0, 0).await;
    }
}

#[test]
fn the_last_pages_address_tells_how_many_entries_there_are_at_the_most() {
    let of = |query: &str| entries_up_to(&format!("https://api.github.example/issues?{query}"));
    assert_eq!(of("per_page=100&page=7&sort=updated"), Some(700));
    assert_eq!(of("per_page=100"), None);
    assert_eq!(of("page=x"), None);
    assert_eq!(entries_up_to("issues?page=7"), None);
}

//! The people's telephones: where the watches' pages arrive, as the signed webhooks that they are
//! (docs/specs/page-webhook.md).

use super::config::PAGE_SECRET;
use crate::handles::SystemClock;
use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use twinline_core::handles::Clock as _;
use twinline_trackers::http::Secret;
use twinline_watch::channel::webhook::verify;

/// The most pages that are kept: a drill has some twenty.
const PAGES_MAX: usize = 1000;
/// No page is greater.
const PAGE_MAX_BYTES: usize = 256 << 10;

/// One page.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) at: Instant,
    /// The machine whose watch sent it.
    pub(super) machine: String,
    /// Its type: `incident.opened`.
    pub(super) kind: String,
    pub(super) person: String,
    /// What the incident is named after.
    pub(super) element: String,
    /// The link that acknowledges.
    pub(super) acknowledge: Option<String>,
}

impl Page {
    /// Whether somebody is asked to look after the element.
    pub(super) fn calls_for(&self, element: &str) -> bool {
        let calls = matches!(self.kind.as_str(), "incident.opened" | "incident.reminder");
        calls && self.element == element
    }
}

/// The first page that a machine's watch has sent for an element since then, and the first after it to somebody else.
pub(super) fn steps(
    all: &[Page],
    machine: &str,
    element: &str,
    since: Instant,
) -> Option<(Page, Page)> {
    let mut calls = all
        .iter()
        .filter(|page| page.machine == machine && page.calls_for(element) && page.at >= since);
    let first = calls.next()?;
    let second = calls.find(|page| page.person != first.person)?;
    Some((first.clone(), second.clone()))
}

/// Takes pages until it is dropped.
pub(in crate::drill) struct Pages {
    pub(in crate::drill) at: SocketAddr,
    state: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    secrets: [Secret; 1],
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    pages: Vec<Page>,
    /// A page may come more than once.
    ids: BTreeSet<String>,
    unverified: usize,
}

impl Pages {
    pub(in crate::drill) async fn start() -> Result<Self> {
        let state = Arc::new(Shared {
            secrets: [Secret::new(PAGE_SECRET)],
            taken: Mutex::default(),
        });
        let router = Router::new()
            .route("/pages", post(take))
            .layer(DefaultBodyLimit::max(PAGE_MAX_BYTES))
            .with_state(Arc::clone(&state));
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(any).await.context("listening")?;
        let at = listener.local_addr().context("an address")?;
        // It serves until it is aborted: axum's serve ends by itself for no error.
        let serving = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { at, state, serving })
    }

    /// All so far, in the order of their coming.
    pub(super) fn all(&self) -> Vec<Page> {
        self.state.lock().pages.clone()
    }

    /// Those that were not signed as they should be.
    pub(super) fn unverified(&self) -> usize {
        self.state.lock().unverified
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().expect("no code panics with this lock")
    }
}

async fn take(State(state): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let at = Instant::now();
    if verify(&state.secrets, &headers, &body, SystemClock.now()).is_err() {
        state.lock().unverified += 1;
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(told) = serde_json::from_slice::<Json>(&body) else {
        return StatusCode::BAD_REQUEST;
    };
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let data = &told["data"];
    let id = text(&data["page"]);
    let machine = id.split('-').next().unwrap_or_default().to_owned();
    let mut taken = state.lock();
    if taken.pages.len() < PAGES_MAX && taken.ids.insert(id) {
        taken.pages.push(Page {
            at,
            machine,
            kind: text(&told["type"]),
            person: text(&data["person"]),
            element: text(&data["incidents"][0]["element"]),
            acknowledge: data["links"]["acknowledge"].as_str().map(str::to_owned),
        });
    }
    StatusCode::ACCEPTED
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Pages as `(second, machine, person, element)`; the persons of the first and the next step since second 10.
    fn check(all: &[(u64, &str, &str, &str)], expected: Option<(&str, &str)>) {
        let began = Instant::now();
        let page = |(second, machine, person, element): &(u64, &str, &str, &str)| Page {
            at: began + Duration::from_secs(*second),
            machine: (*machine).to_owned(),
            kind: "incident.opened".to_owned(),
            person: (*person).to_owned(),
            element: (*element).to_owned(),
            acknowledge: None,
        };
        let pages: Vec<Page> = all.iter().map(page).collect();
        let found = steps(
            &pages,
            "m1",
            "database:central",
            began + Duration::from_secs(10),
        );
        let found = found.map(|(first, second)| (first.person, second.person));
        let expected = expected.map(|(first, second)| (first.to_owned(), second.to_owned()));
        assert_eq!(found, expected, "{all:?}");
    }

    #[test]
    fn what_was_called_for_before_the_fault_is_no_step_of_it() {
        let central = "database:central";
        let early = [(3, "m1", "ada", central), (6, "m1", "bo", central)];
        check(&early, None);
        let then = [(12, "m1", "bo", central), (15, "m1", "ada", central)];
        check(&then, Some(("bo", "ada")));
        check(&[early, then].concat(), Some(("bo", "ada")));
        // Another machine's, of another matter, or to the same person.
        let others = [
            (12, "m1", "ada", central),
            (13, "m2", "bo", central),
            (14, "m1", "bo", "host:m1"),
            (15, "m1", "ada", central),
        ];
        check(&others, None);
    }
}

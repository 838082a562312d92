//! Tickets by a tracker's own connector, over its simulator: what one of them is like matters to no other.

use super::super::memory::Memory;
use super::super::tickets::{Place, Tickets};
use super::super::{Answer, Found, Inbound, Passed};
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_core::watch::incident::ReportId;
use twinline_sim::github::{Github, GithubConfig};
use twinline_sim::{Command, Done, Simulator};
use twinline_trackers::Learnt;
use twinline_trackers::http::{Secret, Transport, TransportError};
use twinline_trackers::registry::{self, NodeSettings};

/// When all of this happens.
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// GitHub in this process, which answers some paths with a server error.
struct Within {
    github: Mutex<Github>,
    broken: Mutex<BTreeSet<String>>,
    /// What was asked for, by path.
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for Within {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let path = request.uri().path().to_owned();
        self.asked.lock().unwrap().push(path.clone());
        if self.broken.lock().unwrap().contains(&path) {
            let answer = http::Response::builder().status(500);
            return Ok(answer.body(Bytes::from_static(b"oops")).unwrap());
        }
        Ok(self.github.lock().unwrap().handle(NOW, &request))
    }
}

impl Within {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            github: Mutex::new(Github::new(GithubConfig::default())),
            broken: Mutex::default(),
            asked: Mutex::default(),
        })
    }

    /// An issue of that title; its number.
    fn create(&self, title: &str) -> String {
        let create = Command::Create {
            container: None,
            by: "ana".to_owned(),
            title: title.to_owned(),
            body: String::new(),
            labels: Vec::new(),
            assignees: Vec::new(),
        };
        let done = self.github.lock().unwrap().command(NOW, create);
        match done.unwrap() {
            Done::Item(key) => key.rsplit('#').next().unwrap().to_owned(),
            other => panic!("the simulator answered {other:?}"),
        }
    }

    fn breaks(&self, number: &str) {
        let path = format!("/repos/acme/app/issues/{number}");
        self.broken.lock().unwrap().insert(path);
    }
}

fn tickets(within: &Arc<Within>) -> Tickets {
    let settings = NodeSettings {
        node: "gh".into(),
        url: Some("http://127.0.0.1:9".parse().unwrap()),
        auth: [("token".to_owned(), Secret::new("github-token"))].into(),
        description: None,
        settle: None,
        texts: None,
        write_spacing: None,
        unlimited: true,
        learnt: Learnt::default(),
    };
    let transport: Arc<dyn Transport> = within.clone();
    Tickets {
        tracker: registry::build("github", settings, transport, Arc::new(Still)).unwrap(),
        place: Place {
            node: "gh".into(),
            scope: [("repo".to_owned(), "acme/app".to_owned())].into(),
            tenant_by: Some("reporter".into()),
            channel: Some("public".to_owned()),
        },
    }
}

/// What a look finds: the summaries, how many cannot be read, and whether that is all.
async fn look(tickets: &Tickets, passed: &Passed) -> (Vec<String>, usize, bool) {
    let since = Timestamp::from_millis(NOW.as_millis() - 60_000);
    let found = tickets.since(since, passed).await.unwrap();
    let mut summaries: Vec<String> = found.tickets.into_iter().map(|it| it.summary).collect();
    summaries.sort();
    assert_eq!(found.fault.is_some(), !found.unread.is_empty());
    (summaries, found.unread.len(), found.complete_to.is_some())
}

#[tokio::test]
async fn a_ticket_says_whose_it_is_by_what_nobody_can_choose_at_will() {
    let within = Within::new();
    within.create("Nothing arrives");
    let since = Timestamp::from_millis(NOW.as_millis() - 60_000);
    let found = tickets(&within).since(since, &Passed::default()).await;
    let ticket = found.unwrap().tickets.pop().unwrap();
    assert!(ticket.from.contains(&"ana".to_owned()), "{ticket:?}");
    assert_eq!(ticket.made, Some(NOW));
    assert_eq!(ticket.summary, "Nothing arrives");
}

#[tokio::test]
async fn a_ticket_that_cannot_be_read_keeps_no_other_from_being_found() {
    let within = Within::new();
    let first = within.create("a");
    within.create("b");
    within.breaks(&first);
    let tickets = tickets(&within);
    let (found, unread, complete) = look(&tickets, &Passed::default()).await;
    assert_eq!((found, unread, complete), (vec!["b".to_owned()], 1, false));
    // It comes after all others, and is found when it can be read.
    within.create("c");
    let passed = Passed {
        known: BTreeSet::new(),
        unread: tickets
            .since(Timestamp::EPOCH, &Passed::default())
            .await
            .unwrap()
            .unread
            .into_iter()
            .collect(),
    };
    within.asked.lock().unwrap().clear();
    let (found, ..) = look(&tickets, &passed).await;
    assert_eq!(found, ["b", "c"]);
    let asked = within.asked.lock().unwrap().clone();
    let last = asked.iter().rfind(|path| path.contains("/issues/"));
    assert!(last.unwrap().ends_with(&format!("/{first}")), "{asked:?}");
    within.broken.lock().unwrap().clear();
    let (found, unread, complete) = look(&tickets, &passed).await;
    assert_eq!((found.len(), unread, complete), (3, 0, true));
}

#[tokio::test]
async fn more_tickets_than_one_look_fetches_are_found_by_the_next() {
    let within = Within::new();
    for number in 0..60 {
        within.create(&format!("{number}"));
    }
    let tickets = tickets(&within);
    let since = Timestamp::from_millis(NOW.as_millis() - 60_000);
    let mut passed = Passed::default();
    let first = tickets.since(since, &passed).await.unwrap();
    assert_eq!((first.tickets.len(), first.complete_to), (50, None));
    passed.known = first.tickets.into_iter().map(|it| it.id).collect();
    let second = tickets.since(since, &passed).await.unwrap();
    assert_eq!(second.tickets.len(), 10);
    assert!(second.complete_to.is_some());
}

#[tokio::test]
async fn those_that_cannot_be_read_take_turns_and_are_left_together() {
    let within = Within::new();
    for number in 0..60 {
        let ticket = within.create(&format!("{number}"));
        within.breaks(&ticket);
    }
    let tickets = tickets(&within);
    let since = Timestamp::from_millis(NOW.as_millis() - 60_000);
    let mut memory = Memory::default();
    let at = |seconds: i64| Timestamp::from_millis(NOW.as_millis() + seconds * 1000);
    for seconds in [0, 30, 60] {
        let found = tickets.since(since, &memory.passed()).await.unwrap();
        assert_eq!(found.unread.len(), 50);
        assert!(memory.unread(&found, at(seconds)).is_empty());
    }
    // More than one look comes to: all are known to be unread, and since when.
    assert_eq!(memory.passed().unread.len(), 60);
    let found = tickets.since(since, &memory.passed()).await.unwrap();
    assert_eq!(memory.unread(&found, at(1801)).len(), 50);
    assert_eq!(memory.passed().unread.len(), 10);
    assert_eq!(memory.unread(&Found::default(), at(1831)).len(), 10);
}

#[tokio::test]
async fn an_answer_that_is_there_is_not_written_again() {
    let within = Within::new();
    within.create("a");
    let tickets = tickets(&within);
    let found = tickets.since(Timestamp::EPOCH, &Passed::default()).await;
    let id = found.unwrap().tickets.pop().unwrap().id;
    let answer = Answer {
        report: ReportId("ticket-support-1".to_owned()),
        word: "known",
        text: "We know of this.".to_owned(),
    };
    for _ in 0..2 {
        tickets.answer(&id, &answer).await.unwrap();
    }
    let dump = within.github.lock().unwrap().dump();
    assert_eq!(dump.items[0].comments.len(), 1);
}

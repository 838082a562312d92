//! Tickets become reports once, and are answered when something comes of them.

mod memory;
mod tracked;

use super::{Answer, Found, Inbound, Looks, Passed, Queue, Ticket};
use crate::driver::tests::world::{World, element, setup, until};
use crate::driver::{Deed, Setup, Tenant, TenantNode};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use twinline_core::time::Timestamp;
use twinline_core::watch::element::Path;
use twinline_core::watch::incident::IncidentId;

/// Tickets that a test puts there, and what was written under them.
#[derive(Default)]
struct Paper {
    tickets: Mutex<Vec<Ticket>>,
    answers: Mutex<Vec<(String, String)>>,
    /// So many answers are refused first.
    refuses: Mutex<u32>,
    looks: Mutex<u32>,
    /// Why it cannot be read.
    fault: Mutex<Option<String>>,
}

#[async_trait]
impl Inbound for Paper {
    async fn since(&self, since: Timestamp, passed: &Passed) -> Result<Found, String> {
        *self.looks.lock().unwrap() += 1;
        if let Some(fault) = self.fault.lock().unwrap().clone() {
            return Err(fault);
        }
        let tickets = self.tickets.lock().unwrap();
        let fresh = tickets.iter().filter(|it| !passed.known.contains(&it.id));
        Ok(Found {
            tickets: fresh.cloned().collect(),
            complete_to: Some(since),
            ..Found::default()
        })
    }

    async fn answer(&self, ticket: &str, answer: &Answer) -> Result<(), String> {
        let mut refuses = self.refuses.lock().unwrap();
        if *refuses > 0 {
            *refuses -= 1;
            return Err("503".to_owned());
        }
        let written = (ticket.to_owned(), answer.text.clone());
        self.answers.lock().unwrap().push(written);
        Ok(())
    }
}

/// A ticket of somebody, made at that time.
fn ticket(id: &str, from: &str, made: Option<Timestamp>) -> Ticket {
    Ticket {
        id: id.to_owned(),
        key: format!("#{id}"),
        made,
        summary: "Nothing arrives".to_owned(),
        from: vec![from.to_owned()],
    }
}

fn shared() -> Setup {
    let mut setup = setup(Vec::new(), &[]);
    for name in ["acme", "bolt"] {
        let node = TenantNode {
            node: name.to_owned(),
            tracker: "github".to_owned(),
        };
        let tenant = Tenant {
            token: None,
            nodes: vec![node],
        };
        setup.tenants.insert(name.to_owned(), tenant);
    }
    setup
}

/// A queue that is read all the time.
fn read(paper: &Arc<Paper>, world: &World) -> JoinHandle<()> {
    tokio::spawn(queue(paper.clone(), world).run(world.handle.clone()))
}

fn queue(inbound: Arc<dyn Inbound>, world: &World) -> Queue {
    let tenants = [("acme inc", "acme"), ("bolt.example", "bolt")];
    Queue {
        name: "support".to_owned(),
        inbound,
        node: (element("node:support"), Path::new()),
        tenants: tenants.map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
        answers: true,
        period: Duration::from_millis(20),
        unread_max: Duration::from_millis(200),
        looks: Looks::default(),
        public_url: None,
        file: world.path().join("queue-support.json"),
        clock: world.clock(),
    }
}

/// Waits until the queue was looked at twice more: what was there is taken.
async fn looked(paper: &Paper) {
    let before = *paper.looks.lock().unwrap();
    until("two looks", async || {
        (*paper.looks.lock().unwrap() >= before + 2).then_some(())
    })
    .await;
}

/// The reports that there are, each with whose it is.
async fn filed(world: &World) -> BTreeMap<String, Option<String>> {
    let filed = world.handle.reports().await.unwrap();
    let filed = filed.iter();
    filed
        .map(|it| (it.report.0.clone(), it.tenant.clone()))
        .collect()
}

#[tokio::test]
async fn tickets_of_two_tenants_open_one_incident_and_each_is_answered() {
    let world = World::start(shared()).await;
    let paper = Arc::new(Paper::default());
    let reading = read(&paper, &world);
    looked(&paper).await;
    *paper.refuses.lock().unwrap() = 1;
    let now = Some(world.now());
    *paper.tickets.lock().unwrap() = vec![
        ticket("1", "Acme Inc", now),
        ticket("2", "bolt.example", now),
        ticket("3", "somebody", now),
    ];
    let opened = until("the incident", async || {
        world.passes(1).await;
        world.overview().await.incidents.pop()
    })
    .await;
    assert_eq!(opened.element.to_string(), "host:m1");
    let answers = async |count: usize| {
        until("the answers", async || {
            let answers = paper.answers.lock().unwrap().clone();
            (answers.len() >= count).then_some(answers)
        })
        .await
    };
    let known = "We know of this and are at work on it. You read here when it is over.";
    let mut told = answers(2).await;
    told.sort();
    let expected = ["1", "2"].map(|id| (id.to_owned(), known.to_owned()));
    assert_eq!(told, expected, "what nothing came of is not answered");
    let whose = [
        ("ticket-support-1", Some("acme")),
        ("ticket-support-2", Some("bolt")),
        ("ticket-support-3", None),
    ];
    let whose = whose.map(|(id, of)| (id.to_owned(), of.map(str::to_owned)));
    assert_eq!(filed(&world).await, whose.into());

    // Another process goes on from what this one knew.
    until("it to be stored", async || {
        let stored = std::fs::read_to_string(world.path().join("queue-support.json")).ok()?;
        (stored.matches("\"answered\":\"known\"").count() == 2).then_some(())
    })
    .await;
    reading.abort();
    let reading = read(&paper, &world);
    let deed = Deed::Resolve {
        incident: IncidentId(1),
        by: "ada".to_owned(),
        text: None,
    };
    world.handle.perform(deed).await.unwrap();
    let mut told = answers(4).await.split_off(2);
    told.sort();
    let over = "What was reported here is over.";
    let expected = ["1", "2"].map(|id| (id.to_owned(), over.to_owned()));
    assert_eq!(told, expected);
    looked(&paper).await;
    assert_eq!(paper.answers.lock().unwrap().len(), 4);
    assert_eq!(filed(&world).await.len(), 3);
    reading.abort();
    drop(world.end().await);
}

#[tokio::test]
async fn what_was_there_before_and_what_nobody_knows_when_is_no_report() {
    let world = World::start(shared()).await;
    let paper = Arc::new(Paper::default());
    let before = Timestamp::from_millis(world.now().as_millis() - 1);
    *paper.tickets.lock().unwrap() = vec![
        ticket("1", "Acme Inc", Some(before)),
        ticket("2", "Acme Inc", None),
    ];
    let reading = read(&paper, &world);
    looked(&paper).await;
    paper
        .tickets
        .lock()
        .unwrap()
        .push(ticket("3", "acme inc", Some(world.now())));
    until("the report", async || {
        let filed = filed(&world).await;
        (filed.keys().eq(["ticket-support-3"])).then_some(())
    })
    .await;
    reading.abort();
    drop(world.end().await);
}

#[tokio::test]
async fn a_queue_that_cannot_be_read_is_told_of_its_node_until_it_can() {
    let world = World::start(shared()).await;
    let paper = Arc::new(Paper::default());
    *paper.fault.lock().unwrap() = Some("503".to_owned());
    let made = queue(paper.clone(), &world);
    let looks = made.looks.clone();
    let reading = tokio::spawn(made.run(world.handle.clone()));
    let failing = async |wanted: &[&str]| {
        until("what fails", async || {
            world.passes(1).await;
            let incidents = world.overview().await.incidents.into_iter();
            let failing = incidents.flat_map(|it| it.failing);
            let failing: Vec<String> = failing.map(|it| it.to_string()).collect();
            (failing == wanted).then_some(())
        })
        .await;
    };
    failing(&["node:support"]).await;
    assert!(looks.ages()["support"] >= Duration::from_millis(200));
    reading.abort();
    // Another process does not know what was said before.
    *paper.fault.lock().unwrap() = None;
    let reading = read(&paper, &world);
    failing(&[]).await;
    reading.abort();
    drop(world.end().await);
}

/// A text of anybody, as it is filed.
#[tokio::test]
async fn what_anybody_writes_is_filed_short_and_plain() {
    let world = World::start(shared()).await;
    let paper = Arc::new(Paper::default());
    let reading = read(&paper, &world);
    looked(&paper).await;
    let mut hostile = ticket("1", "Acme Inc", Some(world.now()));
    hostile.summary = format!("\u{1b}[2J\r\n\0<script>{}", "\u{1f4a5}".repeat(1 << 20));
    paper.tickets.lock().unwrap().push(hostile);
    let filed = until("the report", async || {
        let filed = world.handle.reports().await.unwrap();
        filed.first().cloned()
    })
    .await;
    assert!(filed.text.starts_with("#1:  [2J   <script>"), "{filed:?}");
    assert_eq!(filed.text.chars().count(), 200);
    reading.abort();
    drop(world.end().await);
}

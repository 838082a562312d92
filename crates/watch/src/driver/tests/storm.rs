//! Ten thousand nodes fail at once: through the driver, its file and the page to a person it is one incident.

use super::world::{World, hook, receiver, setup, until};
use crate::driver::{Shown, Standing};
use serde_json::Value as Json;
use twinline_core::watch::element::{Element, Path};
use twinline_core::watch::signal::{Severity, Signal, State};

const NODES: usize = 10_000;
/// So many are told at a time.
const AT_ONCE: usize = 500;
/// The largest page that is posted, in bytes: chats and carriers refuse larger ones, or cut them.
const PAGE_MAX_BYTES: usize = 16 * 1024;

fn element(text: &str) -> Element {
    text.parse().unwrap()
}

/// What a probe finds of a node: it needs its host, its tracker, the resolver and the database.
fn fails(node: usize) -> Signal {
    let (host, tracker) = (node % 8, node % 5);
    let needs = ["database:central".to_owned(), "dns:m1".to_owned()];
    let needs = needs.into_iter();
    let needs = needs.chain([format!("host:h{host}"), format!("tracker:t{tracker}")]);
    Signal {
        source: "storm".to_owned(),
        subject: element(&format!("node:{node}")),
        state: State::Failing {
            severity: Severity::Critical,
            implicates: needs.map(|it| element(&it)).collect::<Path>(),
            summary: format!("the changes of n{node} are accounted for up to 900 s ago"),
        },
    }
}

/// The only incident, once all of the nodes are in it; a driver that is at work is asked again.
async fn whole(world: &World) -> Shown {
    until("one incident with all nodes", async || {
        world.steps(1);
        let mut incidents = world.handle.overview().await.ok()?.incidents;
        assert!(incidents.len() < 2, "{} incidents", incidents.len());
        incidents.pop().filter(|it| it.failing.len() == NODES)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_is_one_incident_and_one_page_that_names_what_is_at_fault() {
    let (port, posted) = receiver().await;
    let made = || setup(vec![hook("chat", port)], &["chat:ada"]);
    let world = World::start(made()).await;
    // A probe of its own finds the resolver well.
    world.signal("dns:m1", false).await;
    let all: Vec<Signal> = (0..NODES).map(fails).collect();
    for some in all.chunks(AT_ONCE) {
        let some = some.to_vec();
        until("the driver to take them", async || {
            world.handle.signals(some.clone()).await.then_some(())
        })
        .await;
    }
    until("the driver to have heard all of them", async || {
        world.handle.overview().await.ok()
    })
    .await;
    let shown = whole(&world).await;
    assert_eq!(shown.element, element("database:central"));
    assert_eq!(shown.standing, Standing::Open);

    let page: Json = until("the page", async || {
        world.steps(1);
        posted.lock().unwrap().first().cloned()
    })
    .await;
    let told = &page["data"]["incidents"][0];
    assert_eq!(told["element"], "database:central");
    assert_eq!(told["affected_count"], NODES, "{page}");
    let size = page.to_string().len();
    assert!(size < PAGE_MAX_BYTES, "{size} bytes");

    // Another process takes it up from the file: one incident, and nobody is told of a new one.
    let world = world.restart(made(), 5).await;
    let again = whole(&world).await;
    assert_eq!(again.incident, shown.incident);
    drop(world.end().await);
    let opened = posted.lock().unwrap().clone();
    let opened = opened.iter().filter(|it| it["type"] == "incident.opened");
    assert_eq!(opened.count(), 1);
}

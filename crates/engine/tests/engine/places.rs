//! What is wrong with the places that connections use shows in the status.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On, Refusal};
use crate::support::{Running, World, until};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use twinline_core::contract::Contract;

const PERIOD: Duration = Duration::from_secs(100);

fn world() -> World {
    let mut world = World::new(&["left", "right"]);
    world.settings.probe_period = PERIOD;
    world.sweep.period = PERIOD / 10;
    world.sweep.backed_off = PERIOD / 10;
    world
}

/// Rules whose left side is this project of the node `left`.
fn in_project(connection: &str, project: &str) -> Contract {
    let mut rules = contract(connection, "left", "right");
    rules.scopes.left = BTreeMap::from([("project".to_owned(), project.to_owned())]);
    rules
}

async fn faults(running: &Running) -> Vec<String> {
    let nodes = running.host.status().await.unwrap().nodes.into_iter();
    let mut left = nodes.filter(|node| node.node.as_str() == "left");
    left.next().unwrap().faults
}

#[tokio::test(start_paused = true)]
async fn the_faults_of_a_place_show_until_they_are_mended() {
    let world = world();
    let running = world
        .start(&[in_project("a", "A"), in_project("b", "B")])
        .await;
    let tracker = world.tracker("left");
    until("both were asked about", async || {
        tracker.state().places_probed.len() == 2
    })
    .await;
    let webhook = Some("https://edge/hooks/left".to_owned());
    assert!(
        tracker
            .state()
            .places_probed
            .iter()
            .all(|(_, url)| *url == webhook)
    );
    assert!(faults(&running).await.is_empty());

    tracker.state().refused.insert("A".to_owned());
    tracker.state().refusal = Refusal::Gone;
    let archived = "B is archived: unarchive it".to_owned();
    tracker
        .state()
        .place_faults
        .insert("B".to_owned(), vec![archived.clone()]);
    until("both faults show", async || {
        faults(&running).await.len() == 2
    })
    .await;
    let gone = "project A: not reachable: 404 Not Found".to_owned();
    assert_eq!(faults(&running).await, [archived.clone(), gone]);

    tracker.state().refused.clear();
    until("the project is back", async || {
        faults(&running).await == [archived.clone()]
    })
    .await;
    tracker.state().place_faults.clear();
    until("it is mended", async || faults(&running).await.is_empty()).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_place_is_asked_about_once_in_a_period_and_a_node_has_forty_of_them() {
    let world = world();
    let projects = 50;
    let rules: Vec<_> = (0..projects)
        .map(|number| in_project(&format!("c{number}"), &format!("P{number}")))
        .collect();
    let running = world.start(&rules).await;
    let tracker = world.tracker("left");
    tokio::time::sleep(PERIOD - PERIOD / 20).await;
    assert_eq!(tracker.state().places_probed.len(), 40);
    tokio::time::sleep(PERIOD).await;
    let probed = tracker.state().places_probed.clone();
    assert_eq!(probed.len(), 80);
    let ever: BTreeSet<_> = probed.into_iter().collect();
    assert_eq!(ever.len(), projects, "all have had their turn");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_place_that_does_not_answer_is_no_fault_of_its_own_and_what_was_known_stays() {
    let world = world();
    let tracker = world.tracker("left");
    let lacking = vec!["no right to write in A".to_owned()];
    tracker
        .state()
        .place_faults
        .insert("A".to_owned(), lacking.clone());
    let running = world.start(&[in_project("a", "A")]).await;
    until("the fault shows", async || {
        faults(&running).await == lacking
    })
    .await;
    tracker.fault(On::Place, Fault::Retry(None));
    let asked = tracker.state().places_probed.len();
    until("it was asked in vain", async || {
        tracker.state().places_probed.len() == asked + 1
    })
    .await;
    assert_eq!(faults(&running).await, lacking);
    running.stop().await;
}

//! Acknowledging by a link, and what a visitor reports.

use super::world::{KEY, World, hook, setup};
use crate::channel::acknowledge::{About, Grant, Signer};
use crate::site::{Desk as _, Refused, Report, Standing};
use std::net::TcpListener;
use std::time::Duration;
use twinline_core::watch::incident::IncidentId;

fn token(world: &World, about: About) -> String {
    let grant = Grant {
        about,
        person: "ada".to_owned(),
        until: world
            .now()
            .plus(Duration::from_secs(3600))
            .floor_to_second(),
    };
    Signer::new([KEY]).unwrap().token(&grant).unwrap()
}

#[tokio::test]
async fn a_link_shows_first_and_then_acknowledges_once() {
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = deaf.local_addr().unwrap().port();
    let world = World::start(setup(vec![hook("chat", port)], &["chat:ops"])).await;
    world.signal("host:h1", true).await;
    world.passes(3).await;
    let token = token(&world, About::Incident("1.00000000".to_owned()));
    let errand = world.handle.errand(&token).await.unwrap();
    assert_eq!(errand.standing, Standing::Open);
    assert_eq!(errand.headline, "host:h1 answers nothing");
    for _ in 0..2 {
        let done = world.handle.acknowledge(&token).await.unwrap();
        let Standing::Acknowledged { by, .. } = done.standing else {
            panic!("{done:?}");
        };
        assert_eq!(by, "ada");
    }
    let detail = world.handle.detail(IncidentId(1)).await.unwrap();
    assert_eq!(detail.shown.next_page_at, None);
    let forged = world.handle.errand("forged").await;
    assert_eq!(forged, Err(Refused::UnknownLink));
    drop(world.end().await);
}

#[tokio::test]
async fn a_visitors_report_joins_and_opens_nothing() {
    let world = World::start(setup(Vec::new(), &[])).await;
    assert!(world.overview().await.nobody_to_call);
    let report = Report {
        component: None,
        text: "It does not work".to_owned(),
    };
    let first = world.handle.report(report.clone()).await.unwrap();
    let second = world.handle.report(report).await.unwrap();
    assert_ne!(first, second);
    world.passes(3).await;
    assert!(world.overview().await.incidents.is_empty());
    drop(world.end().await);
}

//! The outside is asked while all is well, and is left alone, so that it calls, while nobody can be told of what fails.

use super::*;
use crate::driver::tests::world::{World, setup, until};
use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use twinline_trackers::http::TransportError;

#[derive(Default)]
struct Switch {
    pings: AtomicU64,
    broken: AtomicBool,
}

#[async_trait]
impl Transport for Switch {
    async fn send(&self, request: Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        assert_eq!(request.uri(), "http://deadman.example/secret");
        if self.broken.load(Ordering::SeqCst) {
            let reason = "http://deadman.example/secret is gone";
            return Err(TransportError::not_sent(reason));
        }
        self.pings.fetch_add(1, Ordering::SeqCst);
        Ok(http::Response::new(Bytes::new()))
    }
}

fn ping(switch: &Arc<Switch>) -> OutsidePing {
    OutsidePing {
        url: Secret::new("http://deadman.example/secret"),
        period: Duration::from_millis(10),
        transport: Arc::clone(switch) as Arc<dyn Transport>,
        machine: "m1".to_owned(),
    }
}

#[tokio::test]
async fn the_switch_is_asked_until_nobody_can_be_told() {
    let world = World::start(setup(Vec::new(), &[])).await;
    let switch = Arc::new(Switch::default());
    let (ping, mut found) = (ping(&switch), Found::default());
    let mut check = async |expected: u64| {
        for _ in 0..3 {
            ping.turn(&world.handle, &mut found).await;
        }
        assert_eq!(switch.pings.load(Ordering::SeqCst), expected);
    };
    check(3).await;
    // There is nobody to call: an incident is unheard.
    world.signal("host:h1", true).await;
    world.passes(3).await;
    assert!(!world.handle.vitals().figures().is_well());
    check(3).await;
    world.signal("host:h1", false).await;
    until("watch to be well again", async || {
        world.passes(20).await;
        world.handle.vitals().figures().is_well().then_some(())
    })
    .await;
    check(6).await;
    drop(world.end().await);
}

#[tokio::test]
async fn a_switch_that_cannot_be_asked_is_told_of_without_its_address() {
    let world = World::start(setup(Vec::new(), &[])).await;
    let switch = Arc::new(Switch::default());
    switch.broken.store(true, Ordering::SeqCst);
    let pings = tokio::spawn(ping(&switch).run(world.handle.clone()));
    let told = until("the incident", async || {
        world.passes(1).await;
        world.overview().await.incidents.pop()
    })
    .await;
    assert!(told.headline.contains("cannot be pinged"), "{told:?}");
    assert!(!told.headline.contains("secret"), "{told:?}");
    pings.abort();
    drop(world.end().await);
}

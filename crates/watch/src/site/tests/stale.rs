//! What is old says so.

use super::*;

fn visit(late: Duration) -> Visit {
    let shown = World::busy().shown();
    let now = shown.at.plus(late);
    Visit::with(shown, now, Recorder::default(), Settings::default())
}

#[tokio::test]
async fn what_was_not_refreshed_for_too_long_is_said_to_be_old() {
    let fresh = visit(Settings::default().stale_after);
    let page = fresh.get("/").await;
    assert!(!page.text().contains("out of date"));
    let stale = visit(Settings::default().stale_after + Duration::from_millis(1));
    for path in ["/", "/incidents/4", "/history"] {
        stale.get(path).await.says(&[
            "This may be out of date.",
            "last refreshed on 28 Nov 2026, 18:30 CET",
        ]);
    }
    let status = stale.json("/api/v2/status.json").await;
    assert_eq!(
        status["status"]["description"],
        "Partially Degraded Service (last refreshed 2026-11-28T17:30:00Z)"
    );
    assert_eq!(status["page"]["refreshed_at"], "2026-11-28T17:30:00.000Z");
}

#[tokio::test]
async fn what_the_driver_publishes_is_shown_at_once() {
    let mut world = World::busy();
    let visit = Visit::to(world.shown());
    visit.get("/").await.says(&["Partially Degraded Service"]);
    world.recovers(4);
    visit.shows.send(Arc::new(world.shown())).unwrap();
    visit.get("/").await.says(&["All Systems Operational"]);
    // And it stays when the driver is gone.
    let Visit {
        router,
        shows,
        desk,
    } = visit;
    drop(shows);
    let (shows, _) = watch::channel(Arc::new(world.shown()));
    let visit = Visit {
        router,
        shows,
        desk,
    };
    visit.get("/").await.says(&["All Systems Operational"]);
}

//! A link that is fetched does nothing; one that is posted to does.

use super::*;

const LINK: &str = "/ack/AQAAAABpLkWAA2FkYWluYy0xMg";

async fn refused(refused: Refused, method: &str) -> Got {
    let visit = Visit::to(World::busy().shown());
    *visit.desk.refuses.lock().unwrap() = Some(refused);
    visit.ask(method, LINK, &[], "").await
}

#[tokio::test]
async fn a_fetched_link_shows_what_it_is_for_and_acknowledges_nothing() {
    let visit = Visit::to(World::busy().shown());
    for method in ["GET", "HEAD", "OPTIONS"] {
        assert!(visit.ask(method, LINK, &[], "").await.status.is_success());
    }
    let asked = "errand AQAAAABpLkWAA2FkYWluYy0xMg";
    assert_eq!(visit.asked(), [asked, asked]);
    let page = visit.get(LINK).await;
    page.says(&[
        "Incident 12 commits fail (database:central)",
        "Acknowledge as ada",
    ]);
    assert!(
        page.body
            .contains(r#"<form method="post" action="AQAAAABpLkWAA2FkYWluYy0xMg">"#)
    );
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("x-robots-tag"), "noindex");
}

#[tokio::test]
async fn a_posted_link_acknowledges_and_says_so() {
    let visit = Visit::to(World::busy().shown());
    let page = visit.ask("POST", LINK, &[], "").await;
    assert_eq!(page.status, StatusCode::OK);
    page.says(&["Acknowledged by ada on 28 Nov 2026, 18:31 CET."]);
    assert!(!page.body.contains("<form"));
    assert_eq!(visit.asked(), ["acknowledge AQAAAABpLkWAA2FkYWluYy0xMg"]);
}

#[tokio::test]
async fn another_sites_page_cannot_acknowledge() {
    let visit = Visit::to(World::busy().shown());
    for (site, status) in [
        ("cross-site", StatusCode::FORBIDDEN),
        ("same-site", StatusCode::FORBIDDEN),
        ("same-origin", StatusCode::OK),
        ("none", StatusCode::OK),
    ] {
        let from = [("sec-fetch-site", site)];
        let page = visit.ask("POST", LINK, &from, "").await;
        assert_eq!(page.status, status, "{site}");
    }
    assert_eq!(visit.asked().len(), 2);
}

#[tokio::test]
async fn a_link_that_grants_nothing_says_why() {
    let until = Timestamp::parse("2026-11-28T17:00:00Z").unwrap();
    for (refusal, status, said) in [
        (Refused::UnknownLink, StatusCode::NOT_FOUND, "not genuine"),
        (Refused::ExpiredLink { until }, StatusCode::GONE, "too old"),
        (Refused::Busy, StatusCode::SERVICE_UNAVAILABLE, "Try again"),
    ] {
        for method in ["GET", "POST"] {
            let page = refused(refusal.clone(), method).await;
            assert_eq!(page.status, status);
            page.says(&[said]);
            assert_eq!(page.header("cache-control"), "no-store");
        }
    }
    let busy = refused(Refused::Busy, "POST").await;
    assert_eq!(busy.header("retry-after"), "5");
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_hangs_is_not_waited_for() {
    let shown = World::busy().shown();
    let at = shown.at;
    let desk = Recorder {
        hangs: true,
        ..Recorder::default()
    };
    let settings = Settings {
        desk_calls_max: 1,
        ..Settings::default()
    };
    let visit = Visit::with(shown, at, desk, settings);
    let (first, second) = tokio::join!(
        visit.ask("POST", LINK, &[], ""),
        visit.ask("POST", LINK, &[], "")
    );
    assert_eq!(first.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(second.status, StatusCode::SERVICE_UNAVAILABLE);
    // The second had no place, and what is shown needs none.
    assert_eq!(visit.asked().len(), 1);
    assert_eq!(visit.get("/").await.status, StatusCode::OK);
}

//! What people read.

use super::*;
use twinline_core::watch::incident::{Impact, IncidentId};
use twinline_core::watch::page::{ComponentState, Event, MaintenanceStage, Stage};

#[tokio::test]
async fn the_first_page_says_what_is_true_and_no_more() {
    let visit = Visit::to(World::busy().shown());
    let page = visit.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    page.says(&[
        "Partially Degraded Service as of 28 Nov 2026, 18:30 CET",
        "Administration: degraded performance",
        "Minor impact · Identified · since 28 Nov 2026, 17:58 CET Affected: Administration",
        "takes no commits since an unattended upgrade",
        "Administration: Operational → Degraded performance",
        "Synchronisation Operational",
        "Webhooks Operational",
        "Trackers GitHub Operational",
        "Planned maintenance New certificates at the edge",
        "99.99 % uptime since 29 Sep 2026",
        "Resolved in the last 14 days Webhooks: major outage",
        "Last refreshed on 28 Nov 2026, 18:30 CET",
        "Times are those of Europe/Brussels.",
    ]);
    assert!(
        page.body
            .contains(r#"<time datetime="2026-11-28T16:58:20Z">"#),
        "{}",
        page.body
    );
    // Neither what a person keeps to themselves, nor who wrote, nor what an incident is named after inside.
    for secret in [
        "drill",
        "ada",
        "bo ",
        "host:h4",
        "database:central",
        "pool:central",
    ] {
        assert!(!page.text().contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn when_all_is_well_it_says_so() {
    let visit = Visit::to(World::new("2026-11-28T17:30:00Z").shown());
    let page = visit.get("/").await;
    page.says(&[
        "All Systems Operational",
        "Resolved in the last 14 days Nothing.",
        "Nothing known yet",
    ]);
    assert!(!page.text().contains("Open incidents"));
}

#[tokio::test]
async fn an_incident_has_a_page_of_its_own_with_its_postmortem() {
    let visit = Visit::to(World::busy().shown());
    let page = visit.get("/incidents/1").await;
    assert_eq!(page.status, StatusCode::OK);
    page.says(&[
        "Synchronisation: partial outage",
        "State Postmortem",
        "Impact at its worst Major impact",
        "Postmortem 22 Oct 2026",
        "What changes: a host whose disk fails",
        "Updates Resolved",
        "Monitoring 19 Oct 2026, 19:56 CEST, automatic Our checks pass again.",
        "Investigating",
    ]);
    // Once, above the updates.
    assert_eq!(page.text().matches("What changes:").count(), 1);
}

#[tokio::test]
async fn a_postmortem_that_is_written_in_markdown_is_shown_as_such() {
    let mut world = World::busy();
    let text = "# Webhooks: major outage\n\n## Impact\n\n- Webhooks: for 7 min.\n- <b>None</b> lost.\n\n## Why\n\nA *disk*.";
    world.says(2, Stage::Postmortem, text);
    let page = Visit::to(world.shown()).get("/incidents/2").await;
    let (_, shown) = page.body.split_once("<h2 id=\"postmortem\">").unwrap();
    let (shown, _) = shown.split_once("</section>").unwrap();
    let lines: Vec<&str> = shown.lines().skip(2).collect();
    assert_eq!(
        lines,
        [
            "<h3>Impact</h3>",
            "<ul>",
            "<li>Webhooks: for 7 min.</li>",
            "<li>&#60;b&#62;None&#60;/b&#62; lost.</li>",
            "</ul>",
            "<h3>Why</h3>",
            "<p class=\"said\">A *disk*.</p>",
        ]
    );
}

#[tokio::test]
async fn what_the_public_does_not_read_has_no_page() {
    let visit = Visit::to(World::busy().shown());
    // 3 was vetoed, 99 never was.
    for path in ["/incidents/3", "/incidents/99", "/maintenance/99"] {
        let page = visit.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        page.says(&["Not found"]);
    }
    for path in ["/", "/history", "/api/v2/incidents.json", "/history.atom"] {
        let page = visit.get(path).await;
        assert!(!page.body.contains("drill"), "{path}");
    }
}

#[tokio::test]
async fn maintenance_has_a_page_and_says_when_it_takes_longer() {
    let mut world = World::busy();
    let visit = Visit::to(world.shown());
    visit.get("/maintenance/1").await.says(&[
        "Upgrade of the database",
        "State Completed",
        "Affected Administration",
        "Updates Completed",
        "Done, and proven.",
        "Verifying",
        "In progress",
        "Scheduled",
    ]);
    world.until("2026-12-04T21:30:00Z");
    world.recovers(4);
    world.maintains(2, MaintenanceStage::InProgress, "We begin.");
    world.until("2026-12-04T23:30:00Z");
    let visit = Visit::to(world.shown());
    visit.get("/").await.says(&[
        "Service Under Maintenance",
        "Maintenance under way New certificates at the edge",
        "takes longer than planned",
        "Webhooks Under maintenance",
    ]);
    visit
        .get("/maintenance/2")
        .await
        .says(&["State In progress; takes longer than planned"]);
}

#[tokio::test]
async fn the_history_lists_all_by_month() {
    let visit = Visit::to(World::busy().shown());
    let page = visit.get("/history").await;
    let text = page.text();
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    let order = [
        "November 2026",
        "Administration: degraded performance",
        "Upgrade of the database",
        "Webhooks: major outage",
        "October 2026",
        "Synchronisation: partial outage",
    ];
    assert!(order.map(at).is_sorted(), "{text}");
    // What is planned is no history.
    assert!(!text.contains("New certificates"));
}

/// The headline, by the states that components are set to.
#[tokio::test]
async fn the_headline_follows_the_components() {
    use ComponentState::{DegradedPerformance, MajorOutage, PartialOutage, UnderMaintenance};
    let check = async |set: &[ComponentState], indicator: &str, description: &str| {
        let mut world = World::new("2026-11-28T17:30:00Z");
        let names: Vec<String> = (world.page.components.iter())
            .map(|it| it.name.clone())
            .collect();
        for (component, state) in names.into_iter().zip(set) {
            let state = Some(*state);
            world.hears(Event::Set { component, state });
        }
        let visit = Visit::to(world.shown());
        let found = &visit.json("/api/v2/status.json").await["status"];
        assert_eq!(found["indicator"], indicator);
        assert_eq!(found["description"], description);
        visit.get("/").await.says(&[description]);
    };
    check(&[], "none", "All Systems Operational").await;
    check(
        &[UnderMaintenance],
        "maintenance",
        "Service Under Maintenance",
    )
    .await;
    check(
        &[DegradedPerformance],
        "minor",
        "Partially Degraded Service",
    )
    .await;
    check(
        &[DegradedPerformance; 5],
        "minor",
        "Degraded System Service",
    )
    .await;
    check(&[PartialOutage], "major", "Minor Service Outage").await;
    check(&[PartialOutage; 5], "major", "Partial System Outage").await;
    check(&[MajorOutage], "critical", "Partial System Outage").await;
    check(&[MajorOutage; 5], "critical", "Major System Outage").await;
}

#[tokio::test]
async fn an_incident_that_no_component_shows_is_in_the_headline() {
    let mut world = World::new("2026-11-28T17:30:00Z");
    world.fails(1, "node:a", "node:a", Impact::Minor);
    world.hears(Event::Publish {
        incident: IncidentId(1),
        by: "ada".to_owned(),
        name: "Some items are late".to_owned(),
        body: "Several of you report it.".to_owned(),
    });
    let headline = async |world: &World| {
        let visit = Visit::to(world.shown());
        let status = visit.json("/api/v2/status.json").await;
        status["status"]["description"].as_str().unwrap().to_owned()
    };
    assert_eq!(headline(&world).await, "Incident Under Investigation");
    world.recovers(1);
    assert_eq!(headline(&world).await, "All Systems Operational");
    world.says(1, Stage::Resolved, "Over.");
    assert_eq!(headline(&world).await, "All Systems Operational");
}

#[tokio::test]
async fn days_are_told_in_words_too() {
    let visit = Visit::to(World::busy().shown());
    let page = visit.get("/").await;
    page.says(&[
        "Days with trouble or maintenance of Webhooks",
        "17 Nov 2026: Major outage, 99.53 % uptime",
        "Days with trouble or maintenance of Synchronisation",
        "19 Oct 2026: Partial outage",
    ]);
    assert_eq!(page.body.matches("<svg").count(), 5);
    assert_eq!(page.body.matches("<rect").count(), 5 * 90);
    assert!(page.body.contains(
        r#"aria-label="Synchronisation: 90 days, 1 of them with trouble or maintenance""#
    ));
}

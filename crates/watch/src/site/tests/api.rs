//! The shape of each endpoint, as Atlassian's public documentation of Statuspage's status API gives it (the page `/api` of
//! every page that they host, such as metastatuspage.com/api and githubstatus.com/api): members, types and words.

use super::*;
use serde_json::json;
use twinline_core::watch::page::MaintenanceStage;

/// What a member must be.
#[derive(Clone, Copy, Debug)]
enum Is {
    Text,
    /// RFC 3339 with thousandths, in UTC.
    Instant,
    InstantOrNull,
    TextOrNull,
    Number,
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An object with these members.
    Object(&'static [(&'static str, Is)]),
    /// Objects with these members; never null.
    Array(&'static [(&'static str, Is)]),
}

use Is::{Array, Flag, Instant, InstantOrNull, Number, Object, Text, TextOrNull, Word};

const STATES: Is = Word(&[
    "operational",
    "under_maintenance",
    "degraded_performance",
    "partial_outage",
    "major_outage",
]);

const PAGE: Is = Object(&[
    ("id", Text),
    ("name", Text),
    ("url", Text),
    ("time_zone", Text),
    ("updated_at", Instant),
]);

const STATUS: Is = Object(&[
    (
        "indicator",
        Word(&["none", "minor", "major", "critical", "maintenance"]),
    ),
    ("description", Text),
]);

const COMPONENT: &[(&str, Is)] = &[
    ("id", Text),
    ("name", Text),
    ("status", STATES),
    ("created_at", Instant),
    ("updated_at", Instant),
    ("position", Number),
    ("description", TextOrNull),
    ("showcase", Flag),
    ("start_date", TextOrNull),
    ("group_id", TextOrNull),
    ("page_id", Text),
    ("group", Flag),
    ("only_show_if_degraded", Flag),
];

const CHANGE: &[(&str, Is)] = &[
    ("code", Text),
    ("name", Text),
    ("old_status", STATES),
    ("new_status", STATES),
];

const UPDATE: &[(&str, Is)] = &[
    ("id", Text),
    ("status", Text),
    ("body", Text),
    ("incident_id", Text),
    ("created_at", Instant),
    ("updated_at", Instant),
    ("display_at", Instant),
    ("affected_components", Array(CHANGE)),
];

const INCIDENT: &[(&str, Is)] = &[
    ("id", Text),
    ("name", Text),
    (
        "status",
        Word(&[
            "investigating",
            "identified",
            "monitoring",
            "resolved",
            "postmortem",
        ]),
    ),
    ("created_at", Instant),
    ("updated_at", Instant),
    ("monitoring_at", InstantOrNull),
    ("resolved_at", InstantOrNull),
    ("impact", Word(&["none", "minor", "major", "critical"])),
    ("shortlink", Text),
    ("started_at", Instant),
    ("page_id", Text),
    ("incident_updates", Array(UPDATE)),
    ("components", Array(COMPONENT)),
];

const MAINTENANCE: &[(&str, Is)] = &[
    ("id", Text),
    ("name", Text),
    (
        "status",
        Word(&["scheduled", "in_progress", "verifying", "completed"]),
    ),
    ("created_at", Instant),
    ("updated_at", Instant),
    ("monitoring_at", InstantOrNull),
    ("resolved_at", InstantOrNull),
    ("impact", Word(&["maintenance"])),
    ("shortlink", Text),
    ("started_at", Instant),
    ("page_id", Text),
    ("incident_updates", Array(UPDATE)),
    ("components", Array(COMPONENT)),
    ("scheduled_for", Instant),
    ("scheduled_until", Instant),
];

fn check_is(value: &Value, is: Is, at: &str) {
    let instant = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        let is_whole = text.len() == "2026-11-28T17:30:00.000Z".len() && text.ends_with('Z');
        is_whole && Timestamp::parse(text).is_ok()
    };
    let fits = match is {
        Text => value.is_string(),
        TextOrNull => value.is_string() || value.is_null(),
        Instant => instant(value),
        InstantOrNull => value.is_null() || instant(value),
        Number => value.is_u64(),
        Flag => value.is_boolean(),
        Word(words) => words.iter().any(|word| value == word),
        Object(members) => {
            for (name, is) in members {
                check_is(&value[name], *is, &format!("{at}.{name}"));
            }
            value.is_object()
        }
        Array(members) => {
            for (index, one) in value.as_array().into_iter().flatten().enumerate() {
                check_is(one, Object(members), &format!("{at}[{index}]"));
            }
            value.is_array()
        }
    };
    assert!(fits, "{at} is not {is:?}: {value}");
}

/// All that is served, when much is wrong, when nothing is, and while maintenance is under way.
#[tokio::test]
async fn every_endpoint_has_the_documented_shape() {
    let mut maintained = World::busy();
    maintained.maintains(2, MaintenanceStage::InProgress, "We begin.");
    for world in [
        World::busy(),
        World::new("2026-11-28T17:30:00Z"),
        maintained,
    ] {
        let visit = Visit::to(world.shown());
        for (endpoint, members) in [
            (
                "summary",
                &[
                    ("page", PAGE),
                    ("status", STATUS),
                    ("components", Array(COMPONENT)),
                    ("incidents", Array(INCIDENT)),
                    ("scheduled_maintenances", Array(MAINTENANCE)),
                ][..],
            ),
            ("status", &[("page", PAGE), ("status", STATUS)]),
            (
                "components",
                &[("page", PAGE), ("components", Array(COMPONENT))],
            ),
            (
                "incidents",
                &[("page", PAGE), ("incidents", Array(INCIDENT))],
            ),
            (
                "incidents/unresolved",
                &[("page", PAGE), ("incidents", Array(INCIDENT))],
            ),
            ("scheduled-maintenances", MAINTENANCES),
            ("scheduled-maintenances/active", MAINTENANCES),
            ("scheduled-maintenances/upcoming", MAINTENANCES),
        ] {
            let answer = visit.json(&format!("/api/v2/{endpoint}.json")).await;
            let found: Vec<&String> = answer.as_object().unwrap().keys().collect();
            for (name, is) in members {
                check_is(&answer[name], *is, &format!("{endpoint}: {name}"));
            }
            assert_eq!(found.len(), members.len(), "{endpoint}: {found:?}");
        }
    }
}

const MAINTENANCES: &[(&str, Is)] = &[
    ("page", PAGE),
    ("scheduled_maintenances", Array(MAINTENANCE)),
];

fn ids<'a>(answer: &'a Value, member: &str) -> Vec<&'a str> {
    let all = answer[member].as_array().unwrap().iter();
    all.map(|it| it["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_endpoint_has_what_its_name_says() {
    let mut world = World::busy();
    let check = async |world: &World, endpoint: &str, member: &str, expected: &[&str]| {
        let visit = Visit::to(world.shown());
        let answer = visit.json(&format!("/api/v2/{endpoint}.json")).await;
        assert_eq!(ids(&answer, member), expected, "{endpoint}");
    };
    let (incidents, works) = ("incidents", "scheduled_maintenances");
    check(&world, "incidents", incidents, &["4", "2", "1"]).await;
    check(&world, "incidents/unresolved", incidents, &["4"]).await;
    check(&world, "summary", incidents, &["4"]).await;
    check(&world, "summary", works, &["m2"]).await;
    check(&world, "scheduled-maintenances", works, &["m2", "m1"]).await;
    check(&world, "scheduled-maintenances/upcoming", works, &["m2"]).await;
    check(&world, "scheduled-maintenances/active", works, &[]).await;
    world.maintains(2, MaintenanceStage::InProgress, "We begin.");
    check(&world, "scheduled-maintenances/upcoming", works, &[]).await;
    check(&world, "scheduled-maintenances/active", works, &["m2"]).await;
    check(&world, "summary", works, &["m2"]).await;
    world.maintains(2, MaintenanceStage::Completed, "Done.");
    check(&world, "summary", works, &[]).await;
}

#[tokio::test]
async fn an_incident_tells_its_updates_from_the_last_to_the_first() {
    let visit = Visit::to(World::busy().shown());
    let answer = visit.json("/api/v2/incidents.json").await;
    let incident = &answer["incidents"][2];
    let stages: Vec<&str> = (incident["incident_updates"].as_array().unwrap().iter())
        .map(|it| it["status"].as_str().unwrap())
        .collect();
    assert_eq!(
        stages,
        [
            "postmortem",
            "resolved",
            "monitoring",
            "identified",
            "investigating"
        ]
    );
    assert_eq!(incident["incident_updates"][4]["id"], "1-1");
    assert_eq!(incident["started_at"], "2026-10-19T17:30:00.000Z");
    assert_eq!(
        incident["shortlink"],
        "https://status.acme.example/incidents/1"
    );
    let changes = &incident["incident_updates"][4]["affected_components"];
    assert_eq!(
        *changes,
        json!([{
            "code": incident["components"][0]["id"],
            "name": "Synchronisation",
            "old_status": "operational",
            "new_status": "partial_outage",
        }])
    );
}

#[tokio::test]
async fn a_group_names_its_components_and_is_as_the_worst_of_them() {
    let mut world = World::busy();
    world.hears(twinline_core::watch::page::Event::Set {
        component: "Jira Cloud".to_owned(),
        state: Some(twinline_core::watch::page::ComponentState::PartialOutage),
    });
    let visit = Visit::to(world.shown());
    let answer = visit.json("/api/v2/components.json").await;
    let names: Vec<(&str, u64)> = (answer["components"].as_array().unwrap().iter())
        .map(|it| {
            (
                it["name"].as_str().unwrap(),
                it["position"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            ("Synchronisation", 1),
            ("Webhooks", 2),
            ("Administration", 3),
            ("Trackers", 4),
            ("GitHub", 5),
            ("Jira Cloud", 6)
        ]
    );
    let group = &answer["components"][3];
    assert_eq!(group["status"], "partial_outage");
    assert_eq!(group["group"], true);
    let children = [&answer["components"][4], &answer["components"][5]];
    assert_eq!(
        group["components"],
        json!(children.map(|it| it["id"].clone()))
    );
    assert!(children.iter().all(|it| it["group_id"] == group["id"]));
}

#[tokio::test]
async fn other_origins_may_read_the_api() {
    let visit = Visit::to(World::busy().shown());
    let path = "/api/v2/summary.json";
    let origin = [("origin", "https://other.example")];
    let got = visit.ask("GET", path, &origin, "").await;
    assert_eq!(got.header("access-control-allow-origin"), "*");
    assert_eq!(
        got.header("content-type"),
        "application/json; charset=utf-8"
    );
    let got = visit.ask("OPTIONS", path, &origin, "").await;
    assert_eq!(got.status, StatusCode::NO_CONTENT);
    assert_eq!(got.header("access-control-allow-methods"), "GET, HEAD");
    let got = visit.get("/").await;
    assert_eq!(got.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn without_an_address_of_its_own_it_names_the_one_that_was_asked() {
    let mut shown = World::busy().shown();
    shown.public_url = None;
    let visit = Visit::to(shown);
    for (host, expected) in [
        ("127.0.0.1:8443", "http://127.0.0.1:8443"),
        ("[::1]:8443", "http://[::1]:8443"),
        ("a b", ""),
        ("user@evil.example", ""),
    ] {
        let got = visit
            .ask("GET", "/api/v2/status.json", &[("host", host)], "")
            .await;
        let answer: Value = serde_json::from_str(&got.body).unwrap();
        assert_eq!(answer["page"]["url"], expected);
    }
}

//! What people and configurations write is text, wherever it is shown.

use super::*;
use twinline_core::watch::incident::{Impact, IncidentId};
use twinline_core::watch::page::Event;

const HOSTILE: &str =
    "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp; ]]> \u{0}\u{8}\u{1b}";

pub(super) fn world() -> World {
    let mut world = World::new("2026-11-28T17:30:00Z");
    world.page.components[0].name = HOSTILE.to_owned();
    world.page.components[1].group = Some(HOSTILE.to_owned());
    world.fails(1, "host:h1", "host:h1", Impact::Major);
    world.hears(Event::Publish {
        incident: IncidentId(1),
        by: "ada".to_owned(),
        name: HOSTILE.to_owned(),
        body: HOSTILE.to_owned(),
    });
    world.plans(1, HOSTILE, HOSTILE, 3600, 3600);
    world
}

#[tokio::test]
async fn no_page_lets_text_become_markup() {
    let mut shown = world().shown();
    shown.name = HOSTILE.to_owned();
    let visit = Visit::to(shown);
    for path in [
        "/",
        "/history",
        "/incidents/1",
        "/maintenance/1",
        "/report",
        "/report/sent",
        "/<script>alert(1)</script>",
        "/history.atom",
        "/history.rss",
    ] {
        let page = visit
            .get(&path.replace('<', "%3C").replace('>', "%3E"))
            .await;
        for bad in ["<script", "<img", "onerror=alert(2)>", "\"'>"] {
            assert!(!page.body.contains(bad), "{path}: {bad}: {}", page.body);
        }
    }
}

#[tokio::test]
async fn feeds_stay_xml_and_hold_no_forbidden_characters() {
    let visit = Visit::to(world().shown());
    for path in ["/history.atom", "/history.rss"] {
        let feed = visit.get(path).await.body;
        assert!(!feed.contains(['\u{0}', '\u{8}', '\u{1b}']), "{path}");
        let document = roxmltree::Document::parse(&feed).unwrap();
        let titles = document.descendants().filter(|it| it.has_tag_name("title"));
        let title = titles.filter_map(|it| it.text()).nth(1);
        let expected = HOSTILE.replace(['\u{0}', '\u{8}', '\u{1b}'], "");
        assert!(title.unwrap().ends_with(&expected), "{path}: {title:?}");
    }
}

#[tokio::test]
async fn the_api_holds_the_text_as_it_is() {
    let visit = Visit::to(world().shown());
    let summary = visit.json("/api/v2/summary.json").await;
    assert_eq!(summary["incidents"][0]["name"], HOSTILE);
    assert_eq!(summary["incidents"][0]["components"][0]["name"], HOSTILE);
}

#[tokio::test]
async fn a_report_that_is_shown_again_is_text() {
    let visit = Visit::to(world().shown());
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = "component=none&text=%3C%2Ftextarea%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let page = visit.ask("POST", "/report", &form, body).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!page.body.contains("<script"), "{}", page.body);
    assert_eq!(page.body.matches("</textarea>").count(), 1);
}

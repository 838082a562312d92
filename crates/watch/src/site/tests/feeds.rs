//! Feeds that a reader can read: well-formed, with the elements that their standards demand.

use super::*;
use roxmltree::{Document, Node};

const ATOM: &str = "http://www.w3.org/2005/Atom";

fn child<'a>(of: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    of.children().find(|it| it.tag_name().name() == name)
}

fn text<'a>(of: Node<'a, 'a>, name: &str) -> &'a str {
    let found = child(of, name).unwrap_or_else(|| panic!("no {name}"));
    found.text().unwrap_or_default()
}

fn children<'a>(of: Node<'a, 'a>, name: &'static str) -> Vec<Node<'a, 'a>> {
    let all = of.children().filter(move |it| it.tag_name().name() == name);
    all.collect()
}

async fn get(world: &World, path: &str) -> String {
    let visit = Visit::to(world.shown());
    let got = visit.get(path).await;
    assert_eq!(got.status, StatusCode::OK);
    got.body
}

#[tokio::test]
async fn the_atom_feed_has_what_rfc_4287_demands() {
    let feed = get(&World::busy(), "/history.atom").await;
    let document = Document::parse(&feed).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().namespace(), Some(ATOM));
    assert_eq!(root.tag_name().name(), "feed");
    let entries = children(root, "entry");
    assert_eq!(entries.len(), 5);
    for of in entries.iter().copied().chain([root]) {
        for required in ["id", "title", "updated"] {
            assert_eq!(children(of, required).len(), 1, "{required}");
        }
        assert!(text(of, "id").starts_with("urn:uuid:"));
        assert!(Timestamp::parse(text(of, "updated")).is_ok());
    }
    // The feed's author is that of all its entries.
    assert_eq!(text(child(root, "author").unwrap(), "name"), "Acme Sync");
    let links: Vec<(&str, &str)> = (children(root, "link").iter())
        .map(|it| (it.attribute("rel").unwrap(), it.attribute("href").unwrap()))
        .collect();
    assert_eq!(
        links,
        [
            ("self", "https://status.acme.example/history.atom"),
            ("alternate", "https://status.acme.example/")
        ]
    );
    let first = entries[0];
    assert_eq!(text(first, "title"), "Administration: degraded performance");
    assert_eq!(text(first, "updated"), text(root, "updated"));
    let content = child(first, "content").unwrap();
    assert_eq!(content.attribute("type"), Some("html"));
    assert!(
        content
            .text()
            .unwrap()
            .starts_with("<p><strong>Identified</strong>, <time")
    );
}

#[tokio::test]
async fn the_rss_feed_has_what_rss_2_demands() {
    let feed = get(&World::busy(), "/history.rss").await;
    let document = Document::parse(&feed).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("version"), Some("2.0"));
    let channel = child(root, "channel").unwrap();
    for required in ["title", "link", "description"] {
        assert!(!text(channel, required).is_empty(), "{required}");
    }
    let items = children(channel, "item");
    assert_eq!(items.len(), 5);
    for item in &items {
        for required in ["title", "link", "guid", "pubDate", "description"] {
            assert!(!text(*item, required).is_empty(), "{required}");
        }
        let guid = child(*item, "guid").unwrap();
        assert_eq!(guid.attribute("isPermaLink"), Some("false"));
    }
    assert_eq!(text(items[0], "pubDate"), "Sat, 28 Nov 2026 16:58:40 +0000");
    assert_eq!(
        text(items[0], "link"),
        "https://status.acme.example/incidents/4"
    );
}

#[tokio::test]
async fn an_entry_keeps_its_id_and_comes_first_when_something_is_said_of_it() {
    let mut world = World::busy();
    let ids = async |world: &World, path: &str| {
        let feed = get(world, path).await;
        let document = Document::parse(&feed).unwrap();
        let all = document.descendants();
        let all = all.filter(|it| matches!(it.tag_name().name(), "id" | "guid"));
        let all: Vec<String> = all.map(|it| it.text().unwrap().to_owned()).collect();
        all
    };
    let before = ids(&world, "/history.atom").await;
    // Both feeds know an incident by the same id.
    assert_eq!(before[1..], ids(&world, "/history.rss").await);
    world.passes(60);
    world.recovers(4);
    assert_eq!(before, ids(&world, "/history.atom").await);
    world.passes(60);
    let postmortem = twinline_core::watch::page::Stage::Postmortem;
    world.says(2, postmortem, "What it was.");
    let after = ids(&world, "/history.atom").await;
    assert_ne!(before, after);
    let (mut before, mut after) = (before, after);
    before.sort();
    after.sort();
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_feed_of_nothing_is_a_feed() {
    let world = World::new("2026-11-28T17:30:00Z");
    for path in ["/history.atom", "/history.rss"] {
        Document::parse(&get(&world, path).await).unwrap();
    }
}

//! The page as files.

use super::*;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn files(dir: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap();
                found.insert(name.to_str().unwrap().to_owned());
            }
        }
    }
    found
}

#[test]
fn an_export_has_all_pages_feeds_and_answers() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("status");
    let done = export(&World::busy().shown(), &dir).unwrap();
    let expected = "
        .twinline-status
        api/v2/components.json api/v2/incidents.json api/v2/incidents/unresolved.json
        api/v2/scheduled-maintenances.json api/v2/scheduled-maintenances/active.json
        api/v2/scheduled-maintenances/upcoming.json api/v2/status.json api/v2/summary.json
        embed.js history.atom history.html history.rss icon.svg
        incidents/1.html incidents/2.html incidents/4.html index.html
        maintenance/1.html maintenance/2.html style.css";
    let expected: BTreeSet<String> = expected.split_whitespace().map(str::to_owned).collect();
    assert_eq!(files(&dir), expected);
    assert_eq!(done.files, expected.len() - 1);
    assert!(done.left_out.is_empty());
    // Nothing else is left beside it.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_is_shown_can_be_sent_to_where_it_is_exported() {
    let shown = World::busy().shown();
    let sent = serde_json::to_string(&shown).unwrap();
    assert_eq!(serde_json::from_str::<Shown>(&sent).unwrap(), shown);
}

#[test]
fn links_lead_from_file_to_file() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("status");
    export(&World::busy().shown(), &dir).unwrap();
    for file in files(&dir).iter().filter(|it| it.ends_with(".html")) {
        let path = dir.join(file);
        let text = fs::read_to_string(&path).unwrap();
        for part in text.split("href=\"").skip(1) {
            let link = part.split('"').next().unwrap();
            let (link, _) = link.split_once('#').unwrap_or((link, ""));
            if link.is_empty() {
                continue;
            }
            let target = path.parent().unwrap().join(link);
            assert!(target.is_file(), "{file}: {link}");
        }
        // Nobody answers there.
        assert!(!text.contains("<form") && !text.contains("Report a problem"));
        assert!(text.contains("This is a copy made on "));
    }
}

#[test]
fn an_export_replaces_one_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let mut world = World::busy();
    let dir = folder.path().join("status");
    fs::create_dir(&dir).unwrap();
    export(&world.shown(), &dir).unwrap();
    fs::write(dir.join("incidents/99.html"), "old").unwrap();
    world.recovers(4);
    export(&world.shown(), &dir).unwrap();
    assert!(!dir.join("incidents/99.html").exists());
    let text = fs::read_to_string(dir.join("index.html")).unwrap();
    assert!(text.contains("All Systems Operational"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("precious"), "mine").unwrap();
    let refused = export(&world.shown(), &other).unwrap_err();
    assert!(matches!(refused, ExportFailed::NotOurs(_)), "{refused}");
    assert_eq!(files(&other), BTreeSet::from(["precious".to_owned()]));
    let file = other.join("precious");
    let refused = export(&world.shown(), &file).unwrap_err();
    assert!(matches!(refused, ExportFailed::Disk { .. }), "{refused}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    let refused = export(&world.shown(), Path::new("/")).unwrap_err();
    assert!(matches!(refused, ExportFailed::NotOurs(_)), "{refused}");
}

#[test]
fn without_an_address_it_says_what_is_left_out() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("status");
    let mut shown = World::busy().shown();
    shown.public_url = None;
    let done = export(&shown, &dir).unwrap();
    assert_eq!(done.left_out.len(), 1, "{done:?}");
    assert!(!dir.join("history.rss").exists());
    let page = fs::read_to_string(dir.join("index.html")).unwrap();
    assert!(!page.contains("history.rss"));
    let feed = fs::read_to_string(dir.join("history.atom")).unwrap();
    roxmltree::Document::parse(&feed).unwrap();
}

#[test]
fn addresses_in_feeds_are_those_of_the_files() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("status");
    let mut shown = World::busy().shown();
    shown.public_url = Some("https://acme.example/status".parse().unwrap());
    export(&shown, &dir).unwrap();
    let feed = fs::read_to_string(dir.join("history.rss")).unwrap();
    for address in [
        "<link>https://acme.example/status/</link>",
        "<link>https://acme.example/status/incidents/4.html</link>",
        "href=\"https://acme.example/status/history.rss\"",
    ] {
        assert!(feed.contains(address), "{address}: {feed}");
    }
}

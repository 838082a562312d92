//! Items that may be linked are listed, and nothing is written.

use crate::support::rules::{contract, table};
use crate::support::tracker::{Fault, On};
use crate::support::{Running, World};
use std::time::Duration;
use twinline_core::contract::Contract;
use twinline_core::item::Value;
use twinline_core::names::{Side, Sides};
use twinline_engine::ops::{LinkablePage, LinkableQuery, OpError};
use twinline_rules::source::SourceFile;

/// A connection that makes no twins by itself.
async fn quiet(world: &World) -> Running {
    let mut quiet: Contract = contract("c", "left", "right");
    quiet.triggers = Sides::default();
    world.start(&[quiet]).await
}

fn make(world: &World, node: &str, summary: Value, label: &str) {
    world.tracker(node).make(&[
        ("summary", summary),
        ("status", Value::text("open")),
        ("labels", Value::set([label])),
    ]);
}

async fn ask(
    running: &Running,
    side: Side,
    fields: &[&str],
    cursor: Option<String>,
) -> Result<LinkablePage, OpError> {
    let asked = LinkableQuery {
        connection: "c".into(),
        side,
        fields: fields.iter().map(|field| (*field).into()).collect(),
        query: None,
        cursor,
    };
    running.host.linkable(asked).await
}

#[tokio::test(start_paused = true)]
async fn items_are_listed_with_what_they_are_compared_by() {
    let world = World::new(&["left", "right"]);
    let running = quiet(&world).await;
    make(&world, "left", Value::text("one"), "x");
    make(&world, "left", Value::text("two"), "private");
    make(&world, "left", Value::Empty, "x");
    make(&world, "left", Value::text("reject me"), "x");
    make(&world, "left", Value::text("linked"), "x");
    make(&world, "right", Value::text(" one "), "y");
    make(&world, "right", Value::text("linked"), "y");
    let pair = Sides {
        left: "left-5".to_owned(),
        right: "right-2".to_owned(),
    };
    running
        .host
        .link(&"c".into(), vec![pair], "ada")
        .await
        .unwrap();
    running.quiet().await;
    let writes = world.writes("left") + world.writes("right");

    let left = ask(&running, Side::Left, &["summary"], None).await.unwrap();
    let right = ask(&running, Side::Right, &["summary"], None)
        .await
        .unwrap();
    assert_eq!(
        (left.in_twins, left.not_admitted),
        (vec!["5".to_owned()], vec!["2".to_owned()])
    );
    assert_eq!((left.total, left.next, left.later), (Some(5), None, None));
    let shown: Vec<_> = left
        .items
        .iter()
        .map(|one| {
            (
                one.reference.key.as_str(),
                one.title.as_str(),
                one.why.as_deref(),
                one.failed,
            )
        })
        .collect();
    assert_eq!(shown[0], ("left-1", "one", None, false));
    assert_eq!(shown[1], ("left-3", "", Some("summary is empty"), false));
    assert_eq!((shown[2].0, shown[2].3), ("left-4", true));
    assert_eq!(shown.len(), 3);
    // The same words on both sides are alike in the summary, and not in the labels.
    assert_eq!(left.items[0].likeness, right.items[0].likeness);
    assert!(left.items[0].likeness.is_some());
    let both = ["summary", "labels"];
    let left = ask(&running, Side::Left, &both, None).await.unwrap();
    let right = ask(&running, Side::Right, &both, None).await.unwrap();
    assert_ne!(left.items[0].likeness, right.items[0].likeness);
    assert_eq!(world.writes("left") + world.writes("right"), writes);
}

#[tokio::test(start_paused = true)]
async fn every_page_is_listed_and_says_how_many_there_are() {
    let world = World::new(&["left", "right"]);
    let running = quiet(&world).await;
    for number in 0..120 {
        make(&world, "right", Value::text(format!("item {number}")), "x");
    }
    let (mut cursor, mut keys) = (None, Vec::new());
    // What a person does while both nodes rest, so that nothing is made meanwhile.
    let rest = "pairs are linked";
    running
        .host
        .pause_node(&"right".into(), rest, "ada")
        .await
        .unwrap();
    loop {
        let page = ask(&running, Side::Right, &["summary"], cursor)
            .await
            .unwrap();
        assert_eq!(page.total, Some(120));
        keys.extend(page.items.into_iter().map(|one| one.reference.key));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 120);
}

/// What comes of a page that the tracker answers so: the wait and whether that was a failure, or the error.
async fn check(fault: Fault, expected: Result<(u64, bool), &str>) {
    let world = World::new(&["left", "right"]);
    let running = quiet(&world).await;
    world.tracker("left").fault(On::Query, fault.clone());
    let asked = ask(&running, Side::Left, &["summary"], None).await;
    match (asked, expected) {
        (Ok(page), Ok((after_ms, failed))) => {
            let later = page.later.unwrap();
            assert_eq!(
                (later.after_ms, later.failed),
                (after_ms, failed),
                "{fault:?}"
            );
            assert!(page.items.is_empty() && page.next.is_none());
            // The very same is asked for again, and nothing is lost.
            tokio::time::sleep(Duration::from_millis(2 * after_ms)).await;
            let again = ask(&running, Side::Left, &["summary"], None).await;
            assert_eq!(again.unwrap().later, None, "{fault:?}");
        }
        (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
        (asked, expected) => panic!("{fault:?}: {asked:?} where {expected:?} was expected"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_asked_for_later_and_what_may_not_is_an_error() {
    check(Fault::Retry(None), Ok((1_000, true))).await;
    let limited = Fault::Retry(Some(Duration::from_secs(90)));
    check(limited, Ok((90_000, true))).await;
    check(
        Fault::Refused("no such label"),
        Err("the left side of c, query '': memory refused: no such label; mend the trigger"),
    )
    .await;
    check(Fault::Credentials, Err("the token has expired")).await;
}

#[tokio::test(start_paused = true)]
async fn a_question_that_cannot_be_answered_says_why() {
    let world = World::new(&["left", "right"]);
    let running = quiet(&world).await;
    let check = async |fields: &[&str], part: &str| {
        let error = ask(&running, Side::Left, fields, None).await.unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    };
    let all = "labels, status, summary";
    check(
        &["summry"],
        &format!("c has no replica field 'summry': compare by {all}"),
    )
    .await;
    check(&[], &format!("no field to compare by: name some of {all}")).await;
    let unknown = LinkableQuery {
        connection: "d".into(),
        side: Side::Left,
        fields: vec!["summary".into()],
        query: None,
        cursor: None,
    };
    let error = running.host.linkable(unknown).await.unwrap_err();
    assert!(matches!(error, OpError::Unknown(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_field_that_one_side_never_shows_is_refused() {
    let world = World::new(&["left", "right"]);
    let host = world.build().await;
    let mut rules = table("open = { left = [\"open\"], right = [\"open\"] }\n");
    let map = &rules.sources.map.text;
    let map = map.replace(
        "[fields.status]",
        "[fields.flag]\ntype = \"bool\"\n[fields.status]",
    );
    rules.sources.map = SourceFile::new("c.toml", map);
    world.publish_rules(&host, &rules).await;
    let running = world.run(host);
    let error = ask(&running, Side::Right, &["flag"], None)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the rules of c give 'flag' no value on the left: compare by status, summary"
    );
}

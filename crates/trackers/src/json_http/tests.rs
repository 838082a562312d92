//! The connector in front of both simulated APIs: the contract, and what is this connector's own.

mod alone;
mod guide;
mod hostile;
mod lost;
mod marked;

use super::*;
use crate::conformance::sim::{SimHarness, Under};
use crate::conformance::{self, Act, Harness as _};
use twinline_core::effect::FieldWrite;
use twinline_core::item::field;
use twinline_core::marker::Marker;
use twinline_core::richtext::Document;
use twinline_sim::json_http::{BOARD_KEY, Board, DESK_TOKEN, Desk};

const DESK: &str = include_str!("examples/desk.toml");
const BOARD: &str = include_str!("examples/board.toml");

fn under_desk() -> Under {
    Under {
        tracker: "json-http",
        auth: &[("token", DESK_TOKEN)],
        scope: &[("project", "app")],
        container: "app",
        move_to: Some("ops"),
        open_trigger: "state=open",
        bad_trigger: ("stauts=1&state=open", "stauts"),
        required_fields: BTreeMap::new(),
        internal_channel: Some("team"),
        tells_deletion: true,
        webhooks: false,
    }
}

fn under_board() -> Under {
    Under {
        auth: &[("token", BOARD_KEY)],
        scope: &[("board", "app")],
        open_trigger: "state:open",
        bad_trigger: ("stauts:1 state:open", "stauts"),
        internal_channel: None,
        tells_deletion: false,
        ..under_desk()
    }
}

fn desk(description: &str) -> SimHarness {
    SimHarness::described(Box::new(Desk::default()), under_desk(), description)
}

fn board(description: &str) -> SimHarness {
    SimHarness::described(Box::new(Board::default()), under_board(), description)
}

fn marker(link: &str) -> Marker {
    Marker {
        root: "r1".into(),
        link: link.into(),
    }
}

fn create(h: &SimHarness, title: &str, link: &str) -> Effect {
    let fields = [
        (field::SUMMARY, Value::text(title)),
        (
            field::DESCRIPTION,
            Value::Rich(Document::from_plain("A text.")),
        ),
    ];
    Effect::Create {
        scope: h.scope(),
        fields: fields
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect(),
        marker: marker(link),
    }
}

async fn read(h: &SimHarness, item: &ItemId) -> Item {
    match h.tracker().fetch(item).await.unwrap() {
        Fetched::Found(item) => *item,
        other => panic!("{other:?}"),
    }
}

async fn made(h: &SimHarness, title: &str) -> Item {
    let applied = h.tracker().apply(&create(h, title, "l1")).await.unwrap();
    read(h, &applied.created.unwrap().item).await
}

fn update(item: &Item, fields: &[(&str, Value)]) -> Effect {
    let fields = fields.iter().map(|(name, value)| {
        let write = FieldWrite::Replace(value.clone());
        (FieldName::from(*name), write)
    });
    Effect::Update {
        item: item.reference.item.clone(),
        fields: fields.collect(),
        planned_from: item.version.clone(),
    }
}

/// What a description cannot say: a history, files. What neither of these two has: parents, people whom an item cannot have.
const NOT_SAID: &[&str] = &[
    "history: who changed what, for the fields that have one",
    "parents: one is given, another one, and none",
    "parents: one that the tracker does not take fails no write",
    "people: one who is known and cannot be assigned fails no write",
    "attachments: attached, read back whole and in part, deleted",
    "attachments: two equal files are two, an empty one is one",
    "attachments: nothing is attached before it may be",
    "recognise: a file that was attached, and one that was not",
    "recognise: a file's deletion that happened, and one that did not",
];

/// On the second API comments are for everyone who sees the card.
const NO_CHANNELS: &[&str] = &[
    "comments: one that only some may read lies in an internal channel, as long as it is",
    "recognise: a comment that we may no longer read is not deleted",
];

/// Described trackers are polled.
const POLLED: &[&str] = &[
    "webhook: genuine is taken, forged is not, a delivery keeps its id",
    "webhook: changes, comments, deletions and moves are told",
    "webhook: subscribing twice registers once; unsubscribed is silent",
];

#[tokio::test]
async fn the_contract_holds_for_a_nested_api_with_etags() {
    let report = conformance::run(&desk(DESK)).await;
    report.expect_skipped(&[NOT_SAID, POLLED].concat());
}

#[tokio::test]
async fn the_contract_holds_for_a_flat_api_with_whole_items() {
    let report = conformance::run(&board(BOARD)).await;
    report.expect_skipped(&[NOT_SAID, NO_CHANNELS, POLLED].concat());
}

/// The second API's description with one piece replaced.
fn board_with(before: &str, after: &str) -> String {
    let described = BOARD.replacen(before, after, 1);
    assert_ne!(described, BOARD, "the example holds {before}");
    described
}

#[tokio::test]
async fn the_contract_holds_where_an_update_shows_nothing_and_lists_only_ids() {
    let described = board_with("item   = \"\"\n", "").replacen(
        "trigger = \"filter\"",
        "whole = false\ntrigger = \"filter\"",
        1,
    );
    let report = conformance::run(&board(&described)).await;
    report.expect_skipped(&[NOT_SAID, NO_CHANNELS, POLLED].concat());
}

#[tokio::test]
async fn with_markers_in_texts_the_contract_holds_but_for_one_promise() {
    let described = board_with("path = \"origin\"", "in_text = true");
    let report = conformance::run(&board(&described)).await;
    // Where both were written anew nothing tells an item of ours, so a person has to.
    let broken: Vec<&str> = report.broken.iter().map(|(name, _)| *name).collect();
    let anew = "recognise: a create whose text and title a person wrote anew";
    assert_eq!(broken, [anew], "{report}");
}

#[tokio::test]
async fn what_a_description_leaves_out_is_not_offered() {
    let leave_out = |begins: &str, lines: usize| {
        let at = BOARD
            .lines()
            .position(|line| line.starts_with(begins))
            .unwrap();
        let kept = BOARD
            .lines()
            .enumerate()
            .filter(|(line, _)| !(at..at + lines).contains(line));
        kept.map(|(_, line)| line).collect::<Vec<_>>().join("\n")
    };
    let check = |description: &str, is_less: fn(&Capabilities) -> bool| {
        let full = Description::parse(BOARD).unwrap().capabilities();
        assert!(!is_less(&full));
        assert!(
            is_less(&Description::parse(description).unwrap().capabilities()),
            "{description}"
        );
    };
    check(&leave_out("stamp  = ", 1), |can| !can.compare_and_swap);
    check(&leave_out("[marker]", 2), |can| !can.create_marker);
    check(&leave_out("[delete]", 2), |can| !can.item_delete);
    check(&leave_out("[comments.edit]", 3), |can| !can.comment_edit);
    check(&leave_out("[comments.delete]", 2), |can| {
        !can.comment_delete
    });
    let silent = BOARD.split("[comments]").next().unwrap();
    check(silent, |can| can.channels.is_empty());
    let h = board(silent);
    let item = made(&h, "without comments").await;
    assert_eq!(item.comments, Some(Vec::new()));
    let refused = h
        .tracker()
        .apply(&Effect::Delete {
            item: item.reference.item.clone(),
        })
        .await;
    assert!(refused.is_ok());
}

#[tokio::test]
async fn without_a_stamp_in_writes_nothing_is_made_conditional() {
    let description: String = BOARD
        .lines()
        .filter(|line| !line.starts_with("stamp  = "))
        .map(|line| format!("{line}\n"))
        .collect();
    let h = board(&description);
    let seen = made(&h, "unguarded").await;
    h.pass(Duration::from_secs(1)).await;
    let retitle = Act::Retitle {
        key: seen.reference.key.clone(),
        title: "a person's".to_owned(),
    };
    h.act(retitle).await.unwrap();
    let applied = h
        .tracker()
        .apply(&update(&seen, &[("points", Value::number(3))]))
        .await
        .unwrap();
    assert!(!applied.adjacent);
    // The whole item is written back as the look before the write found it.
    let now = read(&h, &seen.reference.item).await;
    assert_eq!(now.get(field::SUMMARY), Some(&Value::text("a person's")));
    assert_eq!(now.get("points"), Some(&Value::number(3)));
}

#[tokio::test]
async fn a_whole_item_keeps_what_is_not_written() {
    let h = board(BOARD);
    let item = made(&h, "whole").await;
    let all = [
        ("points", Value::number(5)),
        (field::LABELS, Value::set(["one", "two"])),
        (field::DUE, Value::Date("2026-02-03".to_owned())),
    ];
    h.tracker().apply(&update(&item, &all)).await.unwrap();
    let seen = read(&h, &item.reference.item).await;
    let applied = h
        .tracker()
        .apply(&update(&seen, &[("urgent", Value::Bool(true))]))
        .await
        .unwrap();
    assert!(applied.adjacent);
    let now = read(&h, &item.reference.item).await;
    for (name, value) in all {
        assert_eq!(now.get(name), Some(&value), "{name}");
    }
    assert_eq!(now.marker, Some(marker("l1")));
}

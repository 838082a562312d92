//! What closes the item that is left, for `deleted = "close"`.

use super::*;

/// `rows`: the status table's; nothing but the summary is mapped where there are none.
fn rules(rows: &str) -> CompiledRules {
    let right = json!({ "fields": { "summary": { "name": "Summary", "kind": "text" },
        "status": { "name": "State", "kind": "choice" },
        "code": { "name": "Close code", "kind": "choice", "options": [{ "id": "c7", "name": "Solved" }] } },
        "statuses": [{ "status": { "id": "1", "name": "New" } },
            { "status": { "id": "7", "name": "Closed" }, "closed": true },
            { "status": { "id": "6", "name": "Resolved" }, "closed": true },
            { "status": { "id": "8", "name": "Canceled" }, "closed": true }] });
    let status = match rows {
        "" => String::new(),
        rows => format!(
            "[fields.status]\nleft = \"status\"\nright = \"State\"\nvalues = \"status\"\n[values.status]\n{rows}"
        ),
    };
    let fields = format!("[fields.summary]\nleft = \"summary\"\nright = \"summary\"\n{status}");
    compiled(&fields, json!({}), right)
}

fn check(rows: &str, now: &[(&str, Value)], expected: &[(&str, Value)]) {
    let remote = item("o", &[]).reference;
    let closing = rules(rows).closing(Side::Right, &item("t", now), &remote);
    let closing = closing.expect("a status counts as done");
    let found: BTreeMap<&str, Value> = closing
        .iter()
        .map(|(native, value)| (native.as_str(), value.clone()))
        .collect();
    assert_eq!(found, expected.iter().cloned().collect(), "{rows}");
}

const DONE: &str = "new = { left = [\"a\"], right = [\"New\"] }\n\
    done = { left = [\"b\"], right = [\"Resolved\", \"Closed\"], right_set = { \"Close code\" = \"Solved\", notes = \"{key}\" } }\n";

fn new() -> (&'static str, Value) {
    ("status", choice("1", "New"))
}

#[test]
fn the_rows_first_entry_is_written_with_what_goes_along_where_empty() {
    let status = ("status", choice("6", "Resolved"));
    let notes = ("notes", text("B-7"));
    let code = ("code", choice("c7", "Solved"));
    check(DONE, &[new()], &[status.clone(), code.clone(), notes]);
    let has_notes = [new(), ("notes", text("mine"))];
    check(DONE, &has_notes, &[status, code]);
}

#[test]
fn an_item_that_counts_as_done_is_left_alone() {
    check(DONE, &[("status", choice("7", "Closed"))], &[]);
    check(DONE, &[("status", choice("8", "Canceled"))], &[]);
    check(DONE, &[("status", text("Canceled"))], &[]);
}

/// A resolved incident is still active, and its row has the closed ones too.
#[test]
fn a_row_that_writes_what_is_not_done_yet_says_what_goes_along() {
    let rows = "done = { left = [\"b\"], right = [\"New\", \"Resolved\", \"Closed\"], right_set = { notes = \"{key}\" } }\n";
    let now = ("status", choice("9", "Other"));
    let resolved = ("status", choice("6", "Resolved"));
    check(
        rows,
        std::slice::from_ref(&now),
        &[resolved, ("notes", text("B-7"))],
    );
    // A row that writes what is done goes before.
    let more = format!("{rows}canceled = {{ left = [\"c\"], right = [\"Canceled\"] }}\n");
    check(&more, &[now], &[("status", choice("8", "Canceled"))]);
}

#[test]
fn a_row_that_never_arrives_there_is_asked_last() {
    let rows = "gone = { left = [\"c\"], right = [\"Canceled\"], dir = \"<-\" }\n";
    let resolved = ("status", choice("6", "Resolved"));
    let both = format!("{rows}done = {{ left = [\"b\"], right = [\"Resolved\"] }}\n");
    check(&both, &[new()], &[resolved]);
    check(rows, &[new()], &[("status", choice("8", "Canceled"))]);
}

#[test]
fn where_no_row_does_the_sides_first_closed_status_is_written() {
    let closed = ("status", choice("7", "Closed"));
    check("", &[new()], std::slice::from_ref(&closed));
    let rows = "new = { left = [\"a\"], right = [\"New\"] }\n";
    check(rows, &[new()], &[closed]);
}

#[test]
fn an_entry_of_several_fields_is_written_whole() {
    let rows = "[fields.status]\nleft = \"status\"\nright = [\"status\", \"code\"]\nvalues = \"s\"\n[values.s]\n\
        done = { left = [\"b\"], right = [{ status = \"Resolved\", code = \"Solved\" }] }\n";
    let description = json!({ "fields": {
        "status": { "name": "State", "kind": "choice" },
        "code": { "name": "Close code", "kind": "choice", "options": [{ "id": "c7", "name": "Solved" }] } },
        "statuses": [{ "status": { "id": "6", "name": "Resolved" }, "closed": true }] });
    let rules = compiled(rows, json!({}), description);
    let remote = item("o", &[]).reference;
    let closing = rules.closing(Side::Right, &item("t", &[new()]), &remote);
    let expected = BTreeMap::from([
        ("status".into(), choice("6", "Resolved")),
        ("code".into(), choice("c7", "Solved")),
    ]);
    assert_eq!(closing, Some(expected));
    let blank = compiled(rows, json!({}), json!({}));
    assert_eq!(
        blank.closing(Side::Right, &item("t", &[new()]), &remote),
        None
    );
}

use super::harness::Bench;
use crate::command::{Command, Done};
use crate::simulator::Simulator;
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

const ISSUES: &str = "/repos/acme/app/issues";

/// Creating with `body` is refused with 422 and this first error.
fn check_refused(body: Value, error: Value) {
    let answer = Bench::new().post(ISSUES, body);
    assert_eq!(answer.status, 422, "{}", answer.body);
    assert_eq!(answer.body["errors"][0], error);
}

#[test]
fn bad_issues_are_refused_in_githubs_words() {
    let too_long = |field: &str, limit: u32| {
        json!({"resource": "Issue", "code": "custom", "field": field,
            "message": format!("{field} is too long (maximum is {limit} characters)")})
    };
    check_refused(
        json!({"title": " "}),
        json!({"resource": "Issue", "code": "missing_field", "field": "title"}),
    );
    check_refused(json!({"title": "é".repeat(257)}), too_long("title", 256));
    check_refused(
        json!({"title": "x", "body": "b".repeat(65_537)}),
        too_long("body", 65_536),
    );
    let invalid = |field: &str, value: Value| json!({"resource": "Issue", "code": "invalid", "field": field, "value": value});
    check_refused(
        json!({"title": "x", "assignees": ["nobody"]}),
        invalid("assignees", json!("nobody")),
    );
    check_refused(
        json!({"title": "x", "milestone": 7}),
        invalid("milestone", json!(7)),
    );
}

#[test]
fn texts_are_kept_as_sent_but_titles_are_trimmed() {
    let mut bench = Bench::new();
    let made = bench.post(ISSUES, json!({"title": "  a  b ", "body": "x\r\ny\n"}));
    assert_eq!(made.body["title"], "a  b");
    assert_eq!(made.body["body"], "x\r\ny\n");
    assert_eq!(
        made.header("location"),
        "http://github.sim/repos/acme/app/issues/1"
    );
}

#[test]
fn issues_that_are_switched_off_are_gone_until_they_are_switched_on() {
    let mut bench = Bench::new();
    bench.issue("one");
    let (one, comment) = ("/repos/acme/app/issues/1", json!({"body": "x"}));
    let switch = |on| Command::SwitchItems {
        container: "acme/app".to_owned(),
        on,
    };
    bench.command(switch(false));
    for answer in [
        bench.get(one),
        bench.post(ISSUES, json!({"title": "two"})),
        bench.post("/repos/acme/app/issues/1/comments", comment),
    ] {
        assert_eq!(answer.status, 410, "{}", answer.body);
        assert_eq!(answer.body["message"], "Issues are disabled for this repo");
    }
    assert_eq!(bench.get(ISSUES).body, json!([]));
    bench.command(switch(true));
    assert_eq!(bench.get(one).status, 200);
}

#[test]
fn a_state_change_carries_its_reason() {
    let mut bench = Bench::new();
    bench.issue("one");
    let mut check = |body: Value, state: &str, reason: Value| {
        let answer = bench.patch("/repos/acme/app/issues/1", body);
        assert_eq!((answer.status, &answer.body["state"]), (200, &json!(state)));
        assert_eq!(answer.body["state_reason"], reason);
    };
    check(json!({"state": "closed"}), "closed", json!("completed"));
    // Without a change of state the reason is ignored.
    check(
        json!({"state": "closed", "state_reason": "not_planned"}),
        "closed",
        json!("completed"),
    );
    check(json!({"state": "open"}), "open", json!("reopened"));
    check(
        json!({"state": "closed", "state_reason": "not_planned"}),
        "closed",
        json!("not_planned"),
    );
}

#[test]
fn labels_are_compared_without_case_and_made_by_use() {
    let mut bench = Bench::new();
    bench.post(ISSUES, json!({"title": "x", "labels": ["BUG", "kind/new"]}));
    let labels = bench.get("/repos/acme/app/issues/1/labels");
    assert_eq!(labels.each("name"), ["bug", "kind/new"]);
    assert_eq!(
        bench
            .delete("/repos/acme/app/issues/1/labels/kind/new")
            .each("name"),
        ["bug"]
    );
    let gone = bench.delete("/repos/acme/app/issues/1/labels/kind%2Fnew");
    assert_eq!(
        (gone.status, &gone.body["message"]),
        (404, &json!("Label does not exist"))
    );
}

#[test]
fn assignees_who_cannot_be_are_left_out_silently() {
    let mut bench = Bench::new();
    bench.issue("x");
    let answer = bench.post(
        "/repos/acme/app/issues/1/assignees",
        json!({"assignees": ["Ana", "nobody"]}),
    );
    assert_eq!(answer.status, 201);
    assert_eq!(answer.body["assignees"][0]["login"], "ana");
    assert_eq!(answer.body["assignees"].as_array().unwrap().len(), 1);
}

#[test]
fn lists_filter_sort_and_page() {
    let mut bench = Bench::new();
    for title in ["a", "b", "c"] {
        bench.issue(title);
        bench.wait(10);
    }
    bench.patch(
        "/repos/acme/app/issues/1",
        json!({"labels": ["bug"], "body": "changed"}),
    );
    bench.patch("/repos/acme/app/issues/2", json!({"state": "closed"}));
    bench
        .github
        .add_pull_request(bench.now, "ana", "acme/app", "pr");
    let mut check = |query: &str, expected: &[u64]| {
        let answer = bench.get(&format!("{ISSUES}?{query}"));
        assert_eq!(answer.each("number"), expected, "{query}");
    };
    check("", &[4, 3, 1]);
    check("state=all&direction=asc", &[1, 2, 3, 4]);
    check("state=closed", &[2]);
    check("labels=Bug", &[1]);
    check("creator=ana", &[4]);
    check("state=all&sort=updated&direction=asc", &[3, 1, 2, 4]);
    check(
        "state=all&since=2025-10-09T08:53:50Z&direction=asc",
        &[1, 2, 4],
    );
    check("state=all&per_page=3&page=2", &[1]);
    let first = bench.get(&format!("{ISSUES}?state=all&per_page=2"));
    assert!(
        first
            .header("link")
            .contains("state=all&per_page=2&page=2>; rel=\"next\"")
    );
    assert!(first.body[0]["pull_request"]["url"].is_string());
}

#[test]
fn an_unchanged_answer_is_304() {
    let mut bench = Bench::new();
    bench.issue("x");
    let tag = bench
        .get("/repos/acme/app/issues/1")
        .header("etag")
        .to_owned();
    let again = |bench: &mut Bench| {
        let request = http::Request::get("/repos/acme/app/issues/1")
            .header("authorization", "token github-token")
            .header("if-none-match", &tag)
            .body(bytes::Bytes::new());
        bench.send(request.unwrap()).status
    };
    assert_eq!(again(&mut bench), 304);
    bench.patch("/repos/acme/app/issues/1", json!({"title": "y"}));
    assert_eq!(again(&mut bench), 200);
}

#[test]
fn comments_move_the_issues_time_except_when_deleted() {
    let mut bench = Bench::new();
    bench.issue("x");
    let updated =
        |bench: &mut Bench| bench.get("/repos/acme/app/issues/1").body["updated_at"].clone();
    let start = updated(&mut bench);
    bench.wait(60);
    let made = bench.post(
        "/repos/acme/app/issues/1/comments",
        json!({"body": "hello"}),
    );
    let commented = updated(&mut bench);
    assert_ne!(commented, start);
    bench.wait(60);
    let comment = format!("/repos/acme/app/issues/comments/{}", made.body["id"]);
    assert_eq!(
        bench.patch(&comment, json!({"body": "hi"})).body["body"],
        "hi"
    );
    let edited = updated(&mut bench);
    assert_ne!(edited, commented);
    bench.wait(60);
    assert_eq!(bench.delete(&comment).status, 204);
    assert_eq!(updated(&mut bench), edited);
    assert_eq!(bench.get(&comment).status, 404);
    let blank = bench.post("/repos/acme/app/issues/1/comments", json!({"body": " "}));
    assert_eq!(
        (blank.status, &blank.body["errors"][0]["field"]),
        (422, &json!("data"))
    );
}

#[test]
fn a_transferred_issue_redirects_and_a_deleted_one_is_gone() {
    let mut bench = Bench::new();
    bench.issue("x");
    bench.post(
        "/repos/acme/app/issues/1/comments",
        json!({"body": "hello"}),
    );
    let old_id = bench.get("/repos/acme/app/issues/1").body["id"].clone();
    let moved = Command::Move {
        key: "acme/app#1".into(),
        by: "ana".into(),
        to: "acme/archive".into(),
    };
    assert_eq!(bench.command(moved), Done::Item("acme/archive#1".into()));
    let old = bench.get("/repos/acme/app/issues/1");
    assert_eq!(
        (old.status, old.header("location")),
        (301, "http://github.sim/repos/acme/archive/issues/1")
    );
    assert_eq!(bench.get("/repos/acme/app/issues/1/comments").status, 404);
    let new = bench.get("/repos/acme/archive/issues/1");
    assert_ne!(new.body["id"], old_id);
    assert_eq!(
        bench
            .get("/repos/acme/archive/issues/1/comments")
            .each("body"),
        ["hello"]
    );
    bench.command(Command::Delete {
        key: "acme/archive#1".into(),
        by: "ana".into(),
    });
    assert_eq!(bench.get("/repos/acme/archive/issues/1").status, 410);
    assert!(bench.github.dump().items[0].deleted);
}

#[test]
fn hidden_issues_answer_404_or_403_until_shown() {
    let mut bench = Bench::new();
    bench.issue("x");
    for status in [404, 403] {
        bench.command(Command::Hide {
            keys: vec![],
            status,
        });
        assert_eq!(bench.get("/repos/acme/app/issues/1").status, status);
        assert_eq!(bench.get(ISSUES).body, json!([]));
    }
    bench.command(Command::Show {
        keys: vec!["acme/app#1".into()],
    });
    assert_eq!(bench.get("/repos/acme/app/issues/1").status, 200);
}

#[test]
fn search_understands_qualifiers_and_lags() {
    let mut bench = Bench::new();
    bench.post(
        ISSUES,
        json!({"title": "Export fails", "labels": ["help wanted"], "assignees": ["ben"]}),
    );
    bench.issue("Import works");
    bench.patch("/repos/acme/app/issues/2", json!({"state": "closed"}));
    let found = |bench: &mut Bench, query: &str| -> Vec<Value> {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let answer = bench.get(&format!("/search/issues?q={query}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        let items = answer.body["items"].as_array().unwrap();
        items.iter().map(|item| item["number"].clone()).collect()
    };
    for (query, expected) in [
        ("repo:acme/app", vec![2, 1]),
        ("repo:acme/app is:open", vec![1]),
        ("repo:acme/app -is:open", vec![2]),
        ("label:\"help wanted\" export", vec![1]),
        ("assignee:ben repo:ACME/app", vec![1]),
        ("no:assignee reason:completed", vec![2]),
        ("created:>=2030-01-01", vec![]),
    ] {
        assert_eq!(found(&mut bench, query), expected, "{query}");
    }
    bench.github.set_index_lag(Duration::from_secs(30));
    bench.wait(100);
    bench.issue("Late");
    bench.patch("/repos/acme/app/issues/1", json!({"state": "closed"}));
    assert_eq!(found(&mut bench, "repo:acme/app is:open"), [1]);
    bench.wait(31);
    assert_eq!(found(&mut bench, "repo:acme/app is:open"), [3]);
}

#[test]
fn commands_do_what_a_person_does() {
    let mut bench = Bench::new();
    let create = Command::Create {
        container: None,
        by: "ana".into(),
        title: "Marked".into(),
        body: "text <!-- marker -->".into(),
        labels: vec!["bug".into()],
        assignees: vec!["ben".into()],
    };
    assert_eq!(bench.command(create), Done::Item("acme/app#1".into()));
    bench.command(Command::edit(
        "acme/app#1",
        "ben",
        "status",
        "closed:not_planned",
    ));
    bench.command(Command::edit(
        "acme/app#1",
        "ben",
        "labels",
        json!(["urgent", "bug"]),
    ));
    let Done::Comment(comment) = bench.command(Command::comment("acme/app#1", "chen", "hi")) else {
        panic!("a comment was made");
    };
    let key = || "acme/app#1".to_owned();
    bench.command(Command::EditComment {
        key: key(),
        by: "chen".into(),
        comment: comment.clone(),
        body: "ho".into(),
    });
    bench.command(Command::Clone {
        key: key(),
        by: "dora".into(),
    });
    let dump = bench.github.dump();
    let item = dump.item("acme/app#1").unwrap();
    assert_eq!(
        (item.status.as_str(), item.comments[0].body.as_str()),
        ("closed:not_planned", "ho")
    );
    assert_eq!(item.labels, ["bug", "urgent"]);
    let copy = dump.item("acme/app#2").unwrap();
    assert_eq!(
        (&copy.body, copy.comments.len(), copy.status.as_str()),
        (&item.body, 0, "open")
    );
    bench.command(Command::DeleteComment {
        key: key(),
        by: "chen".into(),
        comment,
    });
    assert!(bench.github.dump().items[0].comments.is_empty());
    let refused = bench
        .github
        .command(bench.now, Command::edit("acme/app#9", "ana", "title", "x"));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "there is no item 'acme/app#9'"
    );
}

#[test]
fn what_is_not_an_address_is_not_found() {
    for path in [
        "/",
        "/repos/acme/none/issues",
        "/repos/acme/app/issues/x",
        "/repos/acme/app/issues/1/nothing",
    ] {
        assert_eq!(
            Bench::new().ask(Method::GET, path, Value::Null).status,
            404,
            "{path}"
        );
    }
}

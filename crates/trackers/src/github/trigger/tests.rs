use super::*;
use serde_json::json;

fn issue() -> wire::Issue {
    serde_json::from_value(json!({
        "id": 7007, "number": 7, "title": "t", "body": null, "state": "closed", "state_reason": "not_planned",
        "html_url": "https://github.com/acme/app/issues/7",
        "repository_url": "https://api.github.com/repos/acme/app",
        "user": {"login": "Ana"}, "labels": [{"name": "Needs Triage"}, "bug"],
        "assignees": [{"login": "ben"}], "milestone": {"number": 3, "title": "v1.0"},
        "type": {"name": "Bug"},
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T00:00:00Z",
    }))
    .unwrap()
}

fn check(trigger: &str, expected: bool) {
    let parsed = Trigger::parse(trigger).unwrap();
    assert_eq!(parsed.matches(&issue()), expected, "{trigger}: {parsed:?}");
}

#[test]
fn qualifiers_decide_on_the_issue() {
    for matching in [
        "",
        "is:issue",
        "is:closed label:bug",
        "state:closed -is:open",
        r#"label:"needs triage""#,
        r#"label:ops,"NEEDS TRIAGE""#,
        "label:a,bug -label:ops",
        "assignee:BEN author:ana",
        "milestone:v1.0 type:bug",
        r#"reason:"not planned""#,
        "repo:Acme/App",
        "-no:label -no:assignee -no:milestone -no:type -is:pr",
    ] {
        check(matching, true);
    }
    for differing in [
        "is:open",
        "label:bugs",
        "-label:bug",
        "label:bug label:ops",
        "assignee:ana",
        "author:ben",
        "milestone:v1",
        "type:Task",
        "reason:completed",
        "no:label",
        "repo:acme/other",
    ] {
        check(differing, false);
    }
}

#[test]
fn a_pull_request_never_matches() {
    let pull = wire::Issue {
        pull_request: Some(json!({})),
        ..issue()
    };
    assert!(!Trigger::parse("").unwrap().matches(&pull));
}

#[test]
fn what_is_not_understood_is_named() {
    let check = |trigger: &str, named: &str| {
        let error = Trigger::parse(trigger).unwrap_err();
        assert!(error.contains(named), "{trigger}: {error}");
    };
    check("is:open crash", "free text ('crash')");
    check("is:open \"two words\"", "free text ('two words')");
    check("sort:updated", "'sort:updated'");
    check("label:bug updated:>2026-01-01", "'updated:>2026-01-01'");
    check("-comments:5", "'-comments:5'");
    check("is:merged", "'is:merged'");
    check("is:open,closed", "'is:open,closed'");
    check("assignee:@me", "name the account");
    check("label:\"open", "not closed");
    check("label:", "no value");
    check("is:pr", "pull requests");
}

#[test]
fn the_list_is_asked_for_no_less_than_what_matches() {
    let check = |trigger: &str, expected: &[(&'static str, &str)]| {
        let expected: Vec<_> = expected
            .iter()
            .map(|(k, v)| (*k, (*v).to_owned()))
            .collect();
        assert_eq!(
            Trigger::parse(trigger).unwrap().parameters(),
            expected,
            "{trigger}"
        );
    };
    check("", &[("state", "all")]);
    check(
        "is:open label:a label:\"b c\"",
        &[("state", "open"), ("labels", "a,b c")],
    );
    check("-is:open label:a,b -label:c", &[("state", "closed")]);
    check("-is:closed", &[("state", "open")]);
}

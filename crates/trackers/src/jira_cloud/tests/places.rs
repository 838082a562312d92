//! What depends on where an issue lies, and on which keys and accounts are there: internal comments, lost creates, people.

use super::*;
use crate::conformance::{Act, Harness as _, Trick};
use std::collections::BTreeSet;
use twinline_core::item::{ItemId, field};
use twinline_core::marker::Marker;
use twinline_core::richtext::Document;
use twinline_sim::jira_cloud::site::Site;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The connector in the software project; people create issues in the service desk, and move them over.
fn in_app(site: Site) -> SimHarness {
    let under = Under {
        scope: &[("project", "APP"), ("type", "Task")],
        ..under()
    };
    SimHarness::new(Box::new(JiraCloud::new(site)), under)
}

fn marker() -> Marker {
    Marker {
        root: "root".into(),
        link: "link".into(),
    }
}

fn create(h: &SimHarness) -> Effect {
    Effect::Create {
        scope: h.scope(),
        fields: BTreeMap::from([(field::SUMMARY.into(), Value::text("ours"))]),
        marker: marker(),
    }
}

fn comment(item: &ItemId, channel: &str) -> Effect {
    Effect::AddComment {
        item: item.clone(),
        channel: channel.to_owned(),
        body: Document::from_plain("between us"),
        marker: marker(),
    }
}

async fn made(h: &SimHarness) -> ItemId {
    let made = h.tracker().apply(&create(h)).await.unwrap();
    made.created.unwrap().item
}

async fn comments(h: &SimHarness, id: &ItemId) -> Vec<String> {
    match h.tracker().fetch(id).await.unwrap() {
        Fetched::Found(item) => {
            let comments = item.comments.unwrap().into_iter();
            comments.map(|comment| comment.channel).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_a_service_desk_is_told_what_is_internal() {
    let app = in_app(demo_site());
    let id = made(&app).await;
    let refused = app.tracker().apply(&comment(&id, CHANNEL_INTERNAL)).await;
    assert!(
        matches!(&refused, Err(TrackerError::Refused { sentence, .. }) if sentence.contains("APP is no service desk")),
        "{refused:?}"
    );
    assert!(comments(&app, &id).await.is_empty());

    let desk = harness();
    let id = made(&desk).await;
    let written = desk.tracker().apply(&comment(&id, CHANNEL_INTERNAL)).await;
    assert_eq!(written.unwrap().comment.unwrap().channel, CHANNEL_INTERNAL);
    assert_eq!(comments(&desk, &id).await, [CHANNEL_INTERNAL]);
}

const AT: &str = "2026-01-31T09:00:00.000+0000";

fn answer(body: &serde_json::Value) -> Trick {
    Trick::Answer(http::Response::new(body.to_string().into()))
}

/// An issue in a project of this kind: a customer's file, and six of the team.
fn issue_with_files(id: &ItemId, project: &str) -> serde_json::Value {
    let files: Vec<_> = [
        ("customers.txt", "customer"),
        ("teams.txt", "atlassian"),
        ("shown.png", "atlassian"),
        ("noted.png", "atlassian"),
        ("elsewhere.png", "atlassian"),
        ("twice.png", "atlassian"),
        ("twice.png", "atlassian"),
    ]
    .iter()
    .zip(1..)
    .map(|((name, kind), id)| {
        json!({ "id": id.to_string(), "filename": name, "size": 3, "created": AT,
            "author": { "accountId": "1", "accountType": kind } })
    })
    .collect();
    json!({ "id": id.id, "key": "SUP-1", "fields": {
        "project": { "key": "SUP", "projectTypeKey": project }, "issuetype": { "name": "Task" },
        "updated": AT, "comment": { "total": 2, "comments": [] }, "attachment": files } })
}

/// Comments that show files: one everybody reads, one only the team.
fn comments_with_files() -> serde_json::Value {
    let media = |name: &str, kind: &str| {
        json!({ "type": "mediaSingle", "content": [{ "type": "media",
            "attrs": { "type": kind, "id": "0f3c", "collection": "", "alt": name } }] })
    };
    let comment = |id: &str, public: bool, media: &[serde_json::Value]| {
        json!({ "id": id, "jsdPublic": public, "created": AT, "updated": AT,
            "body": { "type": "doc", "version": 1, "content": media } })
    };
    let public = [
        media("shown.png", "file"),
        media("elsewhere.png", "external"),
        media("twice.png", "file"),
    ];
    let comments = [
        comment("1", true, &public),
        comment("2", false, &[media("noted.png", "file")]),
    ];
    json!({ "comments": comments, "total": 2 })
}

#[tokio::test]
async fn in_a_service_desk_only_what_customers_see_for_certain_is_public() {
    let h = harness();
    let id = made(&h).await;
    let files = |fetched: Result<Fetched, TrackerError>| match fetched.unwrap() {
        Fetched::Found(item) => {
            let internal = |file: Attachment| file.internal;
            let files = item.attachments;
            files.map(|files| files.into_iter().map(internal).collect::<Vec<bool>>())
        }
        other => panic!("{other:?}"),
    };
    let cases = [
        (
            "service_desk",
            vec![false, true, false, true, true, true, true],
            None,
        ),
        ("software", vec![false; 7], Some(vec![false; 7])),
    ];
    for (project, whole, bare) in cases {
        let issue = issue_with_files(&id, project);
        h.meddler().next_read(answer(&issue));
        h.meddler().next_read(answer(&comments_with_files()));
        let fetched = h.tracker().fetch(&id).await;
        assert_eq!(files(fetched), Some(whole), "{project}");
        // Without the comments it is not told.
        h.meddler().next_read(answer(&issue));
        let fetched = h.tracker().fetch_bare(&id).await;
        assert_eq!(files(fetched), bare, "{project}");
    }
}

#[tokio::test]
async fn what_jira_did_not_keep_internal_does_not_stay() {
    let desk = harness();
    let id = made(&desk).await;
    let public = desk.tracker().apply(&comment(&id, CHANNEL_PUBLIC)).await;
    let stands = public.unwrap().comment.unwrap().id;
    // Jira answers that everyone reads it.
    let answer = json!({ "id": stands, "jsdPublic": true, "created": "2026-01-31T09:30:00.000+0000",
        "updated": "2026-01-31T09:30:00.000+0000" });
    let mut response = http::Response::new(answer.to_string().into());
    *response.status_mut() = http::StatusCode::CREATED;
    desk.meddler().next_write(Trick::Answer(response));
    let refused = desk.tracker().apply(&comment(&id, CHANNEL_INTERNAL)).await;
    assert!(
        matches!(&refused, Err(TrackerError::Refused { sentence, .. }) if sentence.contains("deleted again")),
        "{refused:?}"
    );
    assert!(comments(&desk, &id).await.is_empty());
}

/// Loses the answer to a create, lets `meanwhile` happen, and expects that the issue is recognised.
async fn recognised_after(h: &SimHarness, meanwhile: &[Act]) {
    let since = h.now();
    h.meddler().next_write(Trick::LoseAnswer);
    h.tracker().apply(&create(h)).await.unwrap_err();
    for act in meanwhile {
        h.act(act.clone()).await.unwrap();
    }
    h.pass(Duration::from_secs(600)).await;
    let found = h.tracker().recognise(&create(h), since).await.unwrap();
    assert!(matches!(found, Recognised::There(_)), "{found:?}");
}

#[tokio::test]
async fn a_lost_create_is_found_below_an_old_issue_that_was_moved_in_later() {
    let h = in_app(demo_site());
    let title = "old".to_owned();
    let key = h.act(Act::Create { title }).await.unwrap();
    h.pass(DAY).await;
    recognised_after(&h, &[Act::Move { key }]).await;
}

#[tokio::test]
async fn a_lost_create_is_found_behind_many_issues_that_were_deleted() {
    let h = harness();
    for number in 0..250 {
        let title = format!("passing {number}");
        let key = h.act(Act::Create { title }).await.unwrap();
        h.act(Act::Delete { key }).await.unwrap();
    }
    h.pass(DAY).await;
    recognised_after(&h, &[]).await;
}

#[tokio::test]
async fn people_are_told_beyond_a_range_of_which_few_can_be_assigned() {
    let mut site = demo_site();
    let (known, one) = (site.users.len(), site.users[0].clone());
    for number in 0..150 {
        let mut left = one.clone();
        left.account_id = format!("712020:left{number}");
        left.active = false;
        site.users.insert(0, left);
    }
    let h = in_app(site);
    let offered = h.tracker().describe(&h.scope()).await.unwrap();
    let ids: BTreeSet<String> = offered.users.into_iter().map(|user| user.id).collect();
    assert_eq!(ids.len(), known, "{ids:?}");
}

#[tokio::test]
async fn a_person_is_never_somebody_whose_name_only_begins_so() {
    // (what a rule names, whether addresses are shown, who is meant)
    let ana = Some("712020:ana");
    let cases = [
        ("an", true, None),
        ("ana", true, None),
        ("Ana Prieto", true, ana),
        ("ana@acme.example", true, ana),
        ("ana@acme.example", false, ana),
        ("ana@acme", true, None),
        ("Ana Prieto", false, ana),
    ];
    for (named, shown, expected) in cases {
        let mut site = demo_site();
        site.switches.emails_visible = shown;
        let h = in_app(site);
        let id = made(&h).await;
        let person = User {
            name: Some(named.to_owned()),
            ..User::default()
        };
        let write = FieldWrite::Replace(Value::User(person));
        let effect = Effect::Update {
            item: id.clone(),
            fields: BTreeMap::from([(field::ASSIGNEE.into(), write)]),
            planned_from: twinline_core::item::Version::default(),
        };
        let applied = h.tracker().apply(&effect).await.unwrap();
        let Fetched::Found(item) = h.tracker().fetch(&id).await.unwrap() else {
            panic!("it is gone");
        };
        let assigned = match item.get(field::ASSIGNEE) {
            Some(Value::User(user)) => Some(user.id.as_str()),
            _ => None,
        };
        assert_eq!(assigned, expected, "{named}, {shown}: {applied:?}");
    }
}

#[tokio::test]
async fn a_listed_issue_without_a_version_is_an_error() {
    let h = harness();
    let listed =
        json!({ "issues": [{ "id": "10001", "key": "SUP-1", "fields": {} }], "isLast": true });
    let answer = || Trick::Answer(http::Response::new(listed.to_string().into()));
    h.meddler().next_write(answer());
    let cursor = Cursor {
        since: h.now(),
        page: None,
    };
    let page = h.tracker().changes(&h.scope(), &cursor).await;
    assert!(
        matches!(&page, Err(TrackerError::Unreadable { place, .. }) if place.contains("updated")),
        "{page:?}"
    );
    h.meddler().next_write(answer());
    let page = h.tracker().query(&h.scope(), "", None).await;
    assert!(
        matches!(&page, Err(TrackerError::Unreadable { place, .. }) if place.contains("updated")),
        "{page:?}"
    );
}

#[tokio::test]
async fn a_limit_of_one_issue_or_one_endpoint_keeps_nothing_else_back() {
    let h = harness();
    let (one, other) = (made(&h).await, made(&h).await);
    let limited = |reason: &str| {
        let answer = http::Response::builder()
            .status(429)
            .header("retry-after", "30")
            .header("ratelimit-reason", reason);
        Trick::Answer(answer.body("{}".into()).unwrap())
    };
    let add = async |id| {
        let added = h.tracker().apply(&comment(id, CHANNEL_PUBLIC)).await;
        match added {
            Ok(_) => "written",
            Err(TrackerError::Busy { whole: false, .. }) => "busy",
            Err(TrackerError::Busy { whole: true, .. } | TrackerError::Retry { .. }) => "shut",
            Err(other) => panic!("{other}"),
        }
    };
    let label = async |id: &ItemId| {
        let mark = Effect::Mark {
            item: id.clone(),
            marker: marker(),
        };
        h.tracker().apply(&mark).await.is_ok()
    };
    // (the reason that Jira names, the comment on the issue itself, that on another one, another write to the first)
    let cases = [
        ("jira-per-issue-on-write", "busy", "written", false),
        ("jira-burst-based", "busy", "busy", true),
        ("jira-quota-tenant-based", "shut", "shut", false),
    ];
    for (reason, itself, on_other, another) in cases {
        h.meddler().next_write(limited(reason));
        for _ in 0..2 {
            assert_eq!(add(&one).await, itself, "{reason}");
        }
        assert_eq!(add(&other).await, on_other, "{reason}");
        assert_eq!(label(&one).await, another, "{reason}");
        h.pass(Duration::from_secs(31)).await;
        assert_eq!(add(&one).await, "written", "{reason}");
    }
}

#[tokio::test]
async fn a_permission_that_is_lacking_is_a_fault() {
    let mut site = demo_site();
    site.switches.denied = vec!["TRANSITION_ISSUES".to_owned()];
    let probe = in_app(site).tracker().probe().await.unwrap();
    let expected = "the account may change an issue's status in no project: give it the permission TRANSITION_ISSUES";
    assert_eq!(probe.faults, [expected]);
}

#[tokio::test]
async fn a_permission_that_is_lacking_in_the_project_is_a_fault_there() {
    let mut site = demo_site();
    site.switches.denied = vec!["ADD_COMMENTS".to_owned()];
    let h = in_app(site);
    let faults = h.tracker().probe_place(&h.scope(), None).await.unwrap();
    let expected = "the account may not write comments in project APP: give it the permission ADD_COMMENTS there";
    assert_eq!(faults, [expected]);
}

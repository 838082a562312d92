//! Reaching statuses, with and without the right to read workflows.

use super::*;
use crate::conformance::{Act, Harness as _};
use std::collections::BTreeSet;
use std::time::Duration;
use twinline_core::item::{Choice, Item, ItemId, field};
use twinline_sim::jira_cloud::site::{Project, Site, Transition, Workflow};

const TODO: &str = "10000";
const DOING: &str = "3";
const REVIEW: &str = "10002";
const DONE: &str = "10003";

/// The site, with this workflow in the project APP, where no issue lies yet.
fn site(ways: &[(&str, &[&str], &str)], readable: bool) -> SimHarness {
    let mut site: Site = demo_site();
    site.switches.workflows_readable = readable;
    let app = |project: &&mut Project| project.key == "APP";
    let project = site.projects.iter_mut().find(app).unwrap();
    if !ways.is_empty() {
        let way = |(id, from, to): &(&str, &[&str], &str)| Transition {
            id: (*id).to_owned(),
            name: format!("way {id}"),
            from: from.iter().map(|from| (*from).to_owned()).collect(),
            to: (*to).to_owned(),
            ..Transition::default()
        };
        project.workflow = Workflow {
            initial: TODO.to_owned(),
            transitions: ways.iter().map(way).collect(),
        };
    }
    let under = Under {
        scope: &[("project", "APP"), ("type", "Task")],
        container: "APP",
        move_to: None,
        ..under()
    };
    SimHarness::new(Box::new(JiraCloud::new(site)), under)
}

/// A new issue, as the connector reads it.
async fn issue(h: &SimHarness) -> Item {
    let title = "a task".to_owned();
    let key = h.act(Act::Create { title }).await.unwrap();
    let found = h.tracker().find(&key).await.unwrap().unwrap();
    read(h, &found.item).await
}

async fn read(h: &SimHarness, id: &ItemId) -> Item {
    match h.tracker().fetch(id).await.unwrap() {
        Fetched::Found(item) => *item,
        other => panic!("{other:?}"),
    }
}

/// Sets an issue's status; the status that it has then, and why it is another, if it is.
async fn set(
    h: &SimHarness,
    issue: &Item,
    wanted: &str,
    resolved: bool,
) -> (String, Option<String>) {
    let write = |id: &str| FieldWrite::Replace(Value::Choice(choice(id)));
    let mut fields = BTreeMap::from([(field::STATUS.into(), write(wanted))]);
    // Asked for by the screen of the site's own way to Done; on no other screen.
    if resolved {
        fields.insert(field::RESOLUTION.into(), write("10000"));
    }
    let effect = Effect::Update {
        item: issue.reference.item.clone(),
        fields,
        planned_from: issue.version.clone(),
    };
    let applied = h.tracker().apply(&effect).await.unwrap();
    let now = read(h, &issue.reference.item).await;
    let Some(Value::Choice(Choice { id, .. })) = now.get(field::STATUS) else {
        panic!("the issue has no status");
    };
    (id.clone(), applied.waived.get(field::STATUS).cloned())
}

async fn reaches(h: &SimHarness, wanted: &str, resolved: bool) {
    let issue = issue(h).await;
    assert_eq!(
        set(h, &issue, wanted, resolved).await,
        (wanted.to_owned(), None)
    );
}

#[tokio::test]
async fn statuses_in_which_no_issue_lies_are_passed_through() {
    for readable in [false, true] {
        reaches(&site(&[], readable), DONE, true).await;
        reaches(&site(&[], readable), REVIEW, false).await;
    }
}

#[tokio::test]
async fn who_may_read_workflows_is_shown_every_way() {
    let leads = async |readable: bool| {
        let h = site(&[], readable);
        let scope = [("project", "APP"), ("type", "Task")];
        let scope = scope
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        let described = h.tracker().describe(&scope).await.unwrap();
        let statuses = described.statuses.into_iter();
        let known = statuses.filter_map(|one| Some((one.status.id, one.leads_to?)));
        known.collect::<BTreeMap<String, BTreeSet<String>>>()
    };
    let ids = |ids: &[&str]| {
        ids.iter()
            .map(|id| (*id).to_owned())
            .collect::<BTreeSet<_>>()
    };
    let all = leads(true).await;
    assert_eq!(all[TODO], ids(&[DOING]));
    assert_eq!(all[DOING], ids(&[TODO, REVIEW, DONE]));
    assert_eq!(all[DONE], ids(&[TODO]));
    assert!(leads(false).await.is_empty(), "no issue lies anywhere");
}

#[tokio::test]
async fn what_the_ways_into_a_status_demand_is_told() {
    for readable in [false, true] {
        let h = site(&[], readable);
        let issue = issue(&h).await;
        set(&h, &issue, DOING, false).await;
        let scope = [("project", "APP"), ("type", "Task")];
        let scope = scope.map(|(key, value)| (key.to_owned(), value.to_owned()));
        // The search finds the issue when its index does.
        h.pass(Duration::from_secs(60)).await;
        let described = h.tracker().describe(&scope.into()).await.unwrap();
        let demanding = described.statuses.into_iter();
        let demanding = demanding.filter(|one| !one.demands.is_empty());
        let demanding: Vec<_> = demanding.map(|one| (one.status.id, one.demands)).collect();
        let resolution = BTreeSet::from([field::RESOLUTION.into()]);
        assert_eq!(demanding, [(DONE.to_owned(), resolution)], "{readable}");
    }
}

/// A site whose only way, from To Do to Done, demands a line of text, on its screen or by a validator that no screen shows.
fn demanding(on_screen: bool) -> SimHarness {
    let mut site: Site = demo_site();
    let app = |project: &&mut Project| project.key == "APP";
    let project = site.projects.iter_mut().find(app).unwrap();
    project.workflow = Workflow {
        initial: TODO.to_owned(),
        transitions: vec![Transition {
            id: "1".to_owned(),
            name: "Finish".to_owned(),
            from: vec![TODO.to_owned()],
            to: DONE.to_owned(),
            screen: [LINE.to_owned()]
                .into_iter()
                .filter(|_| on_screen)
                .collect(),
            required: vec![LINE.to_owned()],
            ..Transition::default()
        }],
    };
    let under = Under {
        scope: &[("project", "APP"), ("type", "Task")],
        container: "APP",
        move_to: None,
        ..under()
    };
    SimHarness::new(Box::new(JiraCloud::new(site)), under)
}

/// A field of a line of text.
const LINE: &str = "customfield_10040";

async fn write(
    h: &SimHarness,
    issue: &Item,
    fields: &[(&str, Value)],
) -> Result<Applied, TrackerError> {
    let fields = fields.iter().cloned();
    let effect = Effect::Update {
        item: issue.reference.item.clone(),
        fields: fields
            .map(|(name, value)| (name.into(), FieldWrite::Replace(value)))
            .collect(),
        planned_from: issue.version.clone(),
    };
    h.tracker().apply(&effect).await
}

/// What is said when an issue without a value is to be done, and that it goes once it has one: written along, or there.
async fn check_demanded(on_screen: bool, told: &str) {
    let h = demanding(on_screen);
    let done = || (field::STATUS, Value::Choice(choice(DONE)));
    let line = || (LINE, Value::text("A-17"));
    let one = issue(&h).await;
    match write(&h, &one, &[done()]).await {
        Err(TrackerError::Refused { sentence, .. }) => {
            assert!(sentence.contains(told), "{sentence}");
        }
        other => panic!("{other:?}"),
    }
    write(&h, &one, &[line()]).await.unwrap();
    write(&h, &one, &[done()]).await.unwrap();
    let now = read(&h, &one.reference.item).await;
    assert_eq!(now.get(field::STATUS).map(id), Some(DONE));
    if on_screen {
        let two = issue(&h).await;
        write(&h, &two, &[done(), line()]).await.unwrap();
        let now = read(&h, &two.reference.item).await;
        assert_eq!(now.get(LINE), Some(&Value::text("A-17")));
        assert_eq!(now.get(field::STATUS).map(id), Some(DONE));
    }
}

fn id(value: &Value) -> &str {
    match value {
        Value::Choice(Choice { id, .. }) => id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_a_way_demands_is_named_where_neither_the_write_nor_the_issue_has_it() {
    check_demanded(true, "needs the field").await;
    // In Jira's own words, since no screen tells of it beforehand.
    check_demanded(false, "is required").await;
}

#[tokio::test]
async fn a_blind_alley_is_left_again_and_the_way_found() {
    // The first guess leads nowhere but back.
    let ways: &[(&str, &[&str], &str)] = &[
        ("1", &[TODO], REVIEW),
        ("2", &[REVIEW], TODO),
        ("3", &[TODO], DOING),
        ("4", &[DOING], DONE),
    ];
    reaches(&site(ways, false), DONE, false).await;
    reaches(&site(ways, true), DONE, false).await;
}

#[tokio::test]
async fn what_was_tried_in_vain_is_walked_back_and_not_tried_again() {
    let ways: &[(&str, &[&str], &str)] = &[
        ("1", &[TODO], DOING),
        ("2", &[DOING], REVIEW),
        ("3", &[REVIEW], TODO),
    ];
    for readable in [false, true] {
        let h = site(ways, readable);
        let issue = issue(&h).await;
        for _ in 0..2 {
            let (at, why) = set(&h, &issue, DONE, false).await;
            assert_eq!(at, TODO);
            assert!(why.is_some_and(|why| why.contains("no transition leads to")));
        }
        let since = Timestamp::EPOCH;
        let history = h
            .tracker()
            .field_history(&issue.reference.item, since)
            .await
            .unwrap();
        let moved = history
            .iter()
            .filter(|change| change.field.as_str() == field::STATUS);
        assert_eq!(moved.count(), if readable { 0 } else { 3 });
    }
}

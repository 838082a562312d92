//! The two trackers with the people of the snapshots in them, and the rules between them.

use crate::sim::place::Place;
use crate::sim::rules;
use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use twinline_core::names::Sides;
use twinline_core::time::Timestamp;
use twinline_rules::describe::SideDescription;
use twinline_rules::source::{RuleSources, SourceFile};
use twinline_sim::Simulator;
use twinline_sim::github::{Github, GithubConfig, Limits};
use twinline_sim::jira_cloud::site::User;
use twinline_sim::jira_cloud::{JiraCloud, demo_site};
use twinline_store::host::Publish;

/// The connection's name.
pub(super) const CONNECTION: &str = "histories";

/// A person's address in both trackers.
fn address(login: &str) -> String {
    format!("{login}@acme.example")
}

/// GitHub and Jira, without items.
pub(super) fn simulators(people: &BTreeSet<String>) -> Vec<(Place, Box<dyn Simulator>)> {
    let mut github = Github::new(GithubConfig {
        limits: Limits {
            core_per_hour: 10_000_000,
            search_per_minute: 100_000,
            creations_per_minute: 0,
            creations_per_hour: 0,
        },
        ..GithubConfig::default()
    });
    let mut site = demo_site();
    for login in people {
        github.add_person(login);
        site.users.push(User {
            login: login.clone(),
            account_id: format!("712020:{login}"),
            display_name: login.clone(),
            email: address(login),
            api_token: None,
            active: true,
            utc_offset_hours: 0,
            groups: Vec::new(),
        });
    }
    let mut jira = JiraCloud::new(site);
    jira.set_issue_write_limits(false);
    vec![
        (Place::Github, Box::new(github)),
        (Place::Jira, Box::new(jira)),
    ]
}

/// The order to publish the rules.
pub(super) fn publish(
    people: &BTreeSet<String>,
    descriptions: &BTreeMap<Place, SideDescription>,
    at: Timestamp,
) -> Result<Publish> {
    let description = |place: Place| {
        let found = descriptions.get(&place).cloned();
        found.with_context(|| format!("{} was not described", place.name()))
    };
    let descriptions = Sides {
        left: description(Place::Github)?,
        right: description(Place::Jira)?,
    };
    let sources = RuleSources {
        map: SourceFile::new(format!("{CONNECTION}.toml"), map(people)),
        scripts: Sides::default(),
    };
    Ok(rules::order(CONNECTION, sources, descriptions, at))
}

fn map(people: &BTreeSet<String>) -> String {
    let mut text = format!(
        r#"format = 1
name = "{CONNECTION}"

[left]
node = "github"
scope = {github}
trigger = "{github_trigger}"

[right]
node = "jira"
scope = {jira}
trigger = "{jira_trigger}"

[policy]
conflict = "left"
first = "left"
unmapped = "hold"
max_writes_per_10min = 1000000

[fields.summary]
left = "summary"
right = "summary"

[fields.description]
left = "description"
right = "description"

[fields.labels]
left = "labels"
right = "labels"

[fields.status]
left = "status"
right = "status"
values = "status"

[values.status]
open = {{ left = {open_left:?}, right = {open_right:?} }}
done = {{ left = {done_left:?}, right = {done_right:?} }}

[fields.assignee]
left = "assignee"
right = "assignee"
people = "staff"

[comments]
channels = [{{ left = "public", right = "public", dir = "<->" }}]
header = "{{author}} · {{time}}"
edits = "origin"
deletes = "origin"

[people.staff]
match = ["table"]
table = [
"#,
        github = Place::Github.scope(),
        github_trigger = Place::Github.trigger(),
        jira = Place::Jira.scope(),
        jira_trigger = Place::Jira.trigger(),
        open_left = Place::Github.open(),
        open_right = Place::Jira.open(),
        done_left = Place::Github.done(),
        done_right = Place::Jira.done(),
    );
    for login in people {
        let row = writeln!(
            text,
            "  {{ left = \"{login}\", right = \"{}\" }},",
            address(login)
        );
        row.expect("a string takes all");
    }
    text.push_str("]\n");
    text
}

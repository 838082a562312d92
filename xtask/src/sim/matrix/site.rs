//! The trackers as the matrix has them: what people find in them, and who they are there.

use super::case::{Audience, Finding, Word};
use crate::sim::place::Place;
use twinline_sim::Simulator;
use twinline_sim::azure_devops::{self, AzureDevOps};
use twinline_sim::github::{Github, GithubConfig, Limits};
use twinline_sim::jira_cloud::{self, JiraCloud};
use twinline_sim::redmine::{self, Redmine, site::TextFormatting};
use twinline_sim::servicenow::{self, ServiceNow};
use twinline_sim::zendesk::{self, Zendesk, site::Role};
use twinline_trackers::registry;

/// Redmine with Textile, as the page names it.
const TEXTILE: &str = "redmine-textile";

/// How a place is named among the outcomes: as its tracker, or as a variant of it.
pub(super) const fn told(place: Place) -> &'static str {
    match place {
        Place::Textile => TEXTILE,
        _ => place.tracker(),
    }
}

/// Whether a name is that of a variant, which takes part with texts and comments alone.
pub(super) fn is_variant(name: &str) -> bool {
    name == TEXTILE
}

/// What people call a tracker or a variant, by its name among the outcomes.
pub(super) fn title(name: &'static str) -> &'static str {
    match is_variant(name) {
        true => "Redmine (Textile)",
        false => registry::label(name),
    }
}

/// What people call a place.
pub(super) fn label(place: Place) -> &'static str {
    title(told(place))
}

/// The channel of the comments that some people read; `None`: the tracker has none.
pub(super) const fn channel(place: Place, audience: Audience) -> Option<&'static str> {
    match (audience, place.home()) {
        (Audience::Public, Place::ServiceNow) => Some("comments"),
        (Audience::Public, _) => Some("public"),
        (Audience::Internal, Place::Jira | Place::Zendesk) => Some("internal"),
        (Audience::Internal, Place::Redmine | Place::Textile) => Some("private"),
        (Audience::Internal, Place::ServiceNow) => Some("work_notes"),
        (Audience::Internal, _) => None,
    }
}

/// Where an item is moved to: a place of the same tracker that is in no connection.
pub(super) const fn elsewhere(place: Place) -> &'static str {
    match place.home() {
        Place::Github => "acme/archive",
        Place::Jira => "APP",
        Place::Azure => "Application",
        Place::ServiceNow => "problem",
        Place::Zendesk => "Engineering",
        _ => "support",
    }
}

/// The statuses that mean a word; the first is what is written.
pub(super) const fn statuses(place: Place, word: Word) -> &'static [&'static str] {
    match (place.home(), word) {
        (Place::Github, Word::New | Word::Active) => &["open"],
        (Place::Github, Word::Done) => &["closed:completed", "closed:not_planned"],
        (Place::Jira | Place::Azure, Word::New) => &["To Do"],
        (Place::Jira, Word::Active) => &["In Progress", "In Review"],
        (Place::Azure, Word::Active) => &["Doing"],
        (Place::Jira | Place::Azure, Word::Done) => &["Done"],
        (Place::ServiceNow, Word::Active) => &["In Progress", "On Hold"],
        (Place::ServiceNow, Word::Done) => &["Resolved", "Closed", "Canceled"],
        (Place::Zendesk, Word::Active) => &["Open", "Pending", "On-hold", "In development"],
        (Place::Zendesk, Word::Done) => &["Solved", "Closed"],
        (_, Word::New) => &["New"],
        (_, Word::Active) => &["In Progress", "Feedback"],
        (_, Word::Done) => &["Closed", "Resolved", "Rejected"],
    }
}

/// What is written along with the status that ends an item.
pub(super) const fn set_when_done(place: Place) -> Option<&'static str> {
    match place.home() {
        Place::Jira => Some(r#"{ resolution = "Done" }"#),
        Place::ServiceNow => {
            Some(r#"{ close_code = "Solution provided", close_notes = "Resolved in {key}" }"#)
        }
        _ => None,
    }
}

/// What a person sets, one after the other, to bring an item to a status: to `Done` from new, to `Active` from new or done.
/// Empty: there is no such status.
pub(super) fn walk(place: Place, word: Word, is_done: bool) -> Vec<(&'static str, &'static str)> {
    let steps: &[(&str, &str)] = match (place.home(), word, is_done) {
        (Place::Github, Word::Done, _) => &[("status", "closed:completed")],
        (Place::Github, Word::Active, true) => &[("status", "open")],
        (Place::Jira, Word::Done, _) => &[
            ("status", "In Progress"),
            ("status", "In Review"),
            ("status", "Done"),
        ],
        (Place::Jira, Word::Active, true) => &[("status", "To Do"), ("status", "In Progress")],
        (Place::Azure, Word::Done, _) => &[("status", "Doing"), ("status", "Done")],
        (Place::Azure, Word::Active, _) => &[("status", "Doing")],
        (Place::ServiceNow, Word::Done, _) => &[
            ("close_code", "Solution provided"),
            ("close_notes", "It works again."),
            ("status", "Resolved"),
        ],
        (Place::Zendesk, Word::Done, _) => &[("status", "Solved")],
        (Place::Zendesk, Word::Active, _) => &[("status", "Open")],
        (Place::Jira | Place::Redmine | Place::Textile | Place::ServiceNow, Word::Active, _) => {
            &[("status", "In Progress")]
        }
        (Place::Redmine | Place::Textile, Word::Done, _) => &[("status", "Closed")],
        _ => &[],
    };
    steps.to_vec()
}

/// Whom somebody assigns at a place; for the table the one on the left has another name than the one on the right.
pub(super) fn assigned(place: Place, is_left: bool, finding: Finding) -> String {
    match finding {
        Finding::Table if is_left => "ana".to_owned(),
        Finding::Table => "ben".to_owned(),
        Finding::Email => "chen".to_owned(),
        Finding::Fallback => guest(place),
    }
}

/// Somebody whom only this tracker knows.
fn guest(place: Place) -> String {
    format!("guest-{}", place.name())
}

/// How the people table names somebody.
pub(super) fn named(place: Place, login: &str) -> String {
    match place.home() {
        Place::Github | Place::Redmine | Place::Textile | Place::ServiceNow => login.to_owned(),
        _ => address(login),
    }
}

fn address(login: &str) -> String {
    format!("{login}@acme.example")
}

/// A tracker without items, with its guest, whose limits are off.
pub(super) fn simulator(place: Place) -> Box<dyn Simulator> {
    let login = guest(place);
    match place.home() {
        Place::Azure => azure(login),
        Place::Github => {
            let mut github = Github::new(GithubConfig {
                limits: Limits::none(),
                ..GithubConfig::default()
            });
            github.add_person(&login);
            Box::new(github)
        }
        Place::Jira => jira(login),
        Place::ServiceNow => {
            let mut site = servicenow::demo_site();
            site.people.push(servicenow::site::Person {
                name: "Guest".to_owned(),
                email: address(&login),
                login,
                active: true,
                password: None,
                token: None,
            });
            Box::new(ServiceNow::new(site))
        }
        Place::Zendesk => {
            let mut site = zendesk::demo_site();
            site.users.push(zendesk::site::User {
                id: 9050,
                name: "Guest".to_owned(),
                email: address(&login),
                login,
                role: Role::Agent,
                groups: site.groups.iter().map(|group| group.id).collect(),
                suspended: false,
                deleted: false,
            });
            Box::new(Zendesk::new(site))
        }
        Place::Textile => redmine(login, TextFormatting::Textile),
        _ => redmine(login, TextFormatting::Markdown),
    }
}

/// A service desk, for its internal comments, with a workflow of steps that ends on a screen.
fn jira(login: String) -> Box<dyn Simulator> {
    let mut site = jira_cloud::demo_site();
    site.switches.workflows_readable = true;
    let workflow = site.projects[0].workflow.clone();
    for project in &mut site.projects {
        project.workflow = workflow.clone();
    }
    site.users.push(jira_cloud::site::User {
        account_id: format!("712020:{login}"),
        display_name: "Guest".to_owned(),
        email: address(&login),
        login,
        api_token: None,
        active: true,
        utc_offset_hours: 0,
        groups: vec!["Administrators".to_owned()],
    });
    let mut jira = JiraCloud::new(site);
    jira.set_issue_write_limits(false);
    Box::new(jira)
}

/// Issues that go step by step.
fn azure(login: String) -> Box<dyn Simulator> {
    let mut site = azure_devops::demo_organization();
    let steps = [
        ("To Do", &["Doing"][..]),
        ("Doing", &["To Do", "Done"]),
        ("Done", &["Doing"]),
    ];
    let kinds = site
        .projects
        .iter_mut()
        .flat_map(|project| &mut project.types);
    for kind in kinds.filter(|kind| kind.name == "Issue") {
        let steps = steps.iter().map(|(from, to)| {
            let to = to.iter().map(|state| (*state).to_owned());
            ((*from).to_owned(), to.collect())
        });
        kind.transitions = steps.collect();
    }
    site.users.push(azure_devops::site::User {
        id: "51000001-0000-4000-8000-0000000000ff".to_owned(),
        display_name: "Guest".to_owned(),
        unique_name: address(&login),
        login,
        pat: None,
        bearer: None,
        active: true,
    });
    Box::new(AzureDevOps::new(site))
}

fn redmine(login: String, texts: TextFormatting) -> Box<dyn Simulator> {
    let mut site = redmine::demo_site();
    site.text_formatting = texts;
    let id = 99;
    for project in &mut site.projects {
        project.members.push(id);
    }
    site.users.push(redmine::site::User {
        id,
        mail: address(&login),
        login,
        firstname: "Guest".to_owned(),
        lastname: String::new(),
        admin: false,
        api_key: None,
        sees_private_notes: true,
        sets_private_notes: true,
    });
    Box::new(Redmine::new(site))
}

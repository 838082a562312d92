//! What a Jira site is set up with: people, projects, types, workflows, fields. Fixed while the simulator runs.

use std::time::Duration;

/// A Jira Cloud site.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// Where it is served, without a slash at the end: `https://acme.atlassian.net`.
    pub base_url: String,
    /// Switches of the simulator and of the site's administration.
    pub switches: Switches,
    /// Everybody with an account.
    pub users: Vec<User>,
    /// All projects.
    pub projects: Vec<Project>,
    /// All issue types.
    pub types: Vec<IssueType>,
    /// All statuses.
    pub statuses: Vec<Status>,
    /// Priorities, the highest first.
    pub priorities: Vec<Named>,
    /// Resolutions.
    pub resolutions: Vec<Named>,
    /// All fields, system and custom ones.
    pub fields: Vec<Field>,
    /// The types of issue links.
    pub link_types: Vec<LinkType>,
}

/// What can be turned on and off.
#[derive(Clone, Debug)]
pub struct Switches {
    /// How long a change takes to show in `/search/jql`.
    pub index_lag: Duration,
    /// Whether other people's e-mail addresses are in the API's answers (each person's profile setting, for all here).
    pub emails_visible: bool,
    /// Whether callers of the API may read workflows, as administrators may.
    pub workflows_readable: bool,
    /// Whether the limits of 20 writes in 2 s and 100 in 30 s on one issue hold.
    pub issue_write_limits: bool,
    /// Permissions, by key, that callers of the API have in no project. Only what they are told of is different.
    pub denied: Vec<String>,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            index_lag: Duration::ZERO,
            emails_visible: true,
            workflows_readable: false,
            issue_write_limits: true,
            denied: Vec::new(),
        }
    }
}

/// An account.
#[derive(Clone, Debug)]
pub struct User {
    /// What the control side calls the person.
    pub login: String,
    /// The id in the API.
    pub account_id: String,
    /// The name shown.
    pub display_name: String,
    /// The address, which is also the name in Basic authentication.
    pub email: String,
    /// The API token; nobody can call the API as a person without one.
    pub api_token: Option<String>,
    /// False after the account was closed.
    pub active: bool,
    /// The profile's time zone, in which JQL reads times: hours east of UTC.
    pub utc_offset_hours: i8,
    /// The groups and project roles that the person belongs to, by name.
    pub groups: Vec<String>,
}

/// Anything with only an id and a name.
#[derive(Clone, Debug)]
pub struct Named {
    /// The id, a number as text.
    pub id: String,
    /// The name.
    pub name: String,
}

impl Named {
    /// From an id and a name.
    pub fn new(id: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// A type of issue.
#[derive(Clone, Debug)]
pub struct IssueType {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// Whether its issues need a parent.
    pub subtask: bool,
}

/// A status.
#[derive(Clone, Debug)]
pub struct Status {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// Which of the three columns it belongs to.
    pub category: Category,
}

/// The status categories that every site has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Not begun.
    ToDo,
    /// Begun.
    InProgress,
    /// Finished.
    Done,
}

impl Category {
    /// (id, key, colour, name), as every site answers them.
    pub(super) const fn facts(self) -> (u64, &'static str, &'static str, &'static str) {
        match self {
            Self::ToDo => (2, "new", "blue-gray", "To Do"),
            Self::InProgress => (4, "indeterminate", "yellow", "In Progress"),
            Self::Done => (3, "done", "green", "Done"),
        }
    }
}

/// A project.
#[derive(Clone, Debug)]
pub struct Project {
    /// The id, a number as text.
    pub id: String,
    /// The key, which begins its issues' keys.
    pub key: String,
    /// The name.
    pub name: String,
    /// A Jira Service Management project: its comments may be internal.
    pub service_desk: bool,
    /// The lead's account id.
    pub lead: String,
    /// The ids of its issue types.
    pub types: Vec<String>,
    /// The statuses and the ways between them.
    pub workflow: Workflow,
    /// Its components.
    pub components: Vec<Named>,
    /// The ids of the fields on its create and edit screens.
    pub screen: Vec<String>,
    /// The ids of fields that must have a value, besides the summary.
    pub required: Vec<String>,
}

/// The statuses that a project's issues go through.
#[derive(Clone, Debug, Default)]
pub struct Workflow {
    /// The id of the status of a new issue.
    pub initial: String,
    /// The ways.
    pub transitions: Vec<Transition>,
}

/// One way between statuses.
#[derive(Clone, Debug, Default)]
pub struct Transition {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// From which statuses; none means from every one.
    pub from: Vec<String>,
    /// To which status.
    pub to: String,
    /// The ids of the fields on its screen; none means it has no screen.
    pub screen: Vec<String>,
    /// Which of these must be given.
    pub required: Vec<String>,
    /// What it does to the resolution afterwards.
    pub resolution: ResolutionRule,
}

/// A transition's post function on the resolution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ResolutionRule {
    /// None.
    #[default]
    Keep,
    /// Sets the resolution with this id, when the issue has none.
    Set(String),
    /// Empties it.
    Clear,
}

/// A field.
#[derive(Clone, Debug)]
pub struct Field {
    /// The id: `summary`, `customfield_10040`.
    pub id: String,
    /// The name shown.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
    /// The values to choose from.
    pub options: Vec<FieldOption>,
}

impl Field {
    /// Whether it is a custom field, and with which number.
    pub fn custom_number(&self) -> Option<u64> {
        self.id.strip_prefix("customfield_")?.parse().ok()
    }
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// One line of at most 255 characters.
    Line,
    /// A document in the Atlassian Document Format.
    Rich,
    /// A number.
    Number,
    /// A day.
    Date,
    /// An instant.
    DateTime,
    /// Labels.
    Labels,
    /// One account.
    User,
    /// One option.
    Option,
    /// Several options.
    Options,
    /// An option and one of its children.
    Cascade,
    /// Components of the project.
    Components,
    /// A priority.
    Priority,
    /// A resolution.
    Resolution,
    /// The issue above.
    Parent,
    /// Kept by Jira: read only.
    System,
}

/// An option of a select field.
#[derive(Clone, Debug)]
pub struct FieldOption {
    /// The id.
    pub id: String,
    /// The value shown.
    pub value: String,
    /// The second level, for cascading fields.
    pub children: Vec<Named>,
}

/// A type of issue links.
#[derive(Clone, Debug)]
pub struct LinkType {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// What the inward issue is called from the outward one: `is blocked by`.
    pub inward: String,
    /// The other way round: `blocks`.
    pub outward: String,
}

impl Site {
    /// The account with an id.
    pub(super) fn user(&self, account_id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.account_id == account_id)
    }

    /// The person whom the control side calls `login`.
    pub(super) fn person(&self, login: &str) -> Option<&User> {
        self.users
            .iter()
            .find(|user| user.login == login || user.account_id == login)
    }

    /// A project by id or, without regard to case, by key.
    pub(super) fn project(&self, id_or_key: &str) -> Option<&Project> {
        self.projects
            .iter()
            .find(|project| project.id == id_or_key || project.key.eq_ignore_ascii_case(id_or_key))
    }

    pub(super) fn issue_type(&self, id: &str) -> Option<&IssueType> {
        self.types.iter().find(|each| each.id == id)
    }

    pub(super) fn status(&self, id: &str) -> Option<&Status> {
        self.statuses.iter().find(|each| each.id == id)
    }

    pub(super) fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|each| each.id == id)
    }

    /// The API's address of something: `url("status/3")`.
    pub(super) fn url(&self, rest: &str) -> String {
        format!("{}/rest/api/3/{rest}", self.base_url)
    }
}

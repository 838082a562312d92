//! What a Redmine is set up with. Fixed while the simulator runs.

use std::collections::BTreeMap;

/// A Redmine.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// How texts are marked up; the API does not tell, the editor on an issue's page does.
    pub text_formatting: TextFormatting,
    /// Everybody with an account.
    pub users: Vec<User>,
    /// All projects.
    pub projects: Vec<Project>,
    /// All trackers: Redmine's word for types of issues.
    pub trackers: Vec<Tracker>,
    /// All statuses.
    pub statuses: Vec<Status>,
    /// Priorities, the lowest first.
    pub priorities: Vec<Priority>,
    /// Custom fields of issues.
    pub custom_fields: Vec<CustomField>,
    /// From each status to which others; every one from a status that is not listed.
    pub workflow: BTreeMap<u64, Vec<u64>>,
}

/// The markup of texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextFormatting {
    /// What a fresh Redmine has.
    #[default]
    Textile,
    /// Chosen in the administration.
    Markdown,
}

/// An account.
#[derive(Clone, Debug)]
pub struct User {
    /// The id.
    pub id: u64,
    /// The login.
    pub login: String,
    /// The first name.
    pub firstname: String,
    /// The last name; may be empty.
    pub lastname: String,
    /// The address.
    pub mail: String,
    /// May do everything.
    pub admin: bool,
    /// The key for `X-Redmine-API-Key`; nobody can call the API as a person without one.
    pub api_key: Option<String>,
    /// The permission to see other people's private notes.
    pub sees_private_notes: bool,
    /// The permission to make notes private, one's own included.
    pub sets_private_notes: bool,
}

impl User {
    /// First and last name.
    pub fn name(&self) -> String {
        format!("{} {}", self.firstname, self.lastname)
            .trim()
            .to_owned()
    }
}

/// A project.
#[derive(Clone, Debug)]
pub struct Project {
    /// The id.
    pub id: u64,
    /// The name in addresses.
    pub identifier: String,
    /// The name.
    pub name: String,
    /// The ids of its trackers.
    pub trackers: Vec<u64>,
    /// The ids of its members, to whom issues can be assigned.
    pub members: Vec<u64>,
}

/// A tracker.
#[derive(Clone, Debug)]
pub struct Tracker {
    /// The id.
    pub id: u64,
    /// The name.
    pub name: String,
    /// The id of the status of a new issue.
    pub default_status: u64,
}

/// A status.
#[derive(Clone, Debug)]
pub struct Status {
    /// The id.
    pub id: u64,
    /// The name.
    pub name: String,
    /// Whether an issue with it is closed.
    pub closed: bool,
}

/// A priority.
#[derive(Clone, Debug)]
pub struct Priority {
    /// The id.
    pub id: u64,
    /// The name.
    pub name: String,
    /// Whether new issues have it.
    pub default: bool,
}

/// A custom field of issues in all projects and trackers.
#[derive(Clone, Debug)]
pub struct CustomField {
    /// The id.
    pub id: u64,
    /// The name.
    pub name: String,
    /// What it holds.
    pub format: Format,
    /// Whether it must have a value.
    pub required: bool,
    /// Whether it may have several.
    pub multiple: bool,
    /// The values of a list, or the names of a key/value list.
    pub options: Vec<String>,
}

impl CustomField {
    /// The values that it takes, where they are listed, each with the name that people see.
    pub(super) fn possible(&self) -> impl Iterator<Item = (String, &str)> {
        let keyed = self.format == Format::Enumeration;
        (1..).zip(&self.options).map(move |(key, name)| {
            let value = if keyed { key.to_string() } else { name.clone() };
            (value, name.as_str())
        })
    }
}

/// What a custom field holds. All values are texts in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One line.
    String,
    /// Long text.
    Text,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A day.
    Date,
    /// `0` or `1`.
    Bool,
    /// One of the options.
    List,
    /// The key of one of the options: a key/value list. Keys are numbers from 1.
    Enumeration,
    /// An account's id.
    User,
}

impl Format {
    /// The name in the API.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Text => "text",
            Self::Int => "int",
            Self::Float => "float",
            Self::Date => "date",
            Self::Bool => "bool",
            Self::List => "list",
            Self::Enumeration => "enumeration",
            Self::User => "user",
        }
    }
}

impl Site {
    pub(super) fn user(&self, id: u64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// A project by id or identifier.
    pub(super) fn project(&self, name: &str) -> Option<&Project> {
        let same =
            |project: &&Project| project.identifier == name || project.id.to_string() == name;
        self.projects.iter().find(same)
    }

    pub(super) fn project_by_id(&self, id: u64) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }

    pub(super) fn tracker(&self, id: u64) -> Option<&Tracker> {
        self.trackers.iter().find(|tracker| tracker.id == id)
    }

    pub(super) fn status(&self, id: u64) -> Option<&Status> {
        self.statuses.iter().find(|status| status.id == id)
    }

    pub(super) fn priority(&self, id: u64) -> Option<&Priority> {
        self.priorities.iter().find(|priority| priority.id == id)
    }

    pub(super) fn custom_field(&self, id: u64) -> Option<&CustomField> {
        self.custom_fields.iter().find(|field| field.id == id)
    }

    /// The statuses that an issue with a status may be given, the present one included.
    pub(super) fn allowed(&self, from: u64) -> Vec<&Status> {
        let ways = self.workflow.get(&from);
        let open = |status: &&Status| {
            status.id == from || ways.is_none_or(|ways| ways.contains(&status.id))
        };
        self.statuses.iter().filter(open).collect()
    }
}

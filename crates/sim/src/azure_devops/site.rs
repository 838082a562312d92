//! What an organization is set up with: people, processes, projects, fields. Fixed while the simulator runs.

use std::collections::BTreeMap;
use std::time::Duration;

/// An organization of Azure DevOps Services.
#[derive(Clone, Debug, Default)]
pub struct Organization {
    /// Its name: the first part of every path.
    pub name: String,
    /// Where it is served, without its name and without a slash at the end: `https://dev.azure.com`.
    pub base_url: String,
    /// What can be turned on and off.
    pub switches: Switches,
    /// Everybody with an account.
    pub users: Vec<User>,
    /// All projects.
    pub projects: Vec<Project>,
    /// All fields.
    pub fields: Vec<Field>,
}

/// What can be turned on and off.
#[derive(Clone, Copy, Debug)]
pub struct Switches {
    /// How long a change takes to show in queries.
    pub index_lag: Duration,
    /// Whether consumption is counted, and more than 200 units in five minutes is delayed and then refused.
    pub rate_limits: bool,
    /// Whether callers of the API may manage service hooks.
    pub hooks_allowed: bool,
    /// Whether callers of the API only read: a personal access token without the scope to write.
    pub read_only: bool,
    /// Whether what people say is in Markdown, as the editor of new projects has it.
    pub markdown_comments: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            index_lag: Duration::ZERO,
            rate_limits: true,
            hooks_allowed: true,
            read_only: false,
            markdown_comments: false,
        }
    }
}

/// An account.
#[derive(Clone, Debug)]
pub struct User {
    /// What the control side calls the person.
    pub login: String,
    /// The id, a GUID.
    pub id: String,
    /// The name shown.
    pub display_name: String,
    /// The unique name: mostly an e-mail address.
    pub unique_name: String,
    /// The personal access token; nobody can call the API as a person without this or the next.
    pub pat: Option<String>,
    /// The access token of Microsoft Entra.
    pub bearer: Option<String>,
    /// False after the account was removed: nothing can be assigned to it.
    pub active: bool,
}

impl User {
    /// The descriptor that names an account everywhere in Azure DevOps.
    pub(super) fn descriptor(&self) -> String {
        format!("aad.{}", self.id.replace('-', ""))
    }
}

/// A project, with the process that it has.
#[derive(Clone, Debug)]
pub struct Project {
    /// The id, a GUID.
    pub id: String,
    /// The name.
    pub name: String,
    /// Its areas by full path; the first is the project's own.
    pub areas: Vec<String>,
    /// Its iterations by full path; the first is the project's own.
    pub iterations: Vec<String>,
    /// The types of its work items.
    pub types: Vec<WorkItemType>,
}

/// A type of work items.
#[derive(Clone, Debug)]
pub struct WorkItemType {
    /// The name.
    pub name: String,
    /// The states, the first of which new items have.
    pub states: Vec<State>,
    /// Which states may follow one; from a state that is not named any may.
    pub transitions: BTreeMap<String, Vec<String>>,
    /// Its fields.
    pub fields: Vec<TypeField>,
}

/// A state.
#[derive(Clone, Debug)]
pub struct State {
    /// The name.
    pub name: String,
    /// `Proposed`, `InProgress`, `Resolved`, `Completed`, `Removed`.
    pub category: &'static str,
}

/// A field of a type.
#[derive(Clone, Debug, Default)]
pub struct TypeField {
    /// The field's reference name.
    pub reference: String,
    /// Whether it must have a value.
    pub required: bool,
    /// The values that it may have; none: any.
    pub allowed: Vec<String>,
    /// What a new item has.
    pub default: Option<String>,
}

/// A field.
#[derive(Clone, Debug)]
pub struct Field {
    /// The reference name: `System.Title`.
    pub reference: String,
    /// The name shown.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether only the service writes it.
    pub read_only: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// One line of at most 255 characters.
    Line,
    /// Text without form.
    Plain,
    /// HTML.
    Html,
    /// A whole number.
    Integer,
    /// A number.
    Double,
    /// Yes or no.
    Boolean,
    /// An instant.
    DateTime,
    /// An account.
    Identity,
    /// A path of an area or iteration.
    Tree,
    /// What was said: writing it adds a comment.
    History,
}

impl FieldKind {
    /// The type as the API names it. An identity is a string with a flag.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Line | Self::Identity => "string",
            Self::Plain => "plainText",
            Self::Html => "html",
            Self::Integer => "integer",
            Self::Double => "double",
            Self::Boolean => "boolean",
            Self::DateTime => "dateTime",
            Self::Tree => "treePath",
            Self::History => "history",
        }
    }
}

impl Organization {
    /// Where the API is: `https://dev.azure.com/acme`.
    pub(super) fn url(&self) -> String {
        format!("{}/{}", self.base_url, self.name)
    }

    /// The person whom the control side calls `login`.
    pub(super) fn person(&self, login: &str) -> Option<&User> {
        self.users.iter().find(|user| user.login == login)
    }

    /// The account of a unique name, an id or a display name, as writes name it: `Ana Prieto <ana@acme.example>`.
    pub(super) fn account(&self, named: &str) -> Option<&User> {
        let inside = named
            .split_once('<')
            .and_then(|(_, rest)| rest.strip_suffix('>'));
        let named = inside.unwrap_or(named).trim();
        self.users.iter().find(|user| {
            user.unique_name.eq_ignore_ascii_case(named)
                || user.id == named
                || user.descriptor() == named
                || user.display_name.eq_ignore_ascii_case(named)
        })
    }

    /// A project by id or name.
    pub(super) fn project(&self, named: &str) -> Option<&Project> {
        self.projects
            .iter()
            .find(|project| project.id == named || project.name.eq_ignore_ascii_case(named))
    }

    /// A field by its reference name or name.
    pub(super) fn field(&self, named: &str) -> Option<&Field> {
        let same = |text: &str| text.eq_ignore_ascii_case(named);
        self.fields
            .iter()
            .find(|field| same(&field.reference) || same(&field.name))
    }
}

impl Project {
    /// A type by name.
    pub(super) fn kind(&self, name: &str) -> Option<&WorkItemType> {
        self.types
            .iter()
            .find(|kind| kind.name.eq_ignore_ascii_case(name))
    }
}

impl WorkItemType {
    /// The state of new items.
    pub(super) fn initial(&self) -> &str {
        self.states.first().map_or("", |state| state.name.as_str())
    }

    /// One of its fields.
    pub(super) fn field(&self, reference: &str) -> Option<&TypeField> {
        self.fields
            .iter()
            .find(|field| field.reference == reference)
    }

    /// Whether one state may follow another.
    pub(super) fn leads(&self, from: &str, to: &str) -> bool {
        let known = self.states.iter().any(|state| state.name == to);
        known
            && self
                .transitions
                .get(from)
                .is_none_or(|next| next.iter().any(|name| name == to))
    }
}

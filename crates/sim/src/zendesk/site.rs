//! What a Zendesk account is set up with. Fixed while the simulator runs, but for people whom requests make.

use std::time::Duration;

/// An account.
#[derive(Clone, Debug)]
pub struct Site {
    /// Everybody: customers and agents.
    pub users: Vec<User>,
    /// Groups of agents.
    pub groups: Vec<Group>,
    /// Brands; the first is the default.
    pub brands: Vec<Brand>,
    /// Custom ticket statuses, each category's default included.
    pub statuses: Vec<Status>,
    /// Custom ticket fields.
    pub fields: Vec<Field>,
    /// How much the API lets through.
    pub limits: Limits,
    /// Tickets on a page of the incremental export at most; Zendesk's is 1,000.
    pub export_page_max: usize,
    /// How far the search is behind.
    pub index_lag: Duration,
}

/// How many requests a minute the API lets through. Source: developer.zendesk.com, "Rate limits".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All requests, by the account's plan.
    pub account: u32,
    /// Updates of tickets.
    pub updates: u32,
    /// Incremental exports.
    pub exports: u32,
    /// Updates of one ticket by one user in ten minutes.
    pub updates_of_one: u32,
}

impl Limits {
    /// Those of the plan Suite Professional.
    pub const PROFESSIONAL: Self = Self {
        account: 400,
        updates: 100,
        exports: 10,
        updates_of_one: 30,
    };

    /// So high that nobody meets them.
    pub const NONE: Self = Self {
        account: u32::MAX,
        updates: u32::MAX,
        exports: u32::MAX,
        updates_of_one: u32::MAX,
    };
}

/// A person.
#[derive(Clone, Debug)]
pub struct User {
    /// The id.
    pub id: u64,
    /// How tests and the web page call them; Zendesk has no logins.
    pub login: String,
    /// The name.
    pub name: String,
    /// The address, which is what one signs in with.
    pub email: String,
    /// What they are.
    pub role: Role,
    /// The groups that an agent is in.
    pub groups: Vec<u64>,
    /// Suspended: requests no tickets.
    pub suspended: bool,
    /// Deleted: shown by id, and found nowhere.
    pub deleted: bool,
}

/// What a person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// May do everything, incremental exports included.
    Admin,
    /// Works on tickets.
    Agent,
    /// A customer.
    EndUser,
}

impl Role {
    /// The name in the API.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Agent => "agent",
            Self::EndUser => "end-user",
        }
    }
}

/// A group of agents.
#[derive(Clone, Debug)]
pub struct Group {
    /// The id.
    pub id: u64,
    /// The name.
    pub name: String,
}

/// A brand.
#[derive(Clone, Debug)]
pub struct Brand {
    /// The id.
    pub id: u64,
    /// The name.
    pub name: String,
}

/// A custom ticket status.
#[derive(Clone, Debug)]
pub struct Status {
    /// The id.
    pub id: u64,
    /// `new`, `open`, `pending`, `hold` or `solved`.
    pub category: &'static str,
    /// What agents read.
    pub label: String,
    /// Whether a ticket gets it whose system status is set.
    pub default: bool,
}

/// A custom ticket field.
#[derive(Clone, Debug)]
pub struct Field {
    /// The id.
    pub id: u64,
    /// What agents read.
    pub title: String,
    /// What it holds.
    pub kind: FieldKind,
    /// Names and values of a list's options. A value is a tag, which its ticket has.
    pub options: Vec<(String, String)>,
    /// The tag of a ticket whose checkbox is set.
    pub tag: Option<String>,
    /// Whether an agent cannot solve a ticket without it.
    pub required: bool,
}

/// What a custom field holds. Source: developer.zendesk.com, "Ticket Fields".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// One line.
    Text,
    /// Several lines.
    Textarea,
    /// Yes or no.
    Checkbox,
    /// A day.
    Date,
    /// A whole number.
    Integer,
    /// A number.
    Decimal,
    /// A text that must match a pattern; here digits only.
    Regexp,
    /// One option.
    Tagger,
    /// Several options.
    Multiselect,
    /// Another object; here a person.
    Lookup,
}

impl FieldKind {
    /// The name in the API.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Textarea => "textarea",
            Self::Checkbox => "checkbox",
            Self::Date => "date",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Regexp => "regexp",
            Self::Tagger => "tagger",
            Self::Multiselect => "multiselect",
            Self::Lookup => "lookup",
        }
    }
}

impl Site {
    pub(super) fn user(&self, id: u64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub(super) fn person(&self, login: &str) -> Option<&User> {
        self.users.iter().find(|user| user.login == login)
    }

    pub(super) fn agent(&self, id: u64) -> Option<&User> {
        let works = |user: &&User| user.role != Role::EndUser && !user.deleted;
        self.user(id).filter(works)
    }

    pub(super) fn group(&self, id: u64) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    pub(super) fn brand(&self, id: u64) -> Option<&Brand> {
        self.brands.iter().find(|brand| brand.id == id)
    }

    pub(super) fn field(&self, id: u64) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == id)
    }

    pub(super) fn status(&self, id: u64) -> Option<&Status> {
        self.statuses.iter().find(|status| status.id == id)
    }

    /// The status that a ticket of a category gets by default.
    pub(super) fn default_status(&self, category: &str) -> Option<&Status> {
        let of_category = |status: &&Status| status.category == category && status.default;
        self.statuses.iter().find(of_category)
    }
}

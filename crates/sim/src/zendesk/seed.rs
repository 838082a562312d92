//! An account as a small team has it.

use super::site::{Brand, Field, FieldKind, Group, Limits, Role, Site, Status, User};
use crate::seeds::{PEOPLE, Persona, ROBOT};
use std::time::Duration;

/// The API token of the account.
pub const API_TOKEN: &str = "zendesk-demo-token";
/// The OAuth token of the account that Twinline uses.
pub const OAUTH_TOKEN: &str = "zendesk-demo-oauth-token";

/// The events of tickets to which a webhook can be subscribed, as far as this simulator has them.
pub(super) const EVENTS: [&str; 20] = [
    "agent_assignment_changed",
    "brand_changed",
    "comment_added",
    "comment_made_private",
    "comment_redacted",
    "created",
    "custom_field_changed",
    "custom_status_changed",
    "external_id_changed",
    "group_assignment_changed",
    "merged",
    "priority_changed",
    "requester_changed",
    "soft_deleted",
    "status_changed",
    "subject_changed",
    "tags_changed",
    "task_due_at_changed",
    "type_changed",
    "undeleted",
];

/// The brands `Acme` and `Globex`, the groups `Support` and `Engineering`, a custom status beside each category's default, a
/// custom field of every type, and a customer besides the people of all simulators, who are agents.
pub fn demo_site() -> Site {
    let group = |id: u64, name: &str| Group {
        id,
        name: name.to_owned(),
    };
    let brand = |id: u64, name: &str| Brand {
        id,
        name: name.to_owned(),
    };
    Site {
        users: users(),
        groups: vec![group(501, "Support"), group(502, "Engineering")],
        brands: vec![brand(1, "Acme"), brand(2, "Globex")],
        statuses: statuses(),
        fields: fields(),
        limits: Limits::NONE,
        export_page_max: 1000,
        index_lag: Duration::ZERO,
    }
}

fn users() -> Vec<User> {
    let user = |(person, id): (&Persona, u64)| User {
        id,
        login: person.login.to_owned(),
        name: person.name.to_owned(),
        email: person.email.to_owned(),
        role: if person.login == ROBOT {
            Role::Admin
        } else {
            Role::Agent
        },
        groups: vec![501, 502],
        suspended: false,
        deleted: false,
    };
    let customer = User {
        id: 9100,
        login: "carla".to_owned(),
        name: "Carla Kunde".to_owned(),
        email: "carla@customer.example".to_owned(),
        role: Role::EndUser,
        groups: Vec::new(),
        suspended: false,
        deleted: false,
    };
    let team = PEOPLE.iter().zip(9001..).map(user);
    team.chain([customer]).collect()
}

fn statuses() -> Vec<Status> {
    let status = |id: u64, category: &'static str, label: &str, default: bool| Status {
        id,
        category,
        label: label.to_owned(),
        default,
    };
    vec![
        status(701, "new", "New", true),
        status(702, "open", "Open", true),
        status(703, "pending", "Pending", true),
        status(704, "hold", "On-hold", true),
        status(705, "solved", "Solved", true),
        status(706, "open", "In development", false),
    ]
}

fn fields() -> Vec<Field> {
    let field = |id: u64, title: &str, kind: FieldKind, options: &[(&str, &str)]| Field {
        id,
        title: title.to_owned(),
        kind,
        options: options
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        tag: (kind == FieldKind::Checkbox).then(|| "vip_customer".to_owned()),
        required: false,
    };
    vec![
        field(3001, "Product", FieldKind::Text, &[]),
        field(3002, "Steps to reproduce", FieldKind::Textarea, &[]),
        field(3003, "VIP", FieldKind::Checkbox, &[]),
        field(3004, "Promised on", FieldKind::Date, &[]),
        field(3005, "Seats", FieldKind::Integer, &[]),
        field(3006, "Credit", FieldKind::Decimal, &[]),
        field(3007, "Order number", FieldKind::Regexp, &[]),
        field(
            3008,
            "Severity",
            FieldKind::Tagger,
            &[
                ("Critical", "severity_critical"),
                ("Major", "severity_major"),
                ("Minor", "severity_minor"),
            ],
        ),
        field(
            3009,
            "Platforms",
            FieldKind::Multiselect,
            &[
                ("Linux", "platform_linux"),
                ("macOS", "platform_macos"),
                ("Windows", "platform_windows"),
            ],
        ),
        field(3010, "Account manager", FieldKind::Lookup, &[]),
    ]
}

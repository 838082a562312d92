//! A Redmine as a small team has it, and a few issues in it.

use super::Redmine;
use super::control::PRIVATE;
use super::site::{
    CustomField, Format, Priority, Project, Site, Status, TextFormatting, Tracker, User,
};
use crate::command::{Command, Refused};
use crate::seeds::{PEOPLE, ROBOT};
use crate::simulator::Simulator;
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// The API key of the account that Twinline uses; it is an administrator's.
pub const API_KEY: &str = "redmine-demo-key";

/// Two projects, `app` and `support`, with Redmine's own trackers, statuses and priorities. A rejected or closed
/// issue can only go back to `In Progress`.
pub fn demo_site() -> Site {
    let status = |id: u64, name: &str, closed: bool| Status {
        id,
        name: name.to_owned(),
        closed,
    };
    let priority = |id: u64, name: &str| Priority {
        id,
        name: name.to_owned(),
        default: name == "Normal",
    };
    let tracker = |id: u64, name: &str| Tracker {
        id,
        name: name.to_owned(),
        default_status: 1,
    };
    let users = users();
    let project = |id: u64, identifier: &str, name: &str| Project {
        id,
        identifier: identifier.to_owned(),
        name: name.to_owned(),
        trackers: vec![1, 2, 3],
        members: users.iter().map(|user| user.id).collect(),
    };
    Site {
        text_formatting: TextFormatting::Markdown,
        projects: vec![
            project(1, "app", "Application"),
            project(2, "support", "Support"),
        ],
        trackers: vec![
            tracker(1, "Bug"),
            tracker(2, "Feature"),
            tracker(3, "Support"),
        ],
        statuses: vec![
            status(1, "New", false),
            status(2, "In Progress", false),
            status(3, "Resolved", false),
            status(4, "Feedback", false),
            status(5, "Closed", true),
            status(6, "Rejected", true),
        ],
        priorities: vec![
            priority(1, "Low"),
            priority(2, "Normal"),
            priority(3, "High"),
            priority(4, "Urgent"),
        ],
        custom_fields: custom_fields(),
        workflow: BTreeMap::from([(5, vec![2]), (6, vec![2])]),
        users,
    }
}

fn users() -> Vec<User> {
    let user = |(person, id): (&crate::seeds::Persona, u64)| {
        let (first, last) = person.name.split_once(' ').unwrap_or((person.name, ""));
        let robot = person.login == ROBOT;
        User {
            id,
            login: person.login.to_owned(),
            firstname: first.to_owned(),
            lastname: last.to_owned(),
            mail: person.email.to_owned(),
            admin: robot,
            api_key: robot.then(|| API_KEY.to_owned()),
            sees_private_notes: true,
            sets_private_notes: true,
        }
    };
    PEOPLE.iter().zip(5..).map(user).collect()
}

fn custom_fields() -> Vec<CustomField> {
    let field = |id: u64, name: &str, format: Format, options: &[&str]| CustomField {
        id,
        name: name.to_owned(),
        format,
        required: false,
        multiple: matches!(name, "Platforms" | "Systems"),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
    };
    vec![
        field(1, "Twinline", Format::String, &[]),
        field(2, "Labels", Format::String, &[]),
        field(3, "Severity", Format::List, &["Critical", "Major", "Minor"]),
        field(4, "Platforms", Format::List, &["Linux", "macOS", "Windows"]),
        field(5, "Promised on", Format::Date, &[]),
        field(6, "Story points", Format::Int, &[]),
        field(
            7,
            "Systems",
            Format::Enumeration,
            &["Windows", "Linux", "macOS"],
        ),
    ]
}

/// Puts a few issues of a small team into a [`demo_site`].
pub fn seed(redmine: &mut Redmine, now: Timestamp) -> Result<(), Refused> {
    let create = |by: &str, title: &str, body: &str| Command::Create {
        container: Some("app".to_owned()),
        by: by.to_owned(),
        title: title.to_owned(),
        body: body.to_owned(),
        labels: vec!["customer".to_owned()],
        assignees: vec!["ben".to_owned()],
    };
    let commands = [
        create(
            "ana",
            "Cart forgets its items after sign-in",
            "1. Put something into the cart\n2. Sign in\n\nThe cart is **empty**.",
        ),
        create(
            "dora",
            "Invoices cannot be downloaded",
            "The browser says that the file is damaged.",
        ),
        Command::edit("1", "ben", "status", "In Progress"),
        Command::edit("1", "ana", "cf_3", "Major"),
        Command::comment("1", "ben", "It happens with guest carts only."),
        Command::AddComment {
            key: "2".to_owned(),
            by: "emil".to_owned(),
            body: "The PDF service answers with an HTML page.".to_owned(),
            channel: Some(PRIVATE.to_owned()),
        },
    ];
    for command in commands {
        redmine.command(now, command)?;
    }
    Ok(())
}

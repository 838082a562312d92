//! An organization as a small team has it, and a few work items in it.

use super::AzureDevOps;
use super::site::{
    Field, FieldKind, Organization, Project, State, Switches, TypeField, User, WorkItemType,
};
use crate::command::{Command, Refused};
use crate::seeds::{PEOPLE, ROBOT};
use crate::simulator::Simulator;
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// The personal access token of the account that Twinline uses.
pub const PAT: &str = "azure-demo-token";
/// The same account's access token of Microsoft Entra.
pub const ENTRA_TOKEN: &str = "azure-demo-entra-token";

/// Two projects: `Application`, whose bugs go step by step from New to Closed, and `Support`, whose issues go from any state
/// to any other and have a custom field of every type.
pub fn demo_organization() -> Organization {
    Organization {
        name: "acme".to_owned(),
        base_url: "http://localhost".to_owned(),
        switches: Switches::default(),
        users: users(),
        projects: vec![application(), support()],
        fields: fields(),
    }
}

/// A GUID of the simulator's, by the kind of thing and its number.
pub(super) fn guid(kind: u16, number: u64) -> String {
    format!("5100{kind:04x}-0000-4000-8000-{number:012x}")
}

fn users() -> Vec<User> {
    let users = PEOPLE.iter().zip(1..).map(|(person, number)| {
        let robot = person.login == ROBOT;
        User {
            login: person.login.to_owned(),
            id: guid(1, number),
            display_name: person.name.to_owned(),
            unique_name: person.email.to_owned(),
            pat: robot.then(|| PAT.to_owned()),
            bearer: robot.then(|| ENTRA_TOKEN.to_owned()),
            active: true,
        }
    });
    users.collect()
}

fn project(number: u64, name: &str, areas: &[&str], types: Vec<WorkItemType>) -> Project {
    let paths = |below: &[&str]| {
        let below = below.iter().map(|area| format!("{name}\\{area}"));
        std::iter::once(name.to_owned()).chain(below).collect()
    };
    Project {
        id: guid(2, number),
        name: name.to_owned(),
        areas: paths(areas),
        iterations: paths(&["Iteration 1", "Iteration 2"]),
        types,
    }
}

/// The Agile process.
fn application() -> Project {
    let states = [
        ("New", "Proposed"),
        ("Active", "InProgress"),
        ("Resolved", "Resolved"),
        ("Closed", "Completed"),
    ];
    let steps = [
        ("New", &["Active"][..]),
        ("Active", &["New", "Resolved"]),
        ("Resolved", &["Active", "Closed"]),
        ("Closed", &["Active"]),
    ];
    let kinds = [
        kind("Bug", &states, &steps, &["Microsoft.VSTS.TCM.ReproSteps"]),
        kind("User Story", &states, &[], &[]),
        kind("Task", &states, &[], &[]),
    ];
    project(1, "Application", &["Web", "Backend"], kinds.into())
}

/// The Basic process, with fields of its own.
fn support() -> Project {
    let states = [
        ("To Do", "Proposed"),
        ("Doing", "InProgress"),
        ("Done", "Completed"),
    ];
    let custom: Vec<&str> = CUSTOM.iter().map(|(reference, ..)| *reference).collect();
    let kinds = [
        kind("Issue", &states, &[], &custom),
        kind("Task", &states, &[], &[]),
    ];
    project(2, "Support", &["Desk"], kinds.into())
}

fn kind(
    name: &str,
    states: &[(&str, &'static str)],
    steps: &[(&str, &[&str])],
    more: &[&str],
) -> WorkItemType {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let steps = steps
        .iter()
        .map(|(from, to)| ((*from).to_owned(), owned(to)));
    let standard = STANDARD.iter().map(|(reference, ..)| *reference);
    let fields = standard
        .chain(more.iter().copied())
        .map(|reference| TypeField {
            reference: reference.to_owned(),
            required: reference == "System.Title",
            allowed: allowed(reference),
            default: (reference == "Microsoft.VSTS.Common.Priority").then(|| "2".to_owned()),
        });
    WorkItemType {
        name: name.to_owned(),
        states: states
            .iter()
            .map(|(name, category)| State {
                name: (*name).to_owned(),
                category,
            })
            .collect(),
        transitions: steps.collect::<BTreeMap<_, _>>(),
        fields: fields.collect(),
    }
}

fn allowed(reference: &str) -> Vec<String> {
    let values: &[&str] = match reference {
        "Microsoft.VSTS.Common.Priority" => &["1", "2", "3", "4"],
        "Custom.Severity" => &["1 - Critical", "2 - High", "3 - Low"],
        "Custom.Weight" => &["1", "2", "3", "5", "8"],
        _ => &[],
    };
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// The fields of every type: reference name, name, what they hold, whether only the service writes them.
const STANDARD: &[(&str, &str, FieldKind, bool)] = &[
    ("System.Id", "ID", FieldKind::Integer, true),
    ("System.Rev", "Rev", FieldKind::Integer, true),
    ("System.Title", "Title", FieldKind::Line, false),
    ("System.Description", "Description", FieldKind::Html, false),
    (
        "System.WorkItemType",
        "Work Item Type",
        FieldKind::Line,
        false,
    ),
    ("System.State", "State", FieldKind::Line, false),
    ("System.Reason", "Reason", FieldKind::Line, false),
    (
        "System.AssignedTo",
        "Assigned To",
        FieldKind::Identity,
        false,
    ),
    ("System.AreaPath", "Area Path", FieldKind::Tree, false),
    (
        "System.IterationPath",
        "Iteration Path",
        FieldKind::Tree,
        false,
    ),
    ("System.TeamProject", "Team Project", FieldKind::Line, false),
    ("System.Tags", "Tags", FieldKind::Plain, false),
    ("System.History", "History", FieldKind::History, false),
    (
        "System.CommentCount",
        "Comment Count",
        FieldKind::Integer,
        true,
    ),
    (
        "System.HyperLinkCount",
        "Hyperlink Count",
        FieldKind::Integer,
        true,
    ),
    (
        "System.CreatedDate",
        "Created Date",
        FieldKind::DateTime,
        true,
    ),
    ("System.CreatedBy", "Created By", FieldKind::Identity, true),
    (
        "System.ChangedDate",
        "Changed Date",
        FieldKind::DateTime,
        true,
    ),
    ("System.ChangedBy", "Changed By", FieldKind::Identity, true),
    ("System.IsDeleted", "Is Deleted", FieldKind::Boolean, true),
    (
        "Microsoft.VSTS.Common.Priority",
        "Priority",
        FieldKind::Integer,
        false,
    ),
    (
        "Microsoft.VSTS.Common.StateChangeDate",
        "State Change Date",
        FieldKind::DateTime,
        true,
    ),
    (
        "Microsoft.VSTS.Scheduling.DueDate",
        "Due Date",
        FieldKind::DateTime,
        false,
    ),
];

/// A field of every type.
const CUSTOM: &[(&str, &str, FieldKind, bool)] = &[
    ("Custom.Customer", "Customer", FieldKind::Line, false),
    ("Custom.Severity", "Severity", FieldKind::Line, false),
    ("Custom.Weight", "Weight", FieldKind::Integer, false),
    ("Custom.Count", "Count", FieldKind::Integer, false),
    ("Custom.Ratio", "Ratio", FieldKind::Double, false),
    ("Custom.Agreed", "Agreed", FieldKind::Boolean, false),
    ("Custom.Promised", "Promised", FieldKind::DateTime, false),
    ("Custom.Owner", "Owner", FieldKind::Identity, false),
    ("Custom.Notes", "Notes", FieldKind::Plain, false),
    ("Custom.Steps", "Steps", FieldKind::Html, false),
];

fn fields() -> Vec<Field> {
    let more = [(
        "Microsoft.VSTS.TCM.ReproSteps",
        "Repro Steps",
        FieldKind::Html,
        false,
    )];
    let all = STANDARD.iter().chain(CUSTOM).chain(&more);
    all.map(|(reference, name, kind, read_only)| Field {
        reference: (*reference).to_owned(),
        name: (*name).to_owned(),
        kind: *kind,
        read_only: *read_only,
    })
    .collect()
}

/// A few items, of which one is done.
pub fn seed(tracker: &mut AzureDevOps, now: Timestamp) -> Result<(), Refused> {
    for (title, state) in [("Printer jams", "To Do"), ("Password reset", "Done")] {
        let create = Command::Create {
            container: Some("Support".to_owned()),
            by: "ana".to_owned(),
            title: title.to_owned(),
            body: String::new(),
            labels: Vec::new(),
            assignees: Vec::new(),
        };
        if let crate::Done::Item(key) = tracker.command(now, create)? {
            tracker.command(now, Command::edit(&key, "ben", "status", state))?;
        }
    }
    Ok(())
}

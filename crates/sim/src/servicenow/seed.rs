//! An instance as a small team has it, and a few incidents in it.

use super::ServiceNow;
use super::site::{Column, Person, Site, Switches, Table};
use super::system;
use crate::command::{Command, Refused};
use crate::seeds::{PEOPLE, ROBOT};
use crate::simulator::Simulator;
use twinline_core::time::Timestamp;

/// The password of the account that Twinline uses, `twinline`.
pub const PASSWORD: &str = "servicenow-demo-password";
/// An OAuth access token of the same account.
pub const TOKEN: &str = "servicenow-demo-token";

/// Incidents and problems with the choices that an instance comes with, and custom columns of every type.
pub fn demo_site() -> Site {
    let people = PEOPLE.iter().map(|person| Person {
        login: person.login.to_owned(),
        name: person.name.to_owned(),
        email: person.email.to_owned(),
        active: true,
        password: (person.login == ROBOT).then(|| PASSWORD.to_owned()),
        token: (person.login == ROBOT).then(|| TOKEN.to_owned()),
    });
    let mut tables = system::tables();
    tables.extend([task(), incident(), problem()]);
    Site {
        tables,
        people: people.collect(),
        groups: ["Acme L2", "Network", "Service Desk"]
            .map(str::to_owned)
            .to_vec(),
        configuration_items: ["Checkout", "Mail", "VPN"].map(str::to_owned).to_vec(),
        switches: Switches {
            closing_needs_reasons: true,
            display_offset_hours: -8,
            ..Switches::default()
        },
    }
}

const LEVELS: &[(&str, &str)] = &[("1", "1 - High"), ("2", "2 - Medium"), ("3", "3 - Low")];

fn task() -> Table {
    let time = |name: &str, label: &str| Column::new(name, label, "glide_date_time");
    let text = |name: &str, label: &str| Column::string(name, label, 4000);
    let mut table = system::base("task", "Task").with([
        Column::string("number", "Number", 40).display().read_only(),
        Column::new("sys_class_name", "Task type", "sys_class_name").read_only(),
        Column::string("short_description", "Short description", 160),
        text("description", "Description"),
        Column::new("state", "State", "integer")
            .choices(&[
                ("1", "Open"),
                ("2", "Work in Progress"),
                ("3", "Closed Complete"),
            ])
            .starting_as("1"),
        Column::new("active", "Active", "boolean").starting_as("true"),
        Column::new("priority", "Priority", "integer")
            .choices(&[
                ("1", "1 - Critical"),
                ("2", "2 - High"),
                ("3", "3 - Moderate"),
                ("4", "4 - Low"),
                ("5", "5 - Planning"),
            ])
            .read_only(),
        Column::new("impact", "Impact", "integer")
            .choices(LEVELS)
            .starting_as("3"),
        Column::new("urgency", "Urgency", "integer")
            .choices(LEVELS)
            .starting_as("3"),
        Column::reference("assigned_to", "Assigned to", "sys_user"),
        Column::reference("assignment_group", "Assignment group", "sys_user_group"),
        Column::reference("opened_by", "Opened by", "sys_user"),
        time("opened_at", "Opened"),
        time("due_date", "Due date"),
        Column::reference("parent", "Parent", "task"),
        Column::reference("cmdb_ci", "Configuration item", "cmdb_ci"),
        Column::list("watch_list", "Watch list", Some("sys_user")),
        Column::new("comments", "Additional comments", "journal_input"),
        Column::new("work_notes", "Work notes", "journal_input"),
        Column::new(
            "comments_and_work_notes",
            "Comments and Work notes",
            "journal_list",
        ),
        Column::string("correlation_id", "Correlation ID", 100),
        Column::string("correlation_display", "Correlation display", 100),
        text("close_notes", "Close notes"),
    ]);
    table.close_states = vec!["3".to_owned()];
    table.audited = true;
    table
}

fn incident() -> Table {
    let choice = |name: &str, label: &str, choices: &[(&str, &str)]| {
        Column::string(name, label, 40).choices(choices)
    };
    Table::new("incident", "Incident")
        .extending("task", "INC", &["7", "8"])
        .with([
            Column::new("state", "Incident state", "integer")
                .choices(&[
                    ("1", "New"),
                    ("2", "In Progress"),
                    ("3", "On Hold"),
                    ("6", "Resolved"),
                    ("7", "Closed"),
                    ("8", "Canceled"),
                ])
                .starting_as("1"),
            Column::reference("caller_id", "Caller", "sys_user"),
            choice(
                "category",
                "Category",
                &[
                    ("inquiry", "Inquiry / Help"),
                    ("software", "Software"),
                    ("network", "Network"),
                ],
            )
            .starting_as("inquiry"),
            choice(
                "hold_reason",
                "On hold reason",
                &[("1", "Awaiting Caller"), ("4", "Awaiting Vendor")],
            ),
            choice(
                "close_code",
                "Resolution code",
                &[
                    ("Solution provided", "Solution provided"),
                    ("Workaround provided", "Workaround provided"),
                ],
            ),
            choice(
                "u_severity",
                "Severity",
                &[("s1", "S1"), ("s2", "S2"), ("s3", "S3")],
            ),
            Column::list("u_tags", "Tags", None),
            Column::list("u_sites", "Sites", Some("cmdb_ci")),
            Column::string("u_reference", "Customer reference", 100),
            Column::new("u_promised_on", "Promised on", "glide_date"),
            Column::new("u_called_back", "Called back", "glide_date_time"),
            Column::new("u_effort", "Effort", "integer"),
            Column::new("u_share", "Share", "decimal"),
            Column::new("u_customer_informed", "Customer informed", "boolean"),
            Column {
                max_length: 8000,
                ..Column::new("u_report", "Report", "html")
            },
            Column::new("u_link", "Link", "url"),
        ])
}

fn problem() -> Table {
    Table::new("problem", "Problem")
        .extending("task", "PRB", &["107"])
        .with([
            Column::new("state", "Problem state", "integer")
                .choices(&[
                    ("101", "New"),
                    ("102", "Assess"),
                    ("106", "Resolved"),
                    ("107", "Closed"),
                ])
                .starting_as("101"),
            Column::list("u_tags", "Tags", None),
        ])
}

/// Puts a few incidents of a small team into a [`demo_site`].
pub fn seed(instance: &mut ServiceNow, now: Timestamp) -> Result<(), Refused> {
    let create = |by: &str, title: &str, body: &str| Command::Create {
        container: Some("incident".to_owned()),
        by: by.to_owned(),
        title: title.to_owned(),
        body: body.to_owned(),
        labels: vec!["customer".to_owned()],
        assignees: vec!["ben".to_owned()],
    };
    let commands = [
        create(
            "ana",
            "Checkout is slow",
            "Since noon.\n\nThe first page takes 20 s.",
        ),
        create("dora", "Mail to the outside bounces", "The relay says 550."),
        Command::edit("INC0010001", "ben", "status", "In Progress"),
        Command::edit("INC0010001", "ana", "urgency", "1"),
        Command::comment("INC0010001", "ana", "It is slow for guests, too."),
        Command::AddComment {
            key: "INC0010002".to_owned(),
            by: "emil".to_owned(),
            body: "The address is on a block list since Monday.".to_owned(),
            channel: Some("work_notes".to_owned()),
        },
    ];
    for command in commands {
        instance.command(now, command)?;
    }
    Ok(())
}

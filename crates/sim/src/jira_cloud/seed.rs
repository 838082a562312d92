//! A site as a small team has it, and a few issues in it.

use super::JiraCloud;
use super::site::{
    Category, Field, FieldKind, FieldOption, IssueType, LinkType, Named, Project, ResolutionRule,
    Site, Status, Switches, Transition, User, Workflow,
};
use super::talk::{INTERNAL, MANAGEMENT};
use crate::command::{Command, Refused};
use crate::seeds::{PEOPLE, ROBOT};
use crate::simulator::Simulator;
use twinline_core::time::Timestamp;

/// The API token of the account that Twinline uses, whose address is `twinline@acme.example`.
pub const API_TOKEN: &str = "jira-demo-token";

/// Two projects: `APP` for software, `SUP` of a service desk with internal comments. Finishing work in `APP` asks
/// for a resolution on a screen.
pub fn demo_site() -> Site {
    Site {
        base_url: "http://localhost".to_owned(),
        switches: Switches::default(),
        users: users(),
        projects: vec![
            project("10000", "APP", "Application", false),
            project("10001", "SUP", "Support", true),
        ],
        types: vec![
            issue_type("10001", "Task", false),
            issue_type("10002", "Bug", false),
            issue_type("10003", "Story", false),
            issue_type("10004", "Sub-task", true),
        ],
        statuses: vec![
            status("10000", "To Do", Category::ToDo),
            status("3", "In Progress", Category::InProgress),
            status("10002", "In Review", Category::InProgress),
            status("10003", "Done", Category::Done),
        ],
        priorities: ["Highest", "High", "Medium", "Low", "Lowest"]
            .iter()
            .zip(1..)
            .map(|(name, id): (_, u32)| Named::new(&id.to_string(), name))
            .collect(),
        resolutions: vec![
            Named::new("10000", "Done"),
            Named::new("10001", "Won't Do"),
            Named::new("10002", "Duplicate"),
            Named::new("10003", "Cannot Reproduce"),
        ],
        fields: system_fields().into_iter().chain(custom_fields()).collect(),
        link_types: vec![
            link_type("10000", "Blocks", "is blocked by", "blocks"),
            link_type("10001", "Cloners", "is cloned by", "clones"),
            link_type("10002", "Relates", "relates to", "relates to"),
        ],
    }
}

fn users() -> Vec<User> {
    let user = |person: &crate::seeds::Persona| User {
        login: person.login.to_owned(),
        account_id: format!("712020:{}", person.login),
        display_name: person.name.to_owned(),
        email: person.email.to_owned(),
        api_token: (person.login == ROBOT).then(|| API_TOKEN.to_owned()),
        active: true,
        utc_offset_hours: 0,
        groups: groups(person.login == ROBOT),
    };
    PEOPLE.iter().map(user).collect()
}

/// Everybody administers; the account of the API's token is not in the management.
fn groups(robot: bool) -> Vec<String> {
    let mut groups = vec!["Administrators".to_owned()];
    if !robot {
        groups.push(MANAGEMENT.to_owned());
    }
    groups
}

fn project(id: &str, key: &str, name: &str, service_desk: bool) -> Project {
    let screen = [
        "description",
        "labels",
        "priority",
        "assignee",
        "reporter",
        "duedate",
        "components",
        "parent",
        "environment",
        "customfield_10040",
        "customfield_10041",
        "customfield_10042",
        "customfield_10043",
        "customfield_10044",
        "customfield_10045",
        "customfield_10046",
        "customfield_10047",
        "customfield_10048",
    ];
    let (ui, backend) = if service_desk {
        ("10002", "10003")
    } else {
        ("10000", "10001")
    };
    Project {
        id: id.to_owned(),
        key: key.to_owned(),
        name: name.to_owned(),
        service_desk,
        lead: "712020:ana".to_owned(),
        types: ["10001", "10002", "10003", "10004"]
            .map(str::to_owned)
            .to_vec(),
        workflow: workflow(service_desk),
        components: vec![Named::new(ui, "UI"), Named::new(backend, "Backend")],
        screen: screen.map(str::to_owned).to_vec(),
        required: Vec::new(),
    }
}

/// To Do → In Progress → In Review → Done, and back from Done. A service desk finishes from anywhere, without a
/// screen: a post function sets the resolution.
fn workflow(service_desk: bool) -> Workflow {
    let way = |id: &str, name: &str, from: &[&str], to: &str| Transition {
        id: id.to_owned(),
        name: name.to_owned(),
        from: from.iter().map(|id| (*id).to_owned()).collect(),
        to: to.to_owned(),
        ..Transition::default()
    };
    let mut finish = way("31", "Done", &["3", "10002"], "10003");
    if service_desk {
        finish.from.clear();
        finish.resolution = ResolutionRule::Set("10000".to_owned());
    } else {
        finish.screen = vec!["resolution".to_owned(), "assignee".to_owned()];
        finish.required = vec!["resolution".to_owned()];
    }
    let mut reopen = way("41", "Reopen", &["10003"], "10000");
    reopen.resolution = ResolutionRule::Clear;
    Workflow {
        initial: "10000".to_owned(),
        transitions: vec![
            way("11", "Back to To Do", &["3", "10002"], "10000"),
            way("21", "Start", &["10000", "10002"], "3"),
            way("22", "Review", &["3"], "10002"),
            finish,
            reopen,
        ],
    }
}

fn issue_type(id: &str, name: &str, subtask: bool) -> IssueType {
    IssueType {
        id: id.to_owned(),
        name: name.to_owned(),
        subtask,
    }
}

fn status(id: &str, name: &str, category: Category) -> Status {
    Status {
        id: id.to_owned(),
        name: name.to_owned(),
        category,
    }
}

fn link_type(id: &str, name: &str, inward: &str, outward: &str) -> LinkType {
    LinkType {
        id: id.to_owned(),
        name: name.to_owned(),
        inward: inward.to_owned(),
        outward: outward.to_owned(),
    }
}

fn field(id: &str, name: &str, kind: FieldKind) -> Field {
    Field {
        id: id.to_owned(),
        name: name.to_owned(),
        kind,
        options: Vec::new(),
    }
}

/// The fields that every site has.
pub(super) fn system_fields() -> Vec<Field> {
    use FieldKind as Kind;
    vec![
        field("summary", "Summary", Kind::Line),
        field("description", "Description", Kind::Rich),
        field("environment", "Environment", Kind::Rich),
        field("labels", "Labels", Kind::Labels),
        field("priority", "Priority", Kind::Priority),
        field("resolution", "Resolution", Kind::Resolution),
        field("assignee", "Assignee", Kind::User),
        field("reporter", "Reporter", Kind::User),
        field("duedate", "Due date", Kind::Date),
        field("components", "Components", Kind::Components),
        field("parent", "Parent", Kind::Parent),
        field("project", "Project", Kind::System),
        field("issuetype", "Issue Type", Kind::System),
        field("status", "Status", Kind::System),
        field("creator", "Creator", Kind::System),
        field("created", "Created", Kind::System),
        field("updated", "Updated", Kind::System),
        field("resolutiondate", "Resolved", Kind::System),
        field(
            "statuscategorychangedate",
            "Status Category Changed",
            Kind::System,
        ),
        field("comment", "Comment", Kind::System),
        field("attachment", "Attachment", Kind::System),
        field("issuelinks", "Linked Issues", Kind::System),
        field("subtasks", "Sub-tasks", Kind::System),
        field("watches", "Watchers", Kind::System),
        field("votes", "Votes", Kind::System),
    ]
}

/// One custom field of each kind.
fn custom_fields() -> Vec<Field> {
    use FieldKind as Kind;
    let option = |id: &str, value: &str, children: &[(&str, &str)]| FieldOption {
        id: id.to_owned(),
        value: value.to_owned(),
        children: children
            .iter()
            .map(|(id, name)| Named::new(id, name))
            .collect(),
    };
    let with = |mut field: Field, options: Vec<FieldOption>| {
        field.options = options;
        field
    };
    vec![
        field("customfield_10040", "Customer reference", Kind::Line),
        field("customfield_10041", "Steps to reproduce", Kind::Rich),
        field("customfield_10042", "Story points", Kind::Number),
        with(
            field("customfield_10043", "Severity", Kind::Option),
            vec![
                option("10100", "Critical", &[]),
                option("10101", "Major", &[]),
                option("10102", "Minor", &[]),
            ],
        ),
        with(
            field("customfield_10044", "Platforms", Kind::Options),
            vec![
                option("10110", "Linux", &[]),
                option("10111", "macOS", &[]),
                option("10112", "Windows", &[]),
            ],
        ),
        field("customfield_10045", "Reviewer", Kind::User),
        field("customfield_10046", "Promised on", Kind::Date),
        with(
            field("customfield_10047", "Area", Kind::Cascade),
            vec![
                option("10120", "Shop", &[("10121", "Cart"), ("10122", "Checkout")]),
                option(
                    "10130",
                    "Account",
                    &[("10131", "Sign-in"), ("10132", "Profile")],
                ),
            ],
        ),
        field("customfield_10048", "Seen at", Kind::DateTime),
    ]
}

/// Puts a few issues of a small team into a [`demo_site`].
pub fn seed(jira: &mut JiraCloud, now: Timestamp) -> Result<(), Refused> {
    let create =
        |container: &str, by: &str, title: &str, body: &str, labels: &[&str]| Command::Create {
            container: Some(container.to_owned()),
            by: by.to_owned(),
            title: title.to_owned(),
            body: body.to_owned(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            assignees: vec!["ben".to_owned()],
        };
    let commands = [
        create(
            "APP",
            "ana",
            "Cart forgets its items after sign-in",
            "Put something into the cart.\nSign in.\nThe cart is empty.",
            &["bug", "checkout"],
        ),
        create(
            "APP",
            "chen",
            "Show delivery dates in the customer's time zone",
            "",
            &["idea"],
        ),
        create(
            "SUP",
            "dora",
            "A customer cannot download invoices",
            "Chrome says that the file is damaged.",
            &["customer"],
        ),
        Command::comment("APP-1", "ben", "It happens with guest carts only."),
        Command::edit("APP-1", "ben", "status", "In Progress"),
        Command::edit("APP-1", "ana", "customfield_10043", "Major"),
        Command::comment(
            "SUP-1",
            "dora",
            "Thank you for the report, we are looking into it.",
        ),
        Command::AddComment {
            key: "SUP-1".to_owned(),
            by: "emil".to_owned(),
            body: "The PDF service answers with an HTML page.".to_owned(),
            channel: Some(INTERNAL.to_owned()),
        },
    ];
    for command in commands {
        jira.command(now, command)?;
    }
    Ok(())
}

//! People and items that look like a real team's, the same in every simulator, so that users and texts can be mapped.

use crate::command::{Command, Done, Refused};
use crate::faulty::Faulty;
use twinline_core::time::Timestamp;

/// A person who has an account in every simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Persona {
    /// The login: `ana`.
    pub login: &'static str,
    /// The name shown: `Ana Prieto`.
    pub name: &'static str,
    /// The address: `ana@acme.example`.
    pub email: &'static str,
}

/// Everybody. The last one, `twinline`, is the account that the API's token belongs to.
pub const PEOPLE: [Persona; 6] = [
    person("ana", "Ana Prieto", "ana@acme.example"),
    person("ben", "Ben Okafor", "ben@acme.example"),
    person("chen", "Chen Wei", "chen@acme.example"),
    person("dora", "Dóra Szabó", "dora@acme.example"),
    person("emil", "Emil Lindqvist", "emil@acme.example"),
    person("twinline", "Twinline", "twinline@acme.example"),
];

/// The login of the account that the API's token belongs to.
pub const ROBOT: &str = "twinline";

const fn person(login: &'static str, name: &'static str, email: &'static str) -> Persona {
    Persona { login, name, email }
}

/// One item to seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedItem {
    /// Who reports it.
    pub by: &'static str,
    /// The title.
    pub title: String,
    /// The text, Markdown.
    pub body: String,
    /// Labels.
    pub labels: Vec<&'static str>,
    /// Assigned logins.
    pub assignees: Vec<&'static str>,
    /// Comments: who, and the text in Markdown.
    pub comments: Vec<(&'static str, &'static str)>,
}

const TITLES: [(&str, &str); 12] = [
    ("Export times out for reports over 10,000 rows", "bug"),
    ("Let people sign in with a passkey", "feature"),
    ("Search forgets the chosen filter after a reload", "bug"),
    ("Document how to rotate the signing key", "docs"),
    ("Dark mode: low contrast in the table header", "bug"),
    ("Invoices show the wrong tax rate for Switzerland", "bug"),
    ("Show who changed a setting, and when", "feature"),
    ("Nightly backup warns about a missing folder", "ops"),
    ("Webhook retries stop after a certificate change", "bug"),
    ("Import contacts from a CSV file", "feature"),
    ("Upgrade PostgreSQL on the staging host", "ops"),
    ("Names with an apostrophe break the e-mail template", "bug"),
];

const BODIES: [&str; 4] = [
    "## What happens\n\nThe page waits for 30 s and then shows an error.\n\n1. Open **Reports**\n2. Choose *All customers*\n3. Press `Export`\n\n```text\nHTTP 504 Gateway Timeout\nrequest id: 7f3c\n```\n\nExpected: a file, or a message that it will come by mail.",
    "We agreed on this in the last review. Needed:\n\n- a first version behind a flag\n- a note for support\n  - with a screenshot\n- [the design](https://design.example/42)\n\n> Small steps, please.",
    "| environment | version | affected |\n|---|---|---|\n| production | 4.2.1 | yes |\n| staging | 4.3.0 | yes |\n| local | main | no |\n\nSeen since Monday; ~~caused by the cache~~ the cache is innocent.",
    "Steps are in the runbook. When it is done, tell the people on call.\n\nKeep an eye on `disk_free_bytes` meanwhile.",
];

const COMMENTS: [(&str, &str); 5] = [
    ("ben", "I can reproduce this on staging."),
    (
        "chen",
        "Looks like the same cause as last month. See `export.rs`, the loop over all rows.",
    ),
    (
        "dora",
        "A customer asked again today:\n\n> Is there a date for this?",
    ),
    ("emil", "Fixed in the branch, **needs a review** 🙂"),
    (
        "ana",
        "Thanks! Works for me:\n\n- small file: 1 s\n- large file: 9 s",
    ),
];

/// The `index`th item that looks real; the same index gives the same item.
pub fn item(index: usize) -> SeedItem {
    let (title, label) = TITLES[index % TITLES.len()];
    let round = index / TITLES.len();
    let title = if round == 0 {
        title.to_owned()
    } else {
        format!("{title} ({})", round + 1)
    };
    let labels = if index.is_multiple_of(5) {
        vec![label, "urgent"]
    } else {
        vec![label]
    };
    let people = PEOPLE.len() - 1;
    let assignees = match index % 3 {
        0 => Vec::new(),
        _ => vec![PEOPLE[(index + 2) % people].login],
    };
    SeedItem {
        by: PEOPLE[index % people].login,
        title,
        body: BODIES[index % BODIES.len()].to_owned(),
        labels,
        assignees,
        comments: (0..index % 4)
            .map(|n| COMMENTS[(index + n) % COMMENTS.len()])
            .collect(),
    }
}

/// Adds `count` items that look real, in `container` or the simulator's first; answers with their keys.
pub fn seed_demo(
    tracker: &mut Faulty,
    now: Timestamp,
    container: Option<&str>,
    count: usize,
) -> Result<Vec<String>, Refused> {
    let mut keys = Vec::new();
    for index in 0..count {
        let seed = item(index);
        let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
        let create = Command::Create {
            container: container.map(str::to_owned),
            by: seed.by.to_owned(),
            title: seed.title,
            body: seed.body,
            labels: owned(seed.labels),
            assignees: owned(seed.assignees),
        };
        let Done::Item(key) = tracker.command(now, create)? else {
            return Err(Refused::Invalid("the simulator created no item".to_owned()));
        };
        for (by, text) in seed.comments {
            tracker.command(now, Command::comment(&key, by, text))?;
        }
        keys.push(key);
    }
    Ok(keys)
}

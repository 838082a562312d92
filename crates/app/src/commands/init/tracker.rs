//! What `init` knows of each tracker, to write an example that fits it.

/// One tracker.
pub(super) struct Known {
    pub(super) name: &'static str,
    /// An address to start from.
    pub(super) url: &'static str,
    /// The `auth` table but for its secret, with a comma at the end.
    pub(super) auth: &'static str,
    /// The secret's key in the `auth` table.
    pub(super) secret: &'static str,
    pub(super) webhooks: bool,
    pub(super) scope: &'static str,
    /// A query that enumerates what is open.
    pub(super) trigger: &'static str,
    pub(super) labels: bool,
    /// Its statuses of work that is to be done, and of work that is done; the first of each is what is written.
    pub(super) open: &'static [&'static str],
    pub(super) done: &'static [&'static str],
    /// What is written along with the status that ends an item.
    pub(super) done_set: Option<&'static str>,
}

impl Known {
    /// Where the secret lies, relative to the configuration.
    pub(super) fn secret_file(&self, node: &str) -> String {
        format!("secrets/{node}.{}", self.secret)
    }
}

const GITHUB: Known = Known {
    name: "github",
    url: "https://api.github.com",
    auth: "",
    secret: "token",
    webhooks: true,
    scope: "{ repo = \"acme/app\" }",
    trigger: "is:open",
    labels: true,
    open: &["open"],
    done: &["closed:completed", "closed:not_planned"],
    done_set: None,
};

const JIRA_CLOUD: Known = Known {
    name: "jira-cloud",
    url: "https://acme.atlassian.net",
    auth: "email = \"twinline@acme.example\", ",
    secret: "token",
    webhooks: true,
    scope: "{ project = \"APP\", type = \"Task\" }",
    trigger: "statusCategory != Done",
    labels: true,
    open: &["To Do", "In Progress", "In Review"],
    done: &["Done"],
    done_set: Some("{ resolution = \"Done\" }"),
};

const REDMINE: Known = Known {
    name: "redmine",
    url: "https://redmine.acme.example",
    auth: "",
    secret: "key",
    webhooks: false,
    scope: "{ project = \"app\", tracker = \"Bug\" }",
    trigger: "status_id=open",
    labels: false,
    open: &["New", "In Progress", "Feedback"],
    done: &["Closed", "Resolved", "Rejected"],
    done_set: None,
};

/// The tracker of that name; the command line takes no other.
pub(super) fn known(name: &str) -> &'static Known {
    [&JIRA_CLOUD, &REDMINE]
        .into_iter()
        .find(|known| known.name == name)
        .unwrap_or(&GITHUB)
}

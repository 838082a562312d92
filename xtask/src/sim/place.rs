//! The trackers that can take part in a run, and what differs between them.

use std::collections::BTreeMap;
use twinline_core::names::NodeName;
use twinline_sim::Simulator;
use twinline_sim::github::{Github, GithubConfig, Limits};
use twinline_sim::jira_cloud::{self, JiraCloud};
use twinline_sim::redmine::{self, Redmine};
use twinline_trackers::http::Secret;

/// The secret that webhooks are signed with.
pub(super) const WEBHOOK_SECRET: &str = "simulated-webhook-secret";

/// One simulated tracker; each takes part once at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Github,
    Jira,
    Redmine,
}

impl Place {
    pub(super) const ALL: [Self; 3] = [Self::Github, Self::Jira, Self::Redmine];

    /// The tracker's name in the registry.
    pub(super) const fn tracker(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Jira => "jira-cloud",
            Self::Redmine => "redmine",
        }
    }

    /// The node's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Jira => "jira",
            Self::Redmine => "redmine",
        }
    }

    pub(super) fn node(self) -> NodeName {
        NodeName::from(self.name())
    }

    /// Where its API is.
    pub(super) fn origin(self) -> String {
        format!("http://{}.sim", self.name())
    }

    /// Where its webhooks go; `None` where it sends none.
    pub(super) fn hook(self) -> Option<String> {
        (self != Self::Redmine).then(|| format!("http://edge.sim/hooks/{}", self.name()))
    }

    /// The `auth` table of its node.
    pub(super) fn auth(self) -> BTreeMap<String, Secret> {
        let pairs: &[(&str, &str)] = match self {
            Self::Github => &[("token", "github-token")],
            Self::Jira => &[
                ("email", "twinline@acme.example"),
                ("token", jira_cloud::API_TOKEN),
            ],
            Self::Redmine => &[("key", redmine::API_KEY)],
        };
        let pairs = pairs.iter();
        pairs
            .map(|(key, value)| ((*key).to_owned(), Secret::new(*value)))
            .collect()
    }

    /// Where twins are made, as rules say it.
    pub(super) const fn scope(self) -> &'static str {
        match self {
            Self::Github => r#"{ repo = "acme/app" }"#,
            Self::Jira => r#"{ project = "SUP", type = "Task" }"#,
            Self::Redmine => r#"{ project = "app", tracker = "Bug" }"#,
        }
    }

    /// Where people create items.
    pub(super) const fn container(self) -> &'static str {
        match self {
            Self::Github => "acme/app",
            Self::Jira => "SUP",
            Self::Redmine => "app",
        }
    }

    /// A trigger that every item of the scope matches.
    pub(super) const fn trigger(self) -> &'static str {
        match self {
            Self::Github => "is:issue",
            Self::Jira => "issuetype = Task",
            Self::Redmine => "status_id=*",
        }
    }

    /// The statuses that count as open; the first is the one that is written. Every one of them can be reached from
    /// every status in the tracker's workflow.
    pub(super) const fn open(self) -> &'static [&'static str] {
        match self {
            Self::Github => &["open"],
            Self::Jira => &["To Do", "In Progress", "In Review"],
            Self::Redmine => &["In Progress", "New", "Feedback"],
        }
    }

    /// The statuses that count as done; the first is the one that is written.
    pub(super) const fn done(self) -> &'static [&'static str] {
        match self {
            Self::Github => &["closed:completed", "closed:not_planned"],
            Self::Jira => &["Done"],
            Self::Redmine => &["Closed", "Resolved", "Rejected"],
        }
    }

    pub(super) fn simulator(self) -> Box<dyn Simulator> {
        match self {
            Self::Github => Box::new(Github::new(GithubConfig {
                limits: Limits {
                    core_per_hour: 10_000_000,
                    search_per_minute: 100_000,
                    creations_per_minute: 0,
                    creations_per_hour: 0,
                },
                ..GithubConfig::default()
            })),
            Self::Jira => {
                let mut jira = JiraCloud::new(jira_cloud::demo_site());
                jira.set_issue_write_limits(false);
                Box::new(jira)
            }
            Self::Redmine => Box::new(Redmine::new(redmine::demo_site())),
        }
    }
}

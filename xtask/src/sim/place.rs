//! The trackers that can take part in a run, and what differs between them.

use std::collections::BTreeMap;
use twinline_core::names::NodeName;
use twinline_core::richtext::Dialect;
use twinline_sim::Simulator;
use twinline_sim::azure_devops::{self, AzureDevOps};
use twinline_sim::github::{Github, GithubConfig, Limits};
use twinline_sim::jira_cloud::{self, JiraCloud};
use twinline_sim::redmine::{self, Redmine};
use twinline_sim::servicenow::{self, ServiceNow};
use twinline_sim::zendesk::{self, Zendesk};
use twinline_trackers::http::Secret;

/// The secret that webhooks are signed with.
pub(super) const WEBHOOK_SECRET: &str = "simulated-webhook-secret";

/// One scope of a simulated tracker; each takes part once at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Github,
    Jira,
    Redmine,
    /// Another repository of the same GitHub.
    Archive,
    /// Another project of the same Redmine.
    Support,
    /// These three take part in the matrix only: their simulators would make a seed's world another one.
    Azure,
    ServiceNow,
    Zendesk,
    /// So does this one: another Redmine, whose texts are Textile.
    Textile,
}

impl Place {
    /// One for each tracker that a seed's world can have.
    pub(super) const HOMES: [Self; 3] = [Self::Github, Self::Jira, Self::Redmine];

    /// One for each tracker that there is.
    pub(super) const TRACKERS: [Self; 6] = [
        Self::Azure,
        Self::Github,
        Self::Jira,
        Self::Redmine,
        Self::ServiceNow,
        Self::Zendesk,
    ];

    /// The first place of its tracker.
    pub(super) const fn home(self) -> Self {
        match self {
            Self::Github | Self::Archive => Self::Github,
            Self::Jira => Self::Jira,
            Self::Redmine | Self::Support => Self::Redmine,
            Self::Azure | Self::ServiceNow | Self::Zendesk | Self::Textile => self,
        }
    }

    /// The other place of its tracker, where it has one.
    pub(super) const fn sibling(self) -> Option<Self> {
        match self {
            Self::Github => Some(Self::Archive),
            Self::Archive => Some(Self::Github),
            Self::Jira | Self::Azure | Self::ServiceNow | Self::Zendesk | Self::Textile => None,
            Self::Redmine => Some(Self::Support),
            Self::Support => Some(Self::Redmine),
        }
    }

    /// The trackers of some places, each by its first one.
    pub(super) fn homes(places: &[Self]) -> Vec<Self> {
        let mut homes = Vec::new();
        for home in places.iter().map(|place| place.home()) {
            if !homes.contains(&home) {
                homes.push(home);
            }
        }
        homes
    }

    /// The tracker's name in the registry.
    pub(super) const fn tracker(self) -> &'static str {
        match self.home() {
            Self::Jira => "jira-cloud",
            Self::Azure => "azure-devops",
            Self::Textile => "redmine",
            home => home.name(),
        }
    }

    /// The notation of its texts, where that is another than its tracker usually has.
    pub(super) const fn texts(self) -> Option<Dialect> {
        match self {
            Self::Textile => Some(Dialect::Textile),
            _ => None,
        }
    }

    /// The place's name; a tracker's first place is called like its node.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Jira => "jira",
            Self::Redmine => "redmine",
            Self::Archive => "archive",
            Self::Support => "support",
            Self::Azure => "azure",
            Self::ServiceNow => "servicenow",
            Self::Zendesk => "zendesk",
            Self::Textile => "redmine-textile",
        }
    }

    pub(super) fn node(self) -> NodeName {
        NodeName::from(self.home().name())
    }

    /// Where its API is.
    pub(super) fn origin(self) -> String {
        format!("http://{}.sim", self.node())
    }

    /// Where its webhooks go; `None` where it sends none.
    pub(super) fn hook(self) -> Option<String> {
        let sends = !matches!(self.home(), Self::Redmine | Self::Textile);
        sends.then(|| format!("http://edge.sim/hooks/{}", self.node()))
    }

    /// The `auth` table of its node.
    pub(super) fn auth(self) -> BTreeMap<String, Secret> {
        let pairs: &[(&str, &str)] = match self.home() {
            Self::Github => &[("token", "github-token")],
            Self::Jira => &[
                ("email", "twinline@acme.example"),
                ("token", jira_cloud::API_TOKEN),
            ],
            Self::Azure => &[("token", azure_devops::PAT)],
            Self::ServiceNow => &[("user", "twinline"), ("password", servicenow::PASSWORD)],
            Self::Zendesk => &[
                ("email", "twinline@acme.example"),
                ("token", zendesk::API_TOKEN),
            ],
            _ => &[("key", redmine::API_KEY)],
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
            Self::Redmine | Self::Textile => r#"{ project = "app", tracker = "Bug" }"#,
            Self::Archive => r#"{ repo = "acme/archive" }"#,
            Self::Support => r#"{ project = "support", tracker = "Bug" }"#,
            Self::Azure => r#"{ project = "Support", type = "Issue" }"#,
            Self::ServiceNow => r#"{ table = "incident" }"#,
            Self::Zendesk => r#"{ brand = "Acme", group = "Support" }"#,
        }
    }

    /// Where people create items.
    pub(super) const fn container(self) -> &'static str {
        match self {
            Self::Github => "acme/app",
            Self::Jira => "SUP",
            Self::Redmine | Self::Textile => "app",
            Self::Archive => "acme/archive",
            Self::Support => "support",
            Self::Azure | Self::Zendesk => "Support",
            Self::ServiceNow => "incident",
        }
    }

    /// A trigger that every item of the scope matches.
    pub(super) const fn trigger(self) -> &'static str {
        match self.home() {
            Self::Github => "is:issue",
            Self::Jira => "issuetype = Task",
            Self::Azure => "[System.Id] > 0",
            Self::ServiceNow => "numberISNOTEMPTY",
            Self::Zendesk => "status>=new",
            _ => "status_id=*",
        }
    }

    /// The statuses that count as open; the first is the one that is written. Every one of them can be reached from
    /// every status in the tracker's workflow.
    pub(super) const fn open(self) -> &'static [&'static str] {
        match self.home() {
            Self::Github => &["open"],
            Self::Jira => &["To Do", "In Progress", "In Review"],
            Self::Azure => &["To Do", "Doing"],
            Self::ServiceNow => &["New", "In Progress", "On Hold"],
            Self::Zendesk => &["New", "Open", "Pending", "On-hold"],
            _ => &["In Progress", "New", "Feedback"],
        }
    }

    /// The statuses that count as done; the first is the one that is written.
    pub(super) const fn done(self) -> &'static [&'static str] {
        match self.home() {
            Self::Github => &["closed:completed", "closed:not_planned"],
            Self::Jira | Self::Azure => &["Done"],
            Self::ServiceNow => &["Resolved", "Closed", "Canceled"],
            Self::Zendesk => &["Solved", "Closed"],
            _ => &["Closed", "Resolved", "Rejected"],
        }
    }

    pub(super) fn simulator(self) -> Box<dyn Simulator> {
        match self.home() {
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
            Self::Azure => Box::new(AzureDevOps::new(azure_devops::demo_organization())),
            Self::ServiceNow => Box::new(ServiceNow::new(servicenow::demo_site())),
            Self::Zendesk => Box::new(Zendesk::new(zendesk::demo_site())),
            _ => Box::new(Redmine::new(redmine::demo_site())),
        }
    }
}

//! GitHub's REST API, version 2022-11-28, as far as issues need it.
//!
//! Source of shapes and status codes: the REST description that GitHub publishes (`@octokit/openapi`) and the webhook
//! examples of `@octokit/webhooks-examples`; behaviour beyond shapes from docs.github.com, said where it is coded.
//! Not simulated: GraphQL, organisations' hooks, pull requests beyond "an issue with `pull_request`", reactions,
//! locking. A transferred issue keeps its comments' ids, which GitHub does not promise.

mod apps;
mod changes;
mod commands;
mod comments;
mod deliveries;
mod failure;
mod history;
mod hooks;
mod issues;
mod labels;
mod limits;
mod milestones;
mod model;
mod page;
mod parts;
mod render;
mod render_repo;
mod routes;
mod search;
mod sub_issues;

pub use apps::{APP_KEY, AppConfig, demo_app};
pub use limits::Limits;

use crate::command::{Command, Done, Refused};
use crate::dump::{Dump, DumpItem};
use crate::registry::Kind;
use crate::seeds;
use crate::simulator::{Delivered, Simulator, Webhook};
use bytes::Bytes;
use http::{Request, Response};
use model::{Account, Delivery, Issue, Label, Place, Repo};
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::time::Timestamp;

/// Labels that every new repository has, with their colours (docs.github.com, "Managing labels").
const DEFAULT_LABELS: [(&str, &str, &str); 4] = [
    ("bug", "d73a4a", "Something isn't working"),
    (
        "documentation",
        "0075ca",
        "Improvements or additions to documentation",
    ),
    ("enhancement", "a2eeef", "New feature or request"),
    ("question", "d876e3", "Further information is requested"),
];

/// The types of issues that every organisation has until it changes them (docs.github.com, "Managing issue types in an
/// organization"), with their descriptions and colours.
const ISSUE_TYPES: [(&str, &str, &str); 3] = [
    ("Task", "A specific piece of work", "yellow"),
    ("Bug", "An unexpected problem or behavior", "red"),
    ("Feature", "A request, idea, or new functionality", "blue"),
];

/// How a simulated GitHub starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GithubConfig {
    /// Full names; the first is where commands create items unless they say where.
    pub repositories: Vec<String>,
    /// Who may call.
    pub tokens: Vec<Token>,
    /// The apps that may ask for tokens.
    pub apps: Vec<AppConfig>,
    /// The rate limits.
    pub limits: Limits,
    /// When the repositories were created, and the accounts.
    pub created: Timestamp,
}

/// A token of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What the caller sends.
    pub secret: String,
    /// Whose it is.
    pub login: String,
    /// May it write issues.
    pub may_write: bool,
    /// May it see and change hooks.
    pub may_manage_hooks: bool,
}

impl Default for GithubConfig {
    /// Two repositories, `acme/app` and `acme/archive`; the token `github-token`, which may do everything.
    fn default() -> Self {
        Self {
            repositories: vec!["acme/app".to_owned(), "acme/archive".to_owned()],
            tokens: vec![Token {
                secret: TOKEN.to_owned(),
                login: seeds::ROBOT.to_owned(),
                may_write: true,
                may_manage_hooks: true,
            }],
            apps: Vec::new(),
            limits: Limits::default(),
            created: Timestamp::from_millis(1_700_000_000_000),
        }
    }
}

/// Its line in the registry.
pub(crate) const KIND: Kind = Kind {
    tracker: "github",
    demo: || {
        Box::new(Github::new(GithubConfig {
            apps: vec![demo_app()],
            ..GithubConfig::default()
        }))
    },
    auth: "",
    secret: ("token", TOKEN),
};

/// The token of [`GithubConfig::default`].
const TOKEN: &str = "github-token";

/// A simulated GitHub.
pub struct Github {
    base: String,
    created: Timestamp,
    tokens: Vec<Token>,
    apps: apps::Apps,
    limits: Limits,
    usage: BTreeMap<String, limits::Usage>,
    accounts: BTreeMap<String, Account>,
    repos: Vec<Repo>,
    comment_places: BTreeMap<u64, Place>,
    last_id: u64,
    requests: u64,
    index_lag: Duration,
    /// What the search index still shows of issues that changed lately, and until when.
    shadows: BTreeMap<Place, (Timestamp, Option<Issue>)>,
    deliveries: BTreeMap<u64, Delivery>,
    outbox: Vec<Webhook>,
}

impl Github {
    /// A GitHub with the people of [`seeds::PEOPLE`] and empty repositories.
    ///
    /// # Panics
    /// When a repository's name has no owner, or an app's key is none: a mistake of the caller.
    pub fn new(config: GithubConfig) -> Self {
        let bots: Vec<String> = config.apps.iter().map(|app| apps::bot(&app.slug)).collect();
        let mut github = Self {
            base: "http://github.sim".to_owned(),
            created: config.created,
            tokens: config.tokens,
            apps: apps::Apps::new(config.apps),
            limits: config.limits,
            usage: BTreeMap::new(),
            accounts: BTreeMap::new(),
            repos: Vec::new(),
            comment_places: BTreeMap::new(),
            last_id: 3_000_000_000,
            requests: 0,
            index_lag: Duration::ZERO,
            shadows: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            outbox: Vec::new(),
        };
        for person in seeds::PEOPLE {
            github.add_account(person.login, person.name, person.email, false);
        }
        for bot in bots {
            github.add_account(&bot, &bot, "", false);
        }
        for full_name in &config.repositories {
            github.add_repository(full_name);
        }
        github
    }

    /// Adds a person who can write, comment and be assigned.
    pub fn add_person(&mut self, login: &str) {
        self.add_account(login, login, &format!("{login}@acme.example"), false);
    }

    /// Adds an open pull request, which GitHub's issue lists show too; answers with its number.
    pub fn add_pull_request(
        &mut self,
        now: Timestamp,
        by: &str,
        full_name: &str,
        title: &str,
    ) -> Option<u64> {
        let (owner, name) = full_name.split_once('/')?;
        let repo = self.find_repo(owner, name)?;
        let new = changes::New {
            title: title.to_owned(),
            is_pull_request: true,
            ..changes::New::default()
        };
        Some(self.create(changes::Act { now, by }, repo, new).1)
    }

    fn add_account(&mut self, login: &str, name: &str, email: &str, is_organization: bool) {
        if self.accounts.contains_key(login) {
            return;
        }
        let account = Account {
            id: self.next_id(),
            login: login.to_owned(),
            name: name.to_owned(),
            email: email.to_owned(),
            is_organization,
        };
        self.accounts.insert(login.to_owned(), account);
    }

    fn add_repository(&mut self, full_name: &str) {
        let (owner, name) = full_name
            .split_once('/')
            .expect("a repository's full name is 'owner/name'");
        self.add_account(owner, owner, "", true);
        let mut repo = Repo {
            id: self.next_id(),
            owner: owner.to_owned(),
            name: name.to_owned(),
            created: self.created,
            has_issues: true,
            issues: BTreeMap::new(),
            next_number: 1,
            labels: BTreeMap::new(),
            milestones: BTreeMap::new(),
            hooks: BTreeMap::new(),
        };
        for (label, color, description) in DEFAULT_LABELS {
            let label = Label {
                id: self.next_id(),
                name: label.to_owned(),
                color: color.to_owned(),
                description: Some(description.to_owned()),
                default: true,
            };
            repo.labels.insert(label.name.clone(), label);
        }
        self.repos.push(repo);
    }

    const fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn find_repo(&self, owner: &str, name: &str) -> Option<usize> {
        let same = |repo: &Repo| {
            repo.owner.eq_ignore_ascii_case(owner) && repo.name.eq_ignore_ascii_case(name)
        };
        self.repos.iter().position(same)
    }

    /// A person's login as it is written, found without case.
    fn find_person(&self, login: &str) -> Option<String> {
        let people = self
            .accounts
            .values()
            .filter(|account| !account.is_organization);
        let mut same = people.filter(|account| account.login.eq_ignore_ascii_case(login));
        same.next().map(|account| account.login.clone())
    }
}

impl Simulator for Github {
    fn tracker(&self) -> &'static str {
        "github"
    }

    fn handle(&mut self, now: Timestamp, request: &Request<Bytes>) -> Response<Bytes> {
        self.answer(now, request)
    }

    fn take_webhooks(&mut self) -> Vec<Webhook> {
        std::mem::take(&mut self.outbox)
    }

    /// GitHub does not try again by itself (docs.github.com, "Handling failed webhook deliveries").
    fn delivered(
        &mut self,
        now: Timestamp,
        webhook: &Webhook,
        how: &Delivered,
    ) -> Option<Duration> {
        self.delivery_ended(now, webhook.delivery, how);
        None
    }

    fn command(&mut self, now: Timestamp, command: Command) -> Result<Done, Refused> {
        self.obey(now, command)
    }

    fn dump(&self) -> Dump {
        self.dump_all()
    }

    fn dump_one(&self, key: &str) -> Option<DumpItem> {
        self.dump_issue_of(key)
    }

    fn set_index_lag(&mut self, lag: Duration) {
        self.index_lag = lag;
    }

    fn set_base_url(&mut self, base: &str) {
        base.trim_end_matches('/').clone_into(&mut self.base);
    }

    fn statuses(&self) -> Vec<String> {
        ["open", "closed:completed", "closed:not_planned"]
            .map(str::to_owned)
            .to_vec()
    }

    fn throttled(&self, _now: Timestamp, retry_after: Duration) -> Response<Bytes> {
        failure::Failure::secondary_limit(retry_after.as_secs().max(1)).into_response()
    }
}

#[cfg(test)]
mod tests;

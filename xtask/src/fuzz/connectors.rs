//! Every operation of a connector over a simulator whose answers are spoiled on their way.

use super::mutate::Mutator;
use super::targets::Judge;
use anyhow::{Context, Result};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use twinline_core::effect::{Effect, FieldWrite};
use twinline_core::handles::Clock;
use twinline_core::item::{ItemId, Value, Version, field};
use twinline_core::marker::Marker;
use twinline_core::richtext::Document;
use twinline_core::time::Timestamp;
use twinline_sim::azure_devops::{self, AzureDevOps};
use twinline_sim::github::{Github, GithubConfig};
use twinline_sim::jira_cloud::{self, JiraCloud};
use twinline_sim::json_http::{DESK_TOKEN, Desk};
use twinline_sim::redmine::{self, Redmine};
use twinline_sim::servicenow::{self, ServiceNow};
use twinline_sim::zendesk::{self, Zendesk};
use twinline_sim::{Command, Done, Faults, Faulty, Outcome, Simulator};
use twinline_trackers::http::{Secret, Transport, TransportError};
use twinline_trackers::registry::{self, NodeSettings};
use twinline_trackers::{Cursor, Learnt, Tracker, TrackerDescription};

const ORIGIN: &str = "http://tracker.sim";
/// 2026-01-31T09:30:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_769_851_800_000);
/// One call of a connector may ask so often; after that nothing answers.
const REQUESTS_MAX: usize = 400;

/// A tracker, its simulator and how to log in.
pub(super) struct Simulated {
    pub(super) tracker: &'static str,
    make: fn() -> Box<dyn Simulator>,
    auth: &'static [(&'static str, &'static str)],
    scope: &'static [(&'static str, &'static str)],
    trigger: &'static str,
}

pub(super) const GITHUB: Simulated = Simulated {
    tracker: "github",
    make: || Box::new(Github::new(GithubConfig::default())),
    auth: &[("token", "github-token")],
    scope: &[("repo", "acme/app")],
    trigger: "is:issue is:open label:bug",
};
pub(super) const JIRA: Simulated = Simulated {
    tracker: "jira-cloud",
    make: || Box::new(JiraCloud::new(jira_cloud::demo_site())),
    auth: &[
        ("email", "twinline@acme.example"),
        ("token", jira_cloud::API_TOKEN),
    ],
    scope: &[("project", "APP"), ("type", "Task")],
    trigger: "statusCategory != Done AND labels = bug",
};
pub(super) const AZURE: Simulated = Simulated {
    tracker: "azure-devops",
    make: || Box::new(AzureDevOps::new(azure_devops::demo_organization())),
    auth: &[("token", azure_devops::PAT)],
    scope: &[("project", "Application"), ("type", "Bug")],
    trigger: "[System.State] <> 'Closed' AND [System.Tags] CONTAINS 'bug'",
};
const REDMINE: Simulated = Simulated {
    tracker: "redmine",
    make: || Box::new(Redmine::new(redmine::demo_site())),
    auth: &[("key", redmine::API_KEY)],
    scope: &[("project", "app"), ("tracker", "Bug")],
    trigger: "status_id=open",
};
const SERVICENOW: Simulated = Simulated {
    tracker: "servicenow",
    make: || Box::new(ServiceNow::new(servicenow::demo_site())),
    auth: &[("user", "twinline"), ("password", servicenow::PASSWORD)],
    scope: &[("table", "incident")],
    trigger: "active=true^assigned_to.email=ben@acme.example",
};

const ZENDESK: Simulated = Simulated {
    tracker: "zendesk",
    make: || Box::new(Zendesk::new(zendesk::demo_site())),
    auth: &[
        ("email", "twinline@acme.example"),
        ("token", zendesk::API_TOKEN),
    ],
    scope: &[("brand", "Acme"), ("group", "Support")],
    trigger: "status<solved tags:bug",
};

const JSON_HTTP: Simulated = Simulated {
    tracker: "json-http",
    make: || Box::new(Desk::default()),
    auth: &[("token", DESK_TOKEN)],
    scope: &[("project", "app")],
    trigger: "state=open&label=bug",
};

pub(super) fn github() -> Result<Judge> {
    judge(&GITHUB)
}

pub(super) fn azure() -> Result<Judge> {
    judge(&AZURE)
}

pub(super) fn jira() -> Result<Judge> {
    judge(&JIRA)
}

pub(super) fn json_http() -> Result<Judge> {
    judge(&JSON_HTTP)
}

pub(super) fn redmine() -> Result<Judge> {
    judge(&REDMINE)
}

pub(super) fn servicenow() -> Result<Judge> {
    judge(&SERVICENOW)
}

pub(super) fn zendesk() -> Result<Judge> {
    judge(&ZENDESK)
}

/// An input is the source of what is spoiled and of what is asked.
fn judge(simulated: &'static Simulated) -> Result<Judge> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .context("starting a runtime")?;
    Ok(Box::new(move |input| {
        runtime.block_on(try_all(simulated, input));
    }))
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// A simulator that fails at nothing by itself.
pub(super) fn simulator(simulated: &Simulated) -> Faulty {
    let mut tracker = Faulty::new((simulated.make)(), Faults::default(), 1);
    tracker.simulator().set_base_url(ORIGIN);
    tracker
}

/// The connector to a simulator behind this wire, without waits.
pub(super) fn build(simulated: &Simulated, transport: Arc<dyn Transport>) -> Arc<dyn Tracker> {
    let auth = simulated.auth.iter();
    let settings = NodeSettings {
        node: simulated.tracker.into(),
        url: Some(ORIGIN.parse().expect("it is a URL")),
        auth: auth
            .map(|(key, secret)| ((*key).to_owned(), Secret::new(*secret)))
            .collect(),
        description: described(simulated.tracker),
        settle: None,
        texts: None,
        write_spacing: Some(std::time::Duration::ZERO),
        unlimited: true,
        learnt: Learnt::default(),
    };
    registry::build(simulated.tracker, settings, transport, Arc::new(Still))
        .expect("the settings are right")
}

/// The description to start from, of a tracker that is described.
fn described(tracker: &str) -> Option<Arc<TrackerDescription>> {
    let text = registry::described(tracker).ok().flatten()?;
    let read = TrackerDescription::parse(text);
    Some(Arc::new(read.expect("the example is sound")))
}

/// A wire that spoils some answers.
struct Spoiling {
    state: Mutex<(Faulty, Mutator, usize)>,
}

#[async_trait]
impl Transport for Spoiling {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (tracker, mutator, requests) = &mut *state;
        *requests += 1;
        if *requests > REQUESTS_MAX {
            return Err(TransportError::maybe_sent("no answer came"));
        }
        match tracker.decide(NOW, &request) {
            Outcome::Answer { response, .. } if mutator.chance(0.4) => {
                Ok(spoiled(mutator, response))
            }
            Outcome::Answer { response, .. } => Ok(response),
            Outcome::Silence { .. } => Err(TransportError::maybe_sent("no answer came")),
        }
    }
}

fn spoiled(mutator: &mut Mutator, mut response: Response<Bytes>) -> Response<Bytes> {
    if mutator.chance(0.1) {
        let odd = [
            200, 202, 204, 301, 302, 304, 400, 401, 403, 404, 410, 422, 429, 500, 599,
        ];
        let status = mutator.choose(&odd).copied().unwrap_or(200);
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    }
    if mutator.chance(0.2) {
        let names: Vec<HeaderName> = response.headers().keys().cloned().collect();
        let value = mutator.text();
        if let Some(name) = mutator.choose(&names)
            && let Ok(value) = HeaderValue::from_bytes(value.as_bytes())
        {
            response.headers_mut().insert(name.clone(), value);
        }
    }
    if mutator.chance(0.05) {
        *response.body_mut() = Bytes::from_static(b"<!DOCTYPE html><p>Service unavailable</p>");
    } else {
        let body = mutator.mutated(response.body(), &[]);
        *response.body_mut() = body.into();
    }
    response
}

async fn try_all(simulated: &Simulated, input: &[u8]) {
    let mut mutator = Mutator::from_input(input);
    let mut tracker = simulator(simulated);
    let Some(key) = populate(&mut tracker) else {
        panic!("the simulator takes no item");
    };
    let words: Vec<String> = (0..4).map(|_| mutator.text()).collect();
    let transport = Spoiling {
        state: Mutex::new((tracker, mutator, 0)),
    };
    let connector = build(simulated, Arc::new(transport));
    let scope: BTreeMap<String, String> = simulated
        .scope
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    let known = ItemId {
        node: simulated.tracker.into(),
        id: key,
    };
    reads(
        connector.as_ref(),
        &scope,
        simulated.trigger,
        &known,
        &words,
    )
    .await;
    writes(connector.as_ref(), &scope, &known).await;
}

/// An item with a comment; its key.
fn populate(tracker: &mut Faulty) -> Option<String> {
    let create = Command::Create {
        container: None,
        by: "ana".to_owned(),
        title: "An item".to_owned(),
        body: "**Bold** and a [link](https://a.example)\n\n- one\n- two".to_owned(),
        labels: vec!["bug".to_owned()],
        assignees: vec!["ben".to_owned()],
    };
    let Ok(Done::Item(key)) = tracker.command(NOW, create) else {
        return None;
    };
    let commented = tracker.command(NOW, Command::comment(&key, "ben", "a `comment`"));
    commented.is_ok().then_some(key)
}

/// What an operation answers does not matter here; that it answers does.
fn answered<T, E>(outcome: Result<T, E>) -> Option<T> {
    outcome.ok()
}

async fn reads(
    tracker: &dyn Tracker,
    scope: &BTreeMap<String, String>,
    trigger: &str,
    known: &ItemId,
    words: &[String],
) {
    answered(tracker.probe().await);
    answered(tracker.describe(scope).await);
    let page = answered(tracker.query(scope, trigger, None).await);
    if let Some(next) = page.and_then(|page| page.next) {
        answered(tracker.query(scope, trigger, Some(&next)).await);
    }
    answered(tracker.query(scope, &words[0], Some(&words[1])).await);
    let mut cursor = Some(Cursor::default());
    for _ in 0..3 {
        let Some(at) = cursor else { break };
        let page = answered(tracker.changes(scope, &at).await);
        cursor = page.and_then(|page| page.next);
    }
    let odd = Cursor {
        since: Timestamp::EPOCH,
        page: Some(words[2].clone()),
    };
    answered(tracker.changes(scope, &odd).await);
    answered(tracker.find(&words[3]).await);
    let found = answered(tracker.find(&known.id).await).flatten();
    let ids = [
        found.map_or_else(|| known.id.clone(), |found| found.item.id),
        words[3].clone(),
    ];
    for id in ids {
        let item = ItemId {
            node: known.node.clone(),
            id,
        };
        answered(tracker.fetch(&item).await);
        answered(tracker.field_history(&item, Timestamp::EPOCH).await);
        for trigger in [trigger, &words[0]] {
            answered(tracker.matches(trigger, std::slice::from_ref(&item)).await);
        }
    }
}

async fn writes(tracker: &dyn Tracker, scope: &BTreeMap<String, String>, key: &ItemId) {
    let found = answered(tracker.find(&key.id).await).flatten();
    let item = found.map_or_else(|| key.clone(), |found| found.item);
    let marker = Marker {
        root: "root1".into(),
        link: "link1".into(),
    };
    let title = Value::text("another title");
    let body = Document::from_plain("a text");
    let effects = [
        Effect::Create {
            scope: scope.clone(),
            fields: BTreeMap::from([(field::SUMMARY.into(), title.clone())]),
            marker: marker.clone(),
        },
        Effect::Update {
            item: item.clone(),
            fields: BTreeMap::from([(field::SUMMARY.into(), FieldWrite::Replace(title))]),
            planned_from: Version::default(),
        },
        Effect::Mark {
            item: item.clone(),
            marker: marker.clone(),
        },
        Effect::AddComment {
            item: item.clone(),
            channel: "public".to_owned(),
            body: body.clone(),
            marker: marker.clone(),
        },
        Effect::EditComment {
            item: item.clone(),
            comment: "1".to_owned(),
            body,
            marker,
        },
        Effect::DeleteComment {
            item: item.clone(),
            comment: "1".to_owned(),
        },
        Effect::Delete { item },
    ];
    for effect in effects {
        answered(tracker.recognise(&effect, Timestamp::EPOCH).await);
        answered(tracker.apply(&effect).await);
    }
    let hook = "https://twinline.example/hooks/node";
    answered(tracker.subscribe(scope, hook, "a secret").await);
    answered(tracker.unsubscribe(scope, hook).await);
}

//! Requests as a description words them, and how an API words its failures.

use super::description::{AuthBy, Description, Errors, Method, Path, Query, Template, plain};
use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::http::{
    Auth, BudgetRules, Call, Client, ClientSettings, Dialect, Refusal, Reply, Transport, Window,
};
use crate::registry::{Node, RegistryError};
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use twinline_core::handles::Clock;

/// The client of one node.
pub(super) fn client(
    node: &Node,
    description: &Description,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
) -> Result<Client, RegistryError> {
    let model = &description.model;
    let mut headers = HeaderMap::new();
    for (name, value) in &model.headers {
        let pair = HeaderName::try_from(name)
            .ok()
            .zip(HeaderValue::from_str(value).ok());
        let (name, value) = pair
            .ok_or_else(|| node.fault(format!("the description's headers.{name} is no header")))?;
        headers.insert(name, value);
    }
    let limits = &model.limits;
    let windows = limits
        .per_minute
        .filter(|_| !node.unlimited)
        .map(|per_minute| Window {
            name: "requests per minute",
            per: Duration::from_secs(60),
            points_max: per_minute,
            points: [1, 1, 1],
            keyed: false,
        });
    let spacing = Duration::from_millis(limits.write_spacing_ms.into());
    let settings = ClientSettings {
        node: node.name.clone(),
        base: node.url.clone(),
        auth: auth(node, description)?,
        headers,
        budget: BudgetRules {
            windows: windows.into_iter().collect(),
            write_spacing: node.write_spacing.unwrap_or(if node.unlimited {
                Duration::ZERO
            } else {
                spacing
            }),
            in_flight_max: limits.in_flight,
        },
    };
    let dialect = dialect(&model.name, &model.errors);
    Client::new(settings, dialect, transport, clock)
        .map_err(|error| node.fault(format!("auth: {error}")))
}

fn auth(node: &Node, description: &Description) -> Result<Auth, RegistryError> {
    let form = &description.model.auth;
    let wanted: &[&str] = match form.by {
        AuthBy::Basic => &["user", "password"],
        AuthBy::Bearer | AuthBy::Header => &["token"],
    };
    if let Some(missing) = wanted.iter().find(|key| !node.auth.contains_key(**key)) {
        return Err(node.fault(format!(
            "auth.{missing} is missing: {} takes {}",
            description.name(),
            wanted.join(" and ")
        )));
    }
    Ok(match form.by {
        AuthBy::Bearer => Auth::Bearer(node.secret("token")?),
        AuthBy::Basic => Auth::Basic {
            user: node.secret("user")?.expose().to_owned(),
            password: node.secret("password")?,
        },
        AuthBy::Header => {
            let name = form.header.as_deref().unwrap_or_default();
            let name = HeaderName::try_from(name)
                .map_err(|_| node.fault(format!("'{name}' is no name of a header")))?;
            let value = match form.prefix.is_empty() {
                true => node.secret("token")?,
                false => crate::http::Secret::new(format!(
                    "{}{}",
                    form.prefix,
                    node.secret("token")?.expose()
                )),
            };
            Auth::Header { name, value }
        }
    })
}

/// How one API words its failures.
struct JsonDialect {
    name: &'static str,
    errors: Errors,
}

/// The dialects of the descriptions that this process has read. The layer below keeps a dialect for as long as the process
/// lives, so each is made once: there are as many as the configuration names descriptions.
static DIALECTS: Mutex<BTreeMap<(String, Errors), &'static JsonDialect>> =
    Mutex::new(BTreeMap::new());

fn dialect(name: &str, errors: &Errors) -> &'static JsonDialect {
    let mut dialects = DIALECTS.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (name.to_owned(), errors.clone());
    dialects.entry(key).or_insert_with_key(|(name, errors)| {
        Box::leak(Box::new(JsonDialect {
            name: Box::leak(name.clone().into_boxed_str()),
            errors: errors.clone(),
        }))
    })
}

/// Where failures of many APIs say what is wrong, for a description that does not say.
const USUAL: &[&str] = &[
    "message",
    "error.message",
    "error",
    "detail",
    "title",
    "errors",
];

impl Dialect for JsonDialect {
    fn tracker(&self) -> &'static str {
        self.name
    }

    fn refusal(&self, reply: &Reply) -> Refusal {
        let Ok(body) = serde_json::from_slice::<Json>(&reply.body) else {
            return Refusal::default();
        };
        let sentence = match &self.errors.sentence {
            Some(path) => path.of(&body).map(sentence),
            None => USUAL.iter().find_map(|path| {
                let path = Path::try_from((*path).to_owned()).ok()?;
                let told = sentence(path.of(&body)?);
                (!told.is_empty()).then_some(told)
            }),
        };
        Refusal {
            sentence: sentence.unwrap_or_default(),
            field: self.errors.field.as_ref().and_then(|path| path.text(&body)),
        }
    }
}

/// The longest sentence that is taken over, in characters.
const SENTENCE_MAX_CHARS: usize = 500;

/// A sentence, or several.
fn sentence(json: &Json) -> String {
    let whole = match json {
        Json::Array(list) => list
            .iter()
            .map(sentence)
            .filter(|told| !told.is_empty())
            .collect::<Vec<_>>()
            .join("; "),
        Json::Object(object) => {
            let told = |(name, value): (&String, &Json)| format!("{name}: {}", sentence(value));
            object.iter().map(told).collect::<Vec<_>>().join("; ")
        }
        other => plain(other).unwrap_or_default(),
    };
    whole.chars().take(SENTENCE_MAX_CHARS).collect()
}

/// What slots are filled with.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots(BTreeMap<String, String>);

impl Slots {
    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// The target of a request. The description is checked: every slot has a value.
    pub(super) fn path(&self, template: &Template) -> String {
        template
            .fill_path(|name| self.get(name))
            .unwrap_or_default()
    }

    /// A call with a query.
    pub(super) fn ask(&self, call: Call, query: &Query) -> Call {
        query.iter().fold(call, |call, (name, value)| {
            let value = value.fill(|name| self.get(name));
            call.query(name, value.unwrap_or_default())
        })
    }
}

/// A write by this method.
pub(super) fn write(method: Method, target: String) -> Call {
    match method {
        Method::Post => Call::post(target),
        Method::Put => Call::put(target),
        Method::Patch => Call::patch(target),
    }
}

/// The JSON of an answer. An answer that leads elsewhere has none.
pub(super) fn body(reply: &Reply) -> Result<Json, TrackerError> {
    if reply.status.is_redirection() {
        return Err(TrackerError::Unreachable {
            reason: format!("{} has it at another address now", reply.tracker),
        });
    }
    reply.json()
}

/// What lies at a path of an answer.
pub(super) fn at<'a>(reply: &Reply, body: &'a Json, path: &Path) -> Result<&'a Json, TrackerError> {
    path.of(body)
        .ok_or_else(|| reply.unreadable(&path.to_string(), "nothing is there"))
}

/// The error for something that the tracker would refuse.
pub(super) fn refused(description: &Description, impossible: Impossible) -> TrackerError {
    impossible.refused(description.name())
}

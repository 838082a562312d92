//! PagerDuty's Events API v2: <https://developer.pagerduty.com/docs/events-api-v2/overview/>.
//!
//! An incident is one alert there: its `dedup_key` is made of the instance and the incident, so that reminders join it,
//! and acknowledging and resolving reach it. 202 is taken, 400 is a request that PagerDuty will never take, 429 and 5xx
//! are to be tried again.

use super::answer::{address, body, judge, not_what_it_says};
use super::outcome::{Cause, Receipt};
use super::outside::Outside;
use super::page::{Content, Event, Matter, Page, Severity};
use super::wording::{cut, facts, one_line, subject};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode};
use serde_json::{Map, Value, json};
use twinline_trackers::http::Secret;
use url::Url;

/// Where events are sent when nothing else is said.
const ENQUEUE: &str = "https://events.pagerduty.com/v2/enqueue";
/// The greatest `summary`, in characters.
const SUMMARY_MAX_CHARS: usize = 1024;
/// The greatest `dedup_key`, in characters.
const KEY_MAX_CHARS: usize = 255;
/// Incidents of a digest that are listed.
const LISTED_MAX: usize = 50;

/// The settings of a channel to PagerDuty.
pub struct PagerDutySettings {
    /// The integration key of a service (32 characters).
    pub routing_key: Secret,
    /// Another address than PagerDuty's, such as `https://events.eu.pagerduty.com/v2/enqueue`.
    pub url: Option<Secret>,
    /// Whether that address may be `http://` though it is not on this machine.
    pub plain: bool,
}

pub(super) struct PagerDuty {
    url: Url,
    routing_key: Secret,
}

impl PagerDuty {
    pub(super) fn new(settings: PagerDutySettings) -> Result<Self, String> {
        if settings.routing_key.is_empty() {
            return Err("its routing_key is empty".to_owned());
        }
        let url = settings.url.unwrap_or_else(|| Secret::new(ENQUEUE));
        Ok(Self {
            url: address(&url, settings.plain)?,
            routing_key: settings.routing_key,
        })
    }

    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub(super) fn secrets(&self) -> Vec<&str> {
        vec![self.routing_key.expose()]
    }

    pub(super) async fn send(&self, page: &Page, outside: &Outside) -> Result<Receipt, Cause> {
        let event = self.event(page);
        let request = Request::post(self.url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(event.to_string()))
            .map_err(|error| Cause::unsuitable(error.to_string()))?;
        let answer = outside.ask(request).await?;
        judge(&answer, &explanation(&answer), outside.clock.now())?;
        let taken: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        match (answer.status(), taken["dedup_key"].as_str()) {
            (StatusCode::ACCEPTED, Some(key)) => Ok(Receipt {
                reference: key.to_owned(),
            }),
            _ => Err(not_what_it_says(&answer, "PagerDuty's")),
        }
    }

    fn event(&self, page: &Page) -> Value {
        let action = match &page.content {
            Content::Incident { event, .. } => match event {
                Event::Opened | Event::Reminder => "trigger",
                Event::Acknowledged { .. } => "acknowledge",
                Event::Resolved => "resolve",
            },
            Content::Digest(_) | Content::Proof | Content::Presence(_) => "trigger",
        };
        let mut event = json!({
            "routing_key": self.routing_key.expose(),
            "event_action": action,
            "dedup_key": dedup_key(page),
        });
        // An alert that is there already keeps its payload.
        if action == "trigger" {
            event["payload"] = payload(page);
            event["client"] = json!(format!("Twinline {}", one_line(&page.instance)));
            if let Some(look) = &page.look {
                event["client_url"] = json!(look);
            }
            if let Some(link) = &page.acknowledge {
                event["links"] = json!([{ "href": link, "text": "Acknowledge" }]);
            }
        }
        event
    }
}

/// A digest is filed under its gravest incident: what acknowledges and resolves that one reaches it.
fn dedup_key(page: &Page) -> String {
    let about = match (page.content.gravest(), &page.content) {
        (Some(matter), _) => one_line(&matter.incident),
        (None, Content::Presence(asked)) => format!("presence/{}", one_line(&asked.change)),
        (None, _) => format!("proof/{}", one_line(&page.id)),
    };
    cut(
        &format!("{}/{about}", one_line(&page.instance)),
        KEY_MAX_CHARS,
    )
}

fn payload(page: &Page) -> Value {
    let gravest = page.content.gravest();
    let mut payload = json!({
        "summary": cut(&subject(&page.content), SUMMARY_MAX_CHARS),
        "source": one_line(&page.instance),
        "severity": match page.content.severity() {
            Severity::Critical => "critical",
            Severity::Warning => "warning",
            Severity::Info => "info",
        },
        "timestamp": gravest.map_or(page.at, |matter| matter.since).to_string(),
        "custom_details": details(&page.content),
    });
    if let Some(element) = gravest.and_then(|matter| matter.element.as_ref()) {
        payload["component"] = json!(one_line(element));
    }
    payload
}

fn details(content: &Content) -> Value {
    let matters = content.matters();
    let [matter] = matters else {
        let listed = matters.iter().take(LISTED_MAX).map(all);
        return json!({ "incidents": listed.collect::<Vec<_>>(), "count": matters.len() });
    };
    all(matter)
}

fn all(matter: &Matter) -> Value {
    let mut all: Map<String, Value> = facts(matter)
        .into_iter()
        .map(|(name, value)| (name.to_lowercase().replace(' ', "_"), json!(value)))
        .collect();
    all.insert("headline".to_owned(), json!(one_line(&matter.headline)));
    if !matter.details.is_empty() {
        all.insert("details".to_owned(), json!(matter.details));
    }
    Value::Object(all)
}

/// `invalid event: 'payload.source' is missing`, of an answer in PagerDuty's shape; else the answer itself.
fn explanation(answer: &Response<Bytes>) -> String {
    let Ok(said) = serde_json::from_slice::<Value>(answer.body()) else {
        return body(answer);
    };
    let errors = said["errors"].as_array().into_iter().flatten();
    let words = std::iter::once(&said["message"]).chain(errors);
    let words: Vec<&str> = words.filter_map(Value::as_str).collect();
    if words.is_empty() {
        return body(answer);
    }
    words.join(": ")
}

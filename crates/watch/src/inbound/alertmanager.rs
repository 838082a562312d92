//! Alertmanager's webhook, version 4 (<https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>).
//!
//! An alert says what it is about by its label `element` (`host:m1`), as the rules in `deploy/prometheus` do, and what else may
//! be the reason by its annotation `implicates` (elements, with spaces or commas between). One that names none is an element of
//! its own, `alert:NAME/FINGERPRINT`: it opens an incident when it is grave, and explains no other failure.

use serde::Deserialize;
use std::collections::BTreeMap;
use twinline_core::digest::Digest;
use twinline_core::watch::element::{Element, Kind, Path};
use twinline_core::watch::signal::{Severity, Signal, State};

/// More alerts in one call are refused: Alertmanager's `max_alerts` bounds them.
pub const ALERTS_MAX: usize = 10_000;
/// What is told of an alert has at most so many characters.
const SUMMARY_MAX_CHARS: usize = 300;
/// Names and labels longer than this are cut off.
const NAME_MAX_CHARS: usize = 100;

/// Why a call cannot be read. The caller's mistake: it is not to be tried again as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not what Alertmanager sends.
    #[error("the body is not what Alertmanager's webhook sends: {0}")]
    Shape(String),
    /// Of another version.
    #[error("the body is of version '{0}' of Alertmanager's webhook; version 4 is understood")]
    Version(String),
    /// Too many alerts.
    #[error(
        "the body has {0} alerts; at most {ALERTS_MAX} are taken: set max_alerts in Alertmanager's webhook_config"
    )]
    TooMany(usize),
}

/// What a call says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// One for each alert, in their order.
    pub signals: Vec<Signal>,
    /// So many alerts more there were, which Alertmanager left out.
    pub left_out: u64,
}

#[derive(Deserialize)]
struct Call {
    version: String,
    alerts: Vec<Alert>,
    #[serde(default, rename = "truncatedAlerts")]
    truncated: u64,
}

#[derive(Deserialize)]
struct Alert {
    status: Status,
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    fingerprint: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Firing,
    Resolved,
}

/// Reads a call's body.
///
/// # Errors
/// See [`Unreadable`]; nothing of the call is taken then.
pub fn read(body: &[u8]) -> Result<Heard, Unreadable> {
    let call: Call =
        serde_json::from_slice(body).map_err(|error| Unreadable::Shape(error.to_string()))?;
    if call.version != "4" {
        return Err(Unreadable::Version(cut(&call.version, NAME_MAX_CHARS)));
    }
    if call.alerts.len() > ALERTS_MAX {
        return Err(Unreadable::TooMany(call.alerts.len()));
    }
    Ok(Heard {
        signals: call.alerts.iter().map(Alert::signal).collect(),
        left_out: call.truncated,
    })
}

impl Alert {
    fn signal(&self) -> Signal {
        let fingerprint = self.fingerprint();
        let (subject, wrong) = self.subject(&fingerprint);
        let state = match self.status {
            Status::Resolved => State::Passing,
            Status::Firing => State::Failing {
                severity: self.severity(),
                implicates: self.implicates(),
                summary: self.summary(wrong),
            },
        };
        Signal {
            source: format!("alertmanager/{fingerprint}"),
            subject,
            state,
        }
    }

    /// What the alert is known by; the older Alertmanagers tell none.
    fn fingerprint(&self) -> String {
        if self.fingerprint.is_empty() {
            return Digest::of(&self.labels)
                .to_string()
                .chars()
                .take(16)
                .collect();
        }
        cut(&self.fingerprint, NAME_MAX_CHARS)
    }

    fn name(&self) -> String {
        let name = self.labels.get("alertname");
        name.map_or_else(|| "alert".to_owned(), |name| cut(name, NAME_MAX_CHARS))
    }

    /// What it is about, and what is wrong with what it says of that. It is heard all the same.
    fn subject(&self, fingerprint: &str) -> (Element, Option<String>) {
        let own = || Element::new(Kind::Alert, format!("{}/{fingerprint}", self.name()));
        match self.labels.get("element") {
            None => (own(), None),
            Some(text) => match cut(text, NAME_MAX_CHARS).parse() {
                Ok(element) => (element, None),
                Err(error) => (own(), Some(format!("its label element: {error}"))),
            },
        }
    }

    fn severity(&self) -> Severity {
        match self.labels.get("severity").map(String::as_str) {
            Some("critical" | "page" | "emergency") => Severity::Critical,
            Some("info" | "none") => Severity::Info,
            _ => Severity::Warning,
        }
    }

    fn implicates(&self) -> Path {
        let said = self.annotations.get("implicates");
        let words = said
            .into_iter()
            .flat_map(|said| said.split([',', ' ']))
            .filter(|word| !word.is_empty());
        words.filter_map(|word| word.parse().ok()).collect()
    }

    fn summary(&self, wrong: Option<String>) -> String {
        let said = |name: &str| self.annotations.get(name).filter(|said| !said.is_empty());
        let said = said("summary").or_else(|| said("description"));
        let mut summary = said.map_or_else(|| self.name(), |said| cut(said, SUMMARY_MAX_CHARS));
        if let Some(wrong) = wrong {
            summary.push_str(&format!(" ({wrong})"));
        }
        summary
    }
}

/// One line, without control characters, of at most so many characters.
fn cut(text: &str, max_chars: usize) -> String {
    let line = text
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it });
    line.take(max_chars).collect()
}

#[cfg(test)]
#[path = "alertmanager_tests.rs"]
mod tests;

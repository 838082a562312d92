//! What one tracker's examination found.

use super::description::{Description, Operation, Verdict};
use super::parameters;
use super::recorded::Exchange;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use twinline_trackers::conformance::Report;

/// Statuses that any operation may answer, though the descriptions name them for few: of authentication, of what is
/// hidden or gone (GitHub's "Troubleshooting the REST API" says so for all of its resources), of limits and
/// of an unchanged answer to a conditional request.
const EVERYWHERE: &[u16] = &[304, 401, 403, 404, 429];

/// The outcome for one tracker.
pub struct Tally {
    tracker: &'static str,
    description: Description,
    requests: usize,
    operations: BTreeSet<String>,
    /// Each violation with how often it was seen.
    violations: BTreeMap<String, usize>,
    /// Bodies that were not checked, by the reason.
    unchecked: BTreeMap<String, usize>,
    /// Checks of the connector's own suite that passed.
    passed: usize,
}

impl Tally {
    pub(super) const fn new(tracker: &'static str, description: Description) -> Self {
        Self {
            tracker,
            description,
            requests: 0,
            operations: BTreeSet::new(),
            violations: BTreeMap::new(),
            unchecked: BTreeMap::new(),
            passed: 0,
        }
    }

    /// Whether nothing is wrong, and something was looked at.
    pub fn holds(&self) -> bool {
        self.violations.is_empty() && !self.operations.is_empty()
    }

    /// The tracker's name.
    pub const fn tracker(&self) -> &'static str {
        self.tracker
    }

    /// Every violation, with how often it was seen.
    pub const fn violations(&self) -> &BTreeMap<String, usize> {
        &self.violations
    }

    /// How many operations of the description were used.
    pub fn covered(&self) -> usize {
        self.operations.len()
    }

    /// How many checks of the connector's own suite passed.
    pub const fn passed(&self) -> usize {
        self.passed
    }

    /// What to print.
    pub(super) fn sentences(&self, as_json: bool) -> Vec<String> {
        if as_json {
            return vec![self.json().to_string()];
        }
        let violations = self.violations.iter();
        let mut lines: Vec<String> = violations
            .map(|(what, times)| format!("{}: {times} times: {what}", self.tracker))
            .collect();
        let reasons = self.unchecked.iter();
        lines
            .extend(reasons.map(|(why, times)| {
                format!("{}: {times} bodies not checked: {why}", self.tracker)
            }));
        lines.push(format!(
            "{}: {} requests to {} of {} operations, {} violations, {} bodies not checked; {} checks of the suite passed",
            self.tracker,
            self.requests,
            self.operations.len(),
            self.description.operations(),
            self.violations.values().sum::<usize>(),
            self.unchecked.values().sum::<usize>(),
            self.passed,
        ));
        lines
    }

    fn json(&self) -> Value {
        json!({
            "tracker": self.tracker,
            "requests": self.requests,
            "violations": self.violations.values().sum::<usize>(),
            "operations": self.operations.len(),
            "described": self.description.operations(),
            "unchecked": self.unchecked.values().sum::<usize>(),
            "checks": self.passed,
            "found": self.violations,
        })
    }

    /// Takes in how the connector's own suite went: a broken check is a violation too.
    pub(super) fn suite(&mut self, report: &Report) {
        self.passed = report.passed.len();
        for (name, what) in &report.broken {
            self.violation(format!("suite: {name}: {what}"));
        }
    }

    /// Holds one exchange against the description.
    pub(super) fn judge(&mut self, exchange: &Exchange) {
        self.requests += 1;
        let (request, response) = (&exchange.request, &exchange.response);
        if self.description.is_elsewhere(request.uri().path()) {
            return self.skip("an operation of another API, which is not described");
        }
        let operation = self
            .description
            .operation(request.method().as_str(), request.uri().path());
        let operation = match operation {
            Ok(operation) => operation,
            Err(what) => return self.violation(what),
        };
        let status = response.status().as_u16();
        self.operations.insert(operation.name.clone());
        let faults = parameters::faults(&mut self.description, &operation, request);
        for fault in faults {
            self.violation(format!("{}: request: {fault}", operation.name));
        }
        self.request_body(&operation, request);
        match self.description.response(&operation, status) {
            Some(described) => self.answer_body(&operation, status, &described, response.body()),
            None if EVERYWHERE.contains(&status) => {
                self.skip("an answer that any operation may give")
            }
            None => self.violation(format!("{}: answer: status {status}", operation.name)),
        }
    }

    fn request_body(&mut self, operation: &Operation, request: &http::Request<bytes::Bytes>) {
        let name = &operation.name;
        let body = request.body();
        if operation.body.is_null() {
            if !body.is_empty() {
                self.violation(format!("{name}: request: there is no body"));
            }
            return;
        }
        if body.is_empty() {
            // A body of bytes may be of none.
            if operation.body["required"] == true
                && operation.body["content"].get("application/json").is_some()
            {
                self.violation(format!("{name}: request: the body is missing"));
            }
            return;
        }
        let kind = request.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/json") {
            // A form's boundary and the like are no part of its type.
            let essence = kind.split(';').next().unwrap_or_default().trim();
            return match operation.body["content"].get(essence) {
                Some(_) => self.skip("a request's body that is not JSON"),
                None => self.violation(format!("{name}: request: its content type is '{kind}'")),
            };
        }
        let schema = operation.body["content"]["application/json"]["schema"].clone();
        self.body(&format!("{name}: request"), &schema, body);
    }

    fn answer_body(&mut self, operation: &Operation, status: u16, described: &Value, body: &[u8]) {
        let name = format!("{}: answer {status}", operation.name);
        let content = &described["content"];
        let schema = content["application/json"]["schema"].clone();
        if !schema.is_null() {
            return self.body(&name, &schema, body);
        }
        let wanted = content
            .as_object()
            .is_some_and(|content| !content.is_empty());
        // An error's body is often left undescribed; a success without content has none.
        match (wanted || status >= 400, body.is_empty()) {
            (_, true) => {}
            (true, false) => self.skip("the answer is described without a schema"),
            (false, false) if body == b"{}" || body == b"null" => {}
            (false, false) => self.violation(format!("{name}: there is no body")),
        }
    }

    fn body(&mut self, name: &str, schema: &Value, body: &[u8]) {
        // An empty schema says nothing, not even that there is a body.
        if schema.as_object().is_none_or(serde_json::Map::is_empty) {
            return self.skip("the body is described without a schema");
        }
        let value: Value = match serde_json::from_slice(body) {
            Ok(value) => value,
            Err(error) => return self.violation(format!("{name}: not JSON: {error}")),
        };
        match self.description.validate(name, schema, &value) {
            Verdict::Valid => {}
            Verdict::Invalid(errors) => {
                for error in errors {
                    let short: String = error.chars().take(300).collect();
                    self.violation(format!("{name}: {short}"));
                }
            }
            Verdict::Unchecked(why) => self.skip(&format!("{name}: {why}")),
        }
    }

    fn violation(&mut self, what: String) {
        *self.violations.entry(what).or_default() += 1;
    }

    fn skip(&mut self, why: &str) {
        *self.unchecked.entry(why.to_owned()).or_default() += 1;
    }
}

//! A request of a known caller, with the parts that Jira's operations share.

use super::failure::Failure;
use crate::call::Call;
use serde_json::Value;
use twinline_core::time::Timestamp;

/// A request and who makes it.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) now: Timestamp,
    /// An account id.
    pub(super) caller: String,
}

/// A part of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) start_at: usize,
    pub(super) max_results: usize,
}

impl Page {
    /// The part of a whole list.
    pub(super) fn of<T: Clone>(self, all: &[T]) -> Vec<T> {
        all.iter()
            .skip(self.start_at)
            .take(self.max_results)
            .cloned()
            .collect()
    }
}

impl Asked<'_> {
    /// A parameter that may come several times and hold several values with commas.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let values = self.call.query.iter().filter(|(key, _)| key == name);
        values
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Whether a parameter says `true`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.call.param(name) == Some("true")
    }

    /// `startAt` and `maxResults`, the latter at most `most`.
    pub(super) fn page(&self, usual: usize, most: usize) -> Result<Page, Failure> {
        let number = |name: &str, usual: usize| match self.call.param(name) {
            None => Ok(usual),
            Some(text) => text.parse().map_err(|_| {
                Failure::invalid(format!("The value '{text}' of '{name}' is not a number."))
            }),
        };
        Ok(Page {
            start_at: number("startAt", 0)?,
            max_results: number("maxResults", usual)?.min(most),
        })
    }

    /// The body as JSON.
    pub(super) fn body(&self) -> Result<Value, Failure> {
        self.call.json().map_err(|_| {
            Failure::invalid(
                "There was an error parsing JSON. Check that your request body is valid.",
            )
        })
    }

    /// The body as a JSON object.
    pub(super) fn object(&self) -> Result<Value, Failure> {
        match self.body()? {
            body @ Value::Object(_) => Ok(body),
            _ => Err(Failure::invalid(
                "Invalid request payload. Refer to the REST API documentation and try again.",
            )),
        }
    }
}

/// The texts in an array of a body; none when it is absent.
pub(super) fn texts(body: &Value, name: &str) -> Vec<String> {
    let values = body.get(name).and_then(Value::as_array);
    values
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

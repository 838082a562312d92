//! A request of a known caller, with the parts that the operations share.

use super::failure::Failure;
use crate::call::Call;
use serde_json::Value;
use twinline_core::time::Timestamp;

/// A request and who makes it.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) now: Timestamp,
    /// A unique name.
    pub(super) caller: String,
    /// The name of the project that the path begins with.
    pub(super) project: Option<String>,
}

/// Who does something, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct By<'a> {
    pub(super) now: Timestamp,
    /// A unique name.
    pub(super) who: &'a str,
}

impl Asked<'_> {
    /// The caller, now.
    pub(super) fn by(&self) -> By<'_> {
        By {
            now: self.now,
            who: &self.caller,
        }
    }

    /// A parameter's values between commas.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        split(self.call.param(name).unwrap_or_default())
    }

    /// Whether a parameter says `true`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.call
            .param(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A parameter that is a number, at most `most`.
    pub(super) fn number(&self, name: &str, usual: usize, most: usize) -> Result<usize, Failure> {
        match self.call.param(name) {
            None => Ok(usual),
            Some(text) => match text.parse::<usize>() {
                Ok(number) => Ok(number.min(most)),
                Err(_) => Err(Failure::invalid(format!(
                    "The value '{text}' of {name} is not a number."
                ))),
            },
        }
    }

    /// A parameter that is an instant.
    pub(super) fn instant(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        self.call.param(name).map(instant).transpose()
    }

    /// Whether `$expand` takes something in.
    pub(super) fn expands(&self, what: &str) -> bool {
        let expand = self
            .call
            .param("$expand")
            .unwrap_or_default()
            .to_ascii_lowercase();
        expand == "all" || expand == what
    }

    /// The body as JSON.
    pub(super) fn body(&self) -> Result<Value, Failure> {
        match self.call.json() {
            Ok(Value::Null) => Err(Failure::invalid("You must pass a valid body.")),
            Ok(body) => Ok(body),
            Err(error) => Err(Failure::invalid(error.to_string())),
        }
    }
}

/// Values between commas.
pub(super) fn split(text: &str) -> Vec<String> {
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// An instant, or a day.
pub(super) fn instant(text: &str) -> Result<Timestamp, Failure> {
    let day = || Timestamp::parse(&format!("{text}T00:00:00Z"));
    Timestamp::parse(text)
        .or_else(|_| day())
        .map_err(|_| Failure::invalid(format!("'{text}' is not a valid date.")))
}

//! Texts with slots: `/projects/{project}/items`.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

/// A text with slots in braces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::json_http) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Slot(String),
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let unclosed =
            || format!("'{text}' has a brace without its other half: slots are written {{name}}");
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (slot, after) = after.split_once('}').ok_or_else(unclosed)?;
            if before.contains('}') || slot.is_empty() || slot.contains('{') {
                return Err(unclosed());
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Slot(slot.to_owned()));
            rest = after;
        }
        if rest.contains('}') {
            return Err(unclosed());
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }
}

impl Template {
    /// The names of its slots.
    pub(in crate::json_http) fn slots(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Slot(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The slot that is all of it.
    pub(in crate::json_http) fn only_slot(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Slot(name)] => Some(name),
            _ => None,
        }
    }

    /// What it begins with.
    pub(in crate::json_http) fn begins_with(&self, text: &str) -> bool {
        matches!(self.0.first(), Some(Part::Text(first)) if first.starts_with(text))
    }

    /// Filled in; `None` where a slot has no value.
    pub(in crate::json_http) fn fill(
        &self,
        value: impl Fn(&str) -> Option<String>,
    ) -> Option<String> {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => Some(text.clone()),
            Part::Slot(name) => value(name),
        });
        parts.collect()
    }

    /// Filled in for an address: no value can leave its segment of the path.
    pub(in crate::json_http) fn fill_path(
        &self,
        value: impl Fn(&str) -> Option<String>,
    ) -> Option<String> {
        self.fill(|name| Some(utf8_percent_encode(&value(name)?, NON_ALPHANUMERIC).to_string()))
    }

    /// The one slot's value by which the template gives `text`; `None` where it does not, or has no or several slots.
    pub(in crate::json_http) fn undo<'a>(&self, text: &'a str) -> Option<(&str, &'a str)> {
        let (before, name, after) = match self.0.as_slice() {
            [Part::Slot(name)] => ("", name, ""),
            [Part::Text(before), Part::Slot(name)] => (before.as_str(), name, ""),
            [Part::Slot(name), Part::Text(after)] => ("", name, after.as_str()),
            [Part::Text(before), Part::Slot(name), Part::Text(after)] => {
                (before.as_str(), name, after.as_str())
            }
            _ => return None,
        };
        let value = text.strip_prefix(before)?.strip_suffix(after)?;
        (!value.is_empty()).then_some((name, value))
    }
}

//! Entity properties of issues. Setting one neither changes `updated` nor writes to the changelog.

use super::JiraCloud;
use super::failure::{Answer, Failure};
use super::request::Asked;
use crate::call::{empty, json};
use http::StatusCode;
use serde_json::{Value, json};

/// The longest value, in bytes of JSON.
const LONGEST_VALUE_BYTES: usize = 32_768;
/// The longest key, in bytes.
const LONGEST_KEY_BYTES: usize = 255;

impl JiraCloud {
    pub(super) fn list_properties(&self, id: u64) -> Answer {
        let keys: Value = self.issue(id).properties.keys()
            .map(|key| json!({"key": key, "self": self.site.url(&format!("issue/{id}/properties/{key}"))}))
            .collect();
        Ok(json(StatusCode::OK, &json!({"keys": keys})))
    }

    pub(super) fn get_property(&self, id: u64, key: &str) -> Answer {
        match self.issue(id).properties.get(key) {
            Some(value) => Ok(json(StatusCode::OK, &json!({"key": key, "value": value}))),
            None => Err(no_property(key)),
        }
    }

    pub(super) fn put_property(&mut self, asked: &Asked<'_>, id: u64, key: &str) -> Answer {
        let value = asked.body()?;
        if asked.call.body().is_empty() || asked.call.body().len() > LONGEST_VALUE_BYTES {
            return Err(Failure::invalid(
                "The property value must be valid, non-empty JSON of at most 32768 bytes.",
            ));
        }
        if key.len() > LONGEST_KEY_BYTES {
            return Err(Failure::invalid(
                "The property key cannot be longer than 255 characters.",
            ));
        }
        let Some(issue) = self.store.issues.get_mut(&id) else {
            return Err(Failure::no_issue());
        };
        let status = match issue.properties.insert(key.to_owned(), value) {
            Some(_) => StatusCode::OK,
            None => StatusCode::CREATED,
        };
        self.index.note(asked.now, issue.id, issue);
        Ok(empty(status))
    }

    pub(super) fn delete_property(&mut self, asked: &Asked<'_>, id: u64, key: &str) -> Answer {
        let Some(issue) = self.store.issues.get_mut(&id) else {
            return Err(Failure::no_issue());
        };
        if issue.properties.remove(key).is_none() {
            return Err(no_property(key));
        }
        self.index.note(asked.now, issue.id, issue);
        Ok(empty(StatusCode::NO_CONTENT))
    }
}

fn no_property(key: &str) -> Failure {
    Failure::not_found(format!("The property with key '{key}' does not exist."))
}

//! Editing notes, since Redmine 5.0.

use super::Redmine;
use super::route::{Answer, Asked, Failure};
use super::show::sees;
use crate::call::empty;
use http::StatusCode;
use serde_json::Value;

impl Redmine {
    /// The issue that a journal belongs to.
    pub(super) fn issue_of_journal(&self, journal: u64) -> Option<u64> {
        let mut living = self.issues.values().filter(|issue| !issue.deleted);
        let found = living.find(|issue| issue.journals.iter().any(|each| each.id == journal));
        found.map(|issue| issue.id)
    }

    pub(super) fn update_journal(&mut self, asked: &Asked<'_>, id: &str) -> Answer {
        let id = id.parse().map_err(|_| Failure::NotFound)?;
        let issue = self.issue_of_journal(id).ok_or(Failure::NotFound)?;
        let journals = &self.visible(&issue.to_string())?.journals;
        let journal = journals
            .iter()
            .find(|each| each.id == id)
            .ok_or(Failure::NotFound)?;
        if !sees(&asked.caller, journal) {
            return Err(Failure::NotFound);
        }
        let attributes = asked.object("journal")?;
        let notes = attributes
            .get("notes")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let private = match attributes.get("private_notes") {
            Some(Value::Bool(private)) => Some(*private),
            Some(Value::String(text)) => Some(matches!(text.as_str(), "1" | "true")),
            _ => None,
        }
        .filter(|_| asked.may_hide_notes());
        self.rewrite(issue, id, notes, private);
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Edits notes. The issue's `updated_on` stays, as in the real one; a journal without notes and details goes.
    pub(super) fn rewrite(
        &mut self,
        issue: u64,
        id: u64,
        notes: Option<String>,
        private: Option<bool>,
    ) {
        let Some(issue) = self.issues.get_mut(&issue) else {
            return;
        };
        for journal in issue.journals.iter_mut().filter(|journal| journal.id == id) {
            journal.notes = notes.clone().unwrap_or_else(|| journal.notes.clone());
            journal.private = private.unwrap_or(journal.private);
        }
        issue.journals.retain(|journal| {
            journal.id != id || !journal.notes.trim().is_empty() || !journal.details.is_empty()
        });
    }
}

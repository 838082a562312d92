//! What an account offers, and whether the node works.

use super::account::{Account, CLOSED};
use super::{SUMMARY_MAX_CHARS, Zendesk, decode, wire};
use crate::error::TrackerError;
use crate::http::Call;
use crate::tracker::{Description, FieldDescription, Probe, Scope, Status};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{Choice, field};
use twinline_core::names::FieldName;

/// A greater difference makes the overlap of sweeps unsafe.
const SKEW_MAX_MS: i64 = 60_000;

const TYPES: [&str; 4] = ["problem", "incident", "question", "task"];
const PRIORITIES: [&str; 4] = ["low", "normal", "high", "urgent"];

/// The status that a ticket has only at first.
const NEW: &str = "new";

impl Zendesk {
    /// Asks who we are, what we may do, and what time it is there.
    pub(super) async fn check_node(&self) -> Result<Probe, TrackerError> {
        let reply = match self.client.send(Call::get("/api/v2/users/me")).await {
            Err(TrackerError::Credentials { sentence }) => {
                return Ok(Probe {
                    faults: vec![sentence],
                    ..Probe::default()
                });
            }
            other => other?,
        };
        let me = reply.json::<wire::OneUser>()?.user;
        let mut faults = Vec::new();
        let mut fault = |sentence: &str| faults.push(sentence.to_owned());
        match (me.id, me.role.as_deref()) {
            (None, _) => fault(
                "Zendesk takes these credentials for those of nobody: is token access switched on in Admin Center, APIs?",
            ),
            (_, Some("admin")) => {}
            (_, Some("agent")) => fault(
                "the account is an agent: Zendesk shows what changed (incremental exports) to administrators only, so \
                 give it the role Administrator",
            ),
            _ => fault("the account is a customer's: give it the role Administrator"),
        }
        if me.suspended == Some(true) {
            fault("the account of these credentials is suspended: use another, or unsuspend it");
        }
        let skew_ms = self.client.skew_ms();
        if skew_ms.abs() > SKEW_MAX_MS {
            fault(&format!(
                "Zendesk's clock and this machine's differ by {} s: set this machine's clock",
                skew_ms / 1000
            ));
        }
        Ok(Probe {
            account: me.id.map(|_| decode::user(&me)),
            skew_ms,
            version: None,
            faults,
        })
    }

    /// What keeps us from working in one place.
    pub(super) async fn check_place(
        &self,
        scope: &Scope,
        webhook: Option<&str>,
    ) -> Result<Vec<String>, TrackerError> {
        let mut faults = Vec::new();
        match self.place(scope).await {
            Err(TrackerError::Refused { sentence, .. }) => faults.push(sentence),
            place => drop(place?),
        }
        if let Some(url) = webhook {
            let standing = self.standing(url).await?;
            faults.extend(standing.fault().map(str::to_owned));
        }
        Ok(faults)
    }

    /// Fields, statuses and people of a scope.
    pub(super) async fn describe_scope(&self, scope: &Scope) -> Result<Description, TrackerError> {
        let place = self.place(scope).await?;
        let account = self.account().await?;
        let mut fields = standard(&account);
        let custom = account
            .fields
            .values()
            .filter(|field| field.active != Some(false));
        fields.extend(custom.map(|field| (FieldName::new(field.id.to_string()), described(field))));
        Ok(Description {
            fields,
            statuses: statuses(&account),
            users: self.agents(place.group).await?,
        })
    }
}

/// Any status is set from any other, but that none is set back to new, and that nothing leads out of closed.
fn statuses(account: &Account) -> Vec<Status> {
    let all = account.all_statuses();
    let later = all.iter().filter(|(_, category)| category != NEW);
    let later: BTreeSet<String> = later.map(|(status, _)| status.id.clone()).collect();
    let status = |(status, category): &(Choice, String)| Status {
        status: status.clone(),
        demands: BTreeSet::new(),
        leads_to: Some(match category.as_str() {
            CLOSED => BTreeSet::new(),
            _ => later.clone(),
        }),
        closed: matches!(category.as_str(), "solved" | CLOSED),
    };
    all.iter().map(status).collect()
}

/// Fields that every ticket has.
fn standard(account: &Account) -> BTreeMap<FieldName, FieldDescription> {
    let one = |name: &str, kind: &str, writable: bool, options: Vec<Choice>| FieldDescription {
        name: name.to_owned(),
        kind: kind.to_owned(),
        required: name == "Subject",
        writable,
        max_chars: (name == "Subject").then_some(SUMMARY_MAX_CHARS),
        options,
    };
    let words = |words: [&str; 4]| words.map(decode::named).to_vec();
    let statuses = account.all_statuses().into_iter();
    let statuses = statuses.map(|(status, _)| status).collect();
    let standard = [
        (field::SUMMARY, one("Subject", "text", true, Vec::new())),
        // The first comment: written with a new ticket, and never again.
        (
            field::DESCRIPTION,
            one("Description", "rich", false, Vec::new()),
        ),
        (field::STATUS, one("Status", "choice", true, statuses)),
        (
            field::PRIORITY,
            one("Priority", "choice", true, words(PRIORITIES)),
        ),
        (field::TYPE, one("Type", "choice", true, words(TYPES))),
        (field::LABELS, one("Tags", "set", true, Vec::new())),
        (field::ASSIGNEE, one("Assignee", "user", true, Vec::new())),
        (field::REPORTER, one("Requester", "user", true, Vec::new())),
        (field::DUE, one("Due date", "date", false, Vec::new())),
        (field::CREATED, one("Created", "time", false, Vec::new())),
        (field::UPDATED, one("Updated", "time", false, Vec::new())),
    ];
    let standard = standard.into_iter();
    standard
        .map(|(id, described)| (FieldName::from(id), described))
        .collect()
}

fn described(field: &wire::Field) -> FieldDescription {
    let options = field.custom_field_options.iter();
    let options = options.map(|option| decode::option(Some(field), &option.value));
    FieldDescription {
        name: field.title.clone(),
        kind: match field.kind.as_str() {
            "checkbox" => "bool",
            "date" => "date",
            "integer" | "decimal" => "number",
            "tagger" => "choice",
            "multiselect" => "choices",
            "lookup" if decode::leads_to_user(field) => "user",
            _ => "text",
        }
        .to_owned(),
        required: false,
        // Zendesk keeps the last four digits, and takes no number by its API.
        writable: field.kind != "partialcreditcard",
        options: options.collect(),
        max_chars: None,
    }
}

//! What a project and tracker offer, and whether the node works.

use super::{Redmine, SUMMARY_MAX_CHARS, client, decode, wire};
use crate::error::TrackerError;
use crate::http::Call;
use crate::tracker::{Description, FieldDescription, Probe, Scope, Status};
use http::StatusCode;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{Choice, User, field};
use twinline_core::names::FieldName;

/// A greater difference makes the overlap of sweeps unsafe.
const SKEW_MAX_MS: i64 = 60_000;

/// Members that are read at most.
const MEMBERS_MAX: usize = 2000;

impl Redmine {
    /// Asks who we are.
    pub(super) async fn check_node(&self) -> Result<Probe, TrackerError> {
        let reply = match self.client.send(Call::get("/users/current.json")).await {
            Err(TrackerError::Credentials { sentence }) => {
                return Ok(Probe {
                    faults: vec![sentence],
                    ..Probe::default()
                });
            }
            other => other?,
        };
        let current: wire::CurrentUser = reply.json()?;
        let account = Some(decode::account(&current.user));
        // Where Redmine, or the server before it, tells its time.
        let skew_ms = self.client.skew_ms();
        let faults = (skew_ms.abs() > SKEW_MAX_MS).then(|| {
            format!(
                "Redmine's clock and this machine's differ by {} s: set this machine's clock",
                skew_ms / 1000
            )
        });
        Ok(Probe {
            account,
            skew_ms,
            version: None,
            faults: faults.into_iter().collect(),
        })
    }

    /// A sentence for each permission that our account lacks in the scope's project.
    pub(super) async fn check_place(&self, scope: &Scope) -> Result<Vec<String>, TrackerError> {
        let name = super::project(scope)?;
        let call = Call::get(super::project_path(name, ""));
        let project = self.client.send(call).await?.json::<wire::OneProject>()?;
        let mut faults = self.lacking(name, project.project.id).await?;
        faults.extend(self.check_notation(scope).await?);
        Ok(faults)
    }

    /// Fields, statuses and people of a scope.
    pub(super) async fn describe_scope(&self, scope: &Scope) -> Result<Description, TrackerError> {
        let project = super::project(scope)?;
        self.tracker_id(scope).await?;
        let include = "trackers,issue_categories,issue_custom_fields";
        let call = Call::get(super::project_path(project, "")).query("include", include);
        let project_found = self
            .client
            .send(call)
            .await?
            .json::<wire::OneProject>()?
            .project;
        let statuses: wire::Statuses = self
            .client
            .send(Call::get("/issue_statuses.json"))
            .await?
            .json()?;
        let priorities: wire::Priorities = self
            .client
            .send(Call::get("/enumerations/issue_priorities.json"))
            .await?
            .json()?;
        let users = self.members(project).await?;
        let mut fields = standard(&project_found, &statuses, &priorities);
        self.custom(scope, &project_found, &mut fields).await?;
        Ok(Description {
            fields,
            statuses: statuses.issue_statuses.iter().map(status).collect(),
            users,
        })
    }

    /// The members of a project.
    pub(super) async fn members(&self, project: &str) -> Result<Vec<User>, TrackerError> {
        let mut members = Vec::new();
        let mut read = 0;
        loop {
            let call = Call::get(super::project_path(project, "/memberships"))
                .query("limit", client::PAGE_ISSUES.to_string())
                .query("offset", read.to_string());
            let page: wire::Memberships = self.client.send(call).await?.json()?;
            read += page.memberships.len();
            members.extend(
                page.memberships
                    .iter()
                    .filter_map(|member| member.user.as_ref())
                    .map(decode::user),
            );
            if page.memberships.is_empty() || read >= page.total_count.min(MEMBERS_MAX) {
                break;
            }
        }
        self.with_addresses(&mut members).await?;
        Ok(members)
    }

    /// Adds logins and e-mail addresses, which only administrators may list; without them people are told by table.
    async fn with_addresses(&self, members: &mut [User]) -> Result<(), TrackerError> {
        for member in members {
            let call = Call::get(format!("/users/{}.json", member.id));
            let call = call.accept(&[StatusCode::FORBIDDEN, StatusCode::NOT_FOUND]);
            let reply = self.client.send(call).await?;
            if reply.status.is_success() {
                *member = decode::account(&reply.json::<wire::CurrentUser>()?.user);
            }
        }
        Ok(())
    }

    /// Custom fields: names for everyone, formats and options for administrators.
    ///
    /// A project lists only the fields that were chosen for it. Those that are *for all projects* show on its issues;
    /// in a scope without any issue only an administrator's list of definitions tells of them.
    async fn custom(
        &self,
        scope: &Scope,
        project: &wire::Project,
        fields: &mut BTreeMap<FieldName, FieldDescription>,
    ) -> Result<(), TrackerError> {
        let call = Call::get("/custom_fields.json").accept(&[StatusCode::FORBIDDEN]);
        let reply = self.client.send(call).await?;
        let mut known = if reply.status.is_success() {
            reply.json::<wire::CustomFields>()?.custom_fields
        } else {
            Vec::new()
        };
        known.retain(|known| known.customized_type == "issue");
        let (newest, _) = self.newest(scope, 0).await?;
        let mut named = project.issue_custom_fields.clone();
        let shown = newest.issues.iter().flat_map(|issue| &issue.custom_fields);
        named.extend(shown.map(wire::CustomField::named));
        if newest.issues.is_empty() {
            named.extend(of_tracker(&known, scope));
        }
        for named in &named {
            let definition = known.iter().find(|known| known.id == named.id);
            fields.insert(
                FieldName::new(format!("cf_{}", named.id)),
                custom(named, definition),
            );
        }
        Ok(())
    }
}

/// The defined fields that the scope's tracker has.
fn of_tracker<'a>(
    known: &'a [wire::CustomFieldDefinition],
    scope: &'a Scope,
) -> impl Iterator<Item = wire::Named> + 'a {
    let tracker = scope.get("tracker");
    let has = move |known: &&wire::CustomFieldDefinition| {
        tracker.is_none_or(|name| known.trackers.iter().any(|tracker| tracker.name == *name))
    };
    known.iter().filter(has).map(|known| wire::Named {
        id: known.id,
        name: known.name.clone(),
    })
}

fn standard(
    project: &wire::Project,
    statuses: &wire::Statuses,
    priorities: &wire::Priorities,
) -> BTreeMap<FieldName, FieldDescription> {
    let options = |named: &[wire::Named]| named.iter().map(decode::option).collect::<Vec<Choice>>();
    let statuses = statuses.issue_statuses.iter().map(status_choice).collect();
    let mut fields = BTreeMap::new();
    let mut add = |id: &str, name: &str, kind: &str, writable: bool, options: Vec<Choice>| {
        let described = FieldDescription {
            name: name.to_owned(),
            kind: kind.to_owned(),
            required: id == field::SUMMARY,
            writable,
            options,
            max_chars: (id == field::SUMMARY).then_some(SUMMARY_MAX_CHARS),
        };
        fields.insert(FieldName::from(id), described);
    };
    add(field::SUMMARY, "Subject", "text", true, vec![]);
    add(field::DESCRIPTION, "Description", "rich", true, vec![]);
    add(
        field::TYPE,
        "Tracker",
        "choice",
        true,
        options(&project.trackers),
    );
    add(field::STATUS, "Status", "choice", true, statuses);
    add(
        field::PRIORITY,
        "Priority",
        "choice",
        true,
        options(&priorities.issue_priorities),
    );
    add(field::ASSIGNEE, "Assignee", "user", true, vec![]);
    add(field::REPORTER, "Author", "user", false, vec![]);
    add(field::PARENT, "Parent task", "text", true, vec![]);
    add(field::DUE, "Due date", "date", true, vec![]);
    add(field::CREATED, "Created", "time", false, vec![]);
    add(field::UPDATED, "Updated", "time", false, vec![]);
    add(
        "category",
        "Category",
        "choice",
        true,
        options(&project.issue_categories),
    );
    add("fixed_version", "Target version", "choice", true, vec![]);
    add("start_date", "Start date", "date", true, vec![]);
    add("done_ratio", "% Done", "number", true, vec![]);
    add("estimated_hours", "Estimated time", "number", true, vec![]);
    add("is_private", "Private", "bool", true, vec![]);
    fields
}

fn custom(
    named: &wire::Named,
    definition: Option<&wire::CustomFieldDefinition>,
) -> FieldDescription {
    let option = |value: &wire::PossibleValue| Choice {
        id: value.value.clone(),
        name: value.label.clone().unwrap_or_else(|| value.value.clone()),
    };
    let multiple = definition.is_some_and(|definition| definition.multiple);
    // Every value of a custom field travels as a text, several as a list of texts.
    let kind = if multiple { "set" } else { "text" };
    FieldDescription {
        name: named.name.clone(),
        kind: kind.to_owned(),
        required: definition.is_some_and(|definition| definition.is_required),
        writable: true,
        options: definition
            .map(|definition| definition.possible_values.iter().map(option).collect())
            .unwrap_or_default(),
        max_chars: definition.and_then(|definition| definition.max_length),
    }
}

fn status(status: &wire::Status) -> Status {
    // The workflow depends on role and author; an issue's `allowed_statuses` tells, a scope's description cannot.
    Status {
        status: status_choice(status),
        demands: BTreeSet::new(),
        leads_to: None,
        closed: status.is_closed,
    }
}

fn status_choice(status: &wire::Status) -> Choice {
    Choice {
        id: status.id.to_string(),
        name: status.name.clone(),
    }
}

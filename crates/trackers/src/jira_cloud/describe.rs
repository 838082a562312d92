//! What a project and type offer, and whether the node works.

use super::{Jira, SUMMARY_MAX_CHARS, client, decode, wire};
use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::http::Call;
use crate::tracker::{Description, FieldDescription, Probe, Scope, Status};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::BTreeMap;
use twinline_core::item::{Choice, User, field};
use twinline_core::names::FieldName;

/// Users among whom Jira looks for those who can be assigned; it goes no further.
const USERS_MAX: usize = 1000;
/// Users among whom one request looks.
const USERS_RANGE: usize = 100;

/// A greater difference makes the overlap of sweeps and the search for lost creates unsafe.
const SKEW_MAX_MS: i64 = 60_000;

/// Without these nothing is right: Jira's names, and what they let one do. The permissions on comments concern one's own.
const PERMISSIONS: &[(&str, &str)] = &[
    ("BROWSE_PROJECTS", "read issues"),
    ("CREATE_ISSUES", "create issues"),
    ("EDIT_ISSUES", "edit issues"),
    ("TRANSITION_ISSUES", "change an issue's status"),
    ("ASSIGN_ISSUES", "assign issues"),
    ("ADD_COMMENTS", "write comments"),
    ("EDIT_OWN_COMMENTS", "edit its comments"),
    ("DELETE_OWN_COMMENTS", "delete its comments"),
];

impl Jira {
    /// Asks who we are, what we may do, and what time it is there.
    pub(super) async fn check_node(&self) -> Result<Probe, TrackerError> {
        let reply = match self.client.send(Call::get("/rest/api/3/myself")).await {
            Err(TrackerError::Credentials { sentence }) => {
                return Ok(Probe {
                    faults: vec![sentence],
                    ..Probe::default()
                });
            }
            other => other?,
        };
        let me: wire::Account = reply.json()?;
        let lacking = self.lacking(None).await?;
        let sentence = |(key, what): &(&str, &str)| {
            format!("the account may {what} in no project: give it the permission {key}")
        };
        let mut faults: Vec<String> = lacking.iter().map(sentence).collect();
        if me.active == Some(false) {
            let why =
                "the account of these credentials is deactivated: use another, or activate it";
            faults.push(why.to_owned());
        }
        let skew_ms = self.client.skew_ms();
        if skew_ms.abs() > SKEW_MAX_MS {
            faults.push(format!(
                "Jira's clock and this machine's differ by {} s: set this machine's clock",
                skew_ms / 1000
            ));
        }
        let account = Some(decode::user(&me));
        Ok(Probe {
            account,
            skew_ms,
            version: None,
            faults,
        })
    }

    /// A sentence for each permission that this account lacks in the scope's project.
    pub(super) async fn check_place(&self, scope: &Scope) -> Result<Vec<String>, TrackerError> {
        let project = super::project(scope)?;
        let lacking = self.lacking(Some(project)).await?;
        let sentence = |(key, what): &(&str, &str)| {
            format!(
                "the account may not {what} in project {project}: give it the permission {key} there"
            )
        };
        Ok(lacking.iter().map(sentence).collect())
    }

    /// The permissions that this account has not in a project, or in none at all.
    async fn lacking(
        &self,
        project: Option<&str>,
    ) -> Result<Vec<(&'static str, &'static str)>, TrackerError> {
        let keys: Vec<&str> = PERMISSIONS.iter().map(|(key, _)| *key).collect();
        let mut call = Call::get("/rest/api/3/mypermissions").query("permissions", keys.join(","));
        if let Some(project) = project {
            call = call.query("projectKey", project);
        }
        let mine: wire::Permissions = self.client.send(call).await?.json()?;
        let lacks = |key: &str| mine.permissions.get(key).is_none_or(|one| !one.have);
        let lacking = PERMISSIONS.iter().filter(|(key, _)| lacks(key));
        Ok(lacking.copied().collect())
    }

    /// Fields, statuses and people of a scope.
    pub(super) async fn describe_scope(&self, scope: &Scope) -> Result<Description, TrackerError> {
        let project = super::project(scope)?;
        let kind = scope.get("type").map_or("", String::as_str);
        let types = self.types(project).await?;
        let place = format!("{project}/{kind}");
        let mut fields = standard();
        // No create screen has the resolution: its options are asked for by themselves.
        let call = Call::get("/rest/api/3/resolution");
        let resolutions: Vec<wire::Named> = self.client.send(call).await?.json()?;
        if let Some(described) = fields.get_mut(field::RESOLUTION) {
            let option = |one: wire::Named| Choice {
                id: one.id,
                name: one.name,
            };
            described.options = resolutions.into_iter().map(option).collect();
        }
        if let Some(one) = types.iter().find(|one| one.name == kind) {
            self.create_fields(project, &one.id, &mut fields).await?;
        }
        self.see(&place).await?;
        let workflow = self.workflow(&place);
        let statuses = self.statuses(project, kind).await?;
        // What an issue cannot be without, a screen has already.
        let lacks = |name: &FieldName| !fields.get(name).is_some_and(|field| field.required);
        let status = |one: &wire::Status| Status {
            status: Choice {
                id: one.id.clone(),
                name: one.name.clone(),
            },
            leads_to: workflow.leads_to.get(&one.id).cloned(),
            demands: workflow
                .demands(&one.id)
                .into_iter()
                .filter(lacks)
                .collect(),
            closed: one.is_done(),
        };
        Ok(Description {
            statuses: statuses.iter().map(status).collect(),
            users: self.users(project).await?,
            fields,
        })
    }

    async fn types(&self, project: &str) -> Result<Vec<wire::TypeStatuses>, TrackerError> {
        let path = format!(
            "/rest/api/3/project/{}/statuses",
            utf8_percent_encode(project, NON_ALPHANUMERIC)
        );
        self.client.send(Call::get(path)).await?.json()
    }

    /// The statuses of a type; of all types when none is named.
    pub(super) async fn statuses(
        &self,
        project: &str,
        kind: &str,
    ) -> Result<Vec<wire::Status>, TrackerError> {
        let types = self.types(project).await?;
        if !kind.is_empty() && !types.iter().any(|one| one.name == kind) {
            let names = types
                .iter()
                .map(|one| one.name.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            let why = format!("the project {project} has no type '{kind}'; it has {names}");
            return Err(client::refused(Impossible::part("scope", why)));
        }
        let mut statuses: Vec<wire::Status> = Vec::new();
        for one in types
            .into_iter()
            .filter(|one| kind.is_empty() || one.name == kind)
        {
            for status in one.statuses {
                if !statuses.iter().any(|known| known.id == status.id) {
                    statuses.push(status);
                }
            }
        }
        Ok(statuses)
    }

    async fn create_fields(
        &self,
        project: &str,
        kind: &str,
        fields: &mut BTreeMap<FieldName, FieldDescription>,
    ) -> Result<(), TrackerError> {
        let project = utf8_percent_encode(project, NON_ALPHANUMERIC);
        let mut read = 0;
        for _ in 0..client::PAGES_MAX {
            let call = Call::get(format!(
                "/rest/api/3/issue/createmeta/{project}/issuetypes/{kind}"
            ))
            .query("startAt", read.to_string())
            .query("maxResults", "100");
            let page: wire::CreateFields = self.client.send(call).await?.json()?;
            read += page.fields.len();
            for one in page.fields.iter().filter(|one| {
                !matches!(
                    one.field_id.as_str(),
                    "project" | "attachment" | "issuelinks"
                )
            }) {
                fields.insert(FieldName::from(decode::ours(&one.field_id)), described(one));
            }
            if page.fields.is_empty() || read >= page.total {
                break;
            }
        }
        Ok(())
    }

    async fn users(&self, project: &str) -> Result<Vec<User>, TrackerError> {
        let mut users: Vec<User> = Vec::new();
        // Jira takes a range of all users and leaves out of it who cannot be assigned: a short page, or an empty one, is
        // not the last.
        for start in (0..USERS_MAX).step_by(USERS_RANGE) {
            let call = Call::get("/rest/api/3/user/assignable/search")
                .query("project", project)
                .query("startAt", start.to_string())
                .query("maxResults", USERS_RANGE.to_string());
            let page: Vec<wire::Account> = self.client.send(call).await?.json()?;
            users.extend(page.iter().map(decode::user));
        }
        Ok(users)
    }
}

/// Fields that every issue has, also where no create screen shows them.
fn standard() -> BTreeMap<FieldName, FieldDescription> {
    let one = |name: &str, kind: &str, writable: bool, max_chars: Option<usize>| FieldDescription {
        name: name.to_owned(),
        kind: kind.to_owned(),
        required: false,
        writable,
        options: Vec::new(),
        max_chars,
    };
    [
        (
            field::SUMMARY,
            one("Summary", "text", true, Some(SUMMARY_MAX_CHARS)),
        ),
        (field::DESCRIPTION, one("Description", "rich", true, None)),
        (field::TYPE, one("Issue Type", "choice", true, None)),
        (field::STATUS, one("Status", "choice", true, None)),
        (field::RESOLUTION, one("Resolution", "choice", true, None)),
        (field::LABELS, one("Labels", "set", true, None)),
        (field::ASSIGNEE, one("Assignee", "user", true, None)),
        (field::REPORTER, one("Reporter", "user", true, None)),
        (field::CREATED, one("Created", "time", false, None)),
        (field::UPDATED, one("Updated", "time", false, None)),
    ]
    .into_iter()
    .map(|(id, described)| (FieldName::from(id), described))
    .collect()
}

fn described(one: &wire::CreateField) -> FieldDescription {
    FieldDescription {
        name: one.name.clone(),
        kind: kind(one).to_owned(),
        required: one.required && !one.has_default_value,
        writable: true,
        options: one
            .allowed_values
            .iter()
            .filter_map(decode::option)
            .collect(),
        max_chars: (one.field_id == "summary").then_some(SUMMARY_MAX_CHARS),
    }
}

/// Our kind of a field's schema.
fn kind(one: &wire::CreateField) -> &'static str {
    let textarea = one
        .schema
        .custom
        .as_deref()
        .is_some_and(|custom| custom.ends_with(":textarea"));
    match (one.schema.kind.as_str(), one.schema.items.as_deref()) {
        _ if textarea || matches!(one.field_id.as_str(), "description" | "environment") => "rich",
        ("array", Some("string")) => "set",
        ("array", Some("user")) => "users",
        ("array", _) => "choices",
        ("number", _) => "number",
        ("date", _) => "date",
        ("datetime", _) => "time",
        ("user", _) => "user",
        ("option-with-child", _) => "cascade",
        (
            "option" | "priority" | "resolution" | "issuetype" | "status" | "version" | "component",
            _,
        ) => "choice",
        ("string", _) => "text",
        ("issuelink", _) => "text",
        _ => "json",
    }
}

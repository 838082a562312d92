//! What a project and type offer, and whether the node works.

use super::shape::Kind;
use super::{Azure, SUMMARY_MAX_CHARS, client, decode, wire};
use crate::connector::{self, Impossible};
use crate::error::TrackerError;
use crate::tracker::{Description, FieldDescription, Probe, Scope, Status};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{Choice, User, field};
use twinline_core::names::FieldName;

/// A greater difference makes the overlap of sweeps and the search for lost creates unsafe.
const SKEW_MAX_MS: i64 = 60_000;

/// How deep the trees of areas and iterations are read: Azure DevOps lets them be 14 deep.
const DEPTH: &str = "14";

impl Azure {
    /// Asks who we are and what time it is there.
    pub(super) async fn check_node(&self) -> Result<Probe, TrackerError> {
        let us = match self.us().await {
            Err(TrackerError::Credentials { sentence }) => {
                return Ok(Probe {
                    faults: vec![sentence],
                    ..Probe::default()
                });
            }
            Err(TrackerError::Unreachable { reason }) => {
                let why = format!(
                    "there is no organization at {}: write its whole address, such as https://dev.azure.com/acme ({reason})",
                    self.base()
                );
                return Ok(Probe {
                    faults: vec![why],
                    ..Probe::default()
                });
            }
            other => other?,
        };
        let skew_ms = self.client.skew_ms();
        let mut faults = Vec::new();
        if skew_ms.abs() > SKEW_MAX_MS {
            faults.push(format!(
                "Azure DevOps' clock and this machine's differ by {} s: set this machine's clock",
                skew_ms / 1000
            ));
        }
        Ok(Probe {
            account: Some(us),
            skew_ms,
            version: None,
            faults,
        })
    }

    /// Our account.
    pub(super) async fn us(&self) -> Result<User, TrackerError> {
        let call = crate::http::Call::get(client::path("connectionData"));
        let data: wire::ConnectionData = self.client.send(call).await?.json()?;
        let account = data.user.properties["Account"]["$value"].as_str();
        Ok(decode::user(&wire::Identity {
            display_name: Some(data.user.name),
            unique_name: account.map(str::to_owned),
            descriptor: data.user.descriptor,
            id: None,
        }))
    }

    /// What keeps us from working in a scope: a project, type or area that is not there, and a webhook that is switched off.
    pub(super) async fn check_place(
        &self,
        scope: &Scope,
        webhook: Option<&str>,
    ) -> Result<Vec<String>, TrackerError> {
        let project = super::project(scope)?;
        let kind = connector::named(scope, "type", super::TRACKER)?;
        if let Err(error) = self.shape(project, kind).await {
            return match error {
                TrackerError::Unreachable { reason } => Ok(vec![format!(
                    "the account does not see the type {kind} in project {project}: give it the permission to view work items there, \
                     or mend the scope ({reason})"
                )]),
                other => Err(other),
            };
        }
        let mut faults: Vec<String> = self.check_rights(scope).await?.into_iter().collect();
        if let Some(url) = webhook {
            let standing = self.standing(project, url).await?;
            faults.extend(standing.fault().map(str::to_owned));
        }
        Ok(faults)
    }

    /// Fields, states and people of a scope.
    pub(super) async fn describe_scope(&self, scope: &Scope) -> Result<Description, TrackerError> {
        let project = super::project(scope)?;
        let kind = connector::named(scope, "type", super::TRACKER)?;
        let shape = match self.shape(project, kind).await {
            Err(TrackerError::Unreachable { reason }) => {
                return Err(client::refused(Impossible::part("scope", reason)));
            }
            shape => shape?,
        };
        let rest = format!("wit/workitemtypes/{}/fields", client::part(kind));
        let call = client::get(client::path_in(project, &rest)).query("$expand", "allowedValues");
        let listed: wire::Listed<wire::TypeField> = self.client.send(call).await?.json()?;
        let trees = self.trees(project).await?;
        let users = people_in(&listed.value);
        let mut fields = BTreeMap::new();
        for one in listed
            .value
            .iter()
            .filter(|one| decode::is_own(&one.reference))
        {
            let kind = shape.kind(&one.reference).unwrap_or(Kind::Text);
            let writable = !shape.is_read_only(&one.reference);
            let mut described = described(one, kind, writable);
            if let Some(paths) = trees.get(&one.reference) {
                described.options.clone_from(paths);
            }
            fields.insert(FieldName::from(decode::ours(&one.reference)), described);
        }
        fields.insert(field::PARENT.into(), parent());
        let status = |state: &wire::State| Status {
            status: decode::named(&state.name),
            demands: BTreeSet::new(),
            leads_to: leads_to(&shape.kind, &state.name),
            closed: matches!(state.category.as_str(), "Completed" | "Removed"),
        };
        Ok(Description {
            fields,
            statuses: shape.kind.states.iter().map(status).collect(),
            users,
        })
    }

    /// The areas and iterations of a project, by the field that holds them.
    async fn trees(&self, project: &str) -> Result<BTreeMap<String, Vec<Choice>>, TrackerError> {
        let path = client::path_in(project, "wit/classificationnodes");
        let call = client::get(path).query("$depth", DEPTH);
        let roots: wire::Listed<wire::Node> = self.client.send(call).await?.json()?;
        let mut trees = BTreeMap::new();
        for root in &roots.value {
            let field = match root.structure.as_str() {
                "area" => decode::AREA,
                _ => "System.IterationPath",
            };
            let mut paths = Vec::new();
            let mut open = vec![(root, root.name.clone())];
            while let Some((node, path)) = open.pop() {
                let below = node.children.iter().rev();
                open.extend(below.map(|child| (child, format!("{path}\\{}", child.name))));
                paths.push(decode::named(&path));
            }
            trees.insert(field.to_owned(), paths);
        }
        Ok(trees)
    }
}

/// Those who can be assigned.
fn people_in(fields: &[wire::TypeField]) -> Vec<User> {
    let assigned = decode::theirs(field::ASSIGNEE);
    let allowed = fields.iter().filter(|one| one.reference == assigned);
    let allowed = allowed.flat_map(|one| one.allowed.iter().cloned());
    let people = allowed.filter_map(|one| serde_json::from_value::<wire::Identity>(one).ok());
    people.map(|one| decode::user(&one)).collect()
}

fn leads_to(kind: &wire::Type, state: &str) -> Option<BTreeSet<String>> {
    let ways = kind.transitions.get(state)?;
    let names = ways
        .iter()
        .map(|way| way.to.clone())
        .filter(|to| to != state);
    Some(names.collect())
}

fn described(one: &wire::TypeField, kind: Kind, writable: bool) -> FieldDescription {
    let ours = decode::ours(&one.reference);
    let texts = one.allowed.iter().filter_map(|value| match value {
        serde_json::Value::String(text) => Some(decode::named(text)),
        serde_json::Value::Number(number) => Some(decode::named(&number.to_string())),
        _ => None,
    });
    FieldDescription {
        name: one.name.clone(),
        kind: match (ours, kind) {
            (field::TYPE | field::STATUS | field::PRIORITY, _) => "choice",
            (field::LABELS, _) => "set",
            (field::DUE, _) => "date",
            (_, Kind::Rich) => "rich",
            (_, Kind::Number) => "number",
            (_, Kind::Bool) => "bool",
            (_, Kind::Time) => "time",
            (_, Kind::User) => "user",
            (_, Kind::Text | Kind::Path) => "text",
        }
        .to_owned(),
        required: one.required && one.default.is_null(),
        writable,
        options: texts.collect(),
        max_chars: (ours == field::SUMMARY).then_some(SUMMARY_MAX_CHARS),
    }
}

/// No field of a type, but a link.
fn parent() -> FieldDescription {
    FieldDescription {
        name: "Parent".to_owned(),
        kind: "text".to_owned(),
        required: false,
        writable: true,
        options: Vec::new(),
        max_chars: None,
    }
}

//! What is known of a workflow: which statuses lead to which.
//!
//! Who may read workflows (an administrator of Jira or, for a project's own workflow, of the project) is told all of it
//! by `POST /workflows`. Anybody else is told only which transitions lead away from the status that an issue is in; then
//! the map is learnt, from every issue that is looked at and from one issue in each status. Either way the map is only a
//! hint: every step is taken from the transitions that the issue itself offers then.

use super::{Jira, client, decode, transition, wire};
use crate::error::TrackerError;
use crate::http::{Call, Cost};
use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::PoisonError;
use twinline_core::names::FieldName;

/// Workflows that are remembered.
const WORKFLOWS_MAX: usize = 512;

/// A workflow as far as it is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Workflow {
    /// Which statuses each status leads to, by id; a status that is missing was never looked from.
    pub(super) leads_to: BTreeMap<String, BTreeSet<String>>,
    /// The statuses that count as finished, as far as they were seen.
    pub(super) finished: BTreeSet<String>,
    /// What the screens on the ways between two statuses demand, as far as issues have offered them: in all of them, where
    /// several ways lead from the one to the other.
    pub(super) screens: BTreeMap<(String, String), BTreeSet<FieldName>>,
}

impl Workflow {
    /// The first status on a shortest way from `at` to `wanted`.
    pub(super) fn towards(&self, at: &str, wanted: &str) -> Option<String> {
        self.first_step(at, |status| status == wanted, |_| true)
    }

    /// The first status on a shortest way from `at` to a status that was never looked from. Finished ones are not walked
    /// through on a guess: they set resolutions and tell people.
    pub(super) fn towards_unseen(&self, at: &str) -> Option<String> {
        let open = |status: &str| !self.finished.contains(status);
        let unseen = |status: &str| !self.leads_to.contains_key(status) && open(status);
        self.first_step(at, unseen, open)
    }

    /// The fields that every known way into a status demands.
    pub(super) fn demands(&self, wanted: &str) -> BTreeSet<FieldName> {
        let ways = self.screens.iter().filter(|((_, to), _)| to == wanted);
        let shared = ways.map(|(_, demanded)| demanded.clone());
        let shared = shared.reduce(|one, other| &one & &other);
        shared.unwrap_or_default()
    }

    fn first_step(
        &self,
        at: &str,
        wanted: impl Fn(&str) -> bool,
        through: impl Fn(&str) -> bool,
    ) -> Option<String> {
        // Each status with the first step of the way that leads to it.
        let mut first: BTreeMap<&str, &str> = BTreeMap::new();
        let mut waiting = VecDeque::from([at]);
        while let Some(status) = waiting.pop_front() {
            for next in self.leads_to.get(status).into_iter().flatten() {
                if next == at || first.contains_key(next.as_str()) {
                    continue;
                }
                let step = first.get(status).copied().unwrap_or(next);
                if wanted(next) {
                    return Some(step.to_owned());
                }
                first.insert(next, step);
                if through(next) {
                    waiting.push_back(next);
                }
            }
        }
        None
    }
}

impl Jira {
    /// What is known of a workflow.
    pub(super) fn workflow(&self, place: &str) -> Workflow {
        let workflows = self
            .workflows
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        workflows.get(place).cloned().unwrap_or_default()
    }

    /// Remembers what a status leads to.
    pub(super) fn learn(&self, place: &str, at: &str, open: &[wire::Transition]) {
        self.remember(place, |workflow| {
            let to = open.iter().map(|way| way.to.id.clone());
            workflow.leads_to.insert(at.to_owned(), to.collect());
            workflow.screens.retain(|(from, _), _| from != at);
            for way in open {
                let demanded = demanded(way);
                let known = workflow.screens.entry((at.to_owned(), way.to.id.clone()));
                known
                    .and_modify(|known| *known = &*known & &demanded)
                    .or_insert(demanded);
            }
            let done = open.iter().filter(|way| way.to.is_done());
            workflow.finished.extend(done.map(|way| way.to.id.clone()));
        });
    }

    fn remember(&self, place: &str, change: impl FnOnce(&mut Workflow)) {
        let mut workflows = self
            .workflows
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if workflows.len() < WORKFLOWS_MAX || workflows.contains_key(place) {
            change(workflows.entry(place.to_owned()).or_default());
        }
    }

    /// Reads a workflow as a whole where Jira lets us, else looks at one issue in each status that the map does not show
    /// yet.
    pub(super) async fn explore(&self, place: &str) -> Result<(), TrackerError> {
        if self.read_whole(place).await? {
            return Ok(());
        }
        let known = self.workflow(place).leads_to.into_keys().collect();
        self.look(place, &known).await
    }

    /// The same, for people: what the ways demand is told by issues alone, so that one is looked at in each status, anew each
    /// time, even where the workflow is read. It is read last: it has the ways, too, that the issue which was looked at does
    /// not offer.
    pub(super) async fn see(&self, place: &str) -> Result<(), TrackerError> {
        self.look(place, &BTreeSet::new()).await?;
        self.read_whole(place).await.map(drop)
    }

    /// Reads a workflow as a whole; false where Jira does not let us.
    async fn read_whole(&self, place: &str) -> Result<bool, TrackerError> {
        let (project, kind) = place.split_once('/').unwrap_or((place, ""));
        if kind.is_empty() {
            return Ok(false);
        }
        let Some(whole) = self.read_workflow(project, kind).await? else {
            return Ok(false);
        };
        self.remember(place, |workflow| {
            workflow.leads_to = whole.leads_to;
            workflow.finished = whole.finished;
        });
        Ok(true)
    }

    /// Looks at one issue in each status but some.
    async fn look(&self, place: &str, but: &BTreeSet<String>) -> Result<(), TrackerError> {
        let (project, kind) = place.split_once('/').unwrap_or((place, ""));
        let statuses = self.statuses(project, kind).await?;
        for status in statuses.iter().filter(|status| !but.contains(&status.id)) {
            let jql = format!(
                "project = \"{project}\" AND issuetype = \"{kind}\" AND status = {}",
                status.id
            );
            let (found, _) =
                client::search(&self.client, &jql, None, &[], client::OF_VERSION).await?;
            let Some(issue) = found.issues.first() else {
                continue;
            };
            // The search lags: one that is gone meanwhile teaches nothing.
            let Ok((issue, _)) = client::issue(&self.client, &issue.id).await? else {
                continue;
            };
            let at = transition::status(&issue)
                .map(|status| status.id)
                .unwrap_or_default();
            self.transitions(&issue.id, place, &at).await?;
        }
        Ok(())
    }

    /// The whole workflow of a project's type; `None` where this account may not read it.
    async fn read_workflow(
        &self,
        project: &str,
        kind: &str,
    ) -> Result<Option<Workflow>, TrackerError> {
        let path = format!(
            "/rest/api/3/project/{}",
            utf8_percent_encode(project, NON_ALPHANUMERIC)
        );
        let project: wire::Project = self.client.send(Call::get(path)).await?.json()?;
        let Some(kind) = project.issue_types.iter().find(|one| one.name == kind) else {
            return Ok(None);
        };
        let pair = json!({ "projectId": project.id, "issueTypeId": kind.id });
        // The description says 401 for a permission that is missing, which is no fault of the credentials.
        let call = Call::post("/rest/api/3/workflows")
            .cost(Cost::Read)
            .accept(&[
                StatusCode::BAD_REQUEST,
                StatusCode::UNAUTHORIZED,
                StatusCode::FORBIDDEN,
                StatusCode::NOT_FOUND,
            ])
            .json(&json!({ "projectAndIssueTypes": [pair] }));
        let reply = self.client.send(call).await?;
        if !reply.status.is_success() {
            return Ok(None);
        }
        let read: wire::Workflows = reply.json()?;
        Ok(read.workflows.first().map(|one| whole(one, &read.statuses)))
    }
}

/// The fields that a transition's screen demands.
fn demanded(way: &wire::Transition) -> BTreeSet<FieldName> {
    let fields = way.fields.iter();
    fields
        .filter(|(_, field)| transition::is_demanded(field))
        .map(|(name, _)| FieldName::from(decode::ours(name)))
        .collect()
}

/// A workflow from its description, in which statuses are named by references that hold within the answer only.
fn whole(read: &wire::Workflow, statuses: &[wire::WorkflowStatus]) -> Workflow {
    let id = |reference: &str| {
        let found = statuses.iter().find(|one| one.reference == reference);
        found.map(|one| one.id.clone())
    };
    let all: Vec<String> = read
        .statuses
        .iter()
        .filter_map(|one| id(&one.reference))
        .collect();
    let mut workflow = Workflow {
        leads_to: all
            .iter()
            .map(|status| (status.clone(), BTreeSet::new()))
            .collect(),
        finished: statuses
            .iter()
            .filter(|one| one.category == "DONE")
            .map(|one| one.id.clone())
            .collect(),
        ..Workflow::default()
    };
    for way in &read.transitions {
        let Some(to) = way.to.as_deref().and_then(id) else {
            continue;
        };
        let from: Vec<String> = match way.kind.as_str() {
            "GLOBAL" => all.clone(),
            "DIRECTED" => way
                .links
                .iter()
                .filter_map(|link| id(link.from.as_deref()?))
                .collect(),
            // The first status of a new issue.
            _ => continue,
        };
        for from in from.into_iter().filter(|from| *from != to) {
            workflow
                .leads_to
                .entry(from)
                .or_default()
                .insert(to.clone());
        }
    }
    workflow
}

#[cfg(test)]
mod tests;

//! Reaching a status through a workflow.
//!
//! Jira tells only which transitions lead away from the status that an issue is in. The map of a workflow is learnt:
//! from every issue that is looked at, and, when a path is wanted that the map does not show, from one issue in each
//! status. The map is kept for each project and type and is only a hint: every step is taken from the transitions that
//! the issue itself offers then.

use super::encode::Writes;
use super::{Jira, client, wire};
use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::http::{Call, Permit};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::PoisonError;
use twinline_core::item::Choice;

/// Which statuses each status leads to.
pub(super) type Workflow = BTreeMap<String, BTreeSet<String>>;

/// Workflows that are remembered.
const WORKFLOWS_MAX: usize = 512;
/// Transitions that one write makes at most.
const STEPS_MAX: usize = 10;

/// How reaching a status ended.
pub(super) enum Reached {
    /// It is there.
    Yes,
    /// No transition leads there: why.
    No(String),
}

impl Jira {
    /// Moves an issue to a status, step by step. `writes` are fields that the screens on the way may ask for; what a
    /// screen takes is taken out of them.
    pub(super) async fn reach(
        &self,
        id: &str,
        wanted: &Choice,
        writes: &mut Writes,
        key: &str,
    ) -> Result<Reached, TrackerError> {
        for _ in 0..STEPS_MAX {
            let issue = client::issue_here(&self.client, id).await?;
            let at = status(&issue);
            if at.as_ref() == Some(wanted) {
                return Ok(Reached::Yes);
            }
            let at = at.map(|status| status.id).unwrap_or_default();
            let place = place(&issue);
            let open = self.transitions(id, &place, &at).await?;
            let Some(next) = self.step(&place, &at, &wanted.id, &open).await? else {
                let names = open
                    .iter()
                    .map(|way| way.to.name.as_str())
                    .collect::<BTreeSet<_>>();
                let names = names.into_iter().collect::<Vec<_>>().join(", ");
                let why = format!(
                    "no transition leads to {} from here; there is a way to: {names}",
                    wanted.name
                );
                return Ok(Reached::No(why));
            };
            self.go(id, next, writes, key).await?;
        }
        Ok(Reached::No(format!(
            "{} is more than {STEPS_MAX} transitions away",
            wanted.name
        )))
    }

    /// The transitions that the issue offers, and a lesson about its workflow.
    async fn transitions(
        &self,
        id: &str,
        place: &str,
        at: &str,
    ) -> Result<Vec<wire::Transition>, TrackerError> {
        let call =
            Call::get(client::path(id, "/transitions")).query("expand", "transitions.fields");
        let open: wire::Transitions = self.client.send(call).await?.json()?;
        let to = open
            .transitions
            .iter()
            .map(|way| way.to.id.clone())
            .collect();
        let mut workflows = self
            .workflows
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if workflows.len() < WORKFLOWS_MAX || workflows.contains_key(place) {
            workflows
                .entry(place.to_owned())
                .or_default()
                .insert(at.to_owned(), to);
        }
        Ok(open.transitions)
    }

    /// The next step of the shortest known way.
    async fn step<'a>(
        &self,
        place: &str,
        at: &str,
        wanted: &str,
        open: &'a [wire::Transition],
    ) -> Result<Option<&'a wire::Transition>, TrackerError> {
        if let Some(direct) = open.iter().find(|way| way.to.id == wanted) {
            return Ok(Some(direct));
        }
        let known = |workflow: &Workflow| first_step(workflow, at, wanted);
        let mut next = known(&self.workflow(place));
        if next.is_none() {
            self.explore(place).await?;
            next = known(&self.workflow(place));
        }
        Ok(next.and_then(|next| open.iter().find(|way| way.to.id == next)))
    }

    /// What is known of a workflow.
    pub(super) fn workflow(&self, place: &str) -> Workflow {
        let workflows = self
            .workflows
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        workflows.get(place).cloned().unwrap_or_default()
    }

    /// Looks at one issue in each status that the map does not show yet.
    pub(super) async fn explore(&self, place: &str) -> Result<(), TrackerError> {
        let (project, kind) = place.split_once('/').unwrap_or((place, ""));
        let statuses = self.statuses(project, kind).await?;
        let known = self.workflow(place);
        for status in statuses
            .iter()
            .filter(|status| !known.contains_key(&status.id))
        {
            let jql = format!(
                "project = \"{project}\" AND issuetype = \"{kind}\" AND status = {}",
                status.id
            );
            let (found, _) = client::search(&self.client, &jql, None, &[]).await?;
            if let Some(issue) = found.issues.first() {
                let issue = client::issue_here(&self.client, &issue.id).await?;
                let at = self::status(&issue)
                    .map(|status| status.id)
                    .unwrap_or_default();
                self.transitions(&issue.id, place, &at).await?;
            }
        }
        Ok(())
    }

    async fn go(
        &self,
        id: &str,
        way: &wire::Transition,
        writes: &mut Writes,
        key: &str,
    ) -> Result<(), TrackerError> {
        let with = writes.split_off(&way.fields);
        if let Some((name, field)) = way
            .fields
            .iter()
            .find(|(name, field)| lacks(field, name, &with))
        {
            let shown = field["name"].as_str().unwrap_or(name);
            let why = format!(
                "the transition '{}' to {} needs the field '{shown}': let the rule set it along with the status",
                way.name, way.to.name
            );
            return Err(client::refused(Impossible::part(
                super::decode::ours(name),
                why,
            )));
        }
        let mut body = with.body();
        body.insert("transition".to_owned(), json!({ "id": way.id }));
        let call = Call::post(client::path(id, "/transitions"))
            .key(key)
            .cost(crate::http::Cost::Write)
            .json(&body);
        self.client.send(call).await.map(drop)
    }

    /// Sends the fields that no screen has taken.
    pub(super) async fn put(
        &self,
        id: &str,
        writes: &Writes,
        key: &str,
        permit: Option<&Permit>,
    ) -> Result<(), TrackerError> {
        if !writes.needs_put() {
            return Ok(());
        }
        let mut call = Call::put(client::path(id, ""))
            .key(key)
            .json(&writes.body());
        if let Some(permit) = permit {
            call = call.prepaid(permit);
        }
        self.client.send(call).await.map(drop)
    }
}

/// Where an issue's workflow is kept: `PROJECT/TYPE`.
pub(super) fn place(issue: &wire::Issue) -> String {
    let text = |name: &str, part: &str| {
        issue
            .fields
            .get(name)
            .and_then(|field| field[part].as_str())
            .unwrap_or("")
    };
    format!("{}/{}", text("project", "key"), text("issuetype", "name"))
}

/// The status that an issue is in.
pub(super) fn status(issue: &wire::Issue) -> Option<Choice> {
    super::decode::option(issue.fields.get("status")?)
}

/// Whether a screen's field must be given and is not.
fn lacks(field: &Json, name: &str, with: &Writes) -> bool {
    let given = with.fields.contains_key(name) || with.update.contains_key(name);
    let flag = |part: &str| field.get(part).and_then(Json::as_bool).unwrap_or(false);
    flag("required") && !flag("hasDefaultValue") && !given
}

/// The first status on a shortest way from `at` to `wanted`.
fn first_step(workflow: &Workflow, at: &str, wanted: &str) -> Option<String> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut waiting = VecDeque::from([at]);
    while let Some(status) = waiting.pop_front() {
        for next in workflow.get(status).into_iter().flatten() {
            if next != at && !came_from.contains_key(next.as_str()) {
                came_from.insert(next, status);
                waiting.push_back(next);
            }
        }
    }
    let mut step = wanted;
    while let Some(before) = came_from.get(step) {
        if *before == at {
            return Some(step.to_owned());
        }
        step = before;
    }
    None
}

/// The part of a workflow that a description shows.
pub(super) fn leads_to(workflow: &Workflow, status: &str) -> Option<BTreeSet<String>> {
    workflow.get(status).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(edges: &[(&str, &[&str])], at: &str, wanted: &str, expected: Option<&str>) {
        let workflow = edges.iter().map(|(from, to)| {
            (
                (*from).to_owned(),
                to.iter().map(|to| (*to).to_owned()).collect(),
            )
        });
        assert_eq!(
            first_step(&workflow.collect(), at, wanted).as_deref(),
            expected
        );
    }

    #[test]
    fn a_way_is_the_shortest_that_is_known() {
        let line: &[(&str, &[&str])] = &[
            ("todo", &["doing"]),
            ("doing", &["todo", "review"]),
            ("review", &["done"]),
        ];
        check(line, "todo", "done", Some("doing"));
        check(line, "doing", "done", Some("review"));
        check(line, "done", "todo", None);
        check(line, "todo", "todo", None);
        check(
            &[("a", &["b", "c"]), ("b", &["c"]), ("c", &["d"])],
            "a",
            "d",
            Some("c"),
        );
    }
}

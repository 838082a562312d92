//! Reaching a status through a workflow, step by step, each step taken from the transitions that the issue itself offers
//! then. The way is the shortest on the map of the workflow ([`super::workflow`]).
//!
//! Where Jira does not let us read workflows, a status in which no issue lies is not on the map. Then the issue itself is
//! led into statuses that nobody has looked from, and asked again there; not into finished ones, and not where a screen
//! asks for a field that the rule does not set. What was tried in vain is walked back.

use super::encode::Writes;
use super::workflow::Workflow;
use super::{Jira, client, wire};
use crate::connector::{Impossible, half_done};
use crate::error::TrackerError;
use crate::http::{Call, Permit, Reply};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use twinline_core::item::Choice;
use twinline_core::names::FieldName;

/// Transitions that one write makes at most, and as many to walk back.
const STEPS_MAX: usize = 10;

/// How reaching a status ended.
pub(super) enum Reached {
    /// It is there.
    Yes,
    /// No transition leads there: why.
    No(String),
}

/// Where an issue stands.
struct Here {
    /// `PROJECT/TYPE`: whose workflow.
    place: String,
    at: Choice,
    open: Vec<wire::Transition>,
    /// The values that it has, which a screen keeps where it is given no others.
    values: Map<String, Json>,
}

/// What was done on the way.
#[derive(Default)]
struct Walk {
    /// Where it began, when a step was made.
    began: Option<Choice>,
    /// Whether a step led into the unseen.
    guessed: bool,
    /// Whether the workflow was asked about on this way.
    explored: bool,
}

impl Jira {
    /// Moves an issue to a status. `writes` are fields that the screens on the way may ask for; what a screen takes is
    /// taken out of them.
    pub(super) async fn reach(
        &self,
        id: &str,
        wanted: &Choice,
        writes: &mut Writes,
        key: &str,
    ) -> Result<Reached, TrackerError> {
        let mut walk = Walk::default();
        let ended = self.walk(id, wanted, writes, key, &mut walk).await;
        let Some(began) = walk.began else {
            return ended;
        };
        let in_vain = matches!(
            ended,
            Ok(Reached::No(_)) | Err(TrackerError::Refused { .. })
        );
        if walk.guessed && in_vain {
            let back = self.walk_back(id, &began, key).await;
            if !back.map_err(half_done)? {
                tracing::warn!(
                    issue = id,
                    from = began.name,
                    "a way into unseen statuses has no way back"
                );
            }
        }
        // Some of the way was made: the write as a whole was neither done nor not done.
        ended.map_err(half_done)
    }

    async fn walk(
        &self,
        id: &str,
        wanted: &Choice,
        writes: &mut Writes,
        key: &str,
        walk: &mut Walk,
    ) -> Result<Reached, TrackerError> {
        for _ in 0..STEPS_MAX {
            let here = self.here(id).await?;
            if here.at == *wanted {
                return Ok(Reached::Yes);
            }
            let Some(next) = self.step(&here, wanted, writes, walk).await? else {
                return Ok(Reached::No(here.no_way(wanted)));
            };
            self.go(id, next, &here.values, writes, key).await?;
            walk.began.get_or_insert(here.at);
        }
        Ok(Reached::No(format!(
            "{} is more than {STEPS_MAX} transitions away",
            wanted.name
        )))
    }

    /// Leads an issue back to where a search began; answers whether it is there.
    async fn walk_back(&self, id: &str, began: &Choice, key: &str) -> Result<bool, TrackerError> {
        for _ in 0..STEPS_MAX {
            let here = self.here(id).await?;
            if here.at == *began {
                return Ok(true);
            }
            let next = here.first(&self.workflow(&here.place), &began.id);
            let without =
                |way: &&wire::Transition| lacking(way, &here.values, &Writes::default()).is_none();
            let Some(next) = next.filter(without) else {
                return Ok(false);
            };
            self.go(id, next, &here.values, &mut Writes::default(), key)
                .await?;
        }
        Ok(false)
    }

    /// Where an issue stands now, and a lesson about its workflow.
    async fn here(&self, id: &str) -> Result<Here, TrackerError> {
        let issue = client::issue_here(&self.client, id).await?;
        let at = status(&issue).unwrap_or_else(|| Choice {
            id: String::new(),
            name: String::new(),
        });
        let place = place(&issue);
        let open = self.transitions(id, &place, &at.id).await?;
        Ok(Here {
            place,
            at,
            open,
            values: issue.fields,
        })
    }

    /// The transitions that the issue offers, and a lesson about its workflow.
    pub(super) async fn transitions(
        &self,
        id: &str,
        place: &str,
        at: &str,
    ) -> Result<Vec<wire::Transition>, TrackerError> {
        let call =
            Call::get(client::path(id, "/transitions")).query("expand", "transitions.fields");
        let open: wire::Transitions = self.client.send(call).await?.json()?;
        self.learn(place, at, &open.transitions);
        Ok(open.transitions)
    }

    /// The next step: on the shortest known way, or into the unseen.
    async fn step<'a>(
        &self,
        here: &'a Here,
        wanted: &Choice,
        writes: &Writes,
        walk: &mut Walk,
    ) -> Result<Option<&'a wire::Transition>, TrackerError> {
        if let Some(known) = here.first(&self.workflow(&here.place), &wanted.id) {
            return Ok(Some(known));
        }
        if !walk.explored {
            walk.explored = true;
            self.explore(&here.place).await?;
            if let Some(known) = here.first(&self.workflow(&here.place), &wanted.id) {
                return Ok(Some(known));
            }
        }
        let passable = here
            .open
            .iter()
            .filter(|way| lacking(way, &here.values, writes).is_none());
        let passable: Vec<&wire::Transition> = passable.collect();
        let mut workflow = self.workflow(&here.place);
        let to = passable.iter().map(|way| way.to.id.clone());
        workflow.leads_to.insert(here.at.id.clone(), to.collect());
        let unseen = workflow.towards_unseen(&here.at.id);
        let next = unseen.and_then(|next| passable.into_iter().find(|way| way.to.id == next));
        walk.guessed |= next.is_some();
        Ok(next)
    }

    async fn go(
        &self,
        id: &str,
        way: &wire::Transition,
        values: &Map<String, Json>,
        writes: &mut Writes,
        key: &str,
    ) -> Result<(), TrackerError> {
        let with = writes.split_off(&way.fields);
        if let Some((name, field)) = lacking(way, values, &with) {
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

    /// Sends the fields that no screen has taken. Answers what was refused of them, and why.
    pub(super) async fn put(
        &self,
        id: &str,
        writes: &mut Writes,
        key: &str,
        permit: Option<&Permit>,
    ) -> Result<Option<(FieldName, String)>, TrackerError> {
        let call = |writes: &Writes| {
            let call = Call::put(client::path(id, ""))
                .key(key)
                .json(&writes.body());
            match permit {
                Some(permit) => call.prepaid(permit),
                None => call,
            }
        };
        if !writes.needs_put() {
            return Ok(None);
        }
        let sent = self.send_fields(writes, call).await;
        sent.map(|(_, refused)| refused)
    }

    /// Sends a write of fields. Jira refuses the whole of it for a parent that it does not take (another level of the
    /// hierarchy, another project): so it is sent again without the parent, and what is taken then was refused for the
    /// parent, which is waived. No reply: nothing else was in it.
    pub(super) async fn send_fields(
        &self,
        writes: &mut Writes,
        call: impl Fn(&Writes) -> Call,
    ) -> Result<(Option<Reply>, Option<(FieldName, String)>), TrackerError> {
        let refused = match self.client.send(call(writes)).await {
            Ok(reply) => return Ok((Some(reply), None)),
            Err(error) => error,
        };
        let Some(parent) = writes.without_parent(&refused) else {
            return Err(refused);
        };
        if !writes.needs_put() {
            return Ok((None, Some(parent)));
        }
        match self.client.send(call(writes)).await {
            // The parent was not the reason, or not the only one: the first sentence tells all.
            Err(TrackerError::Refused { .. }) => Err(refused),
            sent => Ok((Some(sent?), Some(parent))),
        }
    }
}

impl Here {
    /// The open transition that begins the shortest known way to a status.
    fn first(&self, workflow: &Workflow, wanted: &str) -> Option<&wire::Transition> {
        let mut workflow = workflow.clone();
        // What this issue offers outweighs what the map says of its status.
        let to = self.open.iter().map(|way| way.to.id.clone());
        workflow.leads_to.insert(self.at.id.clone(), to.collect());
        let next = workflow.towards(&self.at.id, wanted)?;
        self.open.iter().find(|way| way.to.id == next)
    }

    fn no_way(&self, wanted: &Choice) -> String {
        let names: BTreeSet<&str> = self.open.iter().map(|way| way.to.name.as_str()).collect();
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        format!(
            "no transition leads to {} from here; there is a way to: {names}",
            wanted.name
        )
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

/// The first field that a transition's screen must be given, and that neither the write nor the issue has.
fn lacking<'a>(
    way: &'a wire::Transition,
    values: &Map<String, Json>,
    with: &Writes,
) -> Option<(&'a String, &'a Json)> {
    way.fields
        .iter()
        .find(|(name, field)| lacks(field, name, values, with))
}

/// Whether a screen's field must be given, and neither the write nor the issue has it.
fn lacks(field: &Json, name: &str, values: &Map<String, Json>, with: &Writes) -> bool {
    let given = with.fields.contains_key(name) || with.update.contains_key(name);
    is_demanded(field) && !given && !values.get(name).is_some_and(is_filled)
}

/// Whether a screen's field must be given.
pub(super) fn is_demanded(field: &Json) -> bool {
    let flag = |part: &str| field.get(part).and_then(Json::as_bool).unwrap_or(false);
    flag("required") && !flag("hasDefaultValue")
}

/// Whether an issue's field has a value.
fn is_filled(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::String(text) => !text.is_empty(),
        Json::Array(values) => !values.is_empty(),
        _ => true,
    }
}

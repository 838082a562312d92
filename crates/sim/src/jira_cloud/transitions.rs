//! The workflow: which transitions are open, and what they demand.

use super::JiraCloud;
use super::edit::{By, Plan};
use super::failure::{Answer, Failure};
use super::model::{FieldValue, Issue};
use super::request::Asked;
use super::site::{Project, ResolutionRule, Transition};
use crate::call::{empty, json};
use http::StatusCode;
use serde_json::{Map, Value, json};

impl JiraCloud {
    /// The transitions that an issue's status allows.
    pub(super) fn ways<'a>(
        project: &'a Project,
        issue: &'a Issue,
    ) -> impl Iterator<Item = &'a Transition> {
        let open = |way: &&Transition| way.from.is_empty() || way.from.contains(&issue.status);
        project.workflow.transitions.iter().filter(open)
    }

    /// The open transitions as the API shows them.
    pub(super) fn open_transitions(&self, issue: &Issue, with_fields: bool) -> Vec<Value> {
        let Some(project) = self.site.project(&issue.project) else {
            return Vec::new();
        };
        let one = |way: &Transition| {
            let mut out = json!({"id": way.id, "name": way.name, "hasScreen": !way.screen.is_empty(),
                "isGlobal": way.from.is_empty(), "isInitial": false, "isAvailable": true, "isConditional": false,
                "looped": way.from.is_empty() && way.to == issue.status});
            if let Some(to) = self.site.status(&way.to) {
                out["to"] = self.show().status(to);
            }
            if with_fields {
                let fields = way.screen.iter().filter_map(|id| self.site.field(id));
                let described = fields.map(|field| {
                    let required = way.required.contains(&field.id);
                    (field.id.clone(), self.field_meta(field, project, required))
                });
                out["fields"] = described.collect::<Map<_, _>>().into();
            }
            out
        };
        Self::ways(project, issue).map(one).collect()
    }

    pub(super) fn list_transitions(&self, asked: &Asked<'_>, id: u64) -> Answer {
        let with_fields = asked
            .list("expand")
            .iter()
            .any(|each| each == "transitions.fields");
        let mut all = self.open_transitions(self.issue(id), with_fields);
        if let Some(only) = asked.call.param("transitionId") {
            all.retain(|way| way["id"] == only);
        }
        Ok(json(
            StatusCode::OK,
            &json!({"expand": "transitions", "transitions": all}),
        ))
    }

    pub(super) fn transition(&mut self, asked: &Asked<'_>, id: u64) -> Answer {
        let body = asked.object()?;
        let wanted = match body.pointer("/transition/id") {
            Some(Value::String(text)) => text.clone(),
            // Numbers are taken, too.
            Some(Value::Number(number)) => number.to_string(),
            _ => return Err(Failure::invalid("Missing 'transition' identifier")),
        };
        let project = self.known_project(&self.issue(id).project)?.clone();
        let way = Self::ways(&project, self.issue(id))
            .find(|way| way.id == wanted)
            .cloned();
        let Some(way) = way else {
            return Err(Failure::invalid(format!(
                "Transition id '{wanted}' is not valid for this issue."
            )));
        };
        let screen: Vec<&str> = way.screen.iter().map(String::as_str).collect();
        let plan = self.plan(&project, Some(id), &body, &screen)?;
        let required: Vec<&str> = way.required.iter().map(String::as_str).collect();
        self.check_required(&plan, Some(id), &required, true)?;
        self.go(
            By {
                now: asked.now,
                who: &asked.caller,
            },
            id,
            &way,
            plan,
        );
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Makes a transition with the fields of its screen, then its post function.
    pub(super) fn go(&mut self, by: By<'_>, id: u64, way: &Transition, mut plan: Plan) {
        plan.status = Some(way.to.clone());
        let given = matches!(plan.values.get("resolution"), Some(Some(_)));
        match &way.resolution {
            ResolutionRule::Keep => {}
            ResolutionRule::Clear => drop(plan.values.insert("resolution".to_owned(), None)),
            ResolutionRule::Set(_) if given || self.issue(id).values.contains_key("resolution") => {
            }
            ResolutionRule::Set(resolution) => {
                let value = Some(FieldValue::One(resolution.clone()));
                plan.values.insert("resolution".to_owned(), value);
            }
        }
        self.commit(by, id, plan, "issue_generic");
    }
}

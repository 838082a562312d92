//! Reading workflows as a whole: `POST /rest/api/3/workflows`, for administrators.

use super::JiraCloud;
use super::failure::{Answer, Failure};
use super::request::Asked;
use super::site::{Category, Project, Transition};
use crate::call::json;
use http::StatusCode;
use serde_json::{Value, json};

impl JiraCloud {
    /// The workflows of the project and type pairs that are asked for; names and ids of workflows are unknown here.
    pub(super) fn read_workflows(&self, asked: &Asked<'_>) -> Answer {
        if !self.site.switches.workflows_readable {
            return Err(Failure::message(
                StatusCode::UNAUTHORIZED,
                "You do not have permission to access workflows.",
            ));
        }
        let body = asked.object()?;
        let pairs = body
            .get("projectAndIssueTypes")
            .and_then(Value::as_array)
            .ok_or_else(|| Failure::invalid("projectAndIssueTypes is missing"))?;
        let mut projects: Vec<&Project> = Vec::new();
        for pair in pairs {
            let id = pair.get("projectId").and_then(Value::as_str);
            let found = self
                .site
                .projects
                .iter()
                .find(|one| Some(one.id.as_str()) == id);
            let project = found.ok_or_else(|| Failure::invalid("No such project"))?;
            let kind = pair
                .get("issueTypeId")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if !project.types.iter().any(|one| one == kind) {
                return Err(Failure::invalid("No such issue type in the project"));
            }
            if !projects.iter().any(|known| known.id == project.id) {
                projects.push(project);
            }
        }
        let statuses = self.site.statuses.iter().map(|status| {
            let category = match status.category {
                Category::ToDo => "TODO",
                Category::InProgress => "IN_PROGRESS",
                Category::Done => "DONE",
            };
            json!({"id": status.id, "name": status.name, "description": "", "statusCategory": category,
                "statusReference": status.id, "scope": {"type": "GLOBAL"}})
        });
        let workflows = projects.iter().map(|project| self.workflow_bean(project));
        let answer = json!({"statuses": statuses.collect::<Value>(), "workflows": workflows.collect::<Value>()});
        Ok(json(StatusCode::OK, &answer))
    }

    fn workflow_bean(&self, project: &Project) -> Value {
        let workflow = &project.workflow;
        let statuses = self.statuses_of(project).into_iter();
        let statuses = statuses.map(
            |status| json!({"statusReference": status.id, "deprecated": false, "properties": {}}),
        );
        let initial = transition("1", "Create", "INITIAL", &[], &workflow.initial);
        let ways = workflow.transitions.iter().map(|way: &Transition| {
            let kind = if way.from.is_empty() {
                "GLOBAL"
            } else {
                "DIRECTED"
            };
            transition(&way.id, &way.name, kind, &way.from, &way.to)
        });
        let transitions: Value = [initial].into_iter().chain(ways).collect();
        json!({"id": format!("workflow-{}", project.id), "name": format!("{} workflow", project.name), "description": "",
            "isEditable": true, "scope": {"type": "GLOBAL"}, "statuses": statuses.collect::<Value>(),
            "transitions": transitions,
            "version": {"id": format!("version-{}", project.id), "versionNumber": 0}})
    }
}

fn transition(id: &str, name: &str, kind: &str, from: &[String], to: &str) -> Value {
    let link = |from: &String| json!({"fromPort": 0, "fromStatusReference": from, "toPort": 1});
    json!({"id": id, "name": name, "description": "", "type": kind, "toStatusReference": to,
        "links": from.iter().map(link).collect::<Value>(), "actions": [], "properties": {}, "triggers": [], "validators": []})
}

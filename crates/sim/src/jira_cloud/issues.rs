//! Issues: create, get, edit, assign, delete, changelog.

use super::JiraCloud;
use super::bean::Wanted;
use super::edit::{By, Plan};
use super::failure::{Answer, Failure};
use super::hooks::Event;
use super::model::{FieldValue, Issue};
use super::request::{Asked, texts};
use super::site::Project;
use crate::call::{empty, json};
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many issues `/issue/bulkfetch` takes at once.
const MOST_FETCHED: usize = 100;

impl JiraCloud {
    pub(super) fn create_issue(&mut self, asked: &Asked<'_>) -> Answer {
        let body = asked.object()?;
        let (project, kind) = self.create_place(&body)?;
        let mut fields = body.clone();
        if let Some(fields) = fields.get_mut("fields").and_then(Value::as_object_mut) {
            fields.remove("project");
            fields.remove("issuetype");
        }
        let mut allowed: Vec<&str> = project.screen.iter().map(String::as_str).collect();
        allowed.push("summary");
        let mut plan = self.plan(&project, None, &fields, &allowed)?;
        self.defaults(&project, &asked.caller, &mut plan);
        let mut required: Vec<&str> = project.required.iter().map(String::as_str).collect();
        required.push("summary");
        self.check_required(&plan, None, &required, true)?;
        let subtask = self.site.issue_type(&kind).is_some_and(|kind| kind.subtask);
        if subtask && !matches!(plan.values.get("parent"), Some(Some(_))) {
            return Err(Failure::field(
                "issuetype",
                "Issue type is a sub-task but parent issue key or id not specified.",
            ));
        }
        let properties = properties_of(&body)?;
        let by = By {
            now: asked.now,
            who: &asked.caller,
        };
        let id = self.insert(by, &project, kind, plan, properties);
        let issue = self.issue(id);
        Ok(json(
            StatusCode::CREATED,
            &json!({"id": id.to_string(), "key": issue.key,
            "self": self.site.url(&format!("issue/{id}"))}),
        ))
    }

    /// The project and type that a new issue is for.
    fn create_place(&self, body: &Value) -> Result<(Project, String), Failure> {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
        let name = text("/fields/project/id").or_else(|| text("/fields/project/key"));
        let project = name.and_then(|name| self.site.project(name));
        let Some(project) = project else {
            return Err(Failure::field(
                "project",
                match name {
                    None => "Specify a valid project ID or key",
                    Some(_) => "valid project is required",
                },
            ));
        };
        let kinds = project
            .types
            .iter()
            .filter_map(|id| self.site.issue_type(id));
        let (id, name) = (text("/fields/issuetype/id"), text("/fields/issuetype/name"));
        let mut found =
            kinds.filter(|kind| id.map_or(name == Some(&kind.name), |id| kind.id == id));
        match found.next() {
            Some(kind) => Ok((project.clone(), kind.id.clone())),
            None => Err(Failure::field(
                "issuetype",
                match id.or(name) {
                    None => "Specify an issue type",
                    Some(_) => "Specify a valid issue type",
                },
            )),
        }
    }

    fn defaults(&self, project: &Project, caller: &str, plan: &mut Plan) {
        let on_screen = |id: &str| project.screen.iter().any(|each| each == id);
        let middle = self.site.priorities.get(self.site.priorities.len() / 2);
        if let Some(priority) = middle.filter(|_| on_screen("priority")) {
            let value = Some(FieldValue::One(priority.id.clone()));
            plan.values.entry("priority".to_owned()).or_insert(value);
        }
        let reporter = Some(FieldValue::One(caller.to_owned()));
        plan.values.entry("reporter".to_owned()).or_insert(reporter);
    }

    /// Puts a new issue in.
    pub(super) fn insert(
        &mut self,
        by: By<'_>,
        project: &Project,
        kind: String,
        plan: Plan,
        properties: BTreeMap<String, Value>,
    ) -> u64 {
        let id = self.new_id();
        let key = self.store.new_key(&project.id, &project.key);
        self.store.keys.insert(key.to_ascii_uppercase(), id);
        let values = plan
            .values
            .into_iter()
            .filter_map(|(id, value)| Some((id, value?)));
        let issue = Issue {
            id,
            key,
            project: project.id.clone(),
            kind,
            status: project.workflow.initial.clone(),
            creator: by.who.to_owned(),
            created: by.now,
            updated: by.now,
            status_changed: by.now,
            resolved: None,
            values: values.collect(),
            comments: Vec::new(),
            files: Vec::new(),
            properties,
            history: Vec::new(),
            deleted: false,
            hidden: None,
        };
        self.index.note(by.now, issue.id, &issue);
        self.store.issues.insert(id, issue);
        self.tell_issue(by, id, Event::Created);
        for comment in plan.comments {
            self.write_comment(by, id, &comment);
        }
        id
    }

    pub(super) fn wanted(asked: &Asked<'_>, usual: &str) -> Wanted {
        let mut fields = asked.list("fields");
        if fields.is_empty() {
            fields.push(usual.to_owned());
        }
        Wanted {
            fields,
            expand: asked.list("expand"),
            properties: asked.list("properties"),
            caller: asked.caller.clone(),
            wiki: false,
        }
    }

    pub(super) fn get_issue(&self, asked: &Asked<'_>, id: u64) -> Answer {
        let wanted = Self::wanted(asked, "*all");
        Ok(json(StatusCode::OK, &self.bean(self.issue(id), &wanted)))
    }

    pub(super) fn bulk_fetch(&self, asked: &Asked<'_>) -> Answer {
        let body = asked.object()?;
        let names = texts(&body, "issueIdsOrKeys");
        if names.is_empty() || names.len() > MOST_FETCHED {
            return Err(Failure::invalid(format!(
                "Specify between 1 and {MOST_FETCHED} issue ids or keys."
            )));
        }
        let mut fields = texts(&body, "fields");
        if fields.is_empty() {
            fields.push("*navigable".to_owned());
        }
        let wanted = Wanted {
            fields,
            expand: texts(&body, "expand"),
            properties: texts(&body, "properties"),
            caller: asked.caller.clone(),
            wiki: false,
        };
        let (mut issues, mut errors) = (BTreeMap::new(), Vec::new());
        for name in names {
            match self.visible(&name) {
                // In the order of ids, whatever the request's order; each issue once.
                Ok(issue) => drop(issues.insert(issue.id, self.bean(issue, &wanted))),
                Err(_) => errors.push(json!({"id": name,
                    "errorMessage": "Issue does not exist or you do not have permission to see it."})),
            }
        }
        let issues: Vec<Value> = issues.into_values().collect();
        Ok(json(
            StatusCode::OK,
            &json!({"issues": issues, "issueErrors": errors}),
        ))
    }

    pub(super) fn edit_issue(&mut self, asked: &Asked<'_>, id: u64) -> Answer {
        let body = asked.object()?;
        if body.get("fields").is_none()
            && body.get("update").is_none()
            && body.get("properties").is_none()
        {
            return Err(Failure::invalid("one of 'fields' or 'update' required"));
        }
        let project = self.known_project(&self.issue(id).project)?.clone();
        let mut fields = body.clone();
        let kind = fields
            .get_mut("fields")
            .and_then(Value::as_object_mut)
            .and_then(|fields| fields.remove("issuetype"));
        let kind = kind
            .map(|kind| self.new_kind(&project, &kind))
            .transpose()?;
        let mut allowed: Vec<&str> = project.screen.iter().map(String::as_str).collect();
        allowed.push("summary");
        let mut plan = self.plan(&project, Some(id), &fields, &allowed)?;
        plan.kind = kind;
        let mut required: Vec<&str> = project.required.iter().map(String::as_str).collect();
        required.push("summary");
        self.check_required(&plan, Some(id), &required, false)?;
        let properties = properties_of(&body)?;
        let by = By {
            now: asked.now,
            who: &asked.caller,
        };
        if let Some(issue) = self.store.issues.get_mut(&id) {
            issue.properties.extend(properties);
        }
        self.commit(by, id, plan, "issue_updated");
        match asked.flag("returnIssue") {
            true => self.get_issue(asked, id),
            false => Ok(empty(StatusCode::NO_CONTENT)),
        }
    }

    fn new_kind(&self, project: &Project, value: &Value) -> Result<String, Failure> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let mut kinds = project
            .types
            .iter()
            .filter_map(|id| self.site.issue_type(id));
        let found = kinds.find(|kind| {
            text("id") == Some(&kind.id)
                || (text("id").is_none() && text("name") == Some(&kind.name))
        });
        found
            .map(|kind| kind.id.clone())
            .ok_or_else(|| Failure::field("issuetype", "The issue type selected is invalid."))
    }

    pub(super) fn assign(&mut self, asked: &Asked<'_>, id: u64) -> Answer {
        let body = asked.object()?;
        let fields = json!({"fields": {"assignee": body}});
        let project = self.known_project(&self.issue(id).project)?.clone();
        let plan = self.plan(&project, Some(id), &fields, &["assignee"])?;
        let by = By {
            now: asked.now,
            who: &asked.caller,
        };
        self.commit(by, id, plan, "issue_assigned");
        Ok(empty(StatusCode::NO_CONTENT))
    }

    pub(super) fn delete_issue(&mut self, asked: &Asked<'_>, id: u64) -> Answer {
        let children: Vec<u64> = self.store.children(id).map(|child| child.id).collect();
        if !children.is_empty() && !asked.flag("deleteSubtasks") {
            return Err(Failure::invalid(format!(
                "The issue '{}' has subtasks. You must specify the 'deleteSubtasks' parameter to delete this issue and all its subtasks.",
                self.issue(id).key
            )));
        }
        let by = By {
            now: asked.now,
            who: &asked.caller,
        };
        for id in children.into_iter().chain([id]) {
            self.remove(by, id);
        }
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Deletes an issue for good. The webhook goes out before, with the issue as it was.
    pub(super) fn remove(&mut self, by: By<'_>, id: u64) {
        self.tell_issue(by, id, Event::Deleted);
        if let Some(issue) = self.store.issues.get_mut(&id) {
            issue.deleted = true;
            issue.updated = by.now;
            self.index.note(by.now, issue.id, issue);
        }
        self.store
            .links
            .retain(|link| link.inward != id && link.outward != id);
    }

    pub(super) fn changelog(&self, asked: &Asked<'_>, id: u64) -> Answer {
        let page = asked.page(100, 100)?;
        let issue = self.issue(id);
        let values: Vec<Value> = page
            .of(&issue.history)
            .iter()
            .map(|change| self.change(change, &asked.caller))
            .collect();
        let end = page.start_at + values.len();
        let last = end >= issue.history.len();
        let url = |start: usize| {
            let rest = format!(
                "issue/{}/changelog?startAt={start}&maxResults={}",
                issue.key, page.max_results
            );
            self.site.url(&rest)
        };
        let mut out = json!({"self": url(page.start_at), "startAt": page.start_at, "maxResults": page.max_results,
            "total": issue.history.len(), "isLast": last, "values": values});
        if !last {
            out["nextPage"] = json!(url(end));
        }
        Ok(json(StatusCode::OK, &out))
    }
}

/// The entity properties in a body: `[{"key": …, "value": …}]`.
pub(super) fn properties_of(body: &Value) -> Result<BTreeMap<String, Value>, Failure> {
    let mut out = BTreeMap::new();
    for property in body
        .get("properties")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let key = property
            .get("key")
            .and_then(Value::as_str)
            .filter(|key| !key.is_empty() && key.len() <= 255);
        let Some((key, value)) = key.zip(property.get("value")) else {
            return Err(Failure::invalid(
                "A property needs a key of 1 to 255 characters and a value.",
            ));
        };
        out.insert(key.to_owned(), value.clone());
    }
    Ok(out)
}

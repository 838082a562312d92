//! What fields there are, and which ones a project's screens have.

use super::JiraCloud;
use super::failure::{Answer, Failure};
use super::model::Issue;
use super::request::Asked;
use super::site::{Field, FieldKind, Project};
use crate::call::json;
use http::StatusCode;
use serde_json::{Map, Value, json};

const CUSTOM: &str = "com.atlassian.jira.plugin.system.customfieldtypes";

/// A kind's (type, items, custom field type).
const fn kind_facts(kind: FieldKind) -> (&'static str, Option<&'static str>, &'static str) {
    match kind {
        FieldKind::Line => ("string", None, "textfield"),
        FieldKind::Rich => ("string", None, "textarea"),
        FieldKind::Number => ("number", None, "float"),
        FieldKind::Date => ("date", None, "datepicker"),
        FieldKind::DateTime => ("datetime", None, "datetime"),
        FieldKind::Labels => ("array", Some("string"), "labels"),
        FieldKind::User => ("user", None, "userpicker"),
        FieldKind::Option => ("option", None, "select"),
        FieldKind::Options => ("array", Some("option"), "multiselect"),
        FieldKind::Cascade => ("option-with-child", None, "cascadingselect"),
        FieldKind::Components => ("array", Some("component"), ""),
        FieldKind::Priority => ("priority", None, ""),
        FieldKind::Resolution => ("resolution", None, ""),
        FieldKind::Parent => ("issuelink", None, ""),
        FieldKind::System => ("any", None, ""),
    }
}

/// A read-only system field's (type, items).
fn system_facts(id: &str) -> (&'static str, Option<&'static str>) {
    match id {
        "project" => ("project", None),
        "issuetype" => ("issuetype", None),
        "status" => ("status", None),
        "creator" => ("user", None),
        "watches" => ("watches", None),
        "votes" => ("votes", None),
        "comment" => ("comments-page", None),
        "issuelinks" | "subtasks" => ("array", Some("issuelinks")),
        "attachment" => ("array", Some("attachment")),
        _ => ("datetime", None),
    }
}

/// A field's `schema`.
pub(super) fn schema(field: &Field) -> Value {
    let (mut kind, mut items, custom) = kind_facts(field.kind);
    if field.kind == FieldKind::System {
        (kind, items) = system_facts(&field.id);
    }
    let mut out = json!({"type": kind});
    if let Some(items) = items {
        out["items"] = json!(items);
    }
    match field.custom_number() {
        Some(number) => {
            out["custom"] = json!(format!("{CUSTOM}:{custom}"));
            out["customId"] = json!(number);
        }
        None => out["system"] = json!(field.id),
    }
    out
}

impl JiraCloud {
    pub(super) fn list_fields(&self) -> http::Response<bytes::Bytes> {
        let one = |field: &Field| {
            let custom = field.custom_number();
            let clauses = match custom {
                Some(number) => vec![format!("cf[{number}]"), field.name.clone()],
                None => vec![field.id.clone()],
            };
            json!({"id": field.id, "key": field.id, "name": field.name, "custom": custom.is_some(),
                "orderable": field.kind != FieldKind::System, "navigable": true, "searchable": true,
                "clauseNames": clauses, "schema": schema(field)})
        };
        let all: Vec<Value> = self.site.fields.iter().map(one).collect();
        json(StatusCode::OK, &all.into())
    }

    /// A field as create, edit and transition screens describe it.
    pub(super) fn field_meta(&self, field: &Field, project: &Project, required: bool) -> Value {
        let show = self.show();
        let operations: &[&str] = match field.kind {
            FieldKind::Labels | FieldKind::Options | FieldKind::Components => {
                &["add", "set", "remove"]
            }
            _ => &["set"],
        };
        let option = |option: &super::site::FieldOption| {
            let mut out = json!({"self": self.site.url(&format!("customFieldOption/{}", option.id)),
                "id": option.id, "value": option.value});
            if field.kind == FieldKind::Cascade {
                let child = |each: &super::site::Named| {
                    json!({"id": each.id, "value": each.name,
                    "self": self.site.url(&format!("customFieldOption/{}", each.id))})
                };
                out["children"] = option.children.iter().map(child).collect();
            }
            out
        };
        let allowed: Option<Vec<Value>> = match (field.kind, field.id.as_str()) {
            (FieldKind::Priority, _) => Some(
                self.site
                    .priorities
                    .iter()
                    .map(|each| show.priority(each))
                    .collect(),
            ),
            (FieldKind::Resolution, _) => Some(
                self.site
                    .resolutions
                    .iter()
                    .map(|each| show.resolution(each))
                    .collect(),
            ),
            (FieldKind::Components, _) => Some(
                project
                    .components
                    .iter()
                    .map(|each| show.component(each))
                    .collect(),
            ),
            (FieldKind::Option | FieldKind::Options | FieldKind::Cascade, _) => {
                Some(field.options.iter().map(option).collect())
            }
            (_, "project") => Some(vec![show.project(project)]),
            (_, "issuetype") => Some(self.types_of(project)),
            _ => None,
        };
        let mut out = json!({"required": required, "schema": schema(field), "name": field.name, "key": field.id,
            "hasDefaultValue": field.kind == FieldKind::Priority, "operations": operations});
        if let Some(allowed) = allowed {
            out["allowedValues"] = allowed.into();
        }
        out
    }

    pub(super) fn types_of(&self, project: &Project) -> Vec<Value> {
        let types = project
            .types
            .iter()
            .filter_map(|id| self.site.issue_type(id));
        types.map(|kind| self.show().issue_type(kind)).collect()
    }

    pub(super) fn create_types(&self, asked: &Asked<'_>, project: &str) -> Answer {
        let project = self.known_project(project)?;
        let page = asked.page(50, 200)?;
        let all = self.types_of(project);
        Ok(json(
            StatusCode::OK,
            &json!({"issueTypes": page.of(&all), "maxResults": page.max_results,
            "startAt": page.start_at, "total": all.len()}),
        ))
    }

    pub(super) fn create_fields(&self, asked: &Asked<'_>, project: &str, kind: &str) -> Answer {
        let project = self.known_project(project)?;
        if !project.types.iter().any(|id| id == kind) {
            return Err(Failure::not_found(
                "The issue type does not exist or is not in the project.",
            ));
        }
        let page = asked.page(50, 200)?;
        let mut all = Vec::new();
        for (field, required) in self.screen(project, &["project", "issuetype", "summary"]) {
            let mut one = self.field_meta(field, project, required);
            one["fieldId"] = json!(field.id);
            all.push(one);
        }
        Ok(json(
            StatusCode::OK,
            &json!({"fields": page.of(&all), "maxResults": page.max_results,
            "startAt": page.start_at, "total": all.len()}),
        ))
    }

    /// The fields of a project's screen with some before, and whether each is required.
    fn screen<'a>(
        &'a self,
        project: &'a Project,
        before: &'a [&'a str],
    ) -> impl Iterator<Item = (&'a Field, bool)> {
        let ids = before
            .iter()
            .copied()
            .chain(project.screen.iter().map(String::as_str));
        ids.filter_map(|id| self.site.field(id)).map(|field| {
            let always = matches!(field.id.as_str(), "project" | "issuetype" | "summary");
            (field, always || project.required.contains(&field.id))
        })
    }

    /// The fields on an issue's edit screen.
    pub(super) fn edit_meta(&self, issue: &Issue) -> Value {
        let mut fields = Map::new();
        if let Some(project) = self.site.project(&issue.project) {
            for (field, required) in self.screen(project, &["issuetype", "summary"]) {
                fields.insert(field.id.clone(), self.field_meta(field, project, required));
            }
        }
        json!({"fields": fields})
    }

    pub(super) fn edit_fields(&self, id: u64) -> Answer {
        Ok(json(StatusCode::OK, &self.edit_meta(self.issue(id))))
    }
}

//! What a project is set up with: types, their fields and states, areas and iterations.

use super::AzureDevOps;
use super::failure::{Answer, Failure, listed};
use super::model::{HYPERLINK, LINK_TYPES};
use super::request::Asked;
use super::route::no_operation;
use super::seed::guid;
use super::site::{Field, FieldKind, Project, State, TypeField, WorkItemType};
use crate::call::json;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

impl AzureDevOps {
    fn project_of(&self, asked: &Asked<'_>) -> Result<&Project, Failure> {
        let named = asked.project.as_deref().unwrap_or_default();
        self.site.project(named).ok_or_else(no_operation)
    }

    /// `workitemtypes` and what lies below.
    pub(super) fn types(&self, asked: &Asked<'_>, small: &[&str], exact: &[&str]) -> Answer {
        let project = self.project_of(asked)?;
        let Some(name) = exact.get(1) else {
            return Ok(listed(
                project
                    .types
                    .iter()
                    .map(|kind| self.kind(project, kind))
                    .collect(),
            ));
        };
        let kind = project.kind(name).ok_or_else(|| {
            Failure::new(
                StatusCode::NOT_FOUND,
                "WorkItemTypeNotFoundException",
                format!("VS402323: Work item type {name} does not exist in project {} or you do not have permission to access it.", project.name),
            )
        })?;
        match &small[2..] {
            [] => Ok(json(StatusCode::OK, &self.kind(project, kind))),
            ["states"] => Ok(listed(kind.states.iter().map(state).collect())),
            ["fields"] => {
                let shown = kind
                    .fields
                    .iter()
                    .map(|field| self.type_field(asked, field));
                Ok(listed(shown.collect()))
            }
            ["fields", _] => {
                let field = self.site.field(exact[3]);
                let field = field.and_then(|field| kind.field(&field.reference));
                let field = field.ok_or_else(|| {
                    Failure::not_found(format!("TF51535: Cannot find field {}.", exact[3]))
                })?;
                Ok(json(StatusCode::OK, &self.type_field(asked, field)))
            }
            _ => Err(no_operation()),
        }
    }

    fn kind(&self, project: &Project, kind: &WorkItemType) -> Value {
        let names: Vec<&str> = kind
            .states
            .iter()
            .map(|state| state.name.as_str())
            .collect();
        let mut transitions = Map::new();
        for from in &names {
            let leads = names
                .iter()
                .filter(|to| *to == from || kind.leads(from, to));
            let leads: Vec<Value> = leads.map(|to| json!({"to": to})).collect();
            transitions.insert((*from).to_owned(), json!(leads));
        }
        transitions.insert(String::new(), json!([{"to": kind.initial()}]));
        let fields = kind.fields.iter().map(|field| self.instance(field));
        let fields: Vec<Value> = fields.collect();
        json!({
            "name": kind.name,
            "referenceName": format!("Microsoft.VSTS.WorkItemTypes.{}", kind.name.replace(' ', "")),
            "description": "",
            "color": "009CCC",
            "icon": {"id": "icon_clipboard", "url": format!("{}/_apis/wit/workItemIcons/icon_clipboard", self.site.url())},
            "isDisabled": false,
            "xmlForm": "<FORM />",
            "fields": fields,
            "fieldInstances": fields,
            "transitions": transitions,
            "states": kind.states.iter().map(state).collect::<Vec<_>>(),
            "url": format!("{}/{}/_apis/wit/workItemTypes/{}", self.site.url(), project.id, kind.name),
        })
    }

    fn instance(&self, field: &TypeField) -> Value {
        let known = self.site.field(&field.reference);
        let mut shown = json!({
            "alwaysRequired": field.required,
            "dependentFields": [],
            "helpText": "",
            "referenceName": field.reference,
            "name": known.map_or("", |known| known.name.as_str()),
            "url": format!("{}/_apis/wit/fields/{}", self.site.url(), field.reference),
        });
        if let Some(default) = &field.default {
            shown["defaultValue"] = json!(default);
        }
        shown
    }

    /// A field of a type, with the values that it may have where they are asked for.
    fn type_field(&self, asked: &Asked<'_>, field: &TypeField) -> Value {
        let mut shown = self.instance(field);
        if asked.expands("allowedvalues") {
            let kind = self.site.field(&field.reference).map(|field| field.kind);
            shown["allowedValues"] = match kind {
                Some(FieldKind::Identity) => {
                    let users = self.site.users.iter().filter(|user| user.active);
                    users.map(|user| self.identity(&user.unique_name)).collect()
                }
                _ => json!(field.allowed),
            };
        }
        shown
    }

    pub(super) fn list_fields(&self) -> Response<Bytes> {
        listed(
            self.site
                .fields
                .iter()
                .map(|field| self.field(field))
                .collect(),
        )
    }

    pub(super) fn get_field(&self, named: &str) -> Answer {
        let field = self.site.field(named);
        let field = field
            .ok_or_else(|| Failure::not_found(format!("TF51535: Cannot find field {named}.")))?;
        Ok(json(StatusCode::OK, &self.field(field)))
    }

    fn field(&self, field: &Field) -> Value {
        let kinds = self.site.projects.iter().flat_map(|project| &project.types);
        let mut uses = kinds.filter_map(|kind| kind.field(&field.reference));
        let listed = uses.any(|field| !field.allowed.is_empty());
        let mut shown = json!({
            "name": field.name,
            "referenceName": field.reference,
            "description": null,
            "type": field.kind.name(),
            "usage": "workItem",
            "readOnly": field.read_only,
            "canSortBy": true,
            "isQueryable": true,
            "isIdentity": field.kind == FieldKind::Identity,
            "isPicklist": listed,
            "isPicklistSuggested": false,
            "isDeleted": false,
            "supportedOperations": [{"referenceName": "SupportedOperations.Equals", "name": "="}],
            "url": format!("{}/_apis/wit/fields/{}", self.site.url(), field.reference),
        });
        if shown["description"].is_null() {
            shown["description"] = json!("");
        }
        shown
    }

    pub(super) fn list_relation_types(&self) -> Response<Bytes> {
        let one = |rel: &str, name: &str, usage: &str| {
            json!({"referenceName": rel, "name": name, "attributes": {"usage": usage, "enabled": true},
                "url": format!("{}/_apis/wit/workItemRelationTypes/{rel}", self.site.url())})
        };
        let links = LINK_TYPES
            .iter()
            .map(|(rel, name, _)| one(rel, name, "workItemLink"));
        listed(
            links
                .chain([one(HYPERLINK, "Hyperlink", "resourceLink")])
                .collect(),
        )
    }

    /// The areas and the iterations of a project as two trees.
    pub(super) fn classification_nodes(&self, asked: &Asked<'_>) -> Answer {
        let project = self.project_of(asked)?;
        let deep = asked.number("$depth", 0, 100)? > 0;
        let tree = |structure: &str, paths: &[String], kind: u16| {
            let node = |path: &String, place: u64| {
                let name = path.rsplit('\\').next().unwrap_or_default();
                let inside = path
                    .split_once('\\')
                    .map_or(String::new(), |(_, rest)| format!("\\{rest}"));
                let folder = if structure == "area" {
                    "Area"
                } else {
                    "Iteration"
                };
                json!({"id": u64::from(kind) * 1000 + place, "identifier": guid(kind, place), "name": name,
                    "structureType": structure, "hasChildren": false,
                    "path": format!("\\{}\\{folder}{inside}", project.name),
                    "url": format!("{}/{}/_apis/wit/classificationNodes/{structure}s", self.site.url(), project.id)})
            };
            let mut nodes = paths.iter().zip(1..).map(|(path, place)| node(path, place));
            let mut root = nodes.next().unwrap_or(Value::Null);
            let children: Vec<Value> = nodes.collect();
            root["hasChildren"] = json!(!children.is_empty());
            if deep && !children.is_empty() {
                root["children"] = json!(children);
            }
            root
        };
        Ok(listed(vec![
            tree("area", &project.areas, 3),
            tree("iteration", &project.iterations, 4),
        ]))
    }
}

fn state(state: &State) -> Value {
    json!({"name": state.name, "color": "007acc", "category": state.category})
}

//! Issues in the API's answers.

use super::JiraCloud;
use super::adf;
use super::model::{Change, FieldValue, Issue};
use super::show::instant;
use super::site::{Field, FieldKind};
use serde_json::{Map, Value, json};

/// Which fields, expansions and properties a request wants of each issue.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// As given: `*all`, `*navigable`, ids, ids with a minus.
    pub(super) fields: Vec<String>,
    pub(super) expand: Vec<String>,
    pub(super) properties: Vec<String>,
    /// An account id, which sees its own address.
    pub(super) caller: String,
    /// Plain text in place of ADF, as webhooks have it.
    pub(super) wiki: bool,
}

impl Wanted {
    fn field(&self, id: &str) -> bool {
        selected(&self.fields, id)
    }

    fn expands(&self, what: &str) -> bool {
        self.expand.iter().any(|each| each == what)
    }
}

/// Whether a selection with stars and minuses takes in a name. Minuses alone start from everything.
fn selected(selection: &[String], name: &str) -> bool {
    let excluded = |each: &String| each.strip_prefix('-') == Some(name);
    let included = |each: &String| matches!(each.as_str(), "*all" | "*navigable") || each == name;
    let only_minuses = selection.iter().all(|each| each.starts_with('-'));
    !selection.iter().any(excluded)
        && (selection.iter().any(included) || (only_minuses && !selection.is_empty()))
}

impl JiraCloud {
    /// An issue as far as it is wanted.
    pub(super) fn bean(&self, issue: &Issue, wanted: &Wanted) -> Value {
        if wanted.fields == ["id"] && wanted.expand.is_empty() && wanted.properties.is_empty() {
            return json!({"id": issue.id.to_string()});
        }
        let mut out = json!({
            "expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations",
            "id": issue.id.to_string(),
            "self": self.site.url(&format!("issue/{}", issue.id)),
            "key": issue.key,
        });
        let fields = self.bean_fields(issue, wanted);
        if wanted.expands("names") {
            out["names"] = fields
                .keys()
                .map(|id| (id.clone(), json!(self.field_name(id))))
                .collect::<Map<_, _>>()
                .into();
        }
        if wanted.expands("schema") {
            let known = fields.keys().filter_map(|id| self.site.field(id));
            out["schema"] = known
                .map(|field| (field.id.clone(), super::meta::schema(field)))
                .collect::<Map<_, _>>()
                .into();
        }
        if wanted.expands("renderedFields") {
            out["renderedFields"] = self.rendered(issue, &fields);
        }
        if wanted.expands("changelog") {
            let newest: Vec<Value> = issue
                .history
                .iter()
                .rev()
                .take(100)
                .map(|change| self.change(change, &wanted.caller))
                .collect();
            out["changelog"] = json!({"startAt": 0, "maxResults": newest.len(), "total": issue.history.len(), "histories": newest});
        }
        if wanted.expands("transitions") {
            out["transitions"] = self
                .open_transitions(issue, wanted.expands("transitions.fields"))
                .into();
        }
        if wanted.expands("editmeta") {
            out["editmeta"] = self.edit_meta(issue);
        }
        if !wanted.properties.is_empty() {
            let chosen = issue
                .properties
                .iter()
                .filter(|(key, _)| selected(&wanted.properties, key));
            out["properties"] = chosen
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect::<Map<_, _>>()
                .into();
        }
        if !fields.is_empty() {
            out["fields"] = fields.into();
        }
        out
    }

    fn field_name(&self, id: &str) -> &str {
        self.site.field(id).map_or("", |field| field.name.as_str())
    }

    fn bean_fields(&self, issue: &Issue, wanted: &Wanted) -> Map<String, Value> {
        let Some(project) = self.site.project(&issue.project) else {
            return Map::new();
        };
        let there = |field: &&Field| {
            wanted.field(&field.id)
                && (field.custom_number().is_none() || project.screen.contains(&field.id))
        };
        let mut out = Map::new();
        for field in self.site.fields.iter().filter(there) {
            let value = match (field.kind, issue.values.get(&field.id)) {
                (FieldKind::System, _) => self.system_value(issue, &field.id, wanted),
                (_, Some(FieldValue::Rich(document))) if wanted.wiki => json!(adf::plain(document)),
                (_, Some(value)) => self.show().value(field, project, value, &wanted.caller),
                // Labels and components are never null.
                (FieldKind::Labels | FieldKind::Components, None) => json!([]),
                // An issue without a parent has no such field.
                (FieldKind::Parent, None) => continue,
                (_, None) => Value::Null,
            };
            out.insert(field.id.clone(), value);
        }
        out
    }

    fn system_value(&self, issue: &Issue, id: &str, wanted: &Wanted) -> Value {
        let show = self.show();
        let url = |rest: &str| self.site.url(&format!("issue/{}/{rest}", issue.key));
        match id {
            "project" => self
                .site
                .project(&issue.project)
                .map(|each| show.project(each))
                .into(),
            "issuetype" => self
                .site
                .issue_type(&issue.kind)
                .map(|each| show.issue_type(each))
                .into(),
            "status" => self
                .site
                .status(&issue.status)
                .map(|each| show.status(each))
                .into(),
            "creator" => show.account(&issue.creator, &wanted.caller),
            "created" => json!(instant(issue.created)),
            "updated" => json!(instant(issue.updated)),
            "statuscategorychangedate" => json!(instant(issue.status_changed)),
            "resolutiondate" => issue.resolved.map(instant).into(),
            "attachment" => {
                let files = issue.files.iter();
                files
                    .map(|file| self.show_file(file, &wanted.caller))
                    .collect()
            }
            "watches" => json!({"self": url("watchers"), "watchCount": 0, "isWatching": false}),
            "votes" => json!({"self": url("votes"), "votes": 0, "hasVoted": false}),
            "issuelinks" => self.links_of(issue, &wanted.caller).into(),
            "subtasks" => self
                .store
                .children(issue.id)
                .map(|child| show.reference(child, &wanted.caller))
                .collect(),
            "comment" => {
                let reader = self.site.user(&wanted.caller);
                let comments: Vec<Value> = issue
                    .comments
                    .iter()
                    .filter(|comment| comment.is_for(reader))
                    .map(|comment| show.comment(issue, comment, &wanted.caller, wanted.wiki))
                    .collect();
                let total = comments.len();
                json!({"comments": comments, "self": self.site.url(&format!("issue/{}/comment", issue.id)),
                    "maxResults": total, "total": total, "startAt": 0})
            }
            _ => Value::Null,
        }
    }

    fn rendered(&self, issue: &Issue, fields: &Map<String, Value>) -> Value {
        let html = |id: &String| match issue.values.get(id) {
            Some(FieldValue::Rich(document)) => json!(adf::html(document)),
            _ => Value::Null,
        };
        fields
            .keys()
            .map(|id| (id.clone(), html(id)))
            .collect::<Map<_, _>>()
            .into()
    }

    /// A changelog entry.
    pub(super) fn change(&self, change: &Change, caller: &str) -> Value {
        let show = self.show();
        let items: Vec<Value> = change
            .items
            .iter()
            .map(|item| show.change_item(item))
            .collect();
        json!({"id": change.id.to_string(), "author": show.account(&change.author, caller),
            "created": instant(change.at), "items": items})
    }
}

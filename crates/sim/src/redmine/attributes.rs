//! Attributes in a request: brought into an issue, then checked together.

use super::Redmine;
use super::model::Issue;
use super::site::{CustomField, Format};
use serde_json::{Map, Value};
use twinline_core::time::Timestamp;

/// The most characters of a subject.
const LONGEST_SUBJECT: usize = 255;

/// A number, also when it is written as a text; `Some(None)` empties.
fn number(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_str()?.trim().parse().ok())
}

/// A value as the text that Redmine keeps; an empty one when there is none.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(truth) => u8::from(*truth).to_string(),
        other => other.to_string(),
    }
}

fn filled(value: &Value) -> Option<String> {
    Some(text(value)).filter(|text| !text.is_empty())
}

impl Redmine {
    /// Brings attributes into an issue. As the real one, it quietly ignores what it does not know, statuses that the
    /// workflow does not allow, and projects, trackers and priorities that do not exist.
    pub(super) fn assign(&self, issue: &mut Issue, attributes: &Map<String, Value>) {
        let new = issue.id == 0;
        for (name, value) in attributes {
            match name.as_str() {
                "project_id" => {
                    if let Some(project) = self.site.project(&text(value)) {
                        issue.project = project.id;
                    }
                }
                "tracker_id" => {
                    let known = number(value).filter(|id| self.site.tracker(*id).is_some());
                    issue.tracker = known.unwrap_or(issue.tracker);
                }
                "priority_id" => {
                    let known = number(value).filter(|id| self.site.priority(*id).is_some());
                    issue.priority = known.unwrap_or(issue.priority);
                }
                "status_id" => {
                    let from = issue.status;
                    let open = |id: &u64| {
                        let listed = self
                            .site
                            .allowed(from)
                            .iter()
                            .any(|status| status.id == *id);
                        listed || (new && self.site.status(*id).is_some())
                    };
                    issue.status = number(value).filter(open).unwrap_or(issue.status);
                }
                "assigned_to_id" => issue.assigned_to = number(value),
                "parent_issue_id" => issue.parent = number(value),
                "subject" => issue.subject = text(value).trim().to_owned(),
                "description" => issue.description = text(value),
                "start_date" => issue.start_date = filled(value),
                "due_date" => issue.due_date = filled(value),
                "done_ratio" => issue.done_ratio = number(value).unwrap_or(0),
                "estimated_hours" => issue.estimated_hours = text(value).parse().ok(),
                "is_private" => issue.is_private = matches!(text(value).as_str(), "1" | "true"),
                "custom_fields" => self.assign_custom(issue, value),
                "custom_field_values" => {
                    for (id, value) in value.as_object().into_iter().flatten() {
                        self.assign_one(issue, id.parse().ok(), value);
                    }
                }
                _ => {}
            }
        }
    }

    fn assign_custom(&self, issue: &mut Issue, fields: &Value) {
        for field in fields.as_array().into_iter().flatten() {
            if let Some(value) = field.get("value") {
                self.assign_one(issue, field.get("id").and_then(number), value);
            }
        }
    }

    fn assign_one(&self, issue: &mut Issue, id: Option<u64>, value: &Value) {
        let Some(field) = id.and_then(|id| self.site.custom_field(id)) else {
            return;
        };
        let values: Vec<String> = match value {
            Value::Array(values) => values.iter().filter_map(filled).collect(),
            other => filled(other).into_iter().collect(),
        };
        match values.is_empty() {
            true => drop(issue.custom.remove(&field.id)),
            false => drop(issue.custom.insert(field.id, values)),
        }
    }

    /// What is wrong with an issue, in Redmine's English sentences.
    pub(super) fn errors(&self, issue: &Issue, before: Option<&Issue>) -> Vec<String> {
        let mut errors = Vec::new();
        let project = self.site.project_by_id(issue.project);
        match project {
            None => errors.push("Project cannot be blank".to_owned()),
            Some(project) if !project.trackers.contains(&issue.tracker) => {
                errors.push("Tracker is not included in the list".to_owned());
            }
            Some(_) => {}
        }
        match issue.subject.chars().count() {
            0 => errors.push("Subject cannot be blank".to_owned()),
            length if length > LONGEST_SUBJECT => {
                errors.push("Subject is too long (maximum is 255 characters)".to_owned());
            }
            _ => {}
        }
        // An assignee from before may have left the project since.
        let kept = before.is_some_and(|before| before.assigned_to == issue.assigned_to);
        if let (Some(user), Some(project)) = (issue.assigned_to.filter(|_| !kept), project)
            && !project.members.contains(&user)
        {
            errors.push("Assignee is invalid".to_owned());
        }
        let day = |text: &Option<String>| text.as_deref().is_none_or(is_day);
        if !day(&issue.start_date) {
            errors.push("Start date is not a valid date".to_owned());
        }
        if !day(&issue.due_date) {
            errors.push("Due date is not a valid date".to_owned());
        }
        if let (Some(start), Some(due)) = (&issue.start_date, &issue.due_date)
            && due < start
        {
            errors.push("Due date must be greater than start date".to_owned());
        }
        if issue.done_ratio > 100 {
            errors.push("% Done is not included in the list".to_owned());
        }
        let parent = issue
            .parent
            .map(|parent| self.find(parent).is_some() && parent != issue.id);
        if parent == Some(false) {
            errors.push("Parent task is invalid".to_owned());
        }
        for field in &self.site.custom_fields {
            let values = issue.custom.get(&field.id).map_or(&[][..], Vec::as_slice);
            if let Some(problem) = self.custom_problem(field, values) {
                errors.push(format!("{} {problem}", field.name));
            }
        }
        errors
    }

    fn custom_problem(&self, field: &CustomField, values: &[String]) -> Option<&'static str> {
        if values.is_empty() {
            return field.required.then_some("cannot be blank");
        }
        let wrong = |value: &String| match field.format {
            Format::String | Format::Text => None,
            Format::Int => value.parse::<i64>().is_err().then_some("is not a number"),
            Format::Float => value.parse::<f64>().is_err().then_some("is invalid"),
            Format::Date => (!is_day(value)).then_some("is not a valid date"),
            Format::Bool => {
                (!matches!(value.as_str(), "0" | "1")).then_some("is not included in the list")
            }
            Format::List | Format::Enumeration => {
                let listed = field.possible().any(|(possible, _)| possible == *value);
                (!listed).then_some("is not included in the list")
            }
            Format::User => {
                let known = value.parse().ok().and_then(|id| self.site.user(id));
                known.is_none().then_some("is not included in the list")
            }
        };
        let too_many = (values.len() > 1 && !field.multiple).then_some("is invalid");
        too_many.or_else(|| values.iter().find_map(wrong))
    }
}

fn is_day(text: &str) -> bool {
    text.len() == 10 && Timestamp::parse(&format!("{text}T00:00:00Z")).is_ok()
}

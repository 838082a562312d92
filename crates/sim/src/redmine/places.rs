//! Users, projects and the other things that a Redmine has few of.

use super::Redmine;
use super::route::{Answer, Asked, Failure};
use super::site::{Project, User};
use crate::call::json;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

/// When everything that the site is set up with was made.
const LONG_AGO: &str = "2025-01-01T00:00:00Z";

/// A part of a list with its counts.
fn paged(asked: &Asked<'_>, name: &str, all: &[Value]) -> Response<Bytes> {
    let (offset, limit) = asked.page();
    let part: Vec<&Value> = all.iter().skip(offset).take(limit).collect();
    json(
        StatusCode::OK,
        &json!({name: part, "total_count": all.len(), "offset": offset, "limit": limit}),
    )
}

fn user(user: &User, full: bool) -> Value {
    let mut out = json!({"id": user.id, "login": user.login, "firstname": user.firstname, "lastname": user.lastname,
        "created_on": LONG_AGO, "last_login_on": null});
    if full {
        out["mail"] = json!(user.mail);
        out["admin"] = json!(user.admin);
    }
    out
}

fn project(project: &Project) -> Value {
    json!({"id": project.id, "name": project.name, "identifier": project.identifier, "description": "", "status": 1,
        "is_public": true, "inherit_members": false, "created_on": LONG_AGO, "updated_on": LONG_AGO})
}

/// What every role may do.
const COMMON: [&str; 5] = [
    "view_issues",
    "add_issues",
    "edit_issues",
    "add_issue_notes",
    "edit_own_issue_notes",
];

/// One role for each combination of the two further permissions that matter here.
const ROLES: [(u64, &str, &[&str]); 4] = [
    (3, "Manager", &["view_private_notes", "set_notes_private"]),
    (4, "Developer", &[]),
    (5, "Auditor", &["view_private_notes"]),
    (6, "Informer", &["set_notes_private"]),
];

/// What a member is in a project.
fn membership(project: &Project, member: &User) -> Value {
    let (role, name, _) = match (member.sees_private_notes, member.sets_private_notes) {
        (true, true) => ROLES[0],
        (false, false) => ROLES[1],
        (true, false) => ROLES[2],
        (false, true) => ROLES[3],
    };
    json!({"id": project.id * 1000 + member.id, "project": {"id": project.id, "name": project.name},
        "roles": [{"id": role, "name": name}]})
}

impl Redmine {
    pub(super) fn get_role(id: &str) -> Answer {
        let found = ROLES.iter().find(|(role, _, _)| role.to_string() == id);
        let (id, name, further) = found.ok_or(Failure::NotFound)?;
        let permissions = [&COMMON, *further].concat();
        Ok(json(
            StatusCode::OK,
            &json!({"role": {"id": id, "name": name, "assignable": true, "issues_visibility": "default",
                "permissions": permissions}}),
        ))
    }

    pub(super) fn current_user(&self, asked: &Asked<'_>) -> Response<Bytes> {
        let mut out = user(&asked.caller, true);
        out["api_key"] = json!(asked.caller.api_key);
        if asked.includes("memberships") {
            let projects = self.site.projects.iter();
            let own = projects.filter(|each| each.members.contains(&asked.caller.id));
            out["memberships"] = own.map(|each| membership(each, &asked.caller)).collect();
        }
        json(StatusCode::OK, &json!({"user": out}))
    }

    pub(super) fn list_users(&self, asked: &Asked<'_>) -> Answer {
        if !asked.caller.admin {
            return Err(Failure::Forbidden);
        }
        let name = asked.call.param("name").unwrap_or_default().to_lowercase();
        let matches = |each: &&User| {
            [&each.login, &each.firstname, &each.lastname, &each.mail]
                .iter()
                .any(|text| text.to_lowercase().contains(&name))
        };
        let all: Vec<Value> = self
            .site
            .users
            .iter()
            .filter(matches)
            .map(|each| user(each, true))
            .collect();
        Ok(paged(asked, "users", &all))
    }

    pub(super) fn get_user(&self, asked: &Asked<'_>, id: &str) -> Answer {
        let found = id
            .parse()
            .ok()
            .and_then(|id| self.site.user(id))
            .ok_or(Failure::NotFound)?;
        let full = asked.caller.admin || asked.caller.id == found.id;
        Ok(json(StatusCode::OK, &json!({"user": user(found, full)})))
    }

    pub(super) fn list_projects(&self, asked: &Asked<'_>) -> Response<Bytes> {
        let all: Vec<Value> = self.site.projects.iter().map(project).collect();
        paged(asked, "projects", &all)
    }

    pub(super) fn known_project(&self, name: &str) -> Result<&Project, Failure> {
        self.site.project(name).ok_or(Failure::NotFound)
    }

    pub(super) fn get_project(&self, asked: &Asked<'_>, name: &str) -> Answer {
        let found = self.known_project(name)?;
        let mut out = project(found);
        if asked.includes("trackers") {
            let trackers = found
                .trackers
                .iter()
                .filter_map(|id| self.site.tracker(*id));
            out["trackers"] = trackers
                .map(|each| json!({"id": each.id, "name": each.name}))
                .collect();
        }
        if asked.includes("issue_custom_fields") {
            // Only what was chosen for the project; a real Redmine leaves out the fields for all projects, and the
            // simulator has no others.
            out["issue_custom_fields"] = json!([]);
        }
        Ok(json(StatusCode::OK, &json!({"project": out})))
    }

    pub(super) fn list_memberships(&self, asked: &Asked<'_>, name: &str) -> Answer {
        let found = self.known_project(name)?;
        let members = found.members.iter().filter_map(|id| self.site.user(*id));
        let all: Vec<Value> = members
            .map(|member| {
                let mut out = membership(found, member);
                out["user"] = json!({"id": member.id, "name": member.name()});
                out
            })
            .collect();
        Ok(paged(asked, "memberships", &all))
    }

    pub(super) fn list_trackers(&self) -> Response<Bytes> {
        let one = |each: &super::site::Tracker| {
            let status = self
                .site
                .status(each.default_status)
                .map(|status| json!({"id": status.id, "name": status.name}));
            json!({"id": each.id, "name": each.name, "default_status": status, "description": null,
                "enabled_standard_fields": ["assigned_to_id", "parent_issue_id", "start_date", "due_date",
                    "estimated_hours", "done_ratio", "description"]})
        };
        json(
            StatusCode::OK,
            &json!({"trackers": self.site.trackers.iter().map(one).collect::<Vec<_>>()}),
        )
    }

    pub(super) fn list_statuses(&self) -> Response<Bytes> {
        let one = |each: &super::site::Status| json!({"id": each.id, "name": each.name, "is_closed": each.closed});
        json(
            StatusCode::OK,
            &json!({"issue_statuses": self.site.statuses.iter().map(one).collect::<Vec<_>>()}),
        )
    }

    pub(super) fn list_priorities(&self) -> Response<Bytes> {
        let one = |each: &super::site::Priority| json!({"id": each.id, "name": each.name, "is_default": each.default, "active": true});
        json(
            StatusCode::OK,
            &json!({"issue_priorities": self.site.priorities.iter().map(one).collect::<Vec<_>>()}),
        )
    }

    pub(super) fn list_custom_fields(&self, asked: &Asked<'_>) -> Answer {
        if !asked.caller.admin {
            return Err(Failure::Forbidden);
        }
        let trackers: Vec<Value> = self
            .site
            .trackers
            .iter()
            .map(|each| json!({"id": each.id, "name": each.name}))
            .collect();
        let one = |each: &super::site::CustomField| {
            let mut out = json!({"id": each.id, "name": each.name, "customized_type": "issue",
                "field_format": each.format.name(), "regexp": "", "min_length": null, "max_length": null,
                "is_required": each.required, "is_filter": true, "searchable": false, "multiple": each.multiple,
                "default_value": null, "visible": true, "trackers": trackers, "roles": []});
            if !each.options.is_empty() {
                let values = each
                    .possible()
                    .map(|(value, label)| json!({"value": value, "label": label}));
                out["possible_values"] = values.collect();
            }
            out
        };
        Ok(json(
            StatusCode::OK,
            &json!({"custom_fields": self.site.custom_fields.iter().map(one).collect::<Vec<_>>()}),
        ))
    }
}

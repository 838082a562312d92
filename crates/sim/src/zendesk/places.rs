//! Users, groups, brands, statuses and fields.

use super::Zendesk;
use super::failure::{Answer, Failure};
use super::page::{self, Order};
use super::route::Asked;
use super::show::LONG_AGO;
use super::site::{Brand, Field, FieldKind, Group, Status, User};
use crate::call::json;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

/// Ticket fields that every account has: id, type, title.
const SYSTEM_FIELDS: [(u64, &str, &str); 8] = [
    (1, "subject", "Subject"),
    (2, "description", "Description"),
    (3, "status", "Status"),
    (4, "tickettype", "Type"),
    (5, "priority", "Priority"),
    (6, "group", "Group"),
    (7, "assignee", "Assignee"),
    (8, "custom_status", "Ticket status"),
];

impl Zendesk {
    pub(super) fn route_places(&self, asked: &Asked<'_>, rest: &[&str]) -> Answer {
        if asked.call.method != http::Method::GET {
            return Err(Failure::NotFound);
        }
        match rest {
            ["users", "me"] => Ok(one("user", &self.user(&asked.caller))),
            ["users"] => self.list_users(asked, None),
            ["users", "search"] => self.search_users(asked),
            ["users", id] => {
                let user = id.parse().ok().and_then(|id| self.site.user(id));
                Ok(one("user", &self.user(user.ok_or(Failure::NotFound)?)))
            }
            ["groups"] => {
                let key = |group: &Group| (0, group.id);
                let all = &self.site.groups;
                page::answer(asked, "groups", all, (key, Order::Up), group)
            }
            ["groups", id, "users"] => {
                let group = id.parse().ok().and_then(|id| self.site.group(id));
                self.list_users(asked, Some(group.ok_or(Failure::NotFound)?.id))
            }
            ["brands"] => {
                asked.admin()?;
                let key = |brand: &Brand| (0, brand.id);
                let all = &self.site.brands;
                page::answer(asked, "brands", all, (key, Order::Up), brand)
            }
            ["custom_statuses"] => {
                let all: Vec<Value> = self.site.statuses.iter().map(status).collect();
                Ok(one("custom_statuses", &json!(all)))
            }
            ["ticket_fields"] => self.list_fields(asked),
            _ => Err(Failure::NotFound),
        }
    }

    fn list_users(&self, asked: &Asked<'_>, group: Option<u64>) -> Answer {
        let roles: Vec<&str> = asked
            .call
            .query
            .iter()
            .filter(|(name, _)| matches!(name.as_str(), "role" | "role[]"))
            .map(|(_, role)| role.as_str())
            .collect();
        let wanted = |user: &&User| {
            !user.deleted
                && (roles.is_empty() || roles.contains(&user.role.name()))
                && group.is_none_or(|group| user.groups.contains(&group))
        };
        let all: Vec<&User> = self.site.users.iter().filter(wanted).collect();
        let key = |user: &&User| (0, user.id);
        page::answer(asked, "users", &all, (key, Order::Up), |user| {
            self.user(user)
        })
    }

    /// By `query`: `email:…`, or words of a name or an address.
    fn search_users(&self, asked: &Asked<'_>) -> Answer {
        let query = asked
            .call
            .param("query")
            .unwrap_or_default()
            .replace('"', "");
        let query = query.to_lowercase();
        let (email, words) = match query.strip_prefix("email:") {
            Some(email) => (Some(email), ""),
            None => (None, query.as_str()),
        };
        let wanted = |user: &&User| match email {
            Some(email) => user.email.to_lowercase() == email,
            None => {
                user.name.to_lowercase().contains(words)
                    || user.email.to_lowercase().contains(words)
            }
        };
        let there = self.site.users.iter().filter(|user| !user.deleted);
        let all: Vec<&User> = there.filter(wanted).collect();
        let key = |user: &&User| (0, user.id);
        page::answer(asked, "users", &all, (key, Order::Up), |user| {
            self.user(user)
        })
    }

    fn list_fields(&self, asked: &Asked<'_>) -> Answer {
        let system = SYSTEM_FIELDS.iter().map(|(id, kind, title)| {
            json!({"id": id, "type": kind, "title": title, "active": true, "required": false, "removable": false,
                "created_at": LONG_AGO, "updated_at": LONG_AGO})
        });
        let custom = self.site.fields.iter().map(field);
        let all: Vec<Value> = system.chain(custom).collect();
        let key = |field: &Value| (0, field["id"].as_u64().unwrap_or(0));
        page::answer(asked, "ticket_fields", &all, (key, Order::Up), Value::clone)
    }
}

fn one(name: &str, value: &Value) -> Response<Bytes> {
    json(StatusCode::OK, &json!({name: value}))
}

fn group(group: &Group) -> Value {
    json!({"id": group.id, "name": group.name, "description": "", "default": false, "deleted": false,
        "is_public": true, "created_at": LONG_AGO, "updated_at": LONG_AGO})
}

fn brand(brand: &Brand) -> Value {
    json!({"id": brand.id, "name": brand.name, "active": true, "default": brand.id == 1, "subdomain": "acme",
        "created_at": LONG_AGO, "updated_at": LONG_AGO})
}

fn status(status: &Status) -> Value {
    json!({"id": status.id, "status_category": status.category, "agent_label": status.label,
        "end_user_label": status.label, "active": true, "default": status.default, "created_at": LONG_AGO,
        "updated_at": LONG_AGO})
}

fn field(field: &Field) -> Value {
    let mut out = json!({"id": field.id, "type": field.kind.name(), "title": field.title, "raw_title": field.title,
        "active": true, "required": field.required, "removable": true, "tag": field.tag, "created_at": LONG_AGO,
        "updated_at": LONG_AGO});
    if !field.options.is_empty() {
        let options = (1_u64..).zip(&field.options);
        let options = options.map(|(number, (name, value))| {
            json!({"id": field.id * 100 + number, "name": name, "raw_name": name, "value": value, "default": false})
        });
        out["custom_field_options"] = options.collect();
    }
    match field.kind {
        FieldKind::Regexp => out["regexp_for_validation"] = json!("\\A\\d+\\z"),
        FieldKind::Lookup => out["relationship_target_type"] = json!("zen:user"),
        _ => {}
    }
    out
}

//! Accounts in the API.

use super::JiraCloud;
use super::failure::{Answer, Failure};
use super::request::Asked;
use super::site::User;
use crate::call::json;
use http::StatusCode;
use serde_json::{Map, Value, json};

/// The project permissions that can be asked for here.
const PERMISSIONS: &[&str] = &[
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "TRANSITION_ISSUES",
    "ASSIGN_ISSUES",
    "ADD_COMMENTS",
    "EDIT_OWN_COMMENTS",
    "DELETE_OWN_COMMENTS",
];

/// Searches go no further than this user.
const MOST_LOOKED_AT: usize = 1000;

impl JiraCloud {
    pub(super) fn myself(&self, asked: &Asked<'_>) -> Answer {
        let mut user = self.show().account(&asked.caller, &asked.caller);
        user["locale"] = json!("en_US");
        Ok(json(StatusCode::OK, &user))
    }

    /// The permissions that are asked for, and whether the caller has each.
    pub(super) fn my_permissions(&self, asked: &Asked<'_>) -> Answer {
        let keys = asked.list("permissions");
        if keys.is_empty() {
            return Err(Failure::invalid(
                "The query parameter 'permissions' is required.",
            ));
        }
        if let Some(unknown) = keys.iter().find(|key| !PERMISSIONS.contains(&key.as_str())) {
            return Err(Failure::invalid(format!(
                "Unrecognized permission: {unknown}"
            )));
        }
        let one = |(number, key): (usize, &String)| {
            let permission = json!({"id": (number + 10).to_string(), "key": key, "name": key, "type": "PROJECT",
                "description": "", "havePermission": !self.site.switches.denied.contains(key)});
            (key.clone(), permission)
        };
        let permissions: Map<String, Value> = keys.iter().enumerate().map(one).collect();
        Ok(json(StatusCode::OK, &json!({"permissions": permissions})))
    }

    pub(super) fn get_user(&self, asked: &Asked<'_>) -> Answer {
        let id = asked.call.param("accountId").unwrap_or_default();
        let user = self.site.user(id).ok_or_else(|| {
            Failure::not_found(format!(
                "Specified user does not exist or you do not have required permissions: {id}"
            ))
        })?;
        Ok(json(StatusCode::OK, &self.show().user(user, &asked.caller)))
    }

    pub(super) fn search_users(&self, asked: &Asked<'_>) -> Answer {
        if asked.call.param("query").is_none() && asked.call.param("accountId").is_none() {
            return Err(Failure::invalid(
                "The query parameter 'query' or 'accountId' must be provided",
            ));
        }
        self.matching_users(asked, |_| true)
    }

    pub(super) fn search_assignable(&self, asked: &Asked<'_>) -> Answer {
        let place = asked
            .call
            .param("issueKey")
            .or_else(|| asked.call.param("issueId"));
        match (place, asked.call.param("project")) {
            (Some(issue), _) => {
                self.visible(issue)?;
            }
            (None, Some(project)) => {
                self.known_project(project)?;
            }
            (None, None) => {
                return Err(Failure::invalid(
                    "Either the 'project' or the 'issueKey' parameter must be set.",
                ));
            }
        }
        // A range of users is taken first; who cannot be assigned is then left out of it.
        self.matching_users(asked, |user| user.active)
    }

    /// Users whose name or address begins with the query, at any word; of a page of them, those to `keep`. A hidden
    /// address can be searched for, too.
    fn matching_users(&self, asked: &Asked<'_>, keep: fn(&User) -> bool) -> Answer {
        let (query, id) = (asked.call.param("query"), asked.call.param("accountId"));
        let page = asked.page(50, 1000)?;
        let query = query.unwrap_or_default().to_lowercase();
        let matches = |user: &&User| {
            let name = user.display_name.to_lowercase();
            let words = name.split_whitespace().any(|word| word.starts_with(&query));
            id.is_none_or(|id| user.account_id == id)
                && (words
                    || name.starts_with(&query)
                    || user.email.to_lowercase().starts_with(&query))
        };
        let found = self.site.users.iter().filter(matches);
        let found: Vec<&User> = found.take(MOST_LOOKED_AT).collect();
        let range = page.of(&found);
        let kept = range.into_iter().filter(|user| keep(user));
        let shown: Value = kept
            .map(|user| self.show().user(user, &asked.caller))
            .collect();
        Ok(json(StatusCode::OK, &shown))
    }
}

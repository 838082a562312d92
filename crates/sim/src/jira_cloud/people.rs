//! Accounts in the API.

use super::JiraCloud;
use super::failure::{Answer, Failure};
use super::request::Asked;
use super::site::User;
use crate::call::json;
use http::StatusCode;
use serde_json::{Value, json};

impl JiraCloud {
    pub(super) fn myself(&self, asked: &Asked<'_>) -> Answer {
        let mut user = self.show().account(&asked.caller, &asked.caller);
        user["locale"] = json!("en_US");
        Ok(json(StatusCode::OK, &user))
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
        self.matching_users(asked, false)
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
        self.matching_users(asked, true)
    }

    /// Users whose name or address begins with the query, at any word. A hidden address can be searched for, too.
    fn matching_users(&self, asked: &Asked<'_>, active_only: bool) -> Answer {
        let (query, id) = (asked.call.param("query"), asked.call.param("accountId"));
        if query.is_none() && id.is_none() && !active_only {
            return Err(Failure::invalid(
                "The query parameter 'query' or 'accountId' must be provided",
            ));
        }
        let page = asked.page(50, 1000)?;
        let query = query.unwrap_or_default().to_lowercase();
        let matches = |user: &&User| {
            let name = user.display_name.to_lowercase();
            let words = name.split_whitespace().any(|word| word.starts_with(&query));
            id.is_none_or(|id| user.account_id == id)
                && (user.active || !active_only)
                && (words
                    || name.starts_with(&query)
                    || user.email.to_lowercase().starts_with(&query))
        };
        let found = self.site.users.iter().filter(matches);
        let all: Vec<Value> = found
            .map(|user| self.show().user(user, &asked.caller))
            .collect();
        Ok(json(StatusCode::OK, &page.of(&all).into()))
    }
}

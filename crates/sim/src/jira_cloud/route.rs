//! Who asks, and which operation answers.

use super::JiraCloud;
use super::failure::{Answer, Failure};
use super::model::Issue;
use super::request::Asked;
use crate::call::Call;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use twinline_core::time::Timestamp;

impl JiraCloud {
    pub(super) fn route(&mut self, now: Timestamp, call: &Call<'_>) -> Answer {
        let path = call.path();
        let ["rest", "api", version, rest @ ..] = path.as_slice() else {
            return Err(no_operation());
        };
        if !matches!(*version, "3" | "latest") {
            return Err(no_operation());
        }
        let Some(caller) = self.caller(call) else {
            // The only operation that needs no account.
            if rest == ["serverInfo"] && call.header("authorization").is_none() {
                return Ok(self.server_info(now));
            }
            return Err(Failure::message(
                StatusCode::UNAUTHORIZED,
                "Client must be authenticated to access this resource.",
            ));
        };
        let asked = Asked { call, now, caller };
        match rest {
            ["issue", ..] => self.route_issue(&asked, &rest[1..]),
            _ => self.route_site(&asked, rest),
        }
    }

    /// The account of an e-mail address and API token.
    fn caller(&self, call: &Call<'_>) -> Option<String> {
        let encoded = call.header("authorization")?.strip_prefix("Basic ")?;
        let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (email, token) = decoded.split_once(':')?;
        let user = self
            .site
            .users
            .iter()
            .find(|user| user.email.eq_ignore_ascii_case(email))?;
        (user.active && user.api_token.as_deref() == Some(token)).then(|| user.account_id.clone())
    }

    fn route_site(&mut self, asked: &Asked<'_>, rest: &[&str]) -> Answer {
        match (asked.call.method.as_str(), rest) {
            ("GET", ["myself"]) => self.myself(asked),
            ("GET", ["mypermissions"]) => self.my_permissions(asked),
            ("GET", ["serverInfo"]) => Ok(self.server_info(asked.now)),
            ("GET", ["user"]) => self.get_user(asked),
            ("GET", ["user", "search"]) => self.search_users(asked),
            ("GET", ["user", "assignable", "search"]) => self.search_assignable(asked),
            ("GET", ["project"]) => Ok(self.list_projects()),
            ("GET", ["project", "search"]) => self.search_projects(asked),
            ("GET", ["project", project]) => self.get_project(asked, project),
            ("GET", ["project", project, "statuses"]) => self.project_statuses(project),
            ("GET", ["project", project, "components"]) => self.project_components(project),
            ("GET", ["field"]) => Ok(self.list_fields()),
            ("GET", ["issuetype"]) => Ok(self.list_types()),
            ("GET", ["priority"]) => Ok(self.list_priorities()),
            ("GET", ["resolution"]) => Ok(self.list_resolutions()),
            ("POST", ["workflows"]) => self.read_workflows(asked),
            ("GET", ["status"]) => Ok(self.list_statuses()),
            ("GET", ["comment", comment, "properties"]) => self.comment_properties(asked, comment),
            ("GET", ["attachment", "meta"]) => Self::file_settings(),
            ("GET", ["attachment", "content", id]) => self.file_content(asked, id),
            ("GET", ["attachment", id]) => self.get_file(asked, id),
            ("DELETE", ["attachment", id]) => self.delete_file(asked, id),
            ("GET", ["issueLinkType"]) => Ok(self.list_link_types()),
            ("POST", ["issueLink"]) => self.create_link(asked),
            ("DELETE", ["issueLink", id]) => self.delete_link(asked, id),
            ("GET" | "POST", ["search", "jql"]) => self.search(asked),
            ("POST", ["search", "approximate-count"]) => self.count(asked),
            ("GET" | "POST", ["search"]) => Err(Failure::message(
                StatusCode::GONE,
                "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046",
            )),
            _ => Err(no_operation()),
        }
    }

    fn route_issue(&mut self, asked: &Asked<'_>, rest: &[&str]) -> Answer {
        match (asked.call.method.as_str(), rest) {
            ("POST", []) => self.create_issue(asked),
            ("POST", ["bulkfetch"]) => self.bulk_fetch(asked),
            ("GET", ["createmeta", project, "issuetypes"]) => self.create_types(asked, project),
            ("GET", ["createmeta", project, "issuetypes", kind]) => {
                self.create_fields(asked, project, kind)
            }
            (method, [issue, rest @ ..]) => {
                let id = self.visible(issue)?.id;
                if method != Method::GET && self.site.switches.issue_write_limits {
                    self.writes.count(id, asked.now)?;
                }
                self.route_one(asked, id, rest)
            }
            _ => Err(no_operation()),
        }
    }

    fn route_one(&mut self, asked: &Asked<'_>, id: u64, rest: &[&str]) -> Answer {
        match (asked.call.method.as_str(), rest) {
            ("GET", []) => self.get_issue(asked, id),
            ("PUT", []) => self.edit_issue(asked, id),
            ("DELETE", []) => self.delete_issue(asked, id),
            ("GET", ["editmeta"]) => self.edit_fields(id),
            ("GET", ["changelog"]) => self.changelog(asked, id),
            ("PUT", ["assignee"]) => self.assign(asked, id),
            ("GET", ["transitions"]) => self.list_transitions(asked, id),
            ("POST", ["transitions"]) => self.transition(asked, id),
            ("GET", ["properties"]) => self.list_properties(id),
            ("GET", ["properties", key]) => self.get_property(id, key),
            ("PUT", ["properties", key]) => self.put_property(asked, id, key),
            ("DELETE", ["properties", key]) => self.delete_property(asked, id, key),
            ("POST", ["attachments"]) => self.add_file(asked, id),
            ("GET", ["comment"]) => self.list_comments(asked, id),
            ("POST", ["comment"]) => self.add_comment(asked, id),
            ("GET", ["comment", comment]) => self.get_comment(asked, id, comment),
            ("PUT", ["comment", comment]) => self.edit_comment(asked, id, comment),
            ("DELETE", ["comment", comment]) => self.delete_comment(asked, id, comment),
            _ => Err(no_operation()),
        }
    }

    /// An issue that the API may show.
    pub(super) fn visible(&self, id_or_key: &str) -> Result<&Issue, Failure> {
        let issue = self.store.find(id_or_key).ok_or_else(Failure::no_issue)?;
        match issue.hidden {
            None => Ok(issue),
            Some(403) => Err(Failure::message(
                StatusCode::FORBIDDEN,
                "You do not have the permission to see the specified issue.",
            )),
            Some(_) => Err(Failure::no_issue()),
        }
    }

    /// An issue that the caller of this function has just found by its id.
    pub(super) fn issue(&self, id: u64) -> &Issue {
        &self.store.issues[&id]
    }
}

fn no_operation() -> Failure {
    Failure::not_found("null for uri")
}

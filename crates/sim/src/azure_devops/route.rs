//! Who asks, and which operation answers.

use super::AzureDevOps;
use super::failure::{Answer, Failure, sign_in};
use super::model::WorkItem;
use super::request::Asked;
use crate::call::{Call, http_date, set};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use twinline_core::time::Timestamp;

impl AzureDevOps {
    pub(super) fn route(&mut self, now: Timestamp, call: &Call<'_>) -> Answer {
        let path = call.path();
        let inside = match path.as_slice() {
            [first, rest @ ..] if first.eq_ignore_ascii_case(&self.site.name) => rest,
            all => all,
        };
        let (place, rest) = match inside.iter().position(|part| *part == "_apis") {
            Some(at) => (&inside[..at], &inside[at + 1..]),
            None => return Err(no_operation()),
        };
        if call.method == Method::OPTIONS {
            return Ok(self.locations());
        }
        let Some(caller) = self.caller(call) else {
            return match call.header("x-tfs-fedauthredirect") {
                Some(said) if said.eq_ignore_ascii_case("suppress") => Err(unauthorized()),
                _ if call.header("authorization").is_some() => Err(unauthorized()),
                _ => Ok(sign_in()),
            };
        };
        let queries = rest
            .last()
            .is_some_and(|last| last.eq_ignore_ascii_case("wiql"));
        let limits = self.site.switches.rate_limits;
        if limits && let Some(refusal) = self.usage.count(now, &call.method, queries) {
            return Ok(refusal);
        }
        let project = place
            .first()
            .map(|named| self.known_project(named))
            .transpose()?;
        let asked = Asked {
            call,
            now,
            caller,
            project,
        };
        let small: Vec<String> = rest.iter().map(|part| part.to_ascii_lowercase()).collect();
        let small: Vec<&str> = small.iter().map(String::as_str).collect();
        let mut response = self.operation(&asked, &small, rest)?;
        if limits {
            self.usage.tell(now, &mut response);
        }
        set(&mut response, "date", &http_date(now));
        Ok(response)
    }

    fn known_project(&self, named: &str) -> Result<String, Failure> {
        let project = self.site.project(named).ok_or_else(|| {
            Failure::new(
                StatusCode::NOT_FOUND,
                "ProjectDoesNotExistWithNameException",
                format!("TF200016: The following project does not exist: {named}. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server."),
            )
        })?;
        Ok(project.name.clone())
    }

    /// The account of a personal access token, with any user name, or of an access token of Microsoft Entra.
    fn caller(&self, call: &Call<'_>) -> Option<String> {
        let shown = call.header("authorization")?;
        let mut users = self.site.users.iter().filter(|user| user.active);
        let found = if let Some(token) = shown.strip_prefix("Bearer ") {
            users.find(|user| user.bearer.as_deref() == Some(token))
        } else {
            let encoded = shown.strip_prefix("Basic ")?;
            let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
            let (_, token) = decoded.split_once(':')?;
            users.find(|user| user.pat.as_deref() == Some(token))
        };
        found.map(|user| user.unique_name.clone())
    }

    /// `small` is the path behind `_apis` in small letters, `exact` as it was written.
    fn operation(&mut self, asked: &Asked<'_>, small: &[&str], exact: &[&str]) -> Answer {
        match (asked.call.method.as_str(), small) {
            ("GET", ["resourceareas"]) => Ok(self.resource_areas()),
            ("GET", ["resourceareas", id]) => self.resource_area(id),
            ("GET", ["connectiondata"]) => Ok(self.connection_data(asked)),
            ("GET", ["projects"]) => Ok(self.list_projects()),
            ("GET", ["projects", _]) => self.get_project(exact[1]),
            (_, ["wit", ..]) => self.work(asked, &small[1..], &exact[1..]),
            (_, ["hooks", "subscriptions", ..]) => self.subscription(asked, &small[2..]),
            _ => Err(no_operation()),
        }
    }

    fn work(&mut self, asked: &Asked<'_>, small: &[&str], exact: &[&str]) -> Answer {
        match (asked.call.method.as_str(), small) {
            ("POST", ["attachments"]) => self.upload(asked),
            ("PUT", ["attachments", id]) => self.upload_chunk(asked, id),
            ("GET", ["attachments", id]) => self.file_content(id),
            ("GET", ["fields"]) => Ok(self.list_fields()),
            ("GET", ["fields", _]) => self.get_field(exact[1]),
            ("GET", ["workitemrelationtypes"]) => Ok(self.list_relation_types()),
            ("GET", ["workitemtypes", ..]) => self.types(asked, small, exact),
            ("GET", ["classificationnodes"]) => self.classification_nodes(asked),
            ("POST", ["wiql"]) => self.query(asked),
            ("POST", ["workitemsbatch"]) => self.batch(asked),
            ("GET", ["workitems"]) => self.several(asked),
            ("GET" | "POST", ["reporting", "workitemrevisions"]) => self.revisions_feed(asked),
            ("GET", ["recyclebin"]) => Ok(self.list_bin(asked)),
            (_, ["recyclebin", id]) => self.in_bin(asked, id),
            ("POST", ["workitems", kind]) if kind.starts_with('$') => {
                self.create_item(asked, exact[1].trim_start_matches('$'))
            }
            (method, ["workitems", id, rest @ ..]) => {
                let id = number(id)?;
                match (method, rest) {
                    ("GET", []) => self.get_item(asked, id),
                    ("PATCH", []) => self.update_item(asked, id),
                    ("DELETE", []) => self.delete_item(asked, id),
                    ("GET", ["updates"]) => self.list_updates(asked, id),
                    ("GET", ["revisions"]) => self.list_revisions(asked, id),
                    (_, ["comments", rest @ ..]) => self.talk(asked, id, rest),
                    _ => Err(no_operation()),
                }
            }
            _ => Err(no_operation()),
        }
    }

    /// An item that the API may show: neither deleted nor hidden, and in the project that the path names.
    pub(super) fn visible(&self, asked: &Asked<'_>, id: u64) -> Result<&WorkItem, Failure> {
        let item = self.items.get(&id).filter(|item| item.is_alive());
        let item = item.ok_or_else(|| Failure::no_item(id))?;
        let elsewhere = asked
            .project
            .as_ref()
            .is_some_and(|project| item.text("System.TeamProject") != project);
        match item.hidden {
            Some(403) => Err(Failure::new(
                StatusCode::FORBIDDEN,
                "AccessDeniedException",
                "TF401027: You need the 'View work items in this node' permission to perform this action.",
            )),
            Some(_) => Err(Failure::no_item(id)),
            None if elsewhere => Err(Failure::no_item(id)),
            None => Ok(item),
        }
    }
}

/// A number in a path.
pub(super) fn number(text: &str) -> Result<u64, Failure> {
    text.parse()
        .map_err(|_| Failure::invalid(format!("The value '{text}' is not a number.")))
}

pub(super) fn no_operation() -> Failure {
    Failure::not_found(
        "The controller for the path was not found or does not implement IController.",
    )
}

fn unauthorized() -> Failure {
    Failure::new(
        StatusCode::UNAUTHORIZED,
        "UnauthorizedRequestException",
        "TF400813: The user is not authorized to access this resource.",
    )
}

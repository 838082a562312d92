//! Links between issues.

use super::JiraCloud;
use super::edit::By;
use super::failure::{Answer, Failure};
use super::model::{Issue, Link};
use super::request::Asked;
use super::site::LinkType;
use crate::call::{empty, json, set};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

impl JiraCloud {
    fn link_type(&self, kind: &LinkType) -> Value {
        json!({"id": kind.id, "name": kind.name, "inward": kind.inward, "outward": kind.outward,
            "self": self.site.url(&format!("issueLinkType/{}", kind.id))})
    }

    pub(super) fn list_link_types(&self) -> Response<Bytes> {
        let all: Vec<Value> = self
            .site
            .link_types
            .iter()
            .map(|kind| self.link_type(kind))
            .collect();
        json(StatusCode::OK, &json!({"issueLinkTypes": all}))
    }

    /// An issue's links, each with the issue at the other end.
    pub(super) fn links_of(&self, issue: &Issue, caller: &str) -> Vec<Value> {
        let mut out = Vec::new();
        for link in &self.store.links {
            let (side, other) = match issue.id {
                id if id == link.outward => ("inwardIssue", link.inward),
                id if id == link.inward => ("outwardIssue", link.outward),
                _ => continue,
            };
            let kind = self
                .site
                .link_types
                .iter()
                .find(|kind| kind.id == link.kind);
            let mut shown = json!({"id": link.id.to_string(), "type": kind.map(|kind| self.link_type(kind)),
                "self": self.site.url(&format!("issueLink/{}", link.id))});
            shown[side] = self.show().reference(self.issue(other), caller);
            out.push(shown);
        }
        out
    }

    pub(super) fn create_link(&mut self, asked: &Asked<'_>) -> Answer {
        let body = asked.object()?;
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
        let (id, name) = (text("/type/id"), text("/type/name"));
        let mut kinds = self.site.link_types.iter();
        let kind = kinds.find(|kind| id.map_or(name == Some(&kind.name), |id| kind.id == id));
        let kind = kind
            .ok_or_else(|| Failure::not_found("No issue link type with this id or name found."))?
            .id
            .clone();
        let end = |side: &str| {
            let name = text(&format!("/{side}/key")).or_else(|| text(&format!("/{side}/id")));
            self.visible(name.unwrap_or_default()).map(|issue| issue.id)
        };
        let (inward, outward) = (end("inwardIssue")?, end("outwardIssue")?);
        let id = self.link(
            By {
                now: asked.now,
                who: &asked.caller,
            },
            kind,
            inward,
            outward,
        );
        let mut response = empty(StatusCode::CREATED);
        set(
            &mut response,
            "location",
            &self.site.url(&format!("issueLink/{id}")),
        );
        Ok(response)
    }

    /// Links two issues; a link that is there already stays the only one.
    pub(super) fn link(&mut self, by: By<'_>, kind: String, inward: u64, outward: u64) -> u64 {
        let same =
            |link: &&Link| link.kind == kind && link.inward == inward && link.outward == outward;
        if let Some(link) = self.store.links.iter().find(same) {
            return link.id;
        }
        let id = self.new_id();
        self.store.links.push(Link {
            id,
            kind,
            inward,
            outward,
        });
        self.touch(by, inward);
        self.touch(by, outward);
        id
    }

    pub(super) fn delete_link(&mut self, asked: &Asked<'_>, id: &str) -> Answer {
        let at = self
            .store
            .links
            .iter()
            .position(|link| link.id.to_string() == id);
        let Some(at) = at else {
            return Err(Failure::not_found(format!(
                "No issue link with id '{id}' exists."
            )));
        };
        let link = self.store.links.remove(at);
        let by = By {
            now: asked.now,
            who: &asked.caller,
        };
        self.touch(by, link.inward);
        self.touch(by, link.outward);
        Ok(empty(StatusCode::NO_CONTENT))
    }
}

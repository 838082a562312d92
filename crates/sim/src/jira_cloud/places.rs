//! Projects, statuses and the other things that a site has few of.

use super::JiraCloud;
use super::failure::{Answer, Failure};
use super::request::Asked;
use super::show::instant;
use super::site::{Project, Status};
use crate::call::json;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use twinline_core::time::Timestamp;

impl JiraCloud {
    pub(super) fn server_info(&self, now: Timestamp) -> Response<Bytes> {
        json(
            StatusCode::OK,
            &json!({
                "baseUrl": self.site.base_url, "version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0],
                "deploymentType": "Cloud", "buildNumber": 100_260, "serverTitle": "Jira",
                "buildDate": "2026-01-01T00:00:00.000+0000", "serverTime": instant(now), "serverTimeZone": "Etc/UTC",
            }),
        )
    }

    pub(super) fn known_project(&self, id_or_key: &str) -> Result<&Project, Failure> {
        self.site.project(id_or_key).ok_or_else(|| {
            Failure::not_found(format!("No project could be found with key '{id_or_key}'."))
        })
    }

    fn project_bean(&self, project: &Project, caller: &str) -> Value {
        let mut out = self.show().project(project);
        out["lead"] = self.show().account(&project.lead, caller);
        out["components"] = project
            .components
            .iter()
            .map(|each| self.show().component(each))
            .collect();
        out["issueTypes"] = self.types_of(project).into();
        out["versions"] = json!([]);
        out["roles"] = json!({});
        out["style"] = json!("classic");
        out["isPrivate"] = json!(false);
        out["assigneeType"] = json!("UNASSIGNED");
        out["description"] = json!("");
        out["properties"] = json!({});
        out
    }

    pub(super) fn get_project(&self, asked: &Asked<'_>, project: &str) -> Answer {
        let project = self.known_project(project)?;
        Ok(json(
            StatusCode::OK,
            &self.project_bean(project, &asked.caller),
        ))
    }

    /// Deprecated in favour of the search, but clients still call it.
    pub(super) fn list_projects(&self) -> Response<Bytes> {
        let projects = self.site.projects.iter();
        json(
            StatusCode::OK,
            &projects.map(|each| self.show().project(each)).collect(),
        )
    }

    pub(super) fn search_projects(&self, asked: &Asked<'_>) -> Answer {
        let page = asked.page(50, 50)?;
        let query = asked.call.param("query").unwrap_or_default().to_lowercase();
        let keys = asked.list("keys");
        let matches = |project: &&Project| {
            (keys.is_empty() || keys.contains(&project.key))
                && (project.name.to_lowercase().contains(&query)
                    || project.key.to_lowercase().contains(&query))
        };
        let all: Vec<Value> = self
            .site
            .projects
            .iter()
            .filter(matches)
            .map(|each| self.show().project(each))
            .collect();
        let values = page.of(&all);
        Ok(json(
            StatusCode::OK,
            &json!({"self": self.site.url("project/search"), "maxResults": page.max_results,
            "startAt": page.start_at, "total": all.len(), "isLast": page.start_at + values.len() >= all.len(),
            "values": values}),
        ))
    }

    /// The statuses that a project's workflow has.
    pub(super) fn statuses_of(&self, project: &Project) -> Vec<&Status> {
        let workflow = &project.workflow;
        let ways = workflow
            .transitions
            .iter()
            .flat_map(|way| way.from.iter().chain([&way.to]));
        let used: BTreeSet<&String> = ways.chain([&workflow.initial]).collect();
        self.site
            .statuses
            .iter()
            .filter(|status| used.contains(&status.id))
            .collect()
    }

    pub(super) fn project_statuses(&self, project: &str) -> Answer {
        let project = self.known_project(project)?;
        let statuses: Vec<Value> = self
            .statuses_of(project)
            .iter()
            .map(|each| self.show().status(each))
            .collect();
        let kinds = project
            .types
            .iter()
            .filter_map(|id| self.site.issue_type(id));
        let all: Value = kinds
            .map(|kind| {
                json!({"self": self.site.url(&format!("issuetype/{}", kind.id)), "id": kind.id,
                "name": kind.name, "subtask": kind.subtask, "statuses": statuses})
            })
            .collect();
        Ok(json(StatusCode::OK, &all))
    }

    pub(super) fn project_components(&self, project: &str) -> Answer {
        let project = self.known_project(project)?;
        let all: Value = project
            .components
            .iter()
            .map(|each| {
                let mut out = self.show().component(each);
                out["project"] = json!(project.key);
                out
            })
            .collect();
        Ok(json(StatusCode::OK, &all))
    }

    pub(super) fn list_types(&self) -> Response<Bytes> {
        json(
            StatusCode::OK,
            &self
                .site
                .types
                .iter()
                .map(|each| self.show().issue_type(each))
                .collect(),
        )
    }

    pub(super) fn list_priorities(&self) -> Response<Bytes> {
        json(
            StatusCode::OK,
            &self
                .site
                .priorities
                .iter()
                .map(|each| self.show().priority(each))
                .collect(),
        )
    }

    pub(super) fn list_resolutions(&self) -> Response<Bytes> {
        json(
            StatusCode::OK,
            &self
                .site
                .resolutions
                .iter()
                .map(|each| self.show().resolution(each))
                .collect(),
        )
    }

    pub(super) fn list_statuses(&self) -> Response<Bytes> {
        json(
            StatusCode::OK,
            &self
                .site
                .statuses
                .iter()
                .map(|each| self.show().status(each))
                .collect(),
        )
    }
}

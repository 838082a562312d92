//! How the vendor's clients find the API: who they are, which projects there are, where each operation lies.
//!
//! They ask `OPTIONS /_apis` for the templates of all operations by id, and `ResourceAreas` for the address of each area.
//! Source: the `azure-devops` package for Python, whose generated clients name these ids.

use super::AzureDevOps;
use super::failure::{Answer, Failure, listed};
use super::request::Asked;
use super::site::Project;
use crate::call::json;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

/// Each area's id and name.
const AREAS: &[(&str, &str)] = &[
    ("5264459e-e5e0-4bd8-b118-0985e68a4ec5", "wit"),
    ("79134c72-4a58-4b42-976c-04e7115f32bf", "core"),
];

/// Operations: id, area, resource, template.
const LOCATIONS: &[(&str, &str, &str, &str)] = &[
    (
        "e81700f7-3be2-46de-8624-2eb35882fcaa",
        "Location",
        "ResourceAreas",
        "_apis/{resource}/{areaId}",
    ),
    (
        "603fe2ac-9723-48b9-88ad-09305aa6c6e1",
        "core",
        "projects",
        "_apis/{resource}/{*projectId}",
    ),
    (
        "72c7ddf8-2cdc-4f60-90cd-ab71c14a399b",
        "wit",
        "workItems",
        "{project}/_apis/{area}/{resource}/{id}",
    ),
    (
        "62d3d110-0047-428c-ad3c-4fe872c91c74",
        "wit",
        "workItems",
        "{project}/_apis/{area}/{resource}/${type}",
    ),
    (
        "908509b6-4248-4475-a1cd-829139ba419f",
        "wit",
        "workItemsBatch",
        "{project}/_apis/{area}/{resource}",
    ),
    (
        "608aac0a-32e1-4493-a863-b9cf4566d257",
        "wit",
        "comments",
        "{project}/_apis/{area}/workItems/{workItemId}/{resource}/{commentId}",
    ),
    (
        "1a9c53f7-f243-4447-b110-35ef023636e4",
        "wit",
        "wiql",
        "{project}/{team}/_apis/{area}/{resource}/{id}",
    ),
    (
        "6570bf97-d02c-4a91-8d93-3abe9895b1a9",
        "wit",
        "updates",
        "{project}/_apis/{area}/workItems/{id}/{resource}/{updateNumber}",
    ),
    (
        "a00c85a5-80fa-4565-99c3-bcd2181434bb",
        "wit",
        "revisions",
        "{project}/_apis/{area}/workItems/{id}/{resource}/{revisionNumber}",
    ),
    (
        "b70d8d39-926c-465e-b927-b1bf0e5ca0e0",
        "wit",
        "recyclebin",
        "{project}/_apis/{area}/{resource}/{id}",
    ),
    (
        "f828fe59-dd87-495d-a17c-7a8d6211ca6c",
        "wit",
        "workItemRevisions",
        "{project}/_apis/{area}/reporting/{resource}",
    ),
    (
        "b51fd764-e5c2-4b9b-aaf7-3395cf4bdd94",
        "wit",
        "fields",
        "{project}/_apis/{area}/{resource}/{fieldNameOrRefName}",
    ),
    (
        "7c8d7a76-4a09-43e8-b5df-bd792f4ac6aa",
        "wit",
        "workItemTypes",
        "{project}/_apis/{area}/{resource}/{type}",
    ),
    (
        "bd293ce5-3d25-4192-8e67-e8092e879efb",
        "wit",
        "fields",
        "{project}/_apis/{area}/workItemTypes/{type}/{resource}/{field}",
    ),
    (
        "7c9d7a76-4a09-43e8-b5df-bd792f4ac6aa",
        "wit",
        "states",
        "{project}/_apis/{area}/workItemTypes/{type}/{resource}",
    ),
    (
        "a70579d1-f53a-48ee-a5be-7be8659023b9",
        "wit",
        "classificationNodes",
        "{project}/_apis/{area}/{resource}",
    ),
    (
        "f5d33bc9-5b49-4a3c-a9bd-f3cd46dd2165",
        "wit",
        "workItemRelationTypes",
        "_apis/{area}/{resource}/{relation}",
    ),
    (
        "fc50d02a-849f-41fb-8af1-0a5216103269",
        "hooks",
        "subscriptions",
        "_apis/{area}/{resource}/{subscriptionId}",
    ),
];

impl AzureDevOps {
    /// `OPTIONS _apis`
    pub(super) fn locations(&self) -> Response<Bytes> {
        let one = |(id, area, resource, template): &(&str, &str, &str, &str)| {
            json!({"id": id, "area": area, "resourceName": resource, "routeTemplate": template, "resourceVersion": 3,
                "minVersion": "1.0", "maxVersion": "7.2", "releasedVersion": "7.1"})
        };
        listed(LOCATIONS.iter().map(one).collect())
    }

    pub(super) fn resource_areas(&self) -> Response<Bytes> {
        listed(AREAS.iter().map(|(id, name)| self.area(id, name)).collect())
    }

    pub(super) fn resource_area(&self, id: &str) -> Answer {
        let found = AREAS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(id));
        let (id, name) =
            found.ok_or_else(|| Failure::not_found(format!("There is no area {id}.")))?;
        Ok(json(StatusCode::OK, &self.area(id, name)))
    }

    fn area(&self, id: &str, name: &str) -> Value {
        json!({"id": id, "name": name, "locationUrl": format!("{}/", self.site.url())})
    }

    /// Who the caller is.
    pub(super) fn connection_data(&self, asked: &Asked<'_>) -> Response<Bytes> {
        let Some(user) = self.site.account(&asked.caller) else {
            return json(StatusCode::OK, &json!({}));
        };
        let who = json!({
            "id": user.id,
            "descriptor": format!("Microsoft.IdentityModel.Claims.ClaimsIdentity;{}", user.unique_name),
            "subjectDescriptor": user.descriptor(),
            "providerDisplayName": user.display_name,
            "isActive": true,
            "properties": {"Account": {"$type": "System.String", "$value": user.unique_name}},
        });
        json(
            StatusCode::OK,
            &json!({"authenticatedUser": who, "authorizedUser": who, "instanceId": super::seed::guid(9, 1),
                "deploymentType": "hosted", "locationServiceData": {"serviceOwner": super::seed::guid(9, 2)}}),
        )
    }

    pub(super) fn list_projects(&self) -> Response<Bytes> {
        listed(
            self.site
                .projects
                .iter()
                .map(|project| self.project(project))
                .collect(),
        )
    }

    pub(super) fn get_project(&self, named: &str) -> Answer {
        let project = self.site.project(named).ok_or_else(|| {
            Failure::new(
                StatusCode::NOT_FOUND,
                "ProjectDoesNotExistWithNameException",
                format!("TF200016: The following project does not exist: {named}."),
            )
        })?;
        Ok(json(StatusCode::OK, &self.project(project)))
    }

    fn project(&self, project: &Project) -> Value {
        json!({"id": project.id, "name": project.name, "state": "wellFormed", "revision": 1, "visibility": "private",
            "url": format!("{}/_apis/projects/{}", self.site.url(), project.id), "lastUpdateTime": "2026-01-01T00:00:00Z"})
    }
}

//! Whether our account may write: Azure DevOps tells it of a write that is only tried out.
//!
//! Source: "Work Items - Create" in Microsoft's reference, `validateOnly`. What a personal access token is limited to nothing
//! else tells.

use super::{Azure, client, decode};
use crate::connector;
use crate::error::TrackerError;
use crate::http::{Call, Cost};
use crate::tracker::Scope;
use http::StatusCode;
use serde_json::{Value as Json, json};

/// What the service answers to who may not write. That an area is closed to somebody it says as of a value.
const NOT_ALLOWED: [StatusCode; 2] = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
/// "The current user does not have permissions to save work items under the specified area path."
const NOT_IN_AREA: &str = "TF237111";

impl Azure {
    /// What keeps us from making items in a scope.
    pub(super) async fn check_rights(&self, scope: &Scope) -> Result<Option<String>, TrackerError> {
        let project = super::project(scope)?;
        let kind = connector::named(scope, "type", super::TRACKER)?;
        let set = |field: &str, value: &str| json!({ "op": "add", "path": format!("/fields/{field}"), "value": value });
        let mut document = vec![set("System.Title", "Tried out, and not made")];
        if let Some(area) = scope.get("area") {
            document.push(set(decode::AREA, area));
        }
        let path = client::path_in(project, &format!("wit/workitems/${}", client::part(kind)));
        let call = client::patch(Call::post(path).cost(Cost::Read), &document)
            .query("validateOnly", "true")
            .accept(&[StatusCode::BAD_REQUEST])
            .accept(&NOT_ALLOWED);
        let reply = self.client.send(call).await?;
        let body: Json = serde_json::from_slice(&reply.body).unwrap_or_default();
        let said = body["message"].as_str().unwrap_or_default();
        // Other rules are about values that a real item would have.
        let lacks = NOT_ALLOWED.contains(&reply.status)
            || (reply.status == StatusCode::BAD_REQUEST && said.contains(NOT_IN_AREA));
        Ok(lacks.then(|| {
            format!(
                "the account may not write work items of {project}: give its token the scope Work items: read & write, and the \
                 account the access level Basic and the permission to edit work items in that area (Azure DevOps answered {}: {said})",
                reply.status
            )
        }))
    }
}

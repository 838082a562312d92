//! What our account may do.

use super::{Redmine, wire};
use crate::error::TrackerError;
use crate::http::Call;
use http::StatusCode;

/// Redmine's names of the permissions that are asked for.
const VIEW_PRIVATE_NOTES: &str = "view_private_notes";
const SET_NOTES_PRIVATE: &str = "set_notes_private";

impl Redmine {
    /// Whether our account is shown everybody's private notes in a project.
    pub(super) async fn sees_private_notes(&self, project: u64) -> Result<bool, TrackerError> {
        self.may(project, VIEW_PRIVATE_NOTES).await
    }

    /// Whether a private note that our account writes in a project is private.
    pub(super) async fn writes_private_notes(&self, project: u64) -> Result<bool, TrackerError> {
        self.may(project, SET_NOTES_PRIVATE).await
    }

    /// Whether our account has a permission in a project. Redmine tells it of administrators and members; where it does
    /// not (an account that is no member), the answer is no.
    async fn may(&self, project: u64, permission: &str) -> Result<bool, TrackerError> {
        let call = Call::get("/users/current.json").query("include", "memberships");
        let user = self
            .client
            .send(call)
            .await?
            .json::<wire::CurrentUser>()?
            .user;
        if user.admin == Some(true) {
            return Ok(true);
        }
        let own = user.memberships.iter();
        let roles = own
            .filter(|own| own.project.id == project)
            .flat_map(|own| &own.roles);
        for role in roles {
            let call = Call::get(format!("/roles/{}.json", role.id))
                .accept(&[StatusCode::NOT_FOUND, StatusCode::FORBIDDEN]);
            let reply = self.client.send(call).await?;
            if !reply.status.is_success() {
                continue;
            }
            let role = reply.json::<wire::OneRole>()?.role;
            if role.permissions.iter().any(|can| can == permission) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

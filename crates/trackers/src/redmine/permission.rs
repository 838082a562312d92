//! What our account may do.

use super::{Redmine, wire};
use crate::error::TrackerError;
use crate::http::Call;
use http::StatusCode;
use std::collections::BTreeSet;

/// Redmine's names of the permissions that are asked for.
const VIEW_PRIVATE_NOTES: &str = "view_private_notes";
const SET_NOTES_PRIVATE: &str = "set_notes_private";

/// Without one of each row nothing is right: Redmine's names, and what its page of roles calls the least of them.
const NEEDED: &[(&[&str], &str)] = &[
    (&["view_issues"], "View issues"),
    (&["add_issues"], "Add issues"),
    (&["edit_issues"], "Edit issues"),
    (&["add_issue_notes"], "Add notes"),
    (
        &["edit_own_issue_notes", "edit_issue_notes"],
        "Edit own notes",
    ),
];

/// What Redmine tells of our account's rights in a project.
struct Rights {
    /// Administrators may do everything.
    all: bool,
    member: bool,
    permissions: BTreeSet<String>,
    /// Whether each role of the account could be read.
    complete: bool,
}

impl Redmine {
    /// Whether our account is shown everybody's private notes in a project.
    pub(super) async fn sees_private_notes(&self, project: u64) -> Result<bool, TrackerError> {
        self.may(project, VIEW_PRIVATE_NOTES).await
    }

    /// Whether a private note that our account writes in a project is private.
    pub(super) async fn writes_private_notes(&self, project: u64) -> Result<bool, TrackerError> {
        self.may(project, SET_NOTES_PRIVATE).await
    }

    /// A sentence for each needed permission that our account lacks in a project.
    pub(super) async fn lacking(
        &self,
        name: &str,
        project: u64,
    ) -> Result<Vec<String>, TrackerError> {
        let rights = self.rights(project).await?;
        if rights.all || !rights.complete {
            return Ok(Vec::new());
        }
        if !rights.member {
            return Ok(vec![format!(
                "the account is no member of project {name}: add it in the project's Settings, Members"
            )]);
        }
        let has = |any: &[&str]| any.iter().any(|one| rights.permissions.contains(*one));
        let lacking = NEEDED.iter().filter(|(any, _)| !has(any));
        let sentence = |(_, label): &(&[&str], &str)| {
            format!(
                "the account lacks the permission \"{label}\" in project {name}: give it to its role, or another role to it"
            )
        };
        Ok(lacking.map(sentence).collect())
    }

    /// Whether our account has a permission in a project. Where Redmine does not tell, the answer is no.
    async fn may(&self, project: u64, permission: &str) -> Result<bool, TrackerError> {
        let rights = self.rights(project).await?;
        Ok(rights.all || rights.permissions.contains(permission))
    }

    /// Redmine tells the rights of administrators and members, not what it lets people do who are none.
    async fn rights(&self, project: u64) -> Result<Rights, TrackerError> {
        let call = Call::get("/users/current.json").query("include", "memberships");
        let user = self
            .client
            .send(call)
            .await?
            .json::<wire::CurrentUser>()?
            .user;
        let own = user.memberships.iter();
        let own: Vec<_> = own.filter(|own| own.project.id == project).collect();
        let mut rights = Rights {
            all: user.admin == Some(true),
            member: !own.is_empty(),
            permissions: BTreeSet::new(),
            complete: true,
        };
        if rights.all {
            return Ok(rights);
        }
        for role in own.iter().flat_map(|own| &own.roles) {
            let call = Call::get(format!("/roles/{}.json", role.id))
                .accept(&[StatusCode::NOT_FOUND, StatusCode::FORBIDDEN]);
            let reply = self.client.send(call).await?;
            if reply.status.is_success() {
                let role = reply.json::<wire::OneRole>()?.role;
                rights.permissions.extend(role.permissions);
            } else {
                rights.complete = false;
            }
        }
        Ok(rights)
    }
}

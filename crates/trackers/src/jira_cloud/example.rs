//! What `init` writes, and what `node add` tells.

use crate::registry::Example;

pub(super) const EXAMPLE: Example = Example {
    url: "https://acme.atlassian.net",
    auth: "email = \"twinline@acme.example\", ",
    secret: "token",
    token: "as Twinline's own account, at id.atlassian.com, Security, API tokens; or OAuth 2.0 credentials of a service account, by cloud_id, client_id and client_secret: admin.atlassian.com, Directory, Service accounts",
    rights: "in the project: browse projects; create, edit, assign and transition issues; add comments; edit and delete own comments",
    by_hand: true,
    scope: "{ project = \"APP\", type = \"Task\" }",
    trigger: "statusCategory != Done",
    labels: true,
    open: &["To Do", "In Progress", "In Review"],
    done: &["Done"],
    done_set: Some("{ resolution = \"Done\" }"),
};

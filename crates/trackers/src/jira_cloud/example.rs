//! What `init` writes.

use crate::registry::Example;

pub(super) const EXAMPLE: Example = Example {
    url: "https://acme.atlassian.net",
    auth: "email = \"twinline@acme.example\", ",
    secret: "token",
    scope: "{ project = \"APP\", type = \"Task\" }",
    trigger: "statusCategory != Done",
    labels: true,
    open: &["To Do", "In Progress", "In Review"],
    done: &["Done"],
    done_set: Some("{ resolution = \"Done\" }"),
};

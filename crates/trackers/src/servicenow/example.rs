//! What `init` writes.

use crate::registry::Example;

pub(super) const EXAMPLE: Example = Example {
    url: "https://acme.service-now.com",
    auth: "user = \"twinline\", ",
    secret: "password",
    scope: "{ table = \"incident\" }",
    trigger: "active=true",
    labels: false,
    open: &["New", "In Progress", "On Hold"],
    done: &["Resolved", "Closed", "Canceled"],
    done_set: Some("{ close_code = \"Solution provided\", close_notes = \"Resolved in {key}\" }"),
};

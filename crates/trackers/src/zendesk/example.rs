//! What `init` writes.

use crate::registry::Example;

pub(super) const EXAMPLE: Example = Example {
    url: "https://acme.zendesk.com",
    auth: "email = \"twinline@acme.example\", ",
    secret: "token",
    scope: "{ brand = \"Acme\", group = \"Support\" }",
    trigger: "status<solved",
    labels: true,
    open: &["New", "Open", "Pending", "On-hold"],
    done: &["Solved", "Closed"],
    done_set: None,
};

//! What `init` writes.

use crate::registry::Example;

pub(super) const EXAMPLE: Example = Example {
    url: "https://redmine.acme.example",
    auth: "",
    secret: "key",
    scope: "{ project = \"app\", tracker = \"Bug\" }",
    trigger: "status_id=open",
    labels: false,
    open: &["New", "In Progress", "Feedback"],
    done: &["Closed", "Resolved", "Rejected"],
    done_set: None,
};

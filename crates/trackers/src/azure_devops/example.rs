//! What `init` writes.

use crate::registry::Example;

pub(super) const EXAMPLE: Example = Example {
    url: "https://dev.azure.com/acme",
    auth: "",
    secret: "token",
    scope: "{ project = \"Support\", type = \"Issue\" }",
    trigger: "[System.State] <> 'Done'",
    labels: true,
    open: &["To Do", "Doing"],
    done: &["Done"],
    done_set: None,
};

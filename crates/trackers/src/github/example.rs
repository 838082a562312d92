//! What `init` writes.

use crate::registry::Example;

pub(super) const EXAMPLE: Example = Example {
    url: "https://api.github.com",
    auth: "",
    secret: "token",
    scope: "{ repo = \"acme/app\" }",
    trigger: "is:open",
    labels: true,
    open: &["open"],
    done: &["closed:completed", "closed:not_planned"],
    done_set: None,
};

//! What `init` writes, and what `node add` tells.

use crate::registry::Example;

pub(super) const EXAMPLE: Example = Example {
    url: "https://acme.zendesk.com",
    auth: "email = \"twinline@acme.example\", ",
    secret: "token",
    token: "Admin Center, Apps and integrations, APIs, Zendesk API: switch Token access on, Add API token; or a confidential OAuth client, by client_id and client_secret: Apps and integrations, APIs, OAuth clients",
    rights: "the role Administrator",
    by_hand: false,
    scope: "{ brand = \"Acme\", group = \"Support\" }",
    trigger: "status<solved",
    labels: true,
    open: &["New", "Open", "Pending", "On-hold"],
    done: &["Solved", "Closed"],
    done_set: None,
};

//! What `init` writes, and what `node add` tells.

use crate::registry::Example;

pub(super) const EXAMPLE: Example = Example {
    url: "https://dev.azure.com/acme",
    auth: "",
    secret: "token",
    token: "as Twinline's own account, User settings, Personal access tokens, for the organization; or a service principal of Microsoft Entra, by tenant_id, client_id and client_secret: App registrations, Certificates & secrets",
    rights: "the scope Work items: read & write; the account is a contributor of the project, with the permissions of Service hooks for the webhooks",
    by_hand: false,
    scope: "{ project = \"Support\", type = \"Issue\" }",
    trigger: "[System.State] <> 'Done'",
    labels: true,
    open: &["To Do", "Doing"],
    done: &["Done"],
    done_set: None,
};

//! What `init` writes, and what `node add` tells.

use crate::registry::Example;

pub(super) const EXAMPLE: Example = Example {
    url: "https://api.github.com",
    auth: "",
    secret: "token",
    token: "Settings, Developer settings, Personal access tokens: a fine-grained token for the repository, or a classic one with the scope repo; or a GitHub App, by app_id, installation_id and private_key: Settings, Developer settings, GitHub Apps",
    rights: "Issues: read and write, Metadata: read, and for the webhook Webhooks: read and write; the account needs the role Write in the repository, Admin for the webhook",
    by_hand: false,
    scope: "{ repo = \"acme/app\" }",
    trigger: "is:open",
    labels: true,
    open: &["open"],
    done: &["closed:completed", "closed:not_planned"],
    done_set: None,
};

//! What `init` writes, and what `node add` tells.

use crate::registry::Example;

pub(super) const EXAMPLE: Example = Example {
    url: "https://acme.service-now.com",
    auth: "user = \"twinline\", ",
    secret: "password",
    token: "a user of its own with Web service access only, and its password; or an OAuth client, by client_id and client_secret: System OAuth, Application Registry",
    rights: "a role that reads and writes the table (for incidents itil) and reads sys_user, sys_user_group, sys_dictionary, sys_db_object, sys_choice, sys_journal_field, sys_audit and sys_audit_delete",
    by_hand: true,
    scope: "{ table = \"incident\" }",
    trigger: "active=true",
    labels: false,
    open: &["New", "In Progress", "On Hold"],
    done: &["Resolved", "Closed", "Canceled"],
    done_set: Some("{ close_code = \"Solution provided\", close_notes = \"Resolved in {key}\" }"),
};

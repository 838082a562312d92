//! What `init` writes, and what `node add` tells.

use crate::registry::Example;

pub(super) const EXAMPLE: Example = Example {
    url: "https://redmine.acme.example",
    auth: "",
    secret: "key",
    token: "as Twinline's own account, My account, API access key, Show; an administrator enables the REST web service first (Administration, Settings, API)",
    rights: "a role in the project with View issues, Add issues, Edit issues, Add notes and Edit own notes; for private notes View private notes and Set notes as private",
    by_hand: false,
    scope: "{ project = \"app\", tracker = \"Bug\" }",
    trigger: "status_id=open",
    labels: false,
    open: &["New", "In Progress", "Feedback"],
    done: &["Closed", "Resolved", "Rejected"],
    done_set: None,
};

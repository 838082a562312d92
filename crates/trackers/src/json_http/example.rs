//! What `init` writes.

use super::description::Description;
use crate::registry::Example;
use twinline_core::capability::Capabilities;

/// A whole description, of the simulator's first API.
pub(super) const DESCRIPTION: &str = include_str!("examples/desk.toml");

/// What a tracker of the example can do: what another can, its own description tells.
pub(super) fn capabilities() -> Capabilities {
    let description = Description::parse(DESCRIPTION).expect("a test reads the example");
    description.capabilities()
}

pub(super) const EXAMPLE: Example = Example {
    url: "https://desk.acme.example",
    auth: "",
    secret: "token",
    scope: "{ project = \"app\" }",
    trigger: "state=open",
    labels: true,
    open: &["To do", "Doing"],
    done: &["Done", "Dropped"],
    done_set: None,
};

//! What `init` writes, and what `node add` tells.

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
    token: "as Twinline's own account, where the tracker makes tokens or keys for its interface",
    rights: "to read the items of the place, to make and change them, and to read, write, edit and delete comments",
    by_hand: false,
    scope: "{ project = \"app\" }",
    trigger: "state=open",
    labels: true,
    open: &["To do", "Doing"],
    done: &["Done", "Dropped"],
    done_set: None,
};

//! People and items that look like a real team's, the same in every simulator, so that users and texts can be mapped.

/// A person who has an account in every simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Persona {
    /// The login: `ana`.
    pub login: &'static str,
    /// The name shown: `Ana Prieto`.
    pub name: &'static str,
    /// The address: `ana@acme.example`.
    pub email: &'static str,
}

/// Everybody. The last one, `twinline`, is the account that the API's token belongs to.
pub const PEOPLE: [Persona; 6] = [
    person("ana", "Ana Prieto", "ana@acme.example"),
    person("ben", "Ben Okafor", "ben@acme.example"),
    person("chen", "Chen Wei", "chen@acme.example"),
    person("dora", "Dóra Szabó", "dora@acme.example"),
    person("emil", "Emil Lindqvist", "emil@acme.example"),
    person("twinline", "Twinline", "twinline@acme.example"),
];

/// The login of the account that the API's token belongs to.
pub const ROBOT: &str = "twinline";

const fn person(login: &'static str, name: &'static str, email: &'static str) -> Persona {
    Persona { login, name, email }
}

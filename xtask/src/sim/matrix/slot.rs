//! The fields of each tracker that are mapped, with the values that people give them.

use super::case::Concept;
use crate::sim::place::Place;

/// A field of a tracker.
pub(super) struct Slot {
    /// What rules call it.
    pub(super) native: &'static str,
    /// What the simulator's control side calls it.
    pub(super) command: &'static str,
    /// Two values that differ.
    pub(super) values: [Given; 2],
    /// The rows of its value table: a row's name and what stands on this side, in TOML.
    pub(super) rows: &'static [(&'static str, &'static str)],
}

/// One value.
pub(super) struct Given {
    /// As a person sets it, in JSON.
    pub(super) set: &'static str,
    /// What is then seen: one entry for each element, alternatives between bars.
    pub(super) seen: &'static [&'static str],
}

const fn given(set: &'static str, seen: &'static [&'static str]) -> Given {
    Given { set, seen }
}

const fn plain(native: &'static str, values: [Given; 2]) -> Slot {
    Slot {
        native,
        command: native,
        values,
        rows: &[],
    }
}

const LABELS: [Given; 2] = [
    given(r#"["alpha", "beta"]"#, &["alpha", "beta"]),
    given(r#"["beta", "gamma"]"#, &["beta", "gamma"]),
];
const TEXT: [Given; 2] = [given(r#""A-17""#, &["A-17"]), given(r#""B-42""#, &["B-42"])];
const NUMBER: [Given; 2] = [given("30", &["30"]), given("80", &["80"])];
const BOOL: [Given; 2] = [given("true", &["true"]), given("false", &["false"])];
const DATE: [Given; 2] = [
    given(r#""2026-03-02""#, &["2026-03-02"]),
    given(r#""2026-04-05""#, &["2026-04-05"]),
];
/// As every tracker's instants are shown.
const FIRST: &[&str] = &["2026-03-02T10:20:00Z"];
const SECOND: &[&str] = &["2026-04-05T06:40:00Z"];
const CHEN: &[&str] = &["Chen Wei|chen@acme.example|9003"];
const DORA: &[&str] = &["Dóra Szabó|dora@acme.example|9004"];

/// A tracker's field of a kind; `None`: it has none that is mapped.
pub(super) fn slot(place: Place, concept: Concept) -> Option<Slot> {
    match place.home() {
        Place::Azure => azure(concept),
        Place::Github => github(concept),
        Place::Jira => jira(concept),
        Place::ServiceNow => servicenow(concept),
        Place::Zendesk => zendesk(concept),
        _ => redmine(concept),
    }
}

fn github(concept: Concept) -> Option<Slot> {
    Some(match concept {
        Concept::Labels => plain("labels", LABELS),
        Concept::Choice => Slot {
            rows: &[("major", r#"["Bug"]"#), ("minor", r#"["Feature"]"#)],
            ..plain(
                "type",
                [
                    given(r#""Bug""#, &["Bug"]),
                    given(r#""Feature""#, &["Feature"]),
                ],
            )
        },
        _ => return None,
    })
}

fn jira(concept: Concept) -> Option<Slot> {
    Some(match concept {
        Concept::Labels => plain("labels", LABELS),
        Concept::Priority => Slot {
            rows: &[
                ("high", r#"["High", "Highest"]"#),
                ("normal", r#"["Medium"]"#),
                ("low", r#"["Low", "Lowest"]"#),
            ],
            ..plain(
                "priority",
                [given(r#""High""#, &["High"]), given(r#""Low""#, &["Low"])],
            )
        },
        Concept::Text => plain("customfield_10040", TEXT),
        Concept::Rich => plain("customfield_10041", TEXT),
        Concept::Number => plain("customfield_10042", NUMBER),
        Concept::Date => plain("customfield_10046", DATE),
        Concept::Time => plain(
            "customfield_10048",
            [
                given(r#""2026-03-02T10:20:00.000+0000""#, FIRST),
                given(r#""2026-04-05T06:40:00.000+0000""#, SECOND),
            ],
        ),
        Concept::User => plain(
            "customfield_10045",
            [given(r#""chen""#, CHEN), given(r#""dora""#, DORA)],
        ),
        Concept::Choice => Slot {
            rows: &[("major", r#"["Major"]"#), ("minor", r#"["Minor"]"#)],
            ..plain(
                "customfield_10043",
                [
                    given(r#""Major""#, &["Major"]),
                    given(r#""Minor""#, &["Minor"]),
                ],
            )
        },
        Concept::Choices => Slot {
            rows: SYSTEMS,
            ..plain(
                "customfield_10044",
                [
                    given(
                        r#"[{"value": "Linux"}, {"value": "macOS"}]"#,
                        &["Linux", "macOS"],
                    ),
                    given(
                        r#"[{"value": "macOS"}, {"value": "Windows"}]"#,
                        &["macOS", "Windows"],
                    ),
                ],
            )
        },
        Concept::Cascade => plain(
            "customfield_10047",
            [
                given(
                    r#"{"value": "Shop", "child": {"value": "Cart"}}"#,
                    &["Shop / Cart"],
                ),
                given(
                    r#"{"value": "Account", "child": {"value": "Profile"}}"#,
                    &["Account / Profile"],
                ),
            ],
        ),
        Concept::Bool => return None,
    })
}

const SYSTEMS: &[(&str, &str)] = &[
    ("linux", r#"["Linux"]"#),
    ("macos", r#"["macOS"]"#),
    ("windows", r#"["Windows"]"#),
];

fn redmine(concept: Concept) -> Option<Slot> {
    Some(match concept {
        Concept::Priority => Slot {
            command: "priority_id",
            rows: &[
                ("high", r#"["High", "Urgent"]"#),
                ("normal", r#"["Normal"]"#),
                ("low", r#"["Low"]"#),
            ],
            ..plain("priority", [given("3", &["High"]), given("1", &["Low"])])
        },
        Concept::Text => plain("cf_2", TEXT),
        Concept::Number => plain("done_ratio", NUMBER),
        Concept::Bool => plain("is_private", BOOL),
        Concept::Date => Slot {
            command: "due_date",
            ..plain("due", DATE)
        },
        Concept::Choice => Slot {
            rows: &[("major", r#"["Major"]"#), ("minor", r#"["Minor"]"#)],
            ..plain(
                "cf_3",
                [
                    given(r#""Major""#, &["Major"]),
                    given(r#""Minor""#, &["Minor"]),
                ],
            )
        },
        Concept::Choices => Slot {
            rows: SYSTEMS,
            ..plain(
                "cf_4",
                [
                    given(r#"["Linux", "macOS"]"#, &["Linux", "macOS"]),
                    given(r#"["macOS", "Windows"]"#, &["macOS", "Windows"]),
                ],
            )
        },
        _ => return None,
    })
}

fn azure(concept: Concept) -> Option<Slot> {
    Some(match concept {
        Concept::Labels => plain("labels", LABELS),
        Concept::Priority => Slot {
            command: "Microsoft.VSTS.Common.Priority",
            rows: &[("high", "[1]"), ("normal", "[2]"), ("low", "[4, 3]")],
            ..plain("priority", [given("1", &["1"]), given("4", &["4"])])
        },
        Concept::Text => plain("Custom.Customer", TEXT),
        Concept::Rich => plain("Custom.Steps", TEXT),
        Concept::Number => plain("Custom.Count", NUMBER),
        Concept::Bool => plain("Custom.Agreed", BOOL),
        Concept::Time => plain(
            "Custom.Promised",
            [
                given(r#""2026-03-02T10:20:00Z""#, FIRST),
                given(r#""2026-04-05T06:40:00Z""#, SECOND),
            ],
        ),
        Concept::User => plain(
            "Custom.Owner",
            [
                given(r#""chen@acme.example""#, CHEN),
                given(r#""dora@acme.example""#, DORA),
            ],
        ),
        Concept::Choice => Slot {
            rows: &[("major", r#"["2 - High"]"#), ("minor", r#"["3 - Low"]"#)],
            ..plain(
                "Custom.Severity",
                [
                    given(r#""2 - High""#, &["2 - High"]),
                    given(r#""3 - Low""#, &["3 - Low"]),
                ],
            )
        },
        Concept::Date => Slot {
            command: "Microsoft.VSTS.Scheduling.DueDate",
            ..plain(
                "due",
                [
                    given(r#""2026-03-02T00:00:00Z""#, &["2026-03-02"]),
                    given(r#""2026-04-05T00:00:00Z""#, &["2026-04-05"]),
                ],
            )
        },
        Concept::Choices | Concept::Cascade => return None,
    })
}

fn servicenow(concept: Concept) -> Option<Slot> {
    Some(match concept {
        Concept::Labels => Slot {
            command: "labels",
            ..plain("u_tags", LABELS)
        },
        Concept::Priority => Slot {
            rows: &[
                ("high", r#"["1"]"#),
                ("normal", r#"["2"]"#),
                ("low", r#"["3"]"#),
            ],
            ..plain(
                "urgency",
                [
                    given(r#""1""#, &["1|1 - High"]),
                    given(r#""3""#, &["3|3 - Low"]),
                ],
            )
        },
        Concept::Text => plain("u_reference", TEXT),
        Concept::Number => plain("u_effort", NUMBER),
        Concept::Bool => plain("u_customer_informed", BOOL),
        Concept::Date => plain("u_promised_on", DATE),
        Concept::Time => plain(
            "u_called_back",
            [
                given(r#""2026-03-02 10:20:00""#, FIRST),
                given(r#""2026-04-05 06:40:00""#, SECOND),
            ],
        ),
        Concept::User => plain(
            "caller_id",
            [given(r#""Chen Wei""#, CHEN), given(r#""Dóra Szabó""#, DORA)],
        ),
        Concept::Choice => Slot {
            rows: &[("major", r#"["S2"]"#), ("minor", r#"["S3"]"#)],
            ..plain(
                "u_severity",
                [given(r#""s2""#, &["S2"]), given(r#""s3""#, &["S3"])],
            )
        },
        Concept::Choices => Slot {
            rows: &[
                ("linux", r#"["Checkout"]"#),
                ("macos", r#"["Mail"]"#),
                ("windows", r#"["VPN"]"#),
            ],
            ..plain(
                "u_sites",
                [
                    given(r#""Checkout,Mail""#, &["Checkout", "Mail"]),
                    given(r#""Mail,VPN""#, &["Mail", "VPN"]),
                ],
            )
        },
        Concept::Rich | Concept::Cascade => return None,
    })
}

fn zendesk(concept: Concept) -> Option<Slot> {
    Some(match concept {
        Concept::Labels => plain("labels", LABELS),
        Concept::Priority => Slot {
            rows: &[
                ("high", r#"["high", "urgent"]"#),
                ("normal", r#"["normal"]"#),
                ("low", r#"["low"]"#),
            ],
            ..plain(
                "priority",
                [given(r#""high""#, &["high"]), given(r#""low""#, &["low"])],
            )
        },
        Concept::Text => plain("3001", TEXT),
        Concept::Number => plain("3005", NUMBER),
        Concept::Bool => plain("3003", BOOL),
        Concept::Date => plain("3004", DATE),
        Concept::User => plain("3010", [given("9003", CHEN), given("9004", DORA)]),
        Concept::Choice => Slot {
            rows: &[("major", r#"["Major"]"#), ("minor", r#"["Minor"]"#)],
            ..plain(
                "3008",
                [
                    given(r#""severity_major""#, &["Major"]),
                    given(r#""severity_minor""#, &["Minor"]),
                ],
            )
        },
        Concept::Choices => Slot {
            rows: SYSTEMS,
            ..plain(
                "3009",
                [
                    given(
                        r#"["platform_linux", "platform_macos"]"#,
                        &["Linux", "macOS"],
                    ),
                    given(
                        r#"["platform_macos", "platform_windows"]"#,
                        &["macOS", "Windows"],
                    ),
                ],
            )
        },
        Concept::Rich | Concept::Time | Concept::Cascade => return None,
    })
}

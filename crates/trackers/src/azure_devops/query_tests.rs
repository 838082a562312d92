//! Which triggers are conditions.

use super::check;

#[test]
fn a_trigger_is_one_condition() {
    for trigger in [
        "[System.State] <> 'Closed'",
        "[System.Title] CONTAINS 'order by (here'",
        "([A] = 1 OR [B] = 'it''s') AND NOT [C] = \"x\"",
        "[Custom.Where] = 'from'",
    ] {
        assert_eq!(check(trigger), Ok(()), "{trigger}");
    }
}

#[test]
fn what_is_none_is_named() {
    let cases = [
        ("1 = 1) OR ([A] = 1", "parenthesis"),
        ("([A] = 1", "parenthesis"),
        ("[A] = 'x", "'"),
        ("[A = 1", "["),
        ("[A] = 1 ORDER BY [B]", "ORDER"),
        ("SELECT [A] FROM WorkItems", "SELECT"),
        ("[A] = 1 ASOF '2026-01-01'", "ASOF"),
    ];
    for (trigger, named) in cases {
        let why = check(trigger).unwrap_err();
        assert!(why.contains(named), "{trigger}: {why}");
    }
}

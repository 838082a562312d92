use super::*;

fn check(value: &Value, expected: &str) {
    assert_eq!(shown(value), expected);
}

#[test]
fn values_are_shown_in_one_short_line() {
    check(&Value::Empty, "(empty)");
    check(&Value::text("a\n  b"), "a b");
    check(&Value::set(["bug", "ops"]), "bug, ops");
    check(
        &Value::text("x".repeat(50)),
        &format!("{}…", "x".repeat(39)),
    );
    check(&Value::text("é".repeat(40)), &"é".repeat(40));
}

#[test]
fn a_cause_is_named_as_people_name_it_and_so_is_the_time() {
    let check = |source, ms, expected: &str| assert_eq!(because(source, ms), expected);
    check(Some("PROJ-1"), Some(1_760), "PROJ-1, 1.8 s later");
    check(Some("acme/app#1"), Some(40), "acme/app#1, 0.0 s later");
    check(Some("PROJ-1"), None, "PROJ-1");
    check(None, Some(40), "");
}

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

//! What is a mail address.

use super::*;

fn check(text: &str, expected: Option<&str>) {
    let found = text.parse::<Address>().ok().map(|it| it.to_string());
    assert_eq!(found.as_deref(), expected, "{text}");
}

#[test]
fn plain_addresses_are_taken_and_others_are_not() {
    check("ada@acme.example", Some("ada@acme.example"));
    check(" Ada.L+x@Acme.Example ", Some("Ada.L+x@acme.example"));
    for wrong in [
        "",
        "ada",
        "ada@",
        "@acme.example",
        "ada@localhost",
        "ada@acme..example",
        ".ada@acme.example",
        "a da@acme.example",
        "\"a\"@acme.example",
        "ada@acme.example\r\nBcc: x@y.example",
        "ada@acme.example,bo@acme.example",
        "<ada@acme.example>",
        "ada@[127.0.0.1]",
        "zoë@acme.example",
        "a@b@acme.example",
    ] {
        check(wrong, None);
    }
    check(&format!("{}@acme.example", "x".repeat(65)), None);
    check(&format!("a@{}.example", "x".repeat(250)), None);
}

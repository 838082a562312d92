//! What is an address.

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

#[test]
fn webhooks_are_taken_without_what_would_be_a_secret_or_is_seen_by_nobody() {
    for plain in [
        "https://acme.example/hooks/status?of=twinline",
        "http://127.0.0.1:4010/",
        "https://[2001:db8::1]:8443/a",
        "https://acme.example/@ada",
    ] {
        check(plain, Some(plain));
        assert_eq!(plain.parse::<Address>().unwrap().way(), Way::Hook);
    }
    for wrong in [
        "https://",
        "https:///a",
        "ftp://acme.example/",
        "https://ada:secret@acme.example/",
        "https://acme.example/#a",
        "https://acme.example/a b",
        "https://acme.example/\r\nhost: x",
        "https://acme.example/\"",
    ] {
        check(wrong, None);
    }
    check(&format!("https://acme.example/{}", "x".repeat(600)), None);
}

//! What is taken for a secret.

use super::*;

#[test]
fn a_secret_that_is_typed_ends_with_the_line_and_one_that_was_broken_off_is_none() {
    let typed = |text: &str| typed_secret(text).map(|secret| secret.expose().to_owned());
    assert_eq!(typed("a key\r\n").unwrap(), "a key");
    for (text, expected) in [
        ("half\u{3}", "broken off"),
        ("a\u{1b}[Db\n", "types no character"),
    ] {
        let error = typed(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("half"), "{error}");
    }
}

#[test]
fn a_secret_is_taken_whole_or_not_at_all() {
    let most = usize::try_from(ANSWER_MAX_BYTES).unwrap();
    let of = |length: usize| secret_from("s".repeat(length).as_bytes());
    assert_eq!(of(most).unwrap().expose().len(), most);
    let error = of(most + 1).unwrap_err().to_string();
    assert!(error.contains("65536 bytes"), "{error}");
}

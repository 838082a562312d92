use super::*;

#[test]
fn dates_are_shown_as_http_wants_them() {
    let at = Timestamp::parse("1994-11-06T08:49:37Z").unwrap();
    assert_eq!(http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
}

#[test]
fn requests_are_taken_apart() {
    let request = Request::get("http://h/repos/acme/my%20app/labels?q=a%20b+c&q=d&empty")
        .body(Bytes::new())
        .unwrap();
    let call = Call::new(&request);
    assert_eq!(call.path(), ["repos", "acme", "my app", "labels"]);
    assert_eq!(call.param("q"), Some("d"));
    assert_eq!(call.query[0].1, "a b c");
    assert_eq!(call.param("empty"), Some(""));
    assert_eq!(call.json().unwrap(), Value::Null);
}

#[test]
fn signatures_match_githubs_published_example() {
    // docs.github.com, "Validating webhook deliveries", testing the validation.
    assert_eq!(
        hmac_sha256_hex("It's a Secret to Everybody", b"Hello, World!"),
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    );
}

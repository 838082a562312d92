//! What is asked of a giver of tokens, and what is read of its answers.

use super::*;

fn body(grant: &ClientGrant) -> (String, String) {
    let request = grant.request(Timestamp::EPOCH).unwrap();
    let kind = request.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
    let body = String::from_utf8(request.body().to_vec()).unwrap();
    (kind, body)
}

fn grant(written: Written) -> ClientGrant {
    let url = "https://login.example/token".parse().unwrap();
    ClientGrant::new(url, written, Secret::new("us"), Secret::new("s&c=ret"))
}

#[test]
fn a_client_asks_in_its_own_name_or_an_accounts() {
    let form = "application/x-www-form-urlencoded".to_owned();
    assert_eq!(
        body(&grant(Written::Form).with("scope", "a/.default")),
        (
            form.clone(),
            "grant_type=client_credentials&client_id=us&client_secret=s%26c%3Dret&scope=a%2F.default".to_owned()
        )
    );
    let account = grant(Written::Form).of_account(Secret::new("ana"), Secret::new("pw"));
    assert_eq!(
        body(&account),
        (
            form,
            "grant_type=password&client_id=us&client_secret=s%26c%3Dret&username=ana&password=pw"
                .to_owned()
        )
    );
    let (kind, json) = body(&grant(Written::Json));
    assert_eq!(kind, "application/json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["client_secret"], "s&c=ret");
    assert!(!format!("{:?}", grant(Written::Form)).contains("s&c=ret"));
}

#[test]
fn a_token_is_read_with_the_time_that_it_lives() {
    let now = Timestamp::parse("2026-01-31T09:30:00Z").unwrap();
    let check = |text: &str, expected: Option<(&str, u64)>| {
        let given = read(text.as_bytes(), now);
        let given = given
            .as_ref()
            .map(|given| (given.token.expose(), given.lives.as_secs()));
        assert_eq!(given, expected, "{text}");
    };
    check(
        r#"{"access_token": "t", "expires_in": 1800, "token_type": "Bearer"}"#,
        Some(("t", 1800)),
    );
    check(
        r#"{"access_token": "t", "expires_in": "3599"}"#,
        Some(("t", 3599)),
    );
    check(
        r#"{"token": "ghs_1", "expires_at": "2026-01-31T10:30:00Z", "permissions": {}}"#,
        Some(("ghs_1", 3600)),
    );
    check(r#"{"access_token": "t"}"#, Some(("t", 600)));
    check(
        r#"{"access_token": "t", "expires_in": 99999999}"#,
        Some(("t", 86_400)),
    );
    check(r#"{"access_token": ""}"#, None);
    check(r#"{"expires_in": 1800}"#, None);
    check("<html>", None);
}

#[test]
fn a_refusals_sentence_is_one_line() {
    let check = |text: &str, expected: &str| assert_eq!(sentence(text.as_bytes()), expected);
    check(
        r#"{"error": "invalid_client", "error_description": "AADSTS7000215: wrong secret.\r\nTrace ID: 1"}"#,
        "AADSTS7000215: wrong secret.",
    );
    check(r#"{"error": "invalid_grant"}"#, "invalid_grant");
    check(
        r#"{"message": "A JSON web token could not be decoded"}"#,
        "A JSON web token could not be decoded",
    );
    check(r#"{"error": {"code": 7}}"#, "");
    check("<html>", "");
}

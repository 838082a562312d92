use super::*;

/// The example of the specification's own libraries.
#[test]
fn the_signature_is_that_of_the_specification() {
    let secret = [Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
    let at = Timestamp::from_millis(1_614_265_330_000);
    let body = br#"{"test": 2432232314}"#;
    let made = headers(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body).unwrap();
    let made: HeaderMap = made.into_iter().collect();
    assert_eq!(made[TIMESTAMP], "1614265330");
    assert_eq!(
        made[SIGNATURE],
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    );
    assert_eq!(verify(&secret, &made, body, at), Ok(()));
}

#[test]
fn what_is_not_signed_is_told_from_what_is_signed_wrongly() {
    let secret = [Secret::new("s")];
    let at = Timestamp::from_millis(0);
    let made: HeaderMap = headers(&secret, "m", at, b"x")
        .unwrap()
        .into_iter()
        .collect();
    for name in [WEBHOOK_ID, TIMESTAMP, SIGNATURE] {
        let mut lacking = made.clone();
        lacking.remove(&name);
        assert_eq!(
            verify(&secret, &lacking, b"x", at),
            Err(Unverified::Unsigned),
            "{name}"
        );
    }
    for (name, value) in [
        (WEBHOOK_ID, "n"),
        (TIMESTAMP, "1"),
        (SIGNATURE, "v1,eA=="),
        (SIGNATURE, "v2,eA=="),
    ] {
        let mut changed = made.clone();
        changed.insert(&name, HeaderValue::from_static(value));
        assert_eq!(
            verify(&secret, &changed, b"x", at),
            Err(Unverified::Forged),
            "{name}"
        );
    }
    assert_eq!(verify(&[], &made, b"x", at), Err(Unverified::Forged));
}

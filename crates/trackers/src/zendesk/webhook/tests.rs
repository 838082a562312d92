use super::*;
use serde_json::json;

/// The secret, the timestamp and the body of an example, signed with OpenSSL.
const SECRET: &[u8] = b"dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";
const STAMP: &str = "2026-01-31T09:30:00Z";
const BODY: &[u8] = b"{\"say\": \"hello\"}";

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, http::HeaderValue::from_str(value).unwrap())
        })
        .collect()
}

fn signature(secret: &[u8], signed: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    let mac = mac.chain_update(signed).finalize().into_bytes();
    base64::engine::general_purpose::STANDARD.encode(mac)
}

fn check(signature: Option<&str>, stamp: Option<&str>, secrets: &[&[u8]], genuine: bool) {
    let mut pairs = Vec::new();
    pairs.extend(signature.map(|text| ("x-zendesk-webhook-signature", text)));
    pairs.extend(stamp.map(|text| ("x-zendesk-webhook-signature-timestamp", text)));
    let verified = ZendeskWebhook.verify(secrets, &headers(&pairs), BODY);
    assert_eq!(verified.is_ok(), genuine, "{signature:?} {stamp:?}");
}

#[test]
fn the_signature_is_over_stamp_and_body() {
    let good = signature(SECRET, "2026-01-31T09:30:00Z{\"say\": \"hello\"}");
    check(Some(&good), Some(STAMP), &[SECRET], true);
    check(Some(&good), Some(STAMP), &[b"old", SECRET], true);
    check(Some(&good), Some(STAMP), &[b"other"], false);
    check(Some(&good), Some(STAMP), &[], false);
    check(Some(&good), Some(STAMP), &[b""], false);
    // Of another time, or of none.
    check(Some(&good), Some("2026-01-31T09:30:01Z"), &[SECRET], false);
    check(Some(&good), None, &[SECRET], false);
    check(None, Some(STAMP), &[SECRET], false);
    check(Some("no base64"), Some(STAMP), &[SECRET], false);
    let bare = signature(SECRET, "{\"say\": \"hello\"}");
    check(Some(&bare), Some(STAMP), &[SECRET], false);
    // Nobody signs with nothing.
    let empty = signature(b"", "2026-01-31T09:30:00Z{\"say\": \"hello\"}");
    check(Some(&empty), Some(STAMP), &[b""], false);
}

fn check_kind(event: &str, kind: NoticeKind) {
    let versioned = kind == NoticeKind::Changed;
    let body = json!({"type": format!("zen:event-type:ticket.{event}"), "time": "2026-01-31T09:30:00.123456789Z",
        "subject": "zen:ticket:35436", "detail": {"id": "35436", "updated_at": "2026-01-31T09:30:00Z"}});
    let notices = ZendeskWebhook.decode(&HeaderMap::new(), body.to_string().as_bytes());
    let notices = notices.unwrap();
    let [notice] = notices.as_slice() else {
        panic!("{event}: {notices:?}");
    };
    assert_eq!(
        (notice.item.as_str(), &notice.kind),
        ("35436", &kind),
        "{event}"
    );
    assert_eq!(notice.version.is_some(), versioned, "{event}");
    assert_eq!(notice.at.map(Timestamp::as_millis), Some(1_769_851_800_123));
}

#[test]
fn an_event_hints_at_its_ticket() {
    check_kind("created", NoticeKind::Changed);
    check_kind("subject_changed", NoticeKind::Changed);
    check_kind("merged", NoticeKind::Changed);
    check_kind("something_new", NoticeKind::Changed);
    check_kind("comment_added", NoticeKind::Commented);
    check_kind("comment_made_private", NoticeKind::Commented);
    check_kind("attachment_redacted_from_comment", NoticeKind::Commented);
    check_kind("soft_deleted", NoticeKind::Deleted);
    check_kind("permanently_deleted", NoticeKind::Deleted);
}

#[test]
fn what_is_about_no_ticket_gives_no_notice_and_what_is_no_event_is_refused() {
    let decode = |body: &str| ZendeskWebhook.decode(&HeaderMap::new(), body.as_bytes());
    let user = r#"{"type": "zen:event-type:user.created", "detail": {"id": "1"}}"#;
    assert_eq!(decode(user), Ok(Vec::new()));
    for body in [
        "",
        "{}",
        "[]",
        r#"{"type": "zen:event-type:ticket.created"}"#,
        r#"{"type": "zen:event-type:ticket.created", "detail": {"id": null}}"#,
    ] {
        assert!(decode(body).is_err(), "{body}");
    }
}

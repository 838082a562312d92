use super::*;
use url::form_urlencoded::parse;

fn with(url: &str, from: &str, key: Option<&str>) -> Settings<'static> {
    Settings::Sms(SmsSettings {
        account: "AC0123".to_owned(),
        key: key.map(str::to_owned),
        token: Secret::new("s3cr3t-token"),
        from: from.to_owned(),
        url: Some(Secret::new(url)),
        plain: false,
    })
}

fn settings(url: &str) -> Settings<'static> {
    with(url, "+3225550101", None)
}

const TAKEN: Answer = Answer::Http(
    201,
    "",
    r#"{"sid":"SM77","status":"queued","error_code":null}"#,
);

fn to_ada(mut page: Page) -> Page {
    page.to = "+3225550199".to_owned();
    page
}

fn form(heard: &peer::Heard) -> BTreeMap<String, String> {
    parse(&heard.body).into_owned().collect()
}

#[tokio::test]
async fn a_message_is_a_form_with_basic_authentication() {
    let heard = heard(settings, &to_ada(incident(Event::Opened)), TAKEN).await;
    assert_eq!(heard.path, "/2010-04-01/Accounts/AC0123/Messages.json");
    let headers = &heard.headers;
    assert_eq!(
        text_of(headers, "content-type"),
        "application/x-www-form-urlencoded"
    );
    // AC0123:s3cr3t-token
    assert_eq!(
        text_of(headers, "authorization"),
        "Basic QUMwMTIzOnMzY3IzdC10b2tlbg=="
    );
    let form = form(&heard);
    assert_eq!(form["To"], "+3225550199");
    assert_eq!(form["From"], "+3225550101");
    assert_eq!(
        form["Body"],
        "CRITICAL acme: commits fail (database:central). 2 affected: jira, github Ack: https://status.acme.example/ack/t0ken"
    );
    assert_eq!(form.len(), 3);
}

#[tokio::test]
async fn a_messaging_service_and_an_api_key_take_their_own_places() {
    let service = |url: &str| with(&format!("{url}/compatible/"), "MG55", Some("SK9"));
    let heard = heard(service, &to_ada(incident(Event::Opened)), TAKEN).await;
    assert_eq!(
        heard.path,
        "/compatible/2010-04-01/Accounts/AC0123/Messages.json"
    );
    // SK9:s3cr3t-token
    assert_eq!(
        text_of(&heard.headers, "authorization"),
        "Basic U0s5OnMzY3IzdC10b2tlbg=="
    );
    let form = form(&heard);
    assert_eq!(form["MessagingServiceSid"], "MG55");
    assert!(!form.contains_key("From"));
}

#[tokio::test]
async fn each_answer_means_what_twilio_says_it_means() {
    use Answer::{Close, Http, Nothing};
    let page = to_ada(incident(Event::Opened));
    let invalid =
        r#"{"code":21211,"message":"Invalid 'To' Phone Number: s3cr3t-token","status":400}"#;
    let login = r#"{"code":20003,"message":"Authenticate","status":401}"#;
    let failed =
        r#"{"sid":"SM78","status":"failed","error_code":30007,"error_message":"Filtered"}"#;
    let after = Some(Duration::from_secs(2));
    for (answer, expected) in [
        (TAKEN, Ok("SM77")),
        (
            Http(400, "", invalid),
            Err((
                Fault::Refused,
                false,
                &["21211: Invalid 'To' Phone Number: ***"][..],
            )),
        ),
        (
            Http(401, "", login),
            Err((Fault::Refused, false, &["20003: Authenticate"][..])),
        ),
        (
            Http(
                429,
                "retry-after: 2\r\n",
                r#"{"code":20429,"message":"Too Many Requests"}"#,
            ),
            Err((Fault::Busy { after }, false, &["20429"][..])),
        ),
        (Http(500, "", ""), Err((Fault::Broken, true, &["500"][..]))),
        (
            Http(201, "", failed),
            Err((Fault::Refused, false, &["SM78", "30007: Filtered"][..])),
        ),
        (
            Http(200, "", "<html>"),
            Err((Fault::Broken, true, &["not Twilio's"][..])),
        ),
        (Close, Err((Fault::Silent, true, &[][..]))),
        (Nothing, Err((Fault::Silent, true, &["within"][..]))),
    ] {
        check(settings, &page, answer, expected).await;
    }
}

#[tokio::test]
async fn what_is_no_number_is_not_asked_for() {
    for to in [
        "",
        "ada@acme.example",
        "3225550101",
        "+32 255 50 101",
        "+0225550101",
        "+1234567890123456",
    ] {
        let mut page = incident(Event::Opened);
        page.to = to.to_owned();
        let peer = Peer::giving(TAKEN).await;
        let channel = Channel::new("sms", settings(&peer.url()), &outside(DEADLINES)).unwrap();
        let failed = channel.send(&page).await.unwrap_err();
        assert_eq!(
            (failed.step, failed.fault),
            (Step::Prepare, Fault::Refused),
            "{to}"
        );
        assert!(failed.to_string().contains("watch.people"), "{failed}");
        assert!(peer.heard().is_empty(), "{to}");
    }
}

#[test]
fn what_cannot_work_is_refused_ahead() {
    let said = refused(Settings::Sms(SmsSettings {
        account: "AC/../x".to_owned(),
        key: None,
        token: Secret::new("s3cr3t"),
        from: "+1".to_owned(),
        url: None,
        plain: false,
    }));
    assert!(said.contains("sid"), "{said}");
}

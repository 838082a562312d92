use super::*;
use crate::channel::webhook::{Template, Unverified, WINDOW, verify};
use serde_json::json;

fn of(template: Template, url: String) -> Settings<'static> {
    Settings::Webhook(WebhookSettings {
        url: Secret::new(url),
        template,
        secrets: vec![Secret::new("s3cr3t-new"), Secret::new("s3cr3t-old")],
        token: None,
        plain: false,
    })
}

fn generic(url: &str) -> Settings<'static> {
    of(Template::Generic, format!("{url}/pages?key=s3cr3t-key"))
}

const OK: Answer = Answer::Http(200, "content-type: text/plain\r\n", "ok");

#[tokio::test]
async fn our_own_shape_is_signed_by_each_secret_for_a_while() {
    let page = incident(Event::Acknowledged {
        by: "bo".to_owned(),
    });
    let heard = heard(generic, &page, Answer::Http(204, "", "")).await;
    assert_eq!(heard.path, "/pages?key=s3cr3t-key");
    assert_eq!(text_of(&heard.headers, "webhook-id"), "page-7");
    let verified = |secret: &str, at: Timestamp, body: &[u8]| {
        verify(&[Secret::new(secret)], &heard.headers, body, at)
    };
    let body = &heard.body;
    assert_eq!(verified("s3cr3t-new", NOW, body), Ok(()));
    assert_eq!(verified("s3cr3t-old", NOW, body), Ok(()));
    assert_eq!(verified("another", NOW, body), Err(Unverified::Forged));
    assert_eq!(verified("s3cr3t-new", NOW, b"{}"), Err(Unverified::Forged));
    for late in [NOW.plus(WINDOW), NOW.minus(WINDOW)] {
        assert_eq!(verified("s3cr3t-new", late, body), Ok(()));
    }
    let second = Duration::from_secs(1);
    for late in [NOW.plus(WINDOW + second), NOW.minus(WINDOW + second)] {
        assert_eq!(
            verified("s3cr3t-new", late, body),
            Err(Unverified::Stale { at: NOW })
        );
    }
    let said = heard.json();
    assert_eq!(said["type"], "incident.acknowledged");
    assert_eq!(said["timestamp"], "2026-11-29T18:00:00Z");
    let data = &said["data"];
    assert_eq!(data["acknowledged_by"], "bo");
    assert_eq!(data["page"], "page-7");
    assert_eq!(data["person"], "ada");
    assert_eq!(
        data["title"],
        "ACKNOWLEDGED BY bo acme: commits fail (database:central)"
    );
    assert_eq!(
        data["links"]["acknowledge"],
        "https://status.acme.example/ack/t0ken"
    );
    let incident = json!([{
        "id": "inc-12",
        "severity": "critical",
        "headline": "commits fail",
        "element": "database:central",
        "affected": ["jira", "github"],
        "affected_count": 2,
        "since": "2026-11-29T17:59:50Z",
        "details": ["The last proven commit is 9 s old."],
    }]);
    assert_eq!(data["incidents"], incident);
}

#[tokio::test]
async fn slack_gets_escaped_text_and_links() {
    let mut page = incident(Event::Opened);
    page.content = Content::Incident {
        event: Event::Opened,
        matter: matter("inc-12", Severity::Critical, "a < b & <!channel>\nnext"),
    };
    let settings = |url: &str| of(Template::Slack, format!("{url}/services/T0/B0/s3cr3t"));
    let said = heard(settings, &page, OK).await.json();
    let text = "CRITICAL acme: a &lt; b &amp; &lt;!channel&gt; next (database:central)";
    assert_eq!(said["text"], text);
    let blocks = said["blocks"].as_array().unwrap();
    assert!(
        blocks
            .iter()
            .all(|block| block["type"] == "section" && block["text"]["type"] == "mrkdwn")
    );
    let words = |n: usize| blocks[n]["text"]["text"].as_str().unwrap();
    assert!(
        words(0).starts_with("*CRITICAL acme*\na &lt; b"),
        "{}",
        words(0)
    );
    assert!(
        words(1).contains("Affected: 2: jira, github"),
        "{}",
        words(1)
    );
    assert_eq!(
        words(2),
        "<https://status.acme.example/ack/t0ken|Acknowledge>  <https://status.acme.example/incidents/inc-12|Look>"
    );
}

#[tokio::test]
async fn teams_gets_an_adaptive_card_in_a_message() {
    let settings = |url: &str| {
        of(
            Template::Teams,
            format!("{url}/workflows/w/triggers/manual?sig=s3cr3t"),
        )
    };
    let said = heard(
        settings,
        &incident(Event::Opened),
        Answer::Http(202, "", ""),
    )
    .await
    .json();
    assert_eq!(said["type"], "message");
    let attachment = &said["attachments"][0];
    assert_eq!(
        attachment["contentType"],
        "application/vnd.microsoft.card.adaptive"
    );
    let card = &attachment["content"];
    assert_eq!(card["type"], "AdaptiveCard");
    assert_eq!(
        card["$schema"],
        "http://adaptivecards.io/schemas/adaptive-card.json"
    );
    assert_eq!(card["body"][0]["type"], "TextBlock");
    assert_eq!(card["body"][0]["color"], "attention");
    assert_eq!(
        card["body"][0]["text"],
        "CRITICAL acme: commits fail (database:central)"
    );
    assert_eq!(card["body"][1]["type"], "FactSet");
    assert_eq!(
        card["body"][1]["facts"][2],
        json!({ "title": "Affected", "value": "2: jira, github" })
    );
    let open =
        |title: &str, url: &str| json!({ "type": "Action.OpenUrl", "title": title, "url": url });
    assert_eq!(
        card["actions"][0],
        open("Acknowledge", "https://status.acme.example/ack/t0ken")
    );
}

#[tokio::test]
async fn mattermost_gets_an_attachment_without_markup_of_others() {
    let mut page = digest();
    page.content = Content::Digest(
        Digest::new(vec![
            matter(
                "inc-1",
                Severity::Warning,
                "a [link](https://evil.example) and *stars*",
            ),
            matter("inc-2", Severity::Critical, "commits fail"),
        ])
        .unwrap(),
    );
    let settings = |url: &str| of(Template::Mattermost, format!("{url}/hooks/s3cr3t"));
    let said = heard(settings, &page, OK).await.json();
    let attachment = &said["attachments"][0];
    assert_eq!(attachment["color"], "#c62828");
    assert_eq!(
        attachment["title"],
        "CRITICAL acme: commits fail (database:central) and 1 more"
    );
    let text = attachment["text"].as_str().unwrap();
    assert!(text.starts_with("critical: commits fail"), "{text}");
    assert!(
        text.contains("a \\[link\\](https://evil.example) and \\*stars\\*"),
        "{text}"
    );
    assert!(
        text.ends_with("[Look](https://status.acme.example/incidents/inc-12)"),
        "{text}"
    );
}

#[tokio::test]
async fn ntfy_gets_its_topic_in_the_content() {
    let settings = |url: &str| {
        Settings::Webhook(WebhookSettings {
            url: Secret::new(format!("{url}/sub/s3cr3t-topic")),
            template: Template::Ntfy,
            secrets: Vec::new(),
            token: Some(Secret::new("tk_s3cr3t")),
            plain: false,
        })
    };
    let taken = Answer::Http(
        200,
        "",
        r#"{"id":"hwQ2YpKdmg","event":"message","topic":"x"}"#,
    );
    let peer = Peer::giving(taken).await;
    let channel = Channel::new("push", settings(&peer.url()), &outside(DEADLINES)).unwrap();
    let receipt = channel.send(&incident(Event::Opened)).await.unwrap();
    assert_eq!(receipt.reference, "hwQ2YpKdmg");
    let heard = peer.heard().remove(0);
    assert_eq!(heard.path, "/sub/");
    assert_eq!(text_of(&heard.headers, "authorization"), "Bearer tk_s3cr3t");
    assert!(!heard.headers.contains_key("webhook-signature"));
    let said = heard.json();
    assert_eq!(said["topic"], "s3cr3t-topic");
    assert_eq!(said["title"], "CRITICAL acme");
    assert_eq!(said["priority"], 5);
    assert_eq!(said["tags"], json!(["rotating_light"]));
    assert_eq!(
        said["click"],
        "https://status.acme.example/incidents/inc-12"
    );
    let acknowledge = json!({ "action": "view", "label": "Acknowledge", "url": "https://status.acme.example/ack/t0ken" });
    assert_eq!(said["actions"][0], acknowledge);
    let message = said["message"].as_str().unwrap();
    assert!(
        message.starts_with("commits fail (database:central)\nSeverity: critical"),
        "{message}"
    );
}

#[tokio::test]
async fn a_success_is_one_by_its_content_too() {
    let page = incident(Event::Opened);
    let html = Answer::Http(
        200,
        "content-type: text/html; charset=utf-8\r\n",
        "<html>Log in</html>",
    );
    let none = (Fault::Broken, true, &["answer that is not"][..]);
    let teams = "Webhook message delivery failed with error: HTTP error 429";
    for (template, answer, expected) in [
        (Template::Generic, Answer::Http(202, "", ""), Ok("")),
        (Template::Slack, OK, Ok("")),
        (Template::Slack, html.clone(), Err(none)),
        (Template::Mattermost, OK, Ok("")),
        (Template::Mattermost, html.clone(), Err(none)),
        (Template::Teams, Answer::Http(202, "", ""), Ok("")),
        (Template::Teams, Answer::Http(200, "", teams), Err(none)),
        (Template::Teams, html.clone(), Err(none)),
        (
            Template::Ntfy,
            Answer::Http(200, "", r#"{"id":"7"}"#),
            Ok("7"),
        ),
        (Template::Ntfy, html, Err(none)),
    ] {
        let settings = |url: &str| of(template, format!("{url}/hooks/s3cr3t"));
        check(settings, &page, answer, expected).await;
    }
}

#[tokio::test]
async fn failures_say_what_was_said_and_no_secret() {
    use Answer::{Close, Garbage, Http, Nothing};
    let page = incident(Event::Opened);
    let echo = "no such hook: /pages?key=s3cr3t-key https://status.acme.example/ack/t0ken";
    let busy = Fault::Busy {
        after: Some(Duration::from_secs(5)),
    };
    for (answer, expected) in [
        (
            Http(404, "", echo),
            (Fault::Refused, false, &["404", "no such hook"][..]),
        ),
        (
            Http(410, "", "channel_is_archived"),
            (Fault::Refused, false, &["channel_is_archived"][..]),
        ),
        (
            Http(429, "retry-after: 5\r\n", ""),
            (busy, false, &["429", "5 s"][..]),
        ),
        (Http(502, "", ""), (Fault::Broken, true, &["502"][..])),
        (Garbage("\0\0\0"), (Fault::Silent, true, &[][..])),
        (Close, (Fault::Silent, true, &[][..])),
        (Nothing, (Fault::Silent, true, &["within"][..])),
    ] {
        check(generic, &page, answer, Err(expected)).await;
    }
}

#[tokio::test]
async fn the_last_known_address_serves_while_the_resolver_is_gone() {
    let peer = Peer::giving(OK).await;
    let url = peer.url().replace("127.0.0.1", "hooks.test");
    let mut settings = of(Template::Slack, format!("{url}/hooks/s3cr3t"));
    if let Settings::Webhook(webhook) = &mut settings {
        webhook.plain = true;
    }
    let resolver = Arc::new(Resolver::default());
    let names = Arc::clone(&resolver);
    let outside = outside_with(DEADLINES, names, &certificate().0);
    let channel = Channel::new("chat", settings, &outside).unwrap();
    assert_eq!(channel.host(), "hooks.test");
    let page = incident(Event::Opened);
    resolver.gone.store(true, Ordering::Relaxed);
    let failed = channel.send(&page).await.unwrap_err();
    assert_eq!(failed.fault, Fault::Unreachable);
    assert!(
        failed.to_string().contains("nobody knows hooks.test"),
        "{failed}"
    );
    resolver.gone.store(false, Ordering::Relaxed);
    outside.addresses.find(channel.host()).await.unwrap();
    resolver.gone.store(true, Ordering::Relaxed);
    channel.send(&page).await.unwrap();
    assert_eq!(peer.heard().len(), 1);
}

#[test]
fn what_cannot_work_is_refused_ahead() {
    let with = |template, url: &str, secrets: &[&str]| {
        Settings::Webhook(WebhookSettings {
            url: Secret::new(url),
            template,
            secrets: secrets.iter().map(|secret| Secret::new(*secret)).collect(),
            token: None,
            plain: false,
        })
    };
    for (settings, word) in [
        (
            with(Template::Generic, "https://hooks.test/s3cr3t", &[]),
            "secret to sign with",
        ),
        (
            with(Template::Generic, "https://hooks.test/s3cr3t", &[""]),
            "empty",
        ),
        (
            with(Template::Slack, "http://hooks.test/s3cr3t", &[]),
            "plain = true",
        ),
        (
            with(Template::Slack, "ftp://hooks.test/s3cr3t", &[]),
            "ftp://",
        ),
        (with(Template::Slack, "s3cr3t", &[]), "url cannot be read"),
        (with(Template::Ntfy, "https://ntfy.test/", &[]), "topic"),
    ] {
        let said = refused(settings);
        assert!(said.contains(word), "'{word}' is not in '{said}'");
    }
}

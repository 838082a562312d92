//! Subscribing by mail, as a visitor does it.

use super::*;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn a_visitor_asks_and_is_told_to_look_into_the_mail() {
    let visit = Visit::to(World::busy().shown());
    let page = visit.get("/subscribe").await;
    page.says(&[
        "Your mail address",
        "Send me the link",
        "Send it the challenge",
    ]);
    let body = "address=ada%40Acme.example";
    let got = visit.ask("POST", "/subscribe", &[FORM], body).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    assert_eq!(got.header("location"), "subscribe/sent");
    let page = visit.get("/subscribe/sent").await;
    page.says(&["Please confirm it"]);
    assert_eq!(visit.asked(), ["ask ada@acme.example"]);
}

#[tokio::test]
async fn a_webhook_is_asked_in_the_one_form_that_its_address_has() {
    let visit = Visit::to(World::busy().shown());
    let body = "address=https%3A%2F%2FAcme.example%3A443%2Fhooks%2F..%2Fstatus";
    let got = visit.ask("POST", "/subscribe", &[FORM], body).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    assert_eq!(visit.asked(), ["ask https://acme.example/status"]);
    for wrong in [
        "address=http%3A%2F%2Facme.example%2F",
        "address=https%3A%2F%2Fada%3Asecret%40acme.example%2F",
        "address=ftp%3A%2F%2Facme.example%2F",
        "address=https%3A%2F%2F",
    ] {
        let got = visit.ask("POST", "/subscribe", &[FORM], wrong).await;
        assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    // The field that is at fault says so, and no other.
    let got = visit.ask("POST", "/subscribe", &[FORM], "address=http%3A%2F%2Fx.y%2F");
    let got = got.await;
    let invalid = "aria-describedby=\"hook-hint fault\" aria-invalid=\"true\"";
    assert!(got.body.contains(invalid), "{}", got.body);
    assert_eq!(got.body.matches("aria-invalid").count(), 1);
    assert!(
        got.body.contains("aria-describedby=\"hint\""),
        "{}",
        got.body
    );
    assert_eq!(visit.asked().len(), 1);
}

#[tokio::test]
async fn what_is_no_address_is_said_to_be_none_and_stays_in_the_form() {
    let visit = Visit::to(World::busy().shown());
    for body in [
        "",
        "address=",
        "address=ada",
        "address=a%40b.c%0D%0ABcc%3A+x%40y.z",
    ] {
        let got = visit.ask("POST", "/subscribe", &[FORM], body).await;
        assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    let body = "address=%22%3E%3Cscript%3E";
    let got = visit.ask("POST", "/subscribe", &[FORM], body).await;
    assert!(
        got.body.contains("value=\"&#34;&#62;&#60;script&#62;\""),
        "{}",
        got.body
    );
    assert_eq!(visit.asked(), [""; 0]);
}

#[tokio::test]
async fn letters_are_asked_for_a_few_times_only() {
    let visit = Visit::to(World::busy().shown());
    let body = "address=ada%40acme.example";
    for _ in 0..3 {
        let got = visit.ask("POST", "/subscribe", &[FORM], body).await;
        assert_eq!(got.status, StatusCode::SEE_OTHER);
    }
    let got = visit.ask("POST", "/subscribe", &[FORM], body).await;
    assert_eq!(got.status, StatusCode::TOO_MANY_REQUESTS);
    // Reports have an allowance of their own.
    let got = visit.ask("POST", "/report", &[FORM], "text=a").await;
    assert_eq!(got.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_link_that_is_fetched_does_nothing_and_its_button_does() {
    let visit = Visit::to(World::busy().shown());
    for (path, button, done, asked) in [
        (
            "/subscribe/t0ken",
            "Subscribe",
            "You are subscribed",
            "confirm t0ken",
        ),
        ("/unsubscribe/t0ken", "End it", "has ended", "leave t0ken"),
    ] {
        let before = visit.asked();
        let page = visit.get(path).await;
        page.says(&[button]);
        assert!(page.body.contains(r#"<form method="post" action="t0ken">"#));
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("x-robots-tag"), "noindex");
        assert_eq!(visit.asked(), before);
        let page = visit
            .ask("POST", path, &[], "List-Unsubscribe=One-Click")
            .await;
        assert_eq!(page.status, StatusCode::OK);
        page.says(&[done]);
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(visit.asked().last().unwrap(), asked);
    }
}

#[tokio::test]
async fn a_mail_readers_button_may_be_pressed_from_elsewhere_and_the_others_may_not() {
    let visit = Visit::to(World::busy().shown());
    let from = [("sec-fetch-site", "cross-site")];
    let leave = visit.ask("POST", "/unsubscribe/t", &from, "").await;
    assert_eq!(leave.status, StatusCode::OK);
    for path in ["/subscribe/t", "/subscribe"] {
        let got = visit.ask("POST", path, &[from[0], FORM], "").await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn a_link_that_is_none_and_a_full_house_are_told() {
    let visit = Visit::to(World::busy().shown());
    for (refused, status, said) in [
        (Refused::UnknownLink, StatusCode::NOT_FOUND, "not genuine"),
        (
            Refused::Full,
            StatusCode::SERVICE_UNAVAILABLE,
            "as many subscribers",
        ),
    ] {
        *visit.desk.refuses.lock().unwrap() = Some(refused);
        let got = visit.ask("POST", "/subscribe/t", &[], "").await;
        assert_eq!(got.status, status);
        got.says(&[said]);
    }
}

#[tokio::test]
async fn where_no_mail_goes_nothing_is_offered() {
    let shown = World::busy().shown();
    let at = shown.at;
    let desk = Recorder {
        offers_no_mail: true,
        ..Recorder::default()
    };
    let visit = Visit::with(shown, at, desk, Settings::default());
    assert!(!visit.get("/").await.body.contains("Subscribe"));
    for path in [
        "/subscribe",
        "/subscribe/sent",
        "/subscribe/t",
        "/unsubscribe/t",
    ] {
        assert_eq!(
            visit.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
        let got = visit.ask("POST", path, &[FORM], "address=a%40b.c").await;
        assert!(matches!(got.status.as_u16(), 404 | 405), "{path}");
    }
    assert_eq!(visit.asked(), [""; 0]);
}

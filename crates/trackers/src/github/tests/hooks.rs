//! Webhooks: registering them, asking for lost deliveries, telling what is wrong with them.

use super::*;

#[tokio::test]
async fn who_may_not_manage_webhooks_is_told_what_to_do_by_hand() {
    let mut config = GithubConfig::default();
    config.tokens[0].may_manage_hooks = false;
    let h = harness(config);
    let url = "https://edge.example/in/node";
    let subscribed = h.tracker().subscribe(&h.scope(), url, "s").await.unwrap();
    let Subscribed::ByHand(how) = subscribed else {
        panic!("{subscribed:?}");
    };
    assert!(how.contains(url) && how.contains(REPO), "{how}");
    let left = h.tracker().unsubscribe(&h.scope(), url).await;
    assert!(
        matches!(left, Err(TrackerError::Credentials { .. })),
        "{left:?}"
    );
}

#[tokio::test]
async fn deliveries_that_nobody_took_are_asked_for_again() {
    let h = harness(GithubConfig::default());
    let url = "https://edge.example/in/node";
    let subscribe = async || h.tracker().subscribe(&h.scope(), url, "s").await.unwrap();
    assert_eq!(subscribe().await, Subscribed::Registered);
    drop(h.deliveries(url).await);
    let item = item(&h).await;
    assert_eq!(h.lose_deliveries(), 1);
    subscribe().await;
    let again = h.deliveries(url).await;
    let reader = h.webhook().unwrap();
    let told: Vec<String> = again
        .iter()
        .flat_map(|request| reader.decode(request.headers(), request.body()).unwrap())
        .map(|notice| notice.item)
        .collect();
    assert_eq!(told, [item.reference.item.id]);
}

#[tokio::test]
async fn an_old_lost_delivery_is_found_behind_many_that_were_taken_and_one_refusal_is_no_matter() {
    let h = harness(GithubConfig::default());
    let url = "https://edge.example/in/node";
    let subscribe = async || h.tracker().subscribe(&h.scope(), url, "s").await.unwrap();
    subscribe().await;
    drop(h.deliveries(url).await);
    let first = item(&h).await;
    assert_eq!(h.lose_deliveries(), 1);
    h.pass(Duration::from_secs(60)).await;
    let second = item(&h).await;
    assert_eq!(h.lose_deliveries(), 1);
    for _ in 0..150 {
        drop(item(&h).await);
    }
    assert_eq!(h.take_deliveries(), 150);
    // The first redelivery that is asked for, the newest, is refused.
    let refusal = http::Response::builder().status(400);
    let refusal = refusal.body(r#"{"message": "too old"}"#.into()).unwrap();
    h.meddler().next_write(Trick::Pass);
    h.meddler().next_write(Trick::Answer(refusal));
    assert_eq!(subscribe().await, Subscribed::Registered);
    let again = h.deliveries(url).await;
    let reader = h.webhook().unwrap();
    let told: Vec<String> = again
        .iter()
        .flat_map(|request| reader.decode(request.headers(), request.body()).unwrap())
        .map(|notice| notice.item)
        .collect();
    assert_eq!(
        told,
        [first.reference.item.id],
        "not {}",
        second.reference.key
    );
}

/// What is wrong with the scope, with our webhook at this address.
async fn place_faults(h: &SimHarness, url: &str) -> String {
    let faults = h.tracker().probe_place(&h.scope(), Some(url)).await;
    faults.unwrap().join("; ")
}

#[tokio::test]
async fn what_keeps_us_from_working_in_a_repository_is_told() {
    let url = "http://edge.example/hooks/node";
    let h = harness(GithubConfig::default());
    assert_eq!(place_faults(&h, url).await, "");
    h.control(Command::SwitchItems {
        container: REPO.to_owned(),
        on: false,
    });
    let told = place_faults(&h, url).await;
    assert!(
        told.contains("the issues of acme/app are switched off"),
        "{told}"
    );

    let mut config = GithubConfig::default();
    config.tokens[0].may_write = false;
    let told = place_faults(&harness(config), url).await;
    assert!(told.contains("role Write"), "{told}");
}

#[tokio::test]
async fn a_webhook_that_is_switched_off_or_not_taken_is_told() {
    let url = "http://edge.example/hooks/node";
    let h = harness(GithubConfig::default());
    let subscribed = h.tracker().subscribe(&h.scope(), url, "a secret").await;
    assert_eq!(subscribed.unwrap(), Subscribed::Registered);
    h.take_deliveries();
    assert_eq!(place_faults(&h, url).await, "");
    item(&h).await;
    assert!(h.lose_deliveries() > 0);
    let told = place_faults(&h, url).await;
    assert!(told.contains("failed with 0 connection refused"), "{told}");

    let hooks = h
        .raw(
            Method::GET,
            "/repos/acme/app/hooks",
            "Bearer github-token",
            json!(null),
        )
        .await;
    let path = format!("/repos/acme/app/hooks/{}", hooks[0]["id"]);
    h.raw(
        Method::PATCH,
        &path,
        "Bearer github-token",
        json!({ "active": false }),
    )
    .await;
    let told = place_faults(&h, url).await;
    assert!(told.contains("is switched off"), "{told}");
    let subscribed = h.tracker().subscribe(&h.scope(), url, "a secret").await;
    assert_eq!(subscribed.unwrap(), Subscribed::Registered);
    let fewer = json!({ "remove_events": ["issue_comment"] });
    h.raw(Method::PATCH, &path, "Bearer github-token", fewer)
        .await;
    let told = place_faults(&h, url).await;
    assert!(told.contains("does not tell of all"), "{told}");
    // Another node's webhook is not ours.
    assert_eq!(
        place_faults(&h, "http://edge.example/hooks/other").await,
        ""
    );
}

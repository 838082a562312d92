//! What is learned from answers: who we are, what is left of a limit, what a type has.

use super::*;
use crate::conformance::Act;
use twinline_sim::azure_devops::ENTRA_TOKEN;

fn answer(status: u16, kind: &str, body: &str) -> Trick {
    let answer = http::Response::builder()
        .status(status)
        .header("content-type", kind);
    Trick::Answer(answer.body(body.to_owned().into()).unwrap())
}

#[tokio::test]
async fn a_token_of_entra_is_taken() {
    let under = Under {
        auth: &[("entra_token", ENTRA_TOKEN)],
        ..under()
    };
    let probe = over(demo_organization(), under)
        .tracker()
        .probe()
        .await
        .unwrap();
    assert_eq!(probe.faults, Vec::<String>::new());
    assert_eq!(probe.account.unwrap().id, "twinline@acme.example");
}

#[tokio::test]
async fn a_page_to_sign_in_at_and_a_wrong_token_are_faults_of_the_credentials() {
    let h = harness();
    h.meddler()
        .next_read(answer(203, "text/html", "<html>Sign In</html>"));
    let probe = h.tracker().probe().await.unwrap();
    assert!(
        probe
            .faults
            .join(" ")
            .contains("does not accept the credentials"),
        "{probe:?}"
    );
    let under = Under {
        auth: &[("token", "wrong")],
        ..under()
    };
    let probe = over(demo_organization(), under)
        .tracker()
        .probe()
        .await
        .unwrap();
    assert!(probe.faults.join(" ").contains("TF400813"), "{probe:?}");
}

#[tokio::test]
async fn an_organization_that_is_not_there_is_a_fault() {
    let h = harness();
    h.meddler().next_read(answer(404, "application/json", "{}"));
    let probe = h.tracker().probe().await.unwrap();
    assert!(
        probe
            .faults
            .join(" ")
            .contains("there is no organization at"),
        "{probe:?}"
    );
}

#[tokio::test]
async fn a_success_that_asks_to_stay_away_is_respected() {
    let h = harness();
    let title = "An item".to_owned();
    let key = h.act(Act::Create { title }).await.unwrap();
    let id = h.tracker().find(&key).await.unwrap().unwrap().item;
    let delayed = http::Response::builder()
        .header("retry-after", "30")
        .header("x-ratelimit-remaining", "0")
        .body("{\"id\":1,\"rev\":1,\"fields\":{}}".into())
        .unwrap();
    h.meddler().next_read(Trick::Answer(delayed));
    drop(h.tracker().find(&key).await.unwrap());
    let before = h.meddler().requests();
    let busy = h.tracker().fetch(&id).await;
    assert!(
        matches!(busy, Err(TrackerError::Busy { whole: true, .. })),
        "{busy:?}"
    );
    assert_eq!(h.meddler().requests(), before, "nothing was sent");
    h.pass(Duration::from_secs(31)).await;
    h.tracker().fetch(&id).await.unwrap();
}

#[tokio::test]
async fn consumption_beyond_the_limit_is_kept_by_the_answers_headers() {
    let h = SimHarness::limited(Box::new(AzureDevOps::new(demo_organization())), under());
    let title = "An item".to_owned();
    let key = h.act(Act::Create { title }).await.unwrap();
    let id = h.tracker().find(&key).await.unwrap().unwrap().item;
    let mut refused = 0;
    for _ in 0..4_000 {
        match h.tracker().fetch_bare(&id).await {
            Ok(_) => {}
            Err(TrackerError::Busy { after, whole, .. }) => {
                assert!(whole && after <= Duration::from_secs(300), "{after:?}");
                refused += 1;
                h.pass(after).await;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused > 0, "the limit was never told");
}

#[tokio::test]
async fn a_field_that_is_new_is_asked_for_and_one_that_is_empty_is_known_to_be() {
    let h = harness();
    let title = "An item".to_owned();
    let key = h.act(Act::Create { title }).await.unwrap();
    let id = h.tracker().find(&key).await.unwrap().unwrap().item;
    let Fetched::Found(item) = h.tracker().fetch(&id).await.unwrap() else {
        panic!("it has gone");
    };
    assert_eq!(item.get("Custom.Count"), Some(&Value::Empty));
    assert_eq!(item.get("Custom.Nowhere"), None);
    assert_eq!(item.get("System.CommentCount"), None);
    let before = h.meddler().requests();
    drop(h.tracker().fetch(&id).await.unwrap());
    assert_eq!(h.meddler().requests() - before, 1, "the type is remembered");
    h.pass(Duration::from_secs(61)).await;
    let before = h.meddler().requests();
    drop(h.tracker().fetch(&id).await.unwrap());
    assert_eq!(
        h.meddler().requests() - before,
        2,
        "and asked for again after a minute"
    );
}

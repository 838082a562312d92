//! Service hooks: what is told, to whom, and what becomes of a delivery that is not taken.

use super::*;
use crate::simulator::{Delivered, Webhook};

const PATH: &str = "_apis/hooks/subscriptions";

fn subscription(event: &str, inputs: Value) -> Value {
    json!({"publisherId": "tfs", "eventType": event, "consumerId": "webHooks", "consumerActionId": "httpRequest",
        "resourceVersion": "1.0", "publisherInputs": inputs,
        "consumerInputs": {"url": "https://edge.example/in", "basicAuthUsername": "u", "basicAuthPassword": "s3cret"}})
}

fn sent(world: &mut World) -> Vec<Value> {
    let hooks = world.azure.take_webhooks();
    hooks
        .iter()
        .map(|hook| serde_json::from_slice(hook.request.body()).unwrap())
        .collect()
}

#[test]
fn events_are_told_to_those_who_asked_for_them_there() {
    let mut world = World::new();
    let project = world.get("_apis/projects/Support")["id"].clone();
    let inputs = json!({"projectId": project, "workItemType": "Issue", "areaPath": ""});
    for event in ["workitem.created", "workitem.updated", "workitem.deleted"] {
        world.expect(200, "POST", PATH, subscription(event, inputs.clone()));
    }
    let id = world.item("One");
    let told = sent(&mut world);
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["eventType"], &told[0]["resource"]["id"]),
        (&json!("workitem.created"), &json!(id))
    );
    world.patch(200, id, set("System.Title", json!("Two")));
    let told = sent(&mut world);
    let resource = &told[0]["resource"];
    assert_eq!(
        (&resource["workItemId"], &resource["rev"]),
        (&json!(id), &json!(2))
    );
    assert_eq!(
        resource["fields"]["System.Title"],
        json!({"oldValue": "One", "newValue": "Two"})
    );
    assert_eq!(resource["revision"]["fields"]["System.Title"], "Two");
    let moved = Command::Move {
        key: format!("#{id}"),
        by: "ana".to_owned(),
        to: "Application".to_owned(),
    };
    world.azure.command(world.now, moved).unwrap();
    assert_eq!(
        sent(&mut world),
        Vec::<Value>::new(),
        "it lies in another project now"
    );
}

#[test]
fn secrets_are_masked_and_only_an_encrypted_address_takes_a_password() {
    let mut world = World::new();
    let made = world.expect(
        200,
        "POST",
        PATH,
        subscription("workitem.created", json!({})),
    );
    assert_eq!(made["consumerInputs"]["basicAuthPassword"], "********");
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    world.expect(200, "PUT", &path, made);
    world.item("One");
    let hook = world.azure.take_webhooks().remove(0);
    let expected = format!("Basic {}", STANDARD.encode("u:s3cret"));
    assert_eq!(
        hook.request.headers()["authorization"],
        expected,
        "the mask means what was there"
    );
    let mut plain = subscription("workitem.created", json!({}));
    plain["consumerInputs"]["url"] = json!("http://edge.example/in");
    world.expect(400, "POST", PATH, plain);
    world.expect(400, "POST", PATH, subscription("workitem.sung", json!({})));
    world.expect(200, "DELETE", &path, Value::Null);
    world.expect(404, "GET", &path, Value::Null);
}

fn answered(status: u16) -> Delivered {
    Delivered::Answered { status, millis: 1 }
}

/// A delivery to a new subscription, and the subscription's path.
fn delivery(world: &mut World) -> (Webhook, String) {
    let made = world.expect(
        200,
        "POST",
        PATH,
        subscription("workitem.created", json!({})),
    );
    world.item("One");
    let hook = world.azure.take_webhooks().remove(0);
    (hook, format!("{PATH}/{}", made["id"].as_str().unwrap()))
}

#[test]
fn some_refusals_are_tried_again_for_minutes_and_all_others_lose_the_event() {
    for status in [408, 502, 503, 504] {
        let mut world = World::new();
        let (hook, _) = delivery(&mut world);
        let mut waited = Duration::ZERO;
        let mut tries = 0;
        while let Some(wait) = world.azure.delivered(world.now, &hook, &answered(status)) {
            waited += wait;
            tries += 1;
        }
        assert_eq!(tries, 6, "{status}");
        assert!(waited > Duration::from_secs(600), "{waited:?}");
    }
    for status in [400, 401, 404, 429, 500, 202] {
        let mut world = World::new();
        let (hook, _) = delivery(&mut world);
        assert_eq!(
            world.azure.delivered(world.now, &hook, &answered(status)),
            None,
            "{status}"
        );
    }
}

#[test]
fn gone_switches_a_subscription_off_and_many_losses_do_so_in_the_end() {
    let mut world = World::new();
    let (hook, path) = delivery(&mut world);
    world.azure.delivered(world.now, &hook, &answered(410));
    assert_eq!(world.get(&path)["status"], "disabledBySystem");
    world.item("unheard");
    assert_eq!(sent(&mut world), Vec::<Value>::new());

    let mut world = World::new();
    let (hook, path) = delivery(&mut world);
    world.azure.delivered(world.now, &hook, &answered(500));
    let mut seen = Vec::new();
    for _ in 0..39 {
        world.item("lost");
        for hook in world.azure.take_webhooks() {
            world.azure.delivered(world.now, &hook, &answered(500));
        }
        let status = world.get(&path)["status"].as_str().unwrap().to_owned();
        if seen.last() != Some(&status) {
            seen.push(status);
        }
    }
    assert_eq!(seen, ["enabled", "onProbation", "disabledBySystem"]);
}

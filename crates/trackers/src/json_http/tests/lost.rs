//! A create whose answer was lost, at an API that does not do all that the description says.

use super::alone::{scope, small, tracker};
use super::*;
use serde_json::{Value as Json, json};
use twinline_core::effect::Recognised;

fn described(marker: &str) -> String {
    let described = small("{ by = \"none\" }") + "[marker]\n" + marker + "\n";
    described.replace("updated = \"at\"", "updated = \"at\", created = \"made\"")
}

fn create() -> Effect {
    Effect::Create {
        scope: scope(),
        fields: BTreeMap::from([(field::SUMMARY.into(), Value::text("ours"))]),
        marker: marker("l1"),
    }
}

/// What is found of the create where the API lists `listed`, and shows `alone` as an item by itself.
async fn look(description: &str, listed: Json, alone: Json) -> Recognised {
    let (api, _) = tracker(description, move |request| match request.uri().path() {
        "/v1/i" => json!({ "l": listed }),
        _ => alone.clone(),
    });
    let since = Timestamp::from_millis(100_000);
    api.recognise(&create(), since).await.unwrap()
}

fn is(recognised: &Recognised, id: &str) -> bool {
    match recognised {
        Recognised::There(applied) => {
            let created = applied.created.as_ref();
            created.is_some_and(|created| created.item.id == id)
        }
        _ => false,
    }
}

#[tokio::test]
async fn a_query_for_the_marker_that_the_api_does_not_know_proves_nothing() {
    let described = described("path = \"m\"\nquery = { unknown = \"{marker}\" }");
    let ours = marker("l1").to_string();
    let others = json!([{ "id": 1, "at": 200, "made": 200, "t": "theirs", "m": "" }]);
    let found = look(&described, others, Json::Null).await;
    assert_eq!(found, Recognised::NotThere);
    let with_ours = json!([
        { "id": 1, "at": 200, "made": 200, "t": "theirs", "m": "" },
        { "id": 2, "at": 201, "made": 201, "t": "ours", "m": ours },
    ]);
    let found = look(&described, with_ours, Json::Null).await;
    assert!(is(&found, "2"), "{found:?}");
}

#[tokio::test]
async fn a_marker_that_the_api_has_dropped_leaves_the_likeness() {
    for query in ["", "\nquery = { q = \"{marker}\" }"] {
        let described = described(&format!("path = \"m\"{query}"));
        let listed = json!([
            { "id": 1, "at": 200, "made": 50, "t": "ours", "m": null },
            { "id": 2, "at": 201, "made": 201, "t": "ours", "m": null },
            { "id": 3, "at": 202, "made": 202, "t": "theirs", "m": null },
        ]);
        let Recognised::Alike(alike) = look(&described, listed, Json::Null).await else {
            panic!("one was made since, with the title");
        };
        let ids = alike.into_iter().filter_map(|one| one.created);
        let ids: Vec<String> = ids.map(|created| created.item.id).collect();
        assert_eq!(ids, ["2"]);
    }
}

#[tokio::test]
async fn where_lists_hide_the_marker_each_new_item_is_asked_for() {
    let described = described("path = \"m\"");
    let ours = marker("l1").to_string();
    let listed = json!([{ "id": 7, "at": 200, "made": 200, "t": "ours" }]);
    let alone = json!({ "id": 7, "at": 200, "made": 200, "t": "ours", "m": ours });
    let found = look(&described, listed, alone).await;
    assert!(is(&found, "7"), "{found:?}");
    let many: Json = (0..200)
        .map(|id| json!({ "id": id, "at": 200, "made": 200, "t": "x" }))
        .collect();
    let (api, played) = tracker(&described, move |request| {
        match request.uri().path().strip_prefix("/v1/i/") {
            None => json!({ "l": many }),
            Some(id) => json!({ "id": id, "at": 200, "made": 200, "t": "x", "m": null }),
        }
    });
    let (effect, since) = (create(), Timestamp::from_millis(100_000));
    let found = api.recognise(&effect, since).await.unwrap();
    assert!(matches!(found, Recognised::Unclear { .. }), "{found:?}");
    assert!(played.asked.lock().unwrap().len() < 150);
}

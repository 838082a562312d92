//! Queries.

use super::*;

fn world() -> World {
    let mut world = World::new();
    for title in ["One", "Two", "Order by hand"] {
        world.item(title);
    }
    world.patch(200, 2, set("System.State", json!("Done")));
    world.patch(200, 3, set("System.AreaPath", json!("Support\\Desk")));
    world.patch(200, 3, set("Custom.Count", json!(7)));
    world
}

#[track_caller]
fn check(condition: &str, expected: &[u64]) {
    let mut world = world();
    let body = json!({"query": format!("SELECT [System.Id] FROM WorkItems WHERE {condition} ORDER BY [System.Id]")});
    let found = world.expect(200, "POST", "_apis/wit/wiql?timePrecision=true", body);
    let ids = found["workItems"].as_array().unwrap().iter();
    let ids: Vec<u64> = ids.map(|item| item["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, expected, "{condition}");
}

#[test]
fn conditions_are_understood() {
    check("[System.State] <> 'Done'", &[1, 3]);
    check(
        "[State] = 'done' OR [System.Title] CONTAINS 'BY HAND'",
        &[2, 3],
    );
    check(
        "NOT ([System.Id] IN (1, 2)) AND [System.TeamProject] = 'Support'",
        &[3],
    );
    check("[System.Id] NOT IN (1)", &[2, 3]);
    check("[System.AreaPath] UNDER 'Support'", &[1, 2, 3]);
    check("[System.AreaPath] = 'Support'", &[1, 2]);
    check("[Custom.Count] > 6 AND [Custom.Count] <= 7", &[3]);
    check("[Custom.Count] = ''", &[1, 2]);
    check("[System.State] EVER 'To Do'", &[1, 2, 3]);
    check("[System.AssignedTo] = 'Ben Okafor'", &[1, 2, 3]);
    check("[System.ChangedBy] = @Me", &[2, 3]);
    check("[System.CreatedDate] >= @Today - 1", &[1, 2, 3]);
    check("[System.CreatedDate] < '2026-01-31T09:00:00Z'", &[]);
    check("[System.Tags] CONTAINS 'a'", &[1, 2, 3]);
    check("[System.Title] = 'it''s'", &[]);
}

#[test]
fn what_is_not_understood_is_named() {
    let mut world = world();
    let cases = [
        ("[Flavour] = 'sweet'", "[Flavour]"),
        ("[System.Title] LIKE 'x'", "LIKE"),
        ("[System.Title] = ", "ORDER"),
        ("[System.Description] = 'x'", "long text"),
        ("([System.Id] = 1", "ORDER"),
        ("[System.Id] = 1 GROUP", "GROUP"),
        ("[System.Title] UNDER 'x'", "UNDER"),
    ];
    for (condition, part) in cases {
        let query =
            format!("SELECT [System.Id] FROM WorkItems WHERE {condition} ORDER BY [System.Id]");
        let refused = world.expect(400, "POST", "_apis/wit/wiql", json!({"query": query}));
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(part), "{condition}: {message}");
    }
    let precise =
        "SELECT [System.Id] FROM WorkItems WHERE [System.ChangedDate] > '2026-01-31T09:00:00Z'";
    let refused = world.expect(400, "POST", "_apis/wit/wiql", json!({"query": precise}));
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("date precision")
    );
    let deep = format!(
        "SELECT [System.Id] FROM WorkItems WHERE {}[System.Id] = 1",
        "(".repeat(5_000)
    );
    world.expect(400, "POST", "_apis/wit/wiql", json!({"query": deep}));
}

#[test]
fn a_query_sees_what_the_lag_lets_it_see() {
    let mut world = world();
    world.azure.set_index_lag(Duration::from_secs(60));
    let query = json!({"query": "SELECT [System.Id] FROM WorkItems WHERE [System.State] = 'Done'"});
    let found = world.expect(200, "POST", "_apis/wit/wiql", query.clone());
    assert_eq!(found["workItems"], json!([]));
    world.wait(60);
    let found = world.expect(200, "POST", "_apis/wit/wiql", query);
    assert_eq!(found["workItems"][0]["id"], 2);
}

use super::*;

fn workflow(edges: &[(&str, &[&str])], finished: &[&str]) -> Workflow {
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    Workflow {
        leads_to: edges
            .iter()
            .map(|(from, to)| ((*from).to_owned(), ids(to)))
            .collect(),
        finished: ids(finished),
        ..Workflow::default()
    }
}

fn check(edges: &[(&str, &[&str])], at: &str, wanted: &str, expected: Option<&str>) {
    let next = workflow(edges, &[]).towards(at, wanted);
    assert_eq!(next.as_deref(), expected, "{at} to {wanted}");
}

#[test]
fn a_way_is_the_shortest_that_is_known() {
    let line: &[(&str, &[&str])] = &[
        ("todo", &["doing"]),
        ("doing", &["todo", "review"]),
        ("review", &["done"]),
    ];
    check(line, "todo", "done", Some("doing"));
    check(line, "doing", "done", Some("review"));
    check(line, "done", "todo", None);
    check(line, "todo", "todo", None);
    check(
        &[("a", &["b", "c"]), ("b", &["c"]), ("c", &["d"])],
        "a",
        "d",
        Some("c"),
    );
}

#[test]
fn what_was_never_looked_from_is_sought_but_not_through_finished_statuses() {
    let check = |edges: &[(&str, &[&str])], expected: Option<&str>| {
        let next = workflow(edges, &["done"]).towards_unseen("todo");
        assert_eq!(next.as_deref(), expected, "{edges:?}");
    };
    check(&[("todo", &["doing"])], Some("doing"));
    check(
        &[("todo", &["doing"]), ("doing", &["review", "todo"])],
        Some("doing"),
    );
    check(&[("todo", &["done"])], None);
    check(&[("todo", &["done"]), ("done", &["attic"])], None);
    check(&[("todo", &["doing"]), ("doing", &["todo"])], None);
}

#[test]
fn a_described_workflow_is_read_with_its_global_and_directed_transitions() {
    let read: wire::Workflows = serde_json::from_value(json!({
        "statuses": [
            { "id": "1", "name": "To Do", "statusCategory": "TODO", "statusReference": "a" },
            { "id": "2", "name": "Doing", "statusCategory": "IN_PROGRESS", "statusReference": "b" },
            { "id": "3", "name": "Done", "statusCategory": "DONE", "statusReference": "c" }
        ],
        "workflows": [{
            "name": "W",
            "statuses": [{ "statusReference": "a" }, { "statusReference": "b" }, { "statusReference": "c" }],
            "transitions": [
                { "id": "1", "name": "Create", "type": "INITIAL", "toStatusReference": "a", "links": [] },
                { "id": "11", "name": "Reset", "type": "GLOBAL", "toStatusReference": "a", "links": [] },
                { "id": "21", "name": "Start", "type": "DIRECTED", "toStatusReference": "b",
                  "links": [{ "fromStatusReference": "a", "fromPort": 0, "toPort": 1 }] },
                { "id": "31", "name": "Finish", "type": "DIRECTED", "toStatusReference": "c",
                  "links": [{ "fromStatusReference": "b" }] }
            ]
        }]
    }))
    .unwrap();
    let whole = whole(&read.workflows[0], &read.statuses);
    let expected = workflow(&[("1", &["2"]), ("2", &["1", "3"]), ("3", &["1"])], &["3"]);
    assert_eq!(whole.leads_to, expected.leads_to);
    assert_eq!(whole.finished, expected.finished);
}

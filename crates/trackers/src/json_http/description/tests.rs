use super::*;

const DESK: &str = include_str!("../examples/desk.toml");
const BOARD: &str = include_str!("../examples/board.toml");

/// The description with one piece replaced is refused with a sentence that holds `expected`.
fn check(before: &str, after: &str, expected: &str) {
    let described = DESK.replacen(before, after, 1);
    assert_ne!(described, DESK, "the example holds {before}");
    let error = Description::parse(&described).unwrap_err();
    assert!(error.message.contains(expected), "{error:?}");
}

#[test]
fn the_examples_are_sound() {
    for text in [DESK, BOARD] {
        Description::parse(text).unwrap();
    }
}

#[test]
fn what_is_no_key_is_refused_where_it_stands() {
    let described = DESK.replacen("covers  =", "cover  =", 1);
    let error = Description::parse(&described).unwrap_err();
    let at = error.at.clone().unwrap();
    assert!(described[at].starts_with("cover"), "{error:?}");
    assert!(error.message.contains("unknown field `cover`"), "{error:?}");
    check(
        "by = \"bearer\"",
        "by = \"baerer\"",
        "unknown variant `baerer`",
    );
    check(
        "kind = \"set\"",
        "kind = \"sett\"",
        "unknown variant `sett`",
    );
}

#[test]
fn what_does_not_hang_together_names_its_key_and_the_way_out() {
    check(
        "format = 1",
        "format = 2",
        "format: is 2; this version reads format 1",
    );
    check(
        "texts  = \"markdown\"",
        "texts  = \"adf\"",
        "texts: is 'adf'",
    );
    check(
        "by = \"bearer\"",
        "by = \"header\"",
        "auth.header: is missing",
    );
    check(
        "X-Desk-Version",
        "Authorization",
        "headers.Authorization: is not for here",
    );
    check(
        "X-Desk-Version",
        "X-Api-Key",
        "headers.X-Api-Key: is not for here: what says who asks",
    );
    check(
        "X-Desk-Version",
        "If-Match",
        "headers.If-Match: is not for here: each request",
    );
    check(
        "path = \"project.key\"",
        "",
        "scope.project: write the path",
    );
    check("[scope.project]", "[scope.id]", "scope.id: is a slot");
    check(
        "resolution_ms = 1000",
        "resolution_ms = 0",
        "time.resolution_ms: is 0; write 1 to 60000",
    );
    check("settle_s  = 20", "settle_s  = 0", "limits.settle_s: is 0");
}

#[test]
fn requests_name_slots_lists_and_statuses_that_there_are() {
    check(
        "\"/api/items/{id}\"",
        "\"/api/items/{ids}\"",
        "there is no slot {ids} here: did you mean {id}?",
    );
    check(
        "\"/api/items/{id}\"",
        "\"api/items/{id}\"",
        "get.path: begins with '/'",
    );
    check(
        "\"/api/items/{id}\"",
        "\"/api/items\"",
        "get: says {id} nowhere",
    );
    check(
        "\"/api/items/{id}\"",
        "\"/api/items/{id\"",
        "a brace without its other half",
    );
    check(
        "updated_from = \"{since}\"",
        "updated_from = \"1970\"",
        "list.changed: does not say {since}",
    );
    check(
        "param = \"offset\", size_param",
        "size_param",
        "people.paging.param: is needed",
    );
    check(
        "by = \"offset\"",
        "by = \"link\"",
        "people.paging.param: is needed by page, offset and cursor",
    );
    check(
        "filters = [",
        "trigger = \"q\"\nfilters = [",
        "list.trigger: there are list.filters too",
    );
    check(
        "path  = \"fields.external_ref\"",
        "",
        "marker: write the path",
    );
    check(
        "deleted_status = [410]",
        "deleted_status = [429]",
        "get.deleted_status: 429 says something else",
    );
    check("[find]", "[gone]", "unknown field `gone`");
    check(
        "path = \"fields.due\"",
        "path = \"fields..due\"",
        "is no path",
    );
}

#[test]
fn fields_are_what_they_are_in_every_tracker() {
    check(
        "kind      = \"text\"",
        "kind      = \"rich\"",
        "fields.summary.kind: is rich; 'summary' is text",
    );
}

#[test]
fn templates_are_filled_and_undone() {
    let template = Template::try_from("#{number}!".to_owned()).unwrap();
    assert_eq!(
        template.fill(|_| Some("7".to_owned())),
        Some("#7!".to_owned())
    );
    assert_eq!(template.undo("#7!"), Some(("number", "7")));
    assert_eq!(template.undo("#!"), None);
    assert_eq!(template.undo("7!"), None);
    let two = Template::try_from("{a}-{b}".to_owned()).unwrap();
    assert_eq!(two.undo("1-2"), None);
    assert_eq!(two.slots().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn paths_lead_through_objects_and_lists() {
    let path = |text: &str| Path::try_from(text.to_owned()).unwrap();
    let mut json = serde_json::json!({ "a": [{ "b": 1 }] });
    assert_eq!(path("a.0.b").of(&json), Some(&serde_json::json!(1)));
    assert_eq!(path("a.1.b").of(&json), None);
    assert_eq!(path("").of(&json), Some(&json));
    path("c.d").put(&mut json, serde_json::json!(2));
    assert_eq!(path("c.d").text(&json), Some("2".to_owned()));
    path("c.d").remove(&mut json);
    assert_eq!(path("c.d").of(&json), None);
}

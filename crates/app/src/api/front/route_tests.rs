use super::reach::Asked;
use super::route::{Route, of};
use crate::fleet::Definitions;
use axum::response::IntoResponse as _;
use http::{HeaderMap, Method};
use twinline_store::GroupId;

/// `ab` is in `g0`.
fn check(method: Method, path: &str, body: &str, expected: &str) {
    let definitions = Definitions::default();
    let nodes = ("a".into(), "b".into());
    let definitions = definitions
        .with(&"ab".into(), nodes, &GroupId::new("g0"))
        .unwrap();
    let asked = Asked {
        method,
        uri: path.parse().unwrap(),
        headers: HeaderMap::new(),
        body: body.to_owned().into(),
    };
    let found = match of(&asked, &definitions) {
        Ok(Route::Group(group)) => format!("group {group}"),
        Ok(Route::Twin(link)) => format!("twin {link}"),
        Ok(Route::Backfill(id)) => format!("backfill {id}"),
        Ok(Route::Publish(connection, _)) => format!("publish {connection}"),
        Ok(other) => format!("{other:?}")
            .split('(')
            .next()
            .unwrap_or_default()
            .to_lowercase(),
        Err(problem) => problem.into_response().status().as_u16().to_string(),
    };
    assert_eq!(found, expected, "{path} {body}");
}

#[test]
fn a_request_is_for_the_group_of_what_it_names() {
    let (get, post) = (Method::GET, Method::POST);
    check(get.clone(), "/v1/rules/ab/versions?limit=3", "", "group g0");
    check(get.clone(), "/v1/rules/xy/versions", "", "404");
    check(
        post.clone(),
        "/v1/rules/ab/rollback",
        r#"{"to":1}"#,
        "group g0",
    );
    let linkable = "/v1/connections/ab/linkable?side=left&fields=summary";
    check(get.clone(), linkable, "", "group g0");
    check(get.clone(), &linkable.replace("ab", "xy"), "", "404");
    check(post.clone(), "/v1/rules/ab/plan", "{}", "group g0");
    check(post.clone(), "/v1/nodes/b/pause", "", "group g0");
    check(post.clone(), "/v1/nodes/x/pause", "", "404");
    check(post.clone(), "/v1/nodes/%62/pause", "", "group g0");
    check(get.clone(), "/v1/rules/a%62/versions", "", "group g0");
    check(
        post.clone(),
        "/v1/links",
        r#"{"connection":"ab","pairs":[]}"#,
        "group g0",
    );
    check(post.clone(), "/v1/retry", r#"{"twin":"t1"}"#, "twin t1");
    check(
        post.clone(),
        "/v1/retry",
        r#"{"connection":"ab","cause":"x"}"#,
        "group g0",
    );
    check(
        post.clone(),
        "/v1/retry",
        r#"{"connection":"ab","twin":"t1"}"#,
        "400",
    );
    check(post.clone(), "/v1/release", "nonsense", "400");
    check(Method::DELETE, "/v1/twins/t1", "", "twin t1");
    check(get.clone(), "/v1/backfills/7", "", "backfill 7");
    check(post.clone(), "/v1/backfills/7/pause", "", "backfill 7");
    let rules = r#"{"rules":{"map":{"name":"n.toml","text":""}}}"#;
    check(post.clone(), "/v1/rules/new/publish", rules, "publish new");
    check(post.clone(), "/v1/rules/new/plan", rules, "plan");
    check(
        post.clone(),
        "/v1/rules/check",
        r#"{"map":{"name":"n.toml","text":""}}"#,
        "check",
    );
    check(post.clone(), "/v1/rules/check", "", "400");
    check(get, "/v1/nonsense", "", "404");
}

#[test]
fn what_is_about_all_goes_to_all() {
    for list in [
        "nodes",
        "connections",
        "twins",
        "history",
        "audit",
        "errors",
        "backfills",
    ] {
        check(Method::GET, &format!("/v1/{list}?limit=3"), "", "pages");
    }
    check(Method::GET, "/v1/status", "", "status");
    check(Method::GET, "/v1/events", "", "events");
    check(Method::POST, "/v1/sweep", "", "sweep");
    check(Method::POST, "/v1/backup", r#"{"file":"/x"}"#, "backup");
}

#[test]
fn what_is_about_the_fleet_is_for_no_group() {
    let (get, post) = (Method::GET, Method::POST);
    check(get.clone(), "/v1/fleet", "", "fleet");
    check(get.clone(), "/v1/fleet/machines/m1", "", "fleet");
    for deed in ["drain", "undrain", "restart"] {
        check(
            post.clone(),
            &format!("/v1/fleet/machines/m1/{deed}"),
            "",
            "fleet",
        );
    }
    check(post.clone(), "/v1/fleet/nodes/a/move", "", "fleet");
    check(post.clone(), "/v1/fleet/nodes/a/unpin", "", "fleet");
    check(get.clone(), "/v1/fleet/nodes/a/move", "", "404");
    check(post, "/v1/fleet/machines/m1/paint", "", "404");
    check(get, "/v1/fleet/machines", "", "404");
}

//! Every answer held against GitHub's own description.

use super::harness::{Answer, Bench};
use super::spec::Spec;
use crate::command::Command;
use crate::simulator::{Delivered, Simulator};
use http::Method;
use serde_json::{Value, json};

struct Checked {
    bench: Bench,
    spec: Spec,
}

impl Checked {
    fn ask(&mut self, method: Method, path: &str, body: Value, status: u16) -> Answer {
        let answer = self.bench.ask(method.clone(), path, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        self.spec.check(&method, path, status, &answer.body);
        answer
    }

    fn get(&mut self, path: &str) -> Answer {
        self.ask(Method::GET, path, Value::Null, 200)
    }
}

#[test]
fn every_answer_fits_the_description() {
    let Some(spec) = Spec::load() else {
        crate::needs::skip("no shared/specs beside the workspace");
        return;
    };
    let mut checked = Checked {
        bench: Bench::new(),
        spec,
    };
    issues(&mut checked);
    below_an_issue(&mut checked);
    labels_and_milestones(&mut checked);
    hooks(&mut checked);
    accounts_and_search(&mut checked);
    refusals(&mut checked);
    let names = checked.spec.checked();
    println!("{} kinds of answers fit the description", names.len());
    assert!(names.len() >= 55, "{names:#?}");
}

fn issues(checked: &mut Checked) {
    let (post, patch) = (Method::POST, Method::PATCH);
    let issues = "/repos/acme/app/issues";
    checked.ask(
        post.clone(),
        "/repos/acme/app/milestones",
        json!({"title": "v1", "due_on": "2026-01-01T00:00:00Z"}),
        201,
    );
    let whole = json!({"title": "x", "body": "text", "labels": ["bug"], "assignees": ["ana"], "milestone": 1});
    checked.ask(post.clone(), issues, whole, 201);
    checked.ask(post.clone(), issues, json!({"title": "plain"}), 201);
    checked
        .bench
        .github
        .add_pull_request(checked.bench.now, "ana", "acme/app", "pr");
    let one = "/repos/acme/app/issues/1";
    checked.ask(
        patch.clone(),
        one,
        json!({"title": "y", "state": "closed", "milestone": null}),
        200,
    );
    checked.ask(
        patch.clone(),
        one,
        json!({"state": "open", "milestone": 1, "labels": []}),
        200,
    );
    checked.get(one);
    checked.get("/repos/acme/app/issues/3");
    checked.get("/repos/acme/app/issues?state=all");
}

fn below_an_issue(checked: &mut Checked) {
    let (post, patch, delete) = (Method::POST, Method::PATCH, Method::DELETE);
    let one = "/repos/acme/app/issues/1";
    checked.ask(
        post.clone(),
        &format!("{one}/assignees"),
        json!({"assignees": ["ben"]}),
        201,
    );
    checked.ask(
        delete.clone(),
        &format!("{one}/assignees"),
        json!({"assignees": ["ben"]}),
        200,
    );
    checked.ask(
        Method::GET,
        &format!("{one}/assignees/ana"),
        Value::Null,
        204,
    );
    checked.ask(
        post.clone(),
        &format!("{one}/labels"),
        json!({"labels": ["bug", "new"]}),
        200,
    );
    checked.ask(
        Method::PUT,
        &format!("{one}/labels"),
        json!({"labels": ["bug"]}),
        200,
    );
    checked.get(&format!("{one}/labels"));
    checked.ask(
        delete.clone(),
        &format!("{one}/labels/bug"),
        Value::Null,
        200,
    );
    checked.ask(delete.clone(), &format!("{one}/labels"), Value::Null, 204);
    let made = checked.ask(post, &format!("{one}/comments"), json!({"body": "c"}), 201);
    let comment = format!("/repos/acme/app/issues/comments/{}", made.body["id"]);
    checked.ask(patch, &comment, json!({"body": "d"}), 200);
    checked.get(&comment);
    checked.get(&format!("{one}/comments"));
    checked.get("/repos/acme/app/issues/comments?sort=updated");
    checked.get(&format!("{one}/timeline"));
    checked.get(&format!("{one}/events"));
    let events = checked.get("/repos/acme/app/issues/events");
    checked.get(&format!(
        "/repos/acme/app/issues/events/{}",
        events.body[0]["id"]
    ));
    checked.ask(delete, &comment, Value::Null, 204);
}

fn labels_and_milestones(checked: &mut Checked) {
    let labels = "/repos/acme/app/labels";
    checked.get(labels);
    checked.ask(
        Method::POST,
        labels,
        json!({"name": "fresh", "color": "FF00aa"}),
        201,
    );
    checked.ask(Method::POST, labels, json!({"name": "Fresh"}), 422);
    checked.ask(
        Method::PATCH,
        &format!("{labels}/fresh"),
        json!({"new_name": "old", "description": "d"}),
        200,
    );
    checked.get(&format!("{labels}/old"));
    checked.ask(Method::DELETE, &format!("{labels}/old"), Value::Null, 204);
    checked.ask(Method::GET, &format!("{labels}/old"), Value::Null, 404);
    let milestones = "/repos/acme/app/milestones";
    checked.get(milestones);
    checked.ask(Method::POST, milestones, json!({"title": "v1"}), 422);
    checked.ask(
        Method::PATCH,
        &format!("{milestones}/1"),
        json!({"state": "closed"}),
        200,
    );
    checked.get(&format!("{milestones}/1"));
    checked.ask(Method::DELETE, &format!("{milestones}/1"), Value::Null, 204);
    checked.ask(Method::GET, &format!("{milestones}/1"), Value::Null, 404);
}

fn hooks(checked: &mut Checked) {
    let hooks = "/repos/acme/app/hooks";
    let wanted = json!({"config": {"url": "http://edge.local/h", "content_type": "json", "secret": "s"}, "events": ["issues"]});
    let made = checked.ask(Method::POST, hooks, wanted, 201);
    checked.ask(Method::POST, hooks, json!({"config": {}}), 422);
    let hook = format!("{hooks}/{}", made.body["id"]);
    checked.bench.issue("heard");
    for webhook in checked.bench.github.take_webhooks() {
        let now = checked.bench.now;
        checked.bench.github.delivered(
            now,
            &webhook,
            &Delivered::Answered {
                status: 202,
                millis: 4,
            },
        );
    }
    checked.get(hooks);
    checked.get(&hook);
    checked.ask(Method::PATCH, &hook, json!({"active": false}), 200);
    checked.ask(Method::POST, &format!("{hook}/pings"), Value::Null, 204);
    let list = checked.get(&format!("{hook}/deliveries"));
    let delivery = format!("{hook}/deliveries/{}", list.body[0]["id"]);
    checked.get(&delivery);
    checked.ask(
        Method::POST,
        &format!("{delivery}/attempts"),
        Value::Null,
        202,
    );
    checked.ask(Method::DELETE, &hook, Value::Null, 204);
    checked.ask(Method::GET, &hook, Value::Null, 404);
}

fn accounts_and_search(checked: &mut Checked) {
    checked.get("/user");
    checked.get("/users/ana");
    checked.get("/repos/acme/app");
    checked.get("/repos/acme/app/assignees");
    checked.ask(
        Method::GET,
        "/repos/acme/app/assignees/ana",
        Value::Null,
        204,
    );
    checked.ask(
        Method::GET,
        "/repos/acme/app/assignees/nobody",
        Value::Null,
        404,
    );
    checked.get("/rate_limit");
    checked.get("/search/issues?q=repo:acme/app");
    checked.ask(Method::GET, "/search/issues", Value::Null, 422);
}

fn refusals(checked: &mut Checked) {
    let issues = "/repos/acme/app/issues";
    checked.ask(Method::GET, "/repos/acme/none/issues", Value::Null, 404);
    checked.ask(Method::POST, issues, json!({"title": ""}), 422);
    checked.ask(Method::POST, issues, json!({}), 422);
    checked.ask(Method::POST, issues, json!([]), 400);
    checked.ask(Method::GET, &format!("{issues}/999"), Value::Null, 404);
    checked.ask(
        Method::PATCH,
        &format!("{issues}/1"),
        json!({"state": "odd"}),
        422,
    );
    checked.ask(
        Method::POST,
        &format!("{issues}/1/comments"),
        json!({"body": ""}),
        422,
    );
    checked.bench.command(Command::Move {
        key: "acme/app#1".into(),
        by: "ana".into(),
        to: "acme/archive".into(),
    });
    checked.ask(Method::GET, &format!("{issues}/1"), Value::Null, 301);
    checked.ask(Method::PATCH, &format!("{issues}/1"), json!({}), 301);
    checked.bench.command(Command::Delete {
        key: "acme/app#2".into(),
        by: "ana".into(),
    });
    checked.ask(Method::GET, &format!("{issues}/2"), Value::Null, 410);
    checked.ask(Method::PATCH, &format!("{issues}/2"), json!({}), 410);
    checked.ask(
        Method::GET,
        &format!("{issues}/2/comments"),
        Value::Null,
        410,
    );
    checked.get("/repos/acme/archive/issues/1/timeline");
}

//! What people do with the status page, from the command line, against a watch at work.

use crate::hooked::Receiver;
use crate::support::{Installation, text_of, until};
use crate::watching::{alert, start, watches};
use crate::webhooks::{Answer, ask};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use std::net::SocketAddr;

/// A watch alone, which hears of failures from other monitoring; nothing is published by itself while a test lasts.
pub(crate) fn watched(further: &str) -> Installation {
    let made = Installation::new("");
    let tables = "public_url = \"https://status.acme.example/\"\n\
         [status]\nname = \"Acme Sync\"\nauto_open = { after_s = 86400, elements = [\"alert\"] }\n\
         components = [{ name = \"Shop\", elements = [\"alert\"] }, { name = \"Jira Cloud\", elements = [\"tracker\"], auto = false }]\n";
    watches(&made, &format!("{tables}{further}"));
    made
}

/// Waits for the incident of an alert; its number.
fn incident(made: &Installation, name: &str) -> String {
    until("the incident", || {
        let found = made.json(&["incident", "list"]);
        let mut all = found["incidents"].as_array()?.iter();
        let one = all.find(|it| it["element"] == format!("alert:{name}/f1"))?;
        Some(one["incident"].to_string())
    })
}

/// A document of the public API.
fn api(made: &Installation, name: &str) -> Json {
    let at = made.listener("watch", "page").unwrap();
    let answer = ask(at, &format!("GET /api/v2/{name}.json HTTP/1.1"), "").unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

/// A command that is refused with this exit code; what it says.
fn refused(made: &Installation, arguments: &[&str], code: i32) -> String {
    let done = made.run(arguments);
    assert_eq!(done.status.code(), Some(code), "{arguments:?}: {done:?}");
    String::from_utf8(done.stderr).unwrap()
}

/// Tells of an incident what is known by now; what cannot be told is refused.
fn updated(made: &Installation, id: &str) {
    let update = ["incident", "update", id, "--text", "A disk is full."];
    let changes = ["--stage", "identified", "--impact", "minor", "--component"];
    let known = [&update[..], &changes, &["Shop=degraded_performance"]].concat();
    made.json(&known);
    let summary = api(made, "summary");
    let told = &summary["incidents"][0];
    assert_eq!(told["impact"], "minor", "{told}");
    let last = &told["incident_updates"][0];
    assert_eq!(
        (&last["body"], &last["status"]),
        (&json!("A disk is full."), &json!("identified"))
    );
    assert_eq!(
        last["affected_components"][0]["new_status"],
        "degraded_performance"
    );
    assert_eq!(summary["components"][0]["status"], "degraded_performance");
    let unknown = [&update[..], &changes, &["Shp=operational"]].concat();
    assert!(refused(made, &unknown, 1).contains("'Shp'"));
    let never = [&update[..], &["--stage", "resolved"]].concat();
    refused(made, &never, 2);
}

#[test]
fn people_veto_publish_update_resolve_and_tell_what_it_was() {
    let made = watched("");
    let _watch = start(&made);
    alert(&made, "ShopDown", "critical", "firing");
    let id = incident(&made, "ShopDown");
    let shown = made.json(&["incident", "show", &id]);
    assert_eq!(shown["page"]["publication"], "waiting", "{shown}");

    let said = refused(&made, &["incident", "veto", &id, "--reason", " "], 1);
    assert!(said.contains("needs a reason"), "{said}");
    let veto = [
        "incident",
        "veto",
        &id,
        "--reason",
        "a rehearsal",
        "--as",
        "ada",
    ];
    let vetoed = made.json(&veto);
    assert_eq!(vetoed["page"]["veto_reason"], "a rehearsal", "{vetoed}");
    let page = made.json(&["status", "page"]);
    assert_eq!(page["incidents"][0]["vetoed_by"], "ada", "{page}");
    assert_eq!(api(&made, "summary")["incidents"], json!([]));

    let published = made.json(&["incident", "publish", &id, "--text", "It is no rehearsal."]);
    assert_eq!(
        published["page"]["name"], "Shop: major outage",
        "{published}"
    );
    updated(&made, &id);

    alert(&made, "ShopDown", "critical", "resolved");
    until("its end", || {
        let shown = made.json(&["incident", "show", &id]);
        (shown["standing"] == "recovered").then_some(())
    });
    made.write("postmortem.md", "A disk was full.\n\nWe look at disks now.");
    let postmortem = ["incident", "postmortem", &id, "--file", "postmortem.md"];
    refused(&made, &postmortem, 1);
    let resolved = made.json(&["incident", "resolve", &id]);
    let draft = resolved["postmortem_draft"].as_str().unwrap();
    assert!(draft.contains("# Shop: major outage"), "{draft}");
    made.write("draft.md", draft);
    let as_it_is = ["incident", "postmortem", &id, "--file", "draft.md"];
    assert!(refused(&made, &as_it_is, 1).contains("A draft: what is known."));
    made.json(&postmortem);
    let at = made.listener("watch", "page").unwrap();
    let page = ask(at, &format!("GET /incidents/{id} HTTP/1.1"), "").unwrap();
    assert!(page.body.contains("We look at disks now."), "{}", page.body);
    assert_eq!(
        api(&made, "incidents")["incidents"][0]["status"],
        "postmortem"
    );

    exported(&made, &id);
}

/// A copy of the page as files, which is replaced as a whole.
fn exported(made: &Installation, id: &str) {
    let written = made.json(&[
        "status",
        "export",
        "copy",
        "--url",
        "https://copy.acme.example/",
    ]);
    assert_eq!(written["left_out"], json!([]), "{written}");
    let index = text_of(&made.path("copy/index.html"));
    assert!(index.contains("Acme Sync"), "{index}");
    let link = format!("incidents/{id}.html");
    assert!(index.contains(&link), "{index}");
    assert!(text_of(&made.path(&format!("copy/{link}"))).contains("We look at disks now."));
    let summary: Json =
        serde_json::from_str(&text_of(&made.path("copy/api/v2/summary.json"))).unwrap();
    assert_eq!(summary["page"]["url"], "https://copy.acme.example");
    let live = api(made, "summary");
    assert_eq!(summary["components"], live["components"]);
    // Another one takes its place; what is no copy is left alone.
    std::fs::write(made.path("copy/old.html"), "old").unwrap();
    made.json(&["status", "export", "copy"]);
    assert!(!made.path("copy/old.html").exists());
    std::fs::create_dir(made.path("mine")).unwrap();
    made.write("mine/letter.txt", "dear");
    let said = refused(made, &["status", "export", "mine"], 1);
    assert!(said.contains("no export of a status page"), "{said}");
    assert_eq!(text_of(&made.path("mine/letter.txt")), "dear");
}

#[test]
fn work_is_announced_begun_proven_and_over_and_a_component_is_set_by_hand() {
    let made = watched("");
    let _watch = start(&made);
    let plan = [
        "status",
        "maintenance",
        "plan",
        "New disks",
        "--component",
        "Shop",
    ];
    let times = [
        "--from",
        "2031-01-05T20:00:00Z",
        "--until",
        "2031-01-05T21:00:00Z",
    ];
    let planned = made.json(&[&plan[..], &times].concat());
    assert_eq!(planned["maintenance"], 1, "{planned}");
    let upcoming = api(&made, "scheduled-maintenances/upcoming");
    let told = &upcoming["scheduled_maintenances"][0];
    assert_eq!(
        (&told["name"], &told["status"]),
        (&json!("New disks"), &json!("scheduled"))
    );
    let back = [
        "--from",
        "2031-01-05T20:00:00Z",
        "--until",
        "2031-01-05T19:00:00Z",
    ];
    let said = refused(&made, &[&plan[..], &back].concat(), 1);
    assert!(said.contains("must end after it begins"), "{said}");

    let works = |what: &str| made.json(&["status", "maintenance", what, "1"]);
    works("start");
    assert_eq!(
        api(&made, "components")["components"][0]["status"],
        "under_maintenance"
    );
    let active = api(&made, "scheduled-maintenances/active");
    assert_eq!(active["scheduled_maintenances"][0]["status"], "in_progress");
    works("verify");
    let over = works("complete");
    assert_eq!(over["now"]["stage"], "completed", "{over}");
    assert_eq!(
        api(&made, "components")["components"][0]["status"],
        "operational"
    );
    refused(&made, &["status", "maintenance", "start", "1"], 1);

    let set = made.json(&["status", "set", "Jira Cloud", "partial_outage"]);
    assert_eq!(set["state"], "partial_outage");
    assert_eq!(
        api(&made, "components")["components"][1]["status"],
        "partial_outage"
    );
    let left = made.json(&["status", "set", "Jira Cloud", "auto"]);
    assert_eq!(left["state"], "operational");
    refused(&made, &["status", "set", "Jira", "auto"], 1);
    refused(&made, &["status", "set", "Jira Cloud", "odd"], 2);
}

#[test]
fn what_was_judged_and_is_no_incident_is_told_with_the_reason() {
    let made = watched("");
    let _watch = start(&made);
    alert(&made, "Curious", "info", "firing");
    let decision = until("the decision", || {
        let found = made.json(&["incident", "decisions"]);
        let mut all = found["decisions"].as_array()?.iter();
        all.find(|it| it["text"].to_string().contains("alert:Curious/f1"))
            .cloned()
    });
    let text = decision["text"].as_str().unwrap();
    assert!(
        text.contains("nothing of it is worth a person's time"),
        "{text}"
    );
}

/// Asks for a webhook's subscription, as the page's form does.
fn subscribe(made: &Installation, hook: &str) -> Answer {
    let at = made.listener("watch", "page").unwrap();
    let head = "POST /subscribe HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded";
    let form: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("address", hook)
        .finish();
    ask(at, head, &form).unwrap()
}

#[test]
fn a_webhook_and_a_tenants_administrator_are_told_and_the_webhook_leaves_by_its_link() {
    let receiver = Receiver::start();
    let at = receiver.at;
    let made = watched(&format!(
        "webhooks = {{ enabled = true, allow_private = [\"127.0.0.0/8\"], plain = true }}\n\
         [workspaces.acme]\nadmins = [\"http://{at}/admin\"]\n[workspaces.bolt]\n"
    ));
    let _watch = start(&made);
    let asked = subscribe(&made, &format!("http://{at}/hook"));
    assert_eq!(asked.status, 303, "{asked:?}");
    let challenge = until("the challenge", || receiver.heard("/hook").pop());
    let secret = challenge.json()["secret"].as_str().unwrap().to_owned();
    let kept = made.path("twinline-data/watch/subscribers.json");
    until("the subscription", || {
        text_of(&kept).contains("/hook").then_some(())
    });

    alert(&made, "ShopDown", "critical", "firing");
    let id = incident(&made, "ShopDown");
    made.json(&["incident", "publish", &id, "--text", "We look into it."]);
    let told = until("the news", || receiver.heard("/hook").get(1).cloned());
    let news = told.json();
    assert_eq!(news["updates"][0]["body"], "We look into it.", "{news}");
    assert_eq!(told.header("webhook-signature"), signature(&secret, &told));
    // Who administers a workspace is told without having asked.
    let admin = until("the administrator's news", || {
        receiver.heard("/admin").pop()
    });
    assert_eq!(admin.json()["updates"][0]["body"], "We look into it.");
    let reports = until("the tenant to be reached", || {
        let reports = made.json(&["incident", "reports"]);
        (reports["tenants_reached"] == 1).then_some(reports)
    });
    assert_eq!(reports["tenants"], 2, "{reports}");

    let leave = news["unsubscribe"].as_str().unwrap();
    let path = leave.strip_prefix("https://status.acme.example").unwrap();
    let page = made.listener("watch", "page").unwrap();
    let left = ask(page, &format!("POST {path} HTTP/1.1"), "").unwrap();
    assert_eq!(left.status, 200, "{left:?}");
    until("the end of the subscription", || {
        (!text_of(&kept).contains("/hook")).then_some(())
    });
    made.json(&["incident", "update", &id, "--text", "Still at it."]);
    until("the administrator's next news", || {
        receiver.heard("/admin").get(1).cloned()
    });
    assert_eq!(receiver.heard("/hook").len(), 2);
}

/// As Standard Webhooks has it.
fn signature(secret: &str, told: &crate::hooked::Heard) -> String {
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, at) = (told.header("webhook-id"), told.header("webhook-timestamp"));
    mac.update(format!("{id}.{at}.{}", told.body).as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// A tenant's request to the public page.
fn tenant(page: SocketAddr, request: &str, token: &str, body: &str) -> (u16, Json) {
    let head = format!(
        "{request} HTTP/1.1\r\ncontent-type: application/json\r\nauthorization: Bearer {token}"
    );
    let answer = ask(page, &head, body).unwrap();
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

#[test]
fn two_tenants_open_one_incident_a_visitor_joins_it_and_each_is_answered() {
    let made = watched(
        "[workspaces.acme]\nreport_token = { file = \"acme.report\" }\n\
         [workspaces.bolt]\nreport_token = { file = \"bolt.report\" }\n",
    );
    made.write("acme.report", "the token of acme");
    made.write("bolt.report", "the token of bolt");
    let text = text_of(&made.path("twinline.toml"));
    let shop = "{ name = \"Shop\", elements = [\"alert\"] }";
    let webhooks = format!("{shop}, {{ name = \"Webhooks\", elements = [\"edge\"] }}");
    made.write("twinline.toml", &text.replace(shop, &webhooks));
    let _watch = start(&made);
    let page = made.listener("watch", "page").unwrap();
    let body = json!({ "component": "Webhooks", "text": "Nothing arrives." }).to_string();
    let (status, _) = tenant(page, "POST /report", "the token of nobody", &body);
    assert_eq!(status, 401);
    let (status, first) = tenant(page, "POST /report", "the token of acme", &body);
    assert_eq!(status, 202, "{first}");
    let (_, second) = tenant(page, "POST /report", "the token of bolt", &body);
    // A visitor's, without a token.
    let head = "POST /report HTTP/1.1\r\ncontent-type: application/json";
    assert_eq!(ask(page, head, &body).unwrap().status, 202);
    let answer = |token: &str, report: &Json| {
        let path = format!("GET /report/{}", report["report"].as_str().unwrap());
        tenant(page, &path, token, "")
    };
    let known = until("an answer", || {
        let (_, told) = answer("the token of acme", &first);
        (told["answer"] == "known").then_some(told)
    });
    let (_, other) = answer("the token of bolt", &second);
    assert_eq!(other["incident"], known["incident"], "{other}");
    assert_eq!(answer("the token of bolt", &first).0, 404);
    let id = known["incident"].to_string();
    let reports = made.json(&["incident", "reports"]);
    let all = reports["reports"].as_array().unwrap();
    assert_eq!(all.len(), 3, "{reports}");
    assert!(
        all.iter().all(|it| it["incident"] == known["incident"]),
        "{reports}"
    );
    // Where the public reads of it, it is told where.
    let publish = [
        "incident",
        "publish",
        &id,
        "--name",
        "Late webhooks",
        "--text",
        "We look.",
    ];
    made.json(&publish);
    let (_, told) = answer("the token of acme", &first);
    assert_eq!(
        told["url"],
        format!("https://status.acme.example/incidents/{id}")
    );
}

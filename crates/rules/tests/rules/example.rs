//! The example of the syntax: it passes `check`, and both sides' rules do what they say.

use crate::support::{comment, compiled, descriptions, example, in_process, item, link, reference};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::capability::{Capabilities, Channel, FieldSet};
use twinline_core::item::{Choice, Item, User, Value};
use twinline_core::names::{Side, Sides};
use twinline_core::richtext::{Dialect, Document};
use twinline_core::rules::{Assigner, Draft, Incoming, Rules};
use twinline_core::view::View;
use twinline_rules::check::{Surroundings, check};
use twinline_rules::compiled::CompiledRules;
use twinline_rules::script::Limits;

#[test]
fn the_example_passes_check() {
    let (rules, sources) = example();
    let descriptions = descriptions();
    let nodes = ["acme-jira", "acme-snow"]
        .map(|node| (node.into(), "any".to_owned()))
        .into();
    let capabilities = Sides {
        left: Some(jira_cloud()),
        right: None,
    };
    let around = Surroundings {
        descriptions: &descriptions,
        capabilities: &capabilities,
        nodes: Some(&nodes),
    };
    let findings = check(&rules, &sources, around, in_process().as_ref());
    let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{shown:#?}");
}

/// What Jira's connector says that it can do, as far as `check` asks.
fn jira_cloud() -> Capabilities {
    let channel = |name: &str, internal: bool| Channel {
        name: name.to_owned(),
        internal,
        written: name != "restricted",
    };
    Capabilities {
        tracker: "jira-cloud".to_owned(),
        scope_keys: vec!["project".to_owned(), "type".to_owned()],
        channels: ["public", "internal", "restricted"]
            .map(|name| channel(name, name != "public"))
            .into(),
        comment_edit: true,
        comment_delete: true,
        item_delete: true,
        attachments: twinline_core::capability::AttachmentCapabilities {
            upload: true,
            ..Default::default()
        },
        compare_and_swap: false,
        create_marker: true,
        comment_marker: true,
        webhooks: true,
        field_history: FieldSet::All,
        feed_covers: BTreeSet::new(),
        settle: Duration::from_secs(60),
        index_lag: Duration::ZERO,
        dialect: Dialect::Adf,
        description_max_chars: 32_767,
        comment_max_chars: 32_767,
        summary_max_chars: 255,
        workflow: true,
    }
}

fn choice(id: &str, name: &str) -> Value {
    Value::Choice(Choice {
        id: id.to_owned(),
        name: name.to_owned(),
    })
}

fn jira() -> Item {
    let mut jira = item(
        reference("acme-jira", "10007", "SUP-7"),
        &[
            ("summary", Value::text("Checkout is slow")),
            (
                "description",
                Value::Rich(Document::from_plain("Since noon.")),
            ),
            ("status", choice("10002", "In Review")),
            ("priority", choice("2", "High")),
            ("labels", Value::set(["outage", "to-snow", "eu"])),
            (
                "assignee",
                Value::User(User {
                    id: "5b10a2844c20165700ede21g".to_owned(),
                    name: Some("Ada Lovelace".to_owned()),
                    email: Some("ada@acme.example".to_owned()),
                    login: None,
                }),
            ),
            (
                "components",
                Value::Choices(BTreeSet::from([Choice {
                    id: "10101".to_owned(),
                    name: "Checkout".to_owned(),
                }])),
            ),
            ("customfield_10031", choice("10201", "S2")),
            ("customfield_10032", Value::Empty),
            ("customfield_10033", Value::Bool(true)),
        ],
    );
    jira.comments = Some(vec![
        comment("1", "public", "hello"),
        comment("2", "internal", "secret"),
        comment("3", "unlisted", "never"),
    ]);
    jira
}

fn both_runners(case: impl Fn(&CompiledRules)) {
    case(&compiled(in_process()));
    case(&compiled(Arc::new(crate::support::pool(Limits::default()))));
}

#[test]
fn jiras_outgoing_rule_shows_the_replica() {
    both_runners(|rules| {
        assert_eq!(rules.admits(Side::Left, &jira()), Ok(true));
        let shown = rules.outgoing(Side::Left, &jira(), None).unwrap();
        let fields = &shown.view.fields;
        let get = |name: &str| fields.get(name).cloned();
        assert_eq!(get("summary"), Some(Value::text("Checkout is slow")));
        assert_eq!(get("description"), None, "confidential: absent, not empty");
        assert_eq!(get("status"), Some(Value::text("active")));
        assert_eq!(get("priority"), Some(Value::text("high")));
        assert_eq!(get("labels"), Some(Value::set(["outage", "eu"])));
        assert_eq!(get("area"), Some(Value::text("Checkout")));
        assert_eq!(get("severity"), Some(choice("10201", "S2")));
        assert_eq!(get("outage"), Some(Value::Bool(true)));
        assert_eq!(get("twin_key"), Some(Value::Empty));
        let ids: Vec<&str> = shown.view.comments.iter().map(|c| c.id.as_str()).collect();
        assert_eq!(ids, ["1"], "the script keeps public comments only");
        assert!(shown.held.is_empty() && shown.waived.is_empty());
    });
}

#[test]
fn an_item_without_priority_is_not_admitted() {
    both_runners(|rules| {
        let mut item = jira();
        item.fields.insert("priority".into(), Value::Empty);
        assert_eq!(rules.admits(Side::Left, &item), Ok(false));
        assert_eq!(
            rules.admits(Side::Right, &item),
            Ok(true),
            "the right has no when"
        );
    });
}

fn create_in_servicenow(rules: &CompiledRules, replica: &View) -> Draft {
    let target = item(reference("acme-snow", "", ""), &[]);
    let link = link(Side::Right, None, jira().reference);
    let input = Incoming {
        target: &target,
        replica,
        previous: None,
        first_sync: true,
        link: &link,
    };
    rules.incoming(Side::Right, &input).unwrap()
}

#[test]
fn servicenows_incoming_rule_fills_a_new_incident() {
    both_runners(|rules| {
        let replica = rules.outgoing(Side::Left, &jira(), None).unwrap().view;
        let draft = create_in_servicenow(rules, &replica);
        let get = |name: &str| {
            draft
                .fields
                .get(name)
                .map(|assigned| assigned.value.clone())
        };
        assert_eq!(
            get("short_description"),
            Some(Value::text("Checkout is slow"))
        );
        assert_eq!(get("impact"), Some(choice("1", "1 - High")));
        assert_eq!(get("urgency"), Some(choice("2", "2 - Medium")));
        assert_eq!(get("state"), Some(choice("2", "In Progress")));
        assert_eq!(get("u_severity"), Some(choice("s2", "S2")));
        assert_eq!(get("cmdb_ci"), Some(Value::text("Checkout")));
        assert_eq!(get("u_tags"), Some(Value::set(["outage", "eu"])));
        assert_eq!(get("category"), Some(choice("outage", "Outage")));
        assert_eq!(get("description"), None);
        let Some(Value::User(ada)) = get("assigned_to") else {
            panic!("no assignee: {draft:?}");
        };
        assert_eq!(ada.id, "46d44a5dc0a8010e0000");
        let by = &draft.fields["category"].by;
        let script = Assigner::Script {
            file: "acme-support.right.js".to_owned(),
            line: Some(4),
        };
        assert_eq!(*by, script);
    });
}

fn into_jira(rules: &CompiledRules, target: &Item, status: &str, previous: Option<&View>) -> Draft {
    let mut replica = View::default();
    replica.fields.insert("status".into(), Value::text(status));
    replica
        .fields
        .insert("twin_key".into(), Value::text("INC0010001"));
    let local = Some(target.reference.clone());
    let link = link(
        Side::Left,
        local,
        reference("acme-snow", "abc", "INC0010001"),
    );
    let input = Incoming {
        target,
        replica: &replica,
        previous,
        first_sync: previous.is_none(),
        link: &link,
    };
    rules.incoming(Side::Left, &input).unwrap()
}

#[test]
fn jiras_incoming_rule_resolves_comments_and_holds() {
    both_runners(|rules| {
        let first = into_jira(rules, &jira(), "active", None);
        let get = |name: &str| {
            first
                .fields
                .get(name)
                .map(|assigned| assigned.value.clone())
        };
        assert_eq!(
            get("status"),
            Some(choice("10002", "In Review")),
            "any entry of the row is left alone"
        );
        assert_eq!(
            get("labels"),
            Some(Value::set(["outage", "to-snow", "eu", "from-snow"]))
        );
        assert_eq!(get("customfield_10032"), Some(Value::text("INC0010001")));
        assert!(first.comments.is_empty());

        let active = View {
            fields: [("status".into(), Value::text("active"))].into(),
            comments: Vec::new(),
            attachments: Vec::new(),
        };
        let resolved = into_jira(rules, &jira(), "resolved", Some(&active));
        assert_eq!(resolved.fields["status"].value, choice("10004", "Done"));
        assert_eq!(
            resolved.fields["resolution"].value,
            choice("10000", "Done"),
            "left_set"
        );
        assert!(!resolved.fields.contains_key("labels"));
        assert_eq!(resolved.comments.len(), 1);
        assert_eq!(resolved.comments[0].key, "resolved");
        assert_eq!(resolved.comments[0].channel, "internal");
        assert_eq!(resolved.comments[0].body.plain(), "Resolved in INC0010001");

        let mut done = jira();
        done.fields.insert("status".into(), choice("10004", "Done"));
        let reopened = into_jira(rules, &done, "active", Some(&active));
        let why = reopened.held.get("status").map(String::as_str);
        assert_eq!(why, Some("reopening a finished bug needs a person"));
        // The draft keeps the value for a release; the plan leaves a held field out.
        assert!(reopened.fields.contains_key("status"));
    });
}

#[test]
fn the_contract_says_what_crosses() {
    let rules = compiled(in_process());
    let contract = rules.contract();
    assert_eq!(contract.fields.len(), 10);
    assert_eq!(contract.max_writes_per_10min, 500);
    let closed = contract.closed_status.left.as_ref();
    let closed = closed.map(|status| (status.id.as_str(), status.name.as_str()));
    assert_eq!(closed, Some(("10004", "Done")));
    let severity = &contract.fields["severity"];
    assert!(
        severity.native.left.contains("customfield_10031"),
        "the id is pinned"
    );
    let priority = &contract.fields["priority"];
    assert_eq!(priority.native.right.len(), 2);
    assert_eq!(contract.fields["summary"].max_chars.right, Some(160));
    assert_eq!(
        contract
            .comments
            .as_ref()
            .map(|comments| comments.channels.len()),
        Some(2)
    );
}

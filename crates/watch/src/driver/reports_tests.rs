use super::*;
use crate::driver::setup::{Tenant, TenantNode};
use crate::driver::tests::world::setup;
use std::collections::BTreeSet;
use twinline_core::watch::incident::Reason;
use twinline_core::watch::page::Component;

fn fresh<'a>(
    tenant: Option<&'a str>,
    component: Option<&'a str>,
    node: Option<&'a str>,
) -> Fresh<'a> {
    Fresh {
        id: ReportId("1".to_owned()),
        tenant,
        component,
        node,
        text: "It does not work.",
    }
}

/// Two nodes of acme; edge and host of one machine; a component of the edge.
fn known() -> Setup {
    let mut known = setup(Vec::new(), &[]);
    let nodes = [("acme-jira", "jira-cloud"), ("acme-gh", "github")];
    let nodes = nodes.map(|(node, tracker)| TenantNode {
        node: node.to_owned(),
        tracker: tracker.to_owned(),
    });
    let tenant = Tenant {
        token: Some(Tenant::digest("t0ken")),
        nodes: nodes.into(),
    };
    known.tenants.insert("acme".to_owned(), tenant);
    known.page.components.push(Component {
        name: "Webhooks".to_owned(),
        group: None,
        elements: vec!["edge".parse().unwrap()],
        worst: None,
        auto: true,
    });
    known
}

fn check(fresh: &Fresh<'_>, expected: &str) {
    let found: BTreeSet<String> = about(fresh, &known())
        .iter()
        .map(ToString::to_string)
        .collect();
    let expected: BTreeSet<String> = expected.split_whitespace().map(str::to_owned).collect();
    assert_eq!(found, expected, "{fresh:?}");
}

#[test]
fn a_report_is_about_what_it_names_and_what_that_stands_on() {
    check(&fresh(None, None, None), "");
    check(&fresh(None, Some("Webhooks"), None), "edge:m1");
    // A visitor has no nodes.
    check(&fresh(None, None, Some("acme-jira")), "");
    check(
        &fresh(Some("acme"), None, Some("acme-jira")),
        "node:acme-jira tracker:jira-cloud host:m1 edge:m1",
    );
    check(
        &fresh(Some("acme"), None, None),
        "node:acme-jira node:acme-gh tracker:jira-cloud tracker:github host:m1 edge:m1",
    );
    check(&fresh(Some("acme"), Some("Webhooks"), None), "edge:m1");
}

#[test]
fn of_several_hosts_none_is_blamed() {
    let mut known = known();
    let mut other = known.watched[1].clone();
    other.subject = "host:m2".parse().unwrap();
    known.watched.push(other);
    let found = about(&fresh(Some("acme"), None, Some("acme-gh")), &known);
    assert!(found.iter().all(|it| it.kind != Kind::Host), "{found:?}");
}

#[test]
fn a_token_is_its_workspaces_and_no_token_is_nobodys() {
    let mut known = known();
    known.tenants.insert("bare".to_owned(), Tenant::default());
    assert_eq!(known.tenant("t0ken"), Some("acme"));
    assert_eq!(known.tenant("other"), None);
    assert_eq!(known.tenant(""), None);
}

#[test]
fn visitors_push_out_no_tenants_report_and_each_is_answered() {
    let mut reports = Reports::default();
    let at = Timestamp::from_millis(0);
    reports.file(&fresh(Some("acme"), None, None), at);
    for number in 0..OF_VISITORS_MAX + 10 {
        let mut fresh = fresh(None, None, None);
        fresh.id = ReportId(format!("v{number}"));
        reports.file(&fresh, at);
    }
    assert_eq!(reports.newest().len(), OF_VISITORS_MAX + 1);
    let id = ReportId("1".to_owned());
    let heard = reports.hear(&Effect::NotDeclared {
        what: Undeclared::Report { report: id.clone() },
        reason: Reason::OneTenant,
    });
    assert!(heard);
    let undeclared = |reports: &Reports| reports.get(&id).unwrap().undeclared.clone();
    assert!(undeclared(&reports).unwrap().contains("no second tenant"));
    let incident = IncidentId(7);
    reports.hear(&Effect::Answer {
        report: id.clone(),
        answer: Answer::Known { incident },
    });
    assert_eq!(undeclared(&reports), None);
    assert_eq!(reports.get(&id).unwrap().incident(), Some(incident));
    assert!(!reports.hear(&Effect::Closed { incident }));
}

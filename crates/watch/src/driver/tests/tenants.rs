//! Reports of tenants: two of them open one incident, a visitor only joins, each is answered.

use super::world::{World, setup};
use crate::driver::{Setup, Tenant};
use crate::site::{Answered, Desk as _, Refused, Report, TenantReport};
use twinline_core::watch::incident::{Answer, IncidentId, ReportId};
use twinline_core::watch::page::Component;

fn shared() -> Setup {
    let mut setup = setup(Vec::new(), &[]);
    for name in ["acme", "bolt"] {
        let tenant = Tenant {
            token: Some(Tenant::digest(name)),
            nodes: Vec::new(),
        };
        setup.tenants.insert(name.to_owned(), tenant);
    }
    setup.page.components.push(Component {
        name: "Webhooks".to_owned(),
        group: None,
        elements: vec!["edge".parse().unwrap()],
        worst: None,
        auto: true,
    });
    setup
}

fn report() -> Report {
    Report {
        component: Some("Webhooks".to_owned()),
        text: "Nothing arrives".to_owned(),
    }
}

async fn reports(world: &World, token: &str) -> Result<Answered, Refused> {
    let report = TenantReport {
        report: report(),
        node: None,
    };
    world.handle.tenant_report(token, report).await
}

async fn answer(world: &World, token: &str, id: &ReportId) -> Result<Answer, Refused> {
    let answered = world.handle.answer(token, id.clone()).await;
    answered.map(|it| it.answer)
}

#[tokio::test]
async fn two_tenants_open_one_incident_a_visitor_joins_and_each_is_answered() {
    let world = World::start(shared()).await;
    world.handle.report(report()).await.unwrap();
    let first = reports(&world, "acme").await.unwrap();
    assert_eq!(first.answer, Answer::Received);
    // The same tenant again is no second one.
    reports(&world, "acme").await.unwrap();
    world.passes(3).await;
    assert!(world.overview().await.incidents.is_empty());
    let second = reports(&world, "bolt").await.unwrap();
    world.passes(3).await;
    let incidents = world.overview().await.incidents;
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0].element.to_string(), "edge:m1");
    let incident = IncidentId(1);
    let known = Answer::Known { incident };
    assert_eq!(
        answer(&world, "acme", &first.report).await,
        Ok(known.clone())
    );
    assert_eq!(answer(&world, "bolt", &second.report).await, Ok(known));
    // Nobody else's business; and no address where the public reads nothing.
    let others = answer(&world, "bolt", &first.report).await;
    assert_eq!(others, Err(Refused::UnknownReport));
    assert_eq!(second.published, None);

    world.handle.report(report()).await.unwrap();
    let filed = world.handle.reports().await.unwrap();
    assert_eq!(filed.len(), 5);
    assert!(
        filed.iter().all(|it| it.incident() == Some(incident)),
        "{filed:?}"
    );
    let detail = world.handle.detail(incident).await.unwrap();
    assert_eq!(detail.course.reports, 5);
    assert!(
        detail
            .journal
            .iter()
            .all(|it| !it.text.contains("Nothing arrives")),
        "a report's text stands with the reports"
    );
    drop(world.end().await);
}

#[tokio::test]
async fn reports_outlast_a_restart_and_an_unknown_token_is_refused() {
    let world = World::start(shared()).await;
    assert_eq!(reports(&world, "other").await, Err(Refused::UnknownToken));
    assert_eq!(reports(&world, "").await, Err(Refused::UnknownToken));
    let report = TenantReport {
        report: report(),
        node: Some("none".to_owned()),
    };
    let unknown = world.handle.tenant_report("acme", report).await;
    assert_eq!(unknown, Err(Refused::UnknownNode));
    let first = reports(&world, "acme").await.unwrap();
    let world = world.restart(shared(), 5).await;
    let kept = answer(&world, "acme", &first.report).await;
    assert_eq!(kept, Ok(Answer::Received));
    drop(world.end().await);
}

//! The site as its visitors see it.

mod accessible;
mod acknowledging;
mod answers;
mod api;
mod export;
mod feeds;
mod hostile;
mod pages;
mod readers;
mod reports;
mod stale;
mod subscriptions;
mod tenants;
mod world;

use super::*;
use crate::channel::acknowledge::About;
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tower::ServiceExt as _;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_core::watch::incident::{Answer, IncidentId, ReportId};
use twinline_core::watch::subscription::Address;
use world::World;

impl World {
    fn shown(&self) -> Shown {
        Shown {
            name: "Acme Sync".to_owned(),
            time_zone: "Europe/Brussels".parse().unwrap(),
            public_url: Some("https://status.acme.example".parse().unwrap()),
            status: self.status.clone(),
            page: self.page.clone(),
            at: self.now,
        }
    }
}

/// A clock that stands.
struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A driver that writes down what it was asked.
#[derive(Default)]
struct Recorder {
    asked: Mutex<Vec<String>>,
    refuses: Mutex<Option<Refused>>,
    hangs: bool,
    offers_no_mail: bool,
}

impl Recorder {
    async fn note(&self, what: String) -> Result<(), Refused> {
        self.asked.lock().unwrap().push(what);
        if self.hangs {
            std::future::pending::<()>().await;
        }
        match self.refuses.lock().unwrap().clone() {
            Some(refused) => Err(refused),
            None => Ok(()),
        }
    }
}

fn errand(standing: Standing) -> Errand {
    Errand {
        about: About::Incident("12".to_owned()),
        person: "ada".to_owned(),
        headline: "commits fail (database:central)".to_owned(),
        standing,
    }
}

#[async_trait]
impl Desk for Recorder {
    async fn errand(&self, token: &str) -> Result<Errand, Refused> {
        self.note(format!("errand {token}")).await?;
        Ok(errand(Standing::Open))
    }

    async fn acknowledge(&self, token: &str) -> Result<Errand, Refused> {
        self.note(format!("acknowledge {token}")).await?;
        Ok(errand(Standing::Acknowledged {
            by: "ada".to_owned(),
            at: Timestamp::parse("2026-11-28T17:31:00Z").unwrap(),
        }))
    }

    async fn report(&self, report: Report) -> Result<ReportId, Refused> {
        let component = report.component.unwrap_or_default();
        self.note(format!("report {component}: {}", report.text))
            .await?;
        Ok(ReportId("r-1".to_owned()))
    }

    async fn tenant_report(&self, token: &str, report: TenantReport) -> Result<Answered, Refused> {
        let TenantReport { report, node } = report;
        let component = report.component.unwrap_or_default();
        let node = node.unwrap_or_default();
        let text = report.text;
        self.note(format!("tenant {token} {component} {node}: {text}"))
            .await?;
        Ok(answered("r-1", Answer::Received, None))
    }

    async fn answer(&self, token: &str, report: ReportId) -> Result<Answered, Refused> {
        self.note(format!("answer {token} {report}")).await?;
        let incident = IncidentId(7);
        Ok(answered("r-1", Answer::Known { incident }, Some(7)))
    }
}

fn answered(report: &str, answer: Answer, published: Option<u64>) -> Answered {
    Answered {
        report: ReportId(report.to_owned()),
        at: Timestamp::parse("2026-11-28T17:31:00Z").unwrap(),
        answer,
        published: published.map(IncidentId),
    }
}

#[async_trait]
impl Subscriptions for Recorder {
    fn offered(&self) -> Offered {
        Offered {
            mail: !self.offers_no_mail,
            hooks: !self.offers_no_mail,
            plain: false,
        }
    }

    async fn ask(&self, address: Address) -> Result<(), Refused> {
        self.note(format!("ask {address}")).await
    }

    async fn confirm(&self, token: &str) -> Result<(), Refused> {
        self.note(format!("confirm {token}")).await
    }

    async fn leave(&self, token: &str) -> Result<(), Refused> {
        self.note(format!("leave {token}")).await
    }
}

/// The site, its driver, and the way to publish to it.
struct Visit {
    router: Router,
    desk: Arc<Recorder>,
    shows: watch::Sender<Arc<Shown>>,
}

/// An answer, read whole.
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Visit {
    fn to(shown: Shown) -> Self {
        let at = shown.at;
        Self::with(shown, at, Recorder::default(), Settings::default())
    }

    fn with(shown: Shown, now: Timestamp, desk: Recorder, settings: Settings) -> Self {
        let (shows, shown) = watch::channel(Arc::new(shown));
        let desk = Arc::new(desk);
        let clock = Arc::new(Still(now));
        let asked = Arc::clone(&desk);
        let subscribed = Arc::clone(&desk);
        let router = router(shown, asked, Some(subscribed), clock, settings);
        Self {
            router,
            desk,
            shows,
        }
    }

    async fn send(&self, request: Request<Body>) -> Got {
        let answered = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answered.into_parts();
        let body = axum::body::to_bytes(body, 1 << 24).await.unwrap();
        Got {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Got {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Body::from(body.to_owned());
        self.send(request.body(body).unwrap()).await
    }

    async fn get(&self, path: &str) -> Got {
        self.ask("GET", path, &[], "").await
    }

    async fn json(&self, path: &str) -> Value {
        let got = self.get(path).await;
        assert_eq!(got.status, StatusCode::OK, "{path}");
        serde_json::from_str(&got.body).unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.desk.asked.lock().unwrap().clone()
    }
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    /// What a person reads: the text without its tags, and each run of white space as one space.
    fn text(&self) -> String {
        let main = self.body.split("<main").nth(1).unwrap_or(&self.body);
        let mut text = String::new();
        for part in main.split('<').skip(1) {
            let (tag, after) = part.split_once('>').unwrap_or_default();
            let name = tag.trim_start_matches('/').split(' ').next();
            if !matches!(name, Some("a" | "span" | "strong" | "time")) {
                text.push(' ');
            }
            text.push_str(after);
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn says(&self, texts: &[&str]) {
        let said = self.text();
        for text in texts {
            assert!(said.contains(text), "'{text}' is not in: {said}");
        }
    }
}

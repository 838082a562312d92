//! What the watches say: on their private side, and to the public.

use super::super::config::FLEET_KEY;
use super::super::watch::whole;
use super::tenants::Tenant;
use crate::fleet::{Identity, Role};
use crate::local_http::LocalHttp;
use anyhow::{Context, Result};
use http::Method;
use reqwest::Client;
use serde_json::Value as Json;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::time::timeout;
use twinline_store::central::PoolName;
use twinline_trackers::http::Secret;

/// An answer that takes longer is none.
const ANSWER_MAX: Duration = Duration::from_secs(6);
/// What is wrong in both incidents.
pub(super) const DATABASE: &str = "database:central";

/// One machine's watch.
pub(in crate::drill) struct Watch {
    pub(super) machine: String,
    /// All machines.
    fleet: Vec<String>,
    private: SocketAddr,
    page: SocketAddr,
    /// To its private side.
    own: LocalHttp,
    /// To its page.
    client: Client,
}

/// A client that speaks from an address of this machine.
fn client(from: Option<IpAddr>) -> Result<Client> {
    let client = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    let client = client.local_address(from).build();
    client.context("making a client")
}

impl Watch {
    pub(in crate::drill) fn new(
        machine: String,
        fleet: Vec<String>,
        [private, page]: [SocketAddr; 2],
    ) -> Result<Self> {
        let identity = Identity::of_key(Secret::new(FLEET_KEY), &machine)?;
        let identity = identity.knowing(Role::Watch, private);
        Ok(Self {
            own: LocalHttp::new(&identity, ANSWER_MAX)?,
            machine,
            fleet,
            private,
            page,
            client: client(None)?,
        })
    }

    /// From its private side.
    async fn get(&self, path: &str) -> Option<Json> {
        let asked = self
            .own
            .send(Method::GET, self.private, path, &[], Vec::new());
        let answer = timeout(ANSWER_MAX, asked).await.ok()?.ok()?;
        let is_well = answer.status().is_success();
        is_well.then(|| serde_json::from_slice(answer.body()).ok())?
    }

    /// As the public reads it.
    async fn read(&self, path: &str) -> Option<Json> {
        let asked = async {
            let request = self.client.get(format!("http://{}{path}", self.page));
            let answer = request.send().await.ok()?;
            let text = whole(answer.error_for_status().ok()?).await?;
            serde_json::from_str(&text).ok()
        };
        timeout(ANSWER_MAX, asked).await.ok()?
    }

    /// Whether every probe has found what it looks at well: before, what fails may be starting.
    pub(in crate::drill) async fn is_proven(&self) -> bool {
        let found = self.get("/v1/incidents").await;
        let probes = found.as_ref().and_then(|found| found["probes"].as_array());
        probes.is_some_and(|all| all.iter().all(|it| it["standing"] == "passing"))
    }

    /// Whether it is proving no change of the database.
    pub(super) async fn proves_nothing(&self) -> bool {
        let found = self.get("/v1/changes").await;
        let all = found.as_ref().and_then(|found| found["changes"].as_array());
        all.is_some_and(|all| all.iter().all(|it| it["standing"] == "finished"))
    }

    /// All incidents that it knows of.
    pub(super) async fn incidents(&self) -> Vec<Json> {
        let found = self.get("/v1/incidents").await;
        let found = found.and_then(|mut found| match found["incidents"].take() {
            Json::Array(all) => Some(all),
            _ => None,
        });
        found.unwrap_or_default()
    }

    /// The database's, if there is exactly one.
    pub(super) async fn database(&self) -> Option<Json> {
        let mut all = self.incidents().await;
        all.retain(|it| it["element"] == DATABASE);
        all.pop().filter(|_| all.is_empty())
    }

    /// One with all that happened in it.
    pub(super) async fn detail(&self, incident: u64) -> Option<Json> {
        let path = format!("/v1/incidents/{incident}");
        self.get(&path).await
    }

    /// Whether it has noticed that another member leads the database, on another timeline, was told so, and has proven all
    /// changes that it knows of, each as a whole.
    pub(super) async fn has_proven(&self, told: &str) -> bool {
        let Some(found) = self.get("/v1/changes").await else {
            return false;
        };
        let none = Vec::new();
        let all = found["changes"].as_array().unwrap_or(&none);
        let (mut seen, mut heard) = (false, false);
        for change in all {
            if change["standing"] != "finished" || change["proof"].is_null() {
                return false;
            }
            if !self.is_whole(&change["proof"]) {
                return false;
            }
            let differences = change["differences"].to_string();
            seen |= differences.contains("timeline") && differences.contains("leader");
            let path = format!("/v1/changes/{}", change["change"]);
            let detail = self.get(&path).await.unwrap_or_default();
            heard |= detail["story"].to_string().contains(told);
        }
        seen && heard
    }

    /// Whether a change was proven as a whole: a change that crosses on every host, and each host's every pool.
    fn is_whole(&self, proof: &Json) -> bool {
        let checks = proof["checks"].as_array();
        let has = |probe: &str, subject: String| {
            let mut all = checks.into_iter().flatten();
            all.any(|it| it["probe"] == probe && it["subject"] == subject)
        };
        self.fleet.iter().all(|machine| {
            let mut pools = PoolName::ALL.iter();
            has("canary_sync", format!("canary_sync:{machine}"))
                && pools
                    .all(|pool| has("pools", format!("pool:central/{}/{machine}", pool.as_str())))
        })
    }

    /// How far the public reads that an incident is.
    pub(super) async fn public_stage(&self, incident: u64) -> Option<String> {
        let found = self.read("/api/v2/incidents.json").await?;
        let mut all = found["incidents"].as_array()?.iter();
        let number = incident.to_string();
        let own = all.find(|it| it["id"] == number.as_str())?;
        own["status"].as_str().map(str::to_owned)
    }

    /// The components that the public reads are not operational, each with its state: `Administration: degraded_performance`.
    pub(super) async fn impaired(&self) -> Option<Vec<String>> {
        let found = self.read("/api/v2/summary.json").await?;
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let all = found["components"].as_array()?.iter();
        let impaired = all.filter(|it| it["status"] != "operational");
        let told = impaired.map(|it| format!("{}: {}", text(&it["name"]), text(&it["status"])));
        Some(told.collect())
    }

    /// Takes a tenant's report to the public page; its id where it was taken.
    pub(super) async fn report(&self, tenant: &Tenant, said: &Json) -> Result<Option<String>> {
        let request = client(Some(tenant.address()))?.post(format!("http://{}/report", self.page));
        let request = request
            .bearer_auth(tenant.token())
            .header("content-type", "application/json")
            .body(said.to_string());
        let sent = async {
            let answer = request.send().await.ok()?;
            let is_taken = answer.status() == reqwest::StatusCode::ACCEPTED;
            let told: Json = serde_json::from_str(&whole(answer).await?).ok()?;
            told["report"]
                .as_str()
                .filter(|_| is_taken)
                .map(str::to_owned)
        };
        Ok(timeout(ANSWER_MAX, sent).await.ok().flatten())
    }

    /// What a tenant is told of its report.
    pub(super) async fn answer(&self, tenant: &Tenant, report: &str) -> Option<Json> {
        let client = client(Some(tenant.address())).ok()?;
        let request = client.get(format!("http://{}/report/{report}", self.page));
        let asked = async {
            let answer = request.bearer_auth(tenant.token()).send().await.ok()?;
            let text = whole(answer.error_for_status().ok()?).await?;
            serde_json::from_str(&text).ok()
        };
        timeout(ANSWER_MAX, asked).await.ok()?
    }

    /// Follows a link that acknowledges, and presses the button; whether that was taken.
    pub(super) async fn acknowledge(&self, link: &str) -> bool {
        let sent = timeout(ANSWER_MAX, self.client.post(link).send()).await;
        matches!(sent, Ok(Ok(answer)) if answer.status().is_success())
    }
}

//! Redmine's requests: its dialect of failures, its pages.

use super::{TRACKER, wire};
use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::http::{
    Auth, BudgetRules, Call, Client, ClientSettings, Dialect, Refusal, Reply, Transport,
};
use crate::registry::{Node, RegistryError};
use http::header::HeaderName;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use std::sync::Arc;
use twinline_core::handles::Clock;

/// Issues on a page; Redmine's greatest.
pub(super) const PAGE_ISSUES: usize = 100;

/// The client of one node. Redmine publishes no limits; a self-hosted one has few server threads.
pub(super) fn client(
    node: &Node,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
) -> Result<Client, RegistryError> {
    let auth = Auth::Header {
        name: HeaderName::from_static("x-redmine-api-key"),
        value: node.secret("key")?,
    };
    let budget = BudgetRules {
        windows: Vec::new(),
        write_spacing: node.write_spacing.unwrap_or_default(),
        in_flight_max: 4,
    };
    let settings = ClientSettings {
        node: node.name.clone(),
        base: node.url.clone(),
        auth,
        headers: HeaderMap::new(),
        budget,
    };
    Client::new(settings, &RedmineDialect, transport, clock)
        .map_err(|error| node.fault(format!("auth.key: {error}")))
}

struct RedmineDialect;

#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    errors: Vec<String>,
}

impl Dialect for RedmineDialect {
    fn tracker(&self) -> &'static str {
        TRACKER
    }

    fn refusal(&self, reply: &Reply) -> Refusal {
        let failure: Option<Failure> = serde_json::from_slice(&reply.body).ok();
        Refusal {
            sentence: failure
                .map(|failure| failure.errors.join("; "))
                .unwrap_or_default(),
            field: None,
        }
    }
}

/// An issue with everything that hangs on it; `None` for 403 and 404, with the reason.
pub(super) async fn issue(
    client: &Client,
    id: &str,
) -> Result<Result<wire::Issue, String>, TrackerError> {
    let call = Call::get(format!("/issues/{id}.json"))
        .query("include", "journals,attachments")
        .accept(&[StatusCode::NOT_FOUND, StatusCode::FORBIDDEN]);
    let reply = client.send(call).await?;
    match reply.status {
        StatusCode::NOT_FOUND => Ok(Err(format!(
            "Redmine has no issue #{id}: it was deleted, or it is another Redmine"
        ))),
        StatusCode::FORBIDDEN => Ok(Err(format!(
            "Redmine does not let this account see issue #{id}"
        ))),
        _ => Ok(Ok(reply.json::<wire::One>()?.issue)),
    }
}

/// An issue that must be there.
pub(super) async fn issue_here(client: &Client, id: &str) -> Result<wire::Issue, TrackerError> {
    issue(client, id)
        .await?
        .map_err(|reason| TrackerError::Unreachable { reason })
}

/// The error for something that Redmine would refuse.
pub(super) fn refused(impossible: Impossible) -> TrackerError {
    impossible.refused(TRACKER)
}

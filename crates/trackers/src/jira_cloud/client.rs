//! Jira's requests: its dialect of failures, its limits, its pages.

use super::{PROPERTY, TRACKER, wire};
use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::http::{
    Auth, BudgetRules, Call, Client, ClientGrant, ClientSettings, Cost, Dialect, LimitScope,
    Refusal, Reply, Transport, Window, Written,
};
use crate::registry::{Node, RegistryError};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::handles::Clock;
use url::Url;

/// Issues on a page of a search, and in a bulk fetch; Jira's greatest.
pub(super) const PAGE_ISSUES: usize = 100;
/// Comments on a page.
const PAGE_COMMENTS: usize = 100;
/// Pages of one issue's comments or history that are read at most.
pub(super) const PAGES_MAX: usize = 200;

/// Atlassian's published limits: per issue 20 writes in 2 s and 100 in 30 s; the burst limits per endpoint are far above
/// what a node sends, and its answers tell when they are near.
fn limits(node: &Node) -> BudgetRules {
    let window = |name, seconds, points_max| Window {
        name,
        per: Duration::from_secs(seconds),
        points_max,
        points: [0, 1, 1],
        keyed: true,
    };
    let published = vec![
        window("writes to one issue in 2 s", 2, 20),
        window("writes to one issue in 30 s", 30, 100),
    ];
    BudgetRules {
        windows: if node.unlimited {
            Vec::new()
        } else {
            published
        },
        write_spacing: node.write_spacing.unwrap_or_default(),
        in_flight_max: 0,
    }
}

/// Where Atlassian takes access tokens, and where it gives them.
const GATEWAY: &str = "https://api.atlassian.com/";
const GIVER: &str = "https://auth.atlassian.com/oauth/token";

/// Where the API is, and what is shown there. An API token is taken at the site; an access token by a gateway, where each site
/// lies below its cloud id. Source: Atlassian's pages "OAuth 2.0 (3LO) apps" (section 3.2) and "Create OAuth 2.0 credential for
/// service accounts". Where the site is not at Atlassian's own address, what stands there is gateway and giver: a simulator.
fn way_in(node: &Node) -> Result<(Url, Auth), RegistryError> {
    if !node.auth.contains_key("cloud_id") {
        let user = node.secret("email")?.expose().to_owned();
        let password = node.secret("token")?;
        return Ok((node.url.clone(), Auth::Basic { user, password }));
    }
    let host = node.url.host_str().unwrap_or_default();
    let is_own = host.ends_with(".atlassian.net");
    let at = |base: &str, path: &str| {
        let url = Url::parse(base).and_then(|base| base.join(path));
        url.map_err(|error| node.fault(format!("auth.cloud_id: {error}")))
    };
    let site = node.url.as_str();
    let cloud = node.secret("cloud_id")?;
    let sound = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !cloud.expose().chars().all(sound) {
        let why = "auth.cloud_id is no id of a site: https://SITE.atlassian.net/_edge/tenant_info shows it";
        return Err(node.fault(why.to_owned()));
    }
    let path = format!("/ex/jira/{}", cloud.expose());
    let base = at(if is_own { GATEWAY } else { site }, &path)?;
    if node.auth.contains_key("access_token") {
        return Ok((base, Auth::Bearer(node.secret("access_token")?)));
    }
    let giver = at(if is_own { GIVER } else { site }, "/oauth/token")?;
    let (id, secret) = (node.secret("client_id")?, node.secret("client_secret")?);
    let grant = ClientGrant::new(giver, Written::Json, id, secret);
    Ok((base, Auth::Granted(Arc::new(grant))))
}

/// The client of one node.
pub(super) fn client(
    node: &Node,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
) -> Result<Client, RegistryError> {
    let (base, auth) = way_in(node)?;
    let settings = ClientSettings {
        node: node.name.clone(),
        base,
        auth,
        headers: HeaderMap::new(),
        budget: limits(node),
    };
    Client::new(settings, &JiraDialect, transport, clock)
        .map_err(|error| node.fault(format!("auth: {error}")))
}

struct JiraDialect;

#[derive(Deserialize)]
struct Failure {
    #[serde(default, rename = "errorMessages")]
    messages: Vec<String>,
    #[serde(default)]
    errors: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    message: Option<String>,
}

impl Dialect for JiraDialect {
    fn tracker(&self) -> &'static str {
        TRACKER
    }

    /// Source: Atlassian's page on rate limiting. What it names no reason for, or a quota, concerns all requests.
    fn limit_scope(&self, reply: &Reply) -> LimitScope {
        match reply.header("ratelimit-reason") {
            Some("jira-per-issue-on-write") => LimitScope::Item,
            Some("jira-burst-based") => LimitScope::Endpoint,
            _ => LimitScope::Node,
        }
    }

    fn refusal(&self, reply: &Reply) -> Refusal {
        let Ok(failure) = serde_json::from_slice::<Failure>(&reply.body) else {
            return Refusal::default();
        };
        let field = failure
            .errors
            .keys()
            .next()
            .map(|name| super::decode::ours(name).to_owned());
        let by_field = failure.errors.iter().map(|(name, said)| {
            format!(
                "{name}: {}",
                said.as_str()
                    .map_or_else(|| said.to_string(), str::to_owned)
            )
        });
        let sentences = failure
            .messages
            .iter()
            .cloned()
            .chain(by_field)
            .chain(failure.message);
        Refusal {
            sentence: sentences.collect::<Vec<_>>().join("; "),
            field,
        }
    }
}

/// An issue's path.
pub(super) fn path(id: &str, rest: &str) -> String {
    format!("/rest/api/3/issue/{id}{rest}")
}

/// An issue whole, with its comments, which come without their properties; the reason for 403 and 404.
pub(super) async fn issue_with_comments(
    client: &Client,
    id: &str,
) -> Result<Result<(wire::Issue, Reply), String>, TrackerError> {
    issue_of(client, id, "*all,-worklog").await
}

/// An issue whole, but for its comments; the reason for 403 and 404.
pub(super) async fn issue(
    client: &Client,
    id: &str,
) -> Result<Result<(wire::Issue, Reply), String>, TrackerError> {
    issue_of(client, id, &OF_ISSUE.join(",")).await
}

async fn issue_of(
    client: &Client,
    id: &str,
    fields: &str,
) -> Result<Result<(wire::Issue, Reply), String>, TrackerError> {
    let call = Call::get(path(id, ""))
        .query("fields", fields)
        .query("properties", PROPERTY)
        .accept(&[StatusCode::NOT_FOUND, StatusCode::FORBIDDEN]);
    let reply = client.send(call).await?;
    match reply.status {
        StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => {
            let said = JiraDialect.refusal(&reply).sentence;
            Ok(Err(format!("Jira answered {}: {said}", reply.status)))
        }
        _ => {
            let issue = reply.json()?;
            Ok(Ok((issue, reply)))
        }
    }
}

/// An issue that must be there.
pub(super) async fn issue_here(client: &Client, id: &str) -> Result<wire::Issue, TrackerError> {
    let found = issue(client, id).await?;
    found
        .map(|(issue, _)| issue)
        .map_err(|reason| TrackerError::Unreachable { reason })
}

/// All comments of an issue, in the order of their creation.
pub(super) async fn comments(
    client: &Client,
    id: &str,
) -> Result<Vec<wire::Comment>, TrackerError> {
    let mut comments: Vec<wire::Comment> = Vec::new();
    for _ in 0..PAGES_MAX {
        let call = Call::get(path(id, "/comment"))
            .query("orderBy", "created")
            .query("expand", "properties")
            .query("maxResults", PAGE_COMMENTS.to_string())
            .query("startAt", comments.len().to_string());
        let page: wire::Comments = client.send(call).await?.json()?;
        let (read, total) = (page.comments.len(), page.total);
        comments.extend(page.comments);
        if read == 0 || comments.len() >= total {
            return Ok(comments);
        }
    }
    Err(TrackerError::Unreadable {
        tracker: TRACKER.to_owned(),
        place: path(id, "/comment"),
        reason: format!("more than {} comments", PAGES_MAX * PAGE_COMMENTS),
    })
}

/// The fields by which an issue's version is known.
pub(super) const OF_VERSION: &[&str] = &["updated", "created"];

/// The fields of an issue whole, but for its comments: as [`issue`] asks for them.
pub(super) const OF_ISSUE: &[&str] = &["*all", "-comment", "-worklog"];

/// One page of a search, with these fields.
pub(super) async fn search(
    client: &Client,
    jql: &str,
    page: Option<&str>,
    reconcile: &[u64],
    fields: &[&str],
) -> Result<(wire::Found, Reply), TrackerError> {
    let mut body = json!({
        "jql": jql,
        "maxResults": PAGE_ISSUES,
        "fields": fields,
        "properties": [PROPERTY],
    });
    if let Some(token) = page {
        body["nextPageToken"] = json!(token);
    }
    if !reconcile.is_empty() {
        body["reconcileIssues"] = json!(reconcile);
    }
    let reply = client
        .send(
            Call::post("/rest/api/3/search/jql")
                .cost(Cost::Read)
                .json(&body),
        )
        .await?;
    let found = reply.json()?;
    Ok((found, reply))
}

/// About how many issues match.
pub(super) async fn count(client: &Client, jql: &str) -> Result<u64, TrackerError> {
    let call = Call::post("/rest/api/3/search/approximate-count");
    let call = call.cost(Cost::Read).json(&json!({ "jql": jql }));
    let counted: wire::Counted = client.send(call).await?.json()?;
    Ok(counted.count)
}

/// Those of at most [`PAGE_ISSUES`] issues, by id or key, that this account sees. Consistent.
pub(super) async fn bulk(
    client: &Client,
    names: &[String],
) -> Result<Vec<wire::Issue>, TrackerError> {
    let body = json!({ "issueIdsOrKeys": names, "fields": ["updated"], "properties": [PROPERTY] });
    let call = Call::post("/rest/api/3/issue/bulkfetch")
        .cost(Cost::Read)
        .json(&body);
    let bulk: wire::Bulk = client.send(call).await?.json()?;
    Ok(bulk.issues)
}

/// The error for something that Jira would refuse.
pub(super) fn refused(impossible: Impossible) -> TrackerError {
    impossible.refused(TRACKER)
}

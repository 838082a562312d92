//! Azure DevOps' requests: its dialect of failures, its limits, its pages.

use super::{TRACKER, wire};
use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::http::{
    Auth, BudgetRules, Call, Client, ClientGrant, ClientSettings, Cost, Dialect, Refusal, Reply,
    Transport, Written,
};
use crate::registry::{Node, RegistryError};
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use twinline_core::handles::Clock;
use url::Url;

/// Work items that one request names, and revisions of one batch.
pub(super) const PAGE_ITEMS: usize = 200;
/// Comments on a page.
const PAGE_COMMENTS: usize = 200;
/// Pages of one item's comments or history that are read at most.
pub(super) const PAGES_MAX: usize = 200;

/// The version of the API, and that of its comments, which are a preview still.
const VERSION: &str = "7.1";
const VERSION_OF_COMMENTS: &str = "7.1-preview.4";

/// Requests under way at once. Azure DevOps counts what a caller consumes and advises to send few at a time.
const IN_FLIGHT_MAX: usize = 8;

/// About 200 units of consumption fit into five minutes; what a request costs is not published and depends on the
/// organization. So nothing is counted here: the answers say what is left (`X-RateLimit-*`) and how long to stay away
/// (`Retry-After`, with successes too), and that is kept.
///
/// Source: Microsoft's page on rate and usage limits.
fn limits(node: &Node) -> BudgetRules {
    BudgetRules {
        windows: Vec::new(),
        write_spacing: node.write_spacing.unwrap_or_default(),
        in_flight_max: if node.unlimited { 0 } else { IN_FLIGHT_MAX },
    }
}

/// Where Microsoft Entra gives access tokens, by tenant.
const ENTRA: &str = "https://login.microsoftonline.com/";
/// What Azure DevOps is to Entra: its application id.
const SCOPE: &str = "499b84ac-1321-427f-aa17-267ca6975798/.default";

/// How a service principal asks for access tokens. Source: Microsoft's pages "Use service principals and managed identities in
/// Azure DevOps" and "OAuth 2.0 client credentials flow". Where the organization is not at Microsoft's own address, what stands
/// there gives the tokens too: a simulator.
fn grant(node: &Node) -> Result<ClientGrant, RegistryError> {
    let tenant = node.secret("tenant_id")?;
    let tenant = tenant.expose();
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if !tenant.chars().all(sound) {
        return Err(node.fault("auth.tenant_id is no id and no domain of a tenant".to_owned()));
    }
    let host = node.url.host_str().unwrap_or_default();
    let is_own = host == "dev.azure.com" || host.ends_with(".visualstudio.com");
    let giver = if is_own { ENTRA } else { node.url.as_str() };
    let url = Url::parse(giver).and_then(|url| url.join(&format!("/{tenant}/oauth2/v2.0/token")));
    let url = url.map_err(|error| node.fault(format!("auth.tenant_id: {error}")))?;
    let (id, secret) = (node.secret("client_id")?, node.secret("client_secret")?);
    Ok(ClientGrant::new(url, Written::Form, id, secret).with("scope", SCOPE))
}

/// The client of one node.
pub(super) fn client(
    node: &Node,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
) -> Result<Client, RegistryError> {
    let auth = if node.auth.contains_key("client_id") {
        Auth::Granted(Arc::new(grant(node)?))
    } else if node.auth.contains_key("entra_token") {
        Auth::Bearer(node.secret("entra_token")?)
    } else {
        Auth::Basic {
            user: String::new(),
            password: node.secret("token")?,
        }
    };
    let settings = ClientSettings {
        node: node.name.clone(),
        base: node.url.clone(),
        auth,
        // A refusal with its status, not a page to sign in at.
        headers: HeaderMap::from_iter([(
            HeaderName::from_static("x-tfs-fedauthredirect"),
            HeaderValue::from_static("Suppress"),
        )]),
        budget: limits(node),
    };
    Client::new(settings, &AzureDialect, transport, clock)
        .map_err(|error| node.fault(format!("auth: {error}")))
}

struct AzureDialect;

impl Dialect for AzureDialect {
    fn tracker(&self) -> &'static str {
        TRACKER
    }

    fn refusal(&self, reply: &Reply) -> Refusal {
        let Ok(body) = serde_json::from_slice::<Json>(&reply.body) else {
            return Refusal::default();
        };
        let broken = &body["customProperties"]["RuleValidationErrors"][0]["fieldReferenceName"];
        Refusal {
            sentence: body["message"].as_str().unwrap_or_default().to_owned(),
            field: broken
                .as_str()
                .map(|name| super::decode::ours(name).to_owned()),
        }
    }

    /// What a token that is no longer taken gets where a browser would be sent to sign in: a page, as a success.
    fn wants_sign_in(&self, reply: &Reply) -> bool {
        reply.status == StatusCode::NON_AUTHORITATIVE_INFORMATION
    }
}

/// What stands in a path as it is.
const IN_PATHS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A name as a part of a path.
pub(super) fn part(name: &str) -> String {
    utf8_percent_encode(name, IN_PATHS).to_string()
}

/// A path of the whole organization: `wit/fields`.
pub(super) fn path(rest: &str) -> String {
    format!("/_apis/{rest}")
}

/// A path of a project.
pub(super) fn path_in(project: &str, rest: &str) -> String {
    format!("/{}/_apis/{rest}", part(project))
}

/// A call at the version of the API that is spoken.
pub(super) fn versioned(call: Call) -> Call {
    call.query("api-version", VERSION)
}

/// A read.
pub(super) fn get(path: impl Into<String>) -> Call {
    versioned(Call::get(path))
}

/// A read whose question is too long for an address.
pub(super) fn ask(path: impl Into<String>, body: &Json) -> Call {
    versioned(Call::post(path).cost(Cost::Read)).json(body)
}

/// A call that carries a JSON Patch document.
pub(super) fn patch(call: Call, document: &[Json]) -> Call {
    let kind = HeaderValue::from_static("application/json-patch+json");
    versioned(call).json(&document).header(CONTENT_TYPE, kind)
}

/// A path of an item's comments.
pub(super) fn comments_path(project: &str, id: &str, rest: &str) -> String {
    path_in(project, &format!("wit/workItems/{id}/comments{rest}"))
}

/// A call about comments.
pub(super) fn of_comments(call: Call) -> Call {
    call.query("api-version", VERSION_OF_COMMENTS)
}

/// An item with its links; the status and reason for 403 and 404.
pub(super) async fn item(
    client: &Client,
    id: &str,
) -> Result<Result<(wire::WorkItem, Reply), (StatusCode, String)>, TrackerError> {
    let call = get(path(&format!("wit/workitems/{id}")))
        .query("$expand", "relations")
        .accept(&[StatusCode::NOT_FOUND, StatusCode::FORBIDDEN]);
    let reply = client.send(call).await?;
    match reply.status {
        StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => {
            let said = AzureDialect.refusal(&reply).sentence;
            let reason = format!("Azure DevOps answered {}: {said}", reply.status);
            Ok(Err((reply.status, reason)))
        }
        _ => {
            let item = reply.json()?;
            Ok(Ok((item, reply)))
        }
    }
}

/// An item that must be there.
pub(super) async fn item_here(client: &Client, id: &str) -> Result<wire::WorkItem, TrackerError> {
    let found = item(client, id).await?;
    found
        .map(|(item, _)| item)
        .map_err(|(_, reason)| TrackerError::Unreachable { reason })
}

/// Those of at most [`PAGE_ITEMS`] items that this account sees, with what `more` asks for: fields, links, an instant.
pub(super) async fn items(
    client: &Client,
    ids: &[u64],
    more: Json,
) -> Result<(Vec<wire::WorkItem>, Option<Reply>), TrackerError> {
    if ids.is_empty() {
        return Ok((Vec::new(), None));
    }
    let mut body = json!({ "ids": ids, "errorPolicy": "omit" });
    if let (Some(body), Json::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    let reply = client.send(ask(path("wit/workitemsbatch"), &body)).await?;
    let found: wire::Listed<Option<wire::WorkItem>> = reply.json()?;
    Ok((found.value.into_iter().flatten().collect(), Some(reply)))
}

/// All comments of an item, in the order of their creation.
pub(super) async fn comments(
    client: &Client,
    project: &str,
    id: &str,
) -> Result<Vec<wire::Comment>, TrackerError> {
    let mut comments: Vec<wire::Comment> = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let mut call = of_comments(Call::get(comments_path(project, id, "")))
            .query("order", "asc")
            .query("$top", PAGE_COMMENTS.to_string());
        if let Some(token) = &next {
            call = call.query("continuationToken", token.as_str());
        }
        let page: wire::Comments = client.send(call).await?.json()?;
        let empty = page.comments.is_empty();
        comments.extend(page.comments);
        next = page.next.filter(|_| !empty);
        if next.is_none() {
            return Ok(comments);
        }
    }
    Err(TrackerError::Unreadable {
        tracker: TRACKER.to_owned(),
        place: comments_path(project, id, ""),
        reason: format!("more than {} comments", PAGES_MAX * PAGE_COMMENTS),
    })
}

/// The ids that a WIQL query finds, at most [`PAGE_ITEMS`].
pub(super) async fn query(client: &Client, wiql: &str) -> Result<Vec<u64>, TrackerError> {
    let call = ask(path("wit/wiql"), &json!({ "query": wiql }))
        .query("$top", PAGE_ITEMS.to_string())
        .query("timePrecision", "true");
    let found: wire::Found = client.send(call).await?.json()?;
    Ok(found.items.into_iter().map(|item| item.id).collect())
}

/// The error for something that Azure DevOps would refuse.
pub(super) fn refused(impossible: Impossible) -> TrackerError {
    impossible.refused(TRACKER)
}

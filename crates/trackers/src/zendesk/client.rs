//! Zendesk's requests: its dialect of failures, its limits, its pages.

use super::{TRACKER, decode, wire};
use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::http::{
    Auth, BudgetRules, Call, Client, ClientGrant, ClientSettings, Dialect, LimitScope, Refusal,
    Reply, Transport, Window, Written,
};
use crate::registry::{Node, RegistryError};
use http::{HeaderMap, StatusCode};
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::handles::Clock;

/// Records on a page; Zendesk's greatest.
pub(super) const PAGE_SIZE: &str = "100";
/// Pages of one ticket's comments or audits that are read at most: a ticket has 5,000 comments at most.
pub(super) const PAGES_MAX: usize = 100;
/// Tickets that one request shows.
pub(super) const SHOWN_MAX: usize = 100;

/// Names the endpoint of the incremental export for its limit.
pub(super) const KEY_EXPORT: &str = "incremental export";
/// Names the list of deleted tickets for its limit.
pub(super) const KEY_BIN: &str = "deleted tickets";

/// Zendesk's published limits ("Rate limits" in its API reference): incremental exports and the list of deleted tickets 10
/// a minute each, updates of tickets 100 a minute, and of one ticket by one user 30 in 10 minutes. How many requests an
/// account may make in all depends on its plan, and its answers tell.
fn limits(node: &Node) -> BudgetRules {
    let window = |name, seconds, points_max, points, keyed| Window {
        name,
        per: Duration::from_secs(seconds),
        points_max,
        points,
        keyed,
    };
    let published = vec![
        // Of reads only those are named by a key that have this limit.
        window("such lists in a minute", 60, 10, [1, 0, 0], true),
        window("updates of tickets in a minute", 60, 100, [0, 1, 0], false),
        window(
            "updates of one ticket in 10 minutes",
            600,
            30,
            [0, 1, 0],
            true,
        ),
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

/// How a confidential OAuth client asks for access tokens of the account that made it. Source: Zendesk's page "Creating and using
/// OAuth access tokens with the API", client credentials.
fn grant(node: &Node) -> Result<ClientGrant, RegistryError> {
    let url = node.url.join("/oauth/tokens");
    let url = url.map_err(|error| node.fault(format!("url: {error}")))?;
    let (id, secret) = (node.secret("client_id")?, node.secret("client_secret")?);
    Ok(ClientGrant::new(url, Written::Json, id, secret).with("scope", "read write"))
}

/// The client of one node.
pub(super) fn client(
    node: &Node,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
) -> Result<Client, RegistryError> {
    let auth = if node.auth.contains_key("client_id") {
        Auth::Granted(Arc::new(grant(node)?))
    } else if node.auth.contains_key("access_token") {
        Auth::Bearer(node.secret("access_token")?)
    } else {
        // Source: "Security and authentication", API token: the e-mail address, `/token`, and the token as password.
        Auth::Basic {
            user: format!("{}/token", node.secret("email")?.expose()),
            password: node.secret("token")?,
        }
    };
    let settings = ClientSettings {
        node: node.name.clone(),
        base: node.url.clone(),
        auth,
        headers: HeaderMap::new(),
        budget: limits(node),
    };
    Client::new(settings, &ZendeskDialect, transport, clock)
        .map_err(|error| node.fault(format!("auth: {error}")))
}

pub(super) struct ZendeskDialect;

impl Dialect for ZendeskDialect {
    fn tracker(&self) -> &'static str {
        TRACKER
    }

    /// The account's own limit is spent when its header says so; else it is that of one ticket or one endpoint.
    fn limit_scope(&self, reply: &Reply) -> LimitScope {
        let remaining = reply.header("x-rate-limit-remaining");
        let remaining = remaining.and_then(|text| text.trim().parse::<u64>().ok());
        match remaining {
            None | Some(0) => LimitScope::Node,
            Some(_) if reply.writes => LimitScope::Item,
            Some(_) => LimitScope::Endpoint,
        }
    }

    fn refusal(&self, reply: &Reply) -> Refusal {
        let Ok(body) = serde_json::from_slice::<Json>(&reply.body) else {
            return Refusal::default();
        };
        let details = body.get("details").and_then(Json::as_object);
        let errors = details.into_iter().flatten().flat_map(|(name, errors)| {
            let errors = errors.as_array().into_iter().flatten();
            errors.map(move |error| (name, error))
        });
        let errors: Vec<(&String, &Json)> = errors.collect();
        let field = errors.first().map(|(name, error)| {
            let custom = error.get("ticket_field_id").and_then(Json::as_u64);
            custom.map_or_else(|| decode::ours(name).to_owned(), |id| id.to_string())
        });
        let said = errors
            .iter()
            .filter_map(|(_, error)| error.get("description")?.as_str());
        let mut sentence = said.collect::<Vec<_>>().join("; ");
        for place in ["/description", "/error/message", "/error", "/message"] {
            if sentence.is_empty() {
                let found = body.pointer(place).and_then(Json::as_str);
                found.unwrap_or_default().clone_into(&mut sentence);
            }
        }
        Refusal { sentence, field }
    }
}

/// A ticket's path.
pub(super) fn path(id: &str, rest: &str) -> String {
    format!("/api/v2/tickets/{id}{rest}")
}

/// What an answer of 403 or 404 says.
pub(super) fn said(reply: &Reply) -> String {
    let said = ZendeskDialect.refusal(reply).sentence;
    format!("Zendesk answered {}: {said}", reply.status)
}

/// A ticket with the people in it; the status and the reason for 403 and 404.
pub(super) async fn ticket(
    client: &Client,
    id: &str,
) -> Result<Result<wire::OneTicket, (StatusCode, String)>, TrackerError> {
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        let why = format!("'{id}' is no number of a Zendesk ticket");
        return Ok(Err((StatusCode::NOT_FOUND, why)));
    }
    let call = Call::get(path(id, ""))
        .query("include", "users")
        .accept(&[StatusCode::NOT_FOUND, StatusCode::FORBIDDEN]);
    let reply = client.send(call).await?;
    match reply.status {
        StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => Ok(Err((reply.status, said(&reply)))),
        _ => reply.json().map(Ok),
    }
}

/// A ticket that must be there.
pub(super) async fn ticket_here(client: &Client, id: &str) -> Result<wire::Ticket, TrackerError> {
    let found = ticket(client, id).await?;
    found
        .map(|found| found.ticket)
        .map_err(|(_, reason)| TrackerError::Unreachable { reason })
}

/// All comments of a ticket in the order of their creation, and their authors.
pub(super) async fn comments(
    client: &Client,
    id: &str,
) -> Result<(Vec<wire::Comment>, Vec<wire::User>), TrackerError> {
    let (mut comments, mut users, mut after) = (Vec::new(), Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let page = comment_page(client, id, PAGE_SIZE, after.as_deref()).await?;
        comments.extend(page.comments);
        users.extend(page.users);
        after = page.meta.next();
        if after.is_none() {
            return Ok((comments, users));
        }
    }
    Err(endless(&path(id, "/comments")))
}

/// The first comment of a ticket, and its author: the description.
pub(super) async fn first_comment(
    client: &Client,
    id: &str,
) -> Result<Option<wire::Comment>, TrackerError> {
    let page = comment_page(client, id, "1", None).await?;
    Ok(page.comments.into_iter().next())
}

async fn comment_page(
    client: &Client,
    id: &str,
    size: &str,
    after: Option<&str>,
) -> Result<wire::Comments, TrackerError> {
    let call = Call::get(path(id, "/comments"))
        .query("include", "users")
        .query("page[size]", size);
    client.send(paged(call, after)).await?.json()
}

/// The page behind a cursor.
pub(super) fn paged(call: Call, after: Option<&str>) -> Call {
    match after {
        Some(after) => call.query("page[after]", after),
        None => call,
    }
}

/// A list that goes on and on.
pub(super) fn endless(place: &str) -> TrackerError {
    TrackerError::Unreadable {
        tracker: TRACKER.to_owned(),
        place: place.to_owned(),
        reason: format!("more than {PAGES_MAX} pages"),
    }
}

/// The error for something that Zendesk would refuse.
pub(super) fn refused(impossible: Impossible) -> TrackerError {
    impossible.refused(TRACKER)
}

//! ServiceNow's requests: its dialect of failures, its limits, its pages.

use super::{Place, TRACKER, wire};
use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::http::{
    Auth, BudgetRules, Call, Client, ClientGrant, ClientSettings, Dialect, LimitScope, Refusal,
    Reply, Transport, Written,
};
use crate::registry::{Node, RegistryError};
use http::{HeaderMap, StatusCode};
use std::sync::Arc;
use twinline_core::handles::Clock;

/// Records on a page of items: each has all its columns, twice.
pub(super) const PAGE_ITEMS: usize = 100;
/// Records on a page of small ones: entries of the journal, columns, people.
pub(super) const PAGE_SMALL: usize = 1000;
/// Ids that one query names: an address has room for some 8,000 characters.
pub(super) const IDS_MAX: usize = 50;
/// Pages of one list that are read at most.
pub(super) const PAGES_MAX: usize = 200;

/// How an OAuth client of the instance's registry asks for access tokens: in the name of the user that the registry says, or in
/// that of one whose password it has. Source: ServiceNow's pages "OAuth API request parameters" and "Client credentials grant
/// type", which is off until `glide.oauth.inbound.client.credential.grant_type.enabled` is set.
fn grant(node: &Node) -> Result<ClientGrant, RegistryError> {
    let url = node.url.join("/oauth_token.do");
    let url = url.map_err(|error| node.fault(format!("url: {error}")))?;
    let (id, secret) = (node.secret("client_id")?, node.secret("client_secret")?);
    let grant = ClientGrant::new(url, Written::Form, id, secret);
    if !node.auth.contains_key("user") {
        return Ok(grant);
    }
    Ok(grant.of_account(node.secret("user")?, node.secret("password")?))
}

/// The client of one node. How many requests an hour are allowed is a rule of the instance's administrators; its answers
/// name it, and tell when it is spent.
pub(super) fn client(
    node: &Node,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
) -> Result<Client, RegistryError> {
    let auth = if node.auth.contains_key("client_id") {
        Auth::Granted(Arc::new(grant(node)?))
    } else if node.auth.contains_key("token") {
        Auth::Bearer(node.secret("token")?)
    } else {
        Auth::Basic {
            user: node.secret("user")?.expose().to_owned(),
            password: node.secret("password")?,
        }
    };
    let budget = BudgetRules {
        windows: Vec::new(),
        write_spacing: node.write_spacing.unwrap_or_default(),
        // An instance's node has few threads for its API, and refuses what waits too long for one of them (KB3046852).
        in_flight_max: 4,
    };
    let settings = ClientSettings {
        node: node.name.clone(),
        base: node.url.clone(),
        auth,
        headers: HeaderMap::new(),
        budget,
    };
    Client::new(settings, &ServiceNowDialect, transport, clock)
        .map_err(|error| node.fault(format!("auth: {error}")))
}

struct ServiceNowDialect;

impl Dialect for ServiceNowDialect {
    fn tracker(&self) -> &'static str {
        TRACKER
    }

    /// Source: "Inbound REST API rate limiting": a rule is about one resource of the API, a method and a table.
    fn limit_scope(&self, _: &Reply) -> LimitScope {
        LimitScope::Endpoint
    }

    fn refusal(&self, reply: &Reply) -> Refusal {
        let refused: Option<wire::Refused> = serde_json::from_slice(&reply.body).ok();
        Refusal {
            sentence: refused
                .map(|refused| refused.error.sentence())
                .unwrap_or_default(),
            field: None,
        }
    }
}

/// What was said about a refused request, for a status that its caller accepted.
pub(super) fn said(reply: &Reply) -> String {
    format!(
        "ServiceNow answered {}: {}",
        reply.status,
        ServiceNowDialect.refusal(reply).sentence
    )
}

/// A table's path.
pub(super) fn path(table: &str) -> String {
    format!("/api/now/table/{table}")
}

/// A record's path.
pub(super) fn path_of(place: Place<'_>) -> String {
    format!("/api/now/table/{}/{}", place.table, place.sys_id)
}

/// A request with both values of every field in its answer.
pub(super) fn both(call: Call) -> Call {
    call.query("sysparm_display_value", "all")
        .query("sysparm_exclude_reference_link", "true")
}

/// A page of records to ask for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) table: &'a str,
    /// An encoded query, its order included.
    pub(super) query: &'a str,
    /// Columns with commas between them; empty: all.
    pub(super) fields: &'a str,
    pub(super) limit: usize,
    pub(super) offset: usize,
}

/// A page of records.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) records: Vec<wire::Record>,
    /// Whether there are more behind it. A page may be short, or empty, before the last: what an ACL hides is taken out after
    /// the page was cut (KB3047115).
    pub(super) more: bool,
    /// How many there are in all, hidden ones included.
    pub(super) total: Option<u64>,
    pub(super) reply: Reply,
}

/// Asks for a page of records.
pub(super) async fn list(client: &Client, wanted: Wanted<'_>) -> Result<Listed, TrackerError> {
    match list_or_why(client, wanted, &[]).await? {
        Ok(listed) => Ok(listed),
        Err(reason) => Err(TrackerError::Unreachable { reason }),
    }
}

/// The same; what was said where the status is one of these.
pub(super) async fn list_or_why(
    client: &Client,
    wanted: Wanted<'_>,
    accepted: &[StatusCode],
) -> Result<Result<Listed, String>, TrackerError> {
    let mut call = both(Call::get(path(wanted.table)))
        .query("sysparm_query", wanted.query)
        .query("sysparm_limit", wanted.limit.to_string())
        .query("sysparm_offset", wanted.offset.to_string())
        .accept(accepted);
    if !wanted.fields.is_empty() {
        call = call.query("sysparm_fields", wanted.fields);
    }
    let reply = client.send(call).await?;
    if accepted.contains(&reply.status) {
        return Ok(Err(said(&reply)));
    }
    let records = wire::many(&reply)?;
    let total = reply
        .header("x-total-count")
        .and_then(|text| text.parse::<u64>().ok());
    let read = wanted.offset + wanted.limit;
    let more = total.map_or(records.len() >= wanted.limit, |total| (read as u64) < total);
    Ok(Ok(Listed {
        records,
        more,
        total,
        reply,
    }))
}

/// Every record of a list, page after page. For lists that only grow at their end.
pub(super) async fn list_all(
    client: &Client,
    wanted: Wanted<'_>,
) -> Result<Vec<wire::Record>, TrackerError> {
    let mut records = Vec::new();
    for page in 0..PAGES_MAX {
        let offset = page * wanted.limit;
        let listed = list(client, Wanted { offset, ..wanted }).await?;
        records.extend(listed.records);
        if !listed.more {
            return Ok(records);
        }
    }
    Err(TrackerError::Unreadable {
        tracker: TRACKER.to_owned(),
        place: path(wanted.table),
        reason: format!("more than {} records", PAGES_MAX * wanted.limit),
    })
}

/// A value within an encoded query, in which a caret ends it unless it is doubled.
pub(super) fn quoted(text: &str) -> String {
    text.replace('^', "^^")
}

/// The error for something that ServiceNow would refuse.
pub(super) fn refused(impossible: Impossible) -> TrackerError {
    impossible.refused(TRACKER)
}

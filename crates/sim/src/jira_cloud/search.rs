//! `/search/jql` and its count. Both look into the index, which may lag behind the issues.

use super::JiraCloud;
use super::bean::Wanted;
use super::failure::{Answer, Failure};
use super::jql::{self, Context, Place, Query};
use super::model::Issue;
use super::request::{Asked, texts};
use crate::call::json;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The page size when a request names none.
const USUAL_PAGE: usize = 50;
/// The greatest page of ids and keys only.
const GREATEST_PAGE: usize = 5000;
/// The greatest page with other fields: the API may return fewer than asked for, and does.
const GREATEST_FULL_PAGE: usize = 100;
/// How many issues may be named for strong consistency.
const MOST_RECONCILED: usize = 50;

/// What a `nextPageToken` holds: for which query it is, and the place of the last issue given out.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    jql: String,
    after: Place,
}

/// A search's parameters, from the query or from the body.
struct Search {
    jql: String,
    token: Option<String>,
    max_results: usize,
    reconcile: Vec<u64>,
    wanted: Wanted,
}

impl Search {
    fn read(asked: &Asked<'_>) -> Result<Self, Failure> {
        let mut search = match asked.call.method == Method::GET {
            true => Self::from_query(asked)?,
            false => Self::from_body(asked)?,
        };
        if search.reconcile.len() > MOST_RECONCILED {
            return Err(Failure::invalid(format!(
                "At most {MOST_RECONCILED} issues can be reconciled."
            )));
        }
        if search.wanted.fields.is_empty() {
            search.wanted.fields.push("id".to_owned());
        }
        let light = search
            .wanted
            .fields
            .iter()
            .all(|field| matches!(field.as_str(), "id" | "key"));
        let most = if light {
            GREATEST_PAGE
        } else {
            GREATEST_FULL_PAGE
        };
        search.max_results = search.max_results.clamp(1, most);
        Ok(search)
    }

    fn from_query(asked: &Asked<'_>) -> Result<Self, Failure> {
        let number = |text: &String| {
            text.parse()
                .map_err(|_| Failure::invalid(format!("'{text}' is not an issue id.")))
        };
        Ok(Self {
            jql: asked.call.param("jql").unwrap_or_default().to_owned(),
            token: asked.call.param("nextPageToken").map(str::to_owned),
            max_results: asked.page(USUAL_PAGE, GREATEST_PAGE)?.max_results,
            reconcile: asked
                .list("reconcileIssues")
                .iter()
                .map(number)
                .collect::<Result<_, _>>()?,
            wanted: Wanted {
                fields: asked.list("fields"),
                expand: asked.list("expand"),
                properties: asked.list("properties"),
                caller: asked.caller.clone(),
                wiki: false,
            },
        })
    }

    fn from_body(asked: &Asked<'_>) -> Result<Self, Failure> {
        let body = asked.object()?;
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let known = [
            "expand",
            "fields",
            "fieldsByKeys",
            "jql",
            "maxResults",
            "nextPageToken",
            "properties",
            "reconcileIssues",
        ];
        let unknown = body
            .as_object()
            .into_iter()
            .flatten()
            .find(|(name, _)| !known.contains(&name.as_str()));
        if unknown.is_some() {
            return Err(Failure::invalid(
                "Invalid request payload. Refer to the REST API documentation and try again.",
            ));
        }
        let max_results = match body.get("maxResults") {
            None | Some(Value::Null) => USUAL_PAGE,
            Some(number) => number
                .as_u64()
                .and_then(|number| usize::try_from(number).ok())
                .ok_or_else(|| Failure::invalid("maxResults must be a positive number."))?,
        };
        let reconcile = body
            .get("reconcileIssues")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let expand = text("expand").unwrap_or_default().split(',');
        Ok(Self {
            jql: text("jql").unwrap_or_default().to_owned(),
            token: text("nextPageToken").map(str::to_owned),
            max_results,
            reconcile: reconcile.filter_map(Value::as_u64).collect(),
            wanted: Wanted {
                fields: texts(&body, "fields"),
                expand: expand
                    .map(str::trim)
                    .filter(|each| !each.is_empty())
                    .map(str::to_owned)
                    .collect(),
                properties: texts(&body, "properties"),
                caller: asked.caller.clone(),
                wiki: false,
            },
        })
    }
}

impl JiraCloud {
    fn query(&self, asked: &Asked<'_>, text: &str) -> Result<Query, Failure> {
        let context = Context {
            site: &self.site,
            store: &self.store,
            now: asked.now,
            caller: &asked.caller,
        };
        jql::read(text, &context).map_err(|messages| Failure::Refused {
            status: StatusCode::BAD_REQUEST,
            messages,
            errors: BTreeMap::new(),
        })
    }

    /// The issues that the index finds. Those to reconcile are taken as they are now.
    fn found(&self, query: &Query, reconcile: &[u64]) -> Vec<&Issue> {
        let lagging = self
            .index
            .items()
            .filter(|issue| !issue.deleted)
            .filter(|issue| !reconcile.contains(&issue.id));
        let exact = reconcile
            .iter()
            .filter_map(|id| self.store.issues.get(id))
            .filter(|issue| !issue.deleted);
        // Permissions are checked as they are now, whatever the index says.
        let allowed = |issue: &&Issue| {
            self.store
                .issues
                .get(&issue.id)
                .is_some_and(|now| now.hidden.is_none())
        };
        let matching = |issue: &&Issue| allowed(issue) && query.test.matches(issue, &self.site);
        lagging.chain(exact).filter(matching).collect()
    }

    pub(super) fn search(&self, asked: &Asked<'_>) -> Answer {
        let search = Search::read(asked)?;
        let query = self.query(asked, &search.jql)?;
        let mut places: Vec<(Place, &Issue)> = self
            .found(&query, &search.reconcile)
            .into_iter()
            .map(|issue| (query.order.place(issue, &self.site), issue))
            .collect();
        places.sort_by(|(left, _), (right, _)| query.order.compare(left, right));
        if let Some(token) = &search.token {
            let after = read_token(token, &search.jql)?;
            places.retain(|(place, _)| query.order.compare(place, &after).is_gt());
        }
        let last = places.len() <= search.max_results;
        places.truncate(search.max_results);
        let mut wanted = search.wanted.clone();
        wanted
            .expand
            .retain(|each| !matches!(each.as_str(), "names" | "schema"));
        let issues: Vec<Value> = places
            .iter()
            .map(|(_, issue)| self.bean(issue, &wanted))
            .collect();
        let mut out = json!({"issues": issues, "isLast": last});
        if let Some((after, _)) = places.pop().filter(|_| !last) {
            out["nextPageToken"] = json!(write_token(&search.jql, after));
        }
        self.add_names(&search, &mut out);
        Ok(json(StatusCode::OK, &out))
    }

    /// `names` and `schema` stand once beside the issues, not in each.
    fn add_names(&self, search: &Search, out: &mut Value) {
        let beans = out["issues"].as_array().into_iter().flatten();
        let ids: Vec<String> = beans
            .filter_map(|bean| bean["fields"].as_object())
            .flat_map(|fields| fields.keys().cloned())
            .collect();
        let fields: Vec<_> = self
            .site
            .fields
            .iter()
            .filter(|field| ids.contains(&field.id))
            .collect();
        if search.wanted.expand.iter().any(|each| each == "names") {
            out["names"] = fields
                .iter()
                .map(|field| (field.id.clone(), json!(field.name)))
                .collect::<Map<_, _>>()
                .into();
        }
        if search.wanted.expand.iter().any(|each| each == "schema") {
            out["schema"] = fields
                .iter()
                .map(|field| (field.id.clone(), super::meta::schema(field)))
                .collect::<Map<_, _>>()
                .into();
        }
    }

    pub(super) fn count(&self, asked: &Asked<'_>) -> Answer {
        let body = asked.object()?;
        let query = self.query(
            asked,
            body.get("jql").and_then(Value::as_str).unwrap_or_default(),
        )?;
        Ok(json(
            StatusCode::OK,
            &json!({"count": self.found(&query, &[]).len()}),
        ))
    }
}

fn write_token(jql: &str, after: Place) -> String {
    let token = Token {
        jql: jql.to_owned(),
        after,
    };
    URL_SAFE_NO_PAD.encode(json!(token).to_string())
}

fn read_token(text: &str, jql: &str) -> Result<Place, Failure> {
    let decoded = URL_SAFE_NO_PAD.decode(text).ok();
    let token: Option<Token> = decoded.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    match token.filter(|token| token.jql == jql) {
        Some(token) => Ok(token.after),
        None => Err(Failure::invalid(
            "The provided next page token is invalid or expired. Please provide a valid next page token.",
        )),
    }
}

//! The Work Item Query Language, as far as flat queries of work items go.
//!
//! Source: <https://learn.microsoft.com/azure/devops/boards/queries/wiql-syntax>. Not here: links and trees, `ASOF`, groups,
//! comparison with other fields, functions other than `@Me`, `@Project` and `@Today`.

mod lex;
mod parse;
mod test;

use super::AzureDevOps;
use super::failure::{Answer, Failure};
use super::model::{Revision, WorkItem};
use super::request::Asked;
use super::show::instant;
use crate::call::json;
use http::StatusCode;
use parse::Query;
use serde_json::{Value, json};
use std::cmp::Ordering;

/// More matches than this are an error.
const MATCHES_MAX: usize = 20_000;

impl AzureDevOps {
    pub(super) fn query(&self, asked: &Asked<'_>) -> Answer {
        let body = asked.body()?;
        let text = body["query"].as_str().unwrap_or_default();
        let query = parse::parse(text, &self.site)?;
        let at = test::At {
            site: &self.site,
            now: asked.now,
            caller: &asked.caller,
            project: asked.project.as_deref(),
            precise: asked.flag("timePrecision"),
        };
        at.check(&query.filter)?;
        let seen = asked.now.minus(self.site.switches.index_lag);
        let mut found: Vec<(&WorkItem, &Revision)> = Vec::new();
        for item in self
            .items
            .values()
            .filter(|item| item.hidden.is_none() && !item.destroyed)
        {
            let Some(revision) = item.as_of(seen) else {
                continue;
            };
            if !revision.fields.contains_key("System.IsDeleted")
                && at.holds(&query.filter, item, revision)
            {
                found.push((item, revision));
            }
        }
        found.sort_by(|one, other| order(&query, one, other));
        let top = asked.number("$top", MATCHES_MAX + 1, MATCHES_MAX)?;
        if asked.call.param("$top").is_none() && found.len() > MATCHES_MAX {
            return Err(Failure::new(
                StatusCode::BAD_REQUEST,
                "WorkItemTrackingQueryResultSizeLimitExceededException",
                format!(
                    "VS402337: The number of work items returned exceeds the size limit of {MATCHES_MAX}. Change the query to return fewer items."
                ),
            ));
        }
        found.truncate(top);
        let items = found
            .iter()
            .map(|(item, _)| json!({"id": item.id, "url": self.item_url(item.id)}));
        let items: Vec<Value> = items.collect();
        let columns = query.columns.iter().map(|name| self.column(name));
        let columns: Vec<Value> = columns.collect();
        Ok(json(
            StatusCode::OK,
            &json!({"queryType": "flat", "queryResultType": "workItem", "asOf": instant(asked.now), "columns": columns,
                "workItems": items}),
        ))
    }

    fn column(&self, reference: &str) -> Value {
        let name = self
            .site
            .field(reference)
            .map_or("", |field| field.name.as_str());
        json!({"referenceName": reference, "name": name,
            "url": format!("{}/_apis/wit/fields/{reference}", self.site.url())})
    }
}

fn order(query: &Query, one: &(&WorkItem, &Revision), other: &(&WorkItem, &Revision)) -> Ordering {
    for (field, descending) in &query.order {
        let value = |(item, revision): &(&WorkItem, &Revision)| test::value(item, revision, field);
        let compared = test::compare(&value(one), &value(other));
        let compared = if *descending {
            compared.reverse()
        } else {
            compared
        };
        if compared != Ordering::Equal {
            return compared;
        }
    }
    one.0.id.cmp(&other.0.id)
}

/// A query that is not understood, and the part that is to blame.
fn wrong(why: &str, part: &str) -> Failure {
    Failure::new(
        StatusCode::BAD_REQUEST,
        "VssPropertyValidationException",
        format!("{why} The error is caused by «{part}»."),
    )
}

//! Reporting work item revisions: every revision of every item in the order in which they were made.
//!
//! Source: <https://learn.microsoft.com/rest/api/azure/devops/wit/reporting-work-item-revisions>.

use super::AzureDevOps;
use super::failure::{Answer, Failure};
use super::model::{Revision, WorkItem};
use super::request::{Asked, split};
use super::show::Wanted;
use crate::call::json;
use http::StatusCode;
use serde_json::{Value, json};
use twinline_core::time::Timestamp;

/// How many revisions one answer has.
const BATCH_MAX: usize = 200;

/// What is asked for.
struct Filter {
    fields: Vec<String>,
    types: Vec<String>,
    deleted: bool,
    latest: bool,
    since: Option<Timestamp>,
}

impl AzureDevOps {
    pub(super) fn revisions_feed(&self, asked: &Asked<'_>) -> Answer {
        let filter = Self::filter(asked)?;
        let from = match asked
            .call
            .param("continuationToken")
            .filter(|token| !token.is_empty())
        {
            None => 0,
            Some(_) if filter.since.is_some() => {
                return Err(Failure::invalid(
                    "startDateTime cannot be used in conjunction with continuationToken.",
                ));
            }
            Some(token) => place_of(token)?,
        };
        let most = asked.number("$maxPageSize", BATCH_MAX, BATCH_MAX)?.max(1);
        let mut values = Vec::new();
        let mut read = from;
        for (id, rev) in self.log.iter().skip(from) {
            if values.len() == most {
                break;
            }
            read += 1;
            let Some(item) = self.items.get(id) else {
                continue;
            };
            if let Some(revision) = item.revisions.get(rev - 1)
                && Self::listed_in_feed(asked, item, revision, &filter)
            {
                values.push(self.in_feed(item, revision, &filter));
            }
        }
        let last = read >= self.log.len();
        let token = format!("{read};{}", self.log.len());
        let project = asked
            .project
            .as_ref()
            .map_or_else(String::new, |name| format!("/{name}"));
        let next = format!(
            "{}{project}/_apis/wit/Reporting/workItemRevisions?continuationToken={token}&api-version=7.1",
            self.site.url()
        );
        Ok(json(
            StatusCode::OK,
            &json!({"values": values, "nextLink": next.replace(';', "%3B"), "continuationToken": token, "isLastBatch": last}),
        ))
    }

    fn filter(asked: &Asked<'_>) -> Result<Filter, Failure> {
        let body = match asked.call.method.as_str() {
            "POST" => asked.body()?,
            _ => Value::Null,
        };
        let list = |name: &str| -> Vec<String> {
            let given = body[name].as_array().into_iter().flatten();
            let given: Vec<String> = given.filter_map(Value::as_str).flat_map(split).collect();
            if given.is_empty() {
                asked.list(name)
            } else {
                given
            }
        };
        let flag = |name: &str| asked.flag(name) || body[name] == Value::Bool(true);
        Ok(Filter {
            fields: list("fields"),
            types: list("types"),
            deleted: flag("includeDeleted"),
            latest: flag("includeLatestOnly"),
            since: asked.instant("startDateTime")?,
        })
    }

    fn listed_in_feed(
        asked: &Asked<'_>,
        item: &WorkItem,
        revision: &Revision,
        filter: &Filter,
    ) -> bool {
        let text = |name: &str| {
            revision
                .fields
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        item.hidden.is_none()
            && (filter.deleted || item.deleted.is_none())
            && (!filter.latest || revision.rev == item.rev())
            && filter.since.is_none_or(|since| revision.at >= since)
            && (filter.types.is_empty()
                || filter
                    .types
                    .iter()
                    .any(|kind| kind == text("System.WorkItemType")))
            && asked
                .project
                .as_ref()
                .is_none_or(|project| project == text("System.TeamProject"))
    }

    fn in_feed(&self, item: &WorkItem, revision: &Revision, filter: &Filter) -> Value {
        let wanted = Wanted {
            fields: filter.fields.clone(),
            ..Wanted::default()
        };
        let mut shown = self.at_revision(item, revision, &wanted);
        // Without a flag that nobody sets here people are texts.
        let people = shown["fields"].as_object_mut().into_iter().flatten();
        for (_, value) in people {
            if let Some(name) = value.get("uniqueName").and_then(Value::as_str) {
                let label = value["displayName"].as_str().unwrap_or_default();
                *value = json!(format!("{label} <{name}>"));
            }
        }
        if let Some(out) = shown.as_object_mut() {
            out.remove("url");
            out.remove("multilineFieldsFormat");
        }
        shown
    }
}

fn place_of(token: &str) -> Result<usize, Failure> {
    let place = token.split(';').next().unwrap_or_default();
    place
        .parse()
        .map_err(|_| Failure::invalid(format!("The continuation token '{token}' is not valid.")))
}

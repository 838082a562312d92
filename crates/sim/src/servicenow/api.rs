//! The Table API: list, get, insert, update, delete, the same for every table.

use super::ServiceNow;
use super::failure::{Answer, Failure};
use super::records::By;
use super::route::Asked;
use super::show::Wanted;
use super::store::Row;
use crate::call::{empty, json, set};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// Records on a page when a request does not say.
const LIMIT: usize = 10_000;

impl ServiceNow {
    pub(super) fn list(&self, asked: &Asked<'_>, table: &str) -> Answer {
        let number = |name: &str| {
            asked
                .call
                .param(name)
                .and_then(|text| text.parse::<usize>().ok())
        };
        let (limit, offset) = (
            number("sysparm_limit").unwrap_or(LIMIT),
            number("sysparm_offset").unwrap_or(0),
        );
        let text = asked.call.param("sysparm_query").unwrap_or_default();
        let query = self.read_query(table, text, &asked.caller);
        let found = self.found(table, &query);
        let wanted = Wanted::of(asked.call);
        // The page is cut first: what an ACL hides is missing from it, and counted all the same (KB3047115).
        let page = found.iter().skip(offset).take(limit);
        let shown: Vec<Value> = page
            .filter(|row| self.is_visible(row))
            .map(|row| self.record(row, &wanted))
            .collect();
        let mut response = json(StatusCode::OK, &json!({ "result": shown }));
        if asked.call.param("sysparm_no_count") != Some("true") {
            set(&mut response, "x-total-count", &found.len().to_string());
            if let Some(links) = self.links(asked, offset, limit, found.len()) {
                set(&mut response, "link", &links);
            }
        }
        Ok(response)
    }

    fn links(
        &self,
        asked: &Asked<'_>,
        offset: usize,
        limit: usize,
        total: usize,
    ) -> Option<String> {
        if limit == 0
            || total <= limit
            || asked.call.param("sysparm_suppress_pagination_header") == Some("true")
        {
            return None;
        }
        let page = |relation: &str, offset: usize| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in asked
                .call
                .query
                .iter()
                .filter(|(name, _)| name != "sysparm_offset")
            {
                query.append_pair(name, value);
            }
            query.append_pair("sysparm_offset", &offset.to_string());
            let (path, query) = (asked.call.segments.join("/"), query.finish());
            format!("<{}/{path}?{query}>;rel=\"{relation}\"", self.base_url)
        };
        let mut links = vec![page("first", 0)];
        if offset + limit < total {
            links.push(page("next", offset + limit));
        }
        if offset > 0 {
            links.push(page("prev", offset.saturating_sub(limit)));
        }
        links.push(page("last", (total - 1) / limit * limit));
        Some(links.join(","))
    }

    /// Whether an ACL lets the API's account see a record.
    fn is_visible(&self, row: &Row) -> bool {
        row.hidden.is_none() && !self.site.switches.silent_tables.contains(&row.class)
    }

    pub(super) fn get(&self, asked: &Asked<'_>, table: &str, id: &str) -> Answer {
        let row = self.visible(table, id)?;
        let shown = self.record(row, &Wanted::of(asked.call));
        Ok(json(StatusCode::OK, &json!({ "result": shown })))
    }

    /// A record of a table that the API may show.
    pub(super) fn visible(&self, table: &str, id: &str) -> Result<&Row, Failure> {
        let row = self
            .store
            .get(id)
            .filter(|row| self.site.is_a(&row.class, table));
        let row = row.ok_or_else(Failure::no_record)?;
        match row.hidden {
            Some(403) => Err(Failure::forbidden()),
            _ if self.is_visible(row) => Ok(row),
            _ => Err(Failure::no_record()),
        }
    }

    pub(super) fn post(&mut self, asked: &Asked<'_>, table: &str) -> Answer {
        let body = object(asked)?;
        let fields = self.accepted(table, &body);
        let by = By {
            now: asked.now,
            who: &asked.caller,
        };
        let id = self.insert(by, table, fields)?;
        let row = self.store.get(&id).ok_or_else(Failure::no_record)?;
        let shown = self.record(row, &Wanted::of(asked.call));
        let mut response = json(StatusCode::CREATED, &json!({ "result": shown }));
        let location = format!("{}/api/now/table/{table}/{id}", self.base_url);
        set(&mut response, "location", &location);
        Ok(response)
    }

    pub(super) fn patch(&mut self, asked: &Asked<'_>, table: &str, id: &str) -> Answer {
        self.visible(table, id)?;
        let body = object(asked)?;
        let fields = self.accepted(table, &body);
        let by = By {
            now: asked.now,
            who: &asked.caller,
        };
        self.update(by, id, fields)?;
        self.get(asked, table, id)
    }

    pub(super) fn delete(&mut self, asked: &Asked<'_>, table: &str, id: &str) -> Answer {
        self.visible(table, id)?;
        let by = By {
            now: asked.now,
            who: &asked.caller,
        };
        self.remove(by, id);
        Ok(empty(StatusCode::NO_CONTENT))
    }
}

fn object(asked: &Asked<'_>) -> Result<Map<String, Value>, Failure> {
    match asked.call.json() {
        Ok(Value::Object(body)) => Ok(body),
        _ => Err(Failure::not_json()),
    }
}

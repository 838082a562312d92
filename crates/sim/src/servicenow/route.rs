//! Who asks, and which operation answers.

use super::ServiceNow;
use super::failure::{Answer, Failure};
use crate::call::Call;
use twinline_core::time::Timestamp;

/// A request and who makes it.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) call: &'a Call<'a>,
    /// Whole seconds.
    pub(super) now: Timestamp,
    /// A login.
    pub(super) caller: String,
}

impl ServiceNow {
    pub(super) fn route(&mut self, now: Timestamp, call: &Call<'_>) -> Answer {
        let account = self.account(call.header("authorization"));
        let caller = account.ok_or_else(Failure::unauthenticated)?.login.clone();
        let limit = self.site.switches.requests_per_hour;
        if let Some(limit) = limit
            && let Some(refused) = self.counted.count(call, now, limit)
        {
            return Ok(refused);
        }
        let asked = Asked { call, now, caller };
        let mut response = self.answer(&asked).unwrap_or_else(Failure::into_response);
        if let Some(limit) = limit {
            self.counted.mark(&mut response, limit);
        }
        Ok(response)
    }

    fn answer(&mut self, asked: &Asked<'_>) -> Answer {
        let path = asked.call.path();
        if let ["api", "now", "attachment", below @ ..] = path.as_slice() {
            return self.route_files(asked, below);
        }
        let (table, id) = match path.as_slice() {
            ["api", "now", "table", table] | ["api", "now", "v1" | "v2", "table", table] => {
                (*table, None)
            }
            ["api", "now", "table", table, id]
            | ["api", "now", "v1" | "v2", "table", table, id] => (*table, Some(*id)),
            _ => return Err(Failure::no_operation()),
        };
        if self.site.table(table).is_none() {
            return Err(Failure::no_table(table));
        }
        if self
            .site
            .switches
            .forbidden_tables
            .iter()
            .any(|name| name == table)
        {
            return Err(Failure::forbidden());
        }
        match (asked.call.method.as_str(), id) {
            ("GET", None) => self.list(asked, table),
            ("GET", Some(id)) => self.get(asked, table, id),
            ("POST", None) => self.post(asked, table),
            ("PUT" | "PATCH", Some(id)) => self.patch(asked, table, id),
            ("DELETE", Some(id)) => self.delete(asked, table, id),
            _ => Err(Failure::no_operation()),
        }
    }
}

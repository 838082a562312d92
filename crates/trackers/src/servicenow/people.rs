//! People: records refer to them by `sys_id`, journals and the audit by `user_name`, rules name them by any of their names.

use super::client::{self, Wanted};
use super::{ServiceNow, TRACKER, decode, is_sys_id, wire};
use crate::error::TrackerError;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use twinline_core::item::User;
use twinline_core::time::Timestamp;

/// People that are remembered at once.
const KNOWN_MAX: usize = 20_000;
/// How long they are remembered: addresses change.
const KNOWN_FOR: Duration = Duration::from_secs(3600);
/// The columns that are read of a person.
const FIELDS: &str = "sys_id,user_name,name,email,active";

/// The people that were asked for.
#[derive(Debug, Default)]
pub(super) struct Known {
    since: Timestamp,
    /// By `sys_id`, and by `user_name`; `None`: the account sees no such record.
    by_name: BTreeMap<String, Option<User>>,
}

impl ServiceNow {
    /// The people with these ids and logins, by id and by login; those whom the account does not see are left out.
    pub(super) async fn known(
        &self,
        ids: &BTreeSet<String>,
        logins: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, User>, TrackerError> {
        for (column, names) in [("sys_id", ids), ("user_name", logins)] {
            let unknown = self.unknown(names);
            for some in unknown.chunks(client::IDS_MAX) {
                self.ask(column, some).await?;
            }
        }
        let held = self.people.lock().expect("no code panics with this lock");
        let wanted = ids.iter().chain(logins);
        let found =
            wanted.filter_map(|name| Some((name.clone(), held.by_name.get(name)?.clone()?)));
        Ok(found.collect())
    }

    /// Those who were not asked for yet, or long ago.
    fn unknown(&self, names: &BTreeSet<String>) -> Vec<String> {
        let now = self.client.now();
        let mut held = self.people.lock().expect("no code panics with this lock");
        if now.since(held.since) > KNOWN_FOR || held.by_name.len() > KNOWN_MAX {
            held.by_name.clear();
            held.since = now;
        }
        // A name that would end a list or a condition cannot be asked for in a list.
        let sound = |name: &&String| !name.is_empty() && !name.contains([',', '^']);
        let unknown = names
            .iter()
            .filter(sound)
            .filter(|name| !held.by_name.contains_key(*name));
        unknown.cloned().collect()
    }

    async fn ask(&self, column: &str, names: &[String]) -> Result<(), TrackerError> {
        let query = format!("{column}IN{}^ORDERBYsys_id", names.join(","));
        let wanted = Wanted {
            table: "sys_user",
            query: &query,
            fields: FIELDS,
            limit: client::IDS_MAX,
            offset: 0,
        };
        let found = match client::list(&self.client, wanted).await {
            // Who may not read people at all sees of each what the record shows.
            Err(TrackerError::Unreachable { .. }) => Vec::new(),
            found => found?.records,
        };
        let mut held = self.people.lock().expect("no code panics with this lock");
        for name in names {
            let person = found
                .iter()
                .find(|record| record.text(column).eq_ignore_ascii_case(name));
            held.by_name.insert(name.clone(), person.map(decode::user));
        }
        Ok(())
    }

    /// The one active person whom a rule means; else why there is none.
    pub(super) async fn person(&self, wanted: &User) -> Result<Result<User, String>, TrackerError> {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let by = match (
            &wanted.id,
            filled(&wanted.email),
            filled(&wanted.login),
            filled(&wanted.name),
        ) {
            (id, ..) if !id.is_empty() => ("sys_id", id.clone()),
            (_, Some(email), ..) => ("email", email),
            (_, _, Some(login), _) => ("user_name", login),
            (_, _, _, Some(name)) => ("name", name),
            _ => return Ok(Err("nobody is named".to_owned())),
        };
        let query = format!("{}={}^ORDERBYsys_id", by.0, client::quoted(&by.1));
        let wanted_records = Wanted {
            table: "sys_user",
            query: &query,
            fields: FIELDS,
            limit: 3,
            offset: 0,
        };
        let found = match client::list(&self.client, wanted_records).await {
            Err(TrackerError::Unreachable { reason }) => return Ok(Err(reason)),
            found => found?.records,
        };
        let is_active = |record: &&wire::Record| record.value("active") != Some("false");
        let mut active = found.iter().filter(is_active);
        Ok(match (active.next(), active.next(), found.first()) {
            (Some(one), None, _) => Ok(decode::user(one)),
            (None, _, Some(_)) => Err(format!("'{}' is deactivated at {TRACKER}", wanted.label())),
            _ => Err(format!(
                "no one person at {TRACKER} is called '{}', or their record is hidden from this account",
                by.1
            )),
        })
    }

    /// Our account, as far as ServiceNow shows it to itself.
    pub(super) async fn account(&self) -> Result<Option<User>, TrackerError> {
        let known = self
            .account
            .lock()
            .expect("no code panics with this lock")
            .clone();
        match known {
            Some(known) => Ok(Some(known)),
            None => self.ask_account().await,
        }
    }

    /// Asks who we are. The condition is the one that ServiceNow's own filters use for "me".
    pub(super) async fn ask_account(&self) -> Result<Option<User>, TrackerError> {
        let wanted = Wanted {
            table: "sys_user",
            query: "sys_id=javascript:gs.getUserID()",
            fields: FIELDS,
            limit: 2,
            offset: 0,
        };
        let found = client::list(&self.client, wanted).await?.records;
        // A condition that is ignored finds everybody.
        let me = match found.as_slice() {
            [one] if is_sys_id(one.text("sys_id")) => Some(decode::user(one)),
            _ => None,
        };
        self.account
            .lock()
            .expect("no code panics with this lock")
            .clone_from(&me);
        Ok(me)
    }
}

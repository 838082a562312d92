//! What a table offers, and whether the node works.

use super::client::{self, Wanted};
use super::meta::{Column, Meta};
use super::{CORRELATION, ServiceNow, TRACKER, decode, resolve, text, wire};
use crate::error::TrackerError;
use crate::tracker::{Description, FieldDescription, Probe, Scope, Status};
use http::StatusCode;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{Choice, User, field};
use twinline_core::names::FieldName;

/// A greater difference makes the overlap of sweeps unsafe.
const SKEW_MAX_MS: i64 = 60_000;
/// People and groups that are listed at most.
const LISTED_MAX: usize = 1000;
/// The states that end a task where the dictionary says nothing else: ServiceNow's own default for `task`.
const CLOSED: &[&str] = &["3", "4", "7"];
/// The tables without which comments, histories or deletions are not seen.
const READ_ALONG: &[(&str, &str)] = &[
    ("sys_journal_field", "comments"),
    ("sys_audit", "who changed a field"),
    ("sys_audit_delete", "deletions"),
];

impl ServiceNow {
    /// Asks who we are, and what time it is there.
    pub(super) async fn check_node(&self) -> Result<Probe, TrackerError> {
        let account = match self.ask_account().await {
            Err(TrackerError::Credentials { sentence }) => {
                return Ok(Probe {
                    faults: vec![sentence],
                    ..Probe::default()
                });
            }
            account => account?,
        };
        let mut faults = Vec::new();
        if account.is_none() {
            faults.push(
                "ServiceNow does not show the account its own record: let it read sys_user, or its own writes are not told \
                 from other people's"
                    .to_owned(),
            );
        }
        let skew_ms = self.client.skew_ms();
        if skew_ms.abs() > SKEW_MAX_MS {
            faults.push(format!(
                "{TRACKER}'s clock and this machine's differ by {} s: set this machine's clock",
                skew_ms / 1000
            ));
        }
        Ok(Probe {
            account,
            skew_ms,
            version: None,
            faults,
        })
    }

    /// A sentence for each thing that keeps us from working in a table, as far as ServiceNow tells: a record that an access
    /// rule hides is left out of a list without a word.
    pub(super) async fn check_place(&self, scope: &Scope) -> Result<Vec<String>, TrackerError> {
        let table = super::table(scope)?;
        let mut faults = Vec::new();
        let meta = self.meta(table).await?;
        if !meta.columns.contains_key(CORRELATION) {
            faults.push(resolve::unmarked(table).sentence);
        }
        let columns = [(table, "records")]
            .into_iter()
            .chain(READ_ALONG.iter().copied());
        for (table, what) in columns {
            let wanted = Wanted {
                table,
                query: "ORDERBYsys_id",
                fields: "sys_id",
                limit: 1,
                offset: 0,
            };
            let read = client::list_or_why(&self.client, wanted, &[StatusCode::FORBIDDEN]).await?;
            if let Err(said) = read {
                faults.push(format!(
                    "the account may not read {table}, and so sees no {what}: give it a role that may ({said})"
                ));
            }
        }
        faults.extend(self.check_files().await?);
        Ok(faults)
    }

    /// Fields, statuses and people of a scope.
    pub(super) async fn describe_scope(&self, scope: &Scope) -> Result<Description, TrackerError> {
        let table = super::table(scope)?;
        let meta = self.learn(table).await?;
        let options = self.options(&meta).await?;
        let groups = self
            .people_or_groups("sys_user_group", "active=true^ORDERBYname^ORDERBYsys_id")
            .await?;
        let groups: Vec<Choice> = groups.iter().map(named).collect();
        let mut fields = BTreeMap::new();
        for (name, column) in meta
            .columns
            .iter()
            .filter(|(name, column)| decode::is_field(name, column))
        {
            let own = options.get(name).cloned().unwrap_or_default();
            let options = match column.reference.as_deref() {
                Some("sys_user_group") => groups.clone(),
                _ => own,
            };
            fields.insert(decode::ours(name), described(name, column, options));
        }
        let users = self
            .people_or_groups("sys_user", "active=true^ORDERBYname^ORDERBYsys_id")
            .await?;
        Ok(Description {
            statuses: statuses(&meta, &fields),
            users: users.iter().map(decode::user).collect::<Vec<User>>(),
            fields,
        })
    }

    async fn people_or_groups(
        &self,
        table: &str,
        query: &str,
    ) -> Result<Vec<wire::Record>, TrackerError> {
        let wanted = Wanted {
            table,
            query,
            fields: "sys_id,name,user_name,email",
            limit: LISTED_MAX,
            offset: 0,
        };
        let listed = client::list_or_why(&self.client, wanted, &[StatusCode::FORBIDDEN]).await?;
        Ok(listed.map(|listed| listed.records).unwrap_or_default())
    }

    /// The options of each column. Those of the lowest table of the lineage that has any count.
    async fn options(&self, meta: &Meta) -> Result<BTreeMap<String, Vec<Choice>>, TrackerError> {
        let names = meta.lineage.join(",");
        let query = format!(
            "nameIN{names}^inactive=false^language=en^ORDERBYname^ORDERBYelement^ORDERBYsequence^ORDERBYsys_id"
        );
        let wanted = Wanted {
            table: "sys_choice",
            query: &query,
            fields: "name,element,value,label",
            limit: client::PAGE_SMALL,
            offset: 0,
        };
        let rows = client::list_all(&self.client, wanted).await?;
        let mut options: BTreeMap<String, Vec<Choice>> = BTreeMap::new();
        for table in meta.lineage.iter().rev() {
            let of_table = rows.iter().filter(|row| row.text("name") == table);
            let mut own: BTreeMap<String, Vec<Choice>> = BTreeMap::new();
            for row in of_table {
                let list = own.entry(row.text("element").to_owned()).or_default();
                list.push(Choice {
                    id: row.text("value").to_owned(),
                    name: row.text("label").to_owned(),
                });
            }
            options.extend(own);
        }
        Ok(options)
    }
}

fn named(row: &wire::Record) -> Choice {
    Choice {
        id: row.text("sys_id").to_owned(),
        name: row.text("name").to_owned(),
    }
}

fn statuses(meta: &Meta, fields: &BTreeMap<FieldName, FieldDescription>) -> Vec<Status> {
    let ends = |value: &str| match meta.close_states.is_empty() {
        true => CLOSED.contains(&value),
        false => meta.close_states.iter().any(|state| state == value),
    };
    let states = fields
        .get(field::STATUS)
        .map(|state| state.options.as_slice());
    let states = states.unwrap_or_default().iter();
    states
        .map(|state| Status {
            status: state.clone(),
            demands: BTreeSet::new(),
            leads_to: None,
            closed: ends(&state.id),
        })
        .collect()
}

fn described(name: &str, column: &Column, options: Vec<Choice>) -> FieldDescription {
    let ours = decode::ours(name);
    let renamed = ours.as_str() != name;
    let fixed = matches!(
        ours.as_str(),
        field::TYPE | field::CREATED | field::UPDATED | "number"
    );
    FieldDescription {
        // Administrators know a column by its name: where ours is another, rules may say theirs.
        name: if renamed {
            name.to_owned()
        } else {
            column.label.clone()
        },
        kind: kind(name, column).to_owned(),
        required: column.mandatory || ours.as_str() == field::SUMMARY,
        writable: !column.read_only && !fixed,
        options,
        max_chars: column
            .max_chars
            .filter(|_| matches!(kind(name, column), "text" | "rich")),
    }
}

/// Our kind of a column: as [`decode::value`] reads it.
fn kind(name: &str, column: &Column) -> &'static str {
    match column.kind.as_str() {
        "reference" if name == field::PARENT && decode::is_task_parent(column) => "text",
        "reference" if decode::refers_to_people(column) => "user",
        "reference" | "sys_class_name" => "choice",
        "glide_list" if decode::refers_to_people(column) => "users",
        "glide_list" if column.reference.is_some() => "choices",
        "glide_list" => "set",
        "boolean" => "bool",
        "glide_date" => "date",
        "glide_date_time" | "due_date" => "time",
        kind if text::is_html(kind) => "rich",
        _ if column.choice => "choice",
        "integer" | "longint" | "decimal" | "float" | "percent_complete" => "number",
        _ if name == field::DESCRIPTION => "rich",
        _ => "text",
    }
}

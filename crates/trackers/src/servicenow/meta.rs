//! What is known of a table: its columns by `sys_dictionary`, the tables that it extends by `sys_db_object`.
//!
//! Source: ServiceNow's pages on the system dictionary and on table extension. A column belongs to one table of the lineage, and
//! may be described anew in one below it.

use super::client::{self, Wanted};
use super::encode::Texts;
use super::{ServiceNow, TASK, TRACKER, decode, is_name, wire};
use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::tracker::Scope;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinline_core::names::FieldName;

/// Tables that extend each other, at most.
const LINEAGE_MAX: usize = 10;
/// Tables that are remembered at once.
const TABLES_MAX: usize = 200;

/// What is known of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Meta {
    /// The table, the one that it extends, and so on.
    pub(super) lineage: Vec<String>,
    /// Its columns, inherited ones included.
    pub(super) columns: BTreeMap<String, Column>,
    /// The column that shows for a record that is referred to.
    pub(super) display: Option<String>,
    /// The values of `state` that end a record, where the dictionary says so.
    pub(super) close_states: Vec<String>,
    /// Columns that answers show and the dictionary does not.
    unlisted: BTreeSet<String>,
}

/// What is known of a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) label: String,
    /// Its `internal_type`.
    pub(super) kind: String,
    pub(super) max_chars: Option<usize>,
    /// The table that it refers to.
    pub(super) reference: Option<String>,
    /// Whether its values are chosen from a list.
    pub(super) choice: bool,
    pub(super) mandatory: bool,
    pub(super) read_only: bool,
}

impl Meta {
    /// Whether the table extends `task`.
    pub(super) fn is_task(&self) -> bool {
        self.lineage.iter().any(|table| table == TASK)
    }

    /// What the column of a field holds of a rich text.
    pub(super) fn texts(&self, field: &FieldName) -> Texts {
        let column = self.columns.get(decode::theirs(field.as_str()));
        column.map_or(Texts::Plain, Texts::of)
    }

    /// The condition that leaves out the records of tables that extend this one; empty where none can.
    pub(super) fn only(&self, table: &str) -> String {
        match self.columns.contains_key("sys_class_name") {
            true => format!("sys_class_name={table}^"),
            false => String::new(),
        }
    }
}

impl ServiceNow {
    /// What is known of a table; asked for once.
    pub(super) async fn meta(&self, table: &str) -> Result<Arc<Meta>, TrackerError> {
        let held = || self.tables.lock().expect("no code panics with this lock");
        let known = held().get(table).cloned();
        match known {
            Some(known) => Ok(known),
            None => self.learn(table).await,
        }
    }

    /// The same, asked for anew where a record shows a column that is not known yet: somebody has added it.
    pub(super) async fn meta_for(
        &self,
        table: &str,
        records: &[wire::Record],
    ) -> Result<Arc<Meta>, TrackerError> {
        let known = self.meta(table).await?;
        let is_new = |name: &&String| {
            is_name(name) && !known.columns.contains_key(*name) && !known.unlisted.contains(*name)
        };
        let shown = records.iter().flat_map(|record| record.0.keys());
        let new: BTreeSet<String> = shown.filter(is_new).cloned().collect();
        if new.is_empty() {
            return Ok(known);
        }
        let mut meta = Meta::clone(self.learn(table).await?.as_ref());
        // What the dictionary does not show is not asked for again, whichever record shows it.
        let unlisted = new
            .into_iter()
            .filter(|name| !meta.columns.contains_key(name));
        let unlisted: Vec<String> = unlisted.collect();
        meta.unlisted
            .extend(known.unlisted.iter().cloned().chain(unlisted));
        Ok(self.remember(table, meta))
    }

    /// Asks what there is to know of a table.
    pub(super) async fn learn(&self, table: &str) -> Result<Arc<Meta>, TrackerError> {
        let lineage = self.lineage(table).await?;
        let names = lineage.join(",");
        let query = format!("nameIN{names}^elementISNOTEMPTY^ORDERBYname^ORDERBYelement");
        let wanted = Wanted {
            table: "sys_dictionary",
            query: &query,
            fields: "name,element,column_label,internal_type,max_length,reference,choice,mandatory,read_only,active,\
                     display,attributes",
            limit: client::PAGE_SMALL,
            offset: 0,
        };
        let rows = client::list_all(&self.client, wanted).await?;
        let meta = read(lineage, &rows);
        if meta.columns.is_empty() {
            return Err(client::refused(Impossible::part(
                "scope",
                format!(
                    "{TRACKER} shows this account no column of '{table}': give it a role that reads sys_dictionary, \
                     sys_db_object and sys_choice"
                ),
            )));
        }
        Ok(self.remember(table, meta))
    }

    fn remember(&self, table: &str, meta: Meta) -> Arc<Meta> {
        let meta = Arc::new(meta);
        let mut held = self.tables.lock().expect("no code panics with this lock");
        if held.len() >= TABLES_MAX {
            held.clear();
        }
        held.insert(table.to_owned(), Arc::clone(&meta));
        meta
    }

    /// What is known of a scope's table without asking. An item's own is, since it was read by it.
    pub(super) fn known_table(&self, scope: &Scope) -> Option<Arc<Meta>> {
        let held = self.tables.lock().expect("no code panics with this lock");
        held.get(scope.get("table")?).cloned()
    }

    /// What the column of a field holds of a rich text, as far as the scope's table is known.
    pub(super) fn texts(&self, scope: &Scope, field: &FieldName) -> Texts {
        let meta = self.known_table(scope);
        meta.map_or(Texts::Plain, |meta| meta.texts(field))
    }

    /// Whether a table is known to extend `task`; one that is not known is taken for such a one.
    pub(super) fn is_task(&self, table: &str) -> bool {
        let held = self.tables.lock().expect("no code panics with this lock");
        held.get(table).is_none_or(|meta| meta.is_task())
    }

    async fn lineage(&self, table: &str) -> Result<Vec<String>, TrackerError> {
        let mut lineage = Vec::new();
        let mut next = table.to_owned();
        while is_name(&next) && lineage.len() < LINEAGE_MAX {
            let query = format!("name={next}");
            let wanted = Wanted {
                table: "sys_db_object",
                query: &query,
                fields: "name,super_class.name",
                limit: 1,
                offset: 0,
            };
            let listed = client::list(&self.client, wanted).await?;
            let Some(row) = listed.records.first() else {
                break;
            };
            let parent = row.text("super_class.name").to_owned();
            lineage.push(std::mem::replace(&mut next, parent));
        }
        if lineage.is_empty() {
            let why = format!(
                "{TRACKER} has no table '{table}', or does not let this account read it in sys_db_object"
            );
            return Err(client::refused(Impossible::part("scope", why)));
        }
        Ok(lineage)
    }
}

/// What the dictionary's rows say. Rows of tables lower in the lineage count before those above.
fn read(lineage: Vec<String>, rows: &[wire::Record]) -> Meta {
    let mut meta = Meta::default();
    for table in lineage.iter().rev() {
        for row in rows.iter().filter(|row| row.text("name") == table) {
            let name = row.text("element");
            if row.value("active") == Some("false") || !is_name(name) {
                continue;
            }
            if row.text("display") == "true" {
                meta.display = Some(name.to_owned());
            }
            if name == "state" {
                let closed = attribute(row.text("attributes"), "close_states");
                let closed: Vec<String> = closed
                    .split(';')
                    .filter(|one| !one.is_empty())
                    .map(str::to_owned)
                    .collect();
                if !closed.is_empty() {
                    meta.close_states = closed;
                }
            }
            meta.columns.insert(name.to_owned(), column(row));
        }
    }
    if meta.display.is_none() {
        // ServiceNow falls back to these where no column is marked.
        let names = ["number", "name", "u_name"].into_iter();
        let mut there = names.filter(|name| meta.columns.contains_key(*name));
        meta.display = there.next().map(str::to_owned);
    }
    meta.lineage = lineage;
    meta
}

fn column(row: &wire::Record) -> Column {
    let text = |name: &str| row.text(name).to_owned();
    Column {
        label: text("column_label"),
        kind: text("internal_type"),
        max_chars: row.text("max_length").parse().ok().filter(|max| *max > 0),
        reference: Some(text("reference")).filter(|table| is_name(table)),
        // 1: with an empty one, 3: without, 2: only suggested.
        choice: matches!(row.text("choice"), "1" | "3"),
        mandatory: row.text("mandatory") == "true",
        read_only: row.text("read_only") == "true",
    }
}

/// One of the attributes of a dictionary's row: `a=1,b=2;3`.
fn attribute<'a>(attributes: &'a str, name: &str) -> &'a str {
    let mut pairs = attributes
        .split(',')
        .filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(key, _)| key.trim() == name)
        .map_or("", |(_, value)| value.trim())
}

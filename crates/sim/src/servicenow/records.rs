//! What an instance does when a record is written.

use super::ServiceNow;
use super::failure::Failure;
use super::hooks::Event;
use super::stamp::stamp;
use super::store::Row;
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// Who changes something, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct By<'a> {
    /// Whole seconds.
    pub(super) now: Timestamp,
    /// A login.
    pub(super) who: &'a str,
}

/// A field that is now another.
struct Change {
    column: String,
    old: String,
    new: String,
}

impl ServiceNow {
    /// Makes a record; its `sys_id`.
    pub(super) fn insert(
        &mut self,
        by: By<'_>,
        table: &str,
        fields: BTreeMap<String, String>,
    ) -> Result<String, Failure> {
        let mut row = Row {
            sys_id: self.store.new_id(),
            class: table.to_owned(),
            ..Row::default()
        };
        for column in self.site.columns(table) {
            let default = column.default.as_deref();
            // A record shows no flag as empty.
            let flag = (column.kind == "boolean").then_some("false");
            row.set(&column.name, default.or(flag).unwrap_or_default());
        }
        if self.site.column(table, "opened_by").is_some() {
            row.set("opened_by", self.user_id(by.who));
            row.set("opened_at", stamp(by.now));
        }
        for column in ["sys_created_on", "sys_updated_on"] {
            row.set(column, stamp(by.now));
        }
        row.set("sys_created_by", by.who);
        row.set("sys_updated_by", by.who);
        row.set("sys_mod_count", "0");
        let entries = self.fill(&mut row, fields);
        self.settle(&mut row);
        self.check(&row)?;
        if let Some(prefix) = self
            .site
            .table(table)
            .and_then(|table| table.prefix.clone())
        {
            row.set("number", self.store.new_number(&prefix));
        }
        let id = row.sys_id.clone();
        self.store.put(row);
        self.write_entries(by, &id, &entries);
        self.tell(by, &id, Event::Inserted);
        Ok(id)
    }

    /// Changes a record. Changes nothing, the update count included, when everything already is so.
    pub(super) fn update(
        &mut self,
        by: By<'_>,
        id: &str,
        fields: BTreeMap<String, String>,
    ) -> Result<(), Failure> {
        let before = self.store.get(id).cloned().ok_or_else(Failure::no_record)?;
        let mut row = before.clone();
        let entries = self.fill(&mut row, fields);
        self.settle(&mut row);
        let changes = differences(&before, &row);
        if changes.is_empty() && entries.is_empty() {
            return Ok(());
        }
        self.check(&row)?;
        self.commit(by, row, &changes);
        self.write_entries(by, id, &entries);
        let event = if entries.is_empty() {
            Event::Updated
        } else {
            Event::Commented
        };
        self.tell(by, id, event);
        Ok(())
    }

    /// Makes a record one of another table, which keeps its `sys_id` and number.
    pub(super) fn reclass(&mut self, by: By<'_>, id: &str, table: &str) {
        let Some(mut row) = self.store.get(id).cloned() else {
            return;
        };
        let was = std::mem::replace(&mut row.class, table.to_owned());
        let change = Change {
            column: "sys_class_name".to_owned(),
            old: was.clone(),
            new: table.to_owned(),
        };
        self.commit(by, row, &[change]);
        self.tell(by, id, Event::Moved { was });
    }

    fn commit(&mut self, by: By<'_>, mut row: Row, changes: &[Change]) {
        let count = row.get("sys_mod_count").parse::<u64>().unwrap_or(0) + 1;
        row.set("sys_mod_count", count.to_string());
        row.set("sys_updated_on", stamp(by.now));
        row.set("sys_updated_by", by.who);
        let audited = self
            .site
            .table(&row.class)
            .is_some_and(|table| table.audited);
        for change in changes.iter().filter(|_| audited) {
            let audit = [
                ("tablename", row.class.as_str()),
                ("documentkey", row.sys_id.as_str()),
                ("fieldname", change.column.as_str()),
                ("oldvalue", change.old.as_str()),
                ("newvalue", change.new.as_str()),
                ("user", by.who),
                ("record_checkpoint", row.get("sys_mod_count")),
            ];
            self.log(by, "sys_audit", &audit);
        }
        self.store.put(row);
    }

    /// Deletes a record.
    pub(super) fn remove(&mut self, by: By<'_>, id: &str) {
        self.tell(by, id, Event::Deleted);
        let Some(row) = self.store.take(id) else {
            return;
        };
        let shown = self
            .site
            .display_column(&row.class)
            .map(|column| row.get(&column.name).to_owned());
        let audit = [
            ("tablename", row.class.as_str()),
            ("documentkey", row.sys_id.as_str()),
            ("display_value", shown.as_deref().unwrap_or_default()),
        ];
        self.log(by, "sys_audit_delete", &audit);
        if self.site.is_a(&row.class, "task") {
            self.store.deleted.push(row);
        }
    }

    /// Sets fields; what was given for the journal is given back, by column.
    fn fill(&self, row: &mut Row, fields: BTreeMap<String, String>) -> Vec<(String, String)> {
        let mut entries = Vec::new();
        for (name, value) in fields {
            let journal = self
                .site
                .column(&row.class, &name)
                .is_some_and(super::site::Column::is_journal);
            if !journal {
                row.set(&name, value);
            } else if !value.trim().is_empty() {
                entries.push((name, value));
            }
        }
        entries
    }

    /// What follows from a record's fields: its priority, whether it is active.
    fn settle(&self, row: &mut Row) {
        if self.site.column(&row.class, "priority").is_some()
            && let (Ok(impact), Ok(urgency)) = (
                row.get("impact").parse::<u8>(),
                row.get("urgency").parse::<u8>(),
            )
        {
            // The rules that an instance comes with: the sum of both, less one.
            let priority = (impact + urgency).saturating_sub(1).clamp(1, 5);
            row.set("priority", priority.to_string());
        }
        let ends = self.site.table(&row.class).map(|table| &table.close_states);
        if let Some(ends) = ends.filter(|ends| !ends.is_empty()) {
            let closed = ends.iter().any(|state| state == row.get("state"));
            row.set("active", if closed { "false" } else { "true" });
        }
    }

    /// The data policies.
    fn check(&self, row: &Row) -> Result<(), Failure> {
        let ended = row.class == "incident" && matches!(row.get("state"), "6" | "7");
        if !self.site.switches.closing_needs_reasons || !ended {
            return Ok(());
        }
        let needed = [
            ("close_code", "Resolution code"),
            ("close_notes", "Resolution notes"),
        ];
        let missing = needed
            .iter()
            .filter(|(column, _)| row.get(column).is_empty());
        let missing: Vec<&str> = missing.map(|(_, label)| *label).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let labels = missing.join(", ");
        Err(Failure::policy(&format!(
            "Data Policy Exception: The following fields are mandatory: {labels}"
        )))
    }

    fn write_entries(&mut self, by: By<'_>, id: &str, entries: &[(String, String)]) {
        let class = self
            .store
            .get(id)
            .map_or_else(String::new, |row| row.class.clone());
        for (element, value) in entries {
            let entry = [
                ("name", class.as_str()),
                ("element", element.as_str()),
                ("element_id", id),
                ("value", value.as_str()),
            ];
            self.log(by, "sys_journal_field", &entry);
        }
    }

    /// Writes a record of the instance's own.
    pub(super) fn log(&mut self, by: By<'_>, class: &str, values: &[(&str, &str)]) -> String {
        let id = self.plant(class, values);
        if let Some(row) = self.store.get_mut(&id) {
            for column in ["sys_created_on", "sys_updated_on"] {
                row.set(column, stamp(by.now));
            }
            row.set("sys_created_by", by.who);
            row.set("sys_updated_by", by.who);
        }
        id
    }
}

fn differences(before: &Row, after: &Row) -> Vec<Change> {
    let mut columns: Vec<&String> = before.values.keys().chain(after.values.keys()).collect();
    columns.sort();
    columns.dedup();
    let changed = columns
        .into_iter()
        .filter(|column| before.get(column) != after.get(column));
    changed
        .map(|column| Change {
            column: column.clone(),
            old: before.get(column).to_owned(),
            new: after.get(column).to_owned(),
        })
        .collect()
}

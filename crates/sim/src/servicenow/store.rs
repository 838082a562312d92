//! The records of all tables, by `sys_id`.

use std::collections::{BTreeMap, BTreeSet};

/// A record. Times are texts in UTC, as the database has them; an empty field is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) sys_id: String,
    /// The table that it is a record of, which need not be the one that it is asked for by.
    pub(super) class: String,
    pub(super) values: BTreeMap<String, String>,
    /// The status with which the API denies it, while it does.
    pub(super) hidden: Option<u16>,
}

impl Row {
    /// A field's value; empty where there is none.
    pub(super) fn get(&self, column: &str) -> &str {
        match column {
            "sys_id" => &self.sys_id,
            "sys_class_name" => &self.class,
            other => self.values.get(other).map_or("", String::as_str),
        }
    }

    /// Sets a field.
    pub(super) fn set(&mut self, column: &str, value: impl Into<String>) {
        let value = value.into();
        if value.is_empty() {
            self.values.remove(column);
        } else {
            self.values.insert(column.to_owned(), value);
        }
    }
}

/// All records.
#[derive(Debug, Default)]
pub(super) struct Store {
    rows: BTreeMap<String, Row>,
    classes: BTreeMap<String, BTreeSet<String>>,
    /// Deleted records of tasks, for the dump.
    pub(super) deleted: Vec<Row>,
    newest: u64,
    numbers: BTreeMap<String, u64>,
}

impl Store {
    /// A new `sys_id`. Real ones are in no order; these rise, so that records of one second have the order of their creation.
    pub(super) fn new_id(&mut self) -> String {
        self.newest += 1;
        let rest = crate::call::hmac_sha256_hex("sys_id", &self.newest.to_be_bytes());
        format!("{:08x}{}", self.newest, &rest[..24])
    }

    /// The next number of a table: `INC0010001`.
    pub(super) fn new_number(&mut self, prefix: &str) -> String {
        let number = self.numbers.entry(prefix.to_owned()).or_insert(10_000);
        *number += 1;
        format!("{prefix}{number:07}")
    }

    pub(super) fn put(&mut self, row: Row) {
        if let Some(before) = self.rows.get(&row.sys_id)
            && before.class != row.class
            && let Some(ids) = self.classes.get_mut(&before.class)
        {
            ids.remove(&row.sys_id);
        }
        let ids = self.classes.entry(row.class.clone()).or_default();
        ids.insert(row.sys_id.clone());
        self.rows.insert(row.sys_id.clone(), row);
    }

    pub(super) fn take(&mut self, sys_id: &str) -> Option<Row> {
        let row = self.rows.remove(sys_id)?;
        if let Some(ids) = self.classes.get_mut(&row.class) {
            ids.remove(sys_id);
        }
        Some(row)
    }

    pub(super) fn get(&self, sys_id: &str) -> Option<&Row> {
        self.rows.get(sys_id)
    }

    pub(super) fn get_mut(&mut self, sys_id: &str) -> Option<&mut Row> {
        self.rows.get_mut(sys_id)
    }

    /// The records of one class, in the order of their creation.
    pub(super) fn of_class<'a>(&'a self, class: &str) -> impl Iterator<Item = &'a Row> + use<'a> {
        let ids = self.classes.get(class).into_iter().flatten();
        ids.filter_map(|id| self.rows.get(id))
    }

    /// The first record of a class with a value.
    pub(super) fn find(&self, class: &str, column: &str, value: &str) -> Option<&Row> {
        self.of_class(class).find(|row| row.get(column) == value)
    }
}

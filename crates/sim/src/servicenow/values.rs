//! What a write makes of the values that it is given.

use super::ServiceNow;
use super::site::Column;
use super::stamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

impl ServiceNow {
    /// The values of a request's body as the database takes them. What is no column, and what the account may not write, is
    /// dropped without a word.
    pub(super) fn accepted(
        &self,
        table: &str,
        body: &Map<String, Value>,
    ) -> BTreeMap<String, String> {
        let mut accepted = BTreeMap::new();
        for (name, value) in body {
            let forbidden =
                name.starts_with("sys_") || self.site.switches.unwritable.contains(name);
            let Some(column) = self.site.column(table, name).filter(|_| !forbidden) else {
                continue;
            };
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            accepted.insert(name.clone(), self.stored(column, &text));
        }
        accepted
    }

    /// A value as its column keeps it: what does not fit is cut, and what is of another kind is empty.
    pub(super) fn stored(&self, column: &Column, text: &str) -> String {
        let when = |fits: bool| if fits { text.to_owned() } else { String::new() };
        match column.kind.as_str() {
            "boolean" => if matches!(text, "true" | "1") {
                "true"
            } else {
                "false"
            }
            .to_owned(),
            "integer" | "longint" => when(text.parse::<i64>().is_ok()),
            "decimal" | "float" => when(text.parse::<f64>().is_ok()),
            "glide_date" => when(stamp::is_day(text)),
            "glide_date_time" => when(stamp::read(text).is_some()),
            "reference" => self.referred(column, text),
            "glide_list" => {
                let parts = text
                    .split(',')
                    .map(str::trim)
                    .filter(|part| !part.is_empty());
                let parts: Vec<String> = parts.map(|part| self.referred(column, part)).collect();
                parts.join(",")
            }
            "journal" | "journal_input" => text.to_owned(),
            _ => text.chars().take(column.max_length).collect(),
        }
    }

    /// The `sys_id` of a record that is named by its display value; one that nothing has is kept as it is, whatever it is.
    fn referred(&self, column: &Column, text: &str) -> String {
        let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let Some(table) = column
            .reference
            .as_deref()
            .filter(|_| !is_id && !text.is_empty())
        else {
            return text.to_owned();
        };
        let Some(display) = self.site.display_column(table) else {
            return String::new();
        };
        let classes = self
            .site
            .tables
            .iter()
            .filter(|one| self.site.is_a(&one.name, table));
        let mut rows = classes.flat_map(|one| self.store.of_class(&one.name));
        let named = rows.find(|row| row.get(&display.name) == text);
        named.map_or_else(String::new, |row| row.sys_id.clone())
    }
}

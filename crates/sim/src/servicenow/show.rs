//! How records look in the API's answers.
//!
//! Source: <https://www.servicenow.com/docs/> (Table API, `sysparm_display_value`), KB0534905: `value` is the database's, times in
//! UTC; `display_value` is what the account sees, in its time zone.

use super::ServiceNow;
use super::site::Column;
use super::stamp::displayed;
use super::store::Row;
use crate::call::Call;
use serde_json::{Map, Value, json};

/// Which of its two values a field shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Actual,
    Display,
    All,
}

/// What a request wants to see of records.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    form: Form,
    /// Paths of fields; all of the table's own when there are none.
    fields: Vec<String>,
    links: bool,
}

impl Wanted {
    /// From a request's parameters.
    pub(super) fn of(call: &Call<'_>) -> Self {
        let fields = call.param("sysparm_fields").unwrap_or_default().split(',');
        Self {
            form: match call.param("sysparm_display_value") {
                Some("true") => Form::Display,
                Some("all") => Form::All,
                _ => Form::Actual,
            },
            fields: fields
                .map(str::trim)
                .filter(|field| !field.is_empty())
                .map(str::to_owned)
                .collect(),
            links: call.param("sysparm_exclude_reference_link") != Some("true"),
        }
    }
}

impl ServiceNow {
    /// A record.
    pub(super) fn record(&self, row: &Row, wanted: &Wanted) -> Value {
        let mut out = Map::new();
        if wanted.fields.is_empty() {
            for column in self.site.columns(&row.class) {
                out.insert(column.name.clone(), self.cell(row, column, wanted));
            }
            return Value::Object(out);
        }
        for path in &wanted.fields {
            let Some(column) = self.column_of_path(&row.class, path) else {
                continue;
            };
            let at = path
                .rsplit_once('.')
                .map(|(through, _)| self.walk(row, through));
            let cell = match at {
                None => self.cell(row, column, wanted),
                Some(id) => match self.store.get(&id) {
                    Some(there) => self.cell(there, column, wanted),
                    None => self.cell(&Row::default(), column, wanted),
                },
            };
            out.insert(path.clone(), cell);
        }
        Value::Object(out)
    }

    fn cell(&self, row: &Row, column: &Column, wanted: &Wanted) -> Value {
        // A journal has no value of its own: its entries are records of another table.
        let value = if column.is_journal() {
            ""
        } else {
            row.get(&column.name)
        };
        let link = self.link(column, value).filter(|_| wanted.links);
        match (wanted.form, link) {
            (Form::Actual, Some(link)) => json!({ "link": link, "value": value }),
            (Form::Actual, None) => json!(value),
            (Form::Display, Some(link)) => {
                json!({ "display_value": self.shown(row, column), "link": link })
            }
            (Form::Display, None) => json!(self.shown(row, column)),
            (Form::All, link) => {
                let mut out = json!({ "display_value": self.shown(row, column), "value": value });
                if let Some(link) = link {
                    out["link"] = json!(link);
                }
                out
            }
        }
    }

    fn link(&self, column: &Column, value: &str) -> Option<String> {
        if value.is_empty() {
            return None;
        }
        match column.kind.as_str() {
            "reference" => {
                let table = column.reference.as_deref()?;
                Some(format!("{}/api/now/table/{table}/{value}", self.base_url))
            }
            "name_reference" => Some(format!(
                "{}/api/now/table/sys_db_object?name={value}",
                self.base_url
            )),
            _ => None,
        }
    }

    /// What a person sees of a field.
    pub(super) fn shown(&self, row: &Row, column: &Column) -> String {
        let value = row.get(&column.name);
        let chosen = column.choices.iter().find(|(choice, _)| choice == value);
        if let Some((_, label)) = chosen {
            return label.clone();
        }
        match column.kind.as_str() {
            "reference" => self.shown_reference(value),
            "glide_list" if column.reference.is_some() => {
                let shown = value.split(',').map(|id| self.shown_reference(id));
                shown.collect::<Vec<_>>().join(", ")
            }
            "glide_date_time" => displayed(value, self.site.switches.display_offset_hours),
            "sys_class_name" => {
                let table = self.site.table(value);
                table.map_or_else(|| value.to_owned(), |table| table.label.clone())
            }
            "journal" | "journal_input" => self.shown_journal(row, column),
            _ => value.to_owned(),
        }
    }

    fn shown_reference(&self, id: &str) -> String {
        let row = self.store.get(id);
        let display = row.and_then(|row| self.site.display_column(&row.class));
        row.zip(display).map_or_else(String::new, |(row, column)| {
            row.get(&column.name).to_owned()
        })
    }

    /// All entries in one text, the newest first.
    fn shown_journal(&self, row: &Row, column: &Column) -> String {
        let entries = self
            .entries(&row.sys_id)
            .filter(|entry| entry.get("element") == column.name);
        let offset = self.site.switches.display_offset_hours;
        let mut texts: Vec<String> = entries
            .map(|entry| {
                let by = self
                    .store
                    .find("sys_user", "user_name", entry.get("sys_created_by"));
                let by = by.map_or(entry.get("sys_created_by"), |user| user.get("name"));
                let at = displayed(entry.get("sys_created_on"), offset);
                format!("{at} - {by} ({})\n{}\n\n", column.label, entry.get("value"))
            })
            .collect();
        texts.reverse();
        texts.concat()
    }

    /// The journal's entries of a record, in the order of their creation.
    pub(super) fn entries<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Row> {
        let entries = self.store.of_class("sys_journal_field");
        entries.filter(move |entry| entry.get("element_id") == id)
    }
}

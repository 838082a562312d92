//! The state in the form that all simulators share.

use super::ServiceNow;
use super::stamp;
use super::store::Row;
use crate::dump::{Dump, DumpComment, DumpItem};
use serde_json::json;
use std::collections::BTreeMap;

/// Fields that have a place of their own in the dump.
const PLACED: [&str; 6] = [
    "number",
    "short_description",
    "description",
    "state",
    "assigned_to",
    super::control::LABELS,
];

impl ServiceNow {
    pub(super) fn dump_all(&self) -> Dump {
        let tables = self
            .site
            .tables
            .iter()
            .filter(|table| self.site.is_a(&table.name, "task"));
        let living = tables.flat_map(|table| self.store.of_class(&table.name));
        let living = living.map(|row| (row, false));
        let deleted = self.store.deleted.iter().map(|row| (row, true));
        let mut rows: Vec<(&Row, bool)> = living.chain(deleted).collect();
        rows.sort_by(|(a, _), (b, _)| a.sys_id.cmp(&b.sys_id));
        Dump {
            tracker: "servicenow".to_owned(),
            items: rows
                .into_iter()
                .map(|(row, deleted)| self.dump_item(row, deleted))
                .collect(),
        }
    }

    fn dump_item(&self, row: &Row, deleted: bool) -> DumpItem {
        let state = self.site.column(&row.class, "state");
        let fields = row
            .values
            .iter()
            .filter(|(name, _)| !PLACED.contains(&name.as_str()));
        let fields = fields.filter(|(name, _)| !name.starts_with("sys_"));
        let mut labels: Vec<String> = row
            .get(super::control::LABELS)
            .split(',')
            .filter(|label| !label.is_empty())
            .map(str::to_owned)
            .collect();
        labels.sort();
        let assignee = Some(row.get("assigned_to")).filter(|id| !id.is_empty());
        DumpItem {
            attachments: self.dump_files(&row.sys_id),
            key: row.get("number").to_owned(),
            id: row.sys_id.clone(),
            container: row.class.clone(),
            title: row.get("short_description").to_owned(),
            body: row.get("description").to_owned(),
            status: state.map_or_else(String::new, |column| self.shown(row, column)),
            labels,
            assignees: assignee.map(|id| self.login_of(id)).into_iter().collect(),
            fields: fields
                .map(|(name, value)| (name.clone(), json!(value)))
                .collect::<BTreeMap<_, _>>(),
            comments: self.entries(&row.sys_id).map(comment).collect(),
            created: instant(row.get("sys_created_on")),
            updated: instant(row.get("sys_updated_on")),
            deleted,
            hidden: row.hidden.is_some(),
        }
    }
}

fn comment(entry: &Row) -> DumpComment {
    DumpComment {
        id: entry.sys_id.clone(),
        author: entry.get("sys_created_by").to_owned(),
        body: entry.get("value").to_owned(),
        channel: entry.get("element").to_owned(),
        created: instant(entry.get("sys_created_on")),
    }
}

fn instant(text: &str) -> String {
    stamp::read(text).map_or_else(|| text.to_owned(), |at| at.to_string())
}

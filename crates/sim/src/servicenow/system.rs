//! The tables that every instance has: people, dictionary, choices, journal, audit.
//!
//! Source of their columns: <https://www.servicenow.com/docs/> (System Dictionary, Sys Audit table, Journal field type), and the
//! records that public clients read.

use super::site::{Column, Table};

/// What every record has.
fn record() -> Vec<Column> {
    let time = |name: &str, label: &str| Column::new(name, label, "glide_date_time");
    vec![
        Column::new("sys_id", "Sys ID", "GUID"),
        time("sys_created_on", "Created").read_only(),
        Column::string("sys_created_by", "Created by", 40).read_only(),
        time("sys_updated_on", "Updated").read_only(),
        Column::string("sys_updated_by", "Updated by", 40).read_only(),
        Column::new("sys_mod_count", "Updates", "integer").read_only(),
    ]
}

/// A table of its own with the columns that every record has.
pub(super) fn base(name: &str, label: &str) -> Table {
    Table::new(name, label).with(record())
}

/// The instance's own tables.
pub(super) fn tables() -> Vec<Table> {
    let text = |name: &str| Column::string(name, name, 255);
    let flag = |name: &str| Column::new(name, name, "boolean");
    vec![
        base("sys_user", "User").with([
            Column::string("user_name", "User ID", 40),
            Column::string("name", "Name", 151).display(),
            Column::string("email", "Email", 100),
            flag("active"),
            text("time_zone"),
        ]),
        base("sys_user_group", "Group")
            .with([Column::string("name", "Name", 80).display(), flag("active")]),
        base("cmdb_ci", "Configuration Item").with([Column::string("name", "Name", 255).display()]),
        base("sys_db_object", "Tables").with([
            text("name").display(),
            text("label"),
            Column::reference("super_class", "Extends table", "sys_db_object"),
        ]),
        base("sys_dictionary", "Dictionary Entry").with([
            text("name"),
            text("element"),
            text("column_label"),
            Column::new("internal_type", "Type", "name_reference"),
            Column::new("max_length", "Max length", "integer"),
            Column::new("reference", "Reference", "name_reference"),
            Column::new("choice", "Choice", "integer"),
            flag("mandatory"),
            flag("read_only"),
            flag("active"),
            flag("display"),
            text("attributes"),
        ]),
        base("sys_choice", "Choice").with([
            text("name"),
            text("element"),
            text("value"),
            text("label").display(),
            text("language"),
            Column::new("sequence", "Sequence", "integer"),
            flag("inactive"),
        ]),
        base("sys_journal_field", "Journal Entry").with([
            text("name"),
            text("element"),
            text("element_id"),
            Column::string("value", "Value", 16_000_000),
        ]),
        base("sys_audit", "Sys Audit").with([
            text("tablename"),
            text("documentkey"),
            text("fieldname"),
            Column::string("oldvalue", "Old value", 16_000_000),
            Column::string("newvalue", "New value", 16_000_000),
            text("user"),
            Column::new("record_checkpoint", "Update count", "integer"),
        ]),
        base("sys_audit_delete", "Audit Deleted Record").with([
            text("tablename"),
            text("documentkey"),
            text("display_value"),
        ]),
    ]
}

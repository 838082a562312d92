//! Accounts, and the records that an instance has from its beginning.

use super::ServiceNow;
use super::site::{Column, Person, Site};
use super::stamp::stamp;
use super::store::Row;
use twinline_core::time::Timestamp;

impl ServiceNow {
    /// The `sys_id` of a person's record; empty where there is none.
    pub(super) fn user_id(&self, login: &str) -> String {
        let user = self.store.find("sys_user", "user_name", login);
        user.map_or_else(String::new, |user| user.sys_id.clone())
    }

    /// The login of a person's record.
    pub(super) fn login_of(&self, sys_id: &str) -> String {
        let user = self.store.get(sys_id);
        user.map_or_else(
            || sys_id.to_owned(),
            |user| user.get("user_name").to_owned(),
        )
    }

    /// The account of a password or token.
    pub(super) fn account(&self, authorization: Option<&str>) -> Option<&Person> {
        use base64::Engine;
        let (kind, given) = authorization?.split_once(' ')?;
        let active = |person: &&Person| person.active;
        if kind.eq_ignore_ascii_case("bearer") {
            let mut people = self.site.people.iter().filter(active);
            return people.find(|person| person.token.as_deref() == Some(given));
        }
        let decoded = base64::engine::general_purpose::STANDARD
            .decode(given)
            .ok()?;
        let pair = String::from_utf8(decoded).ok()?;
        let (login, password) = pair.split_once(':')?;
        let person = self.site.person(login).filter(active)?;
        (person.password.as_deref() == Some(password)).then_some(person)
    }

    /// Puts a record in as the instance's own set-up does: no audit, no webhook.
    pub(super) fn plant(&mut self, class: &str, values: &[(&str, &str)]) -> String {
        let mut row = Row {
            sys_id: self.store.new_id(),
            class: class.to_owned(),
            ..Row::default()
        };
        for (column, value) in values {
            row.set(column, *value);
        }
        for column in ["sys_created_on", "sys_updated_on"] {
            row.set(column, stamp(Timestamp::EPOCH));
        }
        row.set("sys_created_by", "system");
        row.set("sys_updated_by", "system");
        row.set("sys_mod_count", "0");
        let id = row.sys_id.clone();
        self.store.put(row);
        id
    }

    /// People, groups, configuration items, and the records that describe the tables.
    pub(super) fn populate(&mut self) {
        let site = self.site.clone();
        for person in &site.people {
            let active = if person.active { "true" } else { "false" };
            self.plant(
                "sys_user",
                &[
                    ("user_name", &person.login),
                    ("name", &person.name),
                    ("email", &person.email),
                    ("active", active),
                ],
            );
        }
        for group in &site.groups {
            self.plant("sys_user_group", &[("name", group), ("active", "true")]);
        }
        for item in &site.configuration_items {
            self.plant("cmdb_ci", &[("name", item)]);
        }
        self.describe(&site);
    }

    fn describe(&mut self, site: &Site) {
        for table in &site.tables {
            let parent = table.parent.as_deref().unwrap_or_default();
            let parent = self.store.find("sys_db_object", "name", parent);
            let parent = parent.map_or_else(String::new, |row| row.sys_id.clone());
            self.plant(
                "sys_db_object",
                &[
                    ("name", &table.name),
                    ("label", &table.label),
                    ("super_class", &parent),
                ],
            );
            let collection = [
                ("name", table.name.as_str()),
                ("internal_type", "collection"),
                ("active", "true"),
            ];
            self.plant("sys_dictionary", &collection);
            for column in &table.columns {
                self.describe_column(&table.name, &table.close_states, column);
            }
        }
    }

    fn describe_column(&mut self, table: &str, close_states: &[String], column: &Column) {
        let flag = |yes: bool| if yes { "true" } else { "false" };
        let attributes = match column.name.as_str() {
            "state" if !close_states.is_empty() => {
                format!("close_states={}", close_states.join(";"))
            }
            _ => String::new(),
        };
        self.plant(
            "sys_dictionary",
            &[
                ("name", table),
                ("element", &column.name),
                ("column_label", &column.label),
                ("internal_type", &column.kind),
                ("max_length", &column.max_length.to_string()),
                ("reference", column.reference.as_deref().unwrap_or_default()),
                ("choice", if column.choices.is_empty() { "0" } else { "1" }),
                ("mandatory", flag(column.mandatory)),
                ("read_only", flag(column.read_only)),
                ("display", flag(column.display)),
                ("active", "true"),
                ("attributes", &attributes),
            ],
        );
        for (position, (value, label)) in column.choices.iter().enumerate() {
            self.plant(
                "sys_choice",
                &[
                    ("name", table),
                    ("element", &column.name),
                    ("value", value),
                    ("label", label),
                    ("language", "en"),
                    ("sequence", &position.to_string()),
                    ("inactive", "false"),
                ],
            );
        }
    }
}

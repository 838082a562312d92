//! From our words to Zendesk's.

use super::account::{Account, CLOSED};
use super::people::is_makeable;
use super::{SUMMARY_MAX_CHARS, decode, text, wire};
use crate::connector::Impossible;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::effect::FieldWrite;
use twinline_core::item::{Choice, Value, field};
use twinline_core::names::FieldName;

/// A write of fields, sorted into requests.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Writes {
    /// The `ticket` object, without custom fields.
    pub(super) ticket: Map<String, Json>,
    /// Custom fields by id.
    pub(super) custom: BTreeMap<u64, Json>,
    /// The new text, for a ticket that is made.
    pub(super) description: Option<String>,
    /// Tags, which have requests of their own.
    pub(super) tags: Option<Tags>,
    /// Fields that Zendesk cannot take, with the reason.
    pub(super) waived: BTreeMap<FieldName, String>,
}

/// What becomes of tags.
#[derive(Debug, PartialEq)]
pub(super) enum Tags {
    /// All of them are these, but for those that fields put there.
    All(BTreeSet<String>),
    /// Some are added and some taken away.
    Elements {
        add: BTreeSet<String>,
        remove: BTreeSet<String>,
    },
}

impl Writes {
    /// Sorts a write's fields.
    pub(super) fn of(
        fields: &BTreeMap<FieldName, FieldWrite>,
        account: &Account,
    ) -> Result<Self, Impossible> {
        let mut writes = Self::default();
        for (name, write) in fields {
            match write {
                FieldWrite::Replace(value) => writes.replace(name, value, account)?,
                FieldWrite::Elements { add, remove } if name.as_str() == field::LABELS => {
                    let tags = |of: &BTreeSet<String>| of.iter().map(|one| tag(one)).collect();
                    writes.tags = Some(Tags::Elements {
                        add: tags(add),
                        remove: tags(remove),
                    });
                }
                FieldWrite::Elements { .. } => writes.waive(name, "has no elements"),
            }
        }
        Ok(writes)
    }

    fn replace(
        &mut self,
        name: &FieldName,
        value: &Value,
        account: &Account,
    ) -> Result<(), Impossible> {
        let put = |writes: &mut Self, theirs: &str, json: Json| {
            writes.ticket.insert(theirs.to_owned(), json);
        };
        match (name.as_str(), normalise(name, value, Some(account))) {
            (field::SUMMARY, Value::Text(subject)) => put(self, "subject", json!(subject)),
            (field::SUMMARY, _) => return Err(Impossible::value(name, "Zendesk needs a subject")),
            (field::DESCRIPTION, Value::Rich(document)) => {
                self.description = Some(text::write(&document));
            }
            (field::DESCRIPTION, _) => self.description = None,
            (field::STATUS, Value::Choice(status)) => {
                let (theirs, json) = status_of(&status, account).ok_or_else(|| {
                    Impossible::value(name, format!("'{}' is no status", status.name))
                })?;
                put(self, theirs, json);
            }
            (field::STATUS, _) => return Err(Impossible::value(name, "is no status")),
            (field::PRIORITY | field::TYPE, value) => {
                let json = match &value {
                    Value::Empty => Json::Null,
                    Value::Choice(choice) => json!(choice.id),
                    _ => return Err(Impossible::value(name, "has a value of another kind")),
                };
                put(self, name.as_str(), json);
            }
            (field::LABELS, Value::Set(labels)) => self.tags = Some(Tags::All(labels)),
            (field::ASSIGNEE, Value::Empty) => put(self, "assignee_id", Json::Null),
            (field::ASSIGNEE, Value::User(user)) => put(self, "assignee_id", id(name, &user.id)?),
            (field::REPORTER, Value::User(user)) if is_makeable(&user) => {
                let requester = json!({ "name": user.name, "email": user.email });
                put(self, "requester", requester);
            }
            (field::REPORTER, Value::User(user)) => put(self, "requester_id", id(name, &user.id)?),
            (field::REPORTER, _) => self.waive(name, "is never empty"),
            (field::DUE | field::CREATED | field::UPDATED, _) => {
                self.waive(name, "cannot be written");
            }
            (other, value) => {
                let field = other.parse().ok().and_then(|id| account.fields.get(&id));
                match field {
                    Some(field) => {
                        let json = custom(field, &value).ok_or_else(|| {
                            let why = "has a value of a kind that this field cannot hold";
                            Impossible::value(name, why)
                        })?;
                        self.custom.insert(field.id, json);
                    }
                    None => self.waive(name, "does not exist"),
                }
            }
        }
        Ok(())
    }

    fn waive(&mut self, name: &FieldName, why: &str) {
        let sentence = format!("{name} {why} at Zendesk");
        self.waived.insert(name.clone(), sentence);
    }

    /// The `ticket` object of a request.
    pub(super) fn body(&self) -> Map<String, Json> {
        let mut ticket = self.ticket.clone();
        if !self.custom.is_empty() {
            let fields = self.custom.iter();
            let fields = fields.map(|(id, value)| json!({ "id": id, "value": value }));
            ticket.insert("custom_fields".to_owned(), fields.collect());
        }
        ticket
    }

    /// Whether the ticket itself is not written to.
    pub(super) fn is_bare(&self) -> bool {
        self.ticket.is_empty() && self.custom.is_empty()
    }
}

fn id(name: &FieldName, id: &str) -> Result<Json, Impossible> {
    let id: Result<u64, _> = id.parse();
    id.map(|id| json!(id))
        .map_err(|_| Impossible::value(name, "names nobody whom Zendesk knows by id"))
}

/// The attribute that sets a status, and its value.
fn status_of(status: &Choice, account: &Account) -> Option<(&'static str, Json)> {
    let same = |name: &str| name.eq_ignore_ascii_case(&status.name) || name == status.id;
    let all = account.all_statuses();
    let (known, category) = all
        .iter()
        .find(|(known, _)| known.id == status.id)
        .or_else(|| all.iter().find(|(known, _)| same(&known.name)))
        .or_else(|| all.iter().find(|(_, category)| same(category)))?;
    match known.id.parse::<u64>() {
        Ok(id) if category != CLOSED => Some(("custom_status_id", json!(id))),
        _ => Some(("status", json!(category))),
    }
}

/// One line without white space at its ends.
pub(super) fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Zendesk's tags are in small letters and have no white space.
pub(super) fn tag(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join("_")
        .to_lowercase()
}

/// The value that Zendesk would give back. What a custom field makes of it is known once the account is.
pub(super) fn normalise(name: &FieldName, value: &Value, account: Option<&Account>) -> Value {
    match (name.as_str(), value) {
        // A ticket without tags has an empty set of them.
        (field::LABELS, value) if value.is_empty() => Value::Set(BTreeSet::new()),
        (_, value) if value.is_empty() => Value::Empty,
        (field::SUMMARY, Value::Text(subject)) => {
            let cut: String = line(subject).chars().take(SUMMARY_MAX_CHARS).collect();
            match cut.trim_end() {
                "" => Value::Empty,
                cut => Value::text(cut),
            }
        }
        (field::LABELS, Value::Set(labels)) => {
            let tags = labels.iter().map(|label| tag(label));
            Value::Set(tags.filter(|tag| !tag.is_empty()).collect())
        }
        (field::DESCRIPTION, Value::Rich(document)) => {
            let document = text::description(text::normalised(document));
            document.map_or(Value::Empty, Value::Rich)
        }
        (field::PRIORITY | field::TYPE, Value::Text(text)) => {
            Value::Choice(decode::named(&text.trim().to_lowercase()))
        }
        (field::STATUS, Value::Text(text)) => Value::Choice(Choice {
            id: text.clone(),
            name: text.clone(),
        }),
        (other, value) => {
            let id = other.parse().ok();
            let field = account.and_then(|account| account.fields.get(&id?));
            field.map_or_else(|| plain_number(value), |field| of_field(field, value))
        }
    }
}

fn plain_number(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::number(number.clone()),
        other => other.clone(),
    }
}

/// A value as a custom field of this type gives it back.
fn of_field(field: &wire::Field, value: &Value) -> Value {
    let option = |text: &str| {
        let mut options = field.custom_field_options.iter();
        let known = options.find(|option| option.value == text || option.name == text);
        decode::option(
            Some(field),
            known.map_or(text, |known| known.value.as_str()),
        )
    };
    match (field.kind.as_str(), value) {
        ("tagger", Value::Text(text)) => Value::Choice(option(text)),
        ("multiselect", Value::Text(text)) => Value::Choices(BTreeSet::from([option(text)])),
        ("multiselect", Value::Choice(one)) => Value::Choices(BTreeSet::from([one.clone()])),
        ("multiselect", Value::Set(texts)) => {
            Value::Choices(texts.iter().map(|text| option(text)).collect())
        }
        ("integer" | "decimal", Value::Text(text)) => {
            decode::number(&json!(text)).unwrap_or_else(|| value.clone())
        }
        ("text" | "textarea" | "regexp", Value::Rich(document)) => Value::Text(document.plain()),
        ("text" | "textarea" | "regexp", Value::Number(number)) => Value::Text(number.to_string()),
        ("text" | "textarea" | "regexp", Value::Choice(choice)) => Value::text(&choice.name),
        ("text" | "textarea" | "regexp", Value::Date(day)) => Value::text(day),
        ("textarea", Value::Text(text)) => Value::Text(text.replace("\r\n", "\n")),
        (_, other) => plain_number(other),
    }
}

/// A value as a custom field of a request; `None` where the field cannot hold it.
fn custom(field: &wire::Field, value: &Value) -> Option<Json> {
    Some(match (field.kind.as_str(), value) {
        ("multiselect", Value::Empty) => json!([]),
        (_, Value::Empty) => Json::Null,
        ("checkbox", Value::Bool(yes)) => json!(yes),
        ("date", Value::Date(day)) => json!(day),
        ("integer" | "decimal", Value::Number(number)) => Json::Number(number.clone()),
        ("tagger", Value::Choice(choice)) => json!(choice.id),
        ("multiselect", Value::Choices(choices)) => {
            choices.iter().map(|choice| json!(choice.id)).collect()
        }
        ("lookup", Value::User(user)) if !user.id.is_empty() => json!(user.id),
        ("lookup" | "text" | "textarea" | "regexp", Value::Text(text)) => json!(text),
        (
            "checkbox" | "date" | "integer" | "decimal" | "tagger" | "multiselect" | "lookup"
            | "text" | "textarea" | "regexp",
            _,
        ) => return None,
        (_, Value::Text(text)) => json!(text),
        (_, Value::Json(json)) => json.clone(),
        _ => return None,
    })
}

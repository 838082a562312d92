//! From an API's JSON to our words.

use super::description::{
    CHANNEL_INTERNAL, CHANNEL_PUBLIC, Comments, Description, Field, Kind, Model, Parts, Path, plain,
};
use super::{encode, text};
use serde_json::{Number, Value as Json};
use std::collections::BTreeMap;
use twinline_core::item::{Choice, Comment, Item, ItemId, ItemRef, User, Value, Version, field};
use twinline_core::marker::Marker;
use twinline_core::names::{FieldName, NodeName};
use twinline_core::time::Timestamp;

/// Where an answer is not what the description says, and what is missing there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) at: String,
    pub(super) what: String,
}

impl Missing {
    fn new(at: &Path, what: &str) -> Self {
        Self {
            at: at.to_string(),
            what: what.to_owned(),
        }
    }
}

/// Reads one node's items.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) description: &'a Description,
    pub(super) node: &'a NodeName,
    /// The node's address without a slash at its end.
    pub(super) base: &'a str,
}

impl Reader<'_> {
    const fn model(&self) -> &Model {
        &self.description.model
    }

    /// An item's id.
    pub(super) fn id(&self, raw: &Json) -> Result<String, Missing> {
        let path = &self.model().item.id;
        path.text(raw)
            .ok_or_else(|| Missing::new(path, "no id is there"))
    }

    /// Which item.
    pub(super) fn reference(&self, raw: &Json) -> Result<ItemRef, Missing> {
        let id = self.id(raw)?;
        let shape = &self.model().item;
        let at = |slot: &str| match slot {
            "base" => Some(self.base.to_owned()),
            path => Path::try_from(path.to_owned()).ok()?.text(raw),
        };
        let missing = |key: &str| Missing {
            at: key.to_owned(),
            what: "a part of it is missing".to_owned(),
        };
        Ok(ItemRef {
            item: ItemId {
                node: self.node.clone(),
                id,
            },
            key: shape.key.fill(at).ok_or_else(|| missing("item.key"))?,
            url: shape.url.fill(at).ok_or_else(|| missing("item.url"))?,
        })
    }

    /// When an item was last changed.
    pub(super) fn version(&self, raw: &Json) -> Result<Version, Missing> {
        let path = &self.model().item.updated;
        let there = path
            .of(raw)
            .ok_or_else(|| Missing::new(path, "no stamp is there"))?;
        let stamp = self.model().time.read(there);
        Ok(Version {
            revision: None,
            updated: stamp.ok_or_else(|| {
                Missing::new(
                    path,
                    "what is there is no instant of the description's time.format",
                )
            })?,
            resolution_ms: self.model().time.resolution_ms,
            token: None,
        })
    }

    /// When an item was made; `None`: it does not say.
    pub(super) fn created(&self, raw: &Json) -> Option<Timestamp> {
        let created = self.model().item.created.as_ref()?.of(raw)?;
        self.model().time.read(created)
    }

    /// The marker that an item carries.
    pub(super) fn marker(&self, raw: &Json) -> Option<Marker> {
        let place = self.model().marker.as_ref()?;
        match &place.path {
            Some(path) => Marker::parse(path.of(raw)?.as_str()?.trim()),
            None => {
                let description = self.model().fields.get(field::DESCRIPTION)?;
                text::split(self.model().texts, description.path.of(raw)?.as_str()?).1
            }
        }
    }

    /// An item without its comments.
    pub(super) fn item(&self, raw: &Json) -> Result<Item, Missing> {
        let fields = self.fields(raw);
        if !fields.contains_key(field::SUMMARY) {
            let path = self
                .model()
                .fields
                .get(field::SUMMARY)
                .map(|field| field.path.clone());
            return Err(Missing::new(&path.unwrap_or_default(), "no title is there"));
        }
        let scope = self.model().scope.iter().filter_map(|(name, key)| {
            let value = match &key.path {
                Some(path) => path.text(raw),
                None => key.value.clone(),
            };
            Some((name.clone(), value?))
        });
        Ok(Item {
            reference: self.reference(raw)?,
            fields,
            comments: None,
            attachments: Some(Vec::new()),
            version: self.version(raw)?,
            marker: self.marker(raw),
            scope: scope.collect(),
        })
    }

    /// Every field that an item shows.
    pub(super) fn fields(&self, raw: &Json) -> BTreeMap<FieldName, Value> {
        let fields = self.model().fields.iter().filter_map(|(name, field)| {
            let name = FieldName::from(name.as_str());
            let value = match field.path.of(raw) {
                Some(raw) => self.value(field, raw),
                None if field.absent_is_empty => Value::Empty,
                None => return None,
            };
            let value = encode::normalise(self.description, &name, &value);
            Some((name, value))
        });
        fields.collect()
    }

    fn value(&self, field: &Field, raw: &Json) -> Value {
        let list = || raw.as_array().map(|list| list.iter());
        let of = field.of.as_ref();
        let read = match field.kind {
            Kind::Text => plain(raw).map(Value::Text),
            Kind::Rich => raw.as_str().map(|text| {
                let (body, _) = match text::holds_marker(self.model().marker.as_ref()) {
                    true => text::split(self.model().texts, text),
                    false => (text.to_owned(), None),
                };
                Value::Rich(text::read(self.model().texts, &body))
            }),
            Kind::Number => number(raw).map(Value::number),
            Kind::Bool => raw.as_bool().map(Value::Bool),
            Kind::Date => raw.as_str().and_then(day).map(Value::Date),
            Kind::Time => self.model().time.read(raw).map(Value::Time),
            Kind::User => person(of, raw).map(Value::User),
            Kind::Users => {
                list().map(|list| Value::Users(list.filter_map(|raw| person(of, raw)).collect()))
            }
            Kind::Choice => option(field, raw).map(Value::Choice),
            Kind::Choices => list()
                .map(|list| Value::Choices(list.filter_map(|raw| option(field, raw)).collect())),
            Kind::Set => {
                list().map(|list| Value::Set(list.filter_map(|raw| part(of, raw)).collect()))
            }
        };
        let is_nothing = raw.is_null() || raw.as_str().is_some_and(str::is_empty);
        match read {
            Some(value) => value,
            None if is_nothing => Value::Empty,
            // What is not of its kind is kept as it is, so that nothing is taken for empty that is not.
            None => Value::Json(raw.clone()),
        }
    }

    /// A comment of an item.
    pub(super) fn comment(
        &self,
        of: &Comments,
        item: &str,
        raw: &Json,
    ) -> Result<Comment, Missing> {
        let texts = self.model().texts;
        let id = of
            .id
            .text(raw)
            .ok_or_else(|| Missing::new(&of.id, "no id is there"))?;
        let stamp = |path: &Path| path.of(raw).and_then(|stamp| self.model().time.read(stamp));
        let created =
            stamp(&of.created).ok_or_else(|| Missing::new(&of.created, "no time is there"))?;
        let raw_text = of.text.of(raw).and_then(Json::as_str);
        let raw_text = raw_text.ok_or_else(|| Missing::new(&of.text, "no text is there"))?;
        let (body, in_text) = match text::holds_marker(of.marker.as_ref()) {
            true => text::split(texts, raw_text),
            false => (raw_text.to_owned(), None),
        };
        let beside = of.marker.as_ref().and_then(|place| place.path.as_ref());
        let beside = beside.and_then(|path| Marker::parse(path.of(raw)?.as_str()?.trim()));
        let internal = match &of.channel {
            None => false,
            // What is not said to be for everyone is for some.
            Some(channel) => channel.path.of(raw) != Some(&channel.public),
        };
        Ok(Comment {
            id: match of.ids_per_item {
                true => format!("{item}{ITEM_AND_COMMENT}{id}"),
                false => id,
            },
            author: of
                .author
                .of(raw)
                .and_then(|author| person(of.of.as_ref(), author))
                .unwrap_or_default(),
            created,
            edited: of
                .edited
                .as_ref()
                .and_then(stamp)
                .filter(|edited| *edited > created),
            body: text::read(texts, &body),
            channel: if internal {
                CHANNEL_INTERNAL
            } else {
                CHANNEL_PUBLIC
            }
            .to_owned(),
            marker: in_text.or(beside),
        })
    }
}

/// What stands between an item's id and a comment's that counts for each item anew.
const ITEM_AND_COMMENT: char = '/';

/// A comment's id as its API knows it.
pub(super) fn native_comment<'a>(of: &Comments, comment: &'a str) -> &'a str {
    match of.ids_per_item {
        true => comment.rsplit(ITEM_AND_COMMENT).next().unwrap_or(comment),
        false => comment,
    }
}

/// A person: an object with parts, or an id.
pub(super) fn person(of: Option<&Parts>, raw: &Json) -> Option<User> {
    let id = part(of, raw)?;
    let of = of.filter(|_| raw.is_object());
    let text = |path: Option<&Path>| path.and_then(|path| path.text(raw));
    Some(User {
        id,
        name: text(of.and_then(|of| of.name.as_ref())),
        email: text(of.and_then(|of| of.email.as_ref())),
        login: text(of.and_then(|of| of.login.as_ref())),
    })
}

fn option(field: &Field, raw: &Json) -> Option<Choice> {
    let id = part(field.of.as_ref(), raw)?;
    let told = field.of.as_ref().and_then(|of| of.name.as_ref()?.text(raw));
    let known = field.options.iter().find(|option| option.id == id);
    let name = told.or_else(|| known.map(|known| known.choice().name));
    Some(Choice {
        name: name.unwrap_or_else(|| id.clone()),
        id,
    })
}

/// The id of what is an object, or a scalar itself.
fn part(of: Option<&Parts>, raw: &Json) -> Option<String> {
    match of {
        Some(of) if raw.is_object() => of.id.text(raw),
        _ => plain(raw),
    }
}

fn number(raw: &Json) -> Option<Number> {
    match raw {
        Json::Number(number) => Some(number.clone()),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The day of a text that begins with one.
fn day(text: &str) -> Option<String> {
    let day = text.get(..10)?;
    let is_day = day.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    is_day.then(|| day.to_owned())
}

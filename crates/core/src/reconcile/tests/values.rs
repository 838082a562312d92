//! Values as the table writes them.

use crate::effect::FieldWrite;
use crate::item::{User, Value};
use crate::richtext::Document;

/// `-` absent; `∅` empty; `{x,y}` a set; `¶one¶two` a rich text of two paragraphs; `#3.0` a number; `@7` the person with
/// that id, `@7:ada@x` with an e-mail address, too, `@:ada@x` with no more than that, and `{@7,@8}` a set of people;
/// anything else a text.
pub(super) fn parse(text: &str) -> Option<Value> {
    let text = text.trim();
    if text == "-" {
        return None;
    }
    if text == "∅" {
        return Some(Value::Empty);
    }
    if let Some(number) = text.strip_prefix('#') {
        return Some(Value::Number(number.parse().unwrap()));
    }
    if let Some(user) = text.strip_prefix('@') {
        return Some(Value::User(person(user)));
    }
    if let Some(people) = text.strip_prefix("{@") {
        let people = people.trim_end_matches('}').split(",@");
        return Some(Value::Users(people.map(person).collect()));
    }
    if let Some(elements) = text.strip_prefix('{') {
        let elements = elements.trim_end_matches('}').split(',');
        return Some(Value::set(elements.filter(|element| !element.is_empty())));
    }
    if let Some(paragraphs) = text.strip_prefix('¶') {
        let plain = paragraphs.replace('¶', "\n\n");
        return Some(Value::Rich(Document::from_plain(&plain)));
    }
    Some(Value::text(text))
}

fn person(text: &str) -> User {
    let (id, email) = match text.split_once(':') {
        Some((id, email)) => (id, Some(email.to_owned())),
        None => (text, None),
    };
    User {
        id: id.to_owned(),
        email,
        ..User::default()
    }
}

fn shown(user: &User) -> String {
    let email = user.email.as_ref().map(|email| format!(":{email}"));
    format!("@{}{}", user.id, email.unwrap_or_default())
}

pub(super) fn show(value: &Value) -> String {
    match value {
        Value::Empty => "∅".to_owned(),
        Value::Text(text) => text.clone(),
        Value::Set(set) => format!("{{{}}}", set.iter().cloned().collect::<Vec<_>>().join(",")),
        Value::Number(number) => format!("#{number}"),
        Value::User(user) => shown(user),
        Value::Users(users) => {
            let users: Vec<_> = users.iter().map(shown).collect();
            format!("{{{}}}", users.join(","))
        }
        Value::Rich(document) => format!("¶{}", document.plain().replace("\n\n", "¶")),
        other => format!("{other:?}"),
    }
}

pub(super) fn show_write(write: &FieldWrite) -> String {
    match write {
        FieldWrite::Replace(value) => show(value),
        FieldWrite::Elements { add, remove } => {
            let add = add.iter().map(|element| format!("+{element}"));
            let remove = remove.iter().map(|element| format!("-{element}"));
            add.chain(remove).collect()
        }
    }
}

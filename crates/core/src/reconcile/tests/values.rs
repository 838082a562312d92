//! Values as the table writes them.

use crate::effect::FieldWrite;
use crate::item::Value;
use crate::richtext::Document;

/// `-` absent; `∅` empty; `{x,y}` a set; `¶one¶two` a rich text of two paragraphs; anything else a text.
pub(super) fn parse(text: &str) -> Option<Value> {
    let text = text.trim();
    if text == "-" {
        return None;
    }
    if text == "∅" {
        return Some(Value::Empty);
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

pub(super) fn show(value: &Value) -> String {
    match value {
        Value::Empty => "∅".to_owned(),
        Value::Text(text) => text.clone(),
        Value::Set(set) => format!("{{{}}}", set.iter().cloned().collect::<Vec<_>>().join(",")),
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

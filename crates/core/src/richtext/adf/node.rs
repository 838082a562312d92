//! Reading the parts of a JSON node.

use serde_json::Value;

/// Its type; empty for what is no node.
pub(super) fn kind(node: &Value) -> &str {
    node.get("type").and_then(Value::as_str).unwrap_or("")
}

/// Its children.
pub(super) fn content(node: &Value) -> &[Value] {
    let list = node.get("content").and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// Its marks.
pub(super) fn marks(node: &Value) -> &[Value] {
    let list = node.get("marks").and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// An attribute; `null` is absent.
pub(super) fn attribute<'a>(node: &'a Value, name: &str) -> Option<&'a Value> {
    node.get("attrs")?
        .get(name)
        .filter(|value| !value.is_null())
}

/// A text attribute.
pub(super) fn text<'a>(node: &'a Value, name: &str) -> Option<&'a str> {
    attribute(node, name)?.as_str()
}

/// Whether a node has no other members than it should, no marks, and no other attributes than these. `localId` is
/// always allowed, and so is what is `null`.
pub(super) fn has_only(node: &Value, attributes: &[&str]) -> bool {
    marks(node).is_empty() && has_only_attributes(node, attributes)
}

/// As [`has_only`], whatever the marks.
pub(super) fn has_only_attributes(node: &Value, attributes: &[&str]) -> bool {
    let Some(members) = node.as_object() else {
        return false;
    };
    let known = ["type", "content", "marks", "attrs", "text"];
    let lists = ["content", "marks"];
    members.keys().all(|name| known.contains(&name.as_str()))
        && lists
            .iter()
            .all(|name| members.get(*name).is_none_or(Value::is_array))
        && match members.get("attrs") {
            None => true,
            Some(Value::Object(found)) => found.iter().all(|(name, value)| {
                value.is_null() || name == "localId" || attributes.contains(&name.as_str())
            }),
            Some(_) => false,
        }
}

/// All text in a node and below it.
pub(super) fn all_text(node: &Value) -> String {
    let mut out = String::new();
    collect_text(node, &mut out);
    out
}

fn collect_text(node: &Value, out: &mut String) {
    if let Some(text) = node.get("text").and_then(Value::as_str) {
        out.push_str(text);
    } else if let Some(text) = text(node, "text") {
        out.push_str(text);
    }
    for child in content(node) {
        if !out.is_empty() && !out.ends_with('\n') && kind(child) != "text" {
            out.push('\n');
        }
        collect_text(child, out);
    }
}

/// Whether a value nests deeper than so many levels. Walks with a stack of its own.
pub(super) fn depth_exceeds(value: &Value, limit: usize) -> bool {
    let mut open = vec![(value, 1)];
    while let Some((value, depth)) = open.pop() {
        if depth > limit {
            return true;
        }
        match value {
            Value::Array(list) => open.extend(list.iter().map(|child| (child, depth + 1))),
            Value::Object(members) => open.extend(members.values().map(|child| (child, depth + 1))),
            _ => {}
        }
    }
    false
}

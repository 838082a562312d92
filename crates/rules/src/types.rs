//! `twinline types`: the declarations that an editor needs for one's own fields.

#[cfg(test)]
mod tests;

use crate::catalogue::Catalogue;
use crate::describe::{NativeKind, SideDescription};
use crate::map::natives;
use crate::model::{FieldRules, RuleSet};
use twinline_core::item::Choice;
use twinline_core::names::{Side, Sides};

/// All that a rule may touch, the same for every connection.
pub const BASE: &str = include_str!("twinline.d.ts");

/// [`BASE`] and the types of one connection: its replica and each side's own fields, as a declaration file.
pub fn declarations(rules: &RuleSet, descriptions: &Sides<SideDescription>) -> String {
    let catalogues = Sides::from_fn(|side| Catalogue::new(descriptions.get(side).clone()));
    let name = type_name(rules.name.value.as_str());
    let mut text = format!("{BASE}\n/** The replica of \"{}\". */\n", rules.name.value);
    text.push_str(&format!("export interface {name}Replica {{\n"));
    for (field, rule) in &rules.fields {
        let kind = replica_type(rules, rule, &catalogues);
        text.push_str(&format!("  {}?: {kind} | null;\n", key(field.as_str())));
    }
    text.push_str("  comments: Comment[];\n  attachments: Attachment[];\n}\n");
    for side in Side::BOTH {
        let node = &rules.sides.get(side).node.value;
        let (label, fields) = (label(side), &descriptions.get(side).fields);
        text.push_str(&format!(
            "\n/** `issue.fields` of {node}, by name or id. */\n"
        ));
        text.push_str(&format!("export interface {name}{label}Fields {{\n"));
        for (id, info) in fields {
            let kind = native_type(info.kind, &info.options);
            let readonly = if info.writable { "" } else { "readonly " };
            if info.name != id.as_str() {
                text.push_str(&format!(
                    "  {readonly}{}?: {kind} | null;\n",
                    key(&info.name)
                ));
            }
            text.push_str(&format!(
                "  {readonly}{}?: {kind} | null;\n",
                key(id.as_str())
            ));
        }
        text.push_str("}\n");
    }
    text
}

const fn label(side: Side) -> &'static str {
    match side {
        Side::Left => "Left",
        Side::Right => "Right",
    }
}

/// `acme-support` ⇒ `AcmeSupport`.
fn type_name(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric());
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters
            .next()
            .map(|letter| letter.to_uppercase().to_string());
        first.unwrap_or_default() + letters.as_str()
    };
    words.map(capital).collect()
}

fn key(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

fn replica_type(rules: &RuleSet, rule: &FieldRules, catalogues: &Sides<Catalogue>) -> String {
    if let Some(kind) = rule.kind {
        return native_type(kind, &[]);
    }
    let table = rule
        .values
        .as_ref()
        .and_then(|name| rules.values.get(&name.value));
    if let Some(table) = table {
        let values: Vec<String> = table.rows.iter().map(|row| key(&row.value.value)).collect();
        return values.join(" | ");
    }
    let kind = Side::BOTH.into_iter().find_map(|side| {
        let catalogue = catalogues.get(side);
        match natives(rule, side, catalogue).as_slice() {
            [native] if rule.via.get(side).is_none() => catalogue.kind(native),
            _ => None,
        }
    });
    kind.map_or_else(|| "any".to_owned(), |kind| native_type(kind, &[]))
}

fn native_type(kind: NativeKind, options: &[Choice]) -> String {
    let names = || {
        let names: Vec<String> = options.iter().map(|option| key(&option.name)).collect();
        if names.is_empty() {
            "string".to_owned()
        } else {
            names.join(" | ")
        }
    };
    match kind {
        NativeKind::Text | NativeKind::Date | NativeKind::Time => "string".to_owned(),
        NativeKind::Rich => "Rich | string".to_owned(),
        NativeKind::Number => "number".to_owned(),
        NativeKind::Bool => "boolean".to_owned(),
        NativeKind::User => "User".to_owned(),
        NativeKind::Users => "User[]".to_owned(),
        NativeKind::Choice => names(),
        NativeKind::Choices => format!("({})[]", names()),
        NativeKind::Set | NativeKind::Cascade => "string[]".to_owned(),
        NativeKind::Json => "any".to_owned(),
    }
}

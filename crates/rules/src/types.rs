//! `twinline types`: the declarations that an editor needs for one's own fields.

#[cfg(test)]
mod tests;

use crate::catalogue::Catalogue;
use crate::describe::{FieldInfo, NativeKind, SideDescription};
use crate::map::natives;
use crate::model::{FieldRules, RuleSet};
use std::collections::BTreeMap;
use twinline_core::item::Choice;
use twinline_core::names::{FieldName, Side, Sides};

/// All that a rule may touch, the same for every connection: `twinline.d.ts` in the rules folder, the module "twinline".
pub const BASE: &str = include_str!("twinline.d.ts");

/// `jsconfig.json` in the rules folder: where editors find the modules, and that they check scripts against them.
pub const JSCONFIG: &str = include_str!("types/jsconfig.json");

/// The types of one connection, `NAME.d.ts` in the rules folder, the module "twinline/NAME": its replica, each side's own
/// fields, and the functions of each side's script with both.
pub fn declarations(rules: &RuleSet, descriptions: &Sides<SideDescription>) -> String {
    let catalogues = Sides::from_fn(|side| Catalogue::new(descriptions.get(side).clone()));
    let mut text = format!(
        "// The fields of \"{}\", written by 'twinline types'.\n\
         import type {{ Attachment, Comment, Issue, Link, Rich, User }} from \"twinline\";\n\n\
         /** What crosses. */\nexport interface Replica {{\n",
        rules.name.value
    );
    for (field, rule) in &rules.fields {
        let kind = replica_type(rules, rule, &catalogues);
        text.push_str(&format!("  {}?: {kind} | null;\n", key(field.as_str())));
    }
    text.push_str("  comments: Comment[];\n  attachments: Attachment[];\n}\n");
    for side in Side::BOTH {
        let node = &rules.sides.get(side).node.value;
        let fields = &descriptions.get(side).fields;
        text.push_str(&side_types(label(side), node.as_str(), fields));
    }
    text
}

fn side_types(label: &str, node: &str, fields: &BTreeMap<FieldName, FieldInfo>) -> String {
    let mut text = format!(
        "\n/** `issue.fields` of {node}, by name or id. */\nexport interface {label}Fields {{\n"
    );
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
    if fields.is_empty() {
        // Nothing is known, so any name may be right.
        text.push_str("  [field: string]: any;\n");
    }
    text.push_str(&format!(
        "}}\n\
         export type {label}Issue = Omit<Issue, \"fields\"> & {{ fields: {label}Fields }};\n\
         /** Of the {label} script: its item \u{21d2} replica. */\n\
         export type {label}Outgoing = (c: {{ readonly issue: Readonly<{label}Issue>; replica: Replica; firstSync: boolean; link: Link | null }}) => void;\n\
         /** Of the {label} script: replica \u{21d2} its item. */\n\
         export type {label}Incoming = (c: {{ readonly replica: Readonly<Replica>; readonly previous: Readonly<Replica> | null; issue: {label}Issue; readonly before: Readonly<{label}Issue>; firstSync: boolean; link: Link }}) => void;\n"
    ));
    text
}

const fn label(side: Side) -> &'static str {
    match side {
        Side::Left => "Left",
        Side::Right => "Right",
    }
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

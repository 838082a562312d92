//! The fields, each for itself.

use super::Checked;
use crate::json_http::description::fields::{Field, Kind};
use crate::json_http::description::model::Model;
use twinline_core::item::field;

/// Names that every connector uses for the same thing, and what they hold.
const KNOWN: &[(&str, Kind)] = &[
    (field::SUMMARY, Kind::Text),
    (field::DESCRIPTION, Kind::Rich),
    (field::TYPE, Kind::Choice),
    (field::STATUS, Kind::Choice),
    (field::PRIORITY, Kind::Choice),
    (field::RESOLUTION, Kind::Choice),
    (field::LABELS, Kind::Set),
    (field::ASSIGNEE, Kind::User),
    (field::ASSIGNEES, Kind::Users),
    (field::REPORTER, Kind::User),
    (field::PARENT, Kind::Text),
    (field::DUE, Kind::Date),
    (field::CREATED, Kind::Time),
    (field::UPDATED, Kind::Time),
];

pub(super) fn check(model: &Model) -> Checked {
    let summary = model.fields.get(field::SUMMARY);
    if summary.is_none_or(|summary| summary.read_only) {
        return Err(
            "fields.summary: is missing, or read only: an item needs a title that can be written"
                .to_owned(),
        );
    }
    for (name, field) in &model.fields {
        one(name, field).map_err(|why| format!("fields.{name}{why}"))?;
    }
    let Some(status) = model.fields.get(field::STATUS) else {
        return Ok(());
    };
    let ends = status.options.iter().filter(|option| option.closed).count();
    if ends == 0 || ends == status.options.len() {
        return Err(
            "fields.status.options: list all of them, those that count as done with closed = true"
                .to_owned(),
        );
    }
    Ok(())
}

fn one(name: &str, field: &Field) -> Checked {
    let refuse = |why: String| Err(why);
    let known = KNOWN.iter().find(|(known, _)| *known == name);
    if let Some((_, kind)) = known
        && *kind != field.kind
    {
        return refuse(format!(
            ".kind: is {}; '{name}' is {} in every tracker",
            field.kind.name(),
            kind.name()
        ));
    }
    if name.is_empty()
        || !name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    {
        return refuse(": a field's name is made of a-z, 0-9, '_' and '-'".to_owned());
    }
    if matches!(name, field::CREATED | field::UPDATED) && !field.read_only {
        return refuse(".read_only: is missing; the tracker alone writes it".to_owned());
    }
    if field.path.is_whole() || field.write.as_ref().is_some_and(super::Path::is_whole) {
        return refuse(".path: is empty; write where an item has it".to_owned());
    }
    let listed = matches!(field.kind, Kind::Choice | Kind::Choices);
    let person = matches!(field.kind, Kind::User | Kind::Users);
    if field.of.is_some() && !listed && !person && field.kind != Kind::Set {
        return refuse(".of: is for people, options and labels that are objects".to_owned());
    }
    if field.numeric && !listed && !person {
        return refuse(".numeric: is for the ids of people and options".to_owned());
    }
    if !field.options.is_empty() && !listed {
        return refuse(".options: are for kind = \"choice\" or \"choices\"".to_owned());
    }
    if field.max_chars == Some(0)
        || (field.max_chars.is_some() && !matches!(field.kind, Kind::Text | Kind::Rich))
    {
        return refuse(".max_chars: is at least 1, and for texts".to_owned());
    }
    let numbers = field
        .options
        .iter()
        .all(|option| option.id.parse::<i64>().is_ok());
    if field.numeric && !numbers {
        return refuse(".options: have ids that are no numbers, and numeric = true".to_owned());
    }
    Ok(())
}

//! Whether an item matches.

use super::super::failure::Failure;
use super::super::model::{Revision, WorkItem};
use super::super::request::instant;
use super::super::site::{FieldKind, Organization};
use super::parse::{Filter, Operand, Operator};
use super::wrong;
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::time::Duration;
use twinline_core::time::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);

/// Where and when a query is asked.
pub(super) struct At<'a> {
    pub(super) site: &'a Organization,
    pub(super) now: Timestamp,
    pub(super) caller: &'a str,
    pub(super) project: Option<&'a str>,
    /// Whether times are compared, not only days.
    pub(super) precise: bool,
}

/// A field's value at a revision; null where it is empty.
pub(super) fn value(item: &WorkItem, revision: &Revision, field: &str) -> Value {
    match field {
        "System.Id" => json!(item.id),
        "System.Rev" => json!(revision.rev),
        field => revision.fields.get(field).cloned().unwrap_or(Value::Null),
    }
}

/// Orders values: nothing first, texts whatever their letter case.
pub(super) fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Number(one), Value::Number(other)) => {
            let pair = one.as_f64().zip(other.as_f64());
            pair.map_or(Ordering::Equal, |(one, other)| one.total_cmp(&other))
        }
        (one, other) => text(one).to_lowercase().cmp(&text(other).to_lowercase()),
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

impl At<'_> {
    fn kind(&self, field: &str) -> FieldKind {
        self.site
            .field(field)
            .map_or(FieldKind::Line, |field| field.kind)
    }

    /// Whether every comparison can be made.
    pub(super) fn check(&self, filter: &Filter) -> Result<(), Failure> {
        match filter {
            Filter::All(parts) | Filter::Any(parts) => {
                parts.iter().try_for_each(|part| self.check(part))
            }
            Filter::Not(inside) => self.check(inside),
            Filter::Compare {
                field,
                operator,
                values,
                written,
            } => {
                let kind = self.kind(field);
                let long = matches!(
                    kind,
                    FieldKind::Html | FieldKind::Plain | FieldKind::History
                );
                if long && *operator != Operator::Contains {
                    return Err(wrong(
                        "TF51007: The operator cannot be used with a long text field.",
                        written,
                    ));
                }
                if *operator == Operator::Under && kind != FieldKind::Tree {
                    return Err(wrong(
                        "TF51008: The operator UNDER needs a tree path field.",
                        written,
                    ));
                }
                values
                    .iter()
                    .try_for_each(|value| self.check_value(kind, value, written))
            }
        }
    }

    fn check_value(&self, kind: FieldKind, value: &Operand, written: &str) -> Result<(), Failure> {
        let fits = match (kind, value) {
            (_, Operand::Project) => self.project.is_some(),
            (FieldKind::Integer | FieldKind::Double, Operand::Text(text)) => {
                text.is_empty() || text.parse::<f64>().is_ok()
            }
            (FieldKind::DateTime, Operand::Text(text)) if !text.is_empty() => {
                let day = text.len() <= 10;
                if !self.precise && !day {
                    return Err(wrong(
                        "You cannot supply a time with the date when running a query using date precision.",
                        written,
                    ));
                }
                instant(text).is_ok()
            }
            _ => true,
        };
        match fits {
            true => Ok(()),
            false => Err(wrong("TF51009: The value does not fit the field.", written)),
        }
    }

    /// Whether an item matches as it was at a revision.
    pub(super) fn holds(&self, filter: &Filter, item: &WorkItem, revision: &Revision) -> bool {
        match filter {
            Filter::All(parts) => parts.iter().all(|part| self.holds(part, item, revision)),
            Filter::Any(parts) => parts.iter().any(|part| self.holds(part, item, revision)),
            Filter::Not(inside) => !self.holds(inside, item, revision),
            Filter::Compare {
                field,
                operator: Operator::Ever,
                values,
                ..
            } => {
                let past = item
                    .revisions
                    .iter()
                    .take_while(|one| one.rev <= revision.rev);
                past.into_iter()
                    .any(|one| self.compares(field, Operator::Equal, values, item, one))
            }
            Filter::Compare {
                field,
                operator,
                values,
                ..
            } => self.compares(field, *operator, values, item, revision),
        }
    }

    fn compares(
        &self,
        field: &str,
        operator: Operator,
        values: &[Operand],
        item: &WorkItem,
        revision: &Revision,
    ) -> bool {
        let held = value(item, revision, field);
        let kind = self.kind(field);
        let wanted = values.iter().map(|value| self.operand(kind, value));
        let mut wanted = wanted;
        match operator {
            Operator::Contains => wanted.any(|wanted| {
                let (held, wanted) = (text(&held).to_lowercase(), text(&wanted).to_lowercase());
                !held.is_empty() && held.contains(&wanted)
            }),
            Operator::Under => wanted.any(|wanted| {
                let (held, wanted) = (text(&held).to_lowercase(), text(&wanted).to_lowercase());
                held == wanted || held.starts_with(&format!("{wanted}\\"))
            }),
            operator => wanted.any(|wanted| {
                let order = self.ordered(kind, &held, &wanted);
                match operator {
                    Operator::Less => order == Ordering::Less,
                    Operator::LessOrEqual => order != Ordering::Greater,
                    Operator::Greater => order == Ordering::Greater,
                    Operator::GreaterOrEqual => order != Ordering::Less,
                    _ => order == Ordering::Equal,
                }
            }),
        }
    }

    fn ordered(&self, kind: FieldKind, held: &Value, wanted: &Value) -> Ordering {
        if kind != FieldKind::DateTime {
            return compare(held, wanted);
        }
        let at = |value: &Value| value.as_str().and_then(|text| instant(text).ok());
        let day = |at: Timestamp| at.as_millis().div_euclid(86_400_000);
        match (at(held), at(wanted)) {
            (Some(held), Some(wanted)) if self.precise => held.cmp(&wanted),
            (Some(held), Some(wanted)) => day(held).cmp(&day(wanted)),
            (held, wanted) => held.is_some().cmp(&wanted.is_some()),
        }
    }

    /// A value in the form in which fields keep it.
    fn operand(&self, kind: FieldKind, operand: &Operand) -> Value {
        match (kind, operand) {
            (_, Operand::Me) => json!(self.caller),
            (_, Operand::Project) => json!(self.project),
            (_, Operand::Bool(yes)) => json!(yes),
            (_, Operand::Number(number)) => json!(number),
            (_, Operand::Today(days)) => {
                let shift =
                    DAY.saturating_mul(u32::try_from(days.unsigned_abs()).unwrap_or(u32::MAX));
                let at = if *days < 0 {
                    self.now.minus(shift)
                } else {
                    self.now.plus(shift)
                };
                let midnight = at.as_millis().div_euclid(86_400_000) * 86_400_000;
                json!(Timestamp::from_millis(midnight).to_string())
            }
            (_, Operand::Text(text)) if text.is_empty() => Value::Null,
            (FieldKind::Integer | FieldKind::Double, Operand::Text(text)) => {
                json!(text.parse::<f64>().unwrap_or_default())
            }
            (FieldKind::Boolean, Operand::Text(text)) => json!(text.eq_ignore_ascii_case("true")),
            (FieldKind::Identity, Operand::Text(named)) => {
                let user = self.site.account(named);
                json!(user.map_or(named.as_str(), |user| user.unique_name.as_str()))
            }
            (_, Operand::Text(text)) => json!(text),
        }
    }
}

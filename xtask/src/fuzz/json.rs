//! JSON with something wrong in one place.

use super::mutate::Mutator;
use serde_json::{Map, Value, json};

/// Spoils one place of a value: another type, an edge, a missing or a doubled part.
pub(super) fn spoil(mutator: &mut Mutator, value: &mut Value) {
    let mut places = 0;
    visit(value, &mut |_| places += 1);
    let chosen = mutator.below(places);
    let mut number = 0;
    let mut spoiler = Some(mutator);
    visit(value, &mut |place| {
        if number == chosen
            && let Some(mutator) = spoiler.take()
        {
            spoil_here(mutator, place);
        }
        number += 1;
    });
}

/// Every place, the outermost first.
fn visit(value: &mut Value, see: &mut impl FnMut(&mut Value)) {
    see(value);
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| visit(value, see)),
        Value::Object(entries) => entries.values_mut().for_each(|value| visit(value, see)),
        _ => {}
    }
}

fn spoil_here(mutator: &mut Mutator, place: &mut Value) {
    match (mutator.below(4), &mut *place) {
        (0, Value::Object(entries)) => remove_one(mutator, entries),
        (0, Value::Array(values)) if !values.is_empty() => {
            let doubled = values[mutator.below(values.len())].clone();
            values.extend(std::iter::repeat_n(doubled, 1 + mutator.below(5)));
        }
        (1, Value::Array(values)) => values.clear(),
        (1, Value::String(text)) => text.push_str(&mutator.text()),
        _ => *place = odd(mutator, place),
    }
}

fn remove_one(mutator: &mut Mutator, entries: &mut Map<String, Value>) {
    let keys: Vec<String> = entries.keys().cloned().collect();
    if let Some(key) = mutator.choose(&keys) {
        entries.remove(key);
    }
}

fn odd(mutator: &mut Mutator, was: &Value) -> Value {
    match mutator.below(14) {
        0 => Value::Null,
        1 => json!(""),
        2 => json!(-1),
        3 => json!(u64::MAX),
        4 => json!(i64::MIN),
        5 => json!(1e308),
        6 => json!(true),
        7 => json!([]),
        8 => json!({}),
        9 => json!(mutator.text()),
        10 => json!([was.clone(), was.clone()]),
        11 => json!({"id": was.clone()}),
        12 => json!("x".repeat(1 << mutator.below(17))),
        _ => nested(mutator.below(120), was),
    }
}

fn nested(depth: usize, core: &Value) -> Value {
    (0..depth).fold(core.clone(), |inner, _| json!([inner]))
}

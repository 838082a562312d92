//! How one native value crosses: whole, by element, or by block.

use super::texts::Texts;
use crate::effect::FieldWrite;
use crate::item::{Choice, User, Value, canonical};
use crate::richtext::Document;
use std::collections::BTreeSet;

/// Whether two values are the same; all empty values are, and a number in whichever form.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || canonical(one.clone()) == canonical(other.clone())
        }
        _ => one == other || (one.is_empty() && other.is_empty()),
    }
}

/// [`same`] where either may be absent; absent is the same as absent only.
pub(crate) fn same_opt(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => same(one, other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Whether a value is what `wanted` asks for: the same, or the people whom it names.
pub(super) fn answers(wanted: &Value, now: &Value) -> bool {
    same(wanted, now) || people_match(wanted, now, User::answers)
}

/// Whether a value that the tracker shows since our write can be what `wanted` asked for, as far as it shows its people.
pub(super) fn may_answer(wanted: &Value, now: &Value) -> bool {
    people_match(wanted, now, User::may_answer)
}

fn people_match(wanted: &Value, now: &Value, matches: fn(&User, &User) -> bool) -> bool {
    match (wanted, now) {
        (Value::User(wanted), Value::User(now)) => matches(now, wanted),
        (Value::Users(wanted), Value::Users(now)) => {
            let named = |wanted| now.iter().any(|now| matches(now, wanted));
            wanted.len() == now.len() && wanted.iter().all(named)
        }
        _ => false,
    }
}

/// Whether a value is compared and merged by element.
pub(super) const fn is_set(value: &Value) -> bool {
    matches!(value, Value::Set(_) | Value::Users(_) | Value::Choices(_))
}

/// Whether both are sets, where an empty value counts as an empty set, and at least one is not empty by type alone.
pub(super) fn both_sets(one: &Value, other: &Value) -> bool {
    let fits = |value: &Value| is_set(value) || matches!(value, Value::Empty);
    fits(one) && fits(other) && (is_set(one) || is_set(other))
}

/// What an edit from `old` to `new` makes of `onto`, element by element; an addition wins over a removal because the
/// caller applies removals of elements that `onto` has only. `None` when the three are not sets of one kind.
pub(super) fn carry_elements(old: &Value, new: &Value, onto: &Value) -> Option<Value> {
    blend(Blend::Carry, [old, new, onto])
}

/// The base with those element edits that both `ours` and `now` show. `None` when the three are not sets of one kind.
pub(super) fn confirm_elements(base: &Value, ours: &Value, now: &Value) -> Option<Value> {
    blend(Blend::Confirm, [base, ours, now])
}

/// What becomes of three sets.
#[derive(Clone, Copy)]
enum Blend {
    /// The edit from the first to the second, made to the third.
    Carry,
    /// The first with those edits that both others show.
    Confirm,
}

impl Blend {
    fn of<T: Ord + Clone>(
        self,
        sets: [&BTreeSet<T>; 3],
        has: fn(&BTreeSet<T>, &T) -> bool,
    ) -> BTreeSet<T> {
        let elements = |of: &BTreeSet<T>, keep: &dyn Fn(&T) -> bool| {
            let kept = of.iter().filter(|element| keep(element));
            kept.cloned().collect::<Vec<_>>()
        };
        let (kept, added) = match (self, sets) {
            (Self::Carry, [old, new, onto]) => (
                elements(onto, &|element| !has(old, element) || has(new, element)),
                elements(new, &|element| !has(old, element) && !has(onto, element)),
            ),
            (Self::Confirm, [base, ours, now]) => (
                elements(base, &|element| has(ours, element) || has(now, element)),
                elements(ours, &|element| !has(base, element) && has(now, element)),
            ),
        };
        kept.into_iter().chain(added).collect()
    }
}

fn blend(blend: Blend, values: [&Value; 3]) -> Option<Value> {
    if let [Some(a), Some(b), Some(c)] = values.map(texts) {
        return Some(Value::Set(blend.of([&a, &b, &c], BTreeSet::contains)));
    }
    if let [Some(a), Some(b), Some(c)] = values.map(people) {
        return Some(Value::Users(blend.of([&a, &b, &c], has_person)));
    }
    let [a, b, c] = values.map(choices);
    let sets = [&a?, &b?, &c?];
    Some(Value::Choices(blend.of(sets, BTreeSet::contains)))
}

/// Whether a person is among others, by id or as one of them names the other.
fn has_person(people: &BTreeSet<User>, person: &User) -> bool {
    people.contains(person)
        || people
            .iter()
            .any(|one| one.answers(person) || person.answers(one))
}

/// The elements of a set of texts; an empty value is the empty set.
pub(super) fn texts(value: &Value) -> Option<BTreeSet<String>> {
    match value {
        Value::Set(set) => Some(set.clone()),
        Value::Empty => Some(BTreeSet::new()),
        _ => None,
    }
}

fn people(value: &Value) -> Option<BTreeSet<User>> {
    match value {
        Value::Users(users) => Some(users.clone()),
        Value::Empty => Some(BTreeSet::new()),
        _ => None,
    }
}

fn choices(value: &Value) -> Option<BTreeSet<Choice>> {
    match value {
        Value::Choices(choices) => Some(choices.clone()),
        Value::Empty => Some(BTreeSet::new()),
        _ => None,
    }
}

/// What a tracker that spells elements in its own way makes of a set that was written: an element that we added and that
/// it does not show stands there in other letter case. `None` when there is none such.
pub(super) fn respelled(predicted: &Value, before: Option<&Value>, after: &Value) -> Option<Value> {
    let (Value::Set(predicted), Value::Set(after)) = (predicted, after) else {
        return None;
    };
    let before = before.and_then(texts).unwrap_or_default();
    let mut taken = predicted.clone();
    for ours in predicted
        .difference(after)
        .filter(|ours| !before.contains(*ours))
    {
        let mut others = after.difference(predicted);
        let same_word = |shown: &&String| shown.to_lowercase() == ours.to_lowercase();
        if let Some(shown) = others.find(same_word) {
            taken.remove(ours);
            taken.insert(shown.clone());
        }
    }
    (taken != *predicted).then_some(Value::Set(taken))
}

/// The write that turns `from` into `to`: by element for sets of texts, so that a simultaneous change of another element
/// is kept; else the whole value.
pub(super) fn write_between(from: Option<&Value>, to: &Value) -> FieldWrite {
    if let (Value::Set(after), Some(before)) = (to, from.map_or(Some(BTreeSet::new()), texts)) {
        return FieldWrite::Elements {
            add: after.difference(&before).cloned().collect(),
            remove: before.difference(after).cloned().collect(),
        };
    }
    FieldWrite::Replace(to.clone())
}

/// The value after a write onto `before`.
pub(crate) fn written(before: Option<&Value>, write: &FieldWrite) -> Value {
    match write {
        FieldWrite::Replace(value) => value.clone(),
        FieldWrite::Elements { add, remove } => {
            let before = before.and_then(texts).unwrap_or_default();
            let kept = before.difference(remove).chain(add).cloned();
            Value::Set(kept.collect())
        }
    }
}

/// What a native field is to become.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Crossing {
    /// It already is what it should be, or the rule's change does not touch it.
    Nothing,
    /// This value.
    Becomes(Value),
    /// Both sides changed the same block of a rich text.
    Clash,
}

/// Crosses one native value (R3): `d0` is what the rule assigns from the source's base, `d1` with the crossing fields
/// replaced, `target` what is there. `whole` makes the target say what `d1` says (a side won the field); else sets cross
/// by element and rich text by block.
pub(super) fn cross(
    d0: Option<&Value>,
    target: Option<&Value>,
    d1: &Value,
    whole: bool,
    texts: Texts,
) -> Crossing {
    if same_opt(d0, Some(d1)) || target.is_some_and(|target| answers(d1, target)) {
        return Crossing::Nothing;
    }
    let empty = Value::Empty;
    let (old, onto) = (d0.unwrap_or(&empty), target.unwrap_or(&empty));
    if whole {
        return match (onto, d1) {
            (Value::Rich(there), Value::Rich(new)) => text(onto, Some(texts.replace(there, new))),
            _ => Crossing::Becomes(d1.clone()),
        };
    }
    if is_set(d1) || (is_set(onto) && d1.is_empty()) {
        return match carry_elements(old, d1, onto) {
            Some(value) if same(&value, onto) => Crossing::Nothing,
            Some(value) => Crossing::Becomes(value),
            None => Crossing::Becomes(d1.clone()),
        };
    }
    match (old, onto, d1) {
        (Value::Rich(old), Value::Rich(there), Value::Rich(new)) => {
            text(onto, texts.carry(old, there, new))
        }
        _ => Crossing::Becomes(d1.clone()),
    }
}

fn text(onto: &Value, merged: Option<Document>) -> Crossing {
    match merged.map(Value::Rich) {
        None => Crossing::Clash,
        Some(merged) if same(&merged, onto) => Crossing::Nothing,
        Some(merged) => Crossing::Becomes(merged),
    }
}

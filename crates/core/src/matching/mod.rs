//! Which items of two sides are the same thing, made twice before there was a connection: by what they show.
//!
//! Compared is a view, in the replica's vocabulary: what a side's outgoing rule makes of an item, never what its tracker
//! stores. Nothing is decided here that a person does not see: a pair is a proposal, and where more than one would do
//! there is none.

use crate::digest::Digest;
use crate::item::{ItemId, User, Value, canonical};
use crate::names::{ReplicaField, Sides};
use crate::view::View;
use std::collections::{BTreeMap, BTreeSet};

#[cfg(test)]
mod tests;

/// What an item is compared by: two with the same likeness show the same in every field that was asked for.
///
/// Values are compared as texts, white space around them aside, so that a number and a text that spells it are the same,
/// and rich texts by their words. People are compared by e-mail address, else login, else name; options by name: no two
/// trackers have the same ids.
///
/// # Errors
/// The first field that is absent or empty: an item that lacks it is like no other.
pub fn likeness(view: &View, fields: &[ReplicaField]) -> Result<Digest, ReplicaField> {
    let shown = fields.iter().map(|field| {
        let texts = view.fields.get(field).map(texts).unwrap_or_default();
        if texts.is_empty() {
            Err(field.clone())
        } else {
            Ok(texts)
        }
    });
    let shown = shown.collect::<Result<Vec<_>, _>>()?;
    Ok(Digest::of(&shown))
}

/// A value as texts, none of them empty.
fn texts(value: &Value) -> BTreeSet<String> {
    let texts: Vec<String> = match value {
        Value::Empty => Vec::new(),
        Value::Bool(is) => vec![is.to_string()],
        Value::Number(number) => vec![canonical(number.clone()).to_string()],
        Value::Text(text) | Value::Date(text) => vec![text.clone()],
        Value::Rich(document) => vec![document.plain()],
        Value::Time(at) => vec![at.to_string()],
        Value::User(user) => vec![person(user)],
        Value::Users(users) => users.iter().map(person).collect(),
        Value::Choice(choice) => vec![choice.name.clone()],
        Value::Choices(choices) => choices.iter().map(|choice| choice.name.clone()).collect(),
        Value::Set(set) => set.iter().cloned().collect(),
        Value::Cascade(path) => {
            let names: Vec<&str> = path.iter().map(|choice| choice.name.trim()).collect();
            vec![names.join(" / ")]
        }
        Value::Json(json) if json.is_null() => Vec::new(),
        Value::Json(json) => vec![json.to_string()],
    };
    let trimmed = texts.iter().map(|text| text.trim());
    trimmed
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .collect()
}

fn person(user: &User) -> String {
    let known = [&user.email, &user.login, &user.name].into_iter().flatten();
    let mut filled = known.filter(|text| !text.trim().is_empty());
    filled
        .next()
        .map(|text| text.to_lowercase())
        .unwrap_or_default()
}

/// An item that may have a partner on the other side.
#[derive(Clone, Copy, Debug)]
pub struct Single<'a> {
    /// Which item.
    pub item: &'a ItemId,
    /// What it is compared by; `None`: it is like no other.
    pub likeness: Option<&'a Digest>,
}

/// What was found. Items by their places in the lists that were compared; one that is listed again counts once, where it
/// is listed first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matching {
    /// Exactly one on each side is like the other, in the order of the left list.
    pub pairs: Vec<Sides<usize>>,
    /// Items that are alike, more than one of them on a side, in the order of the left list: which belong together a
    /// person must say.
    pub ambiguous: Vec<Sides<Vec<usize>>>,
    /// Nothing on the other side is like these.
    pub unmatched: Sides<Vec<usize>>,
}

/// Finds what is alike. No item is ever its own partner, should both sides list it.
pub fn matched(items: &Sides<Vec<Single<'_>>>) -> Matching {
    let mut alike: BTreeMap<&Digest, Sides<Vec<usize>>> = BTreeMap::new();
    let mut found = Matching::default();
    for side in crate::names::Side::BOTH {
        let mut seen = BTreeSet::new();
        for (place, single) in items.get(side).iter().enumerate() {
            if !seen.insert(single.item) {
                continue;
            }
            match single.likeness {
                Some(likeness) => alike.entry(likeness).or_default().get_mut(side).push(place),
                None => found.unmatched.get_mut(side).push(place),
            }
        }
    }
    for group in alike.into_values() {
        let differ = group.left.iter().any(|left| {
            let left = items.left[*left].item;
            group
                .right
                .iter()
                .any(|right| items.right[*right].item != left)
        });
        match (group.left.as_slice(), group.right.as_slice()) {
            ([left], [right]) if differ => found.pairs.push(Sides {
                left: *left,
                right: *right,
            }),
            _ if differ => found.ambiguous.push(group),
            _ => {
                found.unmatched.left.extend(group.left);
                found.unmatched.right.extend(group.right);
            }
        }
    }
    found.pairs.sort_by_key(|pair| pair.left);
    found
        .ambiguous
        .sort_by_key(|group| group.left.first().copied());
    found.unmatched.left.sort_unstable();
    found.unmatched.right.sort_unstable();
    found
}

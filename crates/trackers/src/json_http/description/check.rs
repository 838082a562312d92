//! Whether what a description says hangs together. Each sentence begins with the key.

mod fields;
mod requests;

use super::fields::MarkerPlace;
use super::model::Model;
use super::path::Path;
use super::shape::AuthBy;
use super::template::Template;
use http::header::{AUTHORIZATION, HeaderName};
use twinline_core::richtext::Dialect;

/// Slots with a meaning of their own, which no key of a scope has for a name.
const SLOTS: &[&str] = &["id", "key", "comment", "since", "marker", "base"];

/// Headers that a request has of its own.
const OURS: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "if-match",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Parts of the names of headers that carry secrets, which stand in no description.
const SECRETS: &[&str] = &[
    "token",
    "secret",
    "password",
    "api-key",
    "apikey",
    "credential",
];

type Checked = Result<(), String>;

pub(super) fn check(model: &Model) -> Checked {
    if model.format != 1 {
        return Err(format!(
            "format: is {}; this version reads format 1",
            model.format
        ));
    }
    if model.name.trim().is_empty() || model.name.chars().count() > 64 {
        return Err("name: write what people call the tracker, in 1 to 64 characters".to_owned());
    }
    if model.texts == Dialect::Adf {
        return Err(
            "texts: is 'adf', which is no text; write \"markdown\", \"html\", \"textile\" or \"plain\""
                .to_owned(),
        );
    }
    auth(model)?;
    headers(model)?;
    scope(model)?;
    limits(model)?;
    item(model)?;
    fields::check(model)?;
    requests::check(model)?;
    marker(model)
}

fn auth(model: &Model) -> Checked {
    let auth = &model.auth;
    match (auth.by, &auth.header) {
        (AuthBy::Header, None) => {
            Err("auth.header: is missing; name the header that carries the secret".to_owned())
        }
        (AuthBy::Header, Some(name)) => {
            let sound = HeaderName::try_from(name)
                .is_ok_and(|name| name == AUTHORIZATION || !OURS.contains(&name.as_str()));
            match sound {
                true => Ok(()),
                false => Err(format!(
                    "auth.header: '{name}' is no header that can carry a secret"
                )),
            }
        }
        (_, Some(_)) => Err("auth.header: is only for by = \"header\"".to_owned()),
        (_, None) if !auth.prefix.is_empty() => {
            Err("auth.prefix: is only for by = \"header\"".to_owned())
        }
        (_, None) => Ok(()),
    }
}

fn headers(model: &Model) -> Checked {
    for (name, value) in &model.headers {
        let refuse = |why: &str| Err(format!("headers.{name}: {why}"));
        let Ok(header) = HeaderName::try_from(name) else {
            return refuse("is no name of a header");
        };
        if header == AUTHORIZATION || SECRETS.iter().any(|word| header.as_str().contains(word)) {
            return refuse(
                "is not for here: what says who asks belongs into auth, as a secret of the node",
            );
        }
        if OURS.contains(&header.as_str()) {
            return refuse("is not for here: each request has its own");
        }
        if http::HeaderValue::from_str(value).is_err() {
            return refuse("has a value that no header can carry");
        }
    }
    Ok(())
}

fn scope(model: &Model) -> Checked {
    if model.scope.is_empty() {
        return Err(
            "scope: is empty; write a key for each thing that says where items lie, such as [scope.project], and where \
             there is one place only: [scope.place] value = \"all\""
                .to_owned(),
        );
    }
    for (name, key) in &model.scope {
        let refuse = |why: &str| Err(format!("scope.{name}: {why}"));
        if SLOTS.contains(&name.as_str()) {
            return refuse("is a slot with a meaning of its own; take another name");
        }
        match (&key.path, &key.value) {
            (None, None) => {
                return refuse("write the path where an item says it, or the value of every item");
            }
            (Some(_), Some(_)) => return refuse("has a path and a value; write one of both"),
            _ => {}
        }
    }
    Ok(())
}

fn limits(model: &Model) -> Checked {
    let limits = &model.limits;
    let within =
        |key: &str, value: u64, least: u64, most: u64| match (least..=most).contains(&value) {
            true => Ok(()),
            false => Err(format!("{key}: is {value}; write {least} to {most}")),
        };
    if let Some(per_minute) = limits.per_minute {
        within("limits.per_minute", per_minute.into(), 1, 1_000_000)?;
    }
    within(
        "limits.write_spacing_ms",
        limits.write_spacing_ms.into(),
        0,
        60_000,
    )?;
    within("limits.in_flight", limits.in_flight as u64, 1, 16)?;
    within("limits.settle_s", limits.settle_s.into(), 1, 3600)?;
    within("limits.index_lag_s", limits.index_lag_s.into(), 0, 3600)?;
    within(
        "time.resolution_ms",
        model.time.resolution_ms.into(),
        1,
        60_000,
    )
}

/// Where a template's slots are paths of an item.
fn item(model: &Model) -> Checked {
    let item = &model.item;
    if item.id.is_whole() || item.updated.is_whole() {
        return Err("item.id, item.updated: are empty; write where an item has them".to_owned());
    }
    let paths = |key: &str, template: &Template, base: bool| {
        for slot in template.slots().filter(|slot| !(base && *slot == "base")) {
            Path::try_from(slot.to_owned()).map_err(|why| format!("{key}: {why}"))?;
        }
        Ok::<(), String>(())
    };
    paths("item.key", &item.key, false)?;
    if item.key.slots().next().is_none() {
        return Err(
            "item.key: names no part of the item; write a path in braces, such as \"#{number}\""
                .to_owned(),
        );
    }
    paths("item.url", &item.url, true)?;
    if model.find.is_none() && !is_of_the_id(model) {
        return Err(
            "find: is missing, and item.key is not made of item.id alone: say how an item is found by its key".to_owned(),
        );
    }
    Ok(())
}

/// Whether an item's key tells its id.
fn is_of_the_id(model: &Model) -> bool {
    let mut slots = model.item.key.slots();
    slots
        .next()
        .is_some_and(|slot| slot == model.item.id.to_string())
        && slots.next().is_none()
}

fn marker(model: &Model) -> Checked {
    if let Some(place) = &model.marker {
        one_place("marker", place)?;
        if place.in_text && !model.fields.contains_key("description") {
            return Err(
                "marker.in_text: there is no fields.description to keep it below".to_owned(),
            );
        }
        if place.in_text && !place.query.is_empty() {
            return Err("marker.query: is for a marker with a path of its own".to_owned());
        }
    }
    let of_comments = model
        .comments
        .as_ref()
        .and_then(|comments| comments.marker.as_ref());
    let Some(place) = of_comments else {
        return Ok(());
    };
    if !place.query.is_empty() {
        return Err(
            "comments.marker.query: comments are looked for in their item's list".to_owned(),
        );
    }
    one_place("comments.marker", place)
}

fn one_place(key: &str, place: &MarkerPlace) -> Checked {
    match (&place.path, place.in_text) {
        (Some(path), false) if !path.is_whole() => Ok(()),
        (None, true) => Ok(()),
        _ => Err(format!(
            "{key}: write the path of a text that nobody else writes, or in_text = true; without both leave the section out"
        )),
    }
}

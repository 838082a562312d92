//! The requests: their slots, how lists go on, what statuses mean.

use super::Checked;
use crate::json_http::description::model::Model;
use crate::json_http::description::request::{Comments, Paging, PagingBy, Update};
use crate::json_http::description::shape::Query;
use crate::json_http::description::template::Template;

/// Likeness below which a name is no suggestion.
const LIKENESS_MIN: f64 = 0.7;

pub(super) fn check(model: &Model) -> Checked {
    let scope: Vec<&str> = model.scope.keys().map(String::as_str).collect();
    path("get.path", &model.get.path, &["id"])?;
    query("get.query", &model.get.query, &["id"])?;
    has_slot("get", &model.get.path, &model.get.query, "id")?;
    statuses("get.deleted_status", &model.get.deleted_status)?;
    if let Some(find) = &model.find {
        path("find.path", &find.path, &["key"])?;
        query("find.query", &find.query, &["key"])?;
        has_slot("find", &find.path, &find.query, "key")?;
    }
    if let Some(account) = &model.account {
        path("account.path", &account.path, &[])?;
    }
    if let Some(people) = &model.people {
        path("people.path", &people.path, &scope)?;
        query("people.query", &people.query, &scope)?;
        paging("people.paging", &people.paging)?;
    }
    list(model, &scope)?;
    path("create.path", &model.create.path, &scope)?;
    update(&model.update)?;
    if let Some(delete) = &model.delete {
        path("delete.path", &delete.path, &["id"])?;
    }
    if let Some(marker) = &model.marker {
        let slots = [scope.as_slice(), &["marker"]].concat();
        query("marker.query", &marker.query, &slots)?;
        if !marker.query.is_empty() && !slots_of(&marker.query).any(|slot| slot == "marker") {
            return Err("marker.query: does not say {marker}".to_owned());
        }
    }
    model.comments.as_ref().map_or(Ok(()), comments)
}

fn list(model: &Model, scope: &[&str]) -> Checked {
    let list = &model.list;
    path("list.path", &list.path, scope)?;
    query("list.query", &list.query, scope)?;
    query("list.search", &list.search, scope)?;
    query("list.changed", &list.changed, &[scope, &["since"]].concat())?;
    if !slots_of(&list.changed).any(|slot| slot == "since") {
        return Err(
            "list.changed: does not say {since}: name the query that lists what changed at an instant or later".to_owned(),
        );
    }
    if !list.filters.is_empty() && list.trigger.is_some() {
        return Err("list.trigger: there are list.filters too; a trigger is either a text or made of filters".to_owned());
    }
    paging("list.paging", &list.paging)
}

fn update(update: &Update) -> Checked {
    path("update.path", &update.path, &["id"])?;
    statuses("update.changed_status", &update.changed_status)?;
    if !update.whole && !update.omit.is_empty() {
        return Err("update.omit: is for whole = true".to_owned());
    }
    Ok(())
}

fn comments(comments: &Comments) -> Checked {
    match &comments.path {
        Some(at) => {
            path("comments.path", at, &["id"])?;
            query("comments.query", &comments.query, &["id"])?;
            has_slot("comments", at, &comments.query, "id")?;
        }
        None if !comments.query.is_empty() || comments.paging.by != PagingBy::None => {
            return Err("comments.path: is missing; without it comments are read in their item, which has no pages".to_owned());
        }
        None => {}
    }
    paging("comments.paging", &comments.paging)?;
    let one = ["id", "comment"];
    if let Some(get) = &comments.get {
        path("comments.get.path", &get.path, &one)?;
        statuses("comments.get.deleted_status", &get.deleted_status)?;
    }
    if let Some(add) = &comments.add {
        path("comments.add.path", &add.path, &["id"])?;
        for template in add.set.values() {
            slots("comments.add.set", template, &["id"])?;
        }
    }
    if let Some(edit) = &comments.edit {
        path("comments.edit.path", &edit.path, &one)?;
        for template in edit.set.values() {
            slots("comments.edit.set", template, &one)?;
        }
    }
    if let Some(delete) = &comments.delete {
        path("comments.delete.path", &delete.path, &one)?;
        if comments.get.is_none() && !comments.all_visible {
            return Err(
                "comments.delete: whether a comment was deleted or is only hidden from our account cannot be told: write \
                 [comments.get], or all_visible = true where nothing is hidden from it"
                    .to_owned(),
            );
        }
    }
    match &comments.channel {
        Some(channel) if channel.public == channel.internal => {
            Err("comments.channel: public and internal are the same".to_owned())
        }
        _ => Ok(()),
    }
}

fn path(key: &str, template: &Template, known: &[&str]) -> Checked {
    if !template.begins_with("/") {
        return Err(format!("{key}: begins with '/', below the node's url"));
    }
    slots(key, template, known)
}

fn query(key: &str, query: &Query, known: &[&str]) -> Checked {
    for (name, template) in query {
        slots(&format!("{key}.{name}"), template, known)?;
    }
    Ok(())
}

fn slots_of(query: &Query) -> impl Iterator<Item = &str> {
    query.values().flat_map(Template::slots)
}

/// Every slot is known.
fn slots(key: &str, template: &Template, known: &[&str]) -> Checked {
    let Some(unknown) = template.slots().find(|slot| !known.contains(slot)) else {
        return Ok(());
    };
    let likeness = |other: &&&str| strsim::jaro_winkler(unknown, other);
    let nearest = known
        .iter()
        .max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    let way_out = match nearest {
        Some(nearest) if likeness(&nearest) >= LIKENESS_MIN => {
            format!("did you mean {{{nearest}}}?")
        }
        Some(_) => format!("the slots are {{{}}}", known.join("}, {")),
        None => "there are no slots".to_owned(),
    };
    Err(format!(
        "{key}: there is no slot {{{unknown}}} here: {way_out}"
    ))
}

fn has_slot(key: &str, path: &Template, query: &Query, slot: &str) -> Checked {
    if path
        .slots()
        .chain(slots_of(query))
        .any(|found| found == slot)
    {
        return Ok(());
    }
    Err(format!("{key}: says {{{slot}}} nowhere"))
}

/// What the layer below tells by itself is nobody's word about one thing.
fn statuses(key: &str, statuses: &[u16]) -> Checked {
    let wrong = statuses
        .iter()
        .find(|status| !(400..500).contains(*status) || matches!(status, 401 | 407 | 408 | 429));
    match wrong {
        None => Ok(()),
        Some(status) => Err(format!(
            "{key}: {status} says something else; write statuses such as 404, 409, 410, 412"
        )),
    }
}

fn paging(key: &str, paging: &Paging) -> Checked {
    let refuse = |what: &str, why: &str| Err(format!("{key}.{what}: {why}"));
    let by_param = matches!(
        paging.by,
        PagingBy::Page | PagingBy::Offset | PagingBy::Cursor
    );
    if by_param != paging.param.is_some() {
        return refuse(
            "param",
            "is needed by page, offset and cursor, and by nothing else",
        );
    }
    let by_next = matches!(paging.by, PagingBy::Cursor | PagingBy::Next);
    if by_next != paging.next.is_some() {
        return refuse("next", "is needed by cursor and next, and by nothing else");
    }
    if paging.first.is_some() && paging.by != PagingBy::Page {
        return refuse("first", "is for numbered pages");
    }
    if paging.size_param.is_some() != paging.size.is_some() {
        return refuse("size", "and size_param belong together");
    }
    if paging
        .size
        .is_some_and(|size| !(2..=10_000).contains(&size))
    {
        return refuse("size", "is 2 to 10,000");
    }
    Ok(())
}

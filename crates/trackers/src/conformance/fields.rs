//! Fields of every kind that a scope offers, and people whom a tracker does not know.

use super::harness::{Harness, marker};
use super::writes::update_of;
use super::{Listed, Miss, Outcome, ensure, same};
use crate::error::TrackerError;
use crate::tracker::FieldDescription;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use twinline_core::effect::{Applied, Effect, FieldWrite};
use twinline_core::item::{ItemId, Number, User, Value, field};
use twinline_core::names::FieldName;
use twinline_core::richtext::Document;
use twinline_core::time::Timestamp;

pub(super) const CHECKS: &[Listed] = &[
    (
        "fields: each one that is offered is written, read as normalise said, and emptied",
        |h| Box::pin(every_kind(h)),
    ),
    ("parents: one is given, another one, and none", |h| {
        Box::pin(parents(h))
    }),
    (
        "parents: one that the tracker does not take fails no write",
        |h| Box::pin(refused_parent(h)),
    ),
    (
        "people: one whom the tracker does not know fails no write",
        |h| Box::pin(unknown_person(h)),
    ),
    (
        "people: one who is known and cannot be assigned fails no write",
        |h| Box::pin(unassignable_person(h)),
    ),
];

/// Fields that take no value for itself: the workflow, the screens and other items have a say in them.
const OWN_WAYS: &[&str] = &[field::STATUS, field::RESOLUTION, field::TYPE, field::PARENT];

/// Values of a field's kind, of which one must fit: what a text may say, its kind does not tell. None for a kind without
/// samples, or a list without options.
fn samples(offered: &FieldDescription, people: &[User]) -> Vec<Value> {
    let options = || offered.options.iter().take(1).cloned();
    let ids = || {
        offered
            .options
            .iter()
            .take(2)
            .map(|option| option.id.clone())
    };
    let people = || people.iter().take(1).cloned();
    match offered.kind.as_str() {
        "text" if !offered.options.is_empty() => ids().map(Value::Text).collect(),
        "text" => ["a short text", "5", "2026-02-03", "1"]
            .map(Value::text)
            .into(),
        "rich" => vec![Value::Rich(Document::from_plain(
            "A long text.\n\nIn two parts.",
        ))],
        "number" => vec![Value::Number(Number::from(5))],
        "bool" => vec![Value::Bool(true)],
        // A day may have to be later than another field's, or than today.
        "date" => ["2026-02-03", "2099-02-03"]
            .map(|day| Value::Date(day.to_owned()))
            .into(),
        // Some trackers keep no seconds.
        "time" => vec![Value::Time(Timestamp::from_millis(1_770_091_500_000))],
        "user" => people().map(Value::User).collect(),
        "users" => people()
            .map(|one| Value::Users(BTreeSet::from([one])))
            .collect(),
        "choice" => options().map(Value::Choice).collect(),
        "choices" => options()
            .map(|one| Value::Choices(BTreeSet::from([one])))
            .collect(),
        "set" if !offered.options.is_empty() => vec![Value::set(ids())],
        "set" => vec![Value::set(["one", "two"])],
        "cascade" => options().map(|one| Value::Cascade(vec![one])).collect(),
        _ => Vec::new(),
    }
}

async fn made(h: &dyn Harness, name: &str) -> Result<ItemId, Miss> {
    let applied = h.tracker().apply(&h.create(name, &marker(name))).await?;
    h.created(&applied)
}

/// Writes one field, and compares what is read with what `normalise` says. False: the tracker refused this value.
async fn written(
    h: &dyn Harness,
    id: &ItemId,
    name: &FieldName,
    value: &Value,
) -> Result<bool, Miss> {
    let before = h.read(id).await?;
    let write = FieldWrite::Replace(value.clone());
    let effect = update_of(&before, name.as_str(), write);
    let applied = match h.tracker().apply(&effect).await {
        Err(TrackerError::Refused { .. }) => return Ok(false),
        applied => applied?,
    };
    let after = h.read(id).await?;
    if value.is_empty() && applied.waived.contains_key(name) {
        // What must have a value may be waived, and keeps it.
        same(
            name.as_str(),
            &after.get(name.as_str()),
            &before.get(name.as_str()),
        )?;
        return Ok(false);
    }
    same(name.as_str(), &applied.waived, &BTreeMap::new())?;
    let expected = h.tracker().normalise(&h.scope(), name, value);
    same(name.as_str(), &after.get(name.as_str()), &Some(&expected))?;
    Ok(true)
}

/// One of a field's samples is written, and then taken away where that is allowed. False: it has no samples.
async fn tried(
    h: &dyn Harness,
    id: &ItemId,
    (name, described): (&FieldName, &FieldDescription),
    people: &[User],
) -> Result<bool, Miss> {
    let samples = samples(described, people);
    if samples.is_empty() || !described.writable || OWN_WAYS.contains(&name.as_str()) {
        return Ok(false);
    }
    let mut fits = false;
    for sample in &samples {
        h.pass(Duration::from_secs(5)).await;
        fits = written(h, id, name, sample).await?;
        if fits {
            break;
        }
    }
    ensure(fits, || format!("{name}: all of {samples:?} were refused"))?;
    // What must have a value may be refused, or waived, when it is to be emptied.
    written(h, id, name, &Value::Empty).await?;
    Ok(true)
}

async fn every_kind(h: &dyn Harness) -> Outcome {
    let id = made(h, "everykind").await?;
    let offered = h.tracker().describe(&h.scope()).await?;
    let mut kinds = BTreeSet::new();
    let mut wrong = Vec::new();
    for (name, described) in &offered.fields {
        match tried(h, &id, (name, described), &offered.users).await {
            Ok(true) => drop(kinds.insert(described.kind.as_str())),
            Ok(false) => {}
            Err(Miss::Broken(what)) => wrong.push(what),
            Err(skipped) => return Err(skipped),
        }
    }
    same("wrong", &wrong, &Vec::new())?;
    // A tracker may have a long text that is never written again, and no other.
    let written = |kind: &str| {
        let mut fields = offered.fields.values();
        fields.any(|field| field.writable && field.kind == kind)
    };
    let wanted = ["text", "rich"].into_iter();
    let wanted = wanted.filter(|kind| *kind == "text" || written(kind));
    let untried: Vec<&str> = wanted.filter(|kind| !kinds.contains(kind)).collect();
    same("kinds that were not tried", &untried, &Vec::new())
}

/// Where a parent can be written, it is written by the key that people use, and read as it.
async fn parents(h: &dyn Harness) -> Outcome {
    let offered = h.tracker().describe(&h.scope()).await?;
    let parent = offered.fields.get(field::PARENT);
    if !parent.is_some_and(|described| described.writable) {
        return Err(Miss::Skipped("a parent cannot be written here".to_owned()));
    }
    let child = made(h, "parentchild").await?;
    let name = FieldName::from(field::PARENT);
    let first = h.read(&child).await?;
    same("at first", &first.get(field::PARENT), &Some(&Value::Empty))?;
    for parent in ["parentone", "parenttwo"] {
        let parent = made(h, parent).await?;
        let key = h.read(&parent).await?.reference.key;
        let took = written(h, &child, &name, &Value::text(&key)).await?;
        ensure(took, || format!("the parent {key} was refused"))?;
    }
    let took = written(h, &child, &name, &Value::Empty).await?;
    ensure(took, || "no parent was refused".to_owned())
}

async fn refused_parent(h: &dyn Harness) -> Outcome {
    let offered = h.tracker().describe(&h.scope()).await?;
    let parent = offered.fields.get(field::PARENT);
    if !parent.is_some_and(|described| described.writable) {
        return Err(Miss::Skipped("a parent cannot be written here".to_owned()));
    }
    let id = made(h, "refusedparent").await?;
    let before = h.read(&id).await?;
    // Nobody is there.
    let digits = |c: char| c.is_ascii_digit();
    let nobody = format!("{}99999999", before.reference.key.trim_end_matches(digits));
    let parent = Value::text(&nobody);
    let title = Value::text("arrives");
    let effect = Effect::Update {
        item: id.clone(),
        fields: BTreeMap::from([
            (field::SUMMARY.into(), FieldWrite::Replace(title.clone())),
            (field::PARENT.into(), FieldWrite::Replace(parent.clone())),
        ]),
        planned_from: before.version.clone(),
    };
    let applied = h.tracker().apply(&effect).await?;
    let waived = |applied: &Applied| applied.waived.contains_key(field::PARENT);
    ensure(waived(&applied), || {
        format!("not waived: {:?}", applied.waived)
    })?;
    let after = h.read(&id).await?;
    same("summary", &after.get(field::SUMMARY), &Some(&title))?;
    same("parent", &after.get(field::PARENT), &Some(&Value::Empty))?;
    let mut create = h.create("refusedparent2", &marker("refusedparent2"));
    if let Effect::Create { fields, .. } = &mut create {
        fields.insert(field::PARENT.into(), parent);
    }
    let applied = h.tracker().apply(&create).await?;
    ensure(applied.created.is_some() && waived(&applied), || {
        format!("{applied:?}")
    })
}

/// Writes a title and an assignee together: the title must arrive, and the person be waived.
async fn waived(h: &dyn Harness, id: &ItemId, person: User) -> Outcome {
    let offered = h.tracker().describe(&h.scope()).await?;
    let mut fields = [field::ASSIGNEE, field::ASSIGNEES].into_iter();
    let assignee = fields.find(|name| offered.fields.contains_key(*name));
    let assignee = assignee.ok_or_else(|| Miss::Skipped("nobody is assigned here".to_owned()))?;
    let value = match offered.fields[assignee].kind.as_str() {
        "users" => Value::Users(BTreeSet::from([person])),
        _ => Value::User(person),
    };
    let before = h.read(id).await?;
    let effect = Effect::Update {
        item: id.clone(),
        fields: BTreeMap::from([
            (
                field::SUMMARY.into(),
                FieldWrite::Replace(Value::text("arrives")),
            ),
            (assignee.into(), FieldWrite::Replace(value)),
        ]),
        planned_from: before.version.clone(),
    };
    let applied = h.tracker().apply(&effect).await?;
    let why = applied.waived.get(assignee);
    ensure(why.is_some_and(|why| !why.is_empty()), || {
        format!("not waived: {:?}", applied.waived)
    })?;
    let after = h.read(id).await?;
    let title = Value::text("arrives");
    same("summary", &after.get(field::SUMMARY), &Some(&title))?;
    same(assignee, &after.get(assignee), &before.get(assignee))
}

async fn unknown_person(h: &dyn Harness) -> Outcome {
    let id = made(h, "unknownperson").await?;
    let nobody = User {
        name: Some("Nobody Of This Name".to_owned()),
        ..User::default()
    };
    waived(h, &id, nobody).await
}

async fn unassignable_person(h: &dyn Harness) -> Outcome {
    let person = h.unassignable();
    let person = person.ok_or_else(|| Miss::Skipped("everybody can be assigned".to_owned()))?;
    let id = made(h, "unassignableperson").await?;
    waived(h, &id, person.clone()).await?;
    let mut create = h.create("unassignable", &marker("unassignable"));
    let before = h.read(&id).await?;
    if let Effect::Create { fields, .. } = &mut create {
        let (name, value) = match before.fields.contains_key(field::ASSIGNEES) {
            true => (field::ASSIGNEES, Value::Users(BTreeSet::from([person]))),
            false => (field::ASSIGNEE, Value::User(person)),
        };
        fields.insert(name.into(), value);
    }
    let applied = h.tracker().apply(&create).await?;
    ensure(!applied.waived.is_empty(), || "not waived".to_owned())
}

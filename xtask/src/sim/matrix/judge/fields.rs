//! Fields, people and statuses.

use super::super::case::{Concept, Course, Finding, Word};
use super::super::slot::slot;
use super::super::{rules, site};
use super::{Scene, Verdict};
use anyhow::{Context as _, Result};
use std::collections::BTreeSet;
use twinline_core::item::{User, Value};
use twinline_core::names::Side;
use twinline_sim::DumpItem;

impl Scene<'_> {
    /// A field has the second of its two values on both sides.
    pub(super) async fn field(&self, concept: Concept) -> Result<Verdict> {
        let to = self.to();
        let slot = slot(self.place(to), concept).context("beforehand it had the field")?;
        let there = self.read(to).await?;
        let value = there.fields.get(slot.native);
        let seen = value.map(elements).unwrap_or_default();
        let wanted = slot.values[1].seen;
        let is_there = |alternatives: &&str| {
            let mut alternatives = alternatives.split('|');
            alternatives.any(|one| seen.iter().any(|names| names.contains(one)))
        };
        if seen.len() == wanted.len() && wanted.iter().all(is_there) {
            return Ok(Verdict::Crosses);
        }
        let failure = format!("{value:?} instead of {wanted:?}");
        Ok(self.excused(concept.name(), failure))
    }

    pub(super) fn status(&self, course: Course, there: &DumpItem) -> Verdict {
        let word = match course {
            Course::Begin | Course::Reopen => Word::Active,
            Course::Close => Word::Done,
        };
        let to = self.place(self.to());
        let status = there.status.as_str();
        if !site::statuses(to, word).contains(&status) {
            let merged = word == Word::Active && !rules::is_told_apart(&self.judge.places);
            if merged && site::statuses(to, Word::New).contains(&status) {
                return self.one_status();
            }
            let wanted = site::statuses(to, word);
            return self.excused("status", format!("{status} instead of {wanted:?}"));
        }
        if course == Course::Begin && site::statuses(to, Word::New).contains(&status) {
            return self.one_status();
        }
        Verdict::Crosses
    }

    /// One of the two has one status where the other has two.
    fn one_status(&self) -> Verdict {
        let mut sides = Side::BOTH.into_iter();
        let one = sides.find(|side| {
            let place = self.place(*side);
            site::statuses(place, Word::New) == site::statuses(place, Word::Active)
        });
        let label = self.label(one.unwrap_or(self.to()));
        Verdict::Degrades(format!(
            "{label} has one status for new work and work begun"
        ))
    }

    pub(super) fn assignee(&self, finding: Finding, there: &DumpItem) -> Verdict {
        let to = self.to();
        let is_left = to == Side::Left;
        let wanted = match finding {
            Finding::Fallback => Vec::new(),
            finding => vec![site::assigned(self.place(to), is_left, finding)],
        };
        if there.assignees == wanted {
            return Verdict::Crosses;
        }
        let failure = format!("{:?} instead of {wanted:?}", there.assignees);
        if finding == Finding::Email && there.assignees.is_empty() {
            // The fallback is written, since the people of one side are known without their addresses.
            for side in [self.from, to] {
                if !self.knows_address(side, "chen") {
                    let label = self.label(side);
                    return Verdict::Degrades(format!(
                        "{label} shows no e-mail addresses: the fallback is written"
                    ));
                }
            }
        }
        self.excused("assignee", failure)
    }

    /// Whether a tracker's description of its people has somebody's address.
    fn knows_address(&self, side: Side, login: &str) -> bool {
        let address = format!("{login}@acme.example");
        let users = &self.judge.descriptions.get(side).users;
        users
            .iter()
            .any(|user| user.email.as_deref() == Some(&address))
    }
}

/// The elements of a value, each with all that it can be called.
fn elements(value: &Value) -> Vec<BTreeSet<String>> {
    let one = |name: &str| vec![BTreeSet::from([name.to_owned()])];
    match value {
        Value::Empty => Vec::new(),
        Value::Bool(yes) => one(&yes.to_string()),
        Value::Number(number) => one(&number.to_string()),
        Value::Text(text) | Value::Date(text) => one(text),
        Value::Rich(document) => one(&document.plain()),
        Value::Time(at) => one(&at.to_string()),
        Value::User(user) => vec![names(user)],
        Value::Users(users) => users.iter().map(names).collect(),
        Value::Choice(choice) => {
            vec![BTreeSet::from([choice.id.clone(), choice.name.clone()])]
        }
        Value::Choices(choices) => choices
            .iter()
            .map(|choice| BTreeSet::from([choice.id.clone(), choice.name.clone()]))
            .collect(),
        Value::Set(set) => set
            .iter()
            .map(|element| BTreeSet::from([element.clone()]))
            .collect(),
        Value::Cascade(path) => {
            let names: Vec<&str> = path.iter().map(|choice| choice.name.as_str()).collect();
            one(&names.join(" / "))
        }
        Value::Json(json) => one(&json.to_string()),
    }
}

fn names(user: &User) -> BTreeSet<String> {
    let known = [&user.name, &user.email, &user.login];
    let known = known.into_iter().flatten().cloned();
    known.chain([user.id.clone()]).collect()
}

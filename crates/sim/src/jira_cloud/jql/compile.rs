//! Resolves the names in a query to ids and its times to instants; says what does not exist.

use super::super::site::{Category, Field, FieldKind, Named, Site, User};
use super::super::store::Store;
use super::parse::{Clause, Operand, Operator};
use super::test::{Ids, Instant, Test, Text, split};
use super::time::{local_time, period};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// What a query is read against.
#[derive(Clone, Copy)]
pub(in crate::jira_cloud) struct Context<'a> {
    pub(in crate::jira_cloud) site: &'a Site,
    pub(in crate::jira_cloud) store: &'a Store,
    pub(in crate::jira_cloud) now: Timestamp,
    /// An account id.
    pub(in crate::jira_cloud) caller: &'a str,
}

impl<'a> Context<'a> {
    /// A field by id, `cf[10040]` or name, as JQL names it.
    pub(super) fn field(&self, name: &str) -> Option<&'a Field> {
        let number = name
            .strip_prefix("cf[")
            .and_then(|rest| rest.strip_suffix(']'));
        let id = number.map_or_else(|| name.to_owned(), |number| format!("customfield_{number}"));
        let mut fields = self.site.fields.iter();
        fields.find(|field| {
            field.id.eq_ignore_ascii_case(&id) || field.name.eq_ignore_ascii_case(name)
        })
    }

    fn offset(&self) -> Duration {
        let hours = self
            .site
            .user(self.caller)
            .map_or(0, |user| user.utc_offset_hours);
        Duration::from_secs(3600 * u64::from(hours.unsigned_abs()))
    }

    fn instant_of(&self, local: Timestamp) -> Timestamp {
        let west = self
            .site
            .user(self.caller)
            .is_some_and(|user| user.utc_offset_hours < 0);
        match west {
            true => local.plus(self.offset()),
            false => local.minus(self.offset()),
        }
    }
}

/// A term being read: its words and where refusals go.
struct Term<'a, 'r> {
    context: &'a Context<'a>,
    field: &'a str,
    operator: Operator,
    operands: &'a [Operand],
    refusals: &'r mut Vec<String>,
}

/// Resolves a clause. What cannot be resolved adds a refusal; the test returned then is of no use.
pub(super) fn test(clause: &Clause, context: &Context<'_>, refusals: &mut Vec<String>) -> Test {
    match clause {
        Clause::All(clauses) => Test::All(
            clauses
                .iter()
                .map(|each| test(each, context, refusals))
                .collect(),
        ),
        Clause::Any(clauses) => Test::Any(
            clauses
                .iter()
                .map(|each| test(each, context, refusals))
                .collect(),
        ),
        Clause::Not(inner) => Test::Not(Box::new(test(inner, context, refusals))),
        Clause::Term {
            field,
            operator,
            operands,
        } => Term {
            context,
            field,
            operator: *operator,
            operands,
            refusals,
        }
        .test(),
    }
}

impl Term<'_, '_> {
    fn test(&mut self) -> Test {
        match self.field.to_ascii_lowercase().as_str() {
            "id" | "key" | "issue" | "issuekey" => self.issues(),
            "project" => self.ids(Ids::Project),
            "issuetype" | "type" => self.ids(Ids::Type),
            "status" => self.ids(Ids::Status),
            "statuscategory" => self.ids(Ids::StatusCategory),
            "creator" => self.ids(Ids::Creator),
            "component" | "components" => self.ids(Ids::Field("components".to_owned())),
            "created" | "createddate" => self.instant(Instant::Created),
            "updated" | "updateddate" => self.instant(Instant::Updated),
            "resolved" | "resolutiondate" => self.instant(Instant::Resolved),
            "due" | "duedate" => self.day("duedate"),
            "text" => self.words(Text::Any),
            "comment" => self.words(Text::Comment),
            _ => match self.context.field(self.field) {
                Some(field) => self.by_kind(field),
                None => self.refuse(format!(
                    "Field '{}' does not exist or you do not have permission to view it.",
                    self.field
                )),
            },
        }
    }

    fn by_kind(&mut self, field: &Field) -> Test {
        let id = field.id.clone();
        match field.kind {
            FieldKind::Line | FieldKind::Rich => self.words(Text::Field(id)),
            FieldKind::Number => self.number(id),
            FieldKind::Date => self.day(&id),
            FieldKind::DateTime => self.instant(Instant::Field(id)),
            FieldKind::System => self.refuse(format!(
                "This simulator cannot search for field '{}'.",
                self.field
            )),
            _ => self.ids(Ids::Field(id)),
        }
    }

    fn refuse(&mut self, message: String) -> Test {
        self.refusals.push(message);
        Test::All(Vec::new())
    }

    fn wrong_operator(&mut self) -> Test {
        self.refuse(format!(
            "The operator '{:?}' is not supported by the '{}' field.",
            self.operator, self.field
        ))
    }

    /// Negates as JQL does: what is empty matches neither `x = 1` nor `x != 1`.
    fn ids(&mut self, ids: Ids) -> Test {
        let negative = match self.operator {
            Operator::Equal | Operator::In | Operator::Is => false,
            Operator::NotEqual | Operator::NotIn | Operator::IsNot => true,
            _ => return self.wrong_operator(),
        };
        let empty_only = matches!(self.operator, Operator::Is | Operator::IsNot);
        let mut wanted = Vec::new();
        let mut empty = false;
        for operand in self.operands {
            match operand {
                Operand::Empty => empty = true,
                _ if empty_only => {
                    return self.refuse(format!(
                        "The operator '{:?}' of field '{}' takes only EMPTY.",
                        self.operator, self.field
                    ));
                }
                Operand::Function(name) if name.eq_ignore_ascii_case("currentUser") => {
                    wanted.push(self.context.caller.to_owned());
                }
                Operand::Function(name) => {
                    return self.refuse(format!("Unable to find JQL function '{name}()'."));
                }
                Operand::Text(text) => match resolve(self.context, &ids, text) {
                    found if found.is_empty() => {
                        let field = self.field;
                        self.refusals.push(format!(
                            "The value '{text}' does not exist for the field '{field}'."
                        ));
                    }
                    found => wanted.extend(found),
                },
            }
        }
        let is_empty = || Test::Not(Box::new(Test::Filled(ids.clone())));
        let holds = Test::Holds(ids.clone(), wanted.clone());
        match (negative, empty, wanted.is_empty()) {
            (false, true, true) => is_empty(),
            (false, true, false) => Test::Any(vec![is_empty(), holds]),
            (false, false, _) => holds,
            (true, true, true) => Test::Filled(ids),
            (true, _, _) => Test::All(vec![Test::Filled(ids), Test::Not(Box::new(holds))]),
        }
    }

    fn issues(&mut self) -> Test {
        let negative = match self.operator {
            Operator::Equal | Operator::In => false,
            Operator::NotEqual | Operator::NotIn => true,
            _ => return self.wrong_operator(),
        };
        let mut ids = Vec::new();
        for operand in self.operands {
            let Operand::Text(name) = operand else {
                return self.refuse(format!("Field '{}' takes only keys and ids.", self.field));
            };
            match self.context.store.find(name) {
                Some(issue) if issue.hidden.is_none() => ids.push(issue.id),
                // One missing issue fails the whole query; the parameter that turned this off went with /search.
                _ if name.parse::<u64>().is_ok() => self.refusals.push(format!(
                    "A value with ID '{name}' does not exist for the field '{}'.",
                    self.field
                )),
                _ => self.refusals.push(format!(
                    "An issue with key '{name}' does not exist for field '{}'.",
                    self.field
                )),
            }
        }
        match negative {
            true => Test::Not(Box::new(Test::Issue(ids))),
            false => Test::Issue(ids),
        }
    }

    fn one_text(&mut self) -> Option<String> {
        match self.operands {
            [Operand::Text(text)] => Some(text.clone()),
            _ => None,
        }
    }

    fn emptiness(&mut self, ids: Ids) -> Option<Test> {
        match (self.operator, self.operands) {
            (Operator::Is | Operator::Equal, [Operand::Empty]) => {
                Some(Test::Not(Box::new(Test::Filled(ids))))
            }
            (Operator::IsNot | Operator::NotEqual, [Operand::Empty]) => Some(Test::Filled(ids)),
            _ => None,
        }
    }

    fn instant(&mut self, instant: Instant) -> Test {
        let comparing = matches!(
            self.operator,
            Operator::Equal
                | Operator::NotEqual
                | Operator::Less
                | Operator::AtMost
                | Operator::Greater
                | Operator::AtLeast
        );
        if !comparing {
            return self.wrong_operator();
        }
        match self.time() {
            Some(at) => Test::When(instant, self.operator, at),
            None => self.bad_date(),
        }
    }

    fn day(&mut self, id: &str) -> Test {
        if let Some(test) = self.emptiness(Ids::Field(id.to_owned())) {
            return test;
        }
        match self.time() {
            Some(at) => Test::Day(id.to_owned(), self.operator, at),
            None => self.bad_date(),
        }
    }

    fn bad_date(&mut self) -> Test {
        let value = self.one_text().unwrap_or_default();
        self.refuse(format!(
            "Date value '{value}' for field '{}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.",
            self.field
        ))
    }

    fn time(&mut self) -> Option<Timestamp> {
        let now = self.context.now;
        match self.operands {
            [Operand::Function(name)] if name.eq_ignore_ascii_case("now") => Some(now),
            [Operand::Text(text)] => match period(text) {
                Some((back, length)) if back => Some(now.minus(length)),
                Some((_, length)) => Some(now.plus(length)),
                None => local_time(text).map(|local| self.context.instant_of(local)),
            },
            _ => None,
        }
    }

    fn number(&mut self, id: String) -> Test {
        if let Some(test) = self.emptiness(Ids::Field(id.clone())) {
            return test;
        }
        match self.one_text().and_then(|text| text.parse().ok()) {
            Some(number) => Test::Number(id, self.operator, number),
            None => self.refuse(format!("A number is expected for field '{}'.", self.field)),
        }
    }

    fn words(&mut self, text: Text) -> Test {
        if let Text::Field(id) = &text
            && let Some(test) = self.emptiness(Ids::Field(id.clone()))
        {
            return test;
        }
        let Some(words) = self.one_text().map(|words| split(&words)) else {
            return self.wrong_operator();
        };
        match self.operator {
            Operator::Contains => Test::Words(text, words),
            Operator::ContainsNot => Test::Not(Box::new(Test::Words(text, words))),
            _ => self.wrong_operator(),
        }
    }
}

/// The ids that a name stands for; none when there is no such thing.
fn resolve(context: &Context<'_>, ids: &Ids, text: &str) -> Vec<String> {
    let site = context.site;
    let same = |id: &str, name: &str| id == text || name.eq_ignore_ascii_case(text);
    let category = |category: Category| {
        let (id, key, _, name) = category.facts();
        (same(&id.to_string(), name) || key == text).then(|| key.to_owned())
    };
    let projects = site
        .projects
        .iter()
        .filter(|each| same(&each.id, &each.key) || each.name.eq_ignore_ascii_case(text));
    let types = site.types.iter().filter(|each| same(&each.id, &each.name));
    let statuses = site
        .statuses
        .iter()
        .filter(|each| same(&each.id, &each.name));
    match ids {
        Ids::Project => projects.map(|each| each.id.clone()).collect(),
        Ids::Type => types.map(|each| each.id.clone()).collect(),
        Ids::Status => statuses.map(|each| each.id.clone()).collect(),
        Ids::StatusCategory => [Category::ToDo, Category::InProgress, Category::Done]
            .into_iter()
            .filter_map(category)
            .collect(),
        Ids::Creator => users(site, text),
        Ids::Field(id) => match site.field(id) {
            Some(field) => resolve_in(context, field, text),
            None => Vec::new(),
        },
    }
}

/// The ids that a name stands for in one field.
fn resolve_in(context: &Context<'_>, field: &Field, text: &str) -> Vec<String> {
    let site = context.site;
    match field.kind {
        // A label that nothing has is a valid value.
        FieldKind::Labels => vec![text.to_owned()],
        FieldKind::User => users(site, text),
        FieldKind::Priority => named(&site.priorities, text),
        FieldKind::Resolution => named(&site.resolutions, text),
        FieldKind::Components => site
            .projects
            .iter()
            .flat_map(|each| named(&each.components, text))
            .collect(),
        FieldKind::Parent => {
            let parent = context.store.find(text);
            parent
                .map(|issue| issue.id.to_string())
                .into_iter()
                .collect()
        }
        _ => field
            .options
            .iter()
            .flat_map(|option| {
                let same = option.id == text || option.value.eq_ignore_ascii_case(text);
                let own = same.then(|| option.id.clone());
                own.into_iter().chain(named(&option.children, text))
            })
            .collect(),
    }
}

fn named(all: &[Named], text: &str) -> Vec<String> {
    let same = |each: &&Named| each.id == text || each.name.eq_ignore_ascii_case(text);
    all.iter()
        .filter(same)
        .map(|each| each.id.clone())
        .collect()
}

fn users(site: &Site, text: &str) -> Vec<String> {
    let same =
        |user: &&User| user.account_id == text || user.email == text || user.display_name == text;
    let found = site.users.iter().filter(same);
    found.map(|user| user.account_id.clone()).collect()
}

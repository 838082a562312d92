//! Triggers: encoded queries, as ServiceNow's lists copy them ("Copy query").
//!
//! ServiceNow drops a condition on a field that it does not know, without a word (`glide.invalid_query.returns_no_rows` is off
//! by default): a slip of the pen would match every record of the table. So every field is held against the dictionary. What
//! cannot be seen is a condition on a field that an access rule keeps from our account: newer releases drop that one, too.

use super::client;
use super::meta::Meta;
use super::{ServiceNow, TRACKER};
use crate::connector::Impossible;
use crate::error::TrackerError;

/// Likeness below which a name is no suggestion.
const LIKENESS_MIN: f64 = 0.7;

/// Operators of conditions, longer ones before those that they begin with. Source: ServiceNow's page "Operators available for
/// filters and queries".
const OPERATORS: &[&str] = &[
    "GT_OR_EQUALS_FIELD",
    "LT_OR_EQUALS_FIELD",
    "GT_FIELD",
    "LT_FIELD",
    "ISNOTEMPTY",
    "ISEMPTY",
    "EMPTYSTRING",
    "ANYTHING",
    "STARTSWITH",
    "ENDSWITH",
    "NOT LIKE",
    "NOTLIKE",
    "NOT IN",
    "LIKE",
    "BETWEEN",
    "INSTANCEOF",
    "IN",
    "NSAMEAS",
    "SAMEAS",
    "NOTON",
    "ON",
    "DATEPART",
    "RELATIVEGT",
    "RELATIVELT",
    "RELATIVEGE",
    "RELATIVELE",
    "RELATIVEEE",
    "MORETHAN",
    "LESSTHAN",
    "DYNAMIC",
    "!=",
    "<=",
    ">=",
    "=",
    "<",
    ">",
    "*",
    "!*",
    "%",
];

/// A trigger whose form is understood.
#[derive(Debug, PartialEq)]
pub(super) struct Trigger {
    /// Any of these queries: what stands between `^NQ`.
    queries: Vec<String>,
    /// The fields that it asks for, by path: `assignment_group.name`.
    paths: Vec<String>,
}

impl Trigger {
    /// Reads a trigger, or says which part of it is not understood.
    pub(super) fn parse(text: &str) -> Result<Self, Impossible> {
        let mut trigger = Self {
            queries: vec![String::new()],
            paths: Vec::new(),
        };
        for token in tokens(text.trim().trim_start_matches('^')) {
            trigger.take(&token)?;
        }
        Ok(trigger)
    }

    fn take(&mut self, token: &str) -> Result<(), Impossible> {
        if token.is_empty() || token == "EQ" {
            return Ok(());
        }
        if token.starts_with("ORDERBY") || token.starts_with("GROUPBY") {
            return Err(refused(format!(
                "the trigger must not contain '{token}': the order is Twinline's"
            )));
        }
        let (new, or, condition) = match (token.strip_prefix("NQ"), token.strip_prefix("OR")) {
            (Some(rest), _) => (true, false, rest),
            (_, Some(rest)) => (false, true, rest),
            _ => (false, false, token),
        };
        self.paths.push(path(condition)?.to_owned());
        if new {
            self.queries.push(String::new());
        }
        let query = self
            .queries
            .last_mut()
            .expect("there is one from the beginning");
        if or && query.is_empty() {
            return Err(refused(format!(
                "the trigger's part '{token}' has nothing before it"
            )));
        }
        if !query.is_empty() {
            query.push('^');
        }
        if or {
            query.push_str("OR");
        }
        query.push_str(condition);
        Ok(())
    }

    /// The query with conditions before each of its parts (`a=b^`), in an order.
    pub(super) fn within(&self, conditions: &str, order: &str) -> String {
        let each = self.queries.iter().map(|query| {
            let whole = format!("{conditions}{query}");
            whole.trim_end_matches('^').to_owned()
        });
        let queries: Vec<String> = each.collect();
        format!("{}^{order}", queries.join("^NQ"))
    }
}

/// The parts between carets, as they stand; two carets are one that is meant.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = vec![String::new()];
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let last = tokens.last_mut().expect("there is one from the beginning");
        match c {
            '^' if rest.peek() == Some(&'^') => {
                rest.next();
                last.push_str("^^");
            }
            '^' => tokens.push(String::new()),
            other => last.push(other),
        }
    }
    tokens
}

/// The path of a condition's field.
fn path(condition: &str) -> Result<&str, Impossible> {
    let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.';
    let end = condition.find(|c| !name(c)).unwrap_or(condition.len());
    let (path, rest) = condition.split_at(end);
    let known = OPERATORS.iter().any(|operator| rest.starts_with(operator));
    if path.is_empty() || !known {
        return Err(refused(format!(
            "the trigger's part '{condition}' is not FIELD, OPERATOR and VALUE, such as active=true^priorityIN1,2"
        )));
    }
    Ok(path)
}

fn refused(why: String) -> Impossible {
    Impossible::part("trigger", why)
}

impl ServiceNow {
    /// Reads a trigger for a table, and refuses it where it names a field that the table does not have.
    pub(super) async fn read_trigger(
        &self,
        table: &str,
        text: &str,
    ) -> Result<Trigger, TrackerError> {
        let trigger = Trigger::parse(text).map_err(client::refused)?;
        for path in &trigger.paths {
            self.check_path(table, path).await?;
        }
        Ok(trigger)
    }

    async fn check_path(&self, table: &str, path: &str) -> Result<(), TrackerError> {
        let mut table = table.to_owned();
        let mut steps = path.split('.').peekable();
        while let Some(step) = steps.next() {
            let mut meta = self.meta(&table).await?;
            if !meta.columns.contains_key(step) {
                // It may be new.
                meta = self.learn(&table).await?;
            }
            let Some(column) = meta.columns.get(step) else {
                return Err(client::refused(refused(unknown(&table, step, path, &meta))));
            };
            if steps.peek().is_none() {
                break;
            }
            let next = column.reference.clone();
            table = next.ok_or_else(|| {
                client::refused(refused(format!(
                    "'{path}' in the trigger: {table}.{step} refers to no record"
                )))
            })?;
        }
        Ok(())
    }
}

fn unknown(table: &str, step: &str, path: &str, meta: &Meta) -> String {
    let likeness = |name: &String| (strsim::jaro_winkler(step, name), name.clone());
    let nearest = meta.columns.keys().map(likeness);
    let nearest = nearest.max_by(|one, other| one.0.total_cmp(&other.0));
    let suggestion = match nearest {
        Some((likeness, name)) if likeness >= LIKENESS_MIN => format!(": did you mean '{name}'?"),
        _ => String::new(),
    };
    format!(
        "'{path}' in the trigger: the table {table} has no column '{step}', and {TRACKER} would ignore the condition{suggestion}"
    )
}

#[cfg(test)]
#[path = "tests/trigger.rs"]
mod tests;

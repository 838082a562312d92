//! Encoded queries: read, and held against records.
//!
//! Source: <https://www.servicenow.com/docs/> ("Encoded query strings", "Operators available for filters and queries"). `^OR`
//! binds closer than `^`, `^NQ` begins another query whose records come too. A condition on a field that does not exist is
//! dropped without a word, unless `glide.invalid_query.returns_no_rows` is set.

use super::ServiceNow;
use super::site::Column;
use super::store::Row;
use std::cmp::Ordering;

/// A query that was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Query {
    /// Any of these; each is all of its parts, and each part any of its conditions.
    groups: Vec<Vec<Vec<Condition>>>,
    /// Columns to order by, and whether downwards.
    order: Vec<(String, bool)>,
    /// Whether nothing is found, since a field is unknown.
    nothing: bool,
}

#[derive(Clone, Debug)]
struct Condition {
    path: String,
    operator: &'static str,
    value: String,
}

/// The operators, longer ones before those that they begin with.
const OPERATORS: &[&str] = &[
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
    "IN",
    "!=",
    "<=",
    ">=",
    "=",
    "<",
    ">",
];

impl ServiceNow {
    /// Reads a query for a table.
    pub(super) fn read_query(&self, table: &str, text: &str, caller: &str) -> Query {
        let mut query = Query {
            groups: vec![Vec::new()],
            ..Query::default()
        };
        for token in tokens(text) {
            if let Some(column) = token.strip_prefix("ORDERBYDESC") {
                query.order.push((column.to_owned(), true));
            } else if let Some(column) = token.strip_prefix("ORDERBY") {
                query.order.push((column.to_owned(), false));
            } else if token == "EQ" || token.is_empty() {
                continue;
            } else if let Some(rest) = token.strip_prefix("NQ") {
                query.groups.push(Vec::new());
                self.add(&mut query, table, rest, false, caller);
            } else if let Some(rest) = token.strip_prefix("OR") {
                self.add(&mut query, table, rest, true, caller);
            } else {
                self.add(&mut query, table, &token, false, caller);
            }
        }
        query
    }

    fn add(&self, query: &mut Query, table: &str, text: &str, or: bool, caller: &str) {
        let known = condition(text).filter(|one| self.column_of_path(table, &one.path).is_some());
        let Some(mut condition) = known else {
            query.nothing |= self.site.switches.invalid_query_returns_no_rows;
            return;
        };
        condition.value = self.evaluated(&condition.value, caller);
        let Some(group) = query.groups.last_mut() else {
            return;
        };
        match group.last_mut().filter(|_| or) {
            Some(part) => part.push(condition),
            None => group.push(vec![condition]),
        }
    }

    /// What a script in a value gives: the two that filters use for "me".
    fn evaluated(&self, value: &str, caller: &str) -> String {
        match value {
            "javascript:gs.getUserName()" => caller.to_owned(),
            "javascript:gs.getUserID()" => self.user_id(caller),
            other => other.to_owned(),
        }
    }

    /// The records of a table that match, in the query's order.
    pub(super) fn found(&self, table: &str, query: &Query) -> Vec<&Row> {
        if query.nothing {
            return Vec::new();
        }
        let classes = self
            .site
            .tables
            .iter()
            .filter(|one| self.site.is_a(&one.name, table));
        let rows = classes.flat_map(|one| self.store.of_class(&one.name));
        let mut found: Vec<&Row> = rows.filter(|row| self.matches(query, row)).collect();
        found.sort_by(|a, b| self.compare(query, a, b));
        found
    }

    fn matches(&self, query: &Query, row: &Row) -> bool {
        let holds = |one: &Condition| self.holds(one, row);
        query
            .groups
            .iter()
            .any(|group| group.iter().all(|part| part.iter().any(holds)))
    }

    fn holds(&self, condition: &Condition, row: &Row) -> bool {
        let held = self.walk(row, &condition.path);
        let wanted = condition.value.as_str();
        let order = || self.order(&row.class, &condition.path, &held, wanted);
        let listed = || wanted.split(',').any(|one| one.trim() == held);
        let (lower, part) = (held.to_lowercase(), wanted.to_lowercase());
        match condition.operator {
            // The database does not mind letter case.
            "=" => lower == part,
            "!=" => lower != part,
            "<" => !held.is_empty() && order() == Ordering::Less,
            "<=" => !held.is_empty() && order() != Ordering::Greater,
            ">" => order() == Ordering::Greater,
            ">=" => order() != Ordering::Less,
            "IN" => listed(),
            "NOT IN" => !listed(),
            "LIKE" => lower.contains(&part),
            "NOT LIKE" | "NOTLIKE" => !lower.contains(&part),
            "STARTSWITH" => lower.starts_with(&part),
            "ENDSWITH" => lower.ends_with(&part),
            "ISEMPTY" | "EMPTYSTRING" => held.is_empty(),
            "ISNOTEMPTY" => !held.is_empty(),
            "BETWEEN" => wanted.split_once('@').is_some_and(|(low, high)| {
                let at_least = self.order(&row.class, &condition.path, &held, low);
                let at_most = self.order(&row.class, &condition.path, &held, high);
                at_least != Ordering::Less && at_most != Ordering::Greater
            }),
            _ => true,
        }
    }

    /// Numbers are compared as such, everything else as the database's texts.
    fn order(&self, class: &str, path: &str, a: &str, b: &str) -> Ordering {
        let kind = self
            .column_of_path(class, path)
            .map_or("", |column| column.kind.as_str());
        let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NEG_INFINITY);
        match kind {
            "integer" | "longint" | "decimal" | "float" => number(a).total_cmp(&number(b)),
            _ => a.cmp(b),
        }
    }

    fn compare(&self, query: &Query, a: &Row, b: &Row) -> Ordering {
        for (path, down) in &query.order {
            let order = self.order(&a.class, path, &self.walk(a, path), &self.walk(b, path));
            let order = if *down { order.reverse() } else { order };
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    }

    /// The column at the end of a path: `caller_id.email`.
    pub(super) fn column_of_path(&self, table: &str, path: &str) -> Option<&Column> {
        match path.split_once('.') {
            None => self.site.column(table, path),
            Some((first, rest)) => {
                let through = self.site.column(table, first)?;
                self.column_of_path(through.reference.as_deref()?, rest)
            }
        }
    }

    /// The value at the end of a path.
    pub(super) fn walk(&self, row: &Row, path: &str) -> String {
        match path.split_once('.') {
            None => row.get(path).to_owned(),
            Some((first, rest)) => {
                let next = self.store.get(row.get(first));
                next.map_or_else(String::new, |next| self.walk(next, rest))
            }
        }
    }
}

/// The parts between carets; two of them are one that is meant.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = vec![String::new()];
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let last = tokens.last_mut().expect("there is one from the beginning");
        match c {
            '^' if rest.peek() == Some(&'^') => {
                rest.next();
                last.push('^');
            }
            '^' => tokens.push(String::new()),
            other => last.push(other),
        }
    }
    tokens
}

fn condition(text: &str) -> Option<Condition> {
    let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.';
    let end = text.find(|c| !name(c))?;
    let (path, rest) = text.split_at(end);
    let operator = OPERATORS
        .iter()
        .find(|operator| rest.starts_with(**operator))?;
    Some(Condition {
        path: path.to_owned(),
        operator,
        value: rest[operator.len()..].to_owned(),
    })
}

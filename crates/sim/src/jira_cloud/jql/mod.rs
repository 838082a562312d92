//! The part of JQL that the simulator understands. Everything else is refused, never quietly taken as true.
//!
//! Reading is three steps: words ([`lex`]), a tree of clauses ([`parse`]), a test on issues whose names are all
//! resolved ([`compile`]). Source: Atlassian's JQL field, operator and function references.

mod compile;
mod lex;
mod order;
mod parse;
mod test;
mod time;

pub(super) use compile::Context;
pub(super) use order::Place;
pub(super) use test::Test;

use order::Order;

/// A query ready to run.
#[derive(Debug)]
pub(super) struct Query {
    /// Which issues match.
    pub(super) test: Test,
    /// In which order they come.
    pub(super) order: Order,
}

/// Why a query is refused: the sentences of the API.
pub(super) type Refusals = Vec<String>;

/// Reads a query. The empty one and one with only an order are refused, as `/search/jql` does.
pub(super) fn read(text: &str, context: &Context<'_>) -> Result<Query, Refusals> {
    let tokens = lex::words(text).map_err(|message| vec![message])?;
    let parsed = parse::query(&tokens).map_err(|message| vec![message])?;
    let Some(clause) = parsed.clause else {
        return Err(vec![
            "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.".to_owned(),
        ]);
    };
    let mut refusals = Vec::new();
    let test = compile::test(&clause, context, &mut refusals);
    let order = order::order(&parsed.order, context, &mut refusals);
    match refusals.is_empty() {
        true => Ok(Query { test, order }),
        false => Err(refusals),
    }
}

#[cfg(test)]
mod tests;

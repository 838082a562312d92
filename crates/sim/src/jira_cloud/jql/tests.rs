//! How queries are read; what they find is told in the simulator's own tests.

use super::lex::{Token, words};
use super::parse::{Clause, query};

fn check(text: &str, shape: &str) {
    fn show(clause: &Clause) -> String {
        let join = |clauses: &[Clause], with: &str| {
            let parts: Vec<String> = clauses.iter().map(show).collect();
            format!("({})", parts.join(with))
        };
        match clause {
            Clause::All(clauses) => join(clauses, " & "),
            Clause::Any(clauses) => join(clauses, " | "),
            Clause::Not(inner) => format!("!{}", show(inner)),
            Clause::Term { field, .. } => field.clone(),
        }
    }
    let parsed = query(&words(text).unwrap()).unwrap();
    assert_eq!(show(&parsed.clause.unwrap()), shape, "{text}");
}

#[test]
fn and_binds_closer_than_or() {
    check("a = 1 or b = 2 and c = 3", "(a | (b & c))");
    check("(a = 1 or b = 2) and not c = 3", "((a | b) & !c)");
    check("!(a = 1) || b != 2", "(!a | b)");
    check(
        "a is not empty and b not in (1, 2) order by a desc, b",
        "(a & b)",
    );
}

#[test]
fn quotes_keep_keywords_and_spaces() {
    let text = |text: &str, quoted| Token::Text {
        text: text.to_owned(),
        quoted,
    };
    let expected = vec![
        text("a", false),
        Token::Operator("="),
        text("x and \"y\"", true),
    ];
    assert_eq!(words("a=\"x and \\\"y\\\"\""), Ok(expected));
}

#[test]
fn hostile_depth_is_refused() {
    let deep = format!("{}a = 1{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(query(&words(&deep).unwrap()).is_err());
}

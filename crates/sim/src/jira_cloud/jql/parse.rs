//! JQL as a tree of clauses.

use super::lex::Token;

/// A whole query as written.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) clause: Option<Clause>,
    /// (field, descending).
    pub(super) order: Vec<(String, bool)>,
}

/// A condition as written.
#[derive(Debug, PartialEq)]
pub(super) enum Clause {
    All(Vec<Clause>),
    Any(Vec<Clause>),
    Not(Box<Clause>),
    Term {
        field: String,
        operator: Operator,
        operands: Vec<Operand>,
    },
}

/// What stands between a field and its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jira_cloud) enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Contains,
    ContainsNot,
    In,
    NotIn,
    Is,
    IsNot,
}

/// A value as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Text(String),
    /// `EMPTY` or `NULL`.
    Empty,
    /// A function without arguments: `currentUser()`.
    Function(String),
}

/// Clauses nested deeper than this are refused, so that a hostile query cannot exhaust the stack.
const DEEPEST: usize = 50;

/// Reads a whole query.
pub(super) fn query(tokens: &[Token]) -> Result<Parsed, String> {
    let mut reader = Reader {
        tokens,
        at: 0,
        depth: 0,
    };
    let mut parsed = Parsed::default();
    if !reader.done() && !reader.at_order() {
        parsed.clause = Some(reader.any()?);
    }
    if reader.at_order() {
        reader.at += 2;
        parsed.order = reader.order()?;
    }
    match reader.done() {
        true => Ok(parsed),
        false => Err(reader.unexpected("either 'AND' or 'OR'")),
    }
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn at_order(&self) -> bool {
        let next = self.tokens.get(self.at + 1);
        self.peek().is_some_and(|token| token.is("order"))
            && next.is_some_and(|token| token.is("by"))
    }

    fn take(&mut self, keyword: &str) -> bool {
        let taken = self.peek().is_some_and(|token| token.is(keyword));
        self.at += usize::from(taken);
        taken
    }

    fn take_token(&mut self, token: &Token) -> bool {
        let taken = self.peek() == Some(token);
        self.at += usize::from(taken);
        taken
    }

    fn unexpected(&self, expected: &str) -> String {
        let found = match self.peek() {
            None => "the end of the query".to_owned(),
            Some(Token::Text { text, .. }) => format!("'{text}'"),
            Some(Token::Operator(operator)) => format!("'{operator}'"),
            Some(Token::Open) => "'('".to_owned(),
            Some(Token::Close) => "')'".to_owned(),
            Some(Token::Comma) => "','".to_owned(),
        };
        format!("Error in the JQL Query: Expecting {expected} but got {found}.")
    }

    fn any(&mut self) -> Result<Clause, String> {
        let mut clauses = vec![self.all()?];
        while self.take("or") {
            clauses.push(self.all()?);
        }
        Ok(one_or(clauses, Clause::Any))
    }

    fn all(&mut self) -> Result<Clause, String> {
        let mut clauses = vec![self.unary()?];
        while self.take("and") {
            clauses.push(self.unary()?);
        }
        Ok(one_or(clauses, Clause::All))
    }

    fn unary(&mut self) -> Result<Clause, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("Error in the JQL Query: The query is nested too deeply.".to_owned());
        }
        let clause = if self.take("not") {
            Clause::Not(Box::new(self.unary()?))
        } else if self.take_token(&Token::Open) {
            let inner = self.any()?;
            if !self.take_token(&Token::Close) {
                return Err(self.unexpected("')'"));
            }
            inner
        } else {
            self.term()?
        };
        self.depth -= 1;
        Ok(clause)
    }

    fn term(&mut self) -> Result<Clause, String> {
        let field = match self.peek() {
            Some(Token::Text { text, .. }) => text.clone(),
            _ => return Err(self.unexpected("a field name")),
        };
        self.at += 1;
        let operator = self.operator()?;
        let operands = match operator {
            Operator::In | Operator::NotIn => self.list()?,
            _ => vec![self.operand()?],
        };
        Ok(Clause::Term {
            field,
            operator,
            operands,
        })
    }

    fn operator(&mut self) -> Result<Operator, String> {
        let operator = match self.peek() {
            Some(Token::Operator("=")) => Operator::Equal,
            Some(Token::Operator("!=")) => Operator::NotEqual,
            Some(Token::Operator("<")) => Operator::Less,
            Some(Token::Operator("<=")) => Operator::AtMost,
            Some(Token::Operator(">")) => Operator::Greater,
            Some(Token::Operator(">=")) => Operator::AtLeast,
            Some(Token::Operator("~")) => Operator::Contains,
            Some(Token::Operator("!~")) => Operator::ContainsNot,
            Some(token) if token.is("in") => Operator::In,
            Some(token) if token.is("is") => {
                self.at += 1;
                return Ok(match self.take("not") {
                    true => Operator::IsNot,
                    false => Operator::Is,
                });
            }
            Some(token) if token.is("not") => {
                self.at += 1;
                return match self.take("in") {
                    true => Ok(Operator::NotIn),
                    false => Err(self.unexpected("'IN'")),
                };
            }
            _ => {
                return Err(self.unexpected(
                    "operator but got another word. The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT',",
                ));
            }
        };
        self.at += 1;
        Ok(operator)
    }

    fn list(&mut self) -> Result<Vec<Operand>, String> {
        if !self.take_token(&Token::Open) {
            return Err(self.unexpected("'('"));
        }
        let mut operands = vec![self.operand()?];
        while self.take_token(&Token::Comma) {
            operands.push(self.operand()?);
        }
        match self.take_token(&Token::Close) {
            true => Ok(operands),
            false => Err(self.unexpected("',' or ')'")),
        }
    }

    fn operand(&mut self) -> Result<Operand, String> {
        let token = self.peek();
        let Some(Token::Text { text, quoted }) = token else {
            return Err(self.unexpected("either a value, list or function"));
        };
        self.at += 1;
        if !quoted && self.take_token(&Token::Open) {
            return match self.take_token(&Token::Close) {
                true => Ok(Operand::Function(text.clone())),
                false => Err(format!(
                    "Function '{text}' is not supported with arguments by this simulator."
                )),
            };
        }
        let empty = token.is_some_and(|token| token.is("empty") || token.is("null"));
        Ok(match empty {
            true => Operand::Empty,
            false => Operand::Text(text.clone()),
        })
    }

    fn order(&mut self) -> Result<Vec<(String, bool)>, String> {
        let mut out = Vec::new();
        loop {
            let Some(Token::Text { text, .. }) = self.peek() else {
                return Err(self.unexpected("a field to order by"));
            };
            self.at += 1;
            let descending = self.take("desc");
            if !descending {
                self.take("asc");
            }
            out.push((text.clone(), descending));
            if !self.take_token(&Token::Comma) {
                return Ok(out);
            }
        }
    }
}

fn one_or(mut clauses: Vec<Clause>, many: impl Fn(Vec<Clause>) -> Clause) -> Clause {
    match (clauses.len(), clauses.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            clauses.extend(last);
            many(clauses)
        }
    }
}

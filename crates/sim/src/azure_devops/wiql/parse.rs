//! A query, understood.

use super::super::failure::Failure;
use super::super::site::Organization;
use super::lex::{Word, words};
use super::wrong;

/// How deeply parentheses and negations may nest.
const DEPTH_MAX: usize = 64;

/// A flat query of work items.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Query {
    /// Reference names.
    pub(super) columns: Vec<String>,
    pub(super) filter: Filter,
    /// Reference names, and whether the greatest comes first.
    pub(super) order: Vec<(String, bool)>,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Compare {
        /// A reference name.
        field: String,
        operator: Operator,
        values: Vec<Operand>,
        /// As it was written, for errors.
        written: String,
    },
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Contains,
    Under,
    Ever,
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Text(String),
    Number(f64),
    Bool(bool),
    Me,
    Project,
    /// Today, plus so many days.
    Today(i64),
}

/// Reads a query.
pub(super) fn parse(text: &str, site: &Organization) -> Result<Query, Failure> {
    let words = words(text)?;
    let mut parser = Parser {
        words,
        at: 0,
        site,
        depth: 0,
    };
    parser.name("SELECT")?;
    let mut columns = vec![parser.field()?];
    while parser.take_sign(",") {
        columns.push(parser.field()?);
    }
    parser.name("FROM")?;
    parser.name("WorkItems")?;
    let filter = match parser.take_name("WHERE") {
        true => parser.any()?,
        false => Filter::All(Vec::new()),
    };
    let mut order = Vec::new();
    if parser.take_name("ORDER") {
        parser.name("BY")?;
        loop {
            let field = parser.field()?;
            let descending = parser.take_name("DESC");
            if !descending {
                parser.take_name("ASC");
            }
            order.push((field, descending));
            if !parser.take_sign(",") {
                break;
            }
        }
    }
    match parser.words.get(parser.at) {
        None => Ok(Query {
            columns,
            filter,
            order,
        }),
        Some(word) => Err(wrong("Expecting end of string.", &shown(word))),
    }
}

struct Parser<'a> {
    words: Vec<Word>,
    at: usize,
    site: &'a Organization,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Word> {
        self.words.get(self.at)
    }

    fn take_name(&mut self, wanted: &str) -> bool {
        let found =
            matches!(self.peek(), Some(Word::Name(name)) if name.eq_ignore_ascii_case(wanted));
        self.at += usize::from(found);
        found
    }

    fn take_sign(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Word::Sign(sign)) if *sign == wanted);
        self.at += usize::from(found);
        found
    }

    fn name(&mut self, wanted: &str) -> Result<(), Failure> {
        match self.take_name(wanted) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("TF51006: Expecting {wanted}."))),
        }
    }

    fn sign(&mut self, wanted: &str) -> Result<(), Failure> {
        match self.take_sign(wanted) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("Expecting {wanted}."))),
        }
    }

    fn unexpected(&self, why: &str) -> Failure {
        wrong(
            why,
            &self
                .peek()
                .map_or_else(|| "end of string".to_owned(), shown),
        )
    }

    /// A field that there is, by its reference name.
    fn field(&mut self) -> Result<String, Failure> {
        let named = match self.peek() {
            Some(Word::Field(name) | Word::Name(name)) => name.clone(),
            _ => return Err(self.unexpected("Expecting field name.")),
        };
        let known = self.site.field(&named).ok_or_else(|| {
            wrong(
                "TF51005: The query references a field that does not exist.",
                &format!("[{named}]"),
            )
        })?;
        self.at += 1;
        Ok(known.reference.clone())
    }

    fn any(&mut self) -> Result<Filter, Failure> {
        let mut parts = vec![self.all()?];
        while self.take_name("OR") {
            parts.push(self.all()?);
        }
        Ok(Filter::Any(parts))
    }

    fn all(&mut self) -> Result<Filter, Failure> {
        let mut parts = vec![self.one()?];
        while self.take_name("AND") {
            parts.push(self.one()?);
        }
        Ok(Filter::All(parts))
    }

    fn one(&mut self) -> Result<Filter, Failure> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.unexpected("The query nests too deeply."));
        }
        let one = if self.take_name("NOT") {
            Filter::Not(Box::new(self.one()?))
        } else if self.take_sign("(") {
            let inside = self.any()?;
            self.sign(")")?;
            inside
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(one)
    }

    fn comparison(&mut self) -> Result<Filter, Failure> {
        let from = self.at;
        let field = self.field()?;
        let not = self.take_name("NOT");
        let (operator, inverse) = self.operator()?;
        let values = match operator {
            Operator::In => {
                self.sign("(")?;
                let mut values = vec![self.operand()?];
                while self.take_sign(",") {
                    values.push(self.operand()?);
                }
                self.sign(")")?;
                values
            }
            _ => vec![self.operand()?],
        };
        let written: Vec<String> = self.words[from..self.at].iter().map(shown).collect();
        let compare = Filter::Compare {
            field,
            operator,
            values,
            written: written.join(" "),
        };
        Ok(match not != inverse {
            true => Filter::Not(Box::new(compare)),
            false => compare,
        })
    }

    /// An operator, and whether its opposite is meant.
    fn operator(&mut self) -> Result<(Operator, bool), Failure> {
        let signs = [
            ("=", Operator::Equal, false),
            ("<>", Operator::Equal, true),
            ("<=", Operator::LessOrEqual, false),
            (">=", Operator::GreaterOrEqual, false),
            ("<", Operator::Less, false),
            (">", Operator::Greater, false),
        ];
        for (sign, operator, inverse) in signs {
            if self.take_sign(sign) {
                return Ok((operator, inverse));
            }
        }
        if self.take_name("IN") {
            return Ok((Operator::In, false));
        }
        if self.take_name("CONTAINS") {
            self.take_name("WORDS");
            return Ok((Operator::Contains, false));
        }
        if self.take_name("UNDER") {
            return Ok((Operator::Under, false));
        }
        if self.take_name("EVER") {
            self.take_sign("=");
            return Ok((Operator::Ever, false));
        }
        Err(self.unexpected("TF51502: Expecting operator."))
    }

    fn operand(&mut self) -> Result<Operand, Failure> {
        let minus = self.take_sign("-");
        let word = self.peek().cloned();
        let operand = match word {
            Some(Word::Text(text)) if !minus => Operand::Text(text),
            Some(Word::Number(number)) => Operand::Number(if minus { -number } else { number }),
            Some(Word::Name(name)) if name.eq_ignore_ascii_case("true") => Operand::Bool(true),
            Some(Word::Name(name)) if name.eq_ignore_ascii_case("false") => Operand::Bool(false),
            Some(Word::Macro(name)) if name == "me" => Operand::Me,
            Some(Word::Macro(name)) if name == "project" => Operand::Project,
            Some(Word::Macro(name)) if name == "today" => {
                self.at += 1;
                return self.today();
            }
            _ => return Err(self.unexpected("TF51504: Expecting value.")),
        };
        self.at += 1;
        Ok(operand)
    }

    fn today(&mut self) -> Result<Operand, Failure> {
        let sign = match (self.take_sign("-"), self.take_sign("+")) {
            (true, _) => -1.0,
            (_, true) => 1.0,
            _ => return Ok(Operand::Today(0)),
        };
        match self.peek() {
            Some(Word::Number(days)) if days.fract() == 0.0 && *days < 100_000.0 => {
                let days = format!("{:.0}", sign * days).parse().unwrap_or(0);
                self.at += 1;
                Ok(Operand::Today(days))
            }
            _ => Err(self.unexpected("Expecting a number of days.")),
        }
    }
}

fn shown(word: &Word) -> String {
    match word {
        Word::Field(name) => format!("[{name}]"),
        Word::Text(text) => format!("'{text}'"),
        Word::Number(number) => number.to_string(),
        Word::Macro(name) => format!("@{name}"),
        Word::Name(name) => name.clone(),
        Word::Sign(sign) => (*sign).to_owned(),
    }
}

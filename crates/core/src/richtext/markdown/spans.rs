//! Writes a line: texts with their marks, and the nodes between them.

use super::escape::{self, Context};
use super::flank;
use super::html::Look;
use super::lower_line::Place;
use crate::richtext::inline::{Image, Inline, Link, Marks, Script};

/// What encloses a text, outermost first.
#[derive(Clone, PartialEq, Eq)]
enum Wrapper {
    Link(Link),
    Look(Look),
}

/// A piece of the line as it is written.
enum Token {
    /// Written as it is.
    Raw(String),
    /// The start of a look, and where it ends in the list of tokens.
    Open(Look),
    Close(Look),
}

/// Writes a line.
pub(super) fn line(content: &[Inline], place: Place) -> String {
    let mut writer = Writer {
        place,
        tokens: Vec::new(),
        open: Vec::new(),
        line_start: true,
        before: None,
    };
    let next = next_nodes(content);
    for (inline, next) in content.iter().zip(next) {
        writer.inline(inline, next);
    }
    writer.keep(0);
    render(&writer.tokens)
}

/// For each node the next one that is not a break.
fn next_nodes(content: &[Inline]) -> Vec<Option<&Inline>> {
    let mut next = None;
    let mut out = vec![None; content.len()];
    for (inline, out) in content.iter().zip(&mut out).rev() {
        *out = next;
        if *inline != Inline::Break {
            next = Some(inline);
        }
    }
    out
}

struct Writer {
    place: Place,
    tokens: Vec<Token>,
    open: Vec<Wrapper>,
    /// Whether nothing stands in the line yet.
    line_start: bool,
    /// The last character shown.
    before: Option<char>,
}

impl Writer {
    fn inline(&mut self, inline: &Inline, next: Option<&Inline>) {
        match inline {
            Inline::Text { text, marks } => self.text(text, marks),
            Inline::Break => self.line_break(next),
            Inline::Image(image) => self.image(image),
            Inline::Mention(mention) => {
                self.keep_common(next, true);
                self.raw(format!("@{}", mention.id));
                self.before = Some('x');
            }
            Inline::Opaque(opaque) => {
                self.keep_common(next, true);
                self.raw(opaque.raw.clone());
                self.before = None;
            }
            Inline::Emoji(_) => unreachable!("lowering makes text of every emoji"),
        }
    }

    fn text(&mut self, text: &str, marks: &Marks) {
        let autolink = marks.link.as_ref().is_some_and(|link| {
            link.title.is_none() && link.url == text && !marks.code && escape::is_autolink(text)
        });
        let mut wanted = wrappers(marks);
        if autolink {
            wanted.remove(0);
        }
        self.switch(&wanted);
        let context = Context {
            place: self.place,
            line_start: self.line_start,
            before: self.before,
            mentions: true,
        };
        self.raw(match (autolink, marks.code) {
            (true, _) => format!("<{text}>"),
            (false, true) => escape::code(text, self.place),
            (false, false) => escape::text(text, context),
        });
        self.before = text.chars().next_back();
    }

    fn image(&mut self, image: &Image) {
        let link = image.link.clone().map(Wrapper::Link);
        self.switch(link.as_slice());
        let context = Context {
            place: self.place,
            line_start: false,
            before: None,
            mentions: false,
        };
        let alt = escape::text(&image.alt, context);
        let url = escape::url(&image.url, self.place);
        let title = escape::title(image.title.as_deref(), self.place);
        self.raw(format!("![{alt}]({url}{title})"));
        self.before = None;
    }

    fn line_break(&mut self, next: Option<&Inline>) {
        self.keep_common(next, false);
        self.raw(match self.place {
            Place::Cell => "<br>".to_owned(),
            _ if self.line_start => "\\\n".to_owned(),
            _ => "\n".to_owned(),
        });
        self.line_start = self.place != Place::Cell;
        self.before = None;
    }

    fn raw(&mut self, text: String) {
        self.line_start = false;
        self.tokens.push(Token::Raw(text));
    }

    /// Closes what encloses the next text no more. A node in a link would lose its meaning: then closes all.
    fn keep_common(&mut self, next: Option<&Inline>, not_in_link: bool) {
        let wanted = match next {
            Some(Inline::Text { marks, .. }) => wrappers(marks),
            _ => Vec::new(),
        };
        let in_link = matches!(self.open.first(), Some(Wrapper::Link(_)));
        let keep = if not_in_link && in_link {
            0
        } else {
            self.common(&wanted)
        };
        self.keep(keep);
    }

    fn common(&self, wanted: &[Wrapper]) -> usize {
        let pairs = self.open.iter().zip(wanted);
        pairs.take_while(|(open, wanted)| open == wanted).count()
    }

    fn switch(&mut self, wanted: &[Wrapper]) {
        let keep = self.common(wanted);
        self.keep(keep);
        for wrapper in &wanted[keep..] {
            self.line_start = false;
            self.tokens.push(match wrapper {
                Wrapper::Link(_) => Token::Raw("[".to_owned()),
                Wrapper::Look(look) => Token::Open(*look),
            });
            self.open.push(wrapper.clone());
        }
    }

    fn keep(&mut self, count: usize) {
        while self.open.len() > count {
            match self.open.pop() {
                Some(Wrapper::Link(link)) => {
                    let url = escape::url(&link.url, self.place);
                    let title = escape::title(link.title.as_deref(), self.place);
                    self.tokens.push(Token::Raw(format!("]({url}{title})")));
                }
                Some(Wrapper::Look(look)) => self.tokens.push(Token::Close(look)),
                None => return,
            }
        }
    }
}

fn wrappers(marks: &Marks) -> Vec<Wrapper> {
    let script = marks.script.map(|script| match script {
        Script::Sub => Look::Sub,
        Script::Super => Look::Super,
    });
    let looks = [
        marks.underline.then_some(Look::Underline),
        script,
        marks.bold.then_some(Look::Bold),
        marks.italic.then_some(Look::Italic),
        marks.strike.then_some(Look::Strike),
    ];
    let link = marks.link.clone().map(Wrapper::Link);
    link.into_iter()
        .chain(looks.into_iter().flatten().map(Wrapper::Look))
        .collect()
}

/// Writes each look by its delimiter where that works at both ends, else by its tag.
fn render(tokens: &[Token]) -> String {
    let partner = partners(tokens);
    let mut tagged: Vec<bool> = tokens
        .iter()
        .map(|token| match token {
            Token::Open(look) | Token::Close(look) => delimiter(*look).is_none(),
            Token::Raw(_) => false,
        })
        .collect();
    // A tag instead of a delimiter changes what its neighbours touch. Each round turns more of them into tags; the
    // bound keeps the work linear, and all tags are always right.
    const MAX_ROUNDS: usize = 8;
    for round in 0..=MAX_ROUNDS {
        let failing: Vec<usize> = (0..tokens.len())
            .filter(|at| !tagged[*at] && (round == MAX_ROUNDS || !works(tokens, &tagged, *at)))
            .filter(|at| !matches!(tokens[*at], Token::Raw(_)))
            .collect();
        if failing.is_empty() {
            break;
        }
        for at in failing {
            tagged[at] = true;
            tagged[partner[at]] = true;
        }
    }
    let texts = tokens.iter().zip(&tagged);
    texts
        .map(|(token, tagged)| written(token, *tagged))
        .collect()
}

/// For each opening its closing and the other way round; for others themselves.
fn partners(tokens: &[Token]) -> Vec<usize> {
    let mut partner: Vec<usize> = (0..tokens.len()).collect();
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Open(_) => open.push(at),
            Token::Close(_) => {
                let start = open.pop().expect("the writer closes only what it opened");
                partner[at] = start;
                partner[start] = at;
            }
            Token::Raw(_) => {}
        }
    }
    partner
}

fn delimiter(look: Look) -> Option<&'static str> {
    match look {
        Look::Bold => Some("**"),
        Look::Italic => Some("_"),
        Look::Strike => Some("~~"),
        Look::Underline | Look::Sub | Look::Super => None,
    }
}

fn written(token: &Token, tagged: bool) -> String {
    match token {
        Token::Raw(text) => text.clone(),
        Token::Open(look) if tagged => format!("<{}>", look.name()),
        Token::Close(look) if tagged => format!("</{}>", look.name()),
        Token::Open(look) | Token::Close(look) => delimiter(*look).unwrap_or("").to_owned(),
    }
}

fn works(tokens: &[Token], tagged: &[bool], at: usize) -> bool {
    let (look, opening) = match &tokens[at] {
        Token::Open(look) => (*look, true),
        Token::Close(look) => (*look, false),
        Token::Raw(_) => return true,
    };
    let Some(mark) = delimiter(look).and_then(|text| text.chars().next()) else {
        return true;
    };
    let before = at
        .checked_sub(1)
        .and_then(|at| edge(&tokens[at], tagged[at], true));
    let after = tokens
        .get(at + 1)
        .and_then(|token| edge(token, tagged[at + 1], false));
    // Two delimiters of one kind side by side would be read as one.
    if before == Some(mark) && !is_raw(tokens, at.wrapping_sub(1))
        || after == Some(mark) && !is_raw(tokens, at + 1)
    {
        return false;
    }
    if opening {
        flank::opens(mark, before, after)
    } else {
        flank::closes(mark, before, after)
    }
}

fn is_raw(tokens: &[Token], at: usize) -> bool {
    matches!(tokens.get(at), Some(Token::Raw(_)))
}

/// The last or first character of a token.
fn edge(token: &Token, tagged: bool, last: bool) -> Option<char> {
    match token {
        Token::Raw(text) if last => text.chars().next_back(),
        Token::Raw(text) => text.chars().next(),
        Token::Open(_) | Token::Close(_) if tagged => Some(if last { '>' } else { '<' }),
        Token::Open(look) | Token::Close(look) => delimiter(*look)?.chars().next(),
    }
}

//! Other monitoring's word in our own form, for what does not speak Alertmanager's: `POST /v1/inbound/signals`.
//!
//! A call is one signal or an array of them, and is taken whole or not at all. Said once more it changes nothing: what a
//! signal is known by is its source with its `id`, or with its subject where it has none. Everything that is wrong is named
//! by a JSON Pointer, so that whoever writes the caller need not guess.

use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;
use std::time::Duration;
use twinline_core::time::Timestamp;
use twinline_core::watch::element::{Element, Path};
use twinline_core::watch::signal::{Severity, Signal, State};
use url::Url;

/// More signals in one call are refused.
pub const SIGNALS_MAX: usize = 1000;
/// So many mistakes are named.
const WRONG_MAX: usize = 20;
/// The longest source, id and element, in characters.
const NAME_MAX_CHARS: usize = 100;
/// The longest summary that is told, in characters; the rest is cut off: an alert is not lost for its length.
const SUMMARY_MAX_CHARS: usize = 300;
/// The longest address, in characters.
const URL_MAX_CHARS: usize = 500;
/// The most elements that may be the reason.
const IMPLICATES_MAX: usize = 32;
/// A clock that is further ahead than this is wrong: whatever its owner says later would count as older.
const AHEAD_MAX: Duration = Duration::from_secs(3600);

/// What a signal may say.
const MEMBERS: [&str; 9] = [
    "source",
    "subject",
    "state",
    "severity",
    "summary",
    "implicates",
    "id",
    "url",
    "at",
];

/// Why a call cannot be read. The caller's mistake: it is not to be tried again as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON, or neither an object nor an array.
    #[error("the body is neither a signal nor an array of signals: {0}")]
    Shape(String),
    /// Too many signals.
    #[error(
        "the body has {0} signals; at most {SIGNALS_MAX} are taken: send them in several calls"
    )]
    TooMany(usize),
    /// Members are missing, or not what they should be; never none.
    #[error("{}", told(.0))]
    Wrong(Vec<Wrong>),
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where, as a JSON Pointer in a URI fragment (`#/2/severity`).
    pub pointer: String,
    /// What.
    pub detail: String,
}

fn told(wrong: &[Wrong]) -> String {
    let words = wrong
        .iter()
        .map(|it| format!("{} {}", it.pointer, it.detail));
    words.collect::<Vec<_>>().join("; ")
}

/// A signal, and since when it is so by its source's clock, where the source says that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// What is said.
    pub signal: Signal,
    /// Since when it is so: an older word than the last one about the same is no news.
    pub at: Option<Timestamp>,
}

/// Reads a call's body.
///
/// # Errors
/// See [`Unreadable`]; nothing of the call is taken then.
pub fn read(body: &[u8], now: Timestamp) -> Result<Vec<Heard>, Unreadable> {
    let call: Json =
        serde_json::from_slice(body).map_err(|error| Unreadable::Shape(error.to_string()))?;
    let said: Vec<(String, &Json)> = match &call {
        Json::Object(_) => vec![("#".to_owned(), &call)],
        Json::Array(all) if all.len() > SIGNALS_MAX => {
            return Err(Unreadable::TooMany(all.len()));
        }
        Json::Array(all) => {
            let all = all.iter().enumerate();
            all.map(|(index, one)| (format!("#/{index}"), one))
                .collect()
        }
        _ => return Err(Unreadable::Shape("it is a single value".to_owned())),
    };
    let mut wrong = Vec::new();
    let mut heard = Vec::new();
    for (pointer, one) in said {
        let Json::Object(said) = one else {
            let detail = "is no object".to_owned();
            wrong.push(Wrong { pointer, detail });
            continue;
        };
        let mut reader = Reader {
            pointer,
            said,
            wrong: &mut wrong,
        };
        heard.extend(reader.read(now));
    }
    wrong.truncate(WRONG_MAX);
    if wrong.is_empty() {
        Ok(heard)
    } else {
        Err(Unreadable::Wrong(wrong))
    }
}

/// Reads one signal, and notes what is wrong with it.
struct Reader<'a> {
    pointer: String,
    said: &'a Map<String, Json>,
    wrong: &'a mut Vec<Wrong>,
}

impl Reader<'_> {
    /// `None`: something is missing, and that is noted.
    fn read(&mut self, now: Timestamp) -> Option<Heard> {
        self.look_for_unknown();
        let source = self.needed("source", NAME_MAX_CHARS);
        let subject = self.needed("subject", NAME_MAX_CHARS);
        let subject = subject.and_then(|text| self.element("subject", &text));
        let id = self.text("id", NAME_MAX_CHARS);
        let at = self.at(now);
        let state = self.state();
        let (source, subject) = (source?, subject?);
        let known_by = id.unwrap_or_else(|| subject.to_string());
        Some(Heard {
            signal: Signal {
                source: format!("signals/{source}/{known_by}"),
                subject,
                state: state?,
            },
            at,
        })
    }

    fn state(&mut self) -> Option<State> {
        let fires = match self.needed("state", NAME_MAX_CHARS)?.as_str() {
            "firing" => true,
            "resolved" => false,
            other => {
                let detail = format!("is '{other}': write 'firing' or 'resolved'");
                self.is_wrong("state", detail);
                return None;
            }
        };
        // They are judged whether or not they are needed: a caller that resolves with a mistake would fire with it.
        let severity = self.severity();
        let implicates = self.implicates();
        let url = self.url();
        if !fires {
            return Some(State::Passing);
        }
        let summary = self.needed("summary", usize::MAX)?;
        let mut summary: String = summary.chars().take(SUMMARY_MAX_CHARS).collect();
        if let Some(url) = url {
            summary.push_str(&format!(" ({url})"));
        }
        Some(State::Failing {
            severity,
            implicates,
            summary,
        })
    }

    fn severity(&mut self) -> Severity {
        match self.text("severity", NAME_MAX_CHARS).as_deref() {
            Some("critical") => Severity::Critical,
            Some("warning") | None => Severity::Warning,
            Some("info") => Severity::Info,
            Some(other) => {
                let detail = format!("is '{other}': write 'critical', 'warning' or 'info'");
                self.is_wrong("severity", detail);
                Severity::Warning
            }
        }
    }

    fn implicates(&mut self) -> Path {
        let said = match self.said.get("implicates") {
            None | Some(Json::Null) => return Path::new(),
            Some(Json::Array(said)) if said.len() <= IMPLICATES_MAX => said,
            Some(_) => {
                let detail = format!("is no array of at most {IMPLICATES_MAX} elements");
                self.is_wrong("implicates", detail);
                return Path::new();
            }
        };
        let mut implicates = Path::new();
        for (index, one) in said.iter().enumerate() {
            let name = format!("implicates/{index}");
            match one.as_str() {
                Some(text) if text.chars().count() <= NAME_MAX_CHARS => {
                    implicates.extend(self.element(&name, &line(text)));
                }
                _ => self.is_wrong(&name, "is no element: write it as kind:name"),
            }
        }
        implicates
    }

    /// An address that a person follows: of the web, and without a password in it.
    fn url(&mut self) -> Option<Url> {
        let text = self.text("url", URL_MAX_CHARS)?;
        let url = Url::parse(&text).ok().filter(|url| {
            let web = matches!(url.scheme(), "http" | "https") && url.has_host();
            web && url.username().is_empty() && url.password().is_none()
        });
        if url.is_none() {
            self.is_wrong(
                "url",
                "is no address that begins with https:// or http:// and has no password",
            );
        }
        url
    }

    fn at(&mut self, now: Timestamp) -> Option<Timestamp> {
        let text = self.text("at", NAME_MAX_CHARS)?;
        match Timestamp::parse(&text) {
            Ok(at) if at <= now.plus(AHEAD_MAX) => Some(at),
            Ok(_) => {
                self.is_wrong("at", "lies more than an hour ahead: whose clock is wrong?");
                None
            }
            Err(_) => {
                self.is_wrong("at", "is no instant: write it as 2026-11-30T21:00:00Z");
                None
            }
        }
    }

    fn element(&mut self, name: &str, text: &str) -> Option<Element> {
        match text.parse() {
            Ok(element) => Some(element),
            Err(error) => {
                self.is_wrong(name, format!("names no element: {error}"));
                None
            }
        }
    }

    fn needed(&mut self, name: &str, max_chars: usize) -> Option<String> {
        let there = !matches!(self.said.get(name), None | Some(Json::Null));
        let text = self.text(name, max_chars);
        if !there {
            self.is_wrong(name, "is missing");
        }
        text
    }

    /// A text in one line; `None` where it is missing, and where it is wrong, which is noted.
    fn text(&mut self, name: &str, max_chars: usize) -> Option<String> {
        let text = match self.said.get(name) {
            None | Some(Json::Null) => return None,
            Some(Json::String(text)) => line(text),
            Some(_) => {
                self.is_wrong(name, "is no text");
                return None;
            }
        };
        if text.is_empty() {
            self.is_wrong(name, "is empty");
            return None;
        }
        if text.chars().count() > max_chars {
            self.is_wrong(name, format!("has more than {max_chars} characters"));
            return None;
        }
        Some(text)
    }

    /// A misspelt member would be left out in silence otherwise.
    fn look_for_unknown(&mut self) {
        let known = BTreeSet::from(MEMBERS);
        let unknown = self
            .said
            .keys()
            .filter(|name| !known.contains(name.as_str()));
        for name in unknown.take(WRONG_MAX) {
            let name: String = name.chars().take(NAME_MAX_CHARS).collect();
            let detail = format!("is not known; a signal has {}", MEMBERS.join(", "));
            self.is_wrong(&line(&name), detail);
        }
    }

    fn is_wrong(&mut self, name: &str, detail: impl Into<String>) {
        if self.wrong.len() < WRONG_MAX {
            self.wrong.push(Wrong {
                pointer: format!("{}/{name}", self.pointer),
                detail: detail.into(),
            });
        }
    }
}

/// One line, without control characters and without blanks around it.
fn line(text: &str) -> String {
    let plain = text
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it });
    plain.collect::<String>().trim().to_owned()
}

#[cfg(test)]
#[path = "signals_tests.rs"]
mod tests;

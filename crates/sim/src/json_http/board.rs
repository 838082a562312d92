//! The second API: flat, paged by an address, without ETags. See the module above.

use super::control::{Act, Manner};
use super::dump;
use super::fields::{self, Wrong};
use super::store::{Comment, Item, PLACES, STATES, Store};
use crate::call::{Call, empty, http_date, json, set};
use crate::command::{Command, Done, Refused};
use crate::dump::Dump;
use crate::seeds::{PEOPLE, ROBOT};
use crate::simulator::{Delivered, Simulator, Webhook};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// The key of the account that Twinline uses.
pub const BOARD_KEY: &str = "board-demo-key";

/// Entries of a page.
const PAGE: usize = 40;

/// One API of the second shape.
#[derive(Debug, Default)]
pub struct Board {
    store: Store,
}

const MANNER: Manner = Manner {
    key: |number| format!("#{number}"),
    text: html,
    internal: false,
    comments_touch: false,
};

/// The fields of a card that a request may write: its name, the neutral one.
const FIELDS: &[(&str, &str)] = &[
    ("title", "title"),
    ("html", "text"),
    ("state", "state"),
    ("rank", "priority"),
    ("tags", "labels"),
    ("assignee", "owner"),
    ("points", "points"),
    ("due", "due"),
    ("remind", "remind"),
    ("urgent", "urgent"),
    ("origin", "origin"),
];

/// A refusal: its status and its sentence.
struct Failure(StatusCode, String);

type Answer = Result<Response<Bytes>, Failure>;

fn missing() -> Failure {
    Failure(StatusCode::NOT_FOUND, "not found".to_owned())
}

fn bad(why: impl Into<String>) -> Failure {
    Failure(StatusCode::BAD_REQUEST, why.into())
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, wrong.why)
    }
}

/// A person's text as HTML; HTML as it is.
fn html(text: &str) -> String {
    if text.is_empty() || text.trim_start().starts_with('<') {
        return text.to_owned();
    }
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let paragraphs = escaped.split("\n\n");
    paragraphs
        .map(|words| format!("<p>{}</p>", words.replace('\n', "<br>")))
        .collect()
}

impl Board {
    fn route(&mut self, now: Timestamp, call: &Call<'_>) -> Answer {
        if call.header("x-board-key") != Some(BOARD_KEY) {
            return Err(Failure(StatusCode::UNAUTHORIZED, "no such key".to_owned()));
        }
        match (call.method.as_str(), call.path().as_slice()) {
            ("GET", ["whoami"]) => Ok(json(StatusCode::OK, &person(ROBOT))),
            ("GET", ["users"]) => {
                let all = PEOPLE.iter().zip(0_u64..);
                Ok(self.page(
                    call,
                    all.map(|(known, at)| ((0, at), person(known.login)))
                        .collect(),
                ))
            }
            ("GET", ["cards"]) => self.list(call),
            ("POST", ["cards"]) => self.create(now, call),
            ("GET", ["notes"]) => self.notes(call),
            ("POST", ["notes"]) => self.add_note(now, call),
            (method, ["notes", id]) => self.on_note(now, (method, call), id),
            (method, ["cards", number]) => {
                let number = number.parse().map_err(|_| missing())?;
                self.visible(number)?;
                match method {
                    "GET" => Ok(json(StatusCode::OK, &self.card(self.visible(number)?))),
                    "PUT" => self.put(now, call, number),
                    "DELETE" => {
                        let item = self.store.get_mut(number).ok_or_else(missing)?;
                        item.touch(now);
                        item.deleted = true;
                        Ok(empty(StatusCode::NO_CONTENT))
                    }
                    _ => Err(missing()),
                }
            }
            _ => Err(missing()),
        }
    }

    /// A deleted card is as one that never was.
    fn visible(&self, number: u64) -> Result<&Item, Failure> {
        let item = self.store.get(number).ok_or_else(missing)?;
        match item.hidden {
            None => Ok(item),
            Some(403) => Err(Failure(StatusCode::FORBIDDEN, "not yours".to_owned())),
            Some(_) => Err(missing()),
        }
    }

    fn card(&self, item: &Item) -> Value {
        json!({
            "number": item.number,
            "board": item.place,
            "title": item.title,
            "html": item.text,
            "state": item.state,
            "rank": item.priority.as_deref().and_then(|rank| rank.parse::<u64>().ok()),
            "tags": item.labels,
            "assignee": item.owner,
            "author": item.author,
            "points": item.points,
            "due": item.due,
            "remind": item.remind.map(Timestamp::as_millis),
            "urgent": item.urgent,
            "origin": item.origin,
            "created": item.created.as_millis(),
            "changed": item.changed.as_millis(),
        })
    }

    fn list(&self, call: &Call<'_>) -> Answer {
        let place = call
            .param("board")
            .filter(|place| PLACES.contains(place))
            .ok_or_else(missing)?;
        let terms = terms(call.param("filter").unwrap_or_default())?;
        let since = match call.param("changed_since") {
            None => None,
            Some(text) => Some(
                text.parse::<i64>()
                    .map_err(|_| bad("changed_since is no number"))?,
            ),
        };
        let matches = |item: &&Item| terms.iter().all(|term| term.holds(item));
        let cards = self.store.listed(place).filter(matches);
        let cards =
            cards.filter(|item| since.is_none_or(|since| item.changed.as_millis() >= since));
        let place_in_list = |item: &Item| match since {
            Some(_) => (item.changed.as_millis(), item.number),
            None => (0, item.number),
        };
        Ok(self.page(
            call,
            cards
                .map(|item| (place_in_list(item), self.card(item)))
                .collect(),
        ))
    }

    /// The page behind a cursor, which is the place of the last entry before it.
    fn page(&self, call: &Call<'_>, mut all: Vec<((i64, u64), Value)>) -> Response<Bytes> {
        all.sort_by_key(|(place, _)| *place);
        let after = call.param("cursor").and_then(|cursor| {
            let (one, other) = cursor.split_once('.')?;
            Some((one.parse::<i64>().ok()?, other.parse::<u64>().ok()?))
        });
        let mut rest = all
            .into_iter()
            .filter(|(place, _)| after.is_none_or(|after| *place > after));
        let page: Vec<((i64, u64), Value)> = rest.by_ref().take(PAGE).collect();
        let more = rest.next().is_some();
        let next = page.last().filter(|_| more).map(|((one, other), _)| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in call.query.iter().filter(|(name, _)| name != "cursor") {
                query.append_pair(name, value);
            }
            query.append_pair("cursor", &format!("{one}.{other}"));
            format!("/{}?{}", call.segments.join("/"), query.finish())
        });
        let data: Vec<Value> = page.into_iter().map(|(_, entry)| entry).collect();
        json(StatusCode::OK, &json!({ "data": data, "next": next }))
    }

    fn create(&mut self, now: Timestamp, call: &Call<'_>) -> Answer {
        let sent = object(call)?;
        let place = sent.get("board").and_then(Value::as_str);
        let place = place
            .filter(|place| PLACES.contains(place))
            .ok_or_else(|| bad("board is missing"))?;
        let mut item = Item::new(now, place, ROBOT);
        replace(&mut item, &sent)?;
        let number = self.store.push(item);
        Ok(json(StatusCode::CREATED, &self.card(self.visible(number)?)))
    }

    fn put(&mut self, now: Timestamp, call: &Call<'_>, number: u64) -> Answer {
        let sent = object(call)?;
        let item = self.store.get_mut(number).ok_or_else(missing)?;
        let expected = sent.get("expected_changed").and_then(Value::as_i64);
        if expected.is_some_and(|expected| expected != item.changed.as_millis()) {
            return Err(Failure(
                StatusCode::CONFLICT,
                "the card was changed".to_owned(),
            ));
        }
        let mut changed = item.clone();
        replace(&mut changed, &sent)?;
        changed.touch(now);
        *item = changed;
        Ok(json(StatusCode::OK, &self.card(self.visible(number)?)))
    }

    fn notes(&self, call: &Call<'_>) -> Answer {
        let card = call.param("card").and_then(|card| card.parse().ok());
        let item = self.visible(card.ok_or_else(|| bad("card is missing"))?)?;
        let notes = item
            .shown_comments()
            .map(|of| ((0, of.id), note(of, item.number)));
        Ok(self.page(call, notes.collect()))
    }

    fn add_note(&mut self, now: Timestamp, call: &Call<'_>) -> Answer {
        let sent = object(call)?;
        let card = sent
            .get("card")
            .and_then(Value::as_u64)
            .ok_or_else(|| bad("card is no number"))?;
        self.visible(card)?;
        let text = sent.get("html").and_then(Value::as_str).unwrap_or_default();
        let id = self
            .store
            .comment(card, Comment::new(now, ROBOT, text.to_owned()));
        self.shown_note(StatusCode::CREATED, id.ok_or_else(missing)?)
    }

    fn on_note(&mut self, now: Timestamp, (method, call): (&str, &Call<'_>), id: &str) -> Answer {
        let id: u64 = id.parse().map_err(|_| missing())?;
        let card = self.store.item_of(id).ok_or_else(missing)?;
        self.visible(card)?;
        let item = self.store.get_mut(card).ok_or_else(missing)?;
        let mut notes = item.comments.iter_mut().filter(|found| !found.deleted);
        let found = notes.find(|found| found.id == id).ok_or_else(missing)?;
        match method {
            "PUT" => {
                let sent = object(call)?;
                sent.get("html")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .clone_into(&mut found.text);
                found.edited = Some(now);
                self.shown_note(StatusCode::OK, id)
            }
            "DELETE" => {
                found.deleted = true;
                Ok(empty(StatusCode::NO_CONTENT))
            }
            _ => Err(missing()),
        }
    }

    fn shown_note(&self, status: StatusCode, id: u64) -> Answer {
        let item = self
            .store
            .item_of(id)
            .and_then(|card| self.store.get(card))
            .ok_or_else(missing)?;
        let found = item
            .comments
            .iter()
            .find(|found| found.id == id)
            .ok_or_else(missing)?;
        Ok(json(status, &note(found, item.number)))
    }
}

/// Replaces every field: what a body does not name is emptied.
fn replace(item: &mut Item, sent: &Map<String, Value>) -> Result<(), Failure> {
    let known = |name: &str| {
        FIELDS.iter().any(|(known, _)| *known == name)
            || matches!(
                name,
                "board" | "number" | "author" | "created" | "changed" | "expected_changed"
            )
    };
    if let Some(unknown) = sent.keys().find(|name| !known(name)) {
        return Err(bad(format!("there is no '{unknown}'")));
    }
    for (name, neutral) in FIELDS {
        match (sent.get(*name), *neutral) {
            (None, "state") => fields::set(item, neutral, &json!(STATES[0].0))?,
            (value, _) => fields::set(item, neutral, value.unwrap_or(&Value::Null))?,
        }
    }
    Ok(())
}

fn object(call: &Call<'_>) -> Result<Map<String, Value>, Failure> {
    match call.json() {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(bad("the body is no object")),
    }
}

fn person(login: &str) -> Value {
    let known = PEOPLE.iter().find(|known| known.login == login);
    json!({
        "user": login,
        "full_name": known.map(|known| known.name),
        "email": known.map(|known| known.email),
    })
}

fn note(of: &Comment, card: u64) -> Value {
    json!({
        "id": of.id,
        "card": card,
        "html": of.text,
        "author": of.author,
        "at": of.created.as_millis(),
        "edited": of.edited.map(Timestamp::as_millis),
    })
}

/// One condition of a filter.
enum Term {
    State(String),
    Tag(String),
    Assignee(String),
}

impl Term {
    fn holds(&self, item: &Item) -> bool {
        match self {
            Self::State(state) => item.is_in(state),
            Self::Tag(tag) => item.labels.contains(tag),
            Self::Assignee(login) => item.owner.as_deref() == Some(login),
        }
    }
}

/// The conditions of `state:open tag:bug assignee:ana`.
fn terms(filter: &str) -> Result<Vec<Term>, Failure> {
    let read = |term: &str| match term.split_once(':') {
        Some(("state", state)) => Ok(Term::State(state.to_owned())),
        Some(("tag", tag)) => Ok(Term::Tag(tag.to_owned())),
        Some(("assignee", login)) => Ok(Term::Assignee(login.to_owned())),
        _ => Err(bad(format!("filter: there is no term '{term}'"))),
    };
    filter.split_whitespace().map(read).collect()
}

impl Simulator for Board {
    fn tracker(&self) -> &'static str {
        super::KIND.tracker
    }

    fn handle(&mut self, now: Timestamp, request: &http::Request<Bytes>) -> Response<Bytes> {
        let answer = self.route(now, &Call::new(request));
        let failed = |Failure(status, message)| json(status, &json!({ "message": message }));
        let mut response = answer.unwrap_or_else(failed);
        set(&mut response, "date", &http_date(now));
        response
    }

    fn take_webhooks(&mut self) -> Vec<Webhook> {
        Vec::new()
    }

    fn delivered(&mut self, _: Timestamp, _: &Webhook, _: &Delivered) -> Option<Duration> {
        None
    }

    fn command(&mut self, now: Timestamp, command: Command) -> Result<Done, Refused> {
        let mut act = Act {
            store: &mut self.store,
            now,
            manner: MANNER,
        };
        act.make(command)
    }

    fn dump(&self) -> Dump {
        dump::dump(&self.store, |item| (MANNER.key)(item.number))
    }

    /// Lists come from the database: nothing lags.
    fn set_index_lag(&mut self, _: Duration) {}

    fn statuses(&self) -> Vec<String> {
        STATES
            .iter()
            .map(|(_, name, _)| (*name).to_owned())
            .collect()
    }
}

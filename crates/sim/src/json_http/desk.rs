//! The first API: nested, paged by offset, with ETags. See the module above.

mod shape;

use super::control::{Act, Manner};
use super::dump;
use super::fields::Wrong;
use super::store::{AREAS, Comment, Item, PLACES, PRIORITIES, STATES, Store};
use crate::call::{Call, empty, http_date, json, set};
use crate::command::{Command, Done, Refused};
use crate::dump::Dump;
use crate::seeds::{PEOPLE, ROBOT};
use crate::simulator::{Delivered, Simulator, Webhook};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use shape::{Answer, Failure, apply, comment, etag, fail, missing, page, person, say, sent};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// The token of the account that Twinline uses.
pub const DESK_TOKEN: &str = "desk-demo-token";

/// The header without which nothing is answered, and its value.
const VERSION: (&str, &str) = ("x-desk-version", "2");

/// One API of the first shape.
#[derive(Debug)]
pub struct Desk {
    store: Store,
    base_url: String,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            store: Store::default(),
            base_url: "http://localhost".to_owned(),
        }
    }
}

const MANNER: Manner = Manner {
    key: |number| format!("D-{number}"),
    text: str::to_owned,
    internal: true,
    comments_touch: true,
};

impl Desk {
    fn route(&mut self, now: Timestamp, call: &Call<'_>) -> Answer {
        if call.header("authorization") != Some(&format!("Bearer {DESK_TOKEN}")) {
            return Err(fail(StatusCode::UNAUTHORIZED, "who are you?"));
        }
        if call.header(VERSION.0) != Some(VERSION.1) {
            return Err(fail(
                StatusCode::BAD_REQUEST,
                "X-Desk-Version: 2 is missing",
            ));
        }
        match (call.method.as_str(), call.path().as_slice()) {
            ("GET", ["api", "me"]) => Ok(json(StatusCode::OK, &person(ROBOT))),
            ("GET", ["api", "people"]) => Ok(self.people(call)),
            ("GET", ["api", "items"]) => Ok(self.by_key(call)),
            ("GET", ["api", "projects", place, "items"]) => self.list(call, place),
            ("POST", ["api", "projects", place, "items"]) => self.create(now, call, place),
            (method, ["api", "items", number, rest @ ..]) => {
                let number = number.parse().map_err(|_| missing())?;
                self.visible(number)?;
                match (method, rest) {
                    ("GET", []) => self.get(number),
                    ("PATCH", []) => self.patch(now, call, number),
                    ("DELETE", []) => self.delete(now, number),
                    ("GET", ["comments"]) => self.comments(call, number),
                    ("POST", ["comments"]) => self.add_comment(now, call, number),
                    (method, ["comments", comment]) => {
                        self.on_comment(now, (method, call), number, comment)
                    }
                    _ => Err(missing()),
                }
            }
            _ => Err(missing()),
        }
    }

    fn visible(&self, number: u64) -> Result<&Item, Failure> {
        let item = self.store.any(number).ok_or_else(missing)?;
        match item.hidden {
            _ if item.deleted => Err(fail(StatusCode::GONE, "this item was deleted")),
            Some(403) => Err(fail(StatusCode::FORBIDDEN, "not for you")),
            Some(_) => Err(missing()),
            None => Ok(item),
        }
    }

    fn get(&self, number: u64) -> Answer {
        Ok(self.shown(StatusCode::OK, self.visible(number)?))
    }

    fn shown(&self, status: StatusCode, item: &Item) -> Response<Bytes> {
        let mut response = json(status, &json!({ "item": self.item(item) }));
        set(&mut response, "etag", &etag(item));
        response
    }

    fn item(&self, item: &Item) -> Value {
        let named = |known: &[(&str, &str)], id: &str| {
            let name = known
                .iter()
                .find(|(known, _)| *known == id)
                .map(|(_, name)| *name);
            json!({ "id": id, "name": name })
        };
        let states = STATES.map(|(id, name, _)| (id, name));
        json!({
            "id": item.number,
            "key": (MANNER.key)(item.number),
            "project": { "key": item.place },
            "page": format!("{}/desk/{}", self.base_url, (MANNER.key)(item.number)),
            "created_at": item.created.to_string(),
            "updated_at": item.changed.to_string(),
            "fields": {
                "title": item.title,
                "text": item.text,
                "state": named(&states, &item.state),
                "priority": item.priority.as_deref().map(|id| named(&PRIORITIES, id)),
                "labels": item.labels,
                "areas": item.areas.iter().map(|id| named(&AREAS, id)).collect::<Vec<_>>(),
                "owner": item.owner.as_deref().map(person),
                "reporter": person(&item.author),
                "estimate": item.points,
                "due": item.due,
                "remind_at": item.remind.map(|at| at.to_string()),
                "pinned": item.urgent,
                "external_ref": item.origin,
            },
        })
    }

    fn list(&self, call: &Call<'_>, place: &str) -> Answer {
        if !PLACES.contains(&place) {
            return Err(missing());
        }
        let since = call.param("updated_from").map(Timestamp::parse).transpose();
        let since = since.map_err(|error| fail(StatusCode::BAD_REQUEST, error.to_string()))?;
        let wanted = |item: &&Item| {
            since.is_none_or(|since| item.changed >= since)
                && call.param("state").is_none_or(|state| item.is_in(state))
                && call
                    .param("label")
                    .is_none_or(|label| item.labels.contains(label))
                && call
                    .param("owner")
                    .is_none_or(|owner| item.owner.as_deref() == Some(owner))
                && call.param("ref").is_none_or(|origin| item.origin == origin)
        };
        let mut found: Vec<&Item> = self.store.listed(place).filter(wanted).collect();
        match call.param("sort") {
            Some("updated") => found.sort_by_key(|item| (item.changed, item.number)),
            Some("id") => found.sort_by_key(|item| item.number),
            // The newest first, where nobody says otherwise.
            _ => found.sort_by_key(|item| std::cmp::Reverse((item.changed, item.number))),
        }
        Ok(page(
            call,
            "items",
            found.into_iter().map(|item| self.item(item)).collect(),
        ))
    }

    fn by_key(&self, call: &Call<'_>) -> Response<Bytes> {
        let key = call.param("key").unwrap_or_default();
        let mut places = PLACES.iter().flat_map(|place| self.store.listed(place));
        let found = places.find(|item| (MANNER.key)(item.number) == key);
        let found: Vec<Value> = found.into_iter().map(|item| self.item(item)).collect();
        json(StatusCode::OK, &json!({ "items": found }))
    }

    fn people(&self, call: &Call<'_>) -> Response<Bytes> {
        page(
            call,
            "people",
            PEOPLE.iter().map(|known| person(known.login)).collect(),
        )
    }

    fn create(&mut self, now: Timestamp, call: &Call<'_>, place: &str) -> Answer {
        if !PLACES.contains(&place) {
            return Err(missing());
        }
        let mut item = Item::new(now, place, ROBOT);
        apply(&mut item, &sent(call, "item")?)?;
        if item.title.is_empty() {
            return Err(Wrong {
                field: "title",
                why: "the title cannot be blank".to_owned(),
            }
            .into());
        }
        let number = self.store.push(item);
        let item = self.store.get(number).ok_or_else(missing)?;
        Ok(self.shown(StatusCode::CREATED, item))
    }

    fn patch(&mut self, now: Timestamp, call: &Call<'_>, number: u64) -> Answer {
        let item = self.store.get_mut(number).ok_or_else(missing)?;
        match call.header("if-match") {
            None => {
                return Err(fail(
                    StatusCode::PRECONDITION_REQUIRED,
                    "If-Match is missing",
                ));
            }
            Some(wanted) if wanted != etag(item) => {
                return Err(fail(StatusCode::PRECONDITION_FAILED, "somebody was faster"));
            }
            Some(_) => {}
        }
        let mut changed = item.clone();
        apply(&mut changed, &sent(call, "item")?)?;
        changed.touch(now);
        *item = changed;
        self.get(number)
    }

    fn delete(&mut self, now: Timestamp, number: u64) -> Answer {
        let item = self.store.get_mut(number).ok_or_else(missing)?;
        item.touch(now);
        item.deleted = true;
        Ok(empty(StatusCode::NO_CONTENT))
    }

    fn comments(&self, call: &Call<'_>, number: u64) -> Answer {
        let item = self.visible(number)?;
        Ok(page(
            call,
            "comments",
            item.shown_comments().map(comment).collect(),
        ))
    }

    fn add_comment(&mut self, now: Timestamp, call: &Call<'_>, number: u64) -> Answer {
        let mut made = Comment::new(now, ROBOT, String::new());
        say(&mut made, &sent(call, "comment")?);
        let id = self.store.comment(number, made).ok_or_else(missing)?;
        self.shown_comment(StatusCode::CREATED, number, id)
    }

    fn on_comment(
        &mut self,
        now: Timestamp,
        (method, call): (&str, &Call<'_>),
        number: u64,
        id: &str,
    ) -> Answer {
        let id: u64 = id.parse().map_err(|_| missing())?;
        let item = self.store.get_mut(number).ok_or_else(missing)?;
        let found = item.comments.iter_mut().find(|found| found.id == id);
        let found = found.ok_or_else(missing)?;
        if found.deleted {
            return Err(fail(StatusCode::GONE, "this comment was deleted"));
        }
        if found.hidden {
            return Err(fail(StatusCode::FORBIDDEN, "not for you"));
        }
        match method {
            "GET" => self.shown_comment(StatusCode::OK, number, id),
            "PATCH" => {
                say(found, &sent(call, "comment")?);
                found.edited = Some(now);
                item.touch(now);
                self.shown_comment(StatusCode::OK, number, id)
            }
            "DELETE" => {
                found.deleted = true;
                item.touch(now);
                Ok(empty(StatusCode::NO_CONTENT))
            }
            _ => Err(missing()),
        }
    }

    fn shown_comment(&self, status: StatusCode, number: u64, id: u64) -> Answer {
        let item = self.visible(number)?;
        let found = item.comments.iter().find(|found| found.id == id);
        let found = found.ok_or_else(missing)?;
        Ok(json(status, &json!({ "comment": comment(found) })))
    }
}

impl Simulator for Desk {
    fn tracker(&self) -> &'static str {
        super::KIND.tracker
    }

    fn handle(&mut self, now: Timestamp, request: &http::Request<Bytes>) -> Response<Bytes> {
        let answer = self.route(now.floor_to_second(), &Call::new(request));
        let mut response = answer.unwrap_or_else(Failure::into_response);
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
            now: now.floor_to_second(),
            manner: MANNER,
        };
        act.make(command)
    }

    fn dump(&self) -> Dump {
        dump::dump(&self.store, |item| (MANNER.key)(item.number))
    }

    /// Lists come from the database: nothing lags.
    fn set_index_lag(&mut self, _: Duration) {}

    fn set_base_url(&mut self, base: &str) {
        base.trim_end_matches('/').clone_into(&mut self.base_url);
    }

    fn statuses(&self) -> Vec<String> {
        STATES
            .iter()
            .map(|(_, name, _)| (*name).to_owned())
            .collect()
    }
}

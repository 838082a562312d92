//! The control API, and the way to the pages.

use super::page;
use crate::call::{self, Call};
use crate::command::{Command, Refused};
use crate::faults::Faults;
use crate::faulty::Faulty;
use crate::seeds;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::json;
use twinline_core::time::Timestamp;

/// Items that one seeding may add.
const MAX_SEEDED: usize = 100_000;

pub(super) fn answer(
    tracker: &mut Faulty,
    now: Timestamp,
    request: &Request<Bytes>,
) -> Response<Bytes> {
    let call = Call::new(request);
    match (call.method.clone(), call.path().as_slice()) {
        (Method::GET, ["_sim"]) => page::list(tracker, now),
        (Method::GET, ["_sim", "item"]) => page::item(tracker, now, &call),
        (Method::POST, ["_sim", "item"]) => page::act(tracker, now, &call),
        (Method::POST, ["_sim", "items"]) => page::create(tracker, now, &call),
        (Method::GET, ["_sim", "dump"]) => shown(&tracker.dump(now)),
        (Method::GET, ["_sim", "counts"]) => shown(&tracker.counts()),
        (Method::GET, ["_sim", "faults"]) => shown(tracker.faults()),
        (Method::PUT, ["_sim", "faults"]) => set_faults(tracker, &call),
        (Method::POST, ["_sim", "command"]) => command(tracker, now, &call),
        (Method::POST, ["_sim", "seed"]) => seed(tracker, now, &call),
        _ => wrong(StatusCode::NOT_FOUND, "the control API has no such address"),
    }
}

fn set_faults(tracker: &mut Faulty, call: &Call<'_>) -> Response<Bytes> {
    let faults: Faults = match serde_json::from_slice(call.body()) {
        Ok(faults) => faults,
        Err(error) => return wrong(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    if let Err(sentence) = faults.check() {
        return wrong(StatusCode::UNPROCESSABLE_ENTITY, &sentence);
    }
    tracker.set_faults(faults);
    shown(tracker.faults())
}

fn command(tracker: &mut Faulty, now: Timestamp, call: &Call<'_>) -> Response<Bytes> {
    let command: Command = match serde_json::from_slice(call.body()) {
        Ok(command) => command,
        Err(error) => return wrong(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    match tracker.command(now, command) {
        Ok(done) => shown(&done),
        Err(refused) => refusal(&refused),
    }
}

fn seed(tracker: &mut Faulty, now: Timestamp, call: &Call<'_>) -> Response<Bytes> {
    let count = call.param("n").map_or(Ok(20), str::parse::<usize>);
    let count = match count {
        Ok(count) if count <= MAX_SEEDED => count,
        _ => return wrong(StatusCode::BAD_REQUEST, "n is a number up to 100,000"),
    };
    match seeds::seed_demo(tracker, now, call.param("container"), count) {
        Ok(keys) => shown(&keys),
        Err(refused) => refusal(&refused),
    }
}

fn shown(value: &impl serde::Serialize) -> Response<Bytes> {
    match serde_json::to_value(value) {
        Ok(value) => call::json(StatusCode::OK, &value),
        Err(error) => wrong(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

pub(super) const fn status_of(refused: &Refused) -> StatusCode {
    match refused {
        Refused::Unknown { .. } => StatusCode::NOT_FOUND,
        Refused::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn refusal(refused: &Refused) -> Response<Bytes> {
    wrong(status_of(refused), &refused.to_string())
}

fn wrong(status: StatusCode, sentence: &str) -> Response<Bytes> {
    call::json(status, &json!({"error": sentence}))
}

//! A POST that is repeated with its `Idempotency-Key` is done once.

use super::input::whole;
use super::problem::Problem;
use super::{Api, Shared};
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::{Method, StatusCode};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use twinline_core::digest::Digest;

/// Answers that are remembered; the oldest goes first.
const REMEMBERED_MAX: usize = 1024;
/// The bytes of all answers that are remembered.
const REMEMBERED_MAX_BYTES: usize = 64 << 20;
/// A greater answer than this is not one that this API gives to a POST.
const ANSWER_MAX_BYTES: usize = 16 << 20;
/// The longest key, in bytes.
const KEY_MAX_BYTES: usize = 200;

/// The requests by path and key.
#[derive(Default)]
pub(super) struct Done(Mutex<Answers>);

#[derive(Default)]
struct Answers {
    by_key: BTreeMap<String, Once>,
    /// Those that are answered, the oldest first.
    order: VecDeque<String>,
    bytes: usize,
}

/// One request.
struct Once {
    /// Of its body: another one under the same key is a mistake.
    body: Digest,
    /// `None` while it is at work.
    answer: Option<(http::response::Parts, Bytes)>,
}

impl Done {
    fn lock(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().expect("no code panics with this lock")
    }
}

/// Forgets a request that was given up before it was answered.
struct AtWork<'a> {
    api: &'a Api,
    key: Option<String>,
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.api.done.lock().by_key.remove(&key);
        }
    }
}

pub(super) async fn once(
    State(api): Shared,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = request.headers().get("idempotency-key");
    let (&Method::POST, Some(key)) = (request.method(), key) else {
        return Ok(next.run(request).await);
    };
    let key = key
        .to_str()
        .ok()
        .filter(|key| (1..=KEY_MAX_BYTES).contains(&key.len()));
    let key =
        key.ok_or_else(|| Problem::bad_request("Idempotency-Key has 1 to 200 ASCII characters"))?;
    let key = format!("{} {key}", request.uri().path());
    let (parts, body) = request.into_parts();
    let body = whole(body).await?;
    if let Some(known) = begin(&api, &key, Digest::of_bytes(&body))? {
        return Ok(known);
    }
    let mut work = AtWork {
        api: &api,
        key: Some(key.clone()),
    };
    let request = Request::from_parts(parts, Body::from(body));
    let (parts, body) = next.run(request).await.into_parts();
    let body = to_bytes(body, ANSWER_MAX_BYTES).await.map_err(|error| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "no answer",
            error.to_string(),
        )
    })?;
    // What failed for a reason that may pass is tried again.
    if !parts.status.is_server_error() {
        work.key = None;
        remember(&api, key, (parts.clone(), body.clone()));
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// The answer that was given already; else notes that the request is at work, in the same step.
fn begin(api: &Api, key: &str, body: Digest) -> Result<Option<Response>, Problem> {
    let mut answers = api.done.lock();
    match answers.by_key.get(key) {
        Some(once) if once.body != body => Err(Problem::refused(
            "this Idempotency-Key came with another body before: take a new key for a new request",
        )),
        Some(Once {
            answer: Some((parts, body)),
            ..
        }) => Ok(Some(Response::from_parts(
            parts.clone(),
            Body::from(body.clone()),
        ))),
        Some(_) => {
            let detail = "a request with this Idempotency-Key is at work: repeat it later";
            Err(Problem::new(StatusCode::CONFLICT, "at work", detail))
        }
        None => {
            let once = Once { body, answer: None };
            answers.by_key.insert(key.to_owned(), once);
            Ok(None)
        }
    }
}

fn remember(api: &Api, key: String, answer: (http::response::Parts, Bytes)) {
    let mut answers = api.done.lock();
    answers.bytes += answer.1.len();
    if let Some(once) = answers.by_key.get_mut(&key) {
        once.answer = Some(answer);
    }
    answers.order.push_back(key);
    while answers.order.len() > REMEMBERED_MAX || answers.bytes > REMEMBERED_MAX_BYTES {
        let Some(oldest) = answers.order.pop_front() else {
            break;
        };
        let gone = answers.by_key.remove(&oldest).and_then(|once| once.answer);
        answers.bytes -= gone.map_or(0, |(_, body)| body.len());
    }
}

//! Answers that are not what the interface promises, and limits.

use super::harness::{Harness, marker};
use super::meddler::Trick;
use super::{Listed, Miss, Outcome, ensure, same};
use crate::error::TrackerError;
use crate::http::RESPONSE_MAX_BYTES;
use bytes::Bytes;
use std::time::Duration;

pub(super) const CHECKS: &[Listed] = &[
    (
        "limit: too fast is told with the tracker's time, and is respected",
        |h| Box::pin(too_fast(h)),
    ),
    (
        "answer: HTML with a success status is Unreadable, or Unknown to a write",
        |h| Box::pin(html(h)),
    ),
    (
        "answer: missing fields are Unreadable, with their place",
        |h| Box::pin(missing(h)),
    ),
    ("answer: larger than the limit is Unreadable", |h| {
        Box::pin(oversized(h))
    }),
    (
        "answer: 5xx is Retry to a read and Unknown to a write",
        |h| Box::pin(server_error(h)),
    ),
    ("answer: 401 is Credentials, to reads and writes", |h| {
        Box::pin(unauthorised(h))
    }),
    (
        "answer: a redirect to another server is not followed",
        |h| Box::pin(redirected(h)),
    ),
];

fn answer(status: u16, kind: &str, body: impl Into<Bytes>) -> Trick {
    let mut response = http::Response::new(body.into());
    *response.status_mut() =
        http::StatusCode::from_u16(status).expect("the suite names valid statuses");
    let kind = http::HeaderValue::from_str(kind).expect("the suite names valid media types");
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, kind);
    Trick::Answer(response)
}

const JSON: &str = "application/json";

async fn too_fast(h: &dyn Harness) -> Outcome {
    let (id, _) = h.item("too fast").await?;
    h.meddler().next_write(Trick::Answer(h.too_fast(30)));
    let effect = h.comment(&id, "in time", &marker("toofast"));
    let first = h.tracker().apply(&effect).await;
    let wait = Duration::from_secs(30);
    // Of all requests of the node, or only of those of this kind.
    let whole = match &first {
        Err(TrackerError::Retry { after, .. }) if *after == Some(wait) => true,
        Err(TrackerError::Busy {
            after,
            whole: false,
            ..
        }) if *after == wait => false,
        other => return Err(Miss::Broken(format!("{other:?}"))),
    };
    let before = h.meddler().requests();
    let second = h.tracker().apply(&effect).await;
    let told = matches!(&second, Err(TrackerError::Busy { after, whole: all, .. }) if *after <= wait && *all == whole);
    ensure(told, || format!("{second:?}"))?;
    same("requests in between", &h.meddler().requests(), &before)?;
    h.pass(Duration::from_secs(31)).await;
    h.tracker().apply(&effect).await?;
    same("comments", &h.comments(&id).await?.len(), &1)
}

async fn html(h: &dyn Harness) -> Outcome {
    let (id, _) = h.item("html").await?;
    let page = || answer(200, "text/html; charset=utf-8", "<html>Sign in</html>");
    h.meddler().next_read(page());
    let read = h.tracker().fetch(&id).await;
    let unreadable =
        matches!(&read, Err(TrackerError::Unreadable { place, .. }) if place.contains('/'));
    ensure(unreadable, || format!("a read: {read:?}"))?;
    h.meddler().next_write(page());
    let written = h
        .tracker()
        .apply(&h.comment(&id, "x", &marker("html")))
        .await;
    let unknown = matches!(written, Err(TrackerError::Unknown { .. }));
    ensure(unknown, || format!("a write: {written:?}"))
}

async fn missing(h: &dyn Harness) -> Outcome {
    let (id, _) = h.item("missing").await?;
    for body in ["{}", "[]", "", "null", "{\"id\": 1}"] {
        h.meddler().next_read(answer(200, JSON, body));
        let read = h.tracker().fetch(&id).await;
        let unreadable = matches!(&read, Err(TrackerError::Unreadable { place, reason, .. })
            if place.contains('/') && !reason.is_empty());
        ensure(unreadable, || format!("{body:?}: {read:?}"))?;
    }
    h.read(&id).await.map(drop)
}

async fn oversized(h: &dyn Harness) -> Outcome {
    let (id, _) = h.item("oversized").await?;
    let body = vec![b' '; RESPONSE_MAX_BYTES + 1];
    h.meddler().next_read(answer(200, JSON, body));
    let read = h.tracker().fetch(&id).await;
    let unreadable = matches!(read, Err(TrackerError::Unreadable { .. }));
    ensure(unreadable, || format!("{read:?}"))
}

async fn server_error(h: &dyn Harness) -> Outcome {
    let (id, _) = h.item("server error").await?;
    for status in [500, 502, 503, 504] {
        h.meddler().next_read(answer(status, JSON, "{}"));
        let read = h.tracker().fetch(&id).await;
        let retry = matches!(read, Err(TrackerError::Retry { .. }));
        ensure(retry, || format!("{status} to a read: {read:?}"))?;
        h.meddler().next_write(answer(status, JSON, "{}"));
        let written = h
            .tracker()
            .apply(&h.comment(&id, "x", &marker("servererror")))
            .await;
        let unknown = matches!(written, Err(TrackerError::Unknown { .. }));
        ensure(unknown, || format!("{status} to a write: {written:?}"))?;
    }
    Ok(())
}

async fn unauthorised(h: &dyn Harness) -> Outcome {
    let (id, _) = h.item("unauthorised").await?;
    let refusal = || answer(401, JSON, "{\"message\": \"Bad credentials\"}");
    h.meddler().next_read(refusal());
    let read = h.tracker().fetch(&id).await;
    let credentials =
        matches!(&read, Err(TrackerError::Credentials { sentence }) if !sentence.is_empty());
    ensure(credentials, || format!("a read: {read:?}"))?;
    h.meddler().next_write(refusal());
    let written = h
        .tracker()
        .apply(&h.comment(&id, "x", &marker("unauthorised")))
        .await;
    let credentials = matches!(written, Err(TrackerError::Credentials { .. }));
    ensure(credentials, || format!("a write: {written:?}"))?;
    h.meddler().next_read(refusal());
    let probe = h.tracker().probe().await?;
    ensure(!probe.faults.is_empty(), || {
        "the probe saw no fault".to_owned()
    })
}

async fn redirected(h: &dyn Harness) -> Outcome {
    let (id, _) = h.item("redirected").await?;
    let mut trick = answer(302, JSON, "");
    if let Trick::Answer(response) = &mut trick {
        let elsewhere = http::HeaderValue::from_static("http://elsewhere.example/login");
        response
            .headers_mut()
            .insert(http::header::LOCATION, elsewhere);
    }
    h.meddler().next_read(trick);
    let before = h.meddler().requests();
    let read = h.tracker().fetch(&id).await;
    ensure(
        !matches!(
            &read,
            Ok(twinline_core::item::Fetched::Found(_) | twinline_core::item::Fetched::Moved(_))
        ),
        || format!("{read:?}"),
    )?;
    same("requests", &h.meddler().requests(), &(before + 1))
}

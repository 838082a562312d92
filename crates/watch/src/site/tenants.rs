//! Reports of tenants: as JSON, with the token of their workspace. Each is answered at once, and again whenever somebody
//! looks.

use super::answer::{Answer, answer, never_kept};
use super::desk::{Answered, Refused, TenantReport};
use super::document::JSON;
use super::fault::Fault;
use super::form::{body, caller, kind};
use super::links::absolute;
use super::place::Place;
use super::reporting::{checked, from_json};
use super::serve::{Asked, Site};
use axum::extract::Request;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use tokio::time::Instant;
use twinline_core::watch::incident::{Answer as Said, ReportId};

/// The bearer token that a request shows.
pub(super) fn token(request: &Request) -> Option<String> {
    let shown = request
        .headers()
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?;
    shown.strip_prefix("Bearer ").map(|it| it.trim().to_owned())
}

/// Takes a report over.
pub(super) async fn take(site: &Site, asked: &Asked<'_>, request: Request) -> Answer {
    match taken(site, asked, request).await {
        Ok(answered) => told(asked, StatusCode::ACCEPTED, &answered),
        Err(fault) => refused(&fault),
    }
}

async fn taken(site: &Site, asked: &Asked<'_>, request: Request) -> Result<Answered, Fault> {
    let token = allowed(site, &request)?;
    if !kind(&request)? {
        return Err(Fault::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Not readable",
            "Send application/json.",
        ));
    }
    let body = body(site, request).await?;
    let report = checked(asked.shown, &from_json(&body)?)?;
    let node = node(&body)?;
    let filed = site
        .desk
        .tenant_report(&token, TenantReport { report, node });
    Ok(site.ask(filed).await?)
}

/// What became of a report.
pub(super) async fn look(site: &Site, asked: &Asked<'_>, request: Request, id: &str) -> Answer {
    let token = match allowed(site, &request) {
        Ok(token) => token,
        Err(fault) => return refused(&fault),
    };
    let answer = site.desk.answer(&token, ReportId(id.to_owned()));
    match site.ask(answer).await {
        Ok(answered) => told(asked, StatusCode::OK, &answered),
        Err(error) => refused(&error.into()),
    }
}

/// The token, of which it is not known yet whose it is.
fn allowed(site: &Site, request: &Request) -> Result<String, Fault> {
    let token = token(request).ok_or(Refused::UnknownToken)?;
    let too_many = |retry_after| Refused::TooMany { retry_after };
    let taken = site.tenants.take(caller(request), Instant::now());
    taken.map_err(too_many)?;
    Ok(token)
}

fn node(body: &[u8]) -> Result<Option<String>, Fault> {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    match &value["node"] {
        Value::Null => Ok(None),
        Value::String(node) => Ok(Some(node.clone())),
        _ => Err(Fault::new(
            StatusCode::BAD_REQUEST,
            "Not readable",
            "'node' is a text: the name of one of your nodes.",
        )),
    }
}

fn told(asked: &Asked<'_>, status: StatusCode, answered: &Answered) -> Answer {
    let (word, incident) = match answered.answer {
        Said::Received => ("received", None),
        Said::Known { incident } => ("known", Some(incident)),
        Said::Over { incident } => ("over", Some(incident)),
    };
    let published = answered.published.map(Place::Incident);
    let url = published.and_then(|place| absolute(asked.base, &place, false));
    let body = json!({
        "report": answered.report,
        "at": answered.at.to_string(),
        "answer": word,
        "incident": incident,
        "url": url,
    });
    let mut answer = answer(status, JSON, body.to_string());
    never_kept(&mut answer);
    answer
}

fn refused(fault: &Fault) -> Answer {
    let mut answer = fault.problem();
    if fault.status == StatusCode::UNAUTHORIZED {
        let way = HeaderValue::from_static("Bearer");
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, way);
    }
    answer
}

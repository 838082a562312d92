//! Reports by visitors: the form, and the same as JSON.

use super::acknowledging::is_from_here;
use super::answer::{Answer, answer, see_other};
use super::desk::{REPORT_MAX_CHARS, Refused, Report};
use super::document::{HTML, JSON};
use super::fault::{Fault, wants_problem};
use super::form::{body, caller, kind};
use super::place::Place;
use super::serve::{Asked, Site};
use super::shown::Shown;
use super::view::{self, Draft};
use axum::extract::Request;
use http::StatusCode;
use serde_json::{Value, json};
use std::net::IpAddr;
use tokio::time::Instant;

/// Takes a report over.
pub(super) async fn take(site: &Site, asked: &Asked<'_>, request: Request) -> Answer {
    if let Err(fault) = is_from_here(asked) {
        return asked.fault(&fault);
    }
    let caller = caller(&request);
    let is_json = match kind(&request) {
        Ok(is_json) => is_json,
        Err(fault) => return asked.fault(&fault),
    };
    let draft = match body(site, request).await {
        Ok(body) if is_json => from_json(&body),
        Ok(body) => Ok(from_form(&body)),
        Err(fault) => Err(fault),
    };
    let draft = match draft {
        Ok(draft) => draft,
        Err(fault) if is_json => return fault.problem(),
        Err(fault) => return asked.fault(&fault),
    };
    match file(site, asked, &draft, caller).await {
        Ok(id) if is_json || wants_problem(asked.path, asked.headers) => {
            let body = json!({ "report": id }).to_string();
            answer(StatusCode::ACCEPTED, JSON, body)
        }
        Ok(_) => see_other(&Place::Reported.path()),
        Err(fault) if is_json => fault.problem(),
        Err(fault) => again(asked, draft, &fault),
    }
}

/// The form once more, with what was written and what is wrong.
fn again(asked: &Asked<'_>, mut draft: Draft, fault: &Fault) -> Answer {
    if wants_problem(asked.path, asked.headers) {
        return fault.problem();
    }
    draft.fault = Some(fault.detail.to_string());
    match view::report(&asked.scene(), &draft) {
        Ok(body) => fault.dressed(HTML, body),
        Err(error) => asked.fault(&Fault::own(&error)),
    }
}

async fn file(
    site: &Site,
    asked: &Asked<'_>,
    draft: &Draft,
    caller: Option<IpAddr>,
) -> Result<String, Fault> {
    let report = checked(asked.shown, draft)?;
    let too_many = |retry_after| Refused::TooMany { retry_after };
    let taken = site.reports.take(caller, Instant::now());
    taken.map_err(too_many)?;
    let id = site.ask(site.desk.report(report)).await?;
    Ok(id.to_string())
}

pub(super) fn checked(shown: &Shown, draft: &Draft) -> Result<Report, Fault> {
    let wrong =
        |detail: String| Fault::new(StatusCode::UNPROCESSABLE_ENTITY, "Not a report yet", detail);
    let text = draft.text.replace("\r\n", "\n");
    let is_plain = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    let text: String = text.chars().filter(is_plain).collect();
    let text = text.trim();
    if text.is_empty() {
        return Err(wrong("Please write what happens.".to_owned()));
    }
    let length = text.chars().count();
    if length > REPORT_MAX_CHARS {
        let detail =
            format!("Please write at most {REPORT_MAX_CHARS} characters: it has {length}.");
        return Err(wrong(detail));
    }
    let known = |name: &str| shown.page.components.iter().any(|it| it.name == name);
    let component = match draft.component.as_str() {
        "" => None,
        name if known(name) => Some(name.to_owned()),
        _ => return Err(wrong("Please choose one of the components.".to_owned())),
    };
    Ok(Report {
        component,
        text: text.to_owned(),
    })
}

fn from_form(body: &[u8]) -> Draft {
    let mut draft = Draft::default();
    for (name, value) in url::form_urlencoded::parse(body) {
        match name.as_ref() {
            "component" => draft.component = value.into_owned(),
            "text" => draft.text = value.into_owned(),
            _ => {}
        }
    }
    draft
}

pub(super) fn from_json(body: &[u8]) -> Result<Draft, Fault> {
    let wrong = |detail| Fault::new(StatusCode::BAD_REQUEST, "Not readable", detail);
    let object = "Send an object with 'text' and, if you know it, 'component', both texts.";
    let value: Value = serde_json::from_slice(body).map_err(|_| wrong(object))?;
    let text = |name: &str| match &value[name] {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        _ => Err(wrong(object)),
    };
    if !value.is_object() {
        return Err(wrong(object));
    }
    Ok(Draft {
        component: text("component")?,
        text: text("text")?,
        fault: None,
    })
}

//! Subscriptions. A link in a letter shows a button; only the button does something, since mail scanners fetch links.

use super::acknowledging::is_from_here;
use super::answer::{Answer, answer, see_other};
use super::desk::{Offered, Refused};
use super::document::HTML;
use super::fault::{Fault, wants_problem};
use super::form::{body, caller, kind};
use super::place::Place;
use super::serve::{Asked, Site};
use super::view::{self, Draft};
use axum::extract::Request;
use http::StatusCode;
use std::net::IpAddr;
use tokio::time::Instant;
use twinline_core::watch::subscription::Address;
use url::Url;

/// Has a letter sent that asks for a confirmation.
pub(super) async fn ask(site: &Site, asked: &Asked<'_>, request: Request) -> Answer {
    let caller = caller(&request);
    let read = match is_from_here(asked).and_then(|()| kind(&request)) {
        Ok(false) => body(site, request).await,
        Ok(true) => Err(Fault::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Not readable",
            "Send a form (application/x-www-form-urlencoded).",
        )),
        Err(fault) => Err(fault),
    };
    let text = match read {
        Ok(body) => address(&body),
        Err(fault) => return asked.fault(&fault),
    };
    match wish(site, &text, caller).await {
        Ok(()) => see_other(&Place::Subscribed.path()),
        Err(fault) if wants_problem(asked.path, asked.headers) => fault.problem(),
        Err(fault) => again(asked, text, &fault),
    }
}

/// The form once more, with what was written and what is wrong.
fn again(asked: &Asked<'_>, text: String, fault: &Fault) -> Answer {
    if !asked.offered.any() {
        return asked.fault(fault);
    }
    let draft = Draft {
        text,
        fault: Some(fault.detail.to_string()),
        ..Draft::default()
    };
    match view::subscribe(&asked.scene(), &draft) {
        Ok(body) => fault.dressed(HTML, body),
        Err(error) => asked.fault(&Fault::own(&error)),
    }
}

async fn wish(site: &Site, text: &str, caller: Option<IpAddr>) -> Result<(), Fault> {
    let subscriptions = site.subscriptions().ok_or_else(Fault::not_found)?;
    let address = read(text, subscriptions.offered()).map_err(|detail| {
        Fault::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Not an address yet",
            detail,
        )
    })?;
    let too_many = |retry_after| Refused::TooMany { retry_after };
    let taken = site.asks.take(caller, Instant::now());
    taken.map_err(too_many)?;
    site.ask(subscriptions.ask(address)).await?;
    Ok(())
}

/// What was written, as it can be told. The address of a webhook is brought into the one form that it has.
fn read(text: &str, offered: Offered) -> Result<Address, &'static str> {
    let is_hook = text.contains("://");
    let written = match is_hook {
        true => Url::parse(text.trim()).map(String::from).ok(),
        false => Some(text.to_owned()),
    };
    let address = written.and_then(|it| it.parse().ok());
    let address = address.filter(|address| offered.takes(address));
    address.ok_or(match (is_hook, offered.mail, offered.hooks) {
        (true, _, true) => {
            "Please write the address of a webhook such as https://acme.example/hooks."
        }
        (_, true, _) => "Please write a mail address such as ada@acme.example.",
        _ => "Please write the address of a webhook such as https://acme.example/hooks.",
    })
}

fn address(body: &[u8]) -> String {
    let mut fields = url::form_urlencoded::parse(body);
    let found = fields.find(|(name, _)| name == "address");
    found
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Begins a subscription.
pub(super) async fn confirm(site: &Site, asked: &Asked<'_>, token: &str) -> Answer {
    let Some(subscriptions) = site.subscriptions() else {
        return asked.fault(&Fault::not_found());
    };
    if let Err(fault) = is_from_here(asked) {
        return asked.fault(&fault);
    }
    match site.ask(subscriptions.confirm(token)).await {
        Ok(()) => done(asked, view::confirmed),
        Err(refused) => asked.fault(&refused.into()),
    }
}

/// Ends a subscription. A mail reader's own button posts here without showing the page (RFC 8058), from wherever it is.
pub(super) async fn leave(site: &Site, asked: &Asked<'_>, token: &str) -> Answer {
    let Some(subscriptions) = site.subscriptions() else {
        return asked.fault(&Fault::not_found());
    };
    match site.ask(subscriptions.leave(token)).await {
        Ok(()) => done(asked, view::left),
        Err(refused) => asked.fault(&refused.into()),
    }
}

fn done(
    asked: &Asked<'_>,
    view: fn(&super::document::Scene<'_>, &str) -> Result<String, askama::Error>,
) -> Answer {
    let path = asked.path.trim_start_matches('/');
    match view(&asked.scene(), path) {
        Ok(body) => {
            let mut answer = answer(StatusCode::OK, HTML, body);
            super::answer::never_kept(&mut answer);
            answer
        }
        Err(error) => asked.fault(&Fault::own(&error)),
    }
}

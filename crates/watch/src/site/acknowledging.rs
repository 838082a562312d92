//! Links that acknowledge. A mail scanner fetches them: a `GET` shows what a link is for, only a `POST` does it.

use super::answer::{Answer, answer, never_kept};
use super::desk::Errand;
use super::document::HTML;
use super::fault::Fault;
use super::serve::{Asked, Site};
use super::view;
use http::{HeaderValue, StatusCode};

/// Shows what a link is for.
pub(super) async fn look(site: &Site, asked: &Asked<'_>, token: &str) -> Answer {
    match site.ask(site.desk.errand(token)).await {
        Ok(errand) => page(asked, token, &errand),
        Err(refused) => asked.fault(&refused.into()),
    }
}

/// Does what a link is for.
pub(super) async fn acknowledge(site: &Site, asked: &Asked<'_>, token: &str) -> Answer {
    if let Err(fault) = is_from_here(asked) {
        return asked.fault(&fault);
    }
    match site.ask(site.desk.acknowledge(token)).await {
        Ok(errand) => page(asked, token, &errand),
        Err(refused) => asked.fault(&refused.into()),
    }
}

fn page(asked: &Asked<'_>, token: &str, errand: &Errand) -> Answer {
    match view::acknowledge(&asked.scene(), token, errand) {
        Ok(body) => {
            let mut answer = answer(StatusCode::OK, HTML, body);
            never_kept(&mut answer);
            answer
        }
        Err(error) => asked.fault(&Fault::own(&error)),
    }
}

/// Whether no other site's page makes a visitor's browser send this. Browsers say so (Fetch Metadata); what is no browser
/// says nothing, and may.
pub(super) fn is_from_here(asked: &Asked<'_>) -> Result<(), Fault> {
    let site = asked.headers.get("sec-fetch-site");
    match site.map(HeaderValue::as_bytes) {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err(Fault::new(
            StatusCode::FORBIDDEN,
            "Not from here",
            "Another site sent this. Use the form on this page.",
        )),
    }
}

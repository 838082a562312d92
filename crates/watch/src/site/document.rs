//! What stands at each place: the same for the server and for an export.

use super::desk::Offered;
use super::place::Place;
use super::shown::Shown;
use super::{api, feed, view};
use url::Url;

/// From where it is seen.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    /// What is shown.
    pub(super) shown: &'a Shown,
    /// Where the page is reached.
    pub(super) base: Option<&'a Url>,
    /// Whether it was not refreshed for too long.
    pub(super) stale: bool,
    /// By which ways visitors may subscribe.
    pub(super) offered: Offered,
    /// Whether it is written to files, where nobody answers.
    pub(super) exported: bool,
}

/// A text and its type.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) media: &'static str,
    pub(super) body: String,
}

pub(super) const HTML: &str = "text/html; charset=utf-8";
pub(super) const JSON: &str = "application/json; charset=utf-8";

/// The document at a place; nothing where there is none.
///
/// # Errors
/// A template failed, which none does for what we give it.
pub(super) fn render(place: &Place, scene: &Scene<'_>) -> Result<Option<Document>, askama::Error> {
    let html = |body: String| Document { media: HTML, body };
    let text = |media, body: &str| {
        let body = body.to_owned();
        Document { media, body }
    };
    Ok(Some(match place {
        Place::Overview => html(view::overview(scene)?),
        Place::History => html(view::history(scene)?),
        Place::Incident(id) => match scene.shown.incident(*id) {
            Some(entry) => html(view::incident(scene, entry)?),
            None => return Ok(None),
        },
        Place::Maintenance(id) => match scene.shown.maintenance(*id) {
            Some(known) => html(view::maintenance(scene, *id, known)?),
            None => return Ok(None),
        },
        Place::Report => html(view::report(scene, &view::Draft::default())?),
        Place::Reported => html(view::reported(scene)?),
        Place::Subscribe if scene.offered.any() => {
            html(view::subscribe(scene, &view::Draft::default())?)
        }
        Place::Subscribed if scene.offered.any() => html(view::subscribed(scene)?),
        Place::Confirm(token) if scene.offered.any() => html(view::confirm(scene, token)?),
        Place::Leave(token) if scene.offered.any() => html(view::leave(scene, token)?),
        Place::Subscribe | Place::Subscribed | Place::Confirm(_) | Place::Leave(_) => {
            return Ok(None);
        }
        Place::Acknowledge(_) | Place::Answer(_) => return Ok(None),
        Place::Api(endpoint) => Document {
            media: JSON,
            body: api::render(*endpoint, scene).to_string(),
        },
        Place::Atom => Document {
            media: "application/atom+xml; charset=utf-8",
            body: feed::atom(scene)?,
        },
        // Its channel must have an address.
        Place::Rss => match feed::rss(scene)? {
            Some(body) => Document {
                media: "application/rss+xml; charset=utf-8",
                body,
            },
            None => return Ok(None),
        },
        Place::Style => text("text/css; charset=utf-8", include_str!("style.css")),
        Place::Icon => text("image/svg+xml", include_str!("icon.svg")),
        Place::Embed => text("text/javascript; charset=utf-8", include_str!("embed.js")),
    }))
}

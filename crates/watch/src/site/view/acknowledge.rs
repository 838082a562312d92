//! The page behind a link that acknowledges.

use super::super::desk::{Errand, Standing};
use super::super::document::Scene;
use super::super::place::Place;
use super::{Frame, Time};
use crate::channel::acknowledge::About;
use askama::Template;

#[derive(Template)]
#[template(path = "site/acknowledge.html")]
struct AcknowledgePage<'a> {
    frame: Frame,
    errand: &'a Errand,
    /// What it is: an incident or a proof, and which.
    what: String,
    /// Where the button posts to: this page.
    sends_to: &'a str,
    is_open: bool,
    /// Whether it says that somebody is there while a change is made.
    is_presence: bool,
    /// Who has acknowledged, and when.
    done: Option<(&'a str, Time)>,
}

/// What a link is for: with a button, while there is something to do.
pub(in crate::site) fn acknowledge(
    scene: &Scene<'_>,
    token: &str,
    errand: &Errand,
) -> Result<String, askama::Error> {
    let place = Place::Acknowledge(token.to_owned());
    let done = match &errand.standing {
        Standing::Acknowledged { by, at } => {
            Some((by.as_str(), Time::new(&scene.shown.time_zone, *at)))
        }
        Standing::Open | Standing::Over => None,
    };
    let page = AcknowledgePage {
        frame: Frame::new(scene, &place),
        errand,
        what: match &errand.about {
            About::Incident(id) => format!("Incident {id}"),
            About::Proof(_) => "Test page".to_owned(),
            About::Presence(id) => format!("Change {id}"),
        },
        sends_to: token,
        is_open: errand.standing == Standing::Open,
        is_presence: matches!(errand.about, About::Presence(_)),
        done,
    };
    page.render()
}

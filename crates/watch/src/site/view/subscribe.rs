//! Subscriptions: the forms, and what links in letters and calls lead to.

use super::super::desk::Offered;
use super::super::document::Scene;
use super::super::links::Links;
use super::super::place::Place;
use super::Frame;
use super::report::Draft;
use askama::Template;

#[derive(Template)]
#[template(path = "site/subscribe.html")]
struct SubscribePage<'a> {
    frame: Frame,
    offered: Offered,
    /// What was written as a mail address, and what as a webhook's.
    mail: &'a str,
    hook: &'a str,
    fault: Option<&'a str>,
}

/// A page with a button, or with nothing to do any more.
#[derive(Template)]
#[template(path = "site/deed.html")]
struct DeedPage<'a> {
    frame: Frame,
    title: &'static str,
    text: &'static str,
    /// Where the button posts to, and what it says.
    button: Option<(&'a str, &'static str)>,
}

/// The form, with what was written before.
pub(in crate::site) fn subscribe(
    scene: &Scene<'_>,
    draft: &Draft,
) -> Result<String, askama::Error> {
    let is_hook = draft.text.contains("://");
    let (mail, hook) = match is_hook {
        true => ("", draft.text.as_str()),
        false => (draft.text.as_str(), ""),
    };
    let page = SubscribePage {
        frame: Frame::new(scene, &Place::Subscribe),
        offered: scene.offered,
        mail,
        hook,
        fault: draft.fault.as_deref(),
    };
    page.render()
}

/// What is said after the form.
pub(in crate::site) fn subscribed(scene: &Scene<'_>) -> Result<String, askama::Error> {
    let page = DeedPage {
        frame: Frame::new(scene, &Place::Subscribed),
        title: "Please confirm it",
        text: "If the address is not subscribed yet, a letter with a link is on its way to it. A webhook is sent a \
               challenge, which it has to answer. Nothing else is sent before that.",
        button: None,
    };
    page.render()
}

/// Behind the link in the letter that asks.
pub(in crate::site) fn confirm(scene: &Scene<'_>, token: &str) -> Result<String, askama::Error> {
    let page = DeedPage {
        frame: Frame::new(scene, &Place::Confirm(token.to_owned())),
        title: "Confirm your subscription",
        text: "With the button you ask to be told whenever this page says something new of incidents and maintenance.",
        button: Some((token, "Subscribe")),
    };
    page.render()
}

/// It has begun.
pub(in crate::site) fn confirmed(scene: &Scene<'_>, path: &str) -> Result<String, askama::Error> {
    let page = DeedPage {
        frame: Frame::around(scene, Links::at(path, false)),
        title: "You are subscribed",
        text: "Whatever you are sent has a link that ends it.",
        button: None,
    };
    page.render()
}

/// Behind the link in every other letter.
pub(in crate::site) fn leave(scene: &Scene<'_>, token: &str) -> Result<String, askama::Error> {
    let page = DeedPage {
        frame: Frame::new(scene, &Place::Leave(token.to_owned())),
        title: "End your subscription",
        text: "With the button nothing more comes.",
        button: Some((token, "End it")),
    };
    page.render()
}

/// It has ended.
pub(in crate::site) fn left(scene: &Scene<'_>, path: &str) -> Result<String, askama::Error> {
    let page = DeedPage {
        frame: Frame::around(scene, Links::at(path, false)),
        title: "Your subscription has ended",
        text: "Your address is forgotten.",
        button: None,
    };
    page.render()
}

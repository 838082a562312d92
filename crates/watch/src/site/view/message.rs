//! A page that says what went wrong.

use super::super::document::Scene;
use super::super::links::Links;
use super::Frame;
use askama::Template;

/// What went wrong, and how to go on.
pub(in crate::site) struct Message<'a> {
    /// The path that was asked for, with its slash: what is linked is relative to it.
    pub(in crate::site) path: &'a str,
    pub(in crate::site) title: &'a str,
    pub(in crate::site) detail: &'a str,
}

#[derive(Template)]
#[template(path = "site/message.html")]
struct MessagePage<'a> {
    frame: Frame,
    title: &'a str,
    detail: &'a str,
}

/// The page.
pub(in crate::site) fn message(
    scene: &Scene<'_>,
    message: &Message<'_>,
) -> Result<String, askama::Error> {
    let path = message.path.strip_prefix('/').unwrap_or(message.path);
    let page = MessagePage {
        frame: Frame::around(scene, Links::at(path, scene.exported)),
        title: message.title,
        detail: message.detail,
    };
    page.render()
}

//! The form for reports.

use super::super::desk::REPORT_MAX_CHARS;
use super::super::document::Scene;
use super::super::place::Place;
use super::Frame;
use askama::Template;

/// What a visitor has written so far, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub(in crate::site) struct Draft {
    pub(in crate::site) component: String,
    pub(in crate::site) text: String,
    pub(in crate::site) fault: Option<String>,
}

#[derive(Template)]
#[template(path = "site/report.html")]
struct ReportPage<'a> {
    frame: Frame,
    components: Vec<&'a str>,
    draft: &'a Draft,
    max: usize,
    sends_to: &'static str,
}

#[derive(Template)]
#[template(path = "site/reported.html")]
struct ReportedPage {
    frame: Frame,
}

/// The form, with what was written before.
pub(in crate::site) fn report(scene: &Scene<'_>, draft: &Draft) -> Result<String, askama::Error> {
    let components = scene.shown.page.components.iter();
    let page = ReportPage {
        frame: Frame::new(scene, &Place::Report),
        components: components.map(|it| it.name.as_str()).collect(),
        draft,
        max: REPORT_MAX_CHARS,
        sends_to: "report",
    };
    page.render()
}

/// What is said after a report.
pub(in crate::site) fn reported(scene: &Scene<'_>) -> Result<String, askama::Error> {
    let frame = Frame::new(scene, &Place::Reported);
    ReportedPage { frame }.render()
}

//! What the letters say.

use super::ways::Post;
use crate::channel::Letter;
use std::fmt::Write as _;
use twinline_core::time::Timestamp;
use twinline_core::watch::page::{MaintenanceStage, Stage};
use twinline_core::watch::subscription::{About, Address, AttemptId, News};
use url::Url;

/// The longest text of one piece of news, in characters; the rest is on the page.
const BODY_MAX_CHARS: usize = 4000;

/// To somebody who, as somebody says, wants to be told; none where no link can be made.
pub(super) fn asking(post: &Post, address: &Address, now: Timestamp) -> Option<Letter> {
    let link = post.links.confirm(&post.public_url, address, now)?;
    let name = &post.name;
    let text = format!(
        "Somebody asked that this address is told of incidents and maintenance of {name}.\n\n\
         Was that you? Then confirm it within 48 hours:\n{link}\n\n\
         Was it not? Then do nothing: your address is not kept.\n"
    );
    Some(Letter {
        id: format!("confirm.{}", now.as_millis()),
        to: address.to_string(),
        subject: format!("{name}: confirm your subscription"),
        text,
        at: now,
        leave: None,
    })
}

/// What is new, the oldest first.
pub(super) fn telling(
    post: &Post,
    (attempt, address): (AttemptId, &Address),
    news: &[News],
    now: Timestamp,
) -> Option<Letter> {
    let leave = post.links.leave(&post.public_url, address)?;
    let last = news.last()?;
    let headline = format!("{}: {}", last.name, stage(last.about));
    let subject = match news.len() {
        1 => format!("{}: {headline}", post.name),
        several => format!("{}: {several} updates; {headline}", post.name),
    };
    let mut text = String::new();
    for one in news {
        let at = post.time_zone.moment(one.at);
        let body: String = one.body.chars().take(BODY_MAX_CHARS).collect();
        let cut = if body.len() < one.body.len() {
            " …"
        } else {
            ""
        };
        // Writing to a string cannot fail.
        _ = writeln!(
            text,
            "{}\n{}, {at}\n\n{body}{cut}\n",
            one.name,
            stage(one.about)
        );
        if let Some(link) = page(&post.public_url, one.about) {
            _ = writeln!(text, "{link}\n");
        }
    }
    _ = write!(
        text,
        "-- \nYou asked to be told of incidents and maintenance of {}. No more of it:\n{leave}\n",
        post.name
    );
    Some(Letter {
        id: format!("news.{}.{}", attempt.0, now.as_millis()),
        to: address.to_string(),
        subject,
        text,
        at: now,
        leave: Some(leave),
    })
}

pub(super) const fn stage(about: About) -> &'static str {
    match about {
        About::Incident { stage, .. } => match stage {
            Stage::Investigating => "investigating",
            Stage::Identified => "identified",
            Stage::Monitoring => "monitoring",
            Stage::Resolved => "resolved",
            Stage::Postmortem => "postmortem",
        },
        About::Maintenance { stage, .. } => match stage {
            MaintenanceStage::Scheduled => "maintenance scheduled",
            MaintenanceStage::InProgress => "maintenance in progress",
            MaintenanceStage::Verifying => "maintenance being verified",
            MaintenanceStage::Completed => "maintenance completed",
        },
    }
}

pub(super) fn page(base: &Url, about: About) -> Option<Url> {
    let (folder, number) = match about {
        About::Incident { incident, .. } => ("incidents", incident.0),
        About::Maintenance { maintenance, .. } => ("maintenance", maintenance.0),
    };
    let mut link = base.clone();
    let mut path = link.path_segments_mut().ok()?;
    path.pop_if_empty().push(folder).push(&number.to_string());
    drop(path);
    Some(link)
}

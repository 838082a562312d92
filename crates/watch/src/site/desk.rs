//! What the public side asks of the driver.

use crate::channel::acknowledge::About;
use async_trait::async_trait;
use std::time::Duration;
use twinline_core::time::Timestamp;
use twinline_core::watch::incident::{Answer, IncidentId, ReportId};
use twinline_core::watch::subscription::{Address, Way};

/// Where visitors' deeds go. Each call has a deadline ([`Settings::desk_within`](super::Settings::desk_within)), after
/// which it is dropped: it must be safe to be dropped, and to be asked again.
#[async_trait]
pub trait Desk: Send + Sync {
    /// What a link is for. Changes nothing: mail scanners and chats follow links.
    ///
    /// # Errors
    /// [`Refused::UnknownLink`], [`Refused::ExpiredLink`], [`Refused::Busy`].
    async fn errand(&self, token: &str) -> Result<Errand, Refused>;

    /// Does what a link is for; the same again when it was done before.
    ///
    /// # Errors
    /// [`Refused::UnknownLink`], [`Refused::ExpiredLink`], [`Refused::Busy`].
    async fn acknowledge(&self, token: &str) -> Result<Errand, Refused>;

    /// Takes a report over; its text and component are checked before.
    ///
    /// # Errors
    /// [`Refused::TooMany`], [`Refused::Busy`].
    async fn report(&self, report: Report) -> Result<ReportId, Refused>;

    /// The same of whoever shows this token.
    ///
    /// # Errors
    /// [`Refused::UnknownToken`], [`Refused::UnknownNode`], [`Refused::Busy`].
    async fn tenant_report(&self, token: &str, report: TenantReport) -> Result<Answered, Refused>;

    /// What became of a report of whoever shows this token.
    ///
    /// # Errors
    /// [`Refused::UnknownToken`], [`Refused::UnknownReport`], [`Refused::Busy`].
    async fn answer(&self, token: &str, report: ReportId) -> Result<Answered, Refused>;
}

/// The ways by which visitors may be told of what is new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// By mail.
    pub mail: bool,
    /// By a webhook of theirs.
    pub hooks: bool,
    /// Whether the address of such a webhook may be `http://`.
    pub plain: bool,
}

impl Offered {
    /// Whether there is any.
    pub const fn any(self) -> bool {
        self.mail || self.hooks
    }

    /// Whether this address can be told.
    pub fn takes(self, address: &Address) -> bool {
        match address.way() {
            Way::Mail => self.mail,
            Way::Hook => self.hooks && (self.plain || address.as_str().starts_with("https://")),
        }
    }
}

/// Where visitors subscribe to the page. Each call has the same deadline.
#[async_trait]
pub trait Subscriptions: Send + Sync {
    /// By which ways that can be done now. Where there is none, the page offers nothing.
    fn offered(&self) -> Offered;

    /// Sends a letter with a link that confirms, or a webhook a challenge. Says nothing of whether the address is a subscriber's.
    ///
    /// # Errors
    /// [`Refused::Busy`].
    async fn ask(&self, address: Address) -> Result<(), Refused>;

    /// Begins a subscription; the same again when it was begun before.
    ///
    /// # Errors
    /// [`Refused::UnknownLink`], [`Refused::ExpiredLink`], [`Refused::Full`], [`Refused::Busy`].
    async fn confirm(&self, token: &str) -> Result<(), Refused>;

    /// Ends a subscription; the same again when it was ended before.
    ///
    /// # Errors
    /// [`Refused::UnknownLink`], [`Refused::Busy`].
    async fn leave(&self, token: &str) -> Result<(), Refused>;
}

/// What a link is for, and how far that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// What is acknowledged.
    pub about: About,
    /// Who does so by this link.
    pub person: String,
    /// What it is about, in one line: an incident's headline.
    pub headline: String,
    /// How far it is.
    pub standing: Standing,
}

/// How far an acknowledgement is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has acknowledged yet.
    Open,
    /// Somebody has.
    Acknowledged {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// There is nothing to acknowledge any more.
    Over,
}

/// A visitor says that something does not work. Nothing is known of the visitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The component that it is about, by its name on the page; none when the visitor does not know.
    pub component: Option<String>,
    /// What the visitor says: not empty, at most [`REPORT_MAX_CHARS`], no control characters but line breaks and tabs.
    pub text: String,
}

/// A tenant says that something does not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantReport {
    /// As a visitor would say it.
    pub report: Report,
    /// The node that it is about, one of the tenant's.
    pub node: Option<String>,
}

/// What whoever reported is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The report.
    pub report: ReportId,
    /// When it came.
    pub at: Timestamp,
    /// What is known of it.
    pub answer: Answer,
    /// The incident that it belongs to, where the public reads of it.
    pub published: Option<IncidentId>,
}

/// The longest text of a report.
pub const REPORT_MAX_CHARS: usize = 2000;

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The link is not one of ours, or was changed.
    #[error(
        "This link is not genuine here. It may have been cut off: copy all of it. Or another machine's watch made it, and only that one knows it."
    )]
    UnknownLink,
    /// The link's time is over.
    #[error("This link is too old. Use a newer one.")]
    ExpiredLink {
        /// Until when it was good.
        until: Timestamp,
    },
    /// There were too many lately.
    #[error("There were too many lately. Try again later.")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Nobody has this token.
    #[error("Show the token of your workspace as a bearer token.")]
    UnknownToken,
    /// The workspace has no such node.
    #[error("Your workspace has no such node.")]
    UnknownNode,
    /// The workspace has not sent such a report, or it is too long ago.
    #[error("Your workspace has no such report, or it is too long ago to be kept.")]
    UnknownReport,
    /// There are as many as there may be.
    #[error("There are as many subscribers as there may be. The feeds need no subscription.")]
    Full,
    /// It cannot be done now.
    #[error("This could not be done in time, and may have been done all the same. Try again.")]
    Busy,
}

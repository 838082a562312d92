//! How a page reaches a person: a mail server, a webhook, PagerDuty, a telephone.
//!
//! A [`Channel`] sends one [`Page`] once, and says what became of it. It does not retry, and it does not decide: when to
//! try again and by which other channel is core's (`twinline_core::watch`). Each step has a deadline, and all of them
//! together have one ([`Deadlines`]), so that a channel that hangs costs seconds. What it says of a failure names the
//! channel, what the other side said, and the way out, and holds no secret.
//!
//! That the other side took a page over ([`Receipt`]) does not mean that somebody read it: that is what the link of an
//! acknowledgement is for ([`acknowledge`]).

pub mod acknowledge;
mod address;
mod answer;
mod letter;
mod outcome;
mod outside;
mod page;
mod pagerduty;
mod sms;
mod smtp;
pub mod webhook;
mod wording;

pub use address::Addresses;
pub use answer::UnusableChannel;
pub use letter::Letter;
pub use outcome::{Failed, Fault, Receipt, Step};
pub use outside::{Deadlines, NoOutside, Outside};
pub use page::{Content, Digest, Event, Matter, Page, Presence, Severity};
pub use pagerduty::PagerDutySettings;
pub use sms::SmsSettings;
pub use smtp::SmtpSettings;
pub use webhook::WebhookSettings;

use outcome::Cause;
use pagerduty::PagerDuty;
use sms::Sms;
use smtp::Smtp;
use webhook::Webhook;

/// One way to people: a name and what is behind it.
pub struct Channel {
    name: String,
    way: Way,
    outside: Outside,
}

/// What kind of way it is, checked, with its secrets.
enum Way {
    Smtp(Box<Smtp>),
    Webhook(Webhook),
    PagerDuty(PagerDuty),
    Sms(Sms),
}

/// The settings of a channel.
pub enum Settings<'a> {
    /// A mail server.
    Smtp(SmtpSettings<'a>),
    /// A webhook of our own shape, or of a chat.
    Webhook(WebhookSettings),
    /// PagerDuty.
    PagerDuty(PagerDutySettings),
    /// Twilio, or a service that speaks as Twilio does.
    Sms(SmsSettings),
}

impl Channel {
    /// Makes a channel; nothing is sent.
    ///
    /// # Errors
    /// The settings cannot be used.
    pub fn new(
        name: &str,
        settings: Settings<'_>,
        outside: &Outside,
    ) -> Result<Self, UnusableChannel> {
        let way = match settings {
            Settings::Smtp(settings) => Smtp::new(settings).map(|smtp| Way::Smtp(Box::new(smtp))),
            Settings::Webhook(settings) => Webhook::new(settings).map(Way::Webhook),
            Settings::PagerDuty(settings) => PagerDuty::new(settings).map(Way::PagerDuty),
            Settings::Sms(settings) => Sms::new(settings).map(Way::Sms),
        };
        let way = way.map_err(|reason| UnusableChannel {
            channel: name.to_owned(),
            reason,
        })?;
        Ok(Self {
            name: name.to_owned(),
            way,
            outside: outside.clone(),
        })
    }

    /// The name by which the configuration knows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The host that it leads to: looked up ahead ([`Addresses::find`]), it is known when the resolver is gone.
    pub fn host(&self) -> &str {
        match &self.way {
            Way::Smtp(smtp) => smtp.host(),
            Way::Webhook(webhook) => webhook.host(),
            Way::PagerDuty(pagerduty) => pagerduty.host(),
            Way::Sms(sms) => sms.host(),
        }
    }

    /// Sends a page once.
    ///
    /// # Errors
    /// The other side did not take it over, or did not say so in time.
    pub async fn send(&self, page: &Page) -> Result<Receipt, Failed> {
        let outside = &self.outside;
        let sent: Result<Receipt, Cause> = match &self.way {
            Way::Smtp(smtp) => smtp.send(page, outside).await,
            Way::Webhook(webhook) => webhook.send(page, outside).await,
            Way::PagerDuty(pagerduty) => pagerduty.send(page, outside).await,
            Way::Sms(sms) => sms.send(page, outside).await,
        };
        // Who has the link can acknowledge.
        let link = page.acknowledge.as_ref().map(url::Url::as_str);
        sent.map_err(|cause| cause.of(&self.name, self.secrets().into_iter().chain(link)))
    }

    /// Whether letters can be posted by it.
    pub fn takes_letters(&self) -> bool {
        matches!(self.way, Way::Smtp(_))
    }

    /// Posts a letter once, by mail. What is said of a failure does not name its recipient.
    ///
    /// # Errors
    /// The other side did not take it over, or did not say so in time; or this is no mail server.
    pub async fn post(&self, letter: &Letter) -> Result<Receipt, Failed> {
        let posted = match &self.way {
            Way::Smtp(smtp) => smtp.post(letter, &self.outside).await,
            _ => Err(Cause::unsuitable("letters go by mail only")),
        };
        let private = [letter.to.as_str()].into_iter();
        let private = private.chain(letter.leave.as_ref().map(url::Url::as_str));
        posted.map_err(|cause| cause.of(&self.name, self.secrets().into_iter().chain(private)))
    }

    /// All that no error may tell.
    fn secrets(&self) -> Vec<&str> {
        match &self.way {
            Way::Smtp(smtp) => smtp.secrets(),
            Way::Webhook(webhook) => webhook.secrets(),
            Way::PagerDuty(pagerduty) => pagerduty.secrets(),
            Way::Sms(sms) => sms.secrets(),
        }
    }
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

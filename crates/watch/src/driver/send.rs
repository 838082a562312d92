//! Pages on their way to channels, each by a task of its own with a deadline.

use super::letter;
use super::machines::Letter;
use super::{Driver, SENDS_MAX};
use crate::channel::{Channel, Page};
use std::time::Duration;
use tokio::time::timeout;
use twinline_core::watch::escalation::{self, AttemptId};

impl Driver {
    /// Sends a page by a task of its own.
    pub(super) fn send(&mut self, letter: &Letter) {
        let attempt = letter.attempt;
        let now = self.clock.now();
        let page = letter::compose(letter, &mut self.machines, &self.setup, &self.signer, now);
        let channel = self.setup.channels.get(&letter.contact.channel).cloned();
        let name = &letter.contact.channel;
        let refused = match (&page, &channel) {
            (None, _) => Some("there is nothing to tell any more".to_owned()),
            (_, None) => Some(match self.setup.unusable.get(name) {
                Some(reason) => format!("channel {name} cannot be used: {reason}"),
                None => format!("there is no channel {name}"),
            }),
            _ if self.sends.len() >= SENDS_MAX => Some("too many pages are under way".to_owned()),
            _ => None,
        };
        let deadline = Duration::from_secs(self.setup.roster.limits.channel_deadline_s.max(1));
        self.sends.spawn(async move {
            let outcome = match (refused, page, channel) {
                (None, Some(page), Some(channel)) => deliver(&channel, &page, deadline).await,
                (refused, ..) => Err(refused.unwrap_or_default()),
            };
            (attempt, outcome)
        });
    }

    /// A channel has answered.
    pub(super) fn sent(&mut self, attempt: AttemptId, outcome: Result<(), String>) {
        self.vitals.page(outcome.is_ok());
        let event = match outcome {
            Ok(()) => escalation::Event::Sent { attempt },
            Err(detail) => escalation::Event::Failed { attempt, detail },
        };
        self.step(|machines, step| machines.call(event, step));
    }
}

/// Sends a page within the deadline.
async fn deliver(channel: &Channel, page: &Page, deadline: Duration) -> Result<(), String> {
    match timeout(deadline, channel.send(page)).await {
        Ok(Ok(receipt)) => {
            let channel = channel.name();
            tracing::info!(
                channel,
                page = page.id,
                reference = receipt.reference,
                "a page went out"
            );
            Ok(())
        }
        Ok(Err(failed)) => Err(failed.to_string()),
        Err(_) => Err(format!("no answer within {} s", deadline.as_secs())),
    }
}

//! The ways by which somebody is told: a mail server, a webhook of theirs.

use super::hooks::{Called, Hooks};
use super::letters;
use super::links::Links;
use crate::channel::{Channel, Letter};
use crate::site::Offered;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinline_core::time::Timestamp;
use twinline_core::watch::escalation::Zone;
use twinline_core::watch::subscription::{Address, AttemptId, News, Way};
use url::Url;

/// How subscribers are told, and what they are told of where it comes from. Configuration.
pub struct Post {
    /// The way that letters go: one that takes them. Without it nobody is told by mail.
    pub mail: Option<Arc<Channel>>,
    /// How webhooks are called. Without it none is.
    pub hooks: Option<Arc<Hooks>>,
    /// Makes their links.
    pub links: Arc<Links>,
    /// The status page's address, which links begin with.
    pub public_url: Url,
    /// The status page's name.
    pub name: String,
    /// The place whose clock they show.
    pub time_zone: Zone,
    /// Each tenant's administrators, who are told unless they say no, by the name of the workspace.
    pub administrators: BTreeMap<String, BTreeSet<Address>>,
}

/// What became of something that was sent.
pub(super) enum Posted {
    /// What is new.
    News(AttemptId, Called),
    /// A letter or a call that asks whether its address wants to be told; the address, when it has said so already.
    Question(Option<Address>),
}

/// The ways that there are.
pub(super) fn offered(post: Option<&Post>) -> Offered {
    let hooks = post.and_then(|it| it.hooks.as_ref());
    Offered {
        mail: post.is_some_and(|it| it.mail.is_some()),
        hooks: hooks.is_some(),
        plain: hooks.is_some_and(|it| it.may_be_plain()),
    }
}

/// Tells somebody what is new.
pub(super) async fn tell(
    post: Option<Arc<Post>>,
    attempt: AttemptId,
    address: Address,
    news: Vec<News>,
    now: Timestamp,
) -> Posted {
    let Some(post) = post else {
        return Posted::News(attempt, Called::Failed);
    };
    let called = match (address.way(), &post.hooks) {
        (Way::Hook, Some(hooks)) => hooks.tell(&post, &address, &news, now).await,
        (Way::Hook, None) => Called::Failed,
        (Way::Mail, _) => {
            let letter = letters::telling(&post, (attempt, &address), &news, now);
            match deliver(&post, letter).await {
                true => Called::Taken,
                false => Called::Failed,
            }
        }
    };
    Posted::News(attempt, called)
}

/// Asks somebody whether they want to be told.
pub(super) async fn question(post: Arc<Post>, address: Address, now: Timestamp) -> Posted {
    let answered = match (address.way(), &post.hooks) {
        (Way::Mail, _) => {
            let letter = letters::asking(&post, &address, now);
            deliver(&post, letter).await;
            false
        }
        (Way::Hook, Some(hooks)) => match post.links.token(&address, now) {
            Some(token) => hooks.challenge(&post, &address, &token, now).await,
            None => false,
        },
        (Way::Hook, None) => false,
    };
    Posted::Question(answered.then_some(address))
}

/// Whether a mail server took it over. The channel has deadlines of its own.
async fn deliver(post: &Post, letter: Option<Letter>) -> bool {
    let (Some(mail), Some(letter)) = (&post.mail, letter) else {
        return false;
    };
    match mail.post(&letter).await {
        Ok(receipt) => {
            tracing::info!(
                letter = letter.id,
                reference = receipt.reference,
                "a letter went out"
            );
            true
        }
        Err(error) => {
            tracing::warn!(letter = letter.id, %error, "a letter did not go out");
            false
        }
    }
}

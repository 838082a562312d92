//! `[watch.channels]`: the ways to people. Their secrets stand there by reference.

use crate::config::secret::SecretRef;
use serde::{Deserialize, Serialize};

/// One way to people, by its kind.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Channel {
    /// A mail server that relays.
    Smtp {
        /// `smtp://user:password@host:587` or `smtps://…:465`.
        url: SecretRef,
        /// Who sends.
        from: String,
    },
    /// A webhook: signed in a shape of our own, or of a chat.
    Webhook {
        /// Where to.
        url: SecretRef,
        /// What is said there.
        #[serde(default)]
        template: ChatTemplate,
        /// What is signed with; two while one rotates.
        #[serde(default)]
        secrets: Vec<SecretRef>,
        /// A bearer token, for servers that want one.
        #[serde(default)]
        token: Option<SecretRef>,
        /// Whether the address may be plain HTTP though it is not on this machine.
        #[serde(default)]
        plain: bool,
    },
    /// PagerDuty's Events API v2.
    Pagerduty {
        /// The integration key.
        key: SecretRef,
        /// Another address than PagerDuty's.
        #[serde(default)]
        url: Option<SecretRef>,
        /// As of a webhook.
        #[serde(default)]
        plain: bool,
    },
    /// Text messages by Twilio, or a service that speaks as Twilio does.
    Twilio {
        /// The account's sid.
        account: String,
        /// The sid of an API key, where the token is that key's secret.
        #[serde(default)]
        key: Option<String>,
        /// The account's token, or the key's secret.
        token: SecretRef,
        /// The sender.
        from: String,
        /// Another address than Twilio's.
        #[serde(default)]
        url: Option<SecretRef>,
        /// As of a webhook.
        #[serde(default)]
        plain: bool,
    },
}

/// What is said to a webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatTemplate {
    /// Our own shape.
    #[default]
    Generic,
    /// Slack.
    Slack,
    /// Microsoft Teams.
    Teams,
    /// Mattermost.
    Mattermost,
    /// ntfy.
    Ntfy,
}

impl Channel {
    /// Its secrets.
    pub(in crate::config) fn secrets_mut(&mut self) -> Vec<&mut SecretRef> {
        match self {
            Self::Smtp { url, .. } => vec![url],
            Self::Webhook {
                url,
                secrets,
                token,
                ..
            } => [url].into_iter().chain(secrets).chain(token).collect(),
            Self::Pagerduty { key, url, .. } => [key].into_iter().chain(url).collect(),
            Self::Twilio { token, url, .. } => [token].into_iter().chain(url).collect(),
        }
    }
}

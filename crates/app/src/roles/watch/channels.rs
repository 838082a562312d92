//! The ways to people, built from the configuration. One that cannot be built keeps no other one from being.

use crate::config::watch::{Channel as Configured, ChatTemplate};
use crate::config::{Config, ConfigError, SecretRef};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use twinline_trackers::http::{Secret, Trust};
use twinline_watch::channel::webhook::Template;
use twinline_watch::channel::{
    Channel, Outside, PagerDutySettings, Settings, SmsSettings, SmtpSettings, WebhookSettings,
};

/// The channels, and those that cannot be used with their reasons.
#[derive(Default)]
pub(super) struct Channels {
    pub(super) usable: BTreeMap<String, Arc<Channel>>,
    pub(super) unusable: BTreeMap<String, String>,
}

impl Channels {
    /// Builds all of them. Secrets are read beside the configuration file.
    pub(super) fn build(file: &Path, config: &Config, trust: &Trust, outside: &Outside) -> Self {
        let mut built = Self::default();
        let base = file.parent().unwrap_or(Path::new(""));
        for (name, configured) in &config.watch.channels {
            let read = Reader { base, name };
            match read.channel(configured, trust, outside) {
                Ok(channel) => {
                    built.usable.insert(name.clone(), Arc::new(channel));
                }
                Err(reason) => {
                    built.unusable.insert(name.clone(), reason);
                }
            }
        }
        built
    }
}

struct Reader<'a> {
    base: &'a Path,
    name: &'a str,
}

impl Reader<'_> {
    fn secret(&self, key: &str, reference: &SecretRef) -> Result<Secret, ConfigError> {
        let what = format!("watch.channels.{}.{key}", self.name);
        reference.read(self.base, &what)
    }

    fn optional(
        &self,
        key: &str,
        reference: Option<&SecretRef>,
    ) -> Result<Option<Secret>, ConfigError> {
        let read = reference.map(|reference| self.secret(key, reference));
        read.transpose()
    }

    fn channel(
        &self,
        configured: &Configured,
        trust: &Trust,
        outside: &Outside,
    ) -> Result<Channel, String> {
        let settings = self.settings(configured, trust);
        let settings = settings.map_err(|error| error.to_string())?;
        Channel::new(self.name, settings, outside).map_err(|error| error.to_string())
    }

    fn settings<'a>(
        &self,
        configured: &'a Configured,
        trust: &'a Trust,
    ) -> Result<Settings<'a>, ConfigError> {
        Ok(match configured {
            Configured::Smtp { url, from } => Settings::Smtp(SmtpSettings {
                url: self.secret("url", url)?,
                from,
                trust,
            }),
            Configured::Webhook {
                url,
                template,
                secrets,
                token,
                plain,
            } => {
                let read = secrets.iter().map(|it| self.secret("secrets", it));
                Settings::Webhook(WebhookSettings {
                    url: self.secret("url", url)?,
                    template: shape(*template),
                    secrets: read.collect::<Result<_, _>>()?,
                    token: self.optional("token", token.as_ref())?,
                    plain: *plain,
                })
            }
            Configured::Pagerduty { key, url, plain } => Settings::PagerDuty(PagerDutySettings {
                routing_key: self.secret("key", key)?,
                url: self.optional("url", url.as_ref())?,
                plain: *plain,
            }),
            Configured::Twilio {
                account,
                key,
                token,
                from,
                url,
                plain,
            } => Settings::Sms(SmsSettings {
                account: account.clone(),
                key: key.clone(),
                token: self.secret("token", token)?,
                from: from.clone(),
                url: self.optional("url", url.as_ref())?,
                plain: *plain,
            }),
        })
    }
}

const fn shape(template: ChatTemplate) -> Template {
    match template {
        ChatTemplate::Generic => Template::Generic,
        ChatTemplate::Slack => Template::Slack,
        ChatTemplate::Teams => Template::Teams,
        ChatTemplate::Mattermost => Template::Mattermost,
        ChatTemplate::Ntfy => Template::Ntfy,
    }
}

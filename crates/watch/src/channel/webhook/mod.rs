//! Pages by webhook: a shape of our own, signed (docs/specs/page-webhook.md), and those that chats take.

mod sign;
mod template;

pub(crate) use sign::headers;
pub use sign::{SIGNATURE, TIMESTAMP, Unverified, WEBHOOK_ID, WINDOW, verify};
pub use template::Template;

use super::answer::{address, body, judge, not_what_it_says};
use super::outcome::{Cause, Receipt};
use super::outside::Outside;
use super::page::Page;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Request};
use twinline_trackers::http::Secret;
use url::Url;
use zeroize::Zeroizing;

/// The settings of a webhook.
pub struct WebhookSettings {
    /// Where to. The address of a chat's webhook is a secret; of ntfy it ends with the topic.
    pub url: Secret,
    /// What is said there.
    pub template: Template,
    /// What is signed with: by each, so that a receiver can change from one to the next. Our own shape needs one; chats
    /// do not look at signatures.
    pub secrets: Vec<Secret>,
    /// Sent as `Authorization: Bearer …`, for servers that want one (ntfy).
    pub token: Option<Secret>,
    /// Whether the address may be `http://` though it is not on this machine.
    pub plain: bool,
}

pub(super) struct Webhook {
    url: Url,
    /// Where it is posted to; differs from `url` where the topic travels in the content.
    post: Url,
    topic: String,
    settings: WebhookSettings,
}

impl Webhook {
    pub(super) fn new(settings: WebhookSettings) -> Result<Self, String> {
        let url = address(&settings.url, settings.plain)?;
        if settings.template == Template::Generic && settings.secrets.is_empty() {
            return Err(
                "it has no secret to sign with: give it one, which its receiver knows too"
                    .to_owned(),
            );
        }
        if settings.secrets.iter().any(Secret::is_empty) {
            return Err("one of its secrets is empty".to_owned());
        }
        let (post, topic) = match settings.template {
            Template::Ntfy => split_topic(&url)?,
            _ => (url.clone(), String::new()),
        };
        Ok(Self {
            url,
            post,
            topic,
            settings,
        })
    }

    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub(super) fn secrets(&self) -> Vec<&str> {
        let settings = &self.settings;
        let secrets = settings.secrets.iter().chain(&settings.token);
        let mut all: Vec<&str> = secrets.map(Secret::expose).collect();
        // The whole first: its parts are in it.
        all.extend([settings.url.expose(), self.url.as_str(), self.url.path()]);
        all.extend(self.url.query());
        all.extend([self.topic.as_str()]);
        all
    }

    pub(super) async fn send(&self, page: &Page, outside: &Outside) -> Result<Receipt, Cause> {
        let template = self.settings.template;
        let content = Bytes::from(template.content(page, &self.topic).to_string());
        let mut request = Request::post(self.post.as_str())
            .header(CONTENT_TYPE, "application/json")
            .body(content)
            .map_err(|error| Cause::unsuitable(error.to_string()))?;
        for (name, value) in self.headers(page, request.body(), outside)? {
            request.headers_mut().insert(name, value);
        }
        let answer = outside.ask(request).await?;
        judge(&answer, &body(&answer), outside.clock.now())?;
        let reference = template.taken(&answer);
        let reference = reference.ok_or_else(|| not_what_it_says(&answer, template.expected()))?;
        Ok(Receipt { reference })
    }

    fn headers(
        &self,
        page: &Page,
        body: &[u8],
        outside: &Outside,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, Cause> {
        let unfit = |_| Cause::unsuitable("the page's id or a secret cannot travel in a header");
        let mut headers = Vec::new();
        if !self.settings.secrets.is_empty() {
            let now = outside.clock.now();
            headers = sign::headers(&self.settings.secrets, &page.id, now, body).map_err(unfit)?;
        }
        if let Some(token) = &self.settings.token {
            let text = Zeroizing::new(format!("Bearer {}", token.expose()));
            let mut value = HeaderValue::from_str(&text).map_err(unfit)?;
            value.set_sensitive(true);
            headers.push((AUTHORIZATION, value));
        }
        Ok(headers)
    }
}

/// `https://ntfy.example/sub/alerts` is the topic `alerts` of the server at `https://ntfy.example/sub/`.
fn split_topic(url: &Url) -> Result<(Url, String), String> {
    let (before, topic) = url.path().rsplit_once('/').unwrap_or_default();
    if topic.is_empty() {
        return Err("its url must end with the topic: https://ntfy.example/our-topic".to_owned());
    }
    let mut post = url.clone();
    post.set_path(&format!("{before}/"));
    Ok((post, topic.to_owned()))
}

//! Text messages by Twilio's API, or by a service that speaks as Twilio does:
//! <https://www.twilio.com/docs/messaging/api/message-resource>.
//!
//! Twilio has no key that makes a message unique: one that was sent again after an unknown outcome comes twice.

mod text;

use super::answer::{address, body, judge, not_what_it_says};
use super::outcome::{Cause, Fault, Receipt, Step};
use super::outside::Outside;
use super::page::Page;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response};
use serde_json::Value;
use twinline_trackers::http::Secret;
use url::Url;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

/// Where messages are sent when nothing else is said.
const TWILIO: &str = "https://api.twilio.com";

/// The settings of a channel of text messages.
pub struct SmsSettings {
    /// The account's `sid`.
    pub account: String,
    /// The `sid` of an API key, where `token` is that key's secret and not the account's.
    pub key: Option<String>,
    /// The account's token, or the key's secret.
    pub token: Secret,
    /// The sender: a number in E.164 form, or the `sid` of a messaging service (`MG…`).
    pub from: String,
    /// Another address than Twilio's.
    pub url: Option<Secret>,
    /// Whether that address may be `http://` though it is not on this machine.
    pub plain: bool,
}

pub(super) struct Sms {
    url: Url,
    user: String,
    token: Secret,
    from: String,
}

impl Sms {
    pub(super) fn new(settings: SmsSettings) -> Result<Self, String> {
        let account = &settings.account;
        if account.is_empty() || !account.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(
                "its account is no sid: letters and digits, as Twilio's console shows it"
                    .to_owned(),
            );
        }
        if settings.token.is_empty() {
            return Err("its token is empty".to_owned());
        }
        let base = settings.url.unwrap_or_else(|| Secret::new(TWILIO));
        let mut url = address(&base, settings.plain)?;
        let before = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!(
            "{before}/2010-04-01/Accounts/{account}/Messages.json"
        ));
        Ok(Self {
            url,
            user: settings.key.unwrap_or(settings.account),
            token: settings.token,
            from: settings.from,
        })
    }

    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub(super) fn secrets(&self) -> Vec<&str> {
        vec![self.token.expose()]
    }

    pub(super) async fn send(&self, page: &Page, outside: &Outside) -> Result<Receipt, Cause> {
        if !is_number(&page.to) {
            let said = format!("'{}' is no telephone number such as +3225550101", page.to);
            return Err(Cause::unsuitable(said));
        }
        let sender = match self.from.starts_with("MG") {
            true => "MessagingServiceSid",
            false => "From",
        };
        let form = Serializer::new(String::new())
            .append_pair("To", &page.to)
            .append_pair(sender, &self.from)
            .append_pair("Body", &text::of(page))
            .finish();
        let request = Request::post(self.url.as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, self.authorization()?)
            .body(Bytes::from(form))
            .map_err(|error| Cause::unsuitable(error.to_string()))?;
        let answer = outside.ask(request).await?;
        judge(&answer, &explanation(&answer), outside.clock.now())?;
        taken(&answer)
    }

    fn authorization(&self) -> Result<HeaderValue, Cause> {
        let pair = Zeroizing::new(format!("{}:{}", self.user, self.token.expose()));
        let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| Cause::unsuitable("the token cannot travel in a header"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// A number in E.164 form: `+` and up to 15 digits.
fn is_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

/// A message that was made and has failed already is no success.
fn taken(answer: &Response<Bytes>) -> Result<Receipt, Cause> {
    let said: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let Some(sid) = said["sid"].as_str() else {
        return Err(not_what_it_says(answer, "Twilio's"));
    };
    match said["status"].as_str() {
        Some("failed" | "undelivered" | "canceled") => {
            let said = format!("message {sid}: {}", explanation(answer));
            Err(Cause::new(Step::Request, Fault::Refused, said))
        }
        _ => Ok(Receipt {
            reference: sid.to_owned(),
        }),
    }
}

/// `21211: Invalid 'To' Phone Number`, of an answer in Twilio's shape; else the answer itself.
fn explanation(answer: &Response<Bytes>) -> String {
    let said: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let pairs = [("code", "message"), ("error_code", "error_message")];
    let found = pairs.iter().find_map(|(code, message)| {
        Some(format!(
            "{}: {}",
            said[*code].as_u64()?,
            said[*message].as_str().unwrap_or("")
        ))
    });
    found.unwrap_or_else(|| body(answer))
}

//! A GitHub App: it signs for itself with its key, and is given tokens for one installation, which end after an hour.
//!
//! Sources: "Generating a JSON Web Token (JWT) for a GitHub App" and "Authenticating as a GitHub App installation" in GitHub's
//! documentation. What an app writes bears the name of its bot, `SLUG[bot]`.

use super::describe::clock_fault;
use super::{GitHub, TRACKER, client, decode, wire};
use crate::error::TrackerError;
use crate::http::{Call, Grant, NotAHeader};
use crate::registry::{Node, RegistryError};
use crate::tracker::Probe;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderValue, Method, Request};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::json;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::time::Timestamp;
use url::Url;
use zeroize::Zeroizing;

/// What an app signs says that it began so long ago: clocks differ.
const BACK: Duration = Duration::from_secs(60);
/// And ends so long from now on: GitHub takes ten minutes at most.
const AHEAD: Duration = Duration::from_secs(540);

/// The permissions without which nothing is right: GitHub's names, and what its pages call them.
const NEEDED: &[(&str, &str)] = &[("issues", "Issues: Read and write")];

/// An app and the installation that it works for.
pub(super) struct App {
    id: String,
    installation: String,
    key: RsaKeyPair,
    /// The API's base without a trailing slash.
    base: String,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id, installation, ..
        } = self;
        write!(f, "App({id}, installation {installation})")
    }
}

impl App {
    /// The app whose credentials a node has; `None`: it has a token.
    pub(super) fn of(node: &Node) -> Result<Option<Arc<Self>>, RegistryError> {
        if !node.auth.contains_key("app_id") {
            return Ok(None);
        }
        let id = |key: &str| {
            let id = node.secret(key)?.expose().to_owned();
            // A client id in the place of an app's id has letters: GitHub takes both.
            let sound = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
            match sound {
                true => Ok(id),
                false => Err(node.fault(format!("auth.{key} is no id: its settings show it"))),
            }
        };
        let key = node.secret("private_key")?;
        let key = key_pair(key.expose()).ok_or_else(|| {
            node.fault(
                "auth.private_key is no RSA key in PEM: make one in the app's settings, Private keys, and name its file"
                    .to_owned(),
            )
        })?;
        Ok(Some(Arc::new(Self {
            id: id("app_id")?,
            installation: id("installation_id")?,
            key,
            base: node.url.as_str().trim_end_matches('/').to_owned(),
        })))
    }

    /// What says at this instant who the app is: a signed claim that ends soon.
    pub(super) fn claim(&self, now: Timestamp) -> Result<HeaderValue, NotAHeader> {
        let seconds = |at: Timestamp| at.as_millis().div_euclid(1000);
        let head = json!({ "alg": "RS256", "typ": "JWT" });
        let body = json!({
            "iat": seconds(now.minus(BACK)),
            "exp": seconds(now.plus(AHEAD)),
            "iss": self.id,
        });
        let part = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let claims = format!("{}.{}", part(&head), part(&body));
        let mut signature = vec![0; self.key.public().modulus_len()];
        // This way of signing draws nothing at random; the interface asks for a source all the same.
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                claims.as_bytes(),
                &mut signature,
            )
            .map_err(|_| NotAHeader)?;
        let signed = format!("Bearer {claims}.{}", URL_SAFE_NO_PAD.encode(signature));
        let mut value = HeaderValue::from_str(&signed).map_err(|_| NotAHeader)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl Grant for App {
    fn request(&self, now: Timestamp) -> Result<Request<Bytes>, NotAHeader> {
        let path = format!("/app/installations/{}/access_tokens", self.installation);
        let url = Url::parse(&format!("{}{path}", self.base)).map_err(|_| NotAHeader)?;
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url.as_str().parse().map_err(|_| NotAHeader)?;
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.claim(now)?);
        let kind = HeaderValue::from_static("application/vnd.github+json");
        headers.insert(ACCEPT, kind);
        Ok(request)
    }
}

/// The key of a file that GitHub gives (PKCS #1), or of one that was converted (PKCS #8).
fn key_pair(pem: &str) -> Option<RsaKeyPair> {
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let body: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
    let der = Zeroizing::new(STANDARD.decode(body.as_bytes()).ok()?);
    match label {
        "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der).ok(),
        "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&der).ok(),
        _ => None,
    }
}

impl GitHub {
    /// Our account: a token's own, or an app's bot.
    pub(super) async fn us(&self) -> Result<wire::Account, TrackerError> {
        let reply = match &self.app {
            None => self.client.send(Call::get("/user")).await?,
            Some(app) => self.client.send(self.by_claim(app, "/app")?).await?,
        };
        client::here(&reply)?;
        if self.app.is_none() {
            return reply.json();
        }
        let found: wire::App = reply.json()?;
        Ok(wire::Account {
            login: format!("{}[bot]", found.slug),
            name: Some(found.name),
            email: None,
        })
    }

    /// Checks an app's key, its installation, and that tokens are given for it.
    pub(super) async fn check_app(&self) -> Result<Probe, TrackerError> {
        let checked = self.ask_about_app().await;
        let (account, faults) = match checked {
            Ok((account, faults)) => (Some(decode::user(&account)), faults),
            Err(later @ (TrackerError::Retry { .. } | TrackerError::Busy { .. })) => {
                return Err(later);
            }
            Err(fault) => (None, vec![fault.to_string()]),
        };
        let skew_ms = self.client.skew_ms();
        Ok(Probe {
            account,
            skew_ms,
            version: None,
            faults: faults.into_iter().chain(clock_fault(skew_ms)).collect(),
        })
    }

    async fn ask_about_app(&self) -> Result<(wire::Account, Vec<String>), TrackerError> {
        let us = self.us().await?;
        let mut faults = self.check_installation().await?;
        if faults.is_empty() {
            let call = Call::get("/installation/repositories").query("per_page", "1");
            let found: wire::Reachable = self.client.send(call).await?.json()?;
            if found.total_count == 0 {
                faults.push(
                    "the app is installed for no repository: an owner adds them in Settings, GitHub Apps, Configure"
                        .to_owned(),
                );
            }
        }
        Ok((us, faults))
    }

    /// What keeps our app from working where it is installed.
    async fn check_installation(&self) -> Result<Vec<String>, TrackerError> {
        let Some(app) = &self.app else {
            return Ok(Vec::new());
        };
        let path = format!("/app/installations/{}", app.installation);
        let reply = self.client.send(self.by_claim(app, &path)?).await?;
        client::here(&reply)?;
        let found: wire::Installation = reply.json()?;
        let mut faults = Vec::new();
        if found.suspended_at.is_some() {
            faults.push(
                "the app's installation is suspended: an owner lifts that in Settings, GitHub Apps"
                    .to_owned(),
            );
        }
        for (key, label) in NEEDED {
            if found.permissions.get(*key).map(String::as_str) != Some("write") {
                faults.push(format!(
                    "the app's installation lacks the permission {label}: give it in the app's settings, Permissions, and let an \
                     owner accept it"
                ));
            }
        }
        Ok(faults)
    }

    /// A question that the app itself asks, not one of its installations.
    fn by_claim(&self, app: &App, path: &str) -> Result<Call, TrackerError> {
        let now = self.client.now().as_millis() + self.client.skew_ms();
        let claim = app.claim(Timestamp::from_millis(now));
        let claim = claim.map_err(|_| TrackerError::Credentials {
            sentence: format!("the key of the app cannot sign for {TRACKER}"),
        })?;
        Ok(Call::get(path).showing(claim))
    }
}

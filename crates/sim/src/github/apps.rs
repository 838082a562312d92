//! GitHub Apps: who signs with an app's key is given tokens for one of its installations, which end after an hour.
//!
//! Sources: `apps/create-installation-access-token`, `apps/get-authenticated`, `apps/get-installation` and
//! `apps/list-repos-accessible-to-installation` of GitHub's REST description; "Generating a JSON Web Token (JWT) for a GitHub
//! App" and "About authentication with a GitHub App" of its documentation for what is refused.

use super::failure::{Failure, Reply};
use super::render;
use super::{Github, Token};
use crate::call::{self, Call};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{Method, StatusCode};
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::time::Timestamp;

/// The private key of [`demo_app`], as GitHub gives it out once: PEM of the form PKCS #1.
pub const APP_KEY: &str = include_str!("app/key.pem");

/// A token of an installation lives for an hour.
const LIVES: Duration = Duration::from_secs(3600);
/// An app's claim may end so long from now on at most, the clocks' difference included.
const CLAIM_MAX_S: i64 = 600;

/// An app with one installation, in all repositories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppConfig {
    /// Its id.
    pub id: u64,
    /// Its name in addresses; its bot is called `SLUG[bot]`.
    pub slug: String,
    /// The installation's id.
    pub installation: u64,
    /// The private key, of which GitHub keeps the public half.
    pub key: String,
    /// What the installation may: GitHub's names, `read` or `write`.
    pub permissions: BTreeMap<String, String>,
    /// Whether the installation is suspended.
    pub suspended: bool,
}

/// An app that may write issues and manage webhooks.
pub fn demo_app() -> AppConfig {
    let may = [
        ("issues", "write"),
        ("metadata", "read"),
        ("repository_hooks", "write"),
    ];
    AppConfig {
        id: 4711,
        slug: "twinline-sync".to_owned(),
        installation: 815,
        key: APP_KEY.to_owned(),
        permissions: may
            .map(|(name, level)| (name.to_owned(), level.to_owned()))
            .into(),
        suspended: false,
    }
}

/// What the simulator knows of apps.
#[derive(Debug, Default)]
pub(super) struct Apps {
    apps: Vec<(AppConfig, Vec<u8>)>,
    /// By token: until when it is taken.
    given: BTreeMap<String, (Timestamp, Token)>,
    newest: u64,
}

impl Apps {
    /// # Panics
    /// When a key is none: a mistake of the caller.
    pub(super) fn new(configs: Vec<AppConfig>) -> Self {
        let public = |config: AppConfig| {
            let key = public_key(&config.key).expect("an app has an RSA key in PEM (PKCS #1)");
            (config, key)
        };
        Self {
            apps: configs.into_iter().map(public).collect(),
            ..Self::default()
        }
    }

    /// The token of an installation, while it lives.
    pub(super) fn token(&self, now: Timestamp, secret: &str) -> Option<Token> {
        let (end, token) = self.given.get(secret)?;
        (now < *end).then(|| token.clone())
    }

    /// Whether a token is one of an installation.
    pub(super) fn is_given(&self, secret: &str) -> bool {
        self.given.contains_key(secret)
    }

    /// The app that has signed a claim.
    fn signer(&self, now: Timestamp, call: &Call<'_>) -> Result<AppConfig, Box<Failure>> {
        let refused = |why: &str| Failure::new(StatusCode::UNAUTHORIZED, why);
        let undecoded = || refused("A JSON web token could not be decoded");
        let shown = call.header("authorization").and_then(|shown| {
            let (scheme, claim) = shown.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(claim)
        });
        let (signed, signature) = shown
            .and_then(|claim| claim.rsplit_once('.'))
            .ok_or_else(undecoded)?;
        let (head, body) = signed.split_once('.').ok_or_else(undecoded)?;
        let read = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
            serde_json::from_slice::<Value>(&bytes).ok()
        };
        let (head, body) = (
            read(head).ok_or_else(undecoded)?,
            read(body).ok_or_else(undecoded)?,
        );
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| undecoded())?;
        let issuer = body["iss"]
            .as_str()
            .map_or_else(|| body["iss"].to_string(), str::to_owned);
        let mut apps = self.apps.iter();
        let (app, key) = apps
            .find(|(app, _)| app.id.to_string() == issuer)
            .ok_or_else(|| refused("Integration not found"))?;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        let genuine = key.verify(signed.as_bytes(), &signature).is_ok();
        if head["alg"] != "RS256" || !genuine {
            return Err(undecoded());
        }
        let now = now.as_millis().div_euclid(1000);
        let second = |name: &str| body[name].as_i64().ok_or_else(undecoded);
        let (begun, end) = (second("iat")?, second("exp")?);
        if begun > now {
            return Err(refused(
                "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
            ));
        }
        if end <= now || end - now > CLAIM_MAX_S {
            return Err(refused(
                "'Expiration time' claim ('exp') is too far in the future or has passed",
            ));
        }
        Ok(app.clone())
    }
}

impl Github {
    /// What an app asks with its own claim.
    pub(super) fn route_app(&mut self, now: Timestamp, call: &Call<'_>) -> Reply {
        let app = self.apps.signer(now, call)?;
        let installed = |id: &str| match *id == app.installation.to_string() {
            true => Ok(()),
            false => Err(Failure::not_found()),
        };
        match (&call.method, call.path().as_slice()) {
            (&Method::GET, ["app"]) => Ok(call::json(StatusCode::OK, &self.app_itself(&app))),
            (&Method::GET, ["app", "installations", id]) => {
                installed(id)?;
                Ok(call::json(StatusCode::OK, &self.installation(&app)))
            }
            (&Method::POST, ["app", "installations", id, "access_tokens"]) => {
                installed(id)?;
                if app.suspended {
                    return Err(Failure::new(
                        StatusCode::FORBIDDEN,
                        "This installation has been suspended",
                    ));
                }
                Ok(self.give(now, &app))
            }
            _ => Err(Failure::not_found()),
        }
    }

    fn give(&mut self, now: Timestamp, app: &AppConfig) -> http::Response<bytes::Bytes> {
        let may = |name: &str| {
            app.permissions
                .get(name)
                .is_some_and(|level| level == "write")
        };
        self.apps.newest += 1;
        let secret = format!("ghs_{:036}", self.apps.newest);
        let token = Token {
            secret: secret.clone(),
            login: bot(&app.slug),
            may_write: may("issues"),
            may_manage_hooks: may("repository_hooks"),
        };
        let end = now.plus(LIVES);
        self.apps.given.insert(secret.clone(), (end, token));
        let given = json!({
            "token": secret,
            "expires_at": render::time(end),
            "permissions": app.permissions,
            "repository_selection": "all",
        });
        call::json(StatusCode::CREATED, &given)
    }

    /// The repositories that a token of an installation reaches.
    pub(super) fn reachable(&self) -> Value {
        let repositories = self.repos.iter().map(|repo| self.repository(repo));
        let repositories: Vec<Value> = repositories.collect();
        json!({ "total_count": repositories.len(), "repository_selection": "all", "repositories": repositories })
    }

    fn owner(&self) -> Value {
        let login = self.repos.first().map_or("", |repo| repo.owner.as_str());
        self.user(login)
    }

    fn app_itself(&self, app: &AppConfig) -> Value {
        let made = render::time(self.created);
        json!({
            "id": app.id,
            "slug": app.slug,
            "node_id": render::node_id("A", app.id),
            "client_id": format!("Iv23li{:014}", app.id),
            "owner": self.owner(),
            "name": "Twinline",
            "description": "",
            "external_url": "https://acme.example",
            "html_url": format!("{}/apps/{}", self.base, app.slug),
            "created_at": made,
            "updated_at": made,
            "permissions": app.permissions,
            "events": [],
        })
    }

    fn installation(&self, app: &AppConfig) -> Value {
        let made = render::time(self.created);
        let url = format!("{}/app/installations/{}", self.base, app.installation);
        json!({
            "id": app.installation,
            "account": self.owner(),
            "access_tokens_url": format!("{url}/access_tokens"),
            "repositories_url": format!("{}/installation/repositories", self.base),
            "html_url": format!("{}/settings/installations/{}", self.base, app.installation),
            "app_id": app.id,
            "client_id": format!("Iv23li{:014}", app.id),
            "app_slug": app.slug,
            "target_id": 1,
            "target_type": "Organization",
            "permissions": app.permissions,
            "events": [],
            "created_at": made,
            "updated_at": made,
            "single_file_name": null,
            "has_multiple_single_files": false,
            "single_file_paths": [],
            "repository_selection": "all",
            "suspended_by": null,
            "suspended_at": app.suspended.then_some(made),
        })
    }
}

/// An app's own account.
pub(super) fn bot(slug: &str) -> String {
    format!("{slug}[bot]")
}

/// The public half of a key, as PKCS #1 has it.
fn public_key(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN RSA PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END")?;
    let body: String = body.split_whitespace().collect();
    let key = RsaKeyPair::from_der(&STANDARD.decode(body).ok()?).ok()?;
    Some(key.public_key().as_ref().to_vec())
}

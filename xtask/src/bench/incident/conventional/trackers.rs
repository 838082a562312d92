//! The few calls that the conventional service makes.

use anyhow::{Context, Result, bail};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use std::time::Duration;
use twinline_sim::jira_cloud::API_TOKEN;

/// How long a tracker may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long an answer may be, in bytes.
const ANSWER_MAX_BYTES: usize = 1 << 20;

/// Both trackers, left and right.
pub(super) struct Trackers {
    client: Client,
    urls: [String; 2],
    /// The service's own account in each.
    own: [String; 2],
}

impl Trackers {
    pub(super) async fn new(urls: &[String; 2]) -> Result<Self> {
        // A second call finds the provider installed.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder().timeout(TIMEOUT).no_proxy().build();
        let mut made = Self {
            client: client.context("making a client")?,
            urls: urls.clone(),
            own: [String::new(), String::new()],
        };
        for (side, path) in ["/user", "/rest/api/3/myself"].into_iter().enumerate() {
            let account = answer(made.request(Method::GET, side, path)).await?;
            made.own[side] = who(side, &account)?.to_owned();
        }
        Ok(made)
    }

    fn request(&self, method: Method, side: usize, path: &str) -> RequestBuilder {
        let request = self
            .client
            .request(method, format!("{}{path}", self.urls[side]));
        if side == 0 {
            let agent = request.header("user-agent", "conventional");
            return agent.bearer_auth("github-token");
        }
        request.basic_auth("twinline@acme.example", Some(API_TOKEN))
    }

    /// The item that a delivery tells of, unless the service itself has changed it.
    pub(super) fn changed(&self, side: usize, body: &str) -> Result<Option<String>> {
        let body: Value = serde_json::from_str(body).context("reading a delivery")?;
        let (actor, key) = if side == 0 {
            let number = body["issue"]["number"].as_u64();
            let repository = body["repository"]["full_name"].as_str();
            let key = repository.zip(number);
            (
                &body["sender"],
                key.map(|(repo, number)| format!("{repo}#{number}")),
            )
        } else {
            (
                &body["user"],
                body["issue"]["key"].as_str().map(str::to_owned),
            )
        };
        Ok(key.filter(|_| who(side, actor).ok() != Some(&self.own[side])))
    }

    pub(super) async fn title(&self, side: usize, key: &str) -> Result<String> {
        let item = answer(self.request(Method::GET, side, &path(side, key))).await?;
        let title = if side == 0 {
            &item["title"]
        } else {
            &item["fields"]["summary"]
        };
        title
            .as_str()
            .map(str::to_owned)
            .with_context(|| format!("{key} has no title"))
    }

    pub(super) async fn set_title(&self, side: usize, key: &str, title: &str) -> Result<()> {
        let (method, body) = if side == 0 {
            (Method::PATCH, json!({ "title": title }))
        } else {
            (Method::PUT, json!({ "fields": { "summary": title } }))
        };
        let request = self
            .request(method, side, &path(side, key))
            .header("content-type", "application/json")
            .body(body.to_string());
        answer(request).await.map(drop)
    }
}

fn path(side: usize, key: &str) -> String {
    if side == 0 {
        return format!("/repos/{}", key.replace('#', "/issues/"));
    }
    format!("/rest/api/3/issue/{key}")
}

/// The name by which a tracker knows an account.
fn who(side: usize, account: &Value) -> Result<&str> {
    let name = &account[["login", "accountId"][side]];
    name.as_str().context("an account without a name")
}

/// Sends a request; an answer of 2xx as JSON, null where it is empty.
async fn answer(request: RequestBuilder) -> Result<Value> {
    let mut response = request.send().await.context("asking a tracker")?;
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.context("reading an answer")? {
        if body.len() + part.len() > ANSWER_MAX_BYTES {
            bail!("an answer is longer than {ANSWER_MAX_BYTES} bytes");
        }
        body.extend_from_slice(&part);
    }
    if !response.status().is_success() {
        let said = String::from_utf8_lossy(&body);
        bail!("a tracker answers {}: {said}", response.status());
    }
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&body).context("reading an answer")
}

//! Requests that people make, to servers of this test.

use serde_json::Value as Json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A server that is busy is asked again for so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// One person's way to a server.
pub(crate) struct Http {
    client: reqwest::Client,
    base: String,
    /// The header that says who asks.
    credential: (&'static str, &'static str),
}

impl Http {
    pub(crate) fn new(base: &str, credential: (&'static str, &'static str)) -> Self {
        // A second call finds the provider installed.
        drop(rustls::crypto::ring::default_provider().install_default());
        // A server may close a connection that rests in the same moment in which the next request is sent on it.
        let client = reqwest::Client::builder().pool_max_idle_per_host(0);
        Self {
            client: client.build().unwrap(),
            base: base.to_owned(),
            credential,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Json {
        self.send(reqwest::Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Json) -> Json {
        self.send(reqwest::Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Json) -> Json {
        self.send(reqwest::Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) {
        self.send(reqwest::Method::DELETE, path, None).await;
    }

    /// Sends until it is answered. Redmine answers 409 to one of two simultaneous edits and 500 where its database was
    /// busy for too long; both are rolled back, so a person presses the button again.
    async fn send(&self, method: reqwest::Method, path: &str, body: Option<&Json>) -> Json {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut request = self
                .client
                .request(method.clone(), format!("{}{path}", self.base));
            request = request.header(self.credential.0, self.credential.1);
            if let Some(body) = body {
                request = request
                    .header("Content-Type", "application/json")
                    .body(body.to_string());
            }
            let answer = match request.send().await {
                // A server that closes a connection under load has answered nobody; what may be repeated is.
                Err(_) if method != reqwest::Method::POST && Instant::now() < deadline => {
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
                answer => answer.unwrap(),
            };
            let status = answer.status();
            let text = text(answer).await;
            if status.is_success() {
                return serde_json::from_str(&text).unwrap_or_default();
            }
            let busy = matches!(status.as_u16(), 409 | 500);
            assert!(
                busy && Instant::now() < deadline,
                "{method} {path} {body:?}: {status} {text}"
            );
            sleep(Duration::from_millis(50)).await;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the servers are this test's own")]
async fn text(answer: reqwest::Response) -> String {
    answer.text().await.unwrap()
}

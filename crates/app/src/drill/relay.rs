//! What stands between the trackers and a service, in drills and in `bench incident`: sends each webhook as GitHub does, and records what became of it.
//!
//! A delivery that is not answered within the deadline is given up, and so is one that is answered with anything but 2xx:
//! GitHub does not send it again
//! (<https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries>). Jira would try some of them
//! again after 5 to 15 minutes, which is after the end of the run.

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::routing::post;
use http::{HeaderMap, StatusCode, header};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// So many deliveries may be under way; beyond it the run has failed, since nothing would be like a tracker any more.
const UNDER_WAY_MAX: usize = 8192;

/// What a sender of webhooks got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Answered with 2xx.
    Accepted,
    /// Answered with anything else, or the connection failed.
    Refused,
    /// Not answered within the deadline.
    GivenUp,
}

/// One webhook.
#[derive(Clone, Copy, Debug)]
pub struct Delivery {
    /// When it was sent.
    pub at: Instant,
    /// Until its answer.
    pub took: Duration,
    /// Which one.
    pub answer: Answer,
    /// Who was to take it.
    pub to: SocketAddr,
    /// It was refused with 503, and with the time after which it may be sent again.
    pub is_put_off: bool,
}

/// Who takes the webhooks of a node.
type Route = dyn Fn(&str) -> SocketAddr + Send + Sync;

/// The relay at work.
pub struct Relay {
    /// Where the trackers send their webhooks: `/hooks/NODE`.
    pub at: SocketAddr,
    state: Arc<Shared>,
    deadline: Duration,
    serving: JoinHandle<()>,
}

struct Shared {
    to: Box<Route>,
    client: reqwest::Client,
    deadline: Duration,
    under_way: AtomicUsize,
    refused: AtomicUsize,
    deliveries: Mutex<Vec<Delivery>>,
}

impl Relay {
    /// Sends what it gets where `to` says, by node.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(
        to: impl Fn(&str) -> SocketAddr + Send + Sync + 'static,
        deadline: Duration,
    ) -> Result<Self> {
        // A second call finds the provider installed.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().no_proxy().build();
        let state = Arc::new(Shared {
            to: Box::new(to),
            client: client.context("making a client")?,
            deadline,
            under_way: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            deliveries: Mutex::default(),
        });
        let router = Router::new()
            .route("/hooks/{node}", post(take))
            .with_state(Arc::clone(&state));
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(any).await.context("listening")?;
        let at = listener.local_addr().context("an address")?;
        // It serves until it is aborted: axum's serve ends by itself for no error.
        let serving = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self {
            at,
            state,
            deadline,
            serving,
        })
    }

    /// Waits until no delivery is under way, and gives all.
    ///
    /// # Errors
    /// There were too many at once, or one does not end: the run was not what it should be.
    pub async fn end(self) -> Result<Vec<Delivery>> {
        let last = Instant::now() + self.deadline + Duration::from_secs(5);
        while self.state.under_way.load(Ordering::SeqCst) > 0 {
            if Instant::now() > last {
                bail!("deliveries are under way beyond their deadline");
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.serving.abort();
        if self.state.refused.load(Ordering::SeqCst) > 0 {
            bail!("more than {UNDER_WAY_MAX} deliveries were under way at once");
        }
        let mut deliveries = self.state.deliveries.lock().expect("no code panics here");
        Ok(std::mem::take(&mut *deliveries))
    }
}

async fn take(
    State(state): State<Arc<Shared>>,
    OriginalUri(to): OriginalUri,
    mut headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    if state.under_way.fetch_add(1, Ordering::SeqCst) >= UNDER_WAY_MAX {
        state.under_way.fetch_sub(1, Ordering::SeqCst);
        state.refused.fetch_add(1, Ordering::SeqCst);
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    headers.remove(header::HOST);
    headers.remove(header::CONTENT_LENGTH);
    tokio::spawn(async move {
        let node = to.path().rsplit('/').next().unwrap_or_default();
        let edge = (state.to)(node);
        let url = format!("http://{edge}{}", to.path());
        let at = Instant::now();
        let sent = state.client.post(url).headers(headers).body(body).send();
        let sent = timeout(state.deadline, sent).await;
        let (answer, is_put_off) = match &sent {
            Ok(Ok(answer)) if answer.status().is_success() => (Answer::Accepted, false),
            Ok(Ok(answer)) => (Answer::Refused, puts_off(answer)),
            Ok(Err(_)) => (Answer::Refused, false),
            Err(_) => (Answer::GivenUp, false),
        };
        let delivery = Delivery {
            at,
            took: at.elapsed(),
            answer,
            to: edge,
            is_put_off,
        };
        let mut deliveries = state.deliveries.lock().expect("no code panics here");
        deliveries.push(delivery);
        drop(deliveries);
        state.under_way.fetch_sub(1, Ordering::SeqCst);
    });
    // The tracker's own queue would make later deliveries wait for earlier ones.
    StatusCode::OK
}

/// Whether an answer says: not now, and when to come again.
fn puts_off(answer: &reqwest::Response) -> bool {
    let when = answer.headers().get(header::RETRY_AFTER);
    let when = when.and_then(|it| it.to_str().ok()?.parse::<u32>().ok());
    answer.status() == StatusCode::SERVICE_UNAVAILABLE && when.is_some()
}

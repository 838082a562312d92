//! A simulator served on a port, in real time: its API at `/`, its control API and web page under `/_sim/`.
//!
//! | control API | does |
//! |---|---|
//! | `GET /_sim/dump` | the whole state: [`crate::Dump`] |
//! | `POST /_sim/command` | one [`crate::Command`]; answers [`crate::Done`], 404 or 422 with `{"error": …}` |
//! | `GET /_sim/faults`, `PUT /_sim/faults` | reads, replaces [`crate::Faults`]; keys that are absent are zero |
//! | `GET /_sim/counts` | [`crate::FaultCounts`] |
//! | `POST /_sim/seed?n=20&container=acme/app` | adds items that look real |
//! | `GET /_sim/` | the web page |
//!
//! The control API has no authentication: the server listens on loopback only.

mod control;
mod page;
mod sender;

use crate::faulty::{Faulty, Outcome};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;

/// The largest request that is read.
const MAX_REQUEST_BYTES: usize = 32 * 1024 * 1024;
/// How long open connections may take to end at shutdown.
const DRAIN: Duration = Duration::from_secs(2);

/// A running server. Dropping it does not stop it: call [`SimServer::shutdown`].
pub struct SimServer {
    /// Where it listens.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The control API has no authentication.
    #[error("a simulator listens on loopback only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// The request's connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed without an answer, as a fault")]
struct Closed;

struct Shared {
    tracker: Mutex<Faulty>,
    clock: Arc<dyn Clock>,
    /// Something may have to be sent, or is due at another time than before.
    changed: Notify,
}

impl Shared {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn lock(&self) -> MutexGuard<'_, Faulty> {
        self.tracker
            .lock()
            .expect("a simulator that panicked has no state worth serving")
    }
}

impl SimServer {
    /// Serves a simulator on a loopback address; port 0 chooses a free one.
    pub async fn start(
        mut tracker: Faulty,
        clock: Arc<dyn Clock>,
        addr: SocketAddr,
    ) -> Result<Self, StartError> {
        if !addr.ip().is_loopback() {
            return Err(StartError::NotLoopback(addr));
        }
        let failed = |source| StartError::Listen { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        tracker.simulator().set_base_url(&format!("http://{addr}"));
        let shared = Arc::new(Shared {
            tracker: Mutex::new(tracker),
            clock,
            changed: Notify::new(),
        });
        let (stop, stopped) = watch::channel(false);
        let tasks = vec![
            tokio::spawn(accept(listener, Arc::clone(&shared), stopped.clone())),
            tokio::spawn(sender::run(Arc::clone(&shared), stopped)),
        ];
        Ok(Self {
            addr,
            shared,
            stop,
            tasks,
        })
    }

    /// The base address: `http://127.0.0.1:4010`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Works on the simulator directly: commands, dumps, faults. Keep it short: requests wait meanwhile.
    pub fn with<T>(&self, work: impl FnOnce(&mut Faulty, Timestamp) -> T) -> T {
        let result = work(&mut self.shared.lock(), self.shared.now());
        self.shared.changed.notify_one();
        result
    }

    /// Stops listening, lets open requests end within 2 s, and stops sending webhooks.
    pub async fn shutdown(self) {
        // No receiver left means that both tasks have ended already.
        let _unheard = self.stop.send(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the simulator's server failed");
            }
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = told_to_stop(&mut stopped) => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "no TCP_NODELAY on a simulator's connection");
                    }
                    connections.spawn(connection(stream, Arc::clone(&shared), stopped.clone()));
                }
                Err(error) => tracing::warn!(%error, "a simulator could not accept a connection"),
            }
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        connections.shutdown().await;
    }
}

async fn connection(
    stream: tokio::net::TcpStream,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) {
    let service = service_fn(|request| serve(Arc::clone(&shared), request));
    let serving =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    tokio::select! {
        biased;
        () = told_to_stop(&mut stopped) => {
            serving.as_mut().graceful_shutdown();
            if let Err(error) = serving.await {
                tracing::debug!(%error, "a simulator's connection ended");
            }
        }
        ended = serving.as_mut() => if let Err(error) = ended {
            tracing::debug!(%error, "a simulator's connection ended");
        },
    }
}

async fn serve(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Closed> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_REQUEST_BYTES).collect().await else {
        let response = crate::call::empty(StatusCode::PAYLOAD_TOO_LARGE);
        return Ok(response.map(Full::new));
    };
    let request = Request::from_parts(parts, body.to_bytes());
    if request.uri().path() == "/_sim" || request.uri().path().starts_with("/_sim/") {
        let response = control::answer(&mut shared.lock(), shared.now(), &request);
        shared.changed.notify_one();
        return Ok(response.map(Full::new));
    }
    let outcome = shared.lock().decide(shared.now(), &request);
    shared.changed.notify_one();
    match outcome {
        Outcome::Answer { response, after } => {
            pause(after).await;
            Ok(response.map(Full::new))
        }
        Outcome::Silence { after } => {
            pause(after).await;
            Err(Closed)
        }
    }
}

/// Ends when the server is told to stop, or when nobody is left to tell it.
async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    let told = stopped.wait_for(|stop| *stop).await;
    drop(told);
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

#[cfg(test)]
mod tests;

//! The deliberately conventional service: what people write who have a day for it, and what serves them well until the
//! database does not commit. A process of its own; it never ships.
//!
//! Nothing is made bad on purpose. Why each choice is usual:
//! - A delivery is a row in PostgreSQL before it is answered: the textbook's way of losing nothing (*insert, answer, work
//!   later*), and indeed nothing that was answered with 200 is lost.
//! - The pool is deadpool-postgres with its defaults: two connections a processor, no time limits. Most other pools give a
//!   request up after 30 s (HikariCP, SQLAlchemy, sqlx): longer than any sender of webhooks waits.
//! - The handler has no deadline of its own; neither axum nor hyper sets one.
//! - The health page makes the query that health pages make, `SELECT 1`, through the pool that everything goes through.
//! - A worker of the same process reads new rows, fetches the item, and copies its title to the twin. The item is fetched
//!   because webhooks come in any order. What the service's own account changed is not followed, and equal titles are not
//!   written: so echoes end.
//! - HAProxy is in front with the timeouts of Debian's package, and asks the health page every two seconds (`check`).
//! - There is no sweep: webhooks are what such a service lives on. Their signatures are not verified, which only makes it
//!   faster.

mod trackers;
mod worker;

use crate::bench::process::until_told;
use crate::bench::runtime;
use crate::bench::trackers::NODES;
use crate::say;
use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use deadpool_postgres::{Config, Pool, Runtime};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_postgres::NoTls;
use trackers::Trackers;

/// The conventional service: a hidden subcommand.
#[derive(clap::Args)]
pub struct ConventionalOptions {
    /// A file with its [`Setup`].
    setup: PathBuf,
}

/// What it works with.
#[derive(Serialize, Deserialize)]
pub(super) struct Setup {
    /// `postgres://…`
    pub(super) database: String,
    /// Where both trackers are, left and right.
    pub(super) trackers: [String; 2],
    /// The keys of items that belong together, left and right.
    pub(super) pairs: Vec<[String; 2]>,
}

struct Service {
    pool: Pool,
    trackers: Trackers,
    /// Rung with every new row.
    arrived: Notify,
}

const TABLES: &str = "
    CREATE TABLE pairs (left_item text PRIMARY KEY, right_item text NOT NULL UNIQUE);
    CREATE TABLE deliveries (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        node text NOT NULL,
        body text NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        done_at timestamptz
    );
    CREATE INDEX deliveries_open ON deliveries (id) WHERE done_at IS NULL;";

/// Serves until the parent closes standard input; the first line is the address.
pub fn serve(options: &ConventionalOptions) -> Result<bool> {
    let text = std::fs::read(&options.setup).context("reading the setup")?;
    let setup: Setup = serde_json::from_slice(&text).context("reading the setup")?;
    runtime()?.block_on(async {
        let service = Arc::new(Service::new(&setup).await?);
        let router = Router::new()
            .route("/hooks/{node}", post(hook))
            .route("/healthz", get(healthz))
            .with_state(Arc::clone(&service));
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(any).await.context("listening")?;
        say(&listener.local_addr().context("an address")?.to_string());
        tokio::select! {
            told = until_told() => told?,
            served = axum::serve(listener, router) => served.context("serving")?,
            () = worker::run(&service) => {}
        }
        Ok(true)
    })
}

impl Service {
    async fn new(setup: &Setup) -> Result<Self> {
        let config = Config {
            url: Some(setup.database.clone()),
            ..Config::default()
        };
        let pool = config
            .create_pool(Some(Runtime::Tokio1), NoTls)
            .context("making the pool")?;
        let client = pool.get().await.context("reaching the database")?;
        client.batch_execute(TABLES).await.context("its tables")?;
        let [left, right] = [0, 1].map(|side| {
            let keys = setup.pairs.iter().map(|pair| pair[side].as_str());
            keys.collect::<Vec<_>>()
        });
        let insert = "INSERT INTO pairs SELECT * FROM unnest($1::text[], $2::text[])";
        let inserted = client.execute(insert, &[&left, &right]).await;
        inserted.context("its pairs")?;
        Ok(Self {
            pool,
            trackers: Trackers::new(&setup.trackers).await?,
            arrived: Notify::new(),
        })
    }

    async fn store(&self, node: &str, body: &str) -> Result<()> {
        let client = self.pool.get().await?;
        let insert = "INSERT INTO deliveries (node, body) VALUES ($1, $2)";
        let insert = client.prepare_cached(insert).await?;
        client.execute(&insert, &[&node, &body]).await?;
        self.arrived.notify_one();
        Ok(())
    }

    async fn asks_the_database(&self) -> Result<()> {
        let client = self.pool.get().await?;
        client.query_one("SELECT 1", &[]).await?;
        Ok(())
    }
}

async fn hook(
    State(service): State<Arc<Service>>,
    Path(node): Path<String>,
    body: Bytes,
) -> StatusCode {
    let Ok(body) = std::str::from_utf8(&body) else {
        return StatusCode::BAD_REQUEST;
    };
    if !NODES.contains(&node.as_str()) {
        return StatusCode::NOT_FOUND;
    }
    answered("a delivery", service.store(&node, body).await)
}

async fn healthz(State(service): State<Arc<Service>>) -> StatusCode {
    answered("the health page", service.asks_the_database().await)
}

fn answered(what: &str, done: Result<()>) -> StatusCode {
    match done {
        Ok(()) => StatusCode::OK,
        Err(error) => {
            warn(what, &error);
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "its standard output is for whoever started it"
)]
fn warn(what: &str, error: &anyhow::Error) {
    eprintln!("the conventional service: {what}: {error:#}");
}

/// HAProxy before it: the timeouts that Debian's package comes with, and a health check.
pub(super) fn haproxy(at: SocketAddr, service: SocketAddr) -> String {
    format!(
        "global\n  maxconn 4096\n\
         defaults\n  mode http\n  timeout connect 5s\n  timeout client 50s\n  timeout server 50s\n  option forwardfor\n\
         frontend front\n  bind {at}\n  default_backend service\n\
         backend service\n  option httpchk GET /healthz\n  server one {service} check\n"
    )
}

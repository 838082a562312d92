//! Finding a server: every host is tried, a mute one holds up none of the others.

use super::error::{CentralError, Step};
use super::resolve::{self, Names, Resolver};
use super::session::{Session, Warnings, drive, fault, words};
use super::settings::{CentralAddress, Deadlines};
use super::state::{Server, State};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use rustix::net::sockopt;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// A host that has not answered for so long is no longer waited for alone.
const STAGGER: Duration = Duration::from_millis(250);
/// Where every host is asked: how long the others may take once one serves.
const ANSWERS: Duration = Duration::from_millis(500);
/// An idle connection is asked after so long whether its peer is there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(5);
const KEEPALIVE_PERIOD: Duration = Duration::from_secs(2);
const KEEPALIVE_MAX: u32 = 3;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// The server must take writes.
    Write,
    /// Any server that answers, the known writer first.
    Read,
}

/// Opens connections.
pub(super) struct Connector {
    pub(super) address: CentralAddress,
    pub(super) state: Arc<State>,
    pub(super) resolver: Resolver,
}

impl Connector {
    /// Connects within the deadline of the whole: names, sockets, TLS, handshake, and what the server says of itself.
    ///
    /// For writing while commits fail every host is asked, and the one on the newest timeline is taken: a primary that
    /// lost its office may still say that it takes writes.
    pub(super) async fn connect(&self, access: Access) -> Result<Session, CentralError> {
        self.state.may_connect()?;
        let max = self.state.settings.deadlines.connect;
        let ask_all = access == Access::Write && self.state.health().borrow().commits.is_failing();
        let found = timeout(max, self.find(access, ask_all)).await;
        let outcome = found
            .unwrap_or_else(|_| Err(CentralError::deadline(Step::Connect, max)))
            .and_then(|found| self.admit(found, access));
        self.state.connected(outcome.as_ref().map(drop));
        outcome
    }

    fn admit(&self, found: Found, access: Access) -> Result<Session, CentralError> {
        let generation = match access {
            Access::Write => self.state.admit(&found.server)?,
            Access::Read => self.state.generation(),
        };
        let driver = found.driver.keep();
        Ok(Session::new(
            found.client,
            found.warnings,
            driver,
            generation,
            found.server,
        ))
    }

    /// Hosts in turn: the next one when one has failed or lets wait.
    async fn find(&self, access: Access, ask_all: bool) -> Result<Found, CentralError> {
        let mut waiting: VecDeque<_> = self.hosts().into();
        let mut tried = FuturesUnordered::new();
        let mut failures = Failures::default();
        let mut best: Option<Found> = None;
        loop {
            if let Some((host, port)) = waiting.pop_front() {
                tried.push(self.host(host, port, access));
            }
            let patience = if best.is_some() { ANSWERS } else { STAGGER };
            let ended = if waiting.is_empty() && best.is_none() {
                tried.next().await
            } else {
                match timeout(patience, tried.next()).await {
                    Ok(ended) => ended,
                    Err(_) if waiting.is_empty() => None,
                    Err(_) => continue,
                }
            };
            match ended {
                Some(Ok(found)) if !ask_all => return Ok(found),
                Some(Ok(found)) => {
                    let newer = best
                        .as_ref()
                        .is_none_or(|best| best.server.timeline < found.server.timeline);
                    if newer {
                        best = Some(found);
                    }
                }
                Some(Err(error)) => failures.note(error),
                None if waiting.is_empty() => break,
                None => {}
            }
        }
        best.ok_or_else(|| failures.sum())
    }

    /// The hosts, the one that was last connected to first.
    fn hosts(&self) -> Vec<(String, u16)> {
        let mut hosts = self.address.hosts.clone();
        if let Some(writer) = self.state.health().borrow().writer.clone() {
            hosts.sort_by_key(|(host, port)| !writer.starts_with(&format!("{host}:{port},")));
        }
        hosts
    }

    async fn host(&self, host: String, port: u16, access: Access) -> Result<Found, CentralError> {
        let at = format!("{host}:{port}");
        let unreachable = |why: String| CentralError::Unreachable(format!("{at}: {why}"));
        let addresses = self
            .resolver
            .resolve(&host, port)
            .await
            .map_err(unreachable)?;
        let mut last = CentralError::Unreachable(format!("{at}: the name has no address"));
        for address in addresses {
            match self.server(&host, &at, address, access).await {
                Ok(found) => return Ok(found),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn server(
        &self,
        host: &str,
        at: &str,
        address: SocketAddr,
        access: Access,
    ) -> Result<Found, CentralError> {
        let unreachable = |why: String| CentralError::Unreachable(format!("{at}: {why}"));
        let socket = TcpStream::connect(address)
            .await
            .map_err(|e| unreachable(e.to_string()))?;
        let deadlines = &self.state.settings.deadlines;
        tune(&socket, deadlines).map_err(|e| unreachable(e.to_string()))?;
        let warnings = Warnings::new(Mutex::new(None));
        let (client, driver) = self
            .handshake(host, socket, &warnings)
            .await
            .map_err(unreachable)?;
        let (server, takes_writes) = introduce(&client, at, deadlines)
            .await
            .map_err(|e| unreachable(e.to_string()))?;
        if access == Access::Write && !takes_writes {
            return Err(CentralError::NoWriter(format!("{at} is read-only")));
        }
        Ok(Found {
            client,
            warnings,
            driver,
            server,
        })
    }

    async fn handshake(
        &self,
        host: &str,
        socket: TcpStream,
        warnings: &Warnings,
    ) -> Result<(Client, Driver), String> {
        let mut account = self.address.account.clone();
        account.application_name(format!("twinline {}", self.state.settings.machine));
        let warnings = Arc::clone(warnings);
        if let Some(tls) = &self.address.tls {
            let mut tls = (**tls).clone();
            let tls = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut tls, host)
                .map_err(|e| words(&e))?;
            let connected = account.connect_raw(socket, tls).await;
            let (client, connection) = connected.map_err(|e| words(&e))?;
            return Ok((client, Driver::of(drive(connection, warnings))));
        }
        let connected = account.connect_raw(socket, NoTls).await;
        let (client, connection) = connected.map_err(|e| words(&e))?;
        Ok((client, Driver::of(drive(connection, warnings))))
    }
}

/// A server that answers, not admitted yet.
struct Found {
    client: Client,
    warnings: Warnings,
    driver: Driver,
    server: Server,
}

/// Why no host served.
#[derive(Default)]
struct Failures {
    said: Vec<String>,
    no_writer: bool,
}

impl Failures {
    fn note(&mut self, error: CentralError) {
        self.no_writer |= matches!(error, CentralError::NoWriter(_));
        self.said.push(match error {
            CentralError::NoWriter(why) | CentralError::Unreachable(why) => why,
            other => other.to_string(),
        });
    }

    fn sum(self) -> CentralError {
        let why = self.said.join("; ");
        if self.no_writer {
            CentralError::NoWriter(why)
        } else {
            CentralError::Unreachable(why)
        }
    }
}

/// Ends a connection's driver unless it is kept.
struct Driver(Option<AbortHandle>);

impl Driver {
    fn of(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some(tokio::spawn(work).abort_handle()))
    }

    fn keep(mut self) -> AbortHandle {
        self.0.take().expect("it is taken once")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(driver) = self.0.take() {
            driver.abort();
        }
    }
}

/// A peer that has vanished is noticed by the kernel too: with data under way by the user timeout (keepalives do not run
/// then), without by keepalives.
fn tune(socket: &TcpStream, deadlines: &Deadlines) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    sockopt::set_socket_keepalive(socket, true)?;
    #[cfg(target_os = "linux")]
    {
        let ms = u32::try_from(deadlines.statement.max(deadlines.commit).as_millis());
        sockopt::set_tcp_user_timeout(socket, ms.unwrap_or(u32::MAX))?;
        sockopt::set_tcp_keepidle(socket, KEEPALIVE_IDLE)?;
        sockopt::set_tcp_keepintvl(socket, KEEPALIVE_PERIOD)?;
        sockopt::set_tcp_keepcnt(socket, KEEPALIVE_MAX)?;
    }
    Ok(())
}

/// Tells the session its limits and asks the server who it is, in one round trip.
///
/// The server's own limits are a little below ours, so that one which works ends its statement itself and the connection
/// lives. A commit that does not wait for the disk or the standbys proves nothing, so that default is overruled.
///
/// A process that stands still in the middle of a transaction holds its group's row, and nobody can take the group over:
/// the server ends it when it has said nothing for as long as its longest step may take, twice.
async fn introduce(
    client: &Client,
    at: &str,
    deadlines: &Deadlines,
) -> Result<(Server, bool), CentralError> {
    let server_ms = deadlines.statement.as_millis() * 9 / 10;
    let idle_ms = deadlines.statement.max(deadlines.commit).as_millis() * 2;
    let sql = format!(
        "SET statement_timeout = {server_ms}; SET lock_timeout = {server_ms}; \
         SET idle_in_transaction_session_timeout = {idle_ms}; \
         SELECT set_config('synchronous_commit', 'on', false) \
         WHERE current_setting('synchronous_commit') IN ('off', 'local'); \
         SELECT system_identifier::text, pg_postmaster_start_time()::text, \
         CASE WHEN pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean THEN NULL \
         ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END, \
         floor(extract(epoch FROM pg_postmaster_start_time()) * 1000)::bigint::text, \
         current_setting('server_version_num') FROM pg_control_system()"
    );
    let answers = client.simple_query(&sql).await.map_err(|e| fault(&e))?;
    let row = answers.iter().rev().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let row = row.ok_or_else(|| CentralError::Lost("it does not say who it is".to_owned()))?;
    let text = |column: usize| row.get(column).unwrap_or_default().to_owned();
    let timeline = row
        .get(2)
        .and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let server = Server {
        at: at.to_owned(),
        system: text(0),
        started: text(1),
        timeline,
        started_ms: text(3).parse().unwrap_or_default(),
        version: text(4).parse().unwrap_or_default(),
    };
    Ok((server, timeline.is_some()))
}

impl Connector {
    pub(super) fn new(address: CentralAddress, state: Arc<State>, names: Arc<dyn Names>) -> Self {
        Self {
            address,
            state,
            resolver: Resolver::new(names, resolve::LOOKUPS_MAX),
        }
    }
}

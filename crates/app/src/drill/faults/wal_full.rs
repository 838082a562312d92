use super::{Fault, until};
use crate::drill::catalogue::{Notice, Rooted, Spec};
use crate::drill::stage::{MACHINES, Stage, blocking};
use anyhow::{Context, Result};
use async_trait::async_trait;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep_until, timeout_at};

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "wal-full",
    mode: Some(8),
    about: "the volume of the database's write-ahead log is full: the server ends, and ends again when it is started",
    notice: Notice::All,
    database: &[("max_wal_size", "8MB"), ("min_wal_size", "2MB")],
    rooted: Some(Rooted::SmallLog),
    ..Spec::USUAL
};

/// The volume of the write-ahead log runs full. For the second half of the time the drill stands in the server's place and
/// counts who wants to connect, so that a storm would be seen.
#[derive(Default)]
pub(in crate::drill) struct WalFull {
    counted: Option<Counted>,
}

/// Attempts to connect, and for how long they were counted.
struct Counted {
    attempts: u32,
    lasted: Duration,
}

/// A machine tries once a second when the server has been away for a few seconds; what it needs at the same moment tries
/// beside. All its pools and its canary that try each time would be ten.
const ATTEMPTS_PER_S_MAX: f64 = 5.0;

/// Writes more than a file of the log holds.
const WRITE: &str = "SELECT pg_logical_emit_message(false, 'drill', repeat('x', 2000000))";

#[async_trait(?Send)]
impl Fault for WalFull {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        stage
            .disk
            .as_ref()
            .context("there is no small disk")?
            .fill()?;
        until("the end of the server", async || {
            let database = Arc::clone(&stage.database);
            blocking(move || {
                // What fails is what is waited for.
                let written = database.psql(WRITE);
                Ok(written.is_err() && !database.is_running())
            })
            .await
        })
        .await?;
        Ok("the volume of the write-ahead log is full, and the server has ended".to_owned())
    }

    async fn hold(&mut self, stage: &Stage, until: Instant) -> Result<()> {
        let now = Instant::now();
        sleep_until(now + until.saturating_duration_since(now) / 2).await;
        let counted = count(stage.database.port(), until).await?;
        let (attempts, s) = (counted.attempts, counted.lasted.as_secs_f64());
        stage.account.say(&format!(
            "{attempts} attempts to connect to the server within {s:.1} s"
        ));
        self.counted = Some(counted);
        Ok(())
    }

    async fn check(&mut self, _: &Stage) -> Result<Vec<String>> {
        Ok(self.counted.iter().filter_map(Counted::wrong).collect())
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        stage
            .disk
            .as_ref()
            .context("there is no small disk")?
            .empty()?;
        let database = Arc::clone(&stage.database);
        blocking(move || Ok(database.start_again()?)).await?;
        Ok("there is room again, and the server is started".to_owned())
    }
}

impl Counted {
    /// What is wrong with it.
    fn wrong(&self) -> Option<String> {
        let (attempts, s) = (self.attempts, self.lasted.as_secs_f64());
        let most = ATTEMPTS_PER_S_MAX * f64::from(u32::try_from(MACHINES).unwrap_or(u32::MAX)) * s;
        if attempts == 0 {
            return Some("nobody tried to connect to the server again".to_owned());
        }
        let is_storm = f64::from(attempts) > most;
        is_storm.then(|| format!("a storm: {attempts} attempts to connect within {s:.1} s"))
    }
}

/// Takes and ends every connection to that port until then.
async fn count(port: u16, until: Instant) -> Result<Counted> {
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(at).await;
    let listener = listener.context("standing in the server's place")?;
    let from = Instant::now();
    let mut attempts = 0;
    while let Ok(taken) = timeout_at(until, listener.accept()).await {
        drop(taken.context("taking a connection")?);
        attempts += 1;
    }
    let lasted = from.elapsed();
    Ok(Counted { attempts, lasted })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(attempts: u32, expected: Option<&str>) {
        let lasted = Duration::from_secs(10);
        let wrong = Counted { attempts, lasted }.wrong();
        assert_eq!(wrong.as_deref(), expected, "{attempts}");
    }

    #[test]
    fn some_try_again_and_many_are_a_storm() {
        check(0, Some("nobody tried to connect to the server again"));
        check(100, None);
        check(101, Some("a storm: 101 attempts to connect within 10.0 s"));
    }

    #[tokio::test]
    async fn every_attempt_is_counted() {
        let free = crate::drill::config::free_addresses(1).unwrap()[0];
        let until = Instant::now() + Duration::from_millis(500);
        let tries = async {
            let mut made = 0;
            while made < 3 && Instant::now() < until {
                made += u32::from(tokio::net::TcpStream::connect(free).await.is_ok());
            }
            made
        };
        let (counted, made) = tokio::join!(count(free.port(), until), tries);
        assert_eq!((counted.unwrap().attempts, made), (3, 3));
    }
}

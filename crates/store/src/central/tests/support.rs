//! A server, a client, and waiting for what must come.

use crate::central::*;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_sim::patroni::Patroni;
use twinline_sim::postgres::Postgres;

/// Long enough for a busy machine; what is waited for must come, and how soon is the drills' matter.
pub(super) const SOON: Duration = Duration::from_secs(30);

/// What is asked as the superuser.
pub(super) trait Sql {
    /// Runs it; answers with the rows.
    fn sql(&self, sql: &str) -> String;
}

impl Sql for Postgres {
    fn sql(&self, sql: &str) -> String {
        self.psql(sql).unwrap()
    }
}

impl Sql for Patroni {
    fn sql(&self, sql: &str) -> String {
        self.psql(sql).unwrap()
    }
}

/// Wall time that runs with the monotonic clock.
#[derive(Clone, Copy)]
pub(super) struct TestClock {
    begun: Instant,
    ahead: Duration,
}

impl Default for TestClock {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            ahead: Duration::ZERO,
        }
    }
}

impl TestClock {
    pub(super) const fn ahead_by(self, ahead: Duration) -> Self {
        Self { ahead, ..self }
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let ms = i64::try_from((self.begun.elapsed() + self.ahead).as_millis()).unwrap();
        Timestamp::from_millis(1_800_000_000_000 + ms)
    }
}

/// Shorter deadlines, so that the tests are shorter; long enough for a machine that does much else.
pub(super) fn settings() -> CentralSettings {
    let ms = Duration::from_millis;
    CentralSettings {
        machine: "m1".to_owned(),
        deadlines: Deadlines {
            connect: ms(5000),
            acquire: ms(1500),
            statement: ms(2000),
            commit: ms(1000),
        },
        canary: CanarySettings {
            period: ms(250),
            deadline: ms(1000),
        },
        ..CentralSettings::default()
    }
}

pub(super) fn client_to(url: &str, settings: CentralSettings) -> CentralClient {
    client_by(TestClock::default(), url, settings)
}

/// By whose clock it tells when its states were.
pub(super) fn client_by(clock: TestClock, url: &str, settings: CentralSettings) -> CentralClient {
    let address = CentralAddress::parse(url, None).unwrap();
    CentralClient::start(address, settings, Arc::new(clock))
}

/// A server; `None` where there is none to be had.
pub(super) fn server(settings: &[(&str, &str)]) -> Option<Postgres> {
    Postgres::can_run().then(|| Postgres::start(settings).unwrap())
}

/// Waits until the health is as wished.
pub(super) async fn until(
    client: &CentralClient,
    what: &str,
    wished: impl Fn(&CentralHealth) -> bool,
) -> CentralHealth {
    let mut health = client.health();
    let waited = timeout(SOON, health.wait_for(|health| wished(health))).await;
    match waited {
        Ok(found) => found.unwrap().clone(),
        Err(_) => panic!("not {what}: {:?}", client.health().borrow()),
    }
}

pub(super) async fn healthy(client: &CentralClient) -> CentralHealth {
    until(client, "healthy", |h| h.reads.is_ok() && h.commits.is_ok()).await
}

/// One write through the write pool.
pub(super) async fn write(client: &CentralClient) -> Result<(), CentralError> {
    let mut tx = client.shared.write().await?;
    tx.execute("INSERT INTO twinline.canary (machine) VALUES ('test')", &[])
        .await?;
    tx.commit().await
}

/// Tries until a write succeeds.
pub(super) async fn writes_again(client: &CentralClient) {
    let tries = async {
        while write(client).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, tries).await.expect("writes succeed again");
}

pub(super) async fn read(client: &CentralClient) -> Result<(), CentralError> {
    let mut tx = client.shared.read().await?;
    tx.query("SELECT 1", &[]).await?;
    tx.rollback().await
}

/// How many sessions of ours the server has.
pub(super) fn sessions(server: &Postgres) -> u32 {
    server
        .psql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'twinline'")
        .unwrap()
        .parse()
        .unwrap()
}

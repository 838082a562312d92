//! What a fleet takes of its database and its etcd.

use super::fleet::Fleet;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

/// etcd's metrics are some hundred KiB.
const ANSWER_MAX_BYTES: usize = 16 << 20;
/// As a person would ask for it.
const SQL: &str = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint, pg_database_size(current_database()), \
                   (SELECT count(*) FROM twinline.replica), pg_total_relation_size('twinline.replica')";

/// All bytes and counts since the beginning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground {
    /// Written to the database's log.
    pub(super) wal_bytes: u64,
    pub(super) database_bytes: u64,
    /// Of all groups.
    pub(super) replica_rows: u64,
    /// With their indexes, and what was deleted and not reclaimed yet.
    pub(super) replica_bytes: u64,
    pub(super) etcd_keys: u64,
    /// What etcd's file holds, the revisions that it has not let go of yet included.
    pub(super) etcd_bytes: u64,
    /// Requests that it was sent.
    pub(super) etcd_requests: u64,
}

impl Ground {
    pub(super) async fn of(fleet: &Fleet) -> Result<Self> {
        let (database, endpoints) = fleet.ground();
        let said = spawn_blocking(move || database.psql(SQL)).await;
        let said = said.context("asking PostgreSQL")??;
        let numbers: Vec<u64> = said
            .split('|')
            .map(|number| number.trim().parse().context("PostgreSQL's sizes"))
            .collect::<Result<_>>()?;
        let [wal_bytes, database_bytes, replica_rows, replica_bytes] = numbers[..] else {
            anyhow::bail!("PostgreSQL says {said}");
        };
        let etcd = Etcd::new(endpoints.into_iter().next().context("an etcd")?)?;
        // "\0" in base64: every key.
        let every = json!({ "key": "AA==", "range_end": "AA==", "count_only": true });
        Ok(Self {
            wal_bytes,
            database_bytes,
            replica_rows,
            replica_bytes,
            etcd_keys: number(&etcd.ask("/v3/kv/range", &every).await?["count"])?,
            etcd_bytes: number(
                &etcd.ask("/v3/maintenance/status", &json!({})).await?["dbSizeInUse"],
            )?,
            etcd_requests: etcd.requests().await?,
        })
    }
}

/// etcd's gateway writes its great numbers as texts.
fn number(value: &Value) -> Result<u64> {
    let said = value.as_u64();
    said.or_else(|| value.as_str()?.parse().ok())
        .with_context(|| format!("etcd says {value} for a number"))
}

struct Etcd {
    at: String,
    client: reqwest::Client,
}

impl Etcd {
    fn new(at: String) -> Result<Self> {
        // A second call finds the provider installed.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().no_proxy().build();
        let client = client.context("making a client")?;
        Ok(Self { at, client })
    }

    async fn ask(&self, path: &str, body: &Value) -> Result<Value> {
        let url = format!("{}{path}", self.at);
        let sent = self.client.post(url).body(body.to_string()).send().await;
        let answer = sent
            .and_then(reqwest::Response::error_for_status)
            .with_context(|| format!("asking etcd for {path}"))?;
        let text = read(answer).await?;
        serde_json::from_str(&text).with_context(|| format!("etcd's answer to {path}"))
    }

    async fn requests(&self) -> Result<u64> {
        let sent = self.client.get(format!("{}/metrics", self.at)).send().await;
        let answer = sent.context("asking etcd for its metrics")?;
        Ok(started(&read(answer).await?))
    }
}

/// What an answer says, within its limit.
async fn read(mut answer: reqwest::Response) -> Result<String> {
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.context("reading etcd's answer")? {
        body.extend_from_slice(&part);
        ensure!(
            body.len() <= ANSWER_MAX_BYTES,
            "etcd's answer has more than {ANSWER_MAX_BYTES} bytes"
        );
    }
    String::from_utf8(body).context("etcd's answer is no text")
}

/// The requests that an exposition of etcd's counts.
fn started(text: &str) -> u64 {
    let lines = text
        .lines()
        .filter(|line| line.starts_with("grpc_server_started_total{"));
    lines
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::{number, started};
    use serde_json::json;

    #[test]
    fn etcds_requests_are_summed_over_its_services() {
        let text = "# TYPE grpc_server_started_total counter\n\
                    grpc_server_started_total{grpc_method=\"Range\",grpc_type=\"unary\"} 7\n\
                    grpc_server_started_total{grpc_method=\"Txn\",grpc_type=\"unary\"} 5\n\
                    grpc_server_handled_total{grpc_method=\"Txn\"} 100\n";
        assert_eq!(started(text), 12);
    }

    #[test]
    fn numbers_are_read_in_both_forms() {
        assert_eq!(number(&json!(7)).unwrap(), 7);
        assert_eq!(number(&json!("20480")).unwrap(), 20480);
        number(&json!(null)).unwrap_err();
    }
}

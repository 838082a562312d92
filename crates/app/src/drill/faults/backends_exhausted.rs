use super::{Fault, OURS};
use crate::drill::catalogue::Spec;
use crate::drill::stage::{Stage, blocking};
use anyhow::Result;
use async_trait::async_trait;
use std::sync::Arc;
use twinline_sim::postgres::{Session, Who};

pub(in crate::drill) const SPEC: Spec = Spec {
    name: "backends-exhausted",
    mode: Some(11),
    about: "no commit ends, and others take every connection that the server has left",
    database: &[("max_connections", "40")],
    ..Spec::USUAL
};

/// Commits hang, and others take the server's places, as programs do that try again and again.
#[derive(Default)]
pub(in crate::drill) struct BackendsExhausted {
    others: Vec<Session>,
}

/// As many as the server has places (`max_connections` of the drill).
const OTHERS: usize = 40;
/// What one machine may take at most: three pools of 4, 4 and 1, eight writes given up, and the canaries of an hour.
const OURS_MAX: u32 = 4 + 4 + 1 + 8 + 12;

#[async_trait(?Send)]
impl Fault for BackendsExhausted {
    async fn make(&mut self, stage: &Stage) -> Result<String> {
        let database = Arc::clone(&stage.database);
        self.others = blocking(move || {
            database.hang_commits()?;
            let opened = (0..OTHERS).map(|_| Ok(database.session(Who::Owner)?));
            opened.collect()
        })
        .await?;
        Ok("commits hang, and others take all connections that are left".to_owned())
    }

    async fn check(&mut self, stage: &Stage) -> Result<Vec<String>> {
        let database = Arc::clone(&stage.database);
        let counted = blocking(move || {
            let count = format!(
                "SELECT application_name, count(*) FROM pg_stat_activity WHERE application_name LIKE '{OURS}%' \
                 GROUP BY application_name"
            );
            Ok(database.psql(&count)?)
        });
        let counted = counted.await?;
        let each = counted.lines().filter_map(|line| line.rsplit_once('|'));
        let greedy = each.filter(|(_, count)| count.parse::<u32>().is_ok_and(|n| n > OURS_MAX));
        let tell = |(who, count)| format!("{who} has {count} backends, more than {OURS_MAX}");
        Ok(greedy.map(tell).collect())
    }

    async fn heal(&mut self, stage: &Stage) -> Result<String> {
        self.others.clear();
        let database = Arc::clone(&stage.database);
        blocking(move || Ok(database.let_commit()?)).await?;
        Ok("the others have gone, and commits end".to_owned())
    }
}

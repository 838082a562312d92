//! New rules in force: every twin of the connection is looked at again.
//!
//! A long job, made in the step of the store that puts the rules in force. Whoever publishes carries it out at once; what
//! a crash or a failing store leaves of it is taken up by this task. Each step reads the place where the job stands and
//! moves it on with its marks, so it does not matter how many carry it out.

use crate::confirmed;
use crate::host::Inner;
use crate::job::mended_by_rules;
use crate::ops::change_page;
use crate::scheduler;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use twinline_core::names::{ConnectionName, LinkId};
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{HostTx, Job, JobKind, JobState, TwinFilter};

/// A job's order is its connection.
const SPEC: &str = "{}";

/// The job for a connection whose rules are new.
pub(crate) fn job(id: String, connection: &ConnectionName, now: Timestamp) -> Job {
    Job {
        id,
        kind: JobKind::Relook,
        connection: connection.clone(),
        state: JobState::Running,
        spec: SPEC.to_owned(),
        cursor: None,
        total: None,
        done: 0,
        sentence: None,
        started_at: now,
        updated_at: now,
    }
}

/// Takes up what was left, until shutdown.
pub(crate) async fn run(host: Arc<Inner>, shutdown: CancellationToken) {
    loop {
        if let Err(error) = all(&host).await {
            tracing::error!(%error, "it cannot be read which twins are to be looked at under new rules; trying again");
        }
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(host.settings.period) => {}
        }
    }
}

async fn all(host: &Arc<Inner>) -> Result<(), StoreError> {
    let open = host.store.read(|read| read.open_jobs_of(JobKind::Relook));
    for job in open.await? {
        let connection = job.connection;
        if let Err(error) = carry_out(host, job.id).await {
            // What stands in the way of one keeps no other waiting.
            tracing::error!(%connection, %error, "twins could not be marked for a look under new rules; trying again");
        }
    }
    Ok(())
}

/// Carries a job out to its end; while the version in force is not at work here, it waits: what it marked would be looked
/// at under the old rules, to which nothing may be written any more, and would be done.
pub(crate) async fn carry_out(host: &Arc<Inner>, id: String) -> Result<(), StoreError> {
    loop {
        let (shared, id) = (Arc::clone(host), id.clone());
        let (ended, marked) = host
            .store
            .write(move |tx| {
                let job = tx.job(&id)?;
                let Some(mut job) = job.filter(|job| job.state == JobState::Running) else {
                    return Ok((true, None));
                };
                if shared.connection_in_force(tx, &job.connection)?.is_none() {
                    return Ok((true, None));
                }
                let now = shared.env.now();
                let filter = TwinFilter {
                    connection: Some(job.connection.clone()),
                    ..TwinFilter::default()
                };
                let after = job.cursor.take().map(LinkId::new);
                let cause = confirmed::publish(&job.connection);
                // A new version may have mended what the old one broke.
                let change = move |tx: &HostTx<'_>, twin| mended_by_rules(tx, twin, now);
                let (last, count, marked) =
                    change_page(&shared, tx, &filter, after.as_ref(), &cause, &change)?;
                job.done += count;
                job.updated_at = now;
                match &last {
                    Some(last) => job.cursor = Some(last.to_string()),
                    None => job.state = JobState::Finished,
                }
                tx.put_job(&job)?;
                Ok((last.is_none(), Some(marked)))
            })
            .await?;
        if let Some(marked) = marked {
            scheduler::clear(host, marked.announce(host))?;
        }
        if ended {
            return Ok(());
        }
    }
}

//! `backup` and `restore`.

use super::progress;
use crate::cli::RestoreArgs;
use crate::client::Client;
use crate::config::{self, Config};
use crate::exit::{Coded, FAILED, USAGE};
use crate::handles::{SystemClock, SystemEntropy};
use crate::instance::DataFolder;
use crate::release::Release;
use crate::report::Report;
use anyhow::{Context as _, Result};
use indicatif::ProgressBar;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use twinline_core::handles::Clock as _;
use twinline_store::backup::{one_file, restore_host, sync_folder};
use twinline_store::central::{CentralClient, rebuild};
use twinline_store::db::DbOptions;
use twinline_store::host::HostStore;

pub(super) async fn backup(file: &Path, to: &Path) -> Result<Report> {
    let to = std::path::absolute(to).with_context(|| format!("the path {}", to.display()))?;
    if to.exists() {
        let sentence = format!(
            "{} is there already, and nothing is overwritten: name another file",
            to.display()
        );
        return Err(Coded::new(USAGE, sentence).into());
    }
    let client = Client::either(file).await?;
    let line = progress::line("copying the state");
    let done = client.post("/v1/backup", &json!({ "file": to })).await;
    line.finish_and_clear();
    let done = done?;
    let text = format!("{}: {} bytes", to.display(), done["bytes"]);
    Report::done(&done, text)
}

pub(super) async fn restore(file: &Path, args: &RestoreArgs) -> Result<Report> {
    let config = config::load(file)?;
    if config.ownership.is_some() {
        let sentence = "in a fleet nothing is restored on a machine: a group's state is its owner's, and the central database has \
                        it for the next one; docs/operations.md tells how that one is put back";
        return Err(Coded::new(USAGE, sentence).into());
    }
    let folder = DataFolder::open(&config.data)?;
    // Whoever runs must end first: a state is never changed under a host.
    let _hold = folder.hold("host", Duration::from_secs(1)).await?;
    let store = folder.host_store();
    let fresh = store.with_extension("db.restoring");
    for suffix in FILES {
        remove(&with(&fresh, suffix))?;
    }
    let (epoch, from) = match &args.file {
        Some(backup) => (from_backup(backup, &fresh).await?, String::new()),
        None => from_central(file, &config, &fresh).await?,
    };
    let aside = put_in_place(&fresh, &store, args.replace)?;
    let text = match &aside {
        Some(old) => format!(
            "restored{from}; the state of before lies in {}",
            old.display()
        ),
        None => format!("restored{from}"),
    };
    Report::done(
        &json!({ "restored": store, "epoch": epoch, "aside": aside }),
        text,
    )
}

/// Copies a backup; answers with the new epoch.
async fn from_backup(backup: &Path, fresh: &Path) -> Result<String> {
    if !backup.is_file() {
        let sentence = format!("{}: there is no such file", backup.display());
        return Err(Coded::new(USAGE, sentence).into());
    }
    let (from, made) = (backup.to_owned(), fresh.to_owned());
    let bar = ProgressBar::new(0);
    let shown = bar.clone();
    let copied = tokio::task::spawn_blocking(move || {
        let formats = Release::of_this_process().formats;
        restore_host((&from, &made), &formats, SystemClock.now(), |progress| {
            shown.set_length(progress.total_pages);
            shown.set_position(progress.done_pages);
        })
    });
    let restored = copied.await.context("the copy ended early")?;
    bar.finish_and_clear();
    let restored = restored.map_err(|error| Coded::new(FAILED, error.to_string()))?;
    Ok(restored.epoch.to_string())
}

/// Takes what the central database has; answers with the new epoch, and with how old the state is.
async fn from_central(file: &Path, config: &Config, fresh: &Path) -> Result<(String, String)> {
    let Some(central) = &config.central else {
        let sentence = format!("{}: there is no [central] to restore from", file.display());
        return Err(Coded::new(USAGE, sentence).into());
    };
    let address = central.address(file.parent().unwrap_or(Path::new("")))?;
    let settings = central.settings(&config.instance.machine);
    let client = CentralClient::start(address, settings, Arc::new(SystemClock));
    let options = DbOptions {
        formats: Release::of_this_process().formats,
        ..DbOptions::default()
    };
    let store = HostStore::open(fresh, options, &config.instance.name)
        .await
        .context("making the new state")?;
    let group = store.stamp().group.clone();
    let rebuilt = rebuild(&client, &store, &group, &SystemEntropy).await;
    store.db().close().await;
    let (rebuilt, hydrated) = match rebuilt {
        Ok(rebuilt) => rebuilt,
        Err(error) => {
            for suffix in FILES {
                remove(&with(fresh, suffix))?;
            }
            return Err(Coded::new(FAILED, error.to_string()).into());
        }
    };
    one_file(fresh).context("closing the new state")?;
    let whole = if hydrated.complete {
        ""
    } else {
        "; the host was lost in the middle of a copy, so rows are of different times: audits will compare all twins"
    };
    let text = format!(
        ": {} rows, the state of {}{whole}",
        hydrated.rows, hydrated.state_at
    );
    Ok((rebuilt.stamp().epoch.to_string(), text))
}

/// The files of one state.
const FILES: [&str; 3] = ["", "-wal", "-shm"];

/// Moves the restored state to its place; the present one is put aside first, where that is wished. So is a log that was
/// left behind without its file: it would be read as the restored file's own.
///
/// Killed at any point, it leaves the present state whole, in its place or aside, and never a file with another one's log;
/// what lacks its file is not begun anew ([`DataFolder::check_host_store`]).
fn put_in_place(fresh: &Path, store: &Path, replace: bool) -> Result<Option<PathBuf>> {
    if store.exists() && !replace {
        remove(fresh)?;
        let sentence = format!(
            "{} is there: add --replace to move it aside, or name another data folder",
            store.display()
        );
        return Err(Coded::new(FAILED, sentence).into());
    }
    let is_there = |suffix: &&str| with(store, suffix).exists();
    let present: Vec<&str> = FILES.into_iter().filter(is_there).collect();
    let mut aside = None;
    if !present.is_empty() {
        let old = free_name(&store.with_extension("db.replaced"));
        for suffix in present {
            let (from, to) = (with(store, suffix), with(&old, suffix));
            std::fs::hard_link(&from, &to)
                .with_context(|| format!("putting {} aside as {}", from.display(), to.display()))?;
        }
        sync_folder(&old)?;
        for suffix in FILES {
            remove(&with(store, suffix))?;
        }
        sync_folder(store)?;
        aside = Some(old);
    }
    std::fs::rename(fresh, store)
        .with_context(|| format!("moving {} to its place", fresh.display()))?;
    sync_folder(store)?;
    Ok(aside)
}

/// This name, or the first numbered one that none of a state's files has.
fn free_name(wished: &Path) -> PathBuf {
    let numbered = (2..).map(|number| with(wished, &format!("-{number}")));
    let mut names = std::iter::once(wished.to_owned()).chain(numbered);
    let is_free = |name: &PathBuf| !FILES.iter().any(|suffix| with(name, suffix).exists());
    names
        .find(is_free)
        .expect("a folder has finitely many files")
}

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;

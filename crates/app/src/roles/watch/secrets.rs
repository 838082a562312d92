//! The files with secrets that the configuration names: when one comes, goes or changes, what was made of it is made anew.

use crate::config::watch::Channel;
use crate::config::{AuthValue, Config, SecretRef};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// How the files were when they were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Secrets(Vec<(PathBuf, Option<Stamp>)>);

/// What changes with a file's content, place and permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    bytes: u64,
    changed_s: i64,
    changed_ns: i64,
}

impl Stamp {
    fn of(file: &Metadata) -> Self {
        Self {
            inode: file.ino(),
            bytes: file.len(),
            changed_s: file.ctime(),
            changed_ns: file.ctime_nsec(),
        }
    }
}

impl Secrets {
    /// Looks at all files with secrets that a watch reads. Waits for the disk.
    pub(super) fn look(file: &Path, config: &Config) -> Self {
        let base = file.parent().unwrap_or(Path::new(""));
        let paths = references(config).into_iter().filter_map(|it| match it {
            SecretRef::File(path) => Some(base.join(path)),
            SecretRef::Env(_) => None,
            // What is sealed stands in the configuration itself, which is looked at too.
            SecretRef::Sealed(sealed) => match sealed.key() {
                Some(SecretRef::File(path)) => Some(base.join(path)),
                _ => None,
            },
        });
        let authority = config.central.iter().filter_map(|it| it.ca.as_ref());
        let paths = paths.chain(authority.map(|path| base.join(path)));
        let seen = paths.map(|path| {
            let stamp = std::fs::metadata(&path).ok();
            (path, stamp.as_ref().map(Stamp::of))
        });
        Self(seen.collect())
    }
}

/// All secrets that can be read anew while watch runs.
fn references(config: &Config) -> Vec<&SecretRef> {
    let watch = &config.watch;
    let mut all: Vec<&SecretRef> = watch.channels.values().flat_map(of_channel).collect();
    all.extend(config.central.as_ref().map(|central| &central.url));
    all.extend(watch.outside_ping.as_ref().map(|ping| &ping.url));
    all.extend(&watch.inbound_token);
    let workspaces = config.workspaces.values();
    all.extend(workspaces.filter_map(|it| it.report_token.as_ref()));
    // Tickets are read with their node's credentials.
    let nodes = watch
        .queues
        .values()
        .filter_map(|it| config.nodes.get(&it.node));
    all.extend(
        nodes
            .flat_map(|node| node.auth.values())
            .filter_map(|it| match it {
                AuthValue::Secret(at) => Some(at),
                AuthValue::Plain(_) => None,
            }),
    );
    all
}

fn of_channel(channel: &Channel) -> Vec<&SecretRef> {
    match channel {
        Channel::Smtp { url, .. } => vec![url],
        Channel::Webhook {
            url,
            secrets,
            token,
            ..
        } => [url].into_iter().chain(secrets).chain(token).collect(),
        Channel::Pagerduty { key, url, .. } => [key].into_iter().chain(url).collect(),
        Channel::Twilio { token, url, .. } => [token].into_iter().chain(url).collect(),
    }
}

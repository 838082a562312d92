//! Reading, then checking: what leaves here is sound.

use super::error::{ConfigError, alternative};
use super::fleet;
use super::model::{Config, Edge};
use super::secret::{AuthValue, BY_REFERENCE, SecretRef};
use super::watch::{self, Channel};
use super::workspace;
use std::collections::BTreeSet;
use std::path::Path;
use tracing_subscriber::EnvFilter;
use twinline_trackers::registry;

/// The largest `edge.body_max_mib`. In base64 it fits into the answer to a pull, of which the host reads at most 32 MiB: a
/// larger delivery could never be pulled, and would stand before all later ones.
const BODY_MAX_MIB: u32 = 20;

/// Reads and checks a configuration file. Relative paths in it become relative to its folder.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let way_out = if error.kind() == std::io::ErrorKind::NotFound {
            ": make one with 'twinline init'"
        } else {
            ""
        };
        ConfigError::file(path, format!("cannot be read ({error}){way_out}"))
    })?;
    parse(path, &text)
}

/// Checks a configuration's text; `path` names it in errors and anchors its relative paths.
pub fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
    let mut config: Config =
        toml::from_str(text).map_err(|error| ConfigError::toml(path, text, &error))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    config.data = folder.join(&config.data);
    config.rules = folder.join(&config.rules);
    for tls in &mut config.edge.tls {
        tls.cert = folder.join(&tls.cert);
        tls.key = folder.join(&tls.key);
    }
    unseal(&mut config);
    for node in config.nodes.values_mut() {
        if let Some(description) = &mut node.description {
            *description = folder.join(&description);
        }
    }
    check(path, &config)?;
    Ok(config)
}

/// Tells each sealed secret where its key lies.
fn unseal(config: &mut Config) {
    let key = config.instance.seal_key.clone().map(Box::new);
    for secret in references(config) {
        if let SecretRef::Sealed(sealed) = secret {
            sealed.key.clone_from(&key);
        }
    }
}

/// Every secret of a configuration but the key itself.
fn references(config: &mut Config) -> Vec<&mut SecretRef> {
    let mut all: Vec<&mut SecretRef> = config.instance.fleet_key.iter_mut().collect();
    all.extend(&mut config.instance.fleet_keys_accepted);
    all.extend(config.central.as_mut().map(|central| &mut central.url));
    for node in config.nodes.values_mut() {
        all.extend(node.auth.values_mut().filter_map(|value| match value {
            AuthValue::Secret(secret) => Some(secret),
            AuthValue::Plain(_) => None,
        }));
        all.extend(&mut node.webhook.secrets);
    }
    let channels = config.watch.channels.values_mut();
    all.extend(channels.flat_map(Channel::secrets_mut));
    let ping = config.watch.outside_ping.as_mut();
    all.extend(ping.map(|ping| &mut ping.url));
    all.extend(&mut config.watch.inbound_token);
    let workspaces = config.workspaces.values_mut();
    all.extend(workspaces.filter_map(|it| it.report_token.as_mut()));
    all
}

fn check(path: &Path, config: &Config) -> Result<(), ConfigError> {
    let refuse = |key: &str, reason: String| Err(ConfigError::key(path, key, reason));
    if config.format != 1 {
        return refuse(
            "format",
            format!("is {}; this version reads format 1", config.format),
        );
    }
    if !(0.15..=0.5).contains(&config.host.backfill_share) {
        return refuse(
            "host.backfill_share",
            format!("is {}; write 0.15 to 0.5", config.host.backfill_share),
        );
    }
    if !(8..=4096).contains(&config.host.files_memory_mib) {
        return refuse(
            "host.files_memory_mib",
            format!("is {}; write 8 to 4096", config.host.files_memory_mib),
        );
    }
    let positive = [
        ("edge.body_max_mib", config.edge.body_max_mib),
        ("edge.inbox_max_gib", config.edge.inbox_max_gib),
        ("edge.node_inbox_max_mib", config.edge.node_inbox_max_mib),
        ("edge.node_max_per_s", config.edge.node_max_per_s),
        (
            "edge.proxy.in_flight_per_host",
            config.edge.proxy.in_flight_per_host,
        ),
        (
            "edge.proxy.streams_per_host",
            config.edge.proxy.streams_per_host,
        ),
        ("edge.proxy.connect_ms", config.edge.proxy.connect_ms),
        ("edge.proxy.header_ms", config.edge.proxy.header_ms),
        ("edge.proxy.idle_ms", config.edge.proxy.idle_ms),
        ("host.scripts.workers", config.host.scripts.workers),
        ("host.scripts.time_ms", config.host.scripts.time_ms),
        ("host.scripts.memory_mib", config.host.scripts.memory_mib),
    ];
    for (key, value) in positive {
        if value == 0 {
            return refuse(key, "is 0; write at least 1".to_owned());
        }
    }
    check_edge(path, &config.edge)?;
    check_level(path, &config.log.level)?;
    if let Some(collector) = &config.traces.otlp
        && (!matches!(collector.scheme(), "http" | "https") || collector.host().is_none())
    {
        return refuse(
            "traces.otlp",
            format!(
                "'{collector}' is not an http or https address; write one such as \"http://127.0.0.1:4318\""
            ),
        );
    }
    if let Some(central) = &config.central {
        central.check(path)?;
    }
    fleet::check(path, config)?;
    watch::check(path, config)?;
    workspace::check(path, config)?;
    for (name, node) in &config.nodes {
        check_node(path, name, node)?;
    }
    Ok(())
}

/// A filter's words: a level, or `target=level`. The filter itself would take a mistyped level for a target, of which
/// nothing is logged.
fn check_level(path: &Path, filter: &str) -> Result<(), ConfigError> {
    const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];
    let refuse = |reason: String| Err(ConfigError::key(path, "log.level", reason));
    let mut depth = 0_usize;
    // A span's fields may hold commas: they part nothing in brackets.
    let words = filter.split(|sign: char| {
        match sign {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        sign == ',' && depth == 0
    });
    for word in words.map(str::trim) {
        let level = word.rsplit('=').next().unwrap_or(word);
        if !LEVELS.contains(&level.to_ascii_lowercase().as_str()) {
            let instead = alternative(level, "level", LEVELS);
            return refuse(format!("'{level}' is not a level: {instead}"));
        }
    }
    match EnvFilter::try_new(filter) {
        Ok(_) => Ok(()),
        Err(error) => refuse(format!("'{filter}' is not a filter: {error}")),
    }
}

fn check_edge(path: &Path, edge: &Edge) -> Result<(), ConfigError> {
    if edge.body_max_mib > BODY_MAX_MIB {
        let reason = format!("is {}; write at most {BODY_MAX_MIB}", edge.body_max_mib);
        return Err(ConfigError::key(path, "edge.body_max_mib", reason));
    }
    if edge.tls.is_empty() && !edge.listen.ip().is_loopback() && !edge.plain_http {
        let reason = format!(
            "is {}, and plain HTTP is spoken on loopback only: write the certificates in edge.tls, or edge.plain_http = true \
             behind something that speaks TLS",
            edge.listen
        );
        return Err(ConfigError::key(path, "edge.listen", reason));
    }
    if let Some(all) = edge
        .trusted_proxies
        .iter()
        .find(|net| net.prefix_len() == 0)
    {
        let reason = format!("'{all}' is everybody: write the networks of your own proxies only");
        return Err(ConfigError::key(path, "edge.trusted_proxies", reason));
    }
    let mut names = BTreeSet::new();
    for tls in &edge.tls {
        let name = tls.name.to_ascii_lowercase();
        let host = name.strip_prefix("*.").unwrap_or(&name);
        let sound = host.split('.').all(|label| {
            let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            !label.is_empty() && label.len() <= 63 && label.bytes().all(letter)
        });
        if !sound {
            let reason = format!(
                "'{}' is no host name: write one such as \"sync.acme.example\" or \"*.acme.example\"",
                tls.name
            );
            return Err(ConfigError::key(path, "edge.tls.name", reason));
        }
        if !names.insert(name) {
            let reason = format!("'{}' stands there twice: one certificate a name", tls.name);
            return Err(ConfigError::key(path, "edge.tls.name", reason));
        }
    }
    Ok(())
}

/// Why a node's tracker needs a description, or has none.
fn description_fault(name: &str, node: &super::Node) -> Option<String> {
    match (registry::described(&node.tracker), &node.description) {
        (Ok(Some(_)), None) => Some(format!(
            "is missing: name the file that describes the tracker (docs/guide/adding-a-tracker.md), such as \
             description = \"trackers/{name}.toml\""
        )),
        (Ok(None), Some(_)) => Some(format!(
            "is for trackers that are described; {} is known without one",
            registry::label(&node.tracker)
        )),
        _ => None,
    }
}

fn check_node(path: &Path, name: &str, node: &super::Node) -> Result<(), ConfigError> {
    let refuse = |key: &str, reason: String| {
        Err(ConfigError::key(
            path,
            &format!("nodes.{name}{key}"),
            reason,
        ))
    };
    let sound = !name.is_empty()
        && name.len() <= 64
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !sound {
        return refuse(
            "",
            "a node's name is 1 to 64 of a-z, 0-9 and '-'".to_owned(),
        );
    }
    if !matches!(node.url.scheme(), "http" | "https") || node.url.host().is_none() {
        return refuse(
            ".url",
            format!("'{}' is not an http or https address", node.url),
        );
    }
    if !node.url.username().is_empty() || node.url.password().is_some() {
        return refuse(
            ".url",
            "credentials do not belong into the address: write them under auth".to_owned(),
        );
    }
    if node.sweep_s.period == 0 || node.sweep_s.resweep == 0 || node.sweep_s.audit == 0 {
        return refuse(
            ".sweep_s",
            "period, resweep and audit are at least 1 second".to_owned(),
        );
    }
    if let Some(reason) = description_fault(name, node) {
        return refuse(".description", reason);
    }
    for (key, value) in &node.auth {
        if matches!(value, AuthValue::Plain(_)) && registry::is_secret(&node.tracker, key) {
            return refuse(&format!(".auth.{key}"), BY_REFERENCE.to_owned());
        }
    }
    if node.settle_s == Some(0) {
        return refuse(
            ".settle_s",
            "is 0: a request whose answer was lost would be taken for lost at once, and made twice; write at least 1"
                .to_owned(),
        );
    }
    if node.webhook.secrets.len() > 2 {
        return refuse(
            ".webhook.secrets",
            "at most two, while one rotates".to_owned(),
        );
    }
    Ok(())
}

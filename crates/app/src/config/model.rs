//! The configuration's shape. Unknown keys are errors; every key has a default but for a node's own facts.

use super::central::Central;
use super::fleet::{Machine, Ownership};
use super::secret::{AuthValue, SecretRef};
use super::watch::{Status, Watch};
use super::workspace::{self, Workspace};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use twinline_core::richtext::Dialect;
use url::Url;

/// The whole file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The format of this file: 1.
    pub format: u32,
    /// Where all state lies. Relative to the file.
    #[serde(default = "default_data")]
    pub data: PathBuf,
    /// The rules folder: every `*.toml` in it is one connection. Relative to the file.
    #[serde(default = "default_rules")]
    pub rules: PathBuf,
    /// `[instance]`
    #[serde(default)]
    pub instance: Instance,
    /// `[edge]`
    #[serde(default)]
    pub edge: Edge,
    /// `[host]`
    #[serde(default)]
    pub host: Host,
    /// `[central]`; without it there is no central database.
    #[serde(default)]
    pub central: Option<Central>,
    /// `[machines]`; without it this machine is the only one.
    #[serde(default)]
    pub machines: BTreeMap<String, Machine>,
    /// `[ownership]`; only in a fleet.
    #[serde(default)]
    pub ownership: Option<Ownership>,
    /// `[watch]`
    #[serde(default)]
    pub watch: Watch,
    /// `[status]`
    #[serde(default)]
    pub status: Status,
    /// `[log]`
    #[serde(default)]
    pub log: Log,
    /// `[traces]`
    #[serde(default)]
    pub traces: Traces,
    /// `[workspaces.NAME]`
    #[serde(default)]
    pub workspaces: BTreeMap<String, Workspace>,
    /// `[nodes.NAME]`
    #[serde(default)]
    pub nodes: BTreeMap<String, Node>,
}

/// This installation.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Instance {
    /// Its name.
    pub name: String,
    /// This machine's name: the only line that differs between the machines of a fleet.
    pub machine: String,
    /// Where trackers reach the edge; without it webhooks are not registered and trackers are polled.
    pub public_url: Option<Url>,
    /// The secret from which the machines of a fleet issue what they know each other by.
    pub fleet_key: Option<SecretRef>,
    /// While that secret changes: others that are believed beside it.
    pub fleet_keys_accepted: Vec<SecretRef>,
    /// What opens sealed secrets.
    pub seal_key: Option<SecretRef>,
}

/// The edge.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Edge {
    /// Where webhooks arrive.
    pub listen: SocketAddr,
    /// The private listener: health, metrics, and the inbox that hosts pull.
    pub health: SocketAddr,
    /// The largest body of a delivery, in MiB: at most 20, since a host pulls it as text in an answer of 32.
    pub body_max_mib: u32,
    /// The largest size of the inbox, in GiB.
    pub inbox_max_gib: u32,
    /// The largest share of one node in the inbox, in MiB.
    pub node_inbox_max_mib: u32,
    /// Deliveries of one node per second; over it: 503.
    pub node_max_per_s: u32,
    /// Plain HTTP also off loopback: for an edge behind something that speaks TLS.
    pub plain_http: bool,
    /// Networks of the proxies in front of the edge whose word on their callers is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where they tell it.
    pub trusted_header: TrustedHeader,
    /// What is passed on to hosts.
    pub proxy: EdgeProxy,
    /// Certificates by name; none: plain HTTP.
    pub tls: Vec<EdgeTls>,
}

/// The header in which trusted proxies tell who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustedHeader {
    /// And `X-Forwarded-Proto`.
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

impl TrustedHeader {
    /// As the edge's crate calls it.
    pub const fn of_the_edge(self) -> twinline_edge::TrustedHeader {
        match self {
            Self::XForwardedFor => twinline_edge::TrustedHeader::XForwardedFor,
            Self::Forwarded => twinline_edge::TrustedHeader::Forwarded,
        }
    }
}

/// One name's certificate.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeTls {
    /// `sync.acme.example` or `*.acme.example`.
    pub name: String,
    /// The certificate's file, PEM, with those that lead to its issuer. Relative to the configuration file.
    pub cert: PathBuf,
    /// Its private key's file, PEM. Relative to the configuration file.
    pub key: PathBuf,
}

/// What bounds the edge's requests to hosts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct EdgeProxy {
    /// Requests to one host at once; over it: 503.
    pub in_flight_per_host: u32,
    /// Event streams and WebSockets to one host at once; over it: 503.
    pub streams_per_host: u32,
    /// To connect to a host, in milliseconds.
    pub connect_ms: u32,
    /// Until a host's answer begins, in milliseconds.
    pub header_ms: u32,
    /// How long nothing may come of an answer, in milliseconds.
    pub idle_ms: u32,
}

/// The host.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Host {
    /// The private listener: the API that the command line uses.
    pub listen: SocketAddr,
    /// Script workers.
    pub scripts: Scripts,
    /// How long things are kept, in days.
    pub keep_days: KeepDays,
    /// The share of attempts that backfills keep when there is more work than time: 0.15 to 0.5.
    pub backfill_share: f64,
    /// The memory for attachments on their way, over all nodes, in MiB: 8 to 4096.
    pub files_memory_mib: u32,
}

/// Script workers and their limits.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scripts {
    /// How many worker processes.
    pub workers: u32,
    /// The time of one run, in milliseconds.
    pub time_ms: u32,
    /// The memory of one worker, in MiB.
    pub memory_mib: u32,
}

/// How long things are kept, in days.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeepDays {
    /// The history of writes.
    pub history: u32,
    /// Observations that no base refers to.
    pub observations: u32,
}

/// What is logged.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// For people or for programs.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `twinline_engine=debug,info`.
    pub level: String,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line for a person.
    Human,
    /// One JSON object a line.
    Json,
}

/// Where traces go.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Traces {
    /// An OTLP collector's HTTP address; without it no traces are sent.
    pub otlp: Option<Url>,
}

/// One node.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// `azure-devops`, `github`, `jira-cloud`, `json-http`, `redmine`, `servicenow`, `zendesk`.
    pub tracker: String,
    /// The file that describes the API of a `json-http` tracker. Relative to the file.
    #[serde(default)]
    pub description: Option<PathBuf>,
    /// The tracker's address.
    pub url: Url,
    /// Credentials: which keys, the tracker decides.
    #[serde(default)]
    pub auth: BTreeMap<String, AuthValue>,
    /// How its webhooks are told from forged ones.
    #[serde(default)]
    pub webhook: WebhookSettings,
    /// How often its change feed is read.
    #[serde(default)]
    pub sweep_s: Sweep,
    /// Private networks that the address may lie in: on-premise and loopback trackers.
    #[serde(default)]
    pub allow_private: Vec<IpNet>,
    /// Overrides the tracker's settle time, in seconds.
    #[serde(default)]
    pub settle_s: Option<u32>,
    /// The notation of its texts, where an instance of the tracker has a choice: Redmine's `markdown` or `textile`.
    #[serde(default)]
    pub texts: Option<Dialect>,
    /// Where this node's tracker reaches the edge, when the node has a domain of its own; else `instance.public_url`.
    #[serde(default)]
    pub public_url: Option<Url>,
    /// Whose node it is, where several share the installation.
    #[serde(default = "workspace::default")]
    pub workspace: String,
}

/// A node's webhooks.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookSettings {
    /// One secret; two while one rotates.
    pub secrets: Vec<SecretRef>,
}

/// How often a node's change feed is read, in seconds.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sweep {
    /// Between sweeps.
    pub period: u32,
    /// How far each reaches back before the last one's end.
    pub overlap: u32,
    /// Between wide sweeps, which find what the feed does not cover.
    pub resweep: u32,
    /// Between audits, which compare both sides of every twin.
    pub audit: u32,
}

fn default_data() -> PathBuf {
    "twinline-data".into()
}

fn default_rules() -> PathBuf {
    "rules".into()
}

pub(super) const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

impl Config {
    /// Where a node's tracker reaches the edge; `None`: nowhere, it is polled.
    pub fn public_url(&self, node: &str) -> Option<&Url> {
        let own = self
            .nodes
            .get(node)
            .and_then(|node| node.public_url.as_ref());
        own.or(self.instance.public_url.as_ref())
    }

    /// Where the edge's private listener is: in a fleet where the other machines reach it.
    pub fn edge_private(&self) -> SocketAddr {
        let this = self.machines.get(&self.instance.machine);
        this.and_then(|this| this.edge).unwrap_or(self.edge.health)
    }

    /// Where the host's API is: in a fleet where the other machines reach it.
    pub fn host_api(&self) -> SocketAddr {
        let this = self.machines.get(&self.instance.machine);
        this.and_then(|this| this.host).unwrap_or(self.host.listen)
    }

    /// Where watch's private listener is: in a fleet where the other machines reach it.
    pub fn watch_private(&self) -> SocketAddr {
        let this = self.machines.get(&self.instance.machine);
        this.and_then(|this| this.watch)
            .unwrap_or(self.watch.health)
    }

    /// Whether this machine has a watch.
    pub fn has_watch(&self) -> bool {
        let this = self.machines.get(&self.instance.machine);
        self.watch.enabled && this.is_none_or(|this| this.watch.is_some())
    }
}

impl Default for Instance {
    fn default() -> Self {
        Self {
            name: "twinline".into(),
            machine: "m1".into(),
            public_url: None,
            fleet_key: None,
            fleet_keys_accepted: Vec::new(),
            seal_key: None,
        }
    }
}

impl Default for Edge {
    fn default() -> Self {
        Self {
            listen: loopback(7400),
            health: loopback(7410),
            body_max_mib: 10,
            inbox_max_gib: 20,
            node_inbox_max_mib: 512,
            node_max_per_s: 200,
            plain_http: false,
            trusted_proxies: Vec::new(),
            trusted_header: TrustedHeader::XForwardedFor,
            proxy: EdgeProxy::default(),
            tls: Vec::new(),
        }
    }
}

impl Default for EdgeProxy {
    fn default() -> Self {
        Self {
            in_flight_per_host: 64,
            streams_per_host: 256,
            connect_ms: 500,
            header_ms: 5000,
            idle_ms: 60_000,
        }
    }
}

impl Default for Host {
    fn default() -> Self {
        Self {
            listen: loopback(7401),
            scripts: Scripts::default(),
            keep_days: KeepDays::default(),
            backfill_share: 0.2,
            files_memory_mib: 64,
        }
    }
}

impl Default for Scripts {
    fn default() -> Self {
        Self {
            workers: 2,
            time_ms: 250,
            memory_mib: 64,
        }
    }
}

impl Default for KeepDays {
    fn default() -> Self {
        Self {
            history: 90,
            observations: 14,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Human,
            level: "info".into(),
        }
    }
}

impl Default for Sweep {
    fn default() -> Self {
        Self {
            period: 60,
            overlap: 300,
            resweep: 3600,
            audit: 86400,
        }
    }
}

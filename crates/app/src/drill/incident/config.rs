//! What the machines of a drill with a watch have in their configuration beside.

use super::super::config::free_addresses;
use super::tenants::{self, Tenant};
use anyhow::{Context, Result};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

/// What signs the pages.
pub(super) const PAGE_SECRET: &str = "what the drill's pages are signed with";
/// What Patroni's callbacks show the watches.
const INBOUND_TOKEN: &str = "what the drill's database shows";
/// What follows in a drill within minutes is not to be gathered into a digest.
const PAGES_MAX: u32 = 20;
/// Who is on call in turns.
pub(super) const PEOPLE: [&str; 2] = ["ada", "bo"];

/// The second step comes after a part of the fault's time, within these limits, in seconds.
const STEP_MIN_S: u64 = 3;
const STEP_MAX_S: u64 = 30;
/// An entry opens after a part of it, and after no longer than by default.
const OPEN_MIN_S: u64 = 2;
const OPEN_MAX_S: u64 = 20;

/// The watches of a drill.
pub(in crate::drill) struct WatchSetting {
    /// Where pages are taken.
    pages: SocketAddr,
    /// The private side and the status page of each machine's.
    pub(in crate::drill) at: Vec<[SocketAddr; 2]>,
    step_s: u64,
    open_s: u64,
    hurried: bool,
}

impl WatchSetting {
    /// One for each machine, at addresses that were free a moment ago. `seconds`: how long the fault will last. `hurried`:
    /// whether hosts are looked at about as often as by default.
    pub(in crate::drill) fn new(
        machines: usize,
        pages: SocketAddr,
        seconds: u64,
        hurried: bool,
    ) -> Result<Self> {
        let free = free_addresses(machines * 2)?;
        let pairs = free.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
        Ok(Self {
            pages,
            at: pairs.collect(),
            step_s: (seconds / 4).clamp(STEP_MIN_S, STEP_MAX_S),
            open_s: (seconds / 4).clamp(OPEN_MIN_S, OPEN_MAX_S),
            hurried,
        })
    }

    /// Writes the secrets beside a machine's configuration.
    pub(in crate::drill) fn write(&self, folder: &Path) -> Result<()> {
        let url = format!("http://{}/pages", self.pages);
        fs::write(folder.join("pages.url"), url).context("writing pages.url")?;
        fs::write(folder.join("pages.secret"), PAGE_SECRET).context("writing pages.secret")?;
        for tenant in Tenant::all() {
            let token = fs::write(folder.join(tenant.file()), tenant.token());
            token.context("writing a tenant's token")?;
        }
        fs::write(folder.join("inbound.token"), INBOUND_TOKEN).context("writing inbound.token")
    }

    /// Where what happens to the database is told, and what is shown there.
    pub(in crate::drill) fn inbound(&self) -> (Vec<String>, &'static str) {
        let all = self
            .at
            .iter()
            .map(|[private, _]| format!("http://{private}"));
        (all.collect(), INBOUND_TOKEN)
    }

    /// The tables of a machine's configuration. The commit canary and the way through the edge are looked at as they are
    /// by default; other probes have the patience that a busy machine needs. What is well again is believed sooner.
    pub(in crate::drill) fn text(&self, machine: usize) -> String {
        let page = self.at[machine][1];
        let (step_s, open_s) = (self.step_s, self.open_s);
        let [first, second] = PEOPLE;
        let patient = "{ period_ms = 1000, deadline_ms = 4000, open_after = 4, close_after = 5 }";
        let host = if self.hurried {
            "{ period_ms = 1000, deadline_ms = 1500, open_after = 3, close_after = 5 }"
        } else {
            patient
        };
        let tenants = tenants::tables();
        // Of these each asks for a host's whole status, or all edges.
        let gentle = "{ period_ms = 5000, deadline_ms = 4000, open_after = 4, close_after = 5 }";
        format!(
            r#"
[watch]
listen = "{page}"
public_url = "http://{page}/"
inbound_token = {{ file = "inbound.token" }}

[watch.probes]
edge = {patient}
host_direct = {host}
peers = {patient}
inbox = {patient}
replica_lag = {patient}
pools = {patient}
sweep = {patient}
disk = {patient}
ledger = {gentle}
credentials = {gentle}
webhooks = {gentle}
signatures = {gentle}
canary_sync = {{ period_ms = 5000, deadline_ms = 10000, open_after = 2, close_after = 3 }}
commit_canary = {{ period_ms = 1000, deadline_ms = 1500, open_after = 2, close_after = 3 }}

[watch.channels]
pages = {{ kind = "webhook", url = {{ file = "pages.url" }}, secrets = [{{ file = "pages.secret" }}] }}

[watch.people]
{first} = {{ zone = "UTC", reach = ["pages:{first}"] }}
{second} = {{ zone = "UTC", reach = ["pages:{second}"] }}

[watch.rotations.primary]
people = ["{first}", "{second}"]
every = "week"
handover = "Mon 09:00 UTC"

[[watch.escalations]]
match = {{ severity = "critical" }}
steps = [{{ to = ["primary"], wait_s = {step_s} }}, {{ to = ["everyone"], wait_s = 300 }}]
repeat = 5

[watch.limits]
pages_per_person_10min = {PAGES_MAX}

[status]
auto_open = {{ after_s = {open_s} }}

{tenants}"#
        )
    }
}

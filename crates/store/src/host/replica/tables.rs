//! Which tables are replicated, and what their keys are.

/// A replicated table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::host) struct Keyed {
    pub(super) name: &'static str,
    /// The columns that tell its rows apart, on every host alike.
    pub(super) key: &'static [&'static str],
    /// Whether its rows vouch for others: everything up to here was read, swept, compared. They are shipped in the last
    /// batch of what they vouch for.
    pub(super) vouches: bool,
}

impl Keyed {
    const fn of(name: &'static str, key: &'static [&'static str]) -> Self {
        Self {
            name,
            key,
            vouches: false,
        }
    }

    const fn cursor(name: &'static str, key: &'static [&'static str]) -> Self {
        Self {
            name,
            key,
            vouches: true,
        }
    }

    /// The key as one text.
    pub(super) fn key_sql(self) -> String {
        format!("json_array({})", self.key.join(", "))
    }
}

const NODES: Keyed = Keyed::of("nodes", &["node"]);
const RULE_VERSIONS: Keyed = Keyed::of("rule_versions", &["connection", "version"]);
pub(in crate::host) const ITEMS: Keyed = Keyed::of("items", &["node", "id"]);
const TWINS: Keyed = Keyed::of("twins", &["link"]);
pub(in crate::host) const OBSERVATIONS: Keyed = Keyed::of("observations", &["digest"]);
pub(in crate::host) const BASES: Keyed = Keyed::of("bases", &["link", "side"]);
pub(in crate::host) const COMMENT_LINKS: Keyed = Keyed::of(
    "comment_links",
    &["root", "origin_node", "origin", "node", "item"],
);
pub(in crate::host) const PARENT_WAITS: Keyed = Keyed::of("parent_waits", &["link", "side"]);
pub(in crate::host) const DIRTY: Keyed = Keyed::of("dirty", &["node", "id"]);
pub(in crate::host) const EFFECTS: Keyed = Keyed::of("effects", &["id"]);
pub(in crate::host) const HISTORY: Keyed = Keyed::of("history", &["seq"]);
pub(in crate::host) const WRITE_SLICES: Keyed = Keyed::of("write_slices", &["connection", "slice"]);
const HOLDS: Keyed = Keyed::of("holds", &["connection"]);
pub(in crate::host) const AUDIT: Keyed = Keyed::of("audit", &["seq"]);
pub(in crate::host) const JOBS: Keyed = Keyed::of("jobs", &["id"]);
pub(super) const RESTORES: Keyed = Keyed::of("restores", &["grp"]);
pub(super) const ABSORBED: Keyed = Keyed::of("absorbed", &["was"]);
pub(super) const EDGE_CURSORS: Keyed = Keyed::cursor("edge_cursors", &["edge"]);
const SWEEP_CURSORS: Keyed = Keyed::cursor("sweep_cursors", &["node", "scope", "kind"]);
const LEDGER: Keyed = Keyed::cursor("ledger", &["node", "kind"]);

/// All of them: every table of the file but `meta`, `trial` and replication's own.
pub(super) const TABLES: &[Keyed] = &[
    NODES,
    RULE_VERSIONS,
    ITEMS,
    TWINS,
    OBSERVATIONS,
    BASES,
    COMMENT_LINKS,
    PARENT_WAITS,
    DIRTY,
    EFFECTS,
    HISTORY,
    WRITE_SLICES,
    HOLDS,
    AUDIT,
    JOBS,
    RESTORES,
    ABSORBED,
    EDGE_CURSORS,
    SWEEP_CURSORS,
    LEDGER,
];

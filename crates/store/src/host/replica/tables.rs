//! Which tables are replicated, and what their keys are.

/// A replicated table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::host) struct Keyed {
    pub(super) name: &'static str,
    /// What it is called in the index of revisions, whose triggers have it written into them: never given to another.
    pub(super) number: i64,
    /// The columns that tell its rows apart, on every host alike.
    pub(super) key: &'static [&'static str],
    /// Whether its rows vouch for others: everything up to here was read, swept, compared. They are shipped in the last
    /// batch of what they vouch for.
    pub(super) vouches: bool,
}

impl Keyed {
    const fn of(number: i64, name: &'static str, key: &'static [&'static str]) -> Self {
        Self {
            name,
            number,
            key,
            vouches: false,
        }
    }

    const fn cursor(number: i64, name: &'static str, key: &'static [&'static str]) -> Self {
        Self {
            name,
            number,
            key,
            vouches: true,
        }
    }

    /// The table's name.
    pub(in crate::host) const fn name(self) -> &'static str {
        self.name
    }

    /// The key as one text.
    pub(super) fn key_sql(self) -> String {
        format!("json_array({})", self.key.join(", "))
    }
}

const NODES: Keyed = Keyed::of(1, "nodes", &["node"]);
const RULE_VERSIONS: Keyed = Keyed::of(2, "rule_versions", &["connection", "version"]);
pub(in crate::host) const ITEMS: Keyed = Keyed::of(3, "items", &["node", "id"]);
const TWINS: Keyed = Keyed::of(4, "twins", &["link"]);
pub(in crate::host) const OBSERVATIONS: Keyed = Keyed::of(5, "observations", &["digest"]);
pub(in crate::host) const BASES: Keyed = Keyed::of(6, "bases", &["link", "side"]);
pub(in crate::host) const COMMENT_LINKS: Keyed = Keyed::of(
    7,
    "comment_links",
    &["root", "origin_node", "origin", "node", "item"],
);
pub(in crate::host) const ATTACHMENT_LINKS: Keyed = Keyed::of(
    21,
    "attachment_links",
    &["root", "origin_node", "origin", "node", "item"],
);
pub(in crate::host) const PARENT_WAITS: Keyed = Keyed::of(8, "parent_waits", &["link", "side"]);
pub(in crate::host) const DIRTY: Keyed = Keyed::of(9, "dirty", &["node", "id"]);
pub(in crate::host) const EFFECTS: Keyed = Keyed::of(10, "effects", &["id"]);
pub(in crate::host) const HISTORY: Keyed = Keyed::of(11, "history", &["seq"]);
pub(in crate::host) const WRITE_SLICES: Keyed =
    Keyed::of(12, "write_slices", &["connection", "slice"]);
const HOLDS: Keyed = Keyed::of(13, "holds", &["connection"]);
pub(in crate::host) const AUDIT: Keyed = Keyed::of(14, "audit", &["seq"]);
pub(in crate::host) const JOBS: Keyed = Keyed::of(15, "jobs", &["id"]);
pub(super) const RESTORES: Keyed = Keyed::of(16, "restores", &["grp"]);
pub(super) const ABSORBED: Keyed = Keyed::of(17, "absorbed", &["was"]);
pub(super) const EDGE_CURSORS: Keyed = Keyed::cursor(18, "edge_cursors", &["edge"]);
const SWEEP_CURSORS: Keyed = Keyed::cursor(19, "sweep_cursors", &["node", "scope", "kind"]);
const LEDGER: Keyed = Keyed::cursor(20, "ledger", &["node", "kind"]);

/// All of them: every table of the file but `meta`, `trial` and replication's own.
pub(super) const TABLES: &[Keyed] = &[
    NODES,
    RULE_VERSIONS,
    ITEMS,
    TWINS,
    OBSERVATIONS,
    BASES,
    COMMENT_LINKS,
    ATTACHMENT_LINKS,
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

//! The number stands for these rows.

use super::REPLICA_FORMAT;
use super::tables::TABLES;
use crate::host::SCHEMA;
use rusqlite::Connection;

/// The replicated tables and their columns by name; `?`: may be NULL.
const ROWS: &str = "\
nodes: node text, paused text?, paused_since integer?, probe text?, probed_at integer?, skew_ms integer
rule_versions: active integer, connection text, digest text, published_at integer, published_by text, rollback_of integer?, sources text, version integer
items: id text, key text, node text, root text?, scope text, seen_at integer, url text, version text
twins: cause text?, comments_waived text, connection text, created_from text?, held text, incarnation integer, left_id text?, left_negative integer?, left_node text, link text, reconciled integer?, right_id text?, right_negative integer?, right_node text, root text, sentence text?, since integer, state text, state_since integer
observations: digest text, item text, seen_at integer
bases: advanced text, asked text, fields text, link text, observation text, pending text, rule_version integer, side text
comment_links: comment text, item text, node text, origin text, origin_item text, origin_node text, parent text, parent_item text, revision text, root text, state text
attachment_links: attachment text, item text, node text, origin text, origin_item text, origin_node text, parent text, parent_item text, reason text, root text, state text, tried integer
parent_waits: confirmed integer, key text, link text, node text, side text
dirty: cause text, due integer, id text, lane text, left_to text?, mark integer, node text, seq integer?, since integer
effects: attempts integer, cause text?, connection text, ended_at integer?, id text, intended_at integer, is_create integer, item text?, link text, next_due integer?, node text, planned text, rule_version integer, scope text, sentence text?, settled integer, started_at integer?, state text, valid_for text
history: at integer, connection text?, entry text, item text, kind text, node text, seq integer?
write_slices: connection text, slice integer, writes integer
holds: budget integer, connection text, held_since integer?, reason text?
audit: action text, at integer, detail text, seq integer?, subject text, who text
jobs: connection text, cursor text?, done integer, failed integer, id text, kind text, sentence text?, spec text, started_at integer, state text, total integer?, updated_at integer
restores: restored_at integer, state_at integer
absorbed: at integer, since integer, was text
edge_cursors: edge text, inbox text, safe integer, taken integer
sweep_cursors: cursor text, finished_at integer?, kind text, node text, scope text, started_at integer?
ledger: accounted_to integer?, audited_to integer?, kind text, node text
";

fn rows_of(conn: &Connection) -> String {
    let table = |name: &str| {
        let mut columns = conn
            .prepare(
                "SELECT name || ' ' || lower(type) || iif(\"notnull\", '', '?') FROM pragma_table_info(?1) \
                 WHERE name NOT IN ('grp', 'epoch', 'rev') ORDER BY name",
            )
            .unwrap();
        let columns = columns.query_map([name], |row| row.get(0)).unwrap();
        let columns: Vec<String> = columns.map(Result::unwrap).collect();
        format!("{name}: {}\n", columns.join(", "))
    };
    TABLES.iter().map(|keyed| table(keyed.name)).collect()
}

/// Who changes the rows raises the form to the number of the migration that does, and tells it here and in the changelog.
#[test]
fn rows_of_this_form_are_these() {
    let conn = Connection::open_in_memory().unwrap();
    let mut forms = Vec::new();
    for step in SCHEMA.migrations {
        conn.execute_batch(step.sql).unwrap();
        if rows_of(&conn) == ROWS {
            forms.push(step.version);
        }
    }
    assert_eq!(rows_of(&conn), ROWS);
    assert_eq!(forms.first(), Some(&REPLICA_FORMAT));
}

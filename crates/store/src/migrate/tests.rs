//! Every released schema version leads to the newest one.
//!
//! A released version has a fixture `KIND-VERSION.sql`: its tables as they were, with a few rows. The newest version's
//! fixture also shows that the migrations make exactly it, so that none is edited after its release.

mod comments;

use crate::StoreError;
use crate::db::{Db, DbOptions, NoFaults, Schema};
use crate::{host, inbox};
use rusqlite::Connection;
use std::path::Path;
use tempfile::TempDir;

/// Statements of a schema, normalised, without comments and what SQLite makes itself.
fn schema_of(conn: &Connection) -> Vec<String> {
    let mut statement = conn
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name")
        .unwrap();
    let rows = statement
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap();
    rows.map(|sql| {
        let sql = sql.unwrap();
        let lines = sql
            .lines()
            .map(|line| line.split("--").next().unwrap_or_default());
        lines
            .flat_map(str::split_whitespace)
            .collect::<Vec<_>>()
            .join(" ")
    })
    .collect()
}

fn make(path: &Path, schema: &Schema, version: i64, fixture: &str) {
    let conn = Connection::open(path).unwrap();
    conn.execute_batch(fixture).unwrap();
    conn.pragma_update(None, "application_id", schema.application_id)
        .unwrap();
    conn.pragma_update(None, "user_version", version).unwrap();
}

/// Opens a file of each fixture's version: it becomes a file of the newest, and `probe` finds the fixture's rows.
async fn check(
    schema: &'static Schema,
    fixtures: &[(i64, &str)],
    probe: fn(&Connection) -> Result<bool, StoreError>,
) {
    let folder = TempDir::new().unwrap();
    let fresh_path = folder.path().join("fresh.db");
    drop(Db::open(&fresh_path, DbOptions::inline(NoFaults), schema).unwrap());
    let fresh = schema_of(&Connection::open(&fresh_path).unwrap());
    let newest = schema.migrations.last().unwrap().version;
    assert_eq!(
        fixtures.last().unwrap().0,
        newest,
        "the newest version has a fixture"
    );
    assert_eq!(
        fixtures.len(),
        schema.migrations.len(),
        "every version has a fixture"
    );
    for (version, fixture) in fixtures {
        let path = folder.path().join(format!("{version}.db"));
        make(&path, schema, *version, fixture);
        if *version == newest {
            assert_eq!(
                schema_of(&Connection::open(&path).unwrap()),
                fresh,
                "migrations make the newest fixture"
            );
        }
        let db = Db::open(&path, DbOptions::inline(NoFaults), schema).unwrap();
        assert!(
            db.read(probe).await.unwrap(),
            "version {version} keeps its rows"
        );
        drop(db);
        let conn = Connection::open(&path).unwrap();
        assert_eq!(schema_of(&conn), fresh, "from version {version}");
        let found: i64 = conn
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(found, newest);
    }
}

fn has_row(conn: &Connection, sql: &str) -> Result<bool, StoreError> {
    Ok(conn.prepare(sql)?.exists([])?)
}

#[tokio::test]
async fn every_host_version_becomes_the_newest() {
    let fixtures = [
        (1, include_str!("fixtures/host-1.sql")),
        (2, include_str!("fixtures/host-2.sql")),
        (3, include_str!("fixtures/host-3.sql")),
        (4, include_str!("fixtures/host-4.sql")),
        (5, include_str!("fixtures/host-5.sql")),
        (6, include_str!("fixtures/host-6.sql")),
        (7, include_str!("fixtures/host-7.sql")),
        (8, include_str!("fixtures/host-8.sql")),
        (9, include_str!("fixtures/host-9.sql")),
        (10, include_str!("fixtures/host-10.sql")),
        (11, include_str!("fixtures/host-11.sql")),
        (12, include_str!("fixtures/host-12.sql")),
        (13, include_str!("fixtures/host-13.sql")),
        (14, include_str!("fixtures/host-14.sql")),
        (15, include_str!("fixtures/host-15.sql")),
        (16, include_str!("fixtures/host-16.sql")),
    ];
    check(&host::SCHEMA, &fixtures, |conn| {
        has_row(
            conn,
            "SELECT 1 FROM twins WHERE link = 'l1' AND right_id = '10' AND state = 'live'",
        )
    })
    .await;
}

#[tokio::test]
async fn every_inbox_version_becomes_the_newest() {
    let fixtures = [
        (1, include_str!("fixtures/inbox-1.sql")),
        (2, include_str!("fixtures/inbox-2.sql")),
        (3, include_str!("fixtures/inbox-3.sql")),
        (4, include_str!("fixtures/inbox-4.sql")),
        (5, include_str!("fixtures/inbox-5.sql")),
    ];
    check(&inbox::SCHEMA, &fixtures, |conn| {
        has_row(
            conn,
            "SELECT 1 FROM deliveries WHERE seq = 7 AND body = x'7b7d'",
        )
    })
    .await;
}

#[test]
fn versions_are_numbered_without_gaps() {
    for schema in [&host::SCHEMA, &inbox::SCHEMA] {
        let versions: Vec<_> = schema.migrations.iter().map(|m| m.version).collect();
        assert_eq!(
            versions,
            (1..=versions.len() as i64).collect::<Vec<_>>(),
            "{}",
            schema.name
        );
    }
}

//! Both executors store the same, and every row says whose it is.

use super::*;
use crate::db::Db;
use proptest::prelude::*;

/// One write of a random history.
#[derive(Clone, Debug)]
enum Op {
    Mark(u8, bool, i64),
    Clear(u8),
    Twin(u8, Option<u8>),
    Observe(u8, i64),
    Fails(u8),
    Prune(i64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0..4u8, any::<bool>(), 0..50i64).prop_map(|(item, live, due)| Op::Mark(item, live, due)),
        (0..4u8).prop_map(Op::Clear),
        (0..4u8, proptest::option::of(0..4u8)).prop_map(|(left, right)| Op::Twin(left, right)),
        (0..4u8, 0..50i64).prop_map(|(text, at)| Op::Observe(text, at)),
        (0..4u8).prop_map(Op::Fails),
        (0..200i64).prop_map(Op::Prune),
    ]
}

fn run(tx: &HostTx<'_>, op: &Op) -> Result<(), StoreError> {
    let item = |n: &u8| id("gh", &n.to_string());
    let mark = |n: &u8, live: bool, due| Mark {
        item: item(n),
        lane: if live { Lane::Live } else { Lane::Backfill },
        cause: "sweep".to_owned(),
        due: at(due),
        at: at(0),
    };
    match op {
        Op::Mark(n, live, due) => tx.mark_dirty(&mark(n, *live, *due)).map(drop),
        Op::Clear(n) => match tx.dirty(&item(n))? {
            Some(row) => tx.clear_dirty(&item(n), row.mark).map(drop),
            None => Ok(()),
        },
        Op::Twin(left, right) => {
            let right = right.map(|right| right.to_string());
            tx.put_twin(&twin(
                &format!("l{left}"),
                &left.to_string(),
                right.as_deref(),
                TwinState::Live,
            ))
        }
        Op::Observe(text, seen) => tx
            .put_observation(&observation(&text.to_string()), at(*seen))
            .map(drop),
        Op::Fails(n) => {
            tx.mark_dirty(&mark(n, true, 0))?;
            Err(StoreError::Missing("a reason to go on".to_owned()))
        }
        Op::Prune(now) => {
            let keep = HostKeep {
                observations: std::time::Duration::from_millis(20),
                ..HostKeep::default()
            };
            tx.prune(&keep, at(*now), &PruneCursor::default()).map(drop)
        }
    }
}

/// Every row of every table, as text.
fn dump(conn: &rusqlite::Connection) -> Result<Vec<String>, StoreError> {
    let mut rows = Vec::new();
    for table in tables(conn)? {
        let mut statement = conn.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2"))?;
        let columns = statement.column_count();
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let values = (0..columns).map(|c| row.get::<_, rusqlite::types::Value>(c));
            rows.push(format!(
                "{table} {:?}",
                values.collect::<Result<Vec<_>, _>>()?
            ));
        }
    }
    Ok(rows)
}

fn tables(conn: &rusqlite::Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = conn.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

async fn outcome(options: DbOptions, ops: &[Op]) -> (Vec<bool>, Vec<String>) {
    let folder = TempDir::new().unwrap();
    let host = HostStore::open(&folder.path().join("host.db"), options, "acme")
        .await
        .unwrap();
    let mut results = Vec::new();
    for op in ops {
        let op = op.clone();
        results.push(host.write(move |tx| run(tx, &op)).await.is_ok());
    }
    let db: &Db = host.db();
    let rows = db.read(dump).await.unwrap();
    (results, rows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn thread_and_inline_store_the_same(ops in proptest::collection::vec(op(), 1..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (threads, inline) = runtime.block_on(async {
            (outcome(DbOptions::default(), &ops).await, outcome(DbOptions::inline(NoFaults), &ops).await)
        });
        prop_assert_eq!(threads, inline);
    }
}

#[tokio::test]
async fn every_table_carries_group_epoch_and_revision() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let lacking = host
        .db()
        .read(|conn| {
            let mut lacking = Vec::new();
            for table in tables(conn)? {
                let sql = "SELECT count(*) FROM pragma_table_info(?1) WHERE name IN ('grp', 'epoch', 'rev') AND \"notnull\"";
                let found: i64 = conn.query_row(sql, [&table], |row| row.get(0))?;
                if found != 3 {
                    lacking.push(table);
                }
            }
            Ok(lacking)
        })
        .await
        .unwrap();
    assert_eq!(
        lacking,
        ["listed", "replication", "trial", "twin_tally"],
        "what the store knows of itself is nobody's row"
    );
}

#[tokio::test]
async fn rows_carry_their_writer_and_a_revision_that_rises() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    let other = host.as_owner(Stamp {
        group: GroupId::new("g9"),
        epoch: Epoch::new(2, 5),
    });
    host.write(|tx| tx.put_edge_cursor("e1", &EdgeCursor::default()))
        .await
        .unwrap();
    other
        .write(|tx| tx.put_edge_cursor("e2", &EdgeCursor::default()))
        .await
        .unwrap();
    let rows: Vec<(String, String, i64, i64)> = host
        .db()
        .read(|conn| {
            let mut statement =
                conn.prepare("SELECT edge, grp, epoch, rev FROM edge_cursors ORDER BY edge")?;
            let rows = statement.query_map([], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
        .unwrap();
    assert_eq!(rows[0].1, "local");
    assert_eq!(
        (rows[1].1.as_str(), rows[1].2),
        ("g9", Epoch::new(2, 5).to_stored())
    );
    assert!(rows[0].3 < rows[1].3);
}

//! The two ways in: reading, and writing with a stamp on every row.

use super::HostMeta;
use crate::StoreError;
use crate::stamp::{Epoch, GroupId, Stamp};
use rusqlite::{Connection, OptionalExtension, Params, Row, ToSql};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::OnceLock;

/// Reads the host's state. One value sees one snapshot.
pub struct HostRead<'a> {
    conn: &'a Connection,
}

impl<'a> HostRead<'a> {
    pub(super) const fn new(conn: &'a Connection) -> Self {
        Self { conn }
    }

    /// Who the file belongs to.
    pub fn meta(&self) -> Result<HostMeta, StoreError> {
        meta_or_none(self.conn)?.ok_or_else(|| StoreError::Missing("the file's owner".to_owned()))
    }

    /// The row of a query, if there is one.
    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        rows.next()?.map(read).transpose()
    }

    /// All rows of a query.
    pub(super) fn many<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(read(row)?);
        }
        Ok(all)
    }
}

/// A statement that inserts a row, or replaces the columns of the one with the same key; worded once.
pub(super) struct Upsert {
    table: &'static str,
    key: &'static [&'static str],
    columns: &'static [&'static str],
    /// Those of the columns that an index has and that seldom change.
    indexed: &'static [&'static str],
    sql: OnceLock<String>,
    narrow: OnceLock<String>,
}

impl Upsert {
    /// The columns are given in two lists, the key first.
    pub(super) const fn new(
        table: &'static str,
        key: &'static [&'static str],
        columns: &'static [&'static str],
    ) -> Self {
        Self {
            table,
            key,
            columns,
            indexed: &[],
            sql: OnceLock::new(),
            narrow: OnceLock::new(),
        }
    }

    /// Where these columns are as they were they are not written: SQLite writes every index whose columns a statement sets,
    /// changed or not.
    pub(super) const fn indexed(mut self, columns: &'static [&'static str]) -> Self {
        self.indexed = columns;
        self
    }

    /// Replaces the other columns of the row whose key and indexed columns are the given ones.
    fn narrow(&self) -> &str {
        self.narrow.get_or_init(|| {
            let all = self.key.iter().chain(self.columns);
            let places: BTreeMap<&str, usize> = all.copied().zip(4..).collect();
            let rest = self
                .columns
                .iter()
                .filter(|column| !self.indexed.contains(column));
            let sets = ["grp = ?1", "epoch = ?2", "rev = ?3"].map(str::to_owned);
            let sets = sets.into_iter();
            let sets: Vec<String> = sets
                .chain(rest.map(|column| format!("{column} = ?{}", places[column])))
                .collect();
            let keys = self.key.iter();
            let keys = keys.map(|column| format!("{column} = ?{}", places[column]));
            // Also where the column's own order takes letters of either case for one.
            let same = self.indexed.iter();
            let same = same.map(|column| format!("{column} IS ?{} COLLATE BINARY", places[column]));
            let conditions: Vec<String> = keys.chain(same).collect();
            format!(
                "UPDATE {} SET {} WHERE {}",
                self.table,
                sets.join(", "),
                conditions.join(" AND ")
            )
        })
    }

    fn sql(&self, values: usize) -> &str {
        let Self {
            table,
            key,
            columns,
            sql,
            ..
        } = self;
        assert_eq!(
            key.len() + columns.len(),
            values,
            "{table}: a value for each column"
        );
        sql.get_or_init(|| {
            let names = [*key, *columns].concat().join(", ");
            let places: Vec<String> = (4..4 + values).map(|n| format!("?{n}")).collect();
            let updates: Vec<String> = ["grp", "epoch", "rev"]
                .iter()
                .chain(*columns)
                .map(|column| format!("{column} = excluded.{column}"))
                .collect();
            format!(
                "INSERT INTO {table} (grp, epoch, rev, {names}) VALUES (?1, ?2, ?3, {}) \
                 ON CONFLICT ({}) DO UPDATE SET {}",
                places.join(", "),
                key.join(", "),
                updates.join(", ")
            )
        })
    }
}

/// One atomic step on the host's state. Reads see what the step itself has written.
pub struct HostTx<'a> {
    read: HostRead<'a>,
    stamp: &'a Stamp,
    /// The revision of this step, taken at its first write.
    rev: Cell<Option<i64>>,
}

impl<'a> Deref for HostTx<'a> {
    type Target = HostRead<'a>;

    fn deref(&self) -> &Self::Target {
        &self.read
    }
}

impl<'a> HostTx<'a> {
    pub(super) const fn new(conn: &'a Connection, stamp: &'a Stamp) -> Self {
        Self {
            read: HostRead::new(conn),
            stamp,
            rev: Cell::new(None),
        }
    }

    /// The revision that this step's rows carry: greater than that of every earlier step in this file.
    pub(super) fn rev(&self) -> Result<i64, StoreError> {
        if let Some(rev) = self.rev.get() {
            return Ok(rev);
        }
        let mut statement = self
            .conn
            .prepare_cached("UPDATE meta SET rev = rev + 1 RETURNING rev")?;
        let rev = statement.query_row([], |row| row.get(0))?;
        self.rev.set(Some(rev));
        Ok(rev)
    }

    /// Takes a further revision for what follows: a step of very many rows is read in pieces.
    pub(super) fn next_rev(&self) -> Result<i64, StoreError> {
        self.rev.set(None);
        self.rev()
    }

    /// Runs a writing statement; returns how many rows it changed. Its first three parameters are `?1` group,
    /// `?2` epoch, `?3` revision; the given ones follow from `?4` on.
    pub(super) fn stamped(&self, sql: &str, params: &[&dyn ToSql]) -> Result<usize, StoreError> {
        let rev = self.rev()?;
        let (group, epoch) = (self.stamp.group.as_str(), self.stamp.epoch.to_stored());
        let mut all: Vec<&dyn ToSql> = Vec::with_capacity(params.len() + 3);
        all.extend([&group as &dyn ToSql, &epoch, &rev]);
        all.extend(params);
        Ok(self.conn.prepare_cached(sql)?.execute(all.as_slice())?)
    }

    /// Inserts a row, or replaces the columns of the one with the same key. The values in the order of the columns.
    pub(super) fn upsert(&self, into: &Upsert, values: &[&dyn ToSql]) -> Result<(), StoreError> {
        if !into.indexed.is_empty() && self.stamped(into.narrow(), values)? > 0 {
            return Ok(());
        }
        self.stamped(into.sql(values.len()), values).map(drop)
    }

    /// The connection, for statements that stamp nothing.
    pub(super) const fn conn(&self) -> &Connection {
        self.read.conn
    }
}

/// Who the file belongs to; `None` in a file that was just made.
pub(super) fn meta_or_none(conn: &Connection) -> Result<Option<HostMeta>, StoreError> {
    let meta = conn
        .query_row("SELECT instance, grp, epoch FROM meta", [], |row| {
            Ok(HostMeta {
                instance: row.get(0)?,
                group: GroupId::new(row.get::<_, String>(1)?),
                epoch: Epoch::from_stored(row.get(2)?),
            })
        })
        .optional()?;
    Ok(meta)
}

/// Gives a new file its owner.
pub(super) fn make_meta(conn: &Connection, instance: &str) -> Result<HostMeta, StoreError> {
    let meta = HostMeta {
        instance: instance.to_owned(),
        group: GroupId::local(),
        epoch: Epoch::FIRST,
    };
    conn.execute(
        "INSERT INTO meta (one, instance, grp, epoch, rev) VALUES (1, ?1, ?2, ?3, 0)",
        (instance, meta.group.as_str(), meta.epoch.to_stored()),
    )?;
    Ok(meta)
}

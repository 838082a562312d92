//! What a release writes into stores that another release opens: a file that is put back, a fleet's central database that
//! machines of two releases use side by side.

use crate::central::MIGRATIONS;
use crate::db::Schema;
use crate::host;
use crate::host::replica::{REPLICA_FORMAT, REPLICA_FORMAT_READ};
use crate::migrate::Migration;

/// The forms of what one release stores.
#[derive(Clone, Copy, Debug)]
pub struct Formats {
    /// Of a host's file.
    pub(crate) host: &'static Schema,
    /// The steps of the central schema, oldest first.
    pub(crate) central: &'static [&'static str],
    /// The form of replicated rows that is shipped.
    pub(crate) replica: i64,
    /// The latest form that is read.
    pub(crate) replica_read: i64,
}

/// What a later release would add.
#[derive(Clone, Debug, Default)]
pub struct Further {
    /// Further steps of a host's file.
    pub host: Vec<String>,
    /// Whether replicated rows mean something else after them.
    pub changes_rows: bool,
    /// Further steps of the central schema.
    pub central: Vec<String>,
}

impl Formats {
    /// Those of this release.
    pub const CURRENT: Self = Self {
        host: &host::SCHEMA,
        central: MIGRATIONS,
        replica: REPLICA_FORMAT,
        replica_read: REPLICA_FORMAT_READ,
    };

    /// Those of a release that comes after this one, to be tried beside it. They are kept for as long as the process lives:
    /// a program calls it once.
    #[must_use]
    pub fn followed_by(&self, further: Further) -> Self {
        let text = |sql: String| -> &'static str { sql.leak() };
        let mut steps = self.host.migrations.to_vec();
        let newest = steps.last().map_or(0, |last| last.version);
        let later = further.host.into_iter().map(text);
        steps.extend(
            (newest + 1..)
                .zip(later)
                .map(|(version, sql)| Migration { version, sql }),
        );
        let newest = steps.last().map_or(0, |last| last.version);
        let mut central = self.central.to_vec();
        central.extend(further.central.into_iter().map(text));
        let changed = |form| if further.changes_rows { newest } else { form };
        Self {
            host: Box::leak(Box::new(Schema {
                migrations: steps.leak(),
                ..*self.host
            })),
            central: central.leak(),
            replica: changed(self.replica),
            replica_read: changed(self.replica_read),
        }
    }

    /// The newest central schema that is known.
    pub(crate) const fn central_newest(&self) -> i64 {
        self.central.len() as i64
    }
}

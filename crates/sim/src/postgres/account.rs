//! Whose account the server runs under: PostgreSQL refuses to run as root.

use super::{PostgresError, system};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// Accounts to take when this process is root's: the package's own, then the one that owns nothing.
const INSTEAD_OF_ROOT: [&str; 2] = ["postgres", "nobody"];

/// An account without root's rights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    /// User and group to change to; `None`: the process has no root's rights and stays who it is.
    change_to: Option<(u32, u32)>,
}

impl Account {
    pub(crate) fn for_server() -> Result<Self, PostgresError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self { change_to: None });
        }
        let users =
            std::fs::read_to_string("/etc/passwd").map_err(|e| system("reading /etc/passwd", e))?;
        let change_to = INSTEAD_OF_ROOT.iter().find_map(|name| ids(&users, name));
        if change_to.is_none() {
            return Err(system(
                "an account to run PostgreSQL under, since root may not",
                std::io::ErrorKind::NotFound.into(),
            ));
        }
        Ok(Self { change_to })
    }

    /// Makes a file or folder the account's own.
    pub(crate) fn give(self, path: &Path) -> Result<(), PostgresError> {
        match self.change_to {
            None => Ok(()),
            Some((user, group)) => chown(path, Some(user), Some(group))
                .map_err(|e| system(format!("giving {} away", path.display()), e)),
        }
    }

    /// Makes a program run under the account.
    pub(crate) fn runs(self, command: &mut Command) {
        if let Some((user, group)) = self.change_to {
            command.uid(user).gid(group);
        }
    }
}

/// User and group of a name in `/etc/passwd` (passwd(5)).
fn ids(users: &str, name: &str) -> Option<(u32, u32)> {
    let line = users
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

//! Installing what the tests need beside Rust and a C compiler: said first, pinned, and only what is missing.

mod debian;
mod etcd;
mod faketime;
pub mod haproxy;
mod npm;
mod patroni;
mod postgres;
mod prometheus;
pub mod python;
pub mod redmine;
mod smtpd;
pub mod systemd;

use crate::say;
use anyhow::Result;

/// One thing that tests need.
struct Need {
    /// What it is and what for, for a person.
    what: &'static str,
    missing: fn() -> bool,
    install: fn() -> Result<()>,
}

const NEEDS: &[Need] = &[
    Need {
        what: "Redmine 5 with SQLite and puma, from the distribution's packages (the real tracker of the suite)",
        missing: redmine::is_wanted,
        install: redmine::install,
    },
    Need {
        what: "PostgreSQL, from the distribution's packages (the central database of the suite; each test runs its own)",
        missing: postgres::is_wanted,
        install: postgres::install,
    },
    Need {
        what: "Node.js and npm, from the distribution's packages (they fetch what npm publishes for the tests)",
        missing: npm::npm_is_missing,
        install: npm::install_npm,
    },
    Need {
        what: "Python 3 with venv, from the distribution's packages (for the Python clients and readers)",
        missing: python::venv_is_missing,
        install: python::install_venv,
    },
    Need {
        what: "etcd, from the distribution's packages (who owns which nodes in a fleet; each test runs its own)",
        missing: etcd::is_wanted,
        install: etcd::install,
    },
    Need {
        what: "Patroni, from the distribution's packages (a central database that fails over; each test runs its own)",
        missing: patroni::is_wanted,
        install: patroni::install,
    },
    Need {
        what: "HAProxy, from the distribution's packages (what stands before the conventional service of the incident)",
        missing: haproxy::is_wanted,
        install: haproxy::install,
    },
    Need {
        what: "Prometheus and Alertmanager, from the distribution's packages (they judge deploy/prometheus; each test runs its own)",
        missing: prometheus::is_wanted,
        install: prometheus::install,
    },
    Need {
        what: "aiosmtpd, from the distribution's packages (the mail server of the suite; each test runs its own)",
        missing: smtpd::is_wanted,
        install: smtpd::install,
    },
    Need {
        what: "libfaketime, from the distribution's packages (a clock that is put while watch works)",
        missing: faketime::is_wanted,
        install: faketime::install,
    },
    Need {
        what: "systemd-analyze, from the distribution's packages (it judges deploy/systemd)",
        missing: systemd::is_wanted,
        install: systemd::install,
    },
    Need {
        what: "GitHub's published webhook examples, from npm, under target/testdata",
        missing: npm::examples_are_missing,
        install: npm::install_examples,
    },
    Need {
        what: "Chromium, from the distribution's packages (it shows the status page to axe)",
        missing: npm::chromium_is_wanted,
        install: npm::install_chromium,
    },
    Need {
        what: "axe-core, from npm, under target/testdata (it judges whether everybody can use the status page)",
        missing: npm::axe_is_missing,
        install: npm::install_axe,
    },
    Need {
        what: "Atlassian's published schema of its document format, from npm, under target/testdata",
        missing: npm::schema_is_missing,
        install: npm::install_schema,
    },
    Need {
        what: "six Python clients, PyGithub, jira, azure-devops, zenpy, pysnc and python-redmine, in an environment under target/testdata",
        missing: python::is_missing,
        install: python::install,
    },
    Need {
        what: "a client library of status pages, statuspage.io, from npm, under target/testdata",
        missing: npm::statuspage_is_missing,
        install: npm::install_statuspage,
    },
    Need {
        what: "what reads the status page, statuspage-prometheus-exporter, feedparser and lxml with Atom's grammar, in an environment of Python under target/testdata",
        missing: python::readers_are_missing,
        install: python::install_readers,
    },
];

/// Installs what is missing; says so first.
pub fn all() -> Result<()> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| (need.missing)()).collect();
    for need in &missing {
        say(&format!("installing {}", need.what));
    }
    for need in missing {
        (need.install)()?;
    }
    Ok(())
}

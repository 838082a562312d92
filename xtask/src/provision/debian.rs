//! Debian packages, through apt-get as root (or through sudo without a question).

use crate::run;
use anyhow::{Context, Result, bail};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Whether this machine installs Debian's packages.
pub(super) fn is_here() -> bool {
    run::exists("apt-get")
}

/// Answers debconf's questions ahead: lines of `package question type value`.
pub(super) fn preseed(answers: &[&str]) -> Result<()> {
    let mut child = as_root("debconf-set-selections")?
        .stdin(Stdio::piped())
        .spawn()
        .context("starting debconf-set-selections")?;
    let mut stdin = child.stdin.take().expect("it was asked for");
    for answer in answers {
        writeln!(stdin, "{answer}").context("answering debconf")?;
    }
    drop(stdin);
    if !child
        .wait()
        .context("waiting for debconf-set-selections")?
        .success()
    {
        bail!(
            "debconf-set-selections refused the answers for {}",
            answers.join("; ")
        );
    }
    Ok(())
}

/// Installs packages without recommended ones. `environment` reaches the packages' own configure steps.
pub(super) fn install(packages: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    if !is_here() {
        bail!(
            "{} must be installed, and there is no apt-get here: install what is meant yourself, or run with --quick",
            packages.join(", ")
        );
    }
    run::quietly(as_root("apt-get")?.args(["update", "-qq"]))?;
    let mut command = as_root("apt-get")?;
    command
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(packages);
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .envs(environment.iter().copied());
    run::quietly(&mut command).map(drop)
}

fn as_root(program: &str) -> Result<Command> {
    if rustix::process::geteuid().is_root() {
        return Ok(Command::new(program));
    }
    if !run::exists("sudo") {
        bail!(
            "{program} needs root and there is no sudo; install the packages yourself or run with --quick"
        );
    }
    let mut command = Command::new("sudo");
    command.args([
        "--non-interactive",
        "--preserve-env=DEBIAN_FRONTEND,BUNDLER_VERSION,RUNLEVEL",
        program,
    ]);
    Ok(command)
}

//! Asking a person at a terminal. Elsewhere nobody is asked: what is missing is said.

use anyhow::{Context as _, Result};
use rustix::termios::{self, LocalModes, OptionalActions, Termios};
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use twinline_trackers::http::Secret;

/// The longest answer and secret, in bytes.
const ANSWER_MAX_BYTES: u64 = 64 * 1024;

/// Who answers.
pub(super) trait Ask {
    /// Whether there is somebody to ask.
    fn can(&self) -> bool;
    /// Tells something.
    fn tell(&mut self, text: &str) -> Result<()>;
    /// Asks for a text; an empty answer is the default.
    fn line(&mut self, question: &str, default: &str) -> Result<String>;
    /// Asks for a secret, which is not shown while it is typed.
    fn secret(&mut self, question: &str) -> Result<Secret>;
}

/// The person at this process's terminal, if there is one.
#[derive(Debug)]
pub(super) struct Terminal {
    there: bool,
}

impl Terminal {
    /// `quiet`: nobody is to be asked, since a program reads the answer.
    pub(super) fn new(quiet: bool) -> Self {
        let there = io::stdin().is_terminal() && io::stderr().is_terminal();
        Self {
            there: there && !quiet,
        }
    }
}

impl Ask for Terminal {
    fn can(&self) -> bool {
        self.there
    }

    fn tell(&mut self, text: &str) -> Result<()> {
        writeln!(io::stderr(), "{text}").context("writing to the terminal")
    }

    fn line(&mut self, question: &str, default: &str) -> Result<String> {
        let hint = if default.is_empty() {
            String::new()
        } else {
            format!(" [{default}]")
        };
        write!(io::stderr(), "{question}{hint}: ").context("writing to the terminal")?;
        let answer = read_line()?;
        let answer = answer.trim();
        Ok(if answer.is_empty() { default } else { answer }.to_owned())
    }

    fn secret(&mut self, question: &str) -> Result<Secret> {
        write!(io::stderr(), "{question} (not shown): ").context("writing to the terminal")?;
        let _silent = Silent::begin()?;
        let typed = read_line().map(Secret::new);
        // The line feed that was typed was not shown either.
        writeln!(io::stderr()).context("writing to the terminal")?;
        typed
    }
}

/// The secret on standard input, which ends there.
pub(super) fn secret_from_stdin() -> Result<Secret> {
    let mut text = String::new();
    let mut bounded = io::stdin().lock().take(ANSWER_MAX_BYTES);
    bounded
        .read_to_string(&mut text)
        .context("reading the secret from standard input")?;
    Ok(Secret::new(text))
}

fn read_line() -> Result<String> {
    let mut text = String::new();
    let mut bounded = io::stdin().lock().take(ANSWER_MAX_BYTES);
    let read = bounded
        .read_line(&mut text)
        .context("reading from the terminal")?;
    anyhow::ensure!(read > 0, "the terminal has ended: nothing was written");
    Ok(text)
}

/// The terminal, not showing what is typed for as long as this lives.
struct Silent {
    before: Termios,
}

impl Silent {
    fn begin() -> Result<Self> {
        let before =
            termios::tcgetattr(io::stdin()).context("asking for the terminal's settings")?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        termios::tcsetattr(io::stdin(), OptionalActions::Flush, &silent)
            .context("keeping the terminal from showing the secret")?;
        Ok(Self { before })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        // The terminal may be gone; then there is nothing to put back.
        let _gone = termios::tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}

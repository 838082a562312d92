//! Asking a person at a terminal. Elsewhere nobody is asked: what is missing is said.

use anyhow::{Context as _, Result};
use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use std::io::{self, BufRead as _, IsTerminal as _, Read, Write as _};
use twinline_trackers::http::Secret;

/// The longest answer and secret, in bytes.
const ANSWER_MAX_BYTES: u64 = 64 * 1024;
/// What Ctrl-C types.
const INTERRUPT: char = '\u{3}';

/// Who answers.
pub(in crate::commands) trait Ask {
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
pub(in crate::commands) struct Terminal {
    there: bool,
}

impl Terminal {
    /// `quiet`: nobody is to be asked, since a program reads the answer.
    pub(in crate::commands) fn new(quiet: bool) -> Self {
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
        let typed = read_line();
        // The line feed that was typed was not shown either.
        writeln!(io::stderr()).context("writing to the terminal")?;
        typed_secret(&typed?)
    }
}

/// What was typed, unless it was broken off or holds what no secret has and nobody can see.
fn typed_secret(typed: &str) -> Result<Secret> {
    let typed = typed.trim_end_matches(['\n', '\r']);
    anyhow::ensure!(
        !typed.ends_with(INTERRUPT),
        "broken off: nothing was written"
    );
    anyhow::ensure!(
        !typed.contains(char::is_control),
        "a key was pressed that types no character: nothing was written"
    );
    Ok(Secret::new(typed))
}

/// The secret on standard input, which ends there.
pub(in crate::commands) fn secret_from_stdin() -> Result<Secret> {
    secret_from(io::stdin().lock())
}

fn secret_from(input: impl Read) -> Result<Secret> {
    let mut text = String::new();
    let mut bounded = input.take(ANSWER_MAX_BYTES + 1);
    let read = bounded
        .read_to_string(&mut text)
        .context("reading the secret from standard input")?;
    anyhow::ensure!(
        read as u64 <= ANSWER_MAX_BYTES,
        "what stands on standard input is longer than {ANSWER_MAX_BYTES} bytes, and no secret"
    );
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

/// The terminal, not showing what is typed for as long as this lives. Ctrl-C ends the line instead of the process, which
/// would leave the terminal silent.
struct Silent {
    before: Termios,
}

impl Silent {
    fn begin() -> Result<Self> {
        let before =
            termios::tcgetattr(io::stdin()).context("asking for the terminal's settings")?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        silent.local_modes.remove(LocalModes::ISIG);
        silent.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT as u8;
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

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;

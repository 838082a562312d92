//! What a command answers: one JSON document for programs, a short text for people.

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value as Json;
use std::io::{self, IsTerminal as _, Write as _};

/// A command's answer.
#[derive(Clone, Debug)]
pub struct Report {
    /// For programs.
    pub json: Json,
    /// For people.
    pub text: String,
    /// The exit code.
    pub code: i32,
}

impl Report {
    /// An answer that says that it was done.
    pub fn done(json: &impl Serialize, text: impl Into<String>) -> Result<Self> {
        Ok(Self {
            json: serde_json::to_value(json).context("making the JSON answer")?,
            text: text.into(),
            code: crate::exit::OK,
        })
    }

    /// The same with another exit code.
    #[must_use]
    pub const fn with_code(mut self, code: i32) -> Self {
        self.code = code;
        self
    }

    /// Prints it.
    pub fn print(&self, as_json: bool) -> Result<()> {
        if as_json {
            line(&self.json.to_string())
        } else {
            line(self.text.trim_end())
        }
    }
}

/// Prints one line, or several, to standard output. A reader that has gone away is no error.
pub fn line(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("writing the answer"),
    }
}

/// Says something to the person at the terminal, beside the answer.
pub fn aside(text: &str) {
    // There is nobody to tell when standard error is closed.
    drop(writeln!(io::stderr(), "{text}"));
}

/// Prints how a command failed: to the person, and as the JSON document where one is expected.
pub fn failure(error: &anyhow::Error, code: i32, as_json: bool) {
    let text = format!("{error:#}");
    let bold = io::stderr().is_terminal();
    aside(&if bold {
        format!("\u{1b}[31;1merror:\u{1b}[0m {text}")
    } else {
        format!("error: {text}")
    });
    if as_json {
        let document = serde_json::json!({ "error": text, "exit": code });
        // Standard output has gone: the exit code still tells.
        drop(line(&document.to_string()));
    }
}

/// Rows in aligned columns; the last column is not padded.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with headings.
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self {
            rows: vec![headings.map(str::to_owned).to_vec()],
        }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| one_line(&cell)).to_vec());
    }

    /// The text; empty when there is no row but the headings.
    pub fn text(&self) -> String {
        if self.rows.len() < 2 {
            return String::new();
        }
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut written = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let pad = width.saturating_sub(cell.chars().count()) + 2;
                written.push_str(cell);
                written.extend(std::iter::repeat_n(' ', pad));
            }
            text.push_str(written.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Control characters, which a tracker's text may hold, never reach a terminal.
fn one_line(cell: &str) -> String {
    cell.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;

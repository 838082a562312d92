//! CSV files of pairs and keys.

use crate::exit::{Coded, USAGE};
use std::path::Path;

/// Rows of one file: more are a mistake, or are better split.
const ROWS_MAX: usize = 1_000_000;
/// Faulty lines that are named at once.
const FAULTS_MAX: usize = 20;

/// Pairs under the headings `left,right`.
///
/// # Errors
/// What is wrong with which line.
pub fn pairs(file: &Path) -> Result<Vec<(String, String)>, Coded> {
    let rows = read(file, &["left", "right"])?;
    Ok(rows
        .into_iter()
        .map(|mut row| (row.remove(0), row.remove(0)))
        .collect())
}

/// Keys under the heading `item`.
///
/// # Errors
/// What is wrong with which line.
pub fn items(file: &Path) -> Result<Vec<String>, Coded> {
    let rows = read(file, &["item"])?;
    Ok(rows.into_iter().map(|mut row| row.remove(0)).collect())
}

fn read(file: &Path, headings: &[&str]) -> Result<Vec<Vec<String>>, Coded> {
    let fail = |line: Option<u64>, reason: String| {
        let line = line.map_or_else(String::new, |line| format!(":{line}"));
        Coded::new(USAGE, format!("{}{line}: {reason}", file.display()))
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(true)
        .from_path(file)
        .map_err(|error| fail(None, format!("cannot be read: {error}")))?;
    let found: Vec<String> = reader
        .headers()
        .map_err(|error| fail(Some(1), error.to_string()))?
        .iter()
        .map(str::to_owned)
        .collect();
    if found != headings {
        let reason = format!(
            "the headings are '{}'; write '{}'",
            found.join(","),
            headings.join(",")
        );
        return Err(fail(Some(1), reason));
    }
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map(csv::Position::line);
            fail(line, error.to_string())
        })?;
        let line = record.position().map(csv::Position::line);
        match fault(&record, headings) {
            Some(fault) => faults.push(fail(line, fault).sentence),
            None if rows.len() == ROWS_MAX => {
                return Err(fail(
                    line,
                    format!("more than {ROWS_MAX} rows: split the file"),
                ));
            }
            None => rows.push(record.iter().map(str::to_owned).collect()),
        }
        if faults.len() == FAULTS_MAX {
            break;
        }
    }
    if faults.is_empty() {
        return Ok(rows);
    }
    Err(Coded::new(
        USAGE,
        format!("{}\nnothing was done", faults.join("\n")),
    ))
}

/// What is wrong with a line.
fn fault(record: &csv::StringRecord, headings: &[&str]) -> Option<String> {
    if record.len() != headings.len() {
        let wanted = headings.join(",");
        return Some(format!(
            "{} columns where '{wanted}' is asked for",
            record.len()
        ));
    }
    record
        .iter()
        .position(str::is_empty)
        .and_then(|column| headings.get(column))
        .map(|heading| format!("the key under '{heading}' is missing"))
}

#[cfg(test)]
#[path = "pairs_tests.rs"]
mod tests;

//! CSV files of pairs and keys.

use super::review;
use crate::exit::{Coded, USAGE};
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

/// Rows of one file: more are a mistake, or are better split.
const ROWS_MAX: usize = 1_000_000;
/// Faulty lines that are named at once.
const FAULTS_MAX: usize = 20;

/// Columns of a file with a line for each of something.
struct Columns {
    headings: &'static [&'static str],
    /// Whether a line counts, else what is wrong with it; lines that do not count are there to be read.
    counts: fn(&csv::StringRecord) -> Result<bool, String>,
    /// The columns that must be filled.
    keys: &'static [usize],
}

const PAIRS: Columns = Columns {
    headings: &["left", "right"],
    counts: |_| Ok(true),
    keys: &[0, 1],
};

const ITEMS: Columns = Columns {
    headings: &["item"],
    counts: |_| Ok(true),
    keys: &[0],
};

/// What `link --match` has written and a person has edited.
const REVIEWED: Columns = Columns {
    headings: &review::HEADINGS,
    counts: reviewed,
    keys: &[1, 2],
};

fn reviewed(line: &csv::StringRecord) -> Result<bool, String> {
    match line.get(0).unwrap_or_default() {
        said if said.eq_ignore_ascii_case(review::YES) => Ok(true),
        said if said.is_empty() || said.eq_ignore_ascii_case(review::NO) => Ok(false),
        said => Err(format!(
            "'{said}' under 'link'; write '{}' or '{}'",
            review::YES,
            review::NO
        )),
    }
}

/// Pairs under the headings `left,right`, or those of a review file that say `yes`.
///
/// # Errors
/// What is wrong with which line.
pub fn pairs(file: &Path) -> Result<Vec<(String, String)>, Coded> {
    let rows = read(file, &[PAIRS, REVIEWED])?;
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
    let rows = read(file, &[ITEMS])?;
    Ok(rows.into_iter().map(|mut row| row.remove(0)).collect())
}

/// The keys of the lines that count, of a file with one of these columns.
fn read(file: &Path, forms: &[Columns]) -> Result<Vec<Vec<String>>, Coded> {
    let fail = |line: Option<u64>, reason: String| {
        let line = line.map_or_else(String::new, |line| format!(":{line}"));
        Coded::new(USAGE, format!("{}{line}: {reason}", file.display()))
    };
    let unreadable = |error: std::io::Error| fail(None, format!("cannot be read: {error}"));
    let mut text = BufReader::new(File::open(file).map_err(unreadable)?);
    let separator = separator(text.fill_buf().map_err(unreadable)?);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text);
    let found: Vec<String> = reader
        .headers()
        .map_err(|error| fail(Some(1), error.to_string()))?
        .iter()
        .map(str::to_owned)
        .collect();
    let Some(columns) = forms.iter().find(|columns| found == columns.headings) else {
        let written: Vec<String> = forms.iter().map(Columns::written).collect();
        let reason = format!(
            "the headings are '{}'; write {}",
            found.join(","),
            written.join(" or ")
        );
        return Err(fail(Some(1), reason));
    };
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map(csv::Position::line);
            fail(line, error.to_string())
        })?;
        let line = record.position().map(csv::Position::line);
        match columns.keys_of(&record) {
            Err(fault) => faults.push(fail(line, fault).sentence),
            Ok(None) => {}
            Ok(Some(_)) if rows.len() == ROWS_MAX => {
                return Err(fail(
                    line,
                    format!("more than {ROWS_MAX} rows: split the file"),
                ));
            }
            Ok(Some(keys)) => rows.push(keys),
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

impl Columns {
    fn written(&self) -> String {
        format!("'{}'", self.headings.join(","))
    }

    /// The keys of a line; `None` where it does not count; else what is wrong with it.
    fn keys_of(&self, line: &csv::StringRecord) -> Result<Option<Vec<String>>, String> {
        if line.len() != self.headings.len() {
            return Err(format!(
                "{} columns where {} is asked for",
                line.len(),
                self.written()
            ));
        }
        if !(self.counts)(line)? {
            return Ok(None);
        }
        let key = |column: &usize| match line.get(*column).unwrap_or_default() {
            "" => Err(format!(
                "the key under '{}' is missing",
                self.headings[*column]
            )),
            key => Ok(key.to_owned()),
        };
        self.keys
            .iter()
            .map(key)
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

/// What stands between two columns: a comma, or what spreadsheets write where a comma stands in numbers.
fn separator(text: &[u8]) -> u8 {
    let head = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let others = [b';', b'\t'];
    let other = others.into_iter().find(|other| head.contains(other));
    other.filter(|_| !head.contains(&b',')).unwrap_or(b',')
}

#[cfg(test)]
#[path = "pairs_tests.rs"]
mod tests;

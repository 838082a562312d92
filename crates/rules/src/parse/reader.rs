//! Typed reading of TOML tables: each key is asked for once, and what was not asked for is an error.

use crate::finding::{Finding, Severity, Spot, suggest};
use crate::model::{Literal, Placed};
use crate::source::SourceFile;
use std::cell::RefCell;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The file being read, and the findings so far.
pub(super) struct Reader<'a> {
    source: &'a SourceFile,
    findings: RefCell<Vec<Finding>>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(source: &'a SourceFile) -> Self {
        Self {
            source,
            findings: RefCell::new(Vec::new()),
        }
    }

    pub(super) fn file_name(&self) -> &str {
        &self.source.name
    }

    pub(super) fn spot(&self, span: &Range<usize>) -> Spot {
        self.source.spot(span.start)
    }

    pub(super) fn error(&self, spot: Spot, what: impl Into<String>, way_out: impl Into<String>) {
        self.findings.borrow_mut().push(Finding {
            severity: Severity::Error,
            file: self.source.name.clone(),
            spot,
            what: what.into(),
            way_out: way_out.into(),
        });
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        let mut findings = self.findings.into_inner();
        findings.sort_by_key(|finding| finding.spot);
        findings
    }
}

/// One table being read. [`Table::finish`] reports the keys that nobody asked for.
pub(super) struct Table<'r, 'a> {
    pub(super) reader: &'r Reader<'a>,
    /// As a person writes it: `[fields.summary]`.
    pub(super) path: String,
    pub(super) spot: Spot,
    entries: &'r DeTable<'a>,
    asked: RefCell<Vec<&'static str>>,
}

/// A key and its value.
pub(super) type Entry<'r, 'a> = (Placed<&'r str>, &'r Spanned<DeValue<'a>>);

impl<'r, 'a> Table<'r, 'a> {
    pub(super) const fn new(
        reader: &'r Reader<'a>,
        path: String,
        spot: Spot,
        entries: &'r DeTable<'a>,
    ) -> Self {
        Self {
            reader,
            path,
            spot,
            entries,
            asked: RefCell::new(Vec::new()),
        }
    }

    /// All entries in the order of the file.
    pub(super) fn entries(&self) -> Vec<Entry<'r, 'a>> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let placed = |key: &'r Spanned<_>| -> Placed<&'r str> {
            let text: &std::borrow::Cow<'a, str> = key.get_ref();
            Placed {
                value: text.as_ref(),
                spot: self.reader.spot(&key.span()),
            }
        };
        entries
            .into_iter()
            .map(|(key, value)| (placed(key), value))
            .collect()
    }

    pub(super) fn get(&self, key: &'static str) -> Option<Entry<'r, 'a>> {
        self.asked.borrow_mut().push(key);
        self.entries()
            .into_iter()
            .find(|(name, _)| name.value == key)
    }

    /// Reports the missing key.
    pub(super) fn missing(&self, key: &str, way_out: &str) {
        self.reader
            .error(self.spot, format!("{} lacks '{key}'", self.path), way_out);
    }

    pub(super) fn string(&self, key: &'static str) -> Option<Placed<String>> {
        let (_, value) = self.get(key)?;
        self.text_of(key, value)
    }

    pub(super) fn text_of(
        &self,
        key: &str,
        value: &Spanned<DeValue<'a>>,
    ) -> Option<Placed<String>> {
        let spot = self.reader.spot(&value.span());
        match value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() => Some(Placed {
                value: text.to_owned(),
                spot,
            }),
            Some(_) => {
                let what = format!("'{key}' in {} is empty", self.path);
                self.reader
                    .error(spot, what, "write a text, or leave the key out");
                None
            }
            None => {
                self.wrong_type(key, value, "a string, such as \"text\"");
                None
            }
        }
    }

    pub(super) fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'a>>, wanted: &str) {
        let what = format!("'{key}' in {} is {}", self.path, describe(value.get_ref()));
        let spot = self.reader.spot(&value.span());
        self.reader.error(spot, what, format!("write {wanted}"));
    }

    /// One of a closed list of words.
    pub(super) fn choice<T: Copy>(
        &self,
        key: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<Placed<T>> {
        let text = self.string(key)?;
        self.word(key, &text, words)
    }

    pub(super) fn word<T: Copy>(
        &self,
        key: &str,
        text: &Placed<String>,
        words: &[(&'static str, T)],
    ) -> Option<Placed<T>> {
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) {
            return Some(Placed {
                value: *value,
                spot: text.spot,
            });
        }
        let list: Vec<String> = words
            .iter()
            .map(|(word, _)| format!("\"{word}\""))
            .collect();
        self.reader.error(
            text.spot,
            format!("'{key}' in {} cannot be \"{}\"", self.path, text.value),
            format!("write {}", list.join(" or ")),
        );
        None
    }

    /// A whole number within bounds.
    pub(super) fn number(&self, key: &'static str, least: u32, most: u32) -> Option<u32> {
        let (_, value) = self.get(key)?;
        self.number_of(key, value, least, most)
    }

    pub(super) fn number_of(
        &self,
        key: &str,
        value: &Spanned<DeValue<'a>>,
        least: u32,
        most: u32,
    ) -> Option<u32> {
        let read = integer(value.get_ref()).and_then(|number| u32::try_from(number).ok());
        match read {
            Some(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                let wanted = format!("a whole number from {least} to {most}");
                self.wrong_type(key, value, &wanted);
                None
            }
        }
    }

    /// A string or a list of strings.
    pub(super) fn strings(&self, key: &'static str) -> Option<Vec<Placed<String>>> {
        let (_, value) = self.get(key)?;
        Some(self.strings_of(key, value))
    }

    pub(super) fn strings_of(
        &self,
        key: &str,
        value: &Spanned<DeValue<'a>>,
    ) -> Vec<Placed<String>> {
        let Some(list) = value.get_ref().as_array() else {
            return self.text_of(key, value).into_iter().collect();
        };
        list.iter()
            .filter_map(|element| self.text_of(key, element))
            .collect()
    }

    pub(super) fn table(&self, key: &'static str) -> Option<Table<'r, 'a>> {
        let (name, value) = self.get(key)?;
        self.table_of(&name, value)
    }

    pub(super) fn table_of(
        &self,
        name: &Placed<&str>,
        value: &'r Spanned<DeValue<'a>>,
    ) -> Option<Table<'r, 'a>> {
        let Some(entries) = value.get_ref().as_table() else {
            self.wrong_type(name.value, value, "a table, such as { key = \"value\" }");
            return None;
        };
        let path = match self.path.strip_suffix(']') {
            Some(open) => format!("{open}.{}]", name.value),
            None => format!("[{}]", name.value),
        };
        Some(Table::new(self.reader, path, name.spot, entries))
    }

    pub(super) fn literal_of(
        &self,
        key: &str,
        value: &Spanned<DeValue<'a>>,
    ) -> Option<Placed<Literal>> {
        let spot = self.reader.spot(&value.span());
        let read = match value.get_ref() {
            DeValue::String(text) => Some(Literal::Text(text.clone().into_owned())),
            DeValue::Boolean(yes) => Some(Literal::Bool(*yes)),
            other => integer(other).map(Literal::Integer),
        };
        if read.is_none() {
            self.wrong_type(key, value, "a string, a whole number or a boolean");
        }
        read.map(|value| Placed { value, spot })
    }

    /// Reports every key that nobody asked for.
    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        for (key, _) in self.entries() {
            if !asked.contains(&key.value) {
                let what = format!("{} has no key '{}'", self.path, key.value);
                let way_out = suggest(key.value, asked.iter().copied());
                self.reader.error(key.spot, what, way_out);
            }
        }
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// The value as an error shows it: its kind, and the value itself where it is short.
fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!(
            "the string \"{}\"",
            text.chars().take(60).collect::<String>()
        ),
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(yes) => format!("the boolean {yes}"),
        DeValue::Datetime(instant) => format!("the date {instant}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

//! Texts and comments.

use super::super::case::{Audience, Case, Spot, Talk};
use super::super::person::dialect;
use super::super::site;
use super::super::text::lost;
use super::{Scene, Verdict};
use anyhow::Result;
use twinline_core::item::{Comment, Value, field};
use twinline_core::richtext::{Block, Document};

impl Scene<'_> {
    /// A text stands on the other side as its notation can hold it.
    pub(super) async fn text(&self) -> Result<Verdict> {
        match self.running.case.spot() {
            Some(Spot::Comment) => self.comment(Audience::Public, Talk::Add).await,
            _ => self.description().await,
        }
    }

    async fn description(&self) -> Result<Verdict> {
        let (here, there) = (self.read(self.from).await?, self.read(self.to()).await?);
        let text =
            |fields: &std::collections::BTreeMap<_, Value>| match fields.get(field::DESCRIPTION) {
                Some(Value::Rich(document)) => document.clone(),
                Some(Value::Text(text)) => Document::from_plain(text),
                _ => Document::default(),
            };
        let (wanted, found) = (text(&here.fields), text(&there.fields));
        if let Some(verdict) = self.same(&wanted, &found) {
            return Ok(verdict);
        }
        let made_with_it = self.running.case.begins_with(self.running.way).is_some();
        let writable = self
            .judge
            .descriptions
            .get(self.to())
            .fields
            .get(field::DESCRIPTION);
        if !made_with_it && writable.is_some_and(|field| !field.writable) {
            let label = self.label(self.to());
            return Ok(Verdict::Degrades(match self.said.about("description") {
                Some(reason) => reason,
                None => format!("{label} keeps the description as it was made"),
            }));
        }
        let failure = format!("{found:?} instead of {wanted:?}");
        Ok(self.excused("description", failure))
    }

    /// Whether a text shows another as the target's notation can, and what is lost of it.
    fn same(&self, wanted: &Document, found: &Document) -> Option<Verdict> {
        let notation = dialect(self.place(self.to()));
        let (held, losses) = notation.project(wanted);
        if notation.project(found).0 != held || found.is_empty() != wanted.is_empty() {
            return None;
        }
        Some(match lost(&losses) {
            None => Verdict::Crosses,
            Some(lost) => Verdict::Degrades(format!("as text, without: {lost}")),
        })
    }

    /// What is to become of a comment.
    pub(super) async fn comment(&self, audience: Audience, talk: Talk) -> Result<Verdict> {
        let tag = format!("C{}:", self.running.number);
        let to = self.to();
        let there = self.read(to).await?.comments.unwrap_or_default();
        let copies: Vec<&Comment> = there
            .iter()
            .filter(|comment| comment.body.plain().contains(&tag))
            .collect();
        let channel = site::channel(self.place(to), audience);
        let Some(channel) = channel else {
            return Ok(self.kept_back(&tag));
        };
        if let Some(stray) = copies.iter().find(|copy| copy.channel != channel) {
            return Ok(Verdict::Failed(format!(
                "it stands in the channel '{}'",
                stray.channel
            )));
        }
        let capabilities = self.judge.readers.get(to).capabilities();
        if talk == Talk::Delete {
            return Ok(match (copies.as_slice(), capabilities.comment_delete) {
                ([], _) => Verdict::Crosses,
                (_, false) => match self.said.comments.first() {
                    Some(reason) => Verdict::Degrades(format!("it stays: {reason}")),
                    None => self.not_said("the deleted comment is still there"),
                },
                _ => self.not_said("the deleted comment is still there"),
            });
        }
        let here = self.read(self.from).await?.comments.unwrap_or_default();
        let id = self.running.comment.as_deref();
        let Some(original) = here.iter().find(|comment| Some(comment.id.as_str()) == id) else {
            return Ok(Verdict::Failed(format!(
                "the connector does not read the comment {id:?}"
            )));
        };
        let bodies: Vec<Document> = copies.iter().map(|copy| below_header(&copy.body)).collect();
        match bodies.as_slice() {
            [body] => Ok(match self.same(&original.body, body) {
                Some(verdict) => verdict,
                None => self.not_said(&format!("{body:?} instead of {:?}", original.body)),
            }),
            [_, correction] if talk == Talk::Edit && !capabilities.comment_edit => {
                Ok(match self.same(&original.body, correction) {
                    Some(Verdict::Crosses) => Verdict::Degrades(format!(
                        "{} cannot edit a comment: a correction is written below it",
                        self.label(to)
                    )),
                    Some(other) => other,
                    None => self.not_said("the correction says something else"),
                })
            }
            other => Ok(self.not_said(&format!("it stands {} times", other.len()))),
        }
    }

    /// An internal comment never enters a tracker without internal comments.
    fn kept_back(&self, tag: &str) -> Verdict {
        let to = self.to();
        let items = &self.dumps.get(to).items;
        let leaked = items.iter().find(|item| {
            let mut texts = item.comments.iter().map(|comment| &comment.body);
            item.body.contains(tag) || texts.any(|text| text.contains(tag))
        });
        match leaked {
            Some(item) => Verdict::Failed(format!("an internal comment stands in {}", item.key)),
            None => Verdict::absent(self.place(to), ""),
        }
    }

    fn not_said(&self, failure: &str) -> Verdict {
        let waived = self.said.comments.first();
        match waived.filter(|_| matches!(self.running.case, Case::Comment(..) | Case::Text(..))) {
            Some(reason) => Verdict::Degrades(reason.clone()),
            None => Verdict::Failed(format!("{failure}; the product says: {}", self.said)),
        }
    }
}

/// A copy's text without the line that names its author.
fn below_header(document: &Document) -> Document {
    let has_header = matches!(document.blocks.first(), Some(Block::Paragraph(_)));
    let below = document.blocks.iter().skip(usize::from(has_header));
    Document {
        blocks: below.cloned().collect(),
    }
}

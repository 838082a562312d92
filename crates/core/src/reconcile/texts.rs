//! How a rich text crosses: block by block, as both trackers show it.

use super::views::Scene;
use crate::capability::Capabilities;
use crate::effect::FieldWrite;
use crate::item::{Value, field};
use crate::names::{FieldName, ReplicaField, Side};
use crate::richtext::merge::merge3;
use crate::richtext::{Block, Dialect, Document, LossKind, diff, far_beyond};
use std::collections::BTreeSet;

/// The notations that a text crosses between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Texts {
    pub(super) from: Dialect,
    pub(super) to: Dialect,
}

impl Texts {
    /// The notations of one write: of the native field that is written, and of the source's texts that cause it. Where
    /// these have several, the poorest: what it does not show cannot have been removed there.
    pub(super) fn between(
        scene: &Scene<'_>,
        from: Side,
        native: &FieldName,
        causes: &BTreeSet<ReplicaField>,
    ) -> Self {
        let (source, item) = (scene.side(from), scene.items.get(from));
        let natives = causes
            .iter()
            .flat_map(|field| scene.contract_of(field).native.get(from));
        let texts = natives.filter(|name| matches!(item.fields.get(*name), Some(Value::Rich(_))));
        let dialects = texts.map(|name| source.dialect(name));
        Self {
            from: dialects
                .max_by_key(|dialect| rank(*dialect))
                .unwrap_or(source.capabilities.dialect),
            to: scene.side(from.other()).dialect(native),
        }
    }

    /// Carries the edit `old` → `new` onto another text. A block that the edit left alone is kept as it is, with all that
    /// the source cannot show. `None` where both texts changed one block.
    pub(super) fn carry(self, old: &Document, onto: &Document, new: &Document) -> Option<Document> {
        let merged = merge3(old, onto, new, &|block| self.shared(block));
        merged.conflicts.is_empty().then_some(merged.document)
    }

    /// Makes a text say `new`. A block that says the same already is kept as it is.
    pub(super) fn replace(self, onto: &Document, new: &Document) -> Document {
        merge3(onto, onto, new, &|block| self.shared(block)).document
    }

    /// What a write takes from the target's text although nobody removed it: the source could not show it, and its block
    /// was edited there.
    pub(super) fn lost(self, before: Option<&Value>, after: &Value) -> BTreeSet<LossKind> {
        let (Some(Value::Rich(before)), Value::Rich(after)) = (before, after) else {
            return BTreeSet::new();
        };
        let report = self.from.project(before).1;
        if self.from == self.to || report.is_empty() {
            return BTreeSet::new();
        }
        let touched: BTreeSet<_> = diff::touched(before, after, self.to).into_iter().collect();
        let losses = report.losses.iter();
        let listed = losses.filter(|loss| touched.contains(&loss.block));
        let mut lost: BTreeSet<_> = listed.map(|loss| loss.what).collect();
        // Beyond the report's limit every block may have lost its form.
        if report.more > 0 && !touched.is_empty() {
            lost.insert(LossKind::Form);
        }
        lost
    }

    /// What the target cannot show of a written value.
    pub(super) fn unshown(self, write: &FieldWrite) -> BTreeSet<LossKind> {
        let FieldWrite::Replace(Value::Rich(text)) = write else {
            return BTreeSet::new();
        };
        let losses = self.to.project(text).1.losses;
        losses.into_iter().map(|loss| loss.what).collect()
    }

    /// What both trackers show of a block. The richer notation is asked first in both directions, so that both compare
    /// by the same keys.
    fn shared(self, block: &Block) -> Document {
        if self.from == self.to {
            return self.to.project_block(block);
        }
        let (first, last) = if rank(self.from) < rank(self.to) {
            (self.from, self.to)
        } else {
            (self.to, self.from)
        };
        last.project(&first.project_block(block)).0
    }
}

/// The notations from the richest to the poorest.
const fn rank(dialect: Dialect) -> u8 {
    match dialect {
        Dialect::Adf => 0,
        Dialect::Html => 1,
        Dialect::Markdown => 2,
        Dialect::Textile => 3,
        Dialect::Plain => 4,
    }
}

/// How many characters a value has beyond what a side's tracker takes in a native field: its length and the limit.
/// `None` where it fits, or no limit is known.
pub(super) fn beyond_limit(
    scene: &Scene<'_>,
    side: Side,
    native: &FieldName,
    value: &Value,
) -> Option<(usize, usize)> {
    let facts = scene.side(side);
    let limit = limit(facts.capabilities, native)?;
    let chars = match value {
        Value::Text(text) => Some(text.chars().count()).filter(|chars| *chars > limit),
        Value::Rich(text) => facts.dialect(native).beyond(text, limit),
        _ => None,
    };
    Some((chars?, limit))
}

/// [`beyond_limit`] where the words alone tell: asked first, so that megabytes which cannot cross anyway are neither
/// merged nor written out in the target's notation.
pub(super) fn far_beyond_limit(
    scene: &Scene<'_>,
    side: Side,
    native: &FieldName,
    value: &Value,
) -> Option<(usize, usize)> {
    let limit = limit(scene.side(side).capabilities, native)?;
    let Value::Rich(text) = value else {
        return None;
    };
    Some((far_beyond(text, limit)?, limit))
}

fn limit(capabilities: &Capabilities, native: &FieldName) -> Option<usize> {
    match native.as_str() {
        field::SUMMARY => Some(capabilities.summary_max_chars),
        field::DESCRIPTION => Some(capabilities.description_max_chars),
        _ => None,
    }
}

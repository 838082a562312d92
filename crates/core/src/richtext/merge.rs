//! Crossing an edit onto the other side's text, block by block.
//!
//! Blocks are compared as the poorer side shows them, through `project`. A block of ours that the edit left alone is kept
//! verbatim, with all that the other side cannot show; only the blocks that were edited are replaced.

use super::align::Interner;
use super::model::{Block, Document};
use anchors::{Anchor, anchors};
use std::ops::Range;

mod anchors;

/// The outcome of a merge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Our text with their edits, and with our blocks where there is a conflict.
    pub document: Document,
    /// Where both changed the same blocks differently, in order.
    pub conflicts: Vec<BlockConflict>,
}

/// Blocks that both sides changed, differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockConflict {
    /// Where our blocks stand in the merged document.
    pub at: Range<usize>,
    /// What they were.
    pub base: Vec<Block>,
    /// What we made of them.
    pub ours: Vec<Block>,
    /// What they made of them.
    pub theirs: Vec<Block>,
}

/// Crosses the edit from `base` to `theirs` onto `ours`. `project` gives what the poorer of both sides shows of a block;
/// the identity compares all.
///
/// Neither side's edit is lost silently: both changed ⇒ listed as a conflict, unless both made the same change. Time is
/// bounded as [the alignment](super) is: in a text of thousands of blocks without any that occurs once, a long changed
/// stretch is one region.
pub fn merge3(
    base: &Document,
    ours: &Document,
    theirs: &Document,
    project: &dyn Fn(&Block) -> Document,
) -> Merged {
    let (base, ours, theirs) = (base.shallow(), ours.shallow(), theirs.shallow());
    let mut keys = Interner::new();
    let base = Side::new(&base, project, &mut keys);
    let ours = Side::new(&ours, project, &mut keys);
    let theirs = Side::new(&theirs, project, &mut keys);
    let mut merge = Merge {
        base: &base,
        ours: &ours,
        theirs: &theirs,
        merged: Merged::default(),
    };
    merge.run(&anchors(&base, &ours, &theirs));
    merge.merged
}

/// One version, as keys of what is shown of it.
struct Side<'a> {
    blocks: &'a [Block],
    keys: Vec<usize>,
    /// For each block where its keys begin, and at last the number of keys. A block that shows nothing has none.
    starts: Vec<usize>,
    /// For each key its block.
    owner: Vec<usize>,
}

impl<'a> Side<'a> {
    fn new(
        document: &'a Document,
        project: &dyn Fn(&Block) -> Document,
        interner: &mut Interner<Block>,
    ) -> Self {
        let mut side = Self {
            blocks: &document.blocks,
            keys: Vec::new(),
            starts: Vec::new(),
            owner: Vec::new(),
        };
        for (position, block) in document.blocks.iter().enumerate() {
            side.starts.push(side.keys.len());
            for shown in project(block).blocks {
                side.keys.push(interner.key(shown));
                side.owner.push(position);
            }
        }
        side.starts.push(side.keys.len());
        side
    }

    /// The keys of the block that has a key.
    fn siblings(&self, key: usize) -> Range<usize> {
        let block = self.owner[key];
        self.starts[block]..self.starts[block + 1]
    }

    /// The blocks between two keys, without those of the keys. Blocks that show nothing are among them.
    fn between(&self, keys: &Range<usize>) -> Range<usize> {
        let first = match keys.start.checked_sub(1) {
            Some(before) => self.owner[before] + 1,
            None => 0,
        };
        let end = self.owner.get(keys.end).copied();
        // Inside a block that has several keys there is no block between them.
        first..end.unwrap_or(self.blocks.len()).max(first)
    }

    fn shows(&self, block: usize) -> bool {
        self.starts[block] < self.starts[block + 1]
    }
}

struct Merge<'a> {
    base: &'a Side<'a>,
    ours: &'a Side<'a>,
    theirs: &'a Side<'a>,
    merged: Merged,
}

/// A stretch of keys of all three sides.
type Region = [Range<usize>; 3];

impl Merge<'_> {
    fn run(&mut self, anchors: &[Anchor]) {
        let mut done: Anchor = [0, 0, 0];
        for anchor in anchors {
            self.region([done[0]..anchor[0], done[1]..anchor[1], done[2]..anchor[2]]);
            let first = self.ours.siblings(anchor[1]).start == anchor[1];
            if first {
                let block = self.ours.owner[anchor[1]];
                self.keep(block..block + 1);
            }
            done = anchor.map(|key| key + 1);
        }
        let ends = [self.base, self.ours, self.theirs].map(|side| side.keys.len());
        self.region([done[0]..ends[0], done[1]..ends[1], done[2]..ends[2]]);
    }

    /// Settles what lies between two anchors.
    fn region(&mut self, region: Region) {
        if let Some(rows) = self.rows(&region) {
            for row in rows {
                self.settle(row);
            }
        } else {
            self.settle(region);
        }
    }

    /// Edits of neighbouring blocks, one by one, where all sides have equally many and each is shown as one.
    fn rows(&self, region: &Region) -> Option<Vec<Region>> {
        let [base, ours, theirs] = region.clone();
        let simple = |side: &Side<'_>, keys: &Range<usize>| {
            let single = keys.clone().all(|key| side.siblings(key).len() == 1);
            single && side.between(keys).len() == keys.len()
        };
        let equal = base.len() == ours.len() && base.len() == theirs.len();
        let all_simple =
            simple(self.base, &base) && simple(self.ours, &ours) && simple(self.theirs, &theirs);
        if !equal || base.len() < 2 || !all_simple {
            return None;
        }
        let rows = base.zip(ours).zip(theirs);
        Some(
            rows.map(|((b, o), t)| [b..b + 1, o..o + 1, t..t + 1])
                .collect(),
        )
    }

    fn settle(&mut self, region: Region) {
        let [base, ours, theirs] = region;
        let was = &self.base.keys[base.clone()];
        let we = &self.ours.keys[ours.clone()];
        let they = &self.theirs.keys[theirs.clone()];
        let (unchanged, same, ours_unchanged) = (they == was, they == we, we == was);
        let our_blocks = self.ours.between(&ours);
        if unchanged || same {
            self.keep(our_blocks);
        } else if ours_unchanged {
            // What the edit could not see, it did not remove.
            let shows = |block: &usize| self.ours.shows(*block);
            let unseen = our_blocks.clone().take_while(|block| !shows(block)).count();
            let (before, after) = (our_blocks.start, our_blocks.start + unseen);
            self.keep(before..after);
            let blocks = &self.theirs.blocks[self.theirs.between(&theirs)];
            self.merged.document.blocks.extend_from_slice(blocks);
            for block in (after..our_blocks.end).filter(|block| !self.ours.shows(*block)) {
                self.keep(block..block + 1);
            }
        } else {
            let start = self.merged.document.blocks.len();
            self.keep(our_blocks.clone());
            self.merged.conflicts.push(BlockConflict {
                at: start..self.merged.document.blocks.len(),
                base: self.base.blocks[self.base.between(&base)].to_vec(),
                ours: self.ours.blocks[our_blocks].to_vec(),
                theirs: self.theirs.blocks[self.theirs.between(&theirs)].to_vec(),
            });
        }
    }

    fn keep(&mut self, blocks: Range<usize>) {
        let blocks = &self.ours.blocks[blocks];
        self.merged.document.blocks.extend_from_slice(blocks);
    }
}

#[cfg(test)]
mod tests;

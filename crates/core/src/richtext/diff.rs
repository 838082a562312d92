//! Which blocks an edit touched.

use super::align::{self, Interner};
use super::dialect::Dialect;
use super::model::{Block, Document};

/// The positions of the blocks of `base` that an edit changed or removed, as a tracker of `dialect` sees it.
pub fn touched(base: &Document, new: &Document, dialect: Dialect) -> Vec<usize> {
    let mut keys = Interner::new();
    let mut keys_of = |document: &Document| {
        let mut out: Vec<(usize, usize)> = Vec::new();
        for (position, block) in document.blocks.iter().enumerate() {
            let shown = dialect.project_block(block).blocks;
            out.extend(
                shown
                    .into_iter()
                    .map(|block: Block| (position, keys.key(block))),
            );
        }
        out
    };
    let (base, new) = (keys_of(base), keys_of(new));
    let only = |keys: &[(usize, usize)]| keys.iter().map(|(_, key)| *key).collect::<Vec<_>>();
    let same = align::matches(&only(&base), &only(&new));
    let changed = base
        .iter()
        .zip(&same)
        .filter(|(_, partner)| partner.is_none());
    let mut positions: Vec<usize> = changed.map(|((position, _), _)| *position).collect();
    positions.dedup();
    positions
}

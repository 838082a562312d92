//! What all three versions have in common.

use super::Side;
use crate::richtext::align;
use std::ops::Range;

/// Keys that are the same in all three: base, ours, theirs.
pub(super) type Anchor = [usize; 3];

/// The anchors, whole blocks of every side only: a block that is shown as several is kept or replaced as one.
pub(super) fn anchors(base: &Side<'_>, ours: &Side<'_>, theirs: &Side<'_>) -> Vec<Anchor> {
    let in_ours = align::matches(&base.keys, &ours.keys);
    let in_theirs = align::matches(&base.keys, &theirs.keys);
    let pairs = in_ours.iter().zip(&in_theirs).enumerate();
    let anchors: Vec<Anchor> = pairs
        .filter_map(|(at, (ours, theirs))| Some([at, (*ours)?, (*theirs)?]))
        .collect();
    let sides = [(base, 0), (ours, 1), (theirs, 2)];
    let sides = sides.map(|(side, which)| Groups::new(side, which, &anchors));
    let kept = kept(sides, anchors.len());
    let anchors = anchors.into_iter().zip(kept);
    anchors
        .filter_map(|(anchor, kept)| kept.then_some(anchor))
        .collect()
}

/// The anchors of one side's blocks.
struct Groups {
    /// For each block that has anchors, those, and whether all of them are to be kept.
    groups: Vec<(Range<usize>, bool)>,
    /// For each anchor its block's position in `groups`.
    of: Vec<usize>,
}

impl Groups {
    fn new(side: &Side<'_>, which: usize, anchors: &[Anchor]) -> Self {
        let mut out = Self {
            groups: Vec::new(),
            of: Vec::with_capacity(anchors.len()),
        };
        let mut start = 0;
        while start < anchors.len() {
            let keys = side.siblings(anchors[start][which]);
            let same = anchors[start..]
                .iter()
                .take_while(|anchor| keys.contains(&anchor[which]));
            let end = start + same.count();
            let steady = anchors[start..end]
                .windows(2)
                .all(|pair| (0..3).all(|side| pair[0][side] + 1 == pair[1][side]));
            out.of.resize(end, out.groups.len());
            out.groups
                .push((start..end, steady && end - start == keys.len()));
            start = end;
        }
        out
    }
}

/// Which anchors stay: those whose block on every side is anchored wholly and without a gap on any side. An anchor that
/// goes takes with it the blocks that it is in; each block goes once, so the work is linear.
fn kept(mut sides: [Groups; 3], anchors: usize) -> Vec<bool> {
    let mut kept = vec![true; anchors];
    let mut dropped: Vec<Range<usize>> = sides
        .iter()
        .flat_map(|side| &side.groups)
        .filter(|(_, whole)| !whole)
        .map(|(group, _)| group.clone())
        .collect();
    while let Some(group) = dropped.pop() {
        for at in group {
            if !std::mem::replace(&mut kept[at], false) {
                continue;
            }
            for side in &mut sides {
                let (group, whole) = &mut side.groups[side.of[at]];
                if std::mem::replace(whole, false) {
                    dropped.push(group.clone());
                }
            }
        }
    }
    kept
}

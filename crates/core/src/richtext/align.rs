//! Which blocks of two versions of a document are the same, in bounded time.
//!
//! Common blocks at both ends are matched first. Between them, blocks that occur once in both versions anchor the rest
//! (patience), a few rounds deep. What is left between anchors is matched by longest common subsequence while the budget
//! lasts, and else counts as changed. So the work is at most [`MAX_ROUNDS`] × n log n plus [`MAX_CELLS`].

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// How often a gap between anchors is searched for anchors of its own.
const MAX_ROUNDS: usize = 8;

/// How many cells all tables of longest common subsequences may have together (two bytes each).
const MAX_CELLS: usize = 4_000_000;

/// A number for each thing, the same for equal ones.
#[derive(Debug)]
pub(super) struct Interner<T> {
    known: HashMap<T, usize>,
}

impl<T: Eq + std::hash::Hash> Interner<T> {
    pub(super) fn new() -> Self {
        Self {
            known: HashMap::new(),
        }
    }

    pub(super) fn key(&mut self, thing: T) -> usize {
        let next = self.known.len();
        *self.known.entry(thing).or_insert(next)
    }
}

/// For each position of `left` the position in `right` that is the same, increasing.
pub(super) fn matches(left: &[usize], right: &[usize]) -> Vec<Option<usize>> {
    let mut search = Search {
        left,
        right,
        found: vec![None; left.len()],
        cells: MAX_CELLS,
    };
    let mut gaps = vec![(0..left.len(), 0..right.len(), 0)];
    while let Some((left, right, round)) = gaps.pop() {
        let (left, right) = search.trim(left, right);
        if left.is_empty() || right.is_empty() {
            continue;
        }
        let anchors = if round < MAX_ROUNDS {
            search.anchors(&left, &right)
        } else {
            Vec::new()
        };
        if anchors.is_empty() {
            search.subsequence(left, right);
            continue;
        }
        let (mut l, mut r) = (left.start, right.start);
        for (at, partner) in anchors {
            search.found[at] = Some(partner);
            gaps.push((l..at, r..partner, round + 1));
            (l, r) = (at + 1, partner + 1);
        }
        gaps.push((l..left.end, r..right.end, round + 1));
    }
    search.found
}

struct Search<'a> {
    left: &'a [usize],
    right: &'a [usize],
    found: Vec<Option<usize>>,
    cells: usize,
}

impl Search<'_> {
    /// Matches what is equal at both ends and gives what is between.
    fn trim(&mut self, mut l: Range<usize>, mut r: Range<usize>) -> (Range<usize>, Range<usize>) {
        while !l.is_empty() && !r.is_empty() && self.left[l.start] == self.right[r.start] {
            self.found[l.start] = Some(r.start);
            (l.start, r.start) = (l.start + 1, r.start + 1);
        }
        while !l.is_empty() && !r.is_empty() && self.left[l.end - 1] == self.right[r.end - 1] {
            self.found[l.end - 1] = Some(r.end - 1);
            (l.end, r.end) = (l.end - 1, r.end - 1);
        }
        (l, r)
    }

    /// The longest increasing run of blocks that occur once on each side.
    fn anchors(&self, l: &Range<usize>, r: &Range<usize>) -> Vec<(usize, usize)> {
        let once = |keys: &[usize], range: &Range<usize>| {
            let mut places: BTreeMap<usize, Option<usize>> = BTreeMap::new();
            for at in range.clone() {
                let place = places.entry(keys[at]);
                place.and_modify(|place| *place = None).or_insert(Some(at));
            }
            places
        };
        let (lefts, rights) = (once(self.left, l), once(self.right, r));
        let pairs: Vec<(usize, usize)> = l
            .clone()
            .filter_map(|at| {
                lefts.get(&self.left[at]).copied().flatten()?;
                Some((at, rights.get(&self.left[at]).copied().flatten()?))
            })
            .collect();
        longest_increasing(&pairs)
    }

    /// Matches by longest common subsequence, if the budget allows.
    fn subsequence(&mut self, l: Range<usize>, r: Range<usize>) {
        let width = r.len() + 1;
        let cells = (l.len() + 1).saturating_mul(width);
        // A length must fit a cell.
        if cells > self.cells || l.len().min(r.len()) >= usize::from(u16::MAX) {
            return;
        }
        self.cells -= cells;
        let mut longest = vec![0_u16; cells];
        for i in (0..l.len()).rev() {
            for j in (0..r.len()).rev() {
                longest[i * width + j] = if self.left[l.start + i] == self.right[r.start + j] {
                    longest[(i + 1) * width + j + 1] + 1
                } else {
                    longest[(i + 1) * width + j].max(longest[i * width + j + 1])
                };
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < l.len() && j < r.len() {
            if self.left[l.start + i] == self.right[r.start + j] {
                self.found[l.start + i] = Some(r.start + j);
                (i, j) = (i + 1, j + 1);
            } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
                i += 1;
            } else {
                j += 1;
            }
        }
    }
}

/// The longest run of pairs whose second numbers increase; the first ones do already.
fn longest_increasing(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // The pair that ends the best run of each length, and for each pair the one before it in its run.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![None; pairs.len()];
    for (at, (_, right)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < *right);
        before[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut run = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        run.push(pairs[at]);
        next = before[at];
    }
    run.reverse();
    run
}

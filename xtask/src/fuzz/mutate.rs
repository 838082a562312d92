//! Inputs: random bytes, and real ones with a few things wrong.

use super::json;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

/// What texts have that breaks careless code: nesting, delimiters, odd characters, edges of numbers.
const TOKENS: &[&str] = &[
    "\0",
    "\u{feff}",
    "\u{202e}",
    "\u{1f680}",
    "e\u{301}",
    "\r\n",
    "\t",
    "```",
    "~~~",
    "> ",
    "- [ ] ",
    "|---|",
    "| a |",
    "**",
    "__",
    "~~",
    "[",
    "](",
    ")",
    "<!--",
    "-->",
    "<b>",
    "</b>",
    "&#0;",
    "\\",
    "{",
    "}",
    "[[",
    "]]",
    "\"",
    "'",
    "=",
    ",",
    ":",
    "#",
    "@",
    "twinline:a:b",
    "9223372036854775808",
    "-1",
    "1e999",
    "null",
    "99999-12-31T00:00:00Z",
    "AND",
    "OR",
    "NOT",
    "(",
    "ORDER BY",
    "is:open",
    "\u{10ffff}",
    "-----",
    "    ",
    "1. ",
    "http://",
    "\n\n",
];

/// The source of one input.
pub(super) struct Mutator {
    random: ChaCha8Rng,
}

impl Mutator {
    /// Input `number` of a seed is always the same.
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(number);
        Self { random }
    }

    /// Made from an input itself: for targets whose input is only the source of what they try.
    pub(super) fn from_input(input: &[u8]) -> Self {
        let digest = twinline_core::digest::Digest::of_bytes(input);
        let mut seed = [0; 32];
        for (to, from) in seed.iter_mut().zip(digest.as_str().bytes()) {
            *to = from;
        }
        Self {
            random: ChaCha8Rng::from_seed(seed),
        }
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.random.random_bool(probability)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.random.random_range(0..end.max(1))
    }

    /// One of several.
    pub(super) fn choose<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.choose(&mut self.random)
    }

    /// A new input: seldom plain random bytes, mostly a seed with something wrong.
    pub(super) fn input(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        if seeds.is_empty() || self.chance(0.1) {
            return self.bytes(512);
        }
        let seed = self.choose(seeds).cloned().unwrap_or_default();
        self.mutated(&seed, seeds)
    }

    /// A value with something wrong: JSON by its structure, all else by its bytes.
    pub(super) fn mutated(&mut self, seed: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
        if self.chance(0.7)
            && let Ok(mut value) = serde_json::from_slice::<Value>(seed)
        {
            for _ in 0..=self.below(4) {
                json::spoil(self, &mut value);
            }
            return value.to_string().into_bytes();
        }
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(8) {
            self.edit(&mut bytes, others);
        }
        bytes
    }

    /// At most `max` random bytes.
    pub(super) fn bytes(&mut self, max: usize) -> Vec<u8> {
        let mut bytes = vec![0; self.below(max)];
        self.random.fill_bytes(&mut bytes);
        bytes
    }

    /// A text of odd pieces.
    pub(super) fn text(&mut self) -> String {
        let pieces = self.below(12);
        (0..pieces)
            .map(|_| self.choose(TOKENS).copied().unwrap_or_default())
            .collect()
    }

    fn edit(&mut self, bytes: &mut Vec<u8>, others: &[Vec<u8>]) {
        let at = self.below(bytes.len() + 1);
        let end = (at + self.below(32)).min(bytes.len());
        match self.below(7) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << self.random.random_range(0..8);
                }
            }
            2 => {
                let piece = bytes[at..end].repeat(1 + self.below(40));
                drop(bytes.splice(at..at, piece));
            }
            3 => bytes.truncate(at),
            4 => {
                let random = self.bytes(8);
                drop(bytes.splice(at..end, random));
            }
            5 => {
                let other = self.choose(others).cloned().unwrap_or_default();
                let from = self.below(other.len() + 1);
                let to = (from + self.below(64)).min(other.len());
                drop(bytes.splice(at..end, other[from..to].to_vec()));
            }
            _ => {
                let repeated = if self.chance(0.05) { 2000 } else { 1 };
                let token = self.choose(TOKENS).copied().unwrap_or_default();
                drop(bytes.splice(at..at, token.repeat(repeated).into_bytes()));
            }
        }
    }
}

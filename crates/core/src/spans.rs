//! What the spans of a traced change have in common.

/// The target of every span that belongs to a trace; a process without a collector records none of them.
pub const TARGET: &str = "twinline_span";

//! Markdown as people write it, and what is made of it.

mod properties;

//! The rules as a whole: the example of the syntax, and scripts against their limits.

mod example;
mod limits;
mod support;

//! The rules as a whole: the example of the syntax, and scripts against their limits.

#[cfg(test)]
mod example;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod support;

//! The rules as a whole: the example of the syntax, the guide's, and scripts against their limits.

#[cfg(test)]
mod example;
#[cfg(test)]
mod guide;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod support;

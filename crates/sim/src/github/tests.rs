//! GitHub's behaviour by plain requests.

mod harness;
mod issues;
mod limits;
mod shapes;
mod spec;
mod webhooks;

//! What the connector's tests share. The connector itself is tested by the conformance suite.

use super::client::client;
use crate::http::{Client, Secret, Transport};
use crate::registry::Node;
use std::collections::BTreeMap;
use std::sync::Arc;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;

/// A clock that stands still at 2026-01-31T09:30:00Z.
pub(super) struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_769_851_800_000)
    }
}

/// A client whose requests a test answers.
pub(super) fn client_over(transport: Arc<dyn Transport>) -> Client {
    let node = Node {
        name: "hub".into(),
        url: "https://api.github.example".parse().unwrap(),
        auth: BTreeMap::from([("token".to_owned(), Secret::new("t"))]),
        settle: None,
        write_spacing: None,
        unlimited: true,
    };
    client(&node, transport, Arc::new(Still)).unwrap()
}

//! The two trackers with what lies in them, and the connection between them.

use crate::sim::network::Network;
use crate::sim::place::Place;
use crate::sim::rules;
use crate::sim::world::{Choices, Connection, TitlePolicy};
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use twinline_core::names::Sides;
use twinline_core::time::Timestamp;
use twinline_rules::describe::SideDescription;
use twinline_sim::github::{Github, GithubConfig};
use twinline_sim::jira_cloud::{JiraCloud, demo_site};
use twinline_sim::{Command, Done, Simulator};
use twinline_store::host::Publish;

/// The connection's name.
pub(super) const CONNECTION: &str = "all";
/// Who has written everything.
pub(super) const PERSON: &str = "ana";

/// GitHub and Jira with the limits that they have published, without items.
pub(super) fn simulators() -> Vec<(Place, Box<dyn Simulator>)> {
    let mut jira = JiraCloud::new(demo_site());
    jira.set_issue_write_limits(true);
    vec![
        (
            Place::Github,
            Box::new(Github::new(GithubConfig::default())),
        ),
        (Place::Jira, Box::new(jira)),
    ]
}

/// How many of the items lie in Jira too.
pub(super) const fn paired(items: u32) -> u32 {
    items / 5
}

/// Of so many pairs the last one has the title of the one before: who compares titles cannot tell these two apart.
const ALIKE_EVERY: u32 = 50;

/// An item's title.
pub(super) fn title(number: u32, items: u32) -> String {
    let is_alike = number <= paired(items) && number.is_multiple_of(ALIKE_EVERY);
    let number = if is_alike { number - 1 } else { number };
    format!("Item {number:05} was there before")
}

/// How many titles two pairs have.
pub(super) const fn alike(items: u32) -> u32 {
    paired(items) / ALIKE_EVERY
}

/// Fills the trackers; answers the pairs' keys, which nobody told the host.
pub(super) fn fill(network: &Network, items: u32) -> Result<Vec<Sides<String>>> {
    let mut pairs = Vec::new();
    for number in 1..=items {
        let title = title(number, items);
        let left = create(network, Place::Github, number, &title)?;
        if number <= paired(items) {
            let right = create(network, Place::Jira, number, &title)?;
            pairs.push(Sides { left, right });
        }
    }
    Ok(pairs)
}

fn create(network: &Network, place: Place, number: u32, title: &str) -> Result<String> {
    let command = Command::Create {
        container: Some(place.container().to_owned()),
        by: PERSON.to_owned(),
        title: title.to_owned(),
        body: format!("What item {number} is about."),
        labels: Vec::new(),
        assignees: Vec::new(),
    };
    match network.command(place, command) {
        Ok(Done::Item(key)) => Ok(key),
        other => bail!("{}: creating an item made {other:?}", place.name()),
    }
}

/// The order to publish the rules.
pub(super) fn publish(
    descriptions: &BTreeMap<Place, SideDescription>,
    at: Timestamp,
) -> Result<Publish> {
    for place in [Place::Github, Place::Jira] {
        let name = place.name();
        descriptions
            .get(&place)
            .with_context(|| format!("{name} was not described"))?;
    }
    let connection = Connection {
        name: CONNECTION.to_owned(),
        nodes: Sides {
            left: Place::Github,
            right: Place::Jira,
        },
        enters: Sides {
            left: true,
            right: true,
        },
        choices: Choices {
            conflict: "left",
            header: "",
            script: false,
        },
        title: TitlePolicy::LEFT,
    };
    Ok(rules::publish(&connection, descriptions, at))
}

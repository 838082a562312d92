//! Licences, bans and sources of everything that is compiled in: `deny.toml` against cargo's metadata.

use super::crates::{packages, text};
use crate::root;
use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

/// The part of `deny.toml` that is checked here.
#[derive(Deserialize)]
struct Policy {
    licenses: Licences,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

/// Every package with a licence, a name or a source that is not allowed.
pub(super) fn check(metadata: &Value) -> Result<Vec<String>> {
    let text_of_policy =
        std::fs::read_to_string(root().join("deny.toml")).context("reading deny.toml")?;
    let policy: Policy = toml::from_str(&text_of_policy).context("reading deny.toml")?;
    let mut found = Vec::new();
    for package in packages(metadata).filter(|package| !package["source"].is_null()) {
        let (name, licence) = (text(package, "name"), text(package, "license"));
        if !accepts(licence, &policy.licenses.allow) {
            found.push(format!(
                "{name}: licence '{licence}' is not on the list of deny.toml"
            ));
        }
        if let Some(ban) = policy.bans.deny.iter().find(|ban| ban.name == name) {
            found.push(format!("{name} is banned: {}", ban.reason));
        }
        if !text(package, "source").starts_with("registry+") {
            found.push(format!("{name} does not come from the registry"));
        }
    }
    Ok(found)
}

/// Whether one alternative of an SPDX expression is allowed in full. Knows `OR`, `AND`, `/` and parentheses as the
/// registry's crates use them.
fn accepts(expression: &str, allowed: &[String]) -> bool {
    let expression = expression.replace('/', " OR ");
    let mut depth = 0_usize;
    let mut alternatives = vec![String::new()];
    for word in expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .split_whitespace()
    {
        match word {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "OR" if depth == 0 => alternatives.push(String::new()),
            other => {
                let last = alternatives.last_mut().expect("it starts with one");
                last.push_str(other);
                last.push(' ');
            }
        }
    }
    let listed = |one: &str| allowed.iter().any(|licence| licence == one.trim());
    alternatives.iter().any(|alternative| {
        alternative
            .split(" AND ")
            .all(|part| part.split(" OR ").any(listed))
    })
}

#[cfg(test)]
mod tests {
    use super::accepts;

    #[test]
    fn reads_the_expressions_that_crates_use() {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned);
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
        ] {
            assert!(accepts(good, &allowed), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "AGPL-3.0-only"] {
            assert!(!accepts(bad, &allowed), "{bad}");
        }
    }
}

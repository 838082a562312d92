//! What a person does so that ServiceNow tells of changes: a business rule, whose script is here.
//!
//! ServiceNow has no webhooks of its own. Its server-side scripts can post (`sn_ws.RESTMessageV2`) and make a MAC
//! (`CertificateEncryption.generateMac(key, algorithm, data)`, which gives base64). That the key is given in base64 is said by the
//! thread "How to use GlideCertificateEncryption.generateMac method" and the article "HMAC Validation in ServiceNow: Securing
//! Webhook Integrations with CertificateEncryption", both at <https://www.servicenow.com/community/>. `GlideDigest` knows hashes
//! without a key, and is not used.

use twinline_core::names::NodeName;

/// The script with its places left open. It never holds the secret.
const TEMPLATE: &str = include_str!("business_rule.js");

/// How to set the rule up for a table, script included.
pub(super) fn instructions(node: &NodeName, table: &str, url: &str) -> String {
    format!(
        "An administrator installs a business rule once: its form, a system property for the secret and its script are below. \
         Until then, and without it, the node is polled. It posts to {url}.\n\n{}",
        script(node, table, url)
    )
}

/// The script of a node and table.
fn script(node: &NodeName, table: &str, url: &str) -> String {
    let property = format!("twinline.webhook_secret.{}", plain(node.as_str()));
    TEMPLATE
        .replace("{{url}}", &url.replace('\'', "%27"))
        .replace("{{property}}", &property)
        .replace("{{table}}", &plain(table))
        .replace("{{node}}", &plain(node.as_str()))
}

/// A name that ends no comment and no text of the script.
fn plain(name: &str) -> String {
    let sound = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    name.chars().filter(sound).collect()
}

#[cfg(test)]
#[path = "tests/rule.rs"]
mod tests;

#[cfg(test)]
#[path = "tests/rule_run.rs"]
mod run_tests;

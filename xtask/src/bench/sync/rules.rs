//! The configuration and the rules of the measured connection: a field map with values, and a script on one side.

use super::super::stack::Folder;
use super::world::Addresses;
use crate::bench::trackers::{CONTAINERS, HOOK_SECRET};
use anyhow::Result;
use twinline::demo::map::{COMMENTS, FIELDS, STATUS};
use twinline_sim::jira_cloud;

/// Writes them. `port`: where webhooks arrive; 0: anywhere.
pub(in crate::bench) fn write(folder: &Folder, at: &Addresses, port: u16) -> Result<()> {
    folder.write("github.token", "github-token")?;
    folder.write("jira.token", jira_cloud::API_TOKEN)?;
    folder.write("hook.secret", HOOK_SECRET)?;
    folder.write("twinline.toml", &configuration(at, port))?;
    folder.write("rules/app.toml", &rules())?;
    folder.write("rules/app.left.js", SCRIPT)
}

fn configuration(at: &Addresses, port: u16) -> String {
    let node = |name: &str, tracker: &str, url: &str, auth: &str| {
        format!(
            "\n[nodes.{name}]\ntracker = \"{tracker}\"\nurl = \"{url}\"\nauth = {{ {auth} }}\n\
             webhook = {{ secrets = [{{ file = \"hook.secret\" }}] }}\nallow_private = [\"127.0.0.0/8\"]\nsettle_s = 2\n"
        )
    };
    let token = |file: &str| format!("token = {{ file = \"{file}\" }}");
    let github = node("github", "github", &at.left, &token("github.token"));
    let auth = format!("email = \"twinline@acme.example\", {}", token("jira.token"));
    let jira = node("jira", "jira-cloud", &at.right, &auth);
    format!(
        "format = 1\n\n[edge]\nlisten = \"127.0.0.1:{port}\"\nhealth = \"127.0.0.1:0\"\nnode_max_per_s = 100000\n\n\
         [host]\nlisten = \"127.0.0.1:0\"\n\n[watch]\nenabled = false\n\n[log]\nlevel = \"warn\"\n{github}{jira}"
    )
}

fn rules() -> String {
    let [left, right] = CONTAINERS;
    format!(
        r#"format = 1
name = "app"

[left]
node = "github"
scope = {{ repo = "{left}" }}
trigger = "is:issue"
script = "app.left.js"

[right]
node = "jira"
scope = {{ project = "{right}", type = "Task" }}
trigger = 'project = {right} AND issuetype = Task'

[policy]
conflict = "left"
first = "filled"
unmapped = "hold"
max_writes_per_10min = 1000000

{FIELDS}{STATUS}{COMMENTS}[values.status]
open = {{ left = ["open"], right = ["To Do", "In Progress", "In Review"] }}
done = {{ left = ["closed:completed", "closed:not_planned"], right = ["Done"], right_set = {{ resolution = "Done" }} }}
"#
    )
}

/// What a person would write: one thing is kept back, one is added.
const SCRIPT: &str = r#"/** @import { Outgoing, Incoming } from "twinline" */

/** @type {Outgoing} */
export function outgoing({ issue, replica }) {
  if (issue.labels.includes("confidential")) delete replica.description;
}

/** @type {Incoming} */
export function incoming({ replica, issue }) {
  if (replica.status === "done" && !issue.labels.includes("done")) issue.labels = [...issue.labels, "done"];
}
"#;

//! `init`: a configuration and rules to start from. Overwrites nothing.

mod config_text;
mod rules_text;

use super::files::{self, PRIVATE};
use super::hook_secret;
use crate::cli::InitArgs;
use crate::exit::{Coded, USAGE};
use crate::report::Report;
use anyhow::{Context as _, Result};
use serde_json::json;
use std::path::{Path, PathBuf};
use twinline_core::capability::FieldSet;
use twinline_trackers::registry::{self, Example};
use url::Url;

/// One side of the connection to start with.
struct Side {
    tracker: String,
    known: &'static Example,
    /// Whether the tracker sends webhooks.
    webhooks: bool,
    /// Whether it keeps a history of fields.
    history: bool,
    /// Of a described tracker, the description to start from.
    description: Option<&'static str>,
    /// The node's name: the tracker's, made different where both sides have the same one.
    node: String,
    url: Option<Url>,
}

impl Side {
    fn new(tracker: &str, node: String, url: Option<Url>) -> Result<Self> {
        let capabilities = registry::capabilities(tracker)?;
        Ok(Self {
            tracker: tracker.to_owned(),
            known: registry::example(tracker)?,
            webhooks: capabilities.webhooks,
            history: capabilities.field_history != FieldSet::None,
            description: registry::described(tracker)?,
            node,
            url,
        })
    }

    /// Where the secret lies, relative to the configuration.
    fn secret_file(&self) -> String {
        format!("secrets/{}.{}", self.node, self.known.secret)
    }

    /// Where the description lies, relative to the configuration.
    fn description_file(&self) -> String {
        format!("trackers/{}.toml", self.node)
    }

    /// Whether the tracker is on this machine: then webhooks can reach the edge where it listens.
    fn is_local(&self) -> bool {
        let host = self
            .url
            .as_ref()
            .and_then(Url::host_str)
            .unwrap_or_default();
        matches!(host, "localhost" | "[::1]") || host.starts_with("127.")
    }
}

pub(super) fn run(args: &InitArgs, file: &Path) -> Result<Report> {
    check_name(&args.name)?;
    let same = args.left == args.right;
    let side = |tracker: &str, url: &Option<Url>, which: &str| {
        let node = if same {
            format!("{tracker}-{which}")
        } else {
            tracker.to_owned()
        };
        Side::new(tracker, node, url.clone())
    };
    let left = side(&args.left, &args.left_url, "left")?;
    let right = side(&args.right, &args.right_url, "right")?;
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    let hooks = [&left, &right].into_iter().filter(|side| side.webhooks);
    let mut wanted = vec![
        (file.to_owned(), config_text::text(&left, &right), 0o644),
        (
            folder.join(format!("rules/{}.toml", args.name)),
            rules_text::text(&args.name, &left, &right),
            0o644,
        ),
    ];
    wanted.extend(hooks.map(|side| {
        (
            folder.join(format!("secrets/{}.hook", side.node)),
            hook_secret() + "\n",
            PRIVATE,
        )
    }));
    let described = [&left, &right].into_iter();
    wanted.extend(described.filter_map(|side| {
        let path = folder.join(side.description_file());
        Some((path, side.description?.to_owned(), 0o644))
    }));
    if let Some((path, ..)) = wanted.iter().find(|(path, ..)| path.exists()) {
        let sentence = format!(
            "{} is there already, and nothing is overwritten: remove it, or name another file with --config",
            path.display()
        );
        return Err(Coded::new(USAGE, sentence).into());
    }
    for (path, text, mode) in &wanted {
        files::make(path, text, *mode, None)
            .with_context(|| format!("making {}", path.display()))?;
    }
    let written: Vec<PathBuf> = wanted.into_iter().map(|(path, ..)| path).collect();
    answer(&written, &folder, [&left, &right])
}

fn check_name(name: &str) -> Result<()> {
    if super::is_name(name) {
        return Ok(());
    }
    let sentence = format!("--name '{name}': a connection's name is 1 to 64 of a-z, 0-9 and '-'");
    Err(Coded::new(USAGE, sentence).into())
}

fn answer(written: &[PathBuf], folder: &Path, sides: [&Side; 2]) -> Result<Report> {
    let mut text = String::new();
    for path in written {
        text.push_str(&format!("wrote {}\n", path.display()));
    }
    let tokens: Vec<String> = sides
        .iter()
        .map(|side| folder.join(side.secret_file()).display().to_string())
        .collect();
    text.push_str(&format!(
        "\nNext:\n  write your credentials to {}\n  edit the files above, then: twinline check, plan, apply, up\n",
        tokens.join(" and ")
    ));
    Report::done(&json!({ "written": written, "credentials": tokens }), text)
}

#[cfg(test)]
mod tests;

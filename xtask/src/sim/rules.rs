//! The connections' rules: real ones, with scripts, run in this process.

use super::place::Place;
use super::world::{Connection, TitlePolicy};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use twinline_core::names::{ConnectionName, Side, Sides};
use twinline_core::time::Timestamp;
use twinline_engine::{Compiled, RulesFactory};
use twinline_rules::describe::SideDescription;
use twinline_rules::script::{InProcess, Limits, ScriptRunner};
use twinline_rules::source::{RuleSources, SourceFile};
use twinline_rules::version::Snapshot;
use twinline_store::host::{Publish, RuleVersion};

/// The name of a version's one source.
const SNAPSHOT: &str = "snapshot.json";

/// The label that a scripted side keeps to itself.
pub(super) const PRIVATE_LABEL: &str = "private";

/// A script that changes the replica: one label does not leave its side.
const SCRIPT: &str = r#"
/** @type {Outgoing} */
export function outgoing({ replica }) {
  if (replica.labels) replica.labels = replica.labels.filter(name => name !== "private");
  trace(replica.summary);
}
"#;

/// A script that reads the replica and writes it back, where no labels cross.
const SCRIPT_WITHOUT_LABELS: &str = r"
/** @type {Outgoing} */
export function outgoing({ replica }) {
  if (replica.summary) replica.summary = replica.summary.trim();
  trace(replica.summary);
}
";

/// The rules of a connection as they are published.
pub(super) fn publish(
    connection: &Connection,
    descriptions: &BTreeMap<Place, SideDescription>,
    at: Timestamp,
) -> Publish {
    let descriptions = Sides::from_fn(|side| {
        let place = connection.nodes.get(side);
        descriptions.get(place).cloned().unwrap_or_default()
    });
    order(&connection.name, sources(connection), descriptions, at)
}

/// The order to publish given texts.
pub(super) fn order(
    connection: &str,
    sources: RuleSources,
    descriptions: Sides<SideDescription>,
    at: Timestamp,
) -> Publish {
    let snapshot = Snapshot {
        sources,
        descriptions,
    };
    let json = serde_json::to_string(&snapshot).expect("a snapshot is JSON");
    Publish {
        connection: ConnectionName::new(connection),
        digest: snapshot.digest(),
        sources: BTreeMap::from([(SNAPSHOT.to_owned(), json)]),
        at,
        by: "sim".to_owned(),
    }
}

/// The texts of a connection's rules.
pub(super) fn sources(connection: &Connection) -> RuleSources {
    let name = &connection.name;
    let scripts = Sides::from_fn(|side| {
        let text = script(connection, side);
        (!text.is_empty()).then(|| SourceFile::new(format!("{name}.{side}.js"), text))
    });
    RuleSources {
        map: SourceFile::new(format!("{name}.toml"), map(connection, &scripts)),
        scripts,
    }
}

fn script(connection: &Connection, side: Side) -> String {
    if side == Side::Right || !connection.choices.script {
        String::new()
    } else if connection.carries_labels() {
        SCRIPT.to_owned()
    } else {
        SCRIPT_WITHOUT_LABELS.to_owned()
    }
}

fn map(connection: &Connection, scripts: &Sides<Option<SourceFile>>) -> String {
    let mut text = format!("format = 1\nname = \"{}\"\n", connection.name);
    for side in Side::BOTH {
        let place = *connection.nodes.get(side);
        let (node, scope) = (place.node(), place.scope());
        write_to(
            &mut text,
            format_args!("\n[{side}]\nnode = \"{node}\"\nscope = {scope}\n"),
        );
        if *connection.enters.get(side) {
            write_to(
                &mut text,
                format_args!("trigger = \"{}\"\n", place.trigger()),
            );
        }
        if let Some(script) = scripts.get(side) {
            write_to(&mut text, format_args!("script = \"{}\"\n", script.name));
        }
    }
    let conflict = connection.choices.conflict;
    write_to(
        &mut text,
        format_args!(
            "\n[policy]\nconflict = \"{conflict}\"\nfirst = \"{conflict}\"\nunmapped = \"hold\"\nmax_writes_per_10min = 1000000\n"
        ),
    );
    for field in ["summary", "description"] {
        write_to(
            &mut text,
            format_args!("\n[fields.{field}]\nleft = \"{field}\"\nright = \"{field}\"\n"),
        );
        if field == "summary" {
            let TitlePolicy { conflict, first } = connection.title;
            write_to(
                &mut text,
                format_args!("conflict = \"{conflict}\"\nfirst = \"{first}\"\n"),
            );
        }
    }
    if connection.carries_labels() {
        text.push_str("\n[fields.labels]\nleft = \"labels\"\nright = \"labels\"\n");
    }
    text.push_str("\n[fields.status]\nleft = \"status\"\nright = \"status\"\nvalues = \"status\"\n\n[values.status]\n");
    let row = |name: &str, statuses: fn(Place) -> &'static [&'static str]| {
        let left = statuses(connection.nodes.left);
        let right = statuses(connection.nodes.right);
        format!("{name} = {{ left = {left:?}, right = {right:?} }}\n")
    };
    text.push_str(&row("open", Place::open));
    text.push_str(&row("done", Place::done));
    write_to(
        &mut text,
        format_args!(
            "\n[comments]\nchannels = [{{ left = \"public\", right = \"public\", dir = \"<->\" }}]\nheader = \"{}\"\nedits = \"origin\"\ndeletes = \"origin\"\n",
            connection.choices.header
        ),
    );
    text
}

fn write_to(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a string takes all");
}

/// Builds stored versions; scripts run on the calling thread.
pub(super) struct Factory(Arc<dyn ScriptRunner>);

impl Factory {
    pub(super) fn new() -> Self {
        Self(Arc::new(InProcess::new(Limits::default())))
    }
}

impl RulesFactory for Factory {
    fn compile(&self, version: &RuleVersion) -> Result<Compiled, String> {
        let json = version.sources.get(SNAPSHOT);
        let json = json.ok_or("the version has no snapshot")?;
        let snapshot: Snapshot = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let compiled = snapshot.compile(version.version, Arc::clone(&self.0));
        let rules = compiled.map_err(|findings| {
            let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
            lines.join("\n")
        })?;
        Ok(Compiled {
            rules: Arc::new(rules),
            blocking: false,
        })
    }
}

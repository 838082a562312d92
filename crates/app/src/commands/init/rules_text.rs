//! The rules that `init` writes.

use super::Side;
use twinline_trackers::registry::Example;

pub(super) fn text(name: &str, left: &Side, right: &Side) -> String {
    let mut text = format!(
        "# What crosses between {} and {}, and who wins. Names on each side are its tracker's own.\n\
         format = 1\n\
         name   = \"{name}\"\n\n",
        left.node, right.node
    );
    text.push_str(&side("left", left, true));
    text.push_str(&side("right", right, false));
    text.push_str(policy(left.history && right.history));
    text.push_str(FIELDS);
    if left.known.labels && right.known.labels {
        text.push_str("[fields.labels]\nleft  = \"labels\"\nright = \"labels\"\n\n");
    }
    text.push_str(&statuses(left.known, right.known));
    text.push_str(COMMENTS);
    text
}

fn side(name: &str, side: &Side, active: bool) -> String {
    let known = side.known;
    let trigger = if active {
        format!(
            "trigger = {}   # items that match get a twin\n",
            quoted(known.trigger)
        )
    } else {
        format!(
            "# trigger = {}   # let this side's items get twins too\n",
            quoted(known.trigger)
        )
    };
    format!(
        "[{name}]\nnode    = \"{}\"\nscope   = {}   # where twins are made\n{trigger}\n",
        side.node, known.scope
    )
}

const LATEST: &str = "[policy]
conflict = \"latest\"     # both sides changed a field: left | right | latest | merge | hold
tie      = \"left\"       # when latest cannot tell
unmapped = \"hold\"       # a value without a row below: hold | skip | default

";

const LEFT: &str = "[policy]
conflict = \"left\"       # both sides changed a field: left | right | merge | hold; latest takes a history on both
unmapped = \"hold\"       # a value without a row below: hold | skip | default

";

/// Who changed a field last only a history tells.
const fn policy(history: bool) -> &'static str {
    if history { LATEST } else { LEFT }
}

const FIELDS: &str = "[fields.summary]
left  = \"summary\"
right = \"summary\"

[fields.description]
left     = \"description\"
right    = \"description\"
conflict = \"merge\"

";

const COMMENTS: &str = "[comments]               # a channel that is not listed never crosses
channels = [{ left = \"public\", right = \"public\" }]
header   = \"{author} · {time}\"
edits    = \"origin\"
deletes  = \"origin\"
";

fn statuses(left: &Example, right: &Example) -> String {
    let list = |names: &[&str]| {
        let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        format!("[{}]", quoted.join(", "))
    };
    let set = |side: &str, known: &Example| {
        let set = known.done_set.map(|set| format!(", {side}_set = {set}"));
        set.unwrap_or_default()
    };
    format!(
        "[fields.status]\nleft   = \"status\"\nright  = \"status\"\nvalues = \"status\"\n\n\
         [values.status]          # the first of each list is what is written; any of them is left alone\n\
         open = {{ left = {}, right = {} }}\n\
         done = {{ left = {}, right = {}{}{} }}\n\n",
        list(left.open),
        list(right.open),
        list(left.done),
        list(right.done),
        set("left", left),
        set("right", right),
    )
}

/// A text as TOML has it: a literal, which needs no escapes, where it can be one.
fn quoted(text: &str) -> String {
    if text.contains('\'') {
        toml::Value::from(text).to_string()
    } else {
        format!("'{text}'")
    }
}

//! The rules of a pair: every field that both trackers have, people, statuses, comments, files.

use super::case::{Audience, Concept, Deleted, Finding, Word};
use super::site;
use super::slot::slot;
use crate::sim::place::Place;
use crate::sim::rules::order;
use std::fmt::Write as _;
use twinline_core::names::{Side, Sides};
use twinline_core::time::Timestamp;
use twinline_rules::describe::SideDescription;
use twinline_rules::source::{RuleSources, SourceFile};
use twinline_store::host::Publish;

/// The connection's name.
pub(super) const CONNECTION: &str = "matrix";

/// The order to publish the rules.
pub(super) fn publish(
    places: &Sides<Place>,
    deleted: Deleted,
    descriptions: Sides<SideDescription>,
    at: Timestamp,
) -> Publish {
    let sources = RuleSources {
        map: SourceFile::new(format!("{CONNECTION}.toml"), map(places, deleted)),
        scripts: Sides::default(),
    };
    order(CONNECTION, sources, descriptions, at)
}

/// Whether a word's statuses are told apart on both sides.
pub(super) fn is_told_apart(places: &Sides<Place>) -> bool {
    let one = |place| site::statuses(place, Word::New) == site::statuses(place, Word::Active);
    !one(places.left) && !one(places.right)
}

fn map(places: &Sides<Place>, deleted: Deleted) -> String {
    let mut text = format!("format = 1\nname = \"{CONNECTION}\"\n");
    let out = &mut text;
    for side in Side::BOTH {
        let place = *places.get(side);
        add(
            out,
            format_args!(
                "\n[{side}]\nnode = \"{}\"\nscope = {}\n",
                place.node(),
                place.scope()
            ),
        );
    }
    // Only the left one's items get twins.
    let trigger = format!("[left]\ntrigger = \"{}\"", places.left.trigger());
    *out = out.replace("[left]", &trigger);
    add(
        out,
        format_args!(
            "\n[policy]\nconflict = \"left\"\nfirst = \"left\"\nunmapped = \"hold\"\ndeleted = \"{}\"\nmax_writes_per_10min = 1000000\n",
            deleted.word()
        ),
    );
    for field in ["summary", "description"] {
        add(
            out,
            format_args!("\n[fields.{field}]\nleft = \"{field}\"\nright = \"{field}\"\n"),
        );
    }
    for concept in Concept::ALL {
        field(out, places, concept);
    }
    statuses(out, places);
    people(out, places);
    comments(out, places);
    text
}

fn field(out: &mut String, places: &Sides<Place>, concept: Concept) {
    let (Some(left), Some(right)) = (slot(places.left, concept), slot(places.right, concept))
    else {
        return;
    };
    let name = concept.name();
    add(
        out,
        format_args!(
            "\n[fields.{name}]\nleft = \"{}\"\nright = \"{}\"\n",
            left.native, right.native
        ),
    );
    if concept == Concept::User {
        out.push_str("people = \"staff\"\n");
    }
    if left.rows.is_empty() {
        return;
    }
    add(
        out,
        format_args!("values = \"{name}\"\n\n[values.{name}]\n"),
    );
    for (row, here) in left.rows {
        let there = right.rows.iter().find(|(other, _)| other == row);
        let (_, there) = there.expect("the rows of a table are called alike everywhere");
        add(
            out,
            format_args!("{row} = {{ left = {here}, right = {there} }}\n"),
        );
    }
}

fn statuses(out: &mut String, places: &Sides<Place>) {
    out.push_str("\n[fields.status]\nleft = \"status\"\nright = \"status\"\nvalues = \"status\"\n\n[values.status]\n");
    let mut row = |name: &str, words: &[Word]| {
        add(out, format_args!("{name} = {{ "));
        for side in Side::BOTH {
            let place = *places.get(side);
            let mut all: Vec<&str> = Vec::new();
            for status in words.iter().flat_map(|word| site::statuses(place, *word)) {
                if !all.contains(status) {
                    all.push(status);
                }
            }
            add(out, format_args!("{side} = {all:?}, "));
            let set = site::set_when_done(place).filter(|_| words == [Word::Done]);
            if let Some(set) = set {
                add(out, format_args!("{side}_set = {set}, "));
            }
        }
        *out = format!("{} }}\n", out.trim_end_matches(", "));
    };
    if is_told_apart(places) {
        for word in Word::ALL {
            row(word.name(), &[word]);
        }
    } else {
        row("open", &[Word::New, Word::Active]);
        row(Word::Done.name(), &[Word::Done]);
    }
}

fn people(out: &mut String, places: &Sides<Place>) {
    let named = |side: Side| {
        let place = *places.get(side);
        let login = site::assigned(place, side == Side::Left, Finding::Table);
        site::named(place, &login)
    };
    add(
        out,
        format_args!(
            r#"
[fields.assignee]
left = "assignee"
right = "assignee"
people = "staff"

[people.staff]
match = ["table", "email"]
table = [{{ left = "{}", right = "{}" }}]
fallback = {{ left = "none", right = "none" }}
"#,
            named(Side::Left),
            named(Side::Right)
        ),
    );
}

fn comments(out: &mut String, places: &Sides<Place>) {
    let pairs = [Audience::Public, Audience::Internal].map(|audience| {
        let left = site::channel(places.left, audience)?;
        let right = site::channel(places.right, audience)?;
        Some(format!("{{ left = \"{left}\", right = \"{right}\" }}"))
    });
    let pairs: Vec<String> = pairs.into_iter().flatten().collect();
    add(
        out,
        format_args!(
            "\n[comments]\nchannels = [{}]\nheader = \"{{author}} · {{time}}\"\nedits = \"origin\"\ndeletes = \"origin\"\nno_edit = \"append\"\n",
            pairs.join(", ")
        ),
    );
    out.push_str("\n[attachments]\nmax_mib = 64\ndeletes = \"origin\"\n");
}

fn add(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a string takes all");
}

//! Writes without a cause: our account changed something more often than people did on the other side, or set a value to
//! what it was.

use super::script::{Field, Script, tag_of};
use super::world::{Both, Place};
use std::collections::BTreeMap;
use twinline_sim::{FaultCounts, What, Write};

/// How often requests changed one thing of an item.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    in_time: usize,
    late: usize,
}

/// Everything that was written more often than there was cause, each with a sentence.
///
/// A write that landed late may have overwritten a newer value: one more write mends that. A request whose answer was
/// lost, to a fault or with its caller, may be made once more, which changes nothing then.
pub(super) fn without_cause(
    both: &Both,
    noted: &BTreeMap<Place, (Vec<Write>, FaultCounts)>,
    script: &Script,
    kills: usize,
) -> Vec<String> {
    let mut found = Vec::new();
    for (place, (writes, counts)) in noted {
        let tags: BTreeMap<&str, &str> = both[place]
            .items
            .iter()
            .filter_map(|item| Some((&*item.key, tag_of(&item.title)?)))
            .collect();
        let mut times: BTreeMap<(&str, &What), Times> = BTreeMap::new();
        for write in writes {
            for (key, what) in &write.changes {
                let times = times.entry((key.as_str(), kind(what))).or_default();
                times.in_time += usize::from(!write.late);
                times.late += usize::from(write.late);
            }
        }
        for ((key, what), times) in times {
            let tag = tags.get(key).copied();
            let causes = causes(script, *place, tag, what);
            if times.in_time + times.late > causes.saturating_add(2 * times.late) {
                let Times { in_time, late } = times;
                found.push(format!(
                    "{place:?} {key}: {what:?} was written {in_time} times, and {late} times late, for {causes} causes"
                ));
            }
        }
        let idle = writes.iter().filter(|write| write.is_idle());
        let idle: Vec<&Write> = idle.filter(|write| !write.late).collect();
        let lost = counts.timeouts_after_effect + counts.late_writes;
        let allowed = usize::try_from(lost).unwrap_or(usize::MAX) + kills;
        for write in idle.iter().skip(allowed) {
            let Write { method, path, .. } = write;
            found.push(format!("{place:?}: {method} {path} changed nothing"));
        }
    }
    found
}

/// Comments are counted by their item, not one by one.
fn kind(what: &What) -> &What {
    static COMMENT: What = What::CommentAdded(String::new());
    match what {
        What::CommentAdded(_) => &COMMENT,
        other => other,
    }
}

/// How often there was cause to write this at `place`.
fn causes(script: &Script, place: Place, tag: Option<&str>, what: &What) -> usize {
    let field = match what {
        // Items that are made twice are told by the judge.
        What::Created => return usize::MAX,
        What::Title => Field::Title,
        What::Body => Field::Body,
        What::Labels => Field::Labels,
        // A resolution goes with a status.
        What::Status(_) | What::Field(_) => Field::Status,
        What::CommentAdded(_) => Field::Comments,
        What::Assignees
        | What::Deleted
        | What::Moved
        | What::CommentEdited(_)
        | What::CommentDeleted(_) => return 0,
    };
    let of = |tag: &str| {
        let key = (place.other(), tag.to_owned(), field);
        script.edits.get(&key).copied().unwrap_or_default()
    };
    tag.map_or(0, of)
}

#[cfg(test)]
#[path = "echoes_tests.rs"]
mod tests;

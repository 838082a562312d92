//! Whether both sides are as the edits say, by the trackers' own state and history.

use crate::script::{Field, Script, Wanted, find};
use crate::sides::{LABELS, Place, Seen, Sides};
use std::collections::BTreeMap;

/// What both sides hold.
pub(crate) type Both = BTreeMap<Place, Vec<Seen>>;

/// Looks at both sides.
pub(crate) async fn look(sides: &Sides) -> Both {
    let mut both = Both::new();
    for place in Place::BOTH {
        both.insert(place, sides.see(place).await);
    }
    both
}

/// Everything that is lost or doubled, each in a sentence.
pub(crate) fn complaints(both: &Both, script: &Script) -> Vec<String> {
    let mut found = Vec::new();
    for (place, seen) in both {
        if seen.len() != script.wanted.len() {
            found.push(format!(
                "{place:?} has {} items, not {}",
                seen.len(),
                script.wanted.len()
            ));
        }
        for (tag, wanted) in &script.wanted {
            match find(seen, tag) {
                None => found.push(format!("{place:?} lacks {tag}")),
                Some(item) => compare(*place, item, wanted, &mut found),
            }
        }
    }
    for tag in script.wanted.keys() {
        let keys = Place::BOTH.map(|place| find(&both[&place], tag));
        if let [Some(github), Some(redmine)] = keys
            && redmine.twin_key.as_deref() != Some(&github.key)
        {
            found.push(format!(
                "{tag}: Redmine names the twin {:?}",
                redmine.twin_key
            ));
        }
    }
    found
}

fn compare(place: Place, item: &Seen, wanted: &Wanted, found: &mut Vec<String>) {
    let mut differs = |what: &str, is: &dyn std::fmt::Debug, must: &dyn std::fmt::Debug| {
        let (is, must) = (format!("{is:?}"), format!("{must:?}"));
        if is != must {
            found.push(format!(
                "{place:?} {}: {what} is {is}, not {must}",
                item.key
            ));
        }
    };
    differs("the title", &item.title, &wanted.title);
    differs("the text", &item.body, &wanted.body);
    differs("closed", &item.closed, &wanted.closed);
    differs("assigned", &item.assigned, &wanted.assigned);
    differs("the set of labels", &item.labels, &wanted.labels);
    let alive = wanted.comments.values().filter(|(_, text)| text.is_some());
    differs(
        "the number of comments",
        &item.comments.len(),
        &alive.count(),
    );
    for (word, (_, text)) in &wanted.comments {
        let with = |part: &str| {
            let bodies = item.comments.iter().filter(|(_, body)| body.contains(part));
            bodies.count()
        };
        let times = usize::from(text.is_some());
        differs(
            &format!("the count of comments with {word}"),
            &with(word),
            &times,
        );
        if let Some(text) = text {
            differs(&format!("the count of '{text}'"), &with(text), &1);
        }
    }
}

/// Every field that Twinline changed more often on a side than people did on the other one: writes without a cause.
pub(crate) async fn echoes(sides: &Sides, both: &Both, script: &Script) -> Vec<String> {
    let mut found = Vec::new();
    for (place, seen) in both {
        for (tag, wanted) in &script.wanted {
            let key = &find(seen, tag).unwrap().key;
            let mut times: BTreeMap<Field, usize> = BTreeMap::new();
            for change in sides.changes_by_twinline(*place, key).await {
                if let Some(field) = field(&change) {
                    *times.entry(field).or_default() += 1;
                }
            }
            for (field, times) in times {
                let causes = wanted.edits(place.other(), field);
                if times > causes {
                    found.push(format!(
                        "{place:?} {key}: Twinline changed {field:?} {times} times for {causes} edits"
                    ));
                }
            }
        }
    }
    found
}

/// The field that an event of GitHub or a detail of Redmine's journal is about.
fn field(change: &str) -> Option<Field> {
    let labels = format!("cf:{LABELS}");
    Some(match change {
        "renamed" | "attr:subject" => Field::Title,
        "attr:description" => Field::Body,
        "closed" | "reopened" | "attr:status_id" => Field::Status,
        "assigned" | "unassigned" | "attr:assigned_to_id" => Field::Assignee,
        "labeled" | "unlabeled" => Field::Labels,
        other if other == labels => Field::Labels,
        _ => return None,
    })
}

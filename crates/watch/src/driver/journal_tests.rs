use super::*;
use twinline_core::watch::page::{Author, ComponentState, Stage, Update};

fn check(author: Author, body: &str, expected: &str) {
    let at = Timestamp::from_millis(1_800_000_000_000);
    let changed = (ComponentState::Operational, ComponentState::PartialOutage);
    let update = Update {
        at,
        stage: Stage::Identified,
        body: body.to_owned(),
        author,
        components: [("Webhooks".to_owned(), changed)].into(),
    };
    let incident = IncidentId(3);
    let entry = Entry::page(at, &page::Effect::Updated { incident, update });
    assert_eq!(
        (entry.incident, entry.of.as_str()),
        (Some(incident), "page")
    );
    assert_eq!(entry.text, expected);
}

#[test]
fn what_the_public_was_told_is_one_line_of_words() {
    check(
        Author::Person("ada".to_owned()),
        "A disk\nis full.",
        "the public is told by ada (identified): A disk is full.; Webhooks: operational, now partial outage",
    );
    let long = "x".repeat(100_000);
    let expected = format!(
        "the public is told by the page by itself (identified): {}…; Webhooks: operational, now partial outage",
        "x".repeat(200)
    );
    check(Author::Watch, &long, &expected);
}

use super::super::{Case, Told, Way};
use super::*;

fn outcome(left: &'static str, right: &'static str, told: &[(Case, Way, Verdict)]) -> PairOutcome {
    let told = told.iter().cloned();
    PairOutcome {
        trackers: Sides { left, right },
        told: told
            .map(|(case, way, verdict)| Told { case, way, verdict })
            .collect(),
    }
}

fn degrades(how: &str) -> Verdict {
    Verdict::Degrades(how.to_owned())
}

fn outcomes() -> [PairOutcome; 2] {
    let absent = Verdict::Absent {
        at: "github",
        why: "no | way".to_owned(),
    };
    let there = [
        (Case::Create, Way::Out, Verdict::Crosses),
        (Case::Title, Way::Out, degrades("cut")),
        (Case::Title, Way::Back, degrades("a | bar")),
        (Case::Move, Way::Out, absent),
    ];
    let back = [
        (Case::Title, Way::Out, degrades("a | bar")),
        (Case::Title, Way::Back, Verdict::Crosses),
    ];
    [
        outcome("github", "redmine", &there),
        outcome("redmine", "github", &back),
    ]
}

#[test]
fn only_what_arrives_otherwise_is_listed_and_lacks_once() {
    let text = generated(&outcomes());
    assert!(
        text.contains("| GitHub | move out of the scope, then an edit (no \\| way) |"),
        "{text}"
    );
    let row = "| title | item of GitHub: cut<br>item of Redmine: crosses | a \\| bar |\n";
    assert!(text.ends_with(row), "{text}");
    assert!(!text.contains("new item"), "{text}");
}

#[test]
fn a_page_that_says_something_else_is_found_out() {
    let outcomes = outcomes();
    let text = generated(&outcomes);
    for outcome in &outcomes {
        assert_eq!(differences(&text, outcome), Vec::<String>::new());
    }
    let other = text.replace("cut", "whole");
    assert_eq!(
        differences(&other, &outcomes[0]),
        ["github -> redmine: title: cut"]
    );
    let other = text.replace("no \\| way", "");
    assert_eq!(differences(&other, &outcomes[0]).len(), 1);
    let other = text.replace("| title |", "| titles |");
    assert_eq!(differences(&other, &outcomes[0]).len(), 2);
    assert_eq!(differences("", &outcomes[0]).len(), 2);
}

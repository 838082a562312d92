use super::super::{Case, Told, Verdict, Way};
use super::*;
use twinline_core::names::Sides;

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
    let other = text.replace("1 cross, 2 otherwise", "2 cross, 1 otherwise");
    assert_eq!(
        differences(&other, &outcomes[0]),
        ["at a glance, github and redmine: 1 cross, 2 otherwise"]
    );
    assert_eq!(differences("", &outcomes[0]).len(), 3);
}

const FOUR: [&str; 4] = ["azure-devops", "github", "redmine", "zendesk"];
const FIVE: [&str; 5] = ["azure-devops", "github", "redmine", "servicenow", "zendesk"];

/// Every ordered pair of some trackers: all moves sleep, what comes from GitHub is otherwise but at one, and so is one thing
/// between two.
fn many(names: &[&'static str]) -> Vec<PairOutcome> {
    let pairs = names.iter();
    let pairs = pairs.flat_map(|left| names.iter().map(|right| (*left, *right)));
    let pairs = pairs.filter(|(left, right)| left != right);
    let of = |(from, to): (&str, &str), case| match (from, to, case) {
        (_, _, Case::Move) => degrades("it sleeps"),
        ("github", "zendesk", _) => Verdict::Crosses,
        ("github", ..) => degrades("from GitHub"),
        ("redmine", "zendesk", _) => degrades("these two"),
        _ => Verdict::Crosses,
    };
    let pairs = pairs.map(|(left, right)| {
        let told = [Case::Title, Case::Move].into_iter().flat_map(|case| {
            let there = (case, Way::Out, of((left, right), case));
            [there, (case, Way::Back, of((right, left), case))]
        });
        outcome(left, right, &told.collect::<Vec<_>>())
    });
    pairs.collect()
}

#[test]
fn what_is_so_of_one_tracker_is_said_once() {
    let outcomes = many(&FOUR);
    let text = generated(&outcomes);
    assert_eq!(text.matches("it sleeps").count(), 1, "{text}");
    let move_out = "| any → any | move out of the scope, then an edit | it sleeps |\n";
    assert!(text.contains(move_out), "{text}");
    assert!(!text.contains("| GitHub → any |"), "two of three: {text}");
    assert!(text.contains("| title | these two | crosses |\n"), "{text}");
    let silent = text.matches("Nothing more").count();
    assert_eq!(silent, 3, "{text}");
    for outcome in &outcomes {
        assert_eq!(differences(&text, outcome), Vec::<String>::new());
    }
}

#[test]
fn what_most_say_holds_where_two_say_nothing_else() {
    let outcomes = many(&FIVE);
    let text = generated(&outcomes);
    assert!(
        text.contains("| GitHub → any | title | from GitHub |\n"),
        "{text}"
    );
    assert_eq!(text.matches("from GitHub").count(), 1, "{text}");
    assert!(
        text.contains("| | GitHub → Zendesk | Zendesk → GitHub |\n|---|---|---|\n| title | crosses | crosses |\n"),
        "{text}"
    );
    for outcome in &outcomes {
        assert_eq!(differences(&text, outcome), Vec::<String>::new());
    }
    let other = text.replace("| title | from GitHub |", "| title | from elsewhere |");
    let told = outcomes
        .iter()
        .map(|outcome| differences(&other, outcome).len());
    assert_eq!(told.sum::<usize>(), 6, "three trackers, from both ends");
}

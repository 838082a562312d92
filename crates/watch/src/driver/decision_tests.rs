use super::*;
use twinline_core::watch::incident::{IncidentId, ReportId};

fn elements(text: &str) -> Path {
    let words = text.split_whitespace();
    words.map(|it| it.parse().unwrap()).collect()
}

fn check(what: &Undeclared, reason: &Reason, expected: &str) {
    assert_eq!(sentence(what, reason), expected);
}

#[test]
fn a_decision_says_what_was_judged_and_why() {
    let subjects = elements("edge:m1 host:m1");
    let what = Undeclared::Subjects { subjects };
    check(
        &what,
        &Reason::Passed,
        "host:m1, edge:m1 failed, and no incident was declared: it was well again before the window ended",
    );
    let what = Undeclared::Report {
        report: ReportId("7".to_owned()),
    };
    check(
        &what,
        &Reason::UsualRate {
            lately: 1,
            before: 60,
        },
        "report 7 came, and no incident was declared: the tenant reports as often as usual (1 lately, 60 in the four weeks before)",
    );
    let what = Undeclared::Request {
        incident: IncidentId(3),
    };
    let subjects = elements("host:m1");
    check(
        &what,
        &Reason::StillFailing { subjects },
        "not done to incident 3: this fails: host:m1",
    );
}

#[test]
fn a_storm_is_no_endless_sentence() {
    let all: Vec<String> = (100..130).map(|it| format!("node:n{it}")).collect();
    let subjects = elements(&all.join(" "));
    let said = sentence(&Undeclared::Subjects { subjects }, &Reason::Info);
    assert!(said.contains("node:n119 and 10 more failed"), "{said}");
}

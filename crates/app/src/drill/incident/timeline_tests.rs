use super::super::super::catalogue::Drill;
use super::super::super::record::tests::{COMMITS, WELL, record};
use super::*;

/// A line of the table: when and what in 2021, and what is said of it here.
#[track_caller]
fn check(text: &str, when: &str, then: &str, here: &[&str]) {
    let mut lines = text.lines();
    let line = lines.find(|line| line.starts_with(when) && line.contains(then));
    let line = line.unwrap_or_else(|| panic!("'{when}', '{then}' in:\n{text}"));
    let (_, said) = line.split_once(then).unwrap();
    for word in here {
        assert!(said.contains(word), "'{word}' in: {said}");
    }
}

fn told() -> String {
    let said = [(12, COMMITS), (13, COMMITS), (22, WELL), (24, WELL)];
    let record = record(Drill::Incident2021, &said);
    let fault = record.fault_from();
    let at = |ms: u64| Some(fault + Duration::from_millis(ms));
    let moments = Moments {
        crowded: at(1200),
        declared: at(2100),
        reported: at(3300),
        paged: at(2400),
        stepped: at(5600),
        acknowledged: at(6700),
        published: at(4500),
        monitoring: at(12_800),
        resolved: at(13_900),
        pages: 4,
        draft: Some("# What happened".to_owned()),
    };
    text(&record, &moments)
}

#[test]
fn the_timeline_of_2021_is_told_beside_what_happened_here() {
    let text = told();
    check(
        &text,
        "2021 (UTC+1)",
        "WHAT HAPPENED THEN",
        &["WHAT HAPPENED HERE"],
    );
    let upgraded = "the central database is upgraded unattended, and fails over";
    check(
        &text,
        "Sat 22:00",
        upgraded,
        &["0.0 s: the database fails over unattended"],
    );
    let hangs = "every write hangs; requests queue up on the shared proxy";
    check(
        &text,
        "from then on",
        hangs,
        &["fill the edges after 1.2 s", "webhooks accepted"],
    );
    let nobody = "nobody is told";
    check(
        &text,
        "",
        nobody,
        &[
            "declared after 2.1 s",
            "first page after 2.4 s",
            "next person after 5.6 s",
            "does after 6.7 s",
        ],
    );
    let missed = "nodes miss sync and change events";
    check(
        &text,
        "",
        missed,
        &["1 edits arrive meanwhile; 0 lost, 0 duplicated"],
    );
}

#[test]
fn what_people_did_in_2021_is_told_beside_what_was_done_here() {
    let text = told();
    let mail = "customers mail; nobody can tell single reports from one incident";
    check(
        &text,
        "Sun 03:00 (+5 h)",
        mail,
        &["5 reports joined", "after 3.3 s"],
    );
    let public = "the status page is opened";
    check(
        &text,
        "Mon 08:03 (+34 h)",
        public,
        &["after 4.5 s: Administration degraded, Synchronisation operational"],
    );
    let restarted = "every node is restarted, one by one";
    check(
        &text,
        "Mon, 8 h",
        restarted,
        &[
            "0 restarts by a person",
            "up to date 3.0 s after the healing",
        ],
    );
    let resolved = "resolved";
    check(
        &text,
        "Mon 22:20 (+48 h)",
        resolved,
        &[
            "monitoring after 12.8 s",
            "resolved by a person after 13.9 s",
        ],
    );
    assert!(text.ends_with("\n# What happened\n"), "{text}");
}

#[test]
fn what_never_came_is_told_as_such() {
    let record = record(Drill::Incident2021, &[(12, COMMITS)]);
    let text = text(&record, &Moments::default());
    let public = "the status page is opened";
    check(&text, "Mon 08:03 (+34 h)", public, &["after never"]);
}

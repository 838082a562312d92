use super::*;
use crate::channel::page::Event;
use crate::channel::tests::{digest, incident, matter, page, readable};

fn letter(page: &Page) -> String {
    let from = "watch@acme.example".parse().unwrap();
    let to = "ada@acme.example".parse().unwrap();
    String::from_utf8(compose(page, &from, &to).unwrap()).unwrap()
}

fn check(page: &Page, lines: &[&str], none_of: &[&str]) {
    let letter = letter(page);
    assert!(letter.is_ascii(), "every server takes it");
    let letter = readable(&letter);
    for line in lines {
        assert!(letter.contains(line), "'{line}' is not in\n{letter}");
    }
    for line in none_of {
        assert!(!letter.contains(line), "'{line}' is in\n{letter}");
    }
}

#[test]
fn all_letters_of_an_incident_are_one_thread_and_the_same_page_is_the_same_letter() {
    let opened = incident(Event::Opened);
    let mut resolved = incident(Event::Resolved);
    resolved.id = "page-8".to_owned();
    let thread = "References: <incident.inc-12.acme@acme.example>\n";
    check(&opened, &[thread, "Message-ID: <page-7@acme.example>"], &[]);
    let lines = [
        thread,
        "Message-ID: <page-8@acme.example>",
        "Subject: RESOLVED acme: ",
    ];
    check(&resolved, &lines, &["Importance:"]);
    assert_eq!(letter(&opened), letter(&opened));
}

#[test]
fn what_came_from_outside_makes_no_headers_and_no_markup() {
    let headline = "x\r\nBcc: all@acme.example\r\n\r\n<script>alert(1)</script>";
    let event = Event::Opened;
    let mut evil = page(Content::Incident {
        event,
        matter: matter("inc\r\nX: 1", Severity::Critical, headline),
    });
    evil.id = "a b\r\n<c>..".to_owned();
    check(
        &evil,
        &["&lt;script&gt;", "Message-ID: <a-b---c-@acme.example>"],
        &["\nBcc:", "\nX: 1", "\n<script"],
    );
}

#[test]
fn a_digest_tells_of_each_and_a_proof_of_none() {
    check(
        &digest(),
        &[
            "commits fail (database:central) and 2 more",
            "a certificate ends",
            "a sweep is late",
        ],
        &[],
    );
    check(
        &page(Content::Proof),
        &[
            "Subject: TEST acme: please acknowledge",
            "incident.proof.acme@",
        ],
        &["Severity"],
    );
}

use super::*;
use crate::channel::page::{Digest, Severity};
use crate::channel::tests::{digest, incident, matter, page};

#[test]
fn titles_say_first_what_matters() {
    let check = |page: &Page, expected: &str| assert_eq!(title(page), expected);
    let about = "acme: commits fail (database:central)";
    check(&incident(Event::Opened), &format!("CRITICAL {about}"));
    check(
        &incident(Event::Reminder),
        &format!("STILL CRITICAL {about}"),
    );
    let by = "bo\n".to_owned();
    check(
        &incident(Event::Acknowledged { by }),
        &format!("ACKNOWLEDGED BY bo {about}"),
    );
    check(&incident(Event::Resolved), &format!("RESOLVED {about}"));
    check(&digest(), &format!("CRITICAL {about} and 2 more"));
    check(
        &page(Content::Proof),
        "TEST acme: please acknowledge, so that this way to you is known to work",
    );
}

#[test]
fn long_lists_name_the_first_and_count_all() {
    let mut crowd = matter("i", Severity::Warning, "h");
    crowd.affected = (0..23).map(|n| format!("n{n}")).collect();
    let said = affected(&crowd);
    assert!(
        said.starts_with("23: n0, n1, ") && said.ends_with("n19 and 3 more"),
        "{said}"
    );
    let matters = (0..30)
        .map(|n| matter(&format!("i{n}"), Severity::Warning, "h"))
        .collect();
    let text = text(&page(Content::Digest(Digest::new(matters).unwrap())));
    assert!(text.contains("… and 10 more"), "{text}");
}

#[test]
fn the_gravest_is_first_and_of_equals_the_older() {
    let mut old = matter("old", Severity::Warning, "h");
    old.since = old.since.minus(std::time::Duration::from_secs(60));
    let all = vec![
        matter("info", Severity::Info, "h"),
        matter("new", Severity::Warning, "h"),
        old,
        matter("critical", Severity::Critical, "h"),
    ];
    let digest = Digest::new(all).unwrap();
    let order: Vec<&str> = digest
        .matters()
        .iter()
        .map(|matter| matter.incident.as_str())
        .collect();
    assert_eq!(order, ["critical", "old", "new", "info"]);
    assert_eq!(Digest::new(Vec::new()), None);
}

#[test]
fn texts_are_cut_at_whole_characters() {
    let check = |text: &str, max: usize, expected: &str| assert_eq!(cut(text, max), expected);
    check("abc", 3, "abc");
    check("abcd", 3, "ab…");
    check("äöüß", 3, "äö…");
}

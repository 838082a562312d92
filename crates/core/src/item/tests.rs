//! Tests of what makes values equal.

use super::{Number, User, canonical};
use std::collections::BTreeSet;

fn user(id: &str, email: &str, login: &str) -> User {
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    User {
        id: id.to_owned(),
        email: known(email),
        login: known(login),
        name: None,
    }
}

#[test]
fn people_without_an_id_are_told_apart() {
    let people = [
        user("1", "ada@x", ""),
        user("", "ada@x", "ada"),
        user("", "ADA@x", ""),
        user("", "bo@x", ""),
        user("", "", "ada"),
        user("", "", "Ada"),
        user("", "", ""),
    ];
    let distinct: BTreeSet<&User> = people.iter().collect();
    assert_eq!(distinct.len(), 5, "{distinct:?}");
    assert_eq!(user("1", "a@x", ""), user("1", "b@x", ""));
}

#[test]
fn a_person_answers_to_what_named_them() {
    let check = |wanted: User, now: User, answers: bool, may: bool| {
        assert_eq!(now.answers(&wanted), answers, "{wanted:?} {now:?}");
        assert_eq!(now.may_answer(&wanted), may, "{wanted:?} {now:?}");
    };
    check(user("", "ada@x", ""), user("1", "Ada@x", ""), true, true);
    check(user("", "", "ada"), user("1", "", "ADA"), true, true);
    check(user("", "ada@x", ""), user("1", "", ""), false, true);
    check(user("", "ada@x", ""), user("1", "bo@x", ""), false, false);
    check(user("1", "", ""), user("2", "", ""), false, false);
}

#[test]
fn a_number_has_one_form() {
    for (given, expected) in [
        ("3.0", "3"),
        ("-0.0", "0"),
        ("3", "3"),
        ("2.5", "2.5"),
        ("1e300", "1e+300"),
        ("18446744073709551615", "18446744073709551615"),
    ] {
        let number: Number = given.parse().unwrap();
        assert_eq!(canonical(number).to_string(), expected);
    }
}

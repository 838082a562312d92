use super::*;
use std::str::FromStr as _;

fn person(reach: &[&str]) -> Person {
    Person {
        zone: "UTC".parse().unwrap(),
        reach: reach
            .iter()
            .map(|contact| Contact::from_str(contact).unwrap())
            .collect(),
    }
}

fn check(about: &About, reach: &[&str], expected: Option<Meant>) {
    assert_eq!(meant(about, &person(reach)), expected);
}

#[test]
fn a_link_names_its_contact_while_the_person_has_it() {
    let mail = Contact::from_str("mail:ada@acme.example").unwrap();
    let about = About::Incident(format!("17.{}", tag(&mail)));
    let reach = ["sms:+32", "mail:ada@acme.example"];
    let id = IncidentId(17);
    check(
        &about,
        &reach,
        Some(Meant::Incident(id, Some(mail.clone()))),
    );
    check(&about, &["sms:+32"], Some(Meant::Incident(id, None)));
    let proof = About::Proof(tag(&mail));
    check(&proof, &reach, Some(Meant::Proof(Some(mail))));
    check(&proof, &[], Some(Meant::Proof(None)));
    check(&About::Incident("x.1".to_owned()), &reach, None);
}

#[test]
fn a_page_has_an_id_that_every_channel_takes() {
    assert_eq!(named("m1.rack_2/é"), "m1.rack-2--");
}

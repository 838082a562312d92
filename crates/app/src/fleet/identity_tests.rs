use super::*;
use crate::config;
use http::header;

const FLEET: &str = "format = 1\n[instance]\nmachine = \"m1\"\nfleet_key = { file = \"key\" }\n[machines]\n\
    m1 = { edge = \"10.0.0.1:7410\", host = \"10.0.0.1:7401\" }\nm2 = { edge = \"10.0.0.2:7410\" }\n\
    [central]\nurl = { file = \"url\" }\n[ownership]\netcd = [\"http://10.0.0.9:2379\"]\n";
const KEY: &str = "a key of a fleet that is as long as it must be";
const OTHER: &str = "another key of a fleet, as long as it must be";

/// An identity with the key and these that are accepted beside it.
fn identity(key: &str, accepted: &[&str]) -> Result<Identity> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twinline.toml");
    std::fs::write(folder.path().join("key"), key).unwrap();
    let mut places = Vec::new();
    for (number, key) in accepted.iter().enumerate() {
        let place = format!("key.{number}");
        std::fs::write(folder.path().join(&place), key).unwrap();
        places.push(format!("{{ file = \"{place}\" }}"));
    }
    let listed = format!(
        "[instance]\nfleet_keys_accepted = [{}]\n",
        places.join(", ")
    );
    let config = config::parse(&file, &FLEET.replace("[instance]\n", &listed)).unwrap();
    let data = DataFolder::open(&folder.path().join("data")).unwrap();
    Identity::new(&file, &config, &data, Role::Host)
}

fn shows(identity: &Identity) -> Request {
    let shown = format!("Bearer {}", identity.token().expose());
    let request = Request::builder().header(header::AUTHORIZATION, shown);
    request.body(axum::body::Body::empty()).unwrap()
}

#[test]
fn the_key_is_neither_shown_nor_taken() {
    let one = identity(KEY, &[]).unwrap();
    assert!(!one.token().expose().contains(KEY));
    let raw = Identity::alone(Secret::new(KEY));
    assert!(!one.tokens().shown_by(&shows(&raw)));
    assert!(one.tokens().shown_by(&shows(&one)));
    assert_eq!(one.keys()[0].expose(), KEY);
}

#[test]
fn while_a_key_changes_the_other_one_is_believed_too() {
    let (old, new) = (identity(KEY, &[]).unwrap(), identity(OTHER, &[]).unwrap());
    assert!(!old.tokens().shown_by(&shows(&new)));
    let both = identity(KEY, &[OTHER]).unwrap();
    assert!(both.tokens().shown_by(&shows(&new)));
    assert!(both.tokens().shown_by(&shows(&old)));
    assert_eq!(both.token().expose(), old.token().expose());
}

#[test]
fn a_key_that_can_be_guessed_is_refused_wherever_it_stands() {
    let told = |made: Result<Identity>| format!("{:#}", made.err().expect("it is refused"));
    assert!(told(identity("short", &[])).contains("instance.fleet_key has 5 characters"));
    let accepted = told(identity(KEY, &["short"]));
    assert!(
        accepted.contains("instance.fleet_keys_accepted has 5"),
        "{accepted}"
    );
}

#[test]
fn others_are_asked_by_tls_as_who_they_are_to_be() {
    let one = identity(KEY, &[]).unwrap();
    let at = |text: &str| text.parse::<SocketAddr>().unwrap();
    let url = |at| one.way().url(at, "/");
    let edge = "https://edge.m2.twinline.internal:7410/".to_owned();
    assert_eq!(url(at("10.0.0.2:7410")), Some(edge));
    assert_eq!(url(at("10.0.0.3:7410")), None);
    let here = at("127.0.0.1:9");
    let host = "https://host.m1.twinline.internal:9/".to_owned();
    assert_eq!(
        one.knowing(Role::Host, here).way().url(here, "/"),
        Some(host)
    );
}

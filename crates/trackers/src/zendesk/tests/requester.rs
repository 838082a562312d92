//! Who requests a ticket, when the one whom the rules name is not known, suspended or deleted.

use super::*;
use twinline_sim::zendesk::site::{Role, User as Person};

fn customer(id: u64, name: &str, suspended: bool, deleted: bool) -> Person {
    let login = name.to_lowercase();
    Person {
        id,
        name: name.to_owned(),
        email: format!("{login}@customer.example"),
        login,
        role: Role::EndUser,
        groups: Vec::new(),
        suspended,
        deleted,
    }
}

/// An account with one customer who is suspended and one who was deleted.
fn account() -> SimHarness {
    let mut site = demo_site();
    site.users.push(customer(9201, "Sue", true, false));
    site.users.push(customer(9202, "Del", false, true));
    harness_of(site)
}

fn by_id(id: &str) -> User {
    User {
        id: id.to_owned(),
        ..User::default()
    }
}

fn by_address(name: Option<&str>, email: &str) -> User {
    User {
        name: name.map(str::to_owned),
        email: Some(email.to_owned()),
        ..User::default()
    }
}

async fn requester(h: &SimHarness, item: &ItemId) -> String {
    match read(h, item).await.get(field::REPORTER) {
        Some(Value::User(user)) => user.label().to_owned(),
        other => panic!("{other:?}"),
    }
}

/// Who requests a new ticket whose rules name somebody, and what is said where that is somebody else. `robot`: Twinline's
/// account.
async fn check_new(h: &SimHarness, named: User, expected: &str, said: Option<&str>) {
    let what = format!("{named:?}");
    let effect = Effect::Create {
        scope: h.scope(),
        fields: BTreeMap::from([
            (field::SUMMARY.into(), Value::text("whose")),
            (field::REPORTER.into(), Value::User(named)),
        ]),
        marker: marker(),
    };
    let made = h.tracker().apply(&effect).await.unwrap();
    let item = made.created.unwrap().item;
    assert_eq!(requester(h, &item).await, expected, "{what}");
    let waived = made.waived.get(field::REPORTER);
    assert_eq!(waived.is_some(), said.is_some(), "{what}: {waived:?}");
    for (waived, said) in waived.iter().zip(said) {
        assert!(waived.contains(said), "{what}: {waived}");
    }
}

#[tokio::test]
async fn a_ticket_is_made_whatever_becomes_of_its_requester() {
    let h = account();
    let robot = h.tracker().probe().await.unwrap().account.unwrap();
    let robot = robot.label();
    check_new(&h, by_id("9100"), "Carla Kunde", None).await;
    let carla = "carla@customer.example";
    check_new(&h, by_address(None, carla), "Carla Kunde", None).await;
    check_new(&h, by_address(Some("K"), carla), "Carla Kunde", None).await;
    let suspended = Some("is suspended");
    check_new(&h, by_id("9201"), robot, suspended).await;
    let sue = by_address(Some("Sue"), "sue@customer.example");
    check_new(&h, sue, robot, suspended).await;
    let nobody = Some("does not take this reporter");
    check_new(&h, by_id("9202"), robot, nobody).await;
    check_new(&h, by_id("4711"), robot, nobody).await;
    // Without a name nobody is made, and with one whom Zendesk does not take neither.
    let new = "nina@customer.example";
    let unknown = Some("no one person");
    check_new(&h, by_address(None, new), robot, unknown).await;
    let odd = Some("is not properly formatted");
    check_new(&h, by_address(Some("Odd"), "nina at home"), robot, odd).await;
    check_new(&h, by_address(Some("Nina"), new), "Nina", None).await;
    check_new(&h, by_address(None, new), "Nina", None).await;
}

#[tokio::test]
async fn a_ticket_keeps_its_requester_where_another_is_refused() {
    let h = account();
    let seen = item(&h, "whose").await;
    let before = requester(&h, &seen.reference.item).await;
    for (named, said) in [
        (by_id("9201"), "is suspended"),
        (by_id("9202"), "cannot be blank"),
        (by_address(None, "nobody@else.example"), "no one person"),
    ] {
        let seen = read(&h, &seen.reference.item).await;
        let title = format!("told of {}", named.label());
        let fields = [
            (field::REPORTER, Value::User(named)),
            (field::SUMMARY, Value::text(&title)),
        ];
        let applied = h.tracker().apply(&update(&seen, fields)).await.unwrap();
        let waived = &applied.waived[field::REPORTER];
        assert!(waived.contains(said), "{waived}");
        let now = read(&h, &seen.reference.item).await;
        assert_eq!(now.get(field::SUMMARY), Some(&Value::text(&title)));
        assert_eq!(requester(&h, &seen.reference.item).await, before);
        h.pass(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn what_a_refusal_names_is_left_out_one_after_the_other() {
    let h = account();
    let seen = item(&h, "much is wrong").await;
    h.tracker()
        .apply(&update(&seen, [(field::STATUS, Value::text("Open"))]))
        .await
        .unwrap();
    h.pass(Duration::from_secs(1)).await;
    let seen = read(&h, &seen.reference.item).await;
    let fields = [
        (field::STATUS, Value::text("New")),
        (field::REPORTER, Value::User(by_id("9201"))),
        (field::SUMMARY, Value::text("arrives")),
    ];
    let applied = h.tracker().apply(&update(&seen, fields)).await.unwrap();
    let waived: Vec<&str> = applied.waived.keys().map(FieldName::as_str).collect();
    assert_eq!(waived, [field::REPORTER, field::STATUS]);
    let now = read(&h, &seen.reference.item).await;
    assert_eq!(now.get(field::SUMMARY), Some(&Value::text("arrives")));
}

//! Values of fields, both ways.

use super::*;
use twinline_core::item::Choice;

fn choice(id: &str, name: &str) -> Choice {
    Choice {
        id: id.to_owned(),
        name: name.to_owned(),
    }
}

#[tokio::test]
async fn tags_of_list_fields_are_no_labels_and_stay() {
    let h = harness();
    let seen = item(&h, "tagged").await;
    let severity = Value::text("Major");
    let labels = Value::set(["Two Words", "plain"]);
    let effect = update(
        &seen,
        [
            ("3008", severity),
            ("3003", Value::Bool(true)),
            (field::LABELS, labels),
        ],
    );
    let applied = h.tracker().apply(&effect).await.unwrap();
    assert_eq!(applied.waived, BTreeMap::new());
    let seen = read(&h, &seen.reference.item).await;
    assert_eq!(
        seen.get(field::LABELS),
        Some(&Value::set(["plain", "two_words"]))
    );
    let major = choice("severity_major", "Major");
    assert_eq!(seen.get("3008"), Some(&Value::Choice(major.clone())));
    // To replace all labels takes nothing away that a field put there.
    h.pass(Duration::from_secs(1)).await;
    let effect = update(&seen, [(field::LABELS, Value::set(["other"]))]);
    h.tracker().apply(&effect).await.unwrap();
    let seen = read(&h, &seen.reference.item).await;
    assert_eq!(seen.get(field::LABELS), Some(&Value::set(["other"])));
    assert_eq!(seen.get("3008"), Some(&Value::Choice(major)));
    assert_eq!(seen.get("3003"), Some(&Value::Bool(true)));
}

/// What a rule's text or option becomes in a custom field.
async fn check_normal(field: &str, value: Value, expected: Value) {
    let h = harness();
    h.tracker().describe(&h.scope()).await.unwrap();
    let name = FieldName::from(field);
    let once = h.tracker().normalise(&h.scope(), &name, &value);
    assert_eq!(once, expected, "{field}");
    assert_eq!(
        h.tracker().normalise(&h.scope(), &name, &once),
        once,
        "{field}"
    );
}

#[tokio::test]
async fn texts_become_what_a_field_holds() {
    let minor = choice("severity_minor", "Minor");
    check_normal("3008", Value::text("Minor"), Value::Choice(minor.clone())).await;
    check_normal("3008", Value::text("severity_minor"), Value::Choice(minor)).await;
    let linux = BTreeSet::from([choice("platform_linux", "Linux")]);
    check_normal("3009", Value::set(["Linux"]), Value::Choices(linux.clone())).await;
    check_normal("3009", Value::text("Linux"), Value::Choices(linux)).await;
    check_normal("3005", Value::text("5"), Value::Number(5.into())).await;
    check_normal(
        "3001",
        Value::Date("2026-01-31".into()),
        Value::text("2026-01-31"),
    )
    .await;
    check_normal(
        field::PRIORITY,
        Value::text("High"),
        Value::Choice(choice("high", "High")),
    )
    .await;
    check_normal(field::SUMMARY, Value::text(" a\n b "), Value::text("a b")).await;
    check_normal(field::LABELS, Value::set(["A b", " "]), Value::set(["a_b"])).await;
    let long = "x".repeat(200);
    check_normal(
        field::SUMMARY,
        Value::text(long),
        Value::text("x".repeat(150)),
    )
    .await;
}

#[tokio::test]
async fn a_status_is_set_by_its_name_and_what_a_solved_ticket_needs_is_told() {
    let mut site = demo_site();
    site.fields[0].required = true;
    let h = harness_of(site);
    let seen = item(&h, "one").await;
    let status = |name: &str| (field::STATUS, Value::text(name));
    h.tracker()
        .apply(&update(&seen, [status("In development")]))
        .await
        .unwrap();
    let seen = read(&h, &seen.reference.item).await;
    let custom = Value::Choice(choice("706", ""));
    assert_eq!(seen.get(field::STATUS), Some(&custom));
    let title = (field::SUMMARY, Value::text("arrives"));
    let effect = update(&seen, [status("Solved"), title]);
    let applied = h.tracker().apply(&effect).await.unwrap();
    let why = &applied.waived[field::STATUS];
    assert!(why.contains("Product: is required when solving"), "{why}");
    let seen = read(&h, &seen.reference.item).await;
    assert_eq!(seen.get(field::SUMMARY), Some(&Value::text("arrives")));
    assert_eq!(seen.get(field::STATUS), Some(&custom));
    h.pass(Duration::from_secs(1)).await;
    let effect = update(&seen, [status("solved"), ("3001", Value::text("Cart"))]);
    assert_eq!(
        h.tracker().apply(&effect).await.unwrap().waived,
        BTreeMap::new()
    );
    let unknown = h.tracker().apply(&update(&seen, [status("Lost")])).await;
    assert!(
        matches!(&unknown, Err(TrackerError::Refused { field: Some(name), .. }) if name == "status"),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn people_are_found_by_their_address() {
    let h = harness();
    let seen = item(&h, "whose").await;
    let by_email = |email: &str| User {
        email: Some(email.to_owned()),
        ..User::default()
    };
    let requester = Value::User(by_email("Carla@customer.example"));
    let assignee = Value::User(by_email("ben@acme.example"));
    let effect = update(
        &seen,
        [(field::REPORTER, requester), (field::ASSIGNEE, assignee)],
    );
    let applied = h.tracker().apply(&effect).await.unwrap();
    assert_eq!(applied.waived, BTreeMap::new());
    let seen = read(&h, &seen.reference.item).await;
    let name = |name: &str| match seen.get(name) {
        Some(Value::User(user)) => user.name.clone().unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(name(field::REPORTER), "Carla Kunde");
    assert_eq!(name(field::ASSIGNEE), "Ben Okafor");
    // A ticket that somebody has is no longer new.
    let status = seen.get(field::STATUS).cloned();
    assert!(
        matches!(&status, Some(Value::Choice(one)) if one.name == "Open"),
        "{status:?}"
    );
}

#[tokio::test]
async fn an_internal_comment_is_confirmed_or_made_private() {
    let h = harness();
    let seen = item(&h, "between us").await;
    let effect = Effect::AddComment {
        item: seen.reference.item.clone(),
        channel: CHANNEL_INTERNAL.to_owned(),
        body: Document::from_plain("a word"),
        marker: marker(),
    };
    let applied = h.tracker().apply(&effect).await.unwrap();
    assert_eq!(applied.comment.unwrap().channel, CHANNEL_INTERNAL);
    // An answer that does not confirm it.
    let path = format!("/api/v2/tickets/{}", seen.reference.item.id);
    let body = json!({"ticket": {"comment": {"body": "a public word", "public": true}}});
    let answer = h.raw(http::Method::PUT, &path, AUTHORIZATION, body).await;
    let answer = http::Response::new(answer.to_string().into());
    h.meddler().next_write(Trick::Answer(answer));
    let refused = h.tracker().apply(&effect).await;
    assert!(
        matches!(&refused, Err(TrackerError::Refused { sentence, .. }) if sentence.contains("it was made private")),
        "{refused:?}"
    );
    let comments = read(&h, &seen.reference.item).await.comments.unwrap();
    assert!(
        comments.iter().all(|one| one.channel == CHANNEL_INTERNAL),
        "{comments:?}"
    );
}

#[tokio::test]
async fn a_description_keeps_its_form() {
    let h = harness();
    let rich = twinline_core::richtext::markdown::decode("It **fails**:\n\n- here\n- there");
    let fields = BTreeMap::from([
        (field::SUMMARY.into(), Value::text("formed")),
        (field::DESCRIPTION.into(), Value::Rich(rich.clone())),
    ]);
    let scope = h.scope();
    let effect = Effect::Create {
        scope,
        fields,
        marker: marker(),
    };
    let made = h.tracker().apply(&effect).await.unwrap().created.unwrap();
    let expected =
        h.tracker()
            .normalise(&h.scope(), &field::DESCRIPTION.into(), &Value::Rich(rich));
    assert_eq!(
        read(&h, &made.item).await.get(field::DESCRIPTION),
        Some(&expected)
    );
}

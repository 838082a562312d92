//! Notes that carry our marker and are a person's; people and options that only a real Redmine shows otherwise.

use super::*;
use twinline_core::item::Comment;
use twinline_core::richtext::Document;
use twinline_sim::Command;

fn note(item: &Item, channel: &str) -> Effect {
    Effect::AddComment {
        item: item.reference.item.clone(),
        channel: channel.to_owned(),
        body: Document::from_plain("the same text"),
        marker: marker(),
    }
}

/// A person adds a public note with the source of ours, marker line included.
fn paste(h: &SimHarness, item: &Item) {
    h.control(Command::AddComment {
        key: item.reference.key.trim_start_matches('#').to_owned(),
        by: "ana".to_owned(),
        body: Notation::Markdown.join("the same text, mine", Some(&marker())),
        channel: None,
    });
}

async fn pasted(h: &SimHarness, item: &Item) -> Comment {
    let now = read(h, &item.reference.item).await;
    let mut comments = now.comments.unwrap().into_iter();
    let mine = comments.find(|comment| comment.body.plain().contains("mine"));
    mine.expect("a person's note stays")
}

#[tokio::test]
async fn a_note_of_a_person_with_our_marker_is_never_taken_for_ours() {
    let h = harness(demo_site());
    let item = item(&h).await;
    paste(&h, &item);
    let pasted = pasted(&h, &item).await;
    h.pass(Duration::from_secs(60)).await;
    let effect = note(&item, CHANNEL_PUBLIC);
    // The request was lost: what is there is older.
    let recognised = h.tracker().recognise(&effect, h.now()).await.unwrap();
    assert_eq!(recognised, Recognised::NotThere);
    let since = h.now();
    let written = h.tracker().apply(&effect).await.unwrap().comment.unwrap();
    assert_ne!(written.id, pasted.id);
    let Recognised::There(there) = h.tracker().recognise(&effect, since).await.unwrap() else {
        panic!("it is there");
    };
    assert_eq!(there.comment.unwrap().id, written.id);
}

#[tokio::test]
async fn a_public_note_of_a_person_is_not_taken_back_for_a_private_one() {
    let h = harness(demo_site());
    let item = item(&h).await;
    paste(&h, &item);
    let written = h.tracker().apply(&note(&item, CHANNEL_PRIVATE)).await;
    let written = written.unwrap().comment.unwrap();
    assert_eq!(written.channel, CHANNEL_PRIVATE);
    assert_ne!(pasted(&h, &item).await.id, written.id);
}

#[tokio::test]
async fn somebody_who_is_assigned_while_our_person_is_refused_stays() {
    const BASIC: &str = "Basic cmVkbWluZS1kZW1vLWtleTp4";
    let mut site = demo_site();
    let stranger = site.users.last_mut().unwrap().id;
    for project in &mut site.projects {
        project.members.retain(|member| *member != stranger);
    }
    let h = harness(site);
    let item = item(&h).await;
    let id = &item.reference.item.id;
    let assign = |login: &str| h.control(Command::edit(id, "ana", "assignees", json!([login])));
    let assignee = |item: &Item| item.get(field::ASSIGNEE).cloned();
    let write = |fields: &[(&str, Value)]| Effect::Update {
        item: item.reference.item.clone(),
        fields: fields
            .iter()
            .map(|(name, value)| ((*name).into(), FieldWrite::Replace(value.clone())))
            .collect(),
        planned_from: item.version.clone(),
    };
    let person = Value::User(twinline_core::item::User {
        id: stranger.to_string(),
        ..Default::default()
    });
    let alone = [(field::ASSIGNEE, person.clone())];
    let along = [
        (field::ASSIGNEE, person),
        (field::SUMMARY, Value::text("renamed")),
    ];
    for fields in [&alone[..], &along[..]] {
        assign("ana");
        let path = format!("/issues/{id}.json");
        let read_before = h.raw(http::Method::GET, &path, BASIC, json!(null)).await;
        assign("ben");
        let ben = assignee(&read(&h, &item.reference.item).await);
        // Our write began when Ana was assigned.
        let answer = http::Response::new(read_before.to_string().into());
        h.meddler().next_read(Trick::Answer(answer));
        let applied = h.tracker().apply(&write(fields)).await.unwrap();
        assert!(applied.waived[field::ASSIGNEE].contains("Assignee is invalid"));
        let now = read(&h, &item.reference.item).await;
        assert_eq!(assignee(&now), ben);
    }
    let now = read(&h, &item.reference.item).await;
    assert_eq!(now.get(field::SUMMARY), Some(&Value::text("renamed")));
}

#[tokio::test]
async fn options_of_a_key_value_list_are_held_and_written_by_key() {
    let h = harness(demo_site());
    let item = item(&h).await;
    let described = h.tracker().describe(&h.scope()).await.unwrap();
    let options = described.fields["cf_7"].options.iter();
    let options: Vec<(&str, &str)> = options
        .map(|option| (option.id.as_str(), option.name.as_str()))
        .collect();
    assert_eq!(options[..2], [("1", "Windows"), ("2", "Linux")]);
    let add = |option: &str| Effect::Update {
        item: item.reference.item.clone(),
        fields: BTreeMap::from([(
            "cf_7".into(),
            FieldWrite::Elements {
                add: [option.to_owned()].into(),
                remove: BTreeSet::new(),
            },
        )]),
        planned_from: item.version.clone(),
    };
    for (option, taken) in [("1", true), ("Linux", false), ("2", true)] {
        assert_eq!(h.tracker().apply(&add(option)).await.is_ok(), taken);
    }
    let now = read(&h, &item.reference.item).await;
    assert_eq!(now.get("cf_7"), Some(&Value::set(["1", "2"])));
}

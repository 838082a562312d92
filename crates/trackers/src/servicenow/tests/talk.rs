//! Comments: entries of journals, without markers.

use super::*;
use crate::conformance::{Trick, odd};
use twinline_core::richtext::{Block, Document, html};

fn comment(item: &Item, channel: &str, text: &str) -> Effect {
    Effect::AddComment {
        item: item.reference.item.clone(),
        channel: channel.to_owned(),
        body: Document::from_plain(text),
        marker: marker("c1"),
    }
}

#[tokio::test]
async fn a_comment_without_a_marker_is_told_by_who_wrote_what_when() {
    let h = harness(demo_site());
    let item = made(&h, "talk").await;
    let effect = comment(&item, CHANNEL_WORK_NOTES, "the same text");
    // A person's entry with that text is not ours, nor is one in the other journal.
    for channel in [CHANNEL_COMMENTS, CHANNEL_WORK_NOTES] {
        h.control(twinline_sim::Command::AddComment {
            key: item.reference.key.clone(),
            by: "ana".to_owned(),
            body: "the same text".to_owned(),
            channel: Some(channel.to_owned()),
        });
    }
    let since = h.now();
    h.meddler().next_write(Trick::LoseRequest);
    let lost = h.tracker().apply(&effect).await;
    assert!(
        matches!(lost, Err(TrackerError::Unknown { .. })),
        "{lost:?}"
    );
    assert_eq!(
        h.tracker().recognise(&effect, since).await.unwrap(),
        Recognised::NotThere
    );
    h.meddler().next_write(Trick::LoseAnswer);
    let lost = h.tracker().apply(&effect).await;
    assert!(
        matches!(lost, Err(TrackerError::Unknown { .. })),
        "{lost:?}"
    );
    let Recognised::There(there) = h.tracker().recognise(&effect, since).await.unwrap() else {
        panic!("it is there");
    };
    let there = there.comment.unwrap();
    assert_eq!(
        (there.channel.as_str(), there.author.login.as_deref()),
        (CHANNEL_WORK_NOTES, Some("twinline"))
    );
    // Written once more, nobody can say which of both was meant; the answer of a write that is seen tells its own.
    let second = h.tracker().apply(&effect).await.unwrap().comment.unwrap();
    assert_ne!(second.id, there.id);
    let unclear = h.tracker().recognise(&effect, since).await.unwrap();
    assert!(matches!(unclear, Recognised::Unclear { .. }), "{unclear:?}");
    // An older one is not meant.
    h.pass(Duration::from_secs(60)).await;
    assert_eq!(
        h.tracker().recognise(&effect, h.now()).await.unwrap(),
        Recognised::NotThere
    );
}

#[tokio::test]
async fn a_comment_is_neither_edited_nor_deleted() {
    let h = harness(demo_site());
    let item = made(&h, "talk").await;
    let written = h
        .tracker()
        .apply(&comment(&item, CHANNEL_COMMENTS, "a word"))
        .await
        .unwrap();
    let written = written.comment.unwrap();
    let id = item.reference.item.clone();
    let edit = Effect::EditComment {
        item: id.clone(),
        comment: written.id.clone(),
        body: Document::from_plain("another"),
        marker: marker("c1"),
    };
    let delete = Effect::DeleteComment {
        item: id.clone(),
        comment: written.id,
    };
    for effect in [edit, delete] {
        let refused = h.tracker().apply(&effect).await;
        assert!(
            matches!(refused, Err(TrackerError::Refused { .. })),
            "{refused:?}"
        );
        assert_eq!(
            h.tracker().recognise(&effect, h.now()).await.unwrap(),
            Recognised::NotThere
        );
    }
    assert_eq!(read(&h, &id).await.comments.unwrap().len(), 1);
}

#[test]
fn what_stands_in_code_tags_is_html() {
    let read = text::read_entry("before\n[code]<b>bold</b>[/code]\nafter");
    let [first, code, last] = read.blocks.as_slice() else {
        panic!("{read:?}");
    };
    assert_eq!(
        (first, last),
        (&Block::paragraph("before"), &Block::paragraph("after"))
    );
    let bold = html::decode("<b>bold</b>");
    assert_eq!(std::slice::from_ref(code), &bold.blocks[..]);
    // Unclosed tags and texts without any.
    assert!(text::read_entry("[code]<p>x").plain().contains('x'));
    assert_eq!(text::read_entry("just text").plain(), "just text");
}

#[tokio::test]
async fn very_many_comments_are_read_page_by_page() {
    let h = harness(demo_site());
    let item = odd::begun(&h).await;
    let (_, id) = item.item.id.split_once(':').unwrap();
    let path = format!(
        "/api/now/table/sys_journal_field?sysparm_query=element_id={id}&sysparm_display_value=all"
    );
    let answer = h
        .raw(http::Method::GET, &path, AUTHORIZATION, json!(null))
        .await;
    let first = answer["result"][0].clone();
    let rows: Vec<_> = odd::talk()
        .zip(1_u64..)
        .map(|(text, number)| {
            let mut row = first.clone();
            row["sys_id"]["value"] = json!(format!("{number:032x}"));
            row["value"] = json!({ "value": text, "display_value": text });
            row
        })
        .collect();
    // The record itself, then page after page.
    h.meddler().next_read(Trick::Pass);
    for page in rows.chunks(1000) {
        let mut answer = http::Response::new(json!({ "result": page }).to_string().into());
        answer
            .headers_mut()
            .insert("x-total-count", rows.len().into());
        h.meddler().next_read(Trick::Answer(answer));
    }
    // The record, ten pages, who wrote them, and its files.
    odd::check_talk(&h, &item, 13).await;
}

#[tokio::test]
async fn parents_in_a_circle_are_not_followed() {
    let parents = odd::Parents {
        authorization: AUTHORIZATION,
        path: |key| {
            format!("/api/now/table/incident?sysparm_query=number={key}&sysparm_display_value=all")
        },
        put: |answer, parent| {
            answer["result"] = answer["result"][0].take();
            let cell =
                json!({ "value": "0123456789abcdef0123456789abcdef", "display_value": parent });
            answer["result"]["parent"] = cell;
        },
    };
    odd::check_circle(&harness(demo_site()), &parents).await;
}

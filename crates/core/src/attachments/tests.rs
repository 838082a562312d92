//! What of the files that may be ours is taken.

use super::*;
use crate::time::Timestamp;

fn item(node: &str) -> ItemId {
    ItemId {
        node: node.into(),
        id: "1".to_owned(),
    }
}

fn file(id: &str) -> Attachment {
    Attachment {
        id: id.to_owned(),
        name: "a.txt".to_owned(),
        size: 1,
        media_type: "text/plain".to_owned(),
        author: None,
        created: Timestamp::EPOCH,
        url: None,
        internal: false,
        marker: None,
    }
}

fn link(on: &str, copy: &str) -> AttachmentLink {
    AttachmentLink {
        root: "r".into(),
        origin: FileOrigin {
            item: item("a"),
            attachment: "1".to_owned(),
        },
        item: item(on),
        attachment: copy.to_owned(),
        parent: item("a"),
        state: CopyState::Live,
        reason: String::new(),
        tried: Timestamp::EPOCH,
    }
}

#[test]
fn what_a_link_or_another_effect_claims_is_not_taken() {
    let check = |links: &[AttachmentLink], taken: &[&str], expected: Option<&str>| {
        let taken: Vec<String> = taken.iter().map(|id| (*id).to_owned()).collect();
        let found = unclaimed(vec![file("5"), file("6")], links, &item("b"), &taken);
        assert_eq!(found.map(|file| file.id).as_deref(), expected);
    };
    check(&[], &[], Some("5"));
    check(&[link("b", "5")], &[], Some("6"));
    check(&[link("c", "5")], &[], Some("5"));
    check(&[link("b", "5")], &["6"], None);
}

#[test]
fn the_answer_makes_the_link() {
    let open = link("b", "");
    let step = AttachmentStep { link: open.clone() };
    assert_eq!(
        step.settled(None, None),
        None,
        "nobody knows which one it is"
    );
    let done = step.settled(Some("7"), None).unwrap();
    assert_eq!(
        (done.attachment.as_str(), done.state),
        ("7", CopyState::Live)
    );
    for (lasting, state) in [(true, CopyState::Refused), (false, CopyState::Failed)] {
        let refusal = Refusal {
            sentence: "no".to_owned(),
            lasting,
        };
        let refused = step.settled(None, Some(&refusal)).unwrap();
        assert_eq!((refused.state, refused.reason.as_str()), (state, "no"));
    }
}

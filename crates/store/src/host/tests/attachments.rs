//! Links of files follow their items and their clusters, like those of comments.

use super::*;
use twinline_core::attachments::{AttachmentLink, CopyState, FileOrigin};

pub(super) fn link(root: &str, origin: &str, on: (&str, &str)) -> AttachmentLink {
    AttachmentLink {
        root: root.into(),
        origin: FileOrigin {
            item: id("gh", origin),
            attachment: "7".to_owned(),
        },
        item: id(on.0, on.1),
        attachment: "70".to_owned(),
        parent: id("gh", origin),
        state: CopyState::Live,
        reason: String::new(),
        tried: at(5),
    }
}

#[tokio::test]
async fn a_link_replaces_the_one_of_its_place_and_moves_with_its_items() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    host.write(|tx| {
        tx.put_item(&item_row("gh", "1", "acme/app#1", Some("r1")))?;
        tx.put_item(&item_row("jira", "10", "A-1", Some("r1")))?;
        tx.put_twin(&twin("l1", "1", Some("10"), TwinState::Live))?;
        let failed = AttachmentLink {
            state: CopyState::Failed,
            reason: "no permission".to_owned(),
            attachment: String::new(),
            ..link("r1", "1", ("jira", "10"))
        };
        tx.put_attachment_link(&failed)?;
        assert_eq!(tx.attachment_links(&"r1".into())?, [failed]);
        tx.put_attachment_link(&link("r1", "1", ("jira", "10")))?;
        tx.move_item(&id("gh", "1"), &item_row("gh", "99", "acme/other#5", None))?;
        let moved = link("r1", "99", ("jira", "10"));
        assert_eq!(tx.attachment_links(&"r1".into())?, [moved]);
        tx.move_item(&id("jira", "10"), &item_row("jira", "11", "B-1", None))?;
        let moved = link("r1", "99", ("jira", "11"));
        assert_eq!(tx.attachment_links(&"r1".into())?, [moved]);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn of_two_clusters_that_are_joined_the_surviving_ones_row_stands() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    host.write(|tx| {
        let ours = AttachmentLink {
            attachment: "71".to_owned(),
            ..link("r0", "1", ("jira", "10"))
        };
        tx.put_attachment_link(&ours)?;
        tx.put_attachment_link(&link("r1", "1", ("jira", "10")))?;
        tx.put_attachment_link(&link("r1", "1", ("redmine", "3")))?;
        tx.join_roots(&"r1".into(), &"r0".into())?;
        let theirs = link("r0", "1", ("redmine", "3"));
        assert_eq!(tx.attachment_links(&"r0".into())?, [ours, theirs]);
        assert_eq!(tx.attachment_links(&"r1".into())?, []);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn only_what_is_owed_is_tried_again() {
    let Fixture {
        host,
        folder: _folder,
    } = fixture().await;
    host.write(|tx| {
        let live = link("r1", "1", ("jira", "10"));
        let owed = AttachmentLink {
            state: CopyState::Failed,
            ..link("r1", "1", ("redmine", "3"))
        };
        tx.put_attachment_link(&live)?;
        tx.put_attachment_link(&owed)?;
        tx.retry_attachments(&"r1".into())?;
        let due = AttachmentLink {
            tried: at(0),
            ..owed
        };
        assert_eq!(tx.attachment_links(&"r1".into())?, [live, due]);
        Ok(())
    })
    .await
    .unwrap();
}

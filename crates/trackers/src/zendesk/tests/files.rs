//! Who sees a file: whoever sees the comment that carries it.

use super::*;
use crate::files::{Commit, Upload};
use crate::http::one;

async fn attach(h: &SimHarness, item: &ItemId, channel: Option<&str>) -> Attachment {
    let content = bytes::Bytes::from("x");
    let effect = Effect::AddAttachment {
        item: item.clone(),
        source: item.clone(),
        file: Box::new(Attachment {
            id: "1".to_owned(),
            name: "a.txt".to_owned(),
            size: 1,
            media_type: "text/plain".to_owned(),
            author: None,
            created: Timestamp::EPOCH,
            url: None,
            internal: false,
            marker: None,
        }),
        channel: channel.map(str::to_owned),
        marker: marker(),
    };
    let upload = Upload {
        size: 1,
        bytes: one(content),
        commit: Commit::always(),
    };
    let applied = h.tracker().attach(&effect, upload).await.unwrap();
    *applied.attachment.unwrap()
}

#[tokio::test]
async fn a_file_is_shown_to_customers_only_where_its_channel_is() {
    let check = async |channel: Option<&str>, internal: bool| {
        let h = harness();
        let item = item(&h, "files").await.reference.item;
        assert_eq!(attach(&h, &item, channel).await.internal, internal);
        let seen = read(&h, &item).await.attachments.unwrap();
        assert_eq!(seen[0].internal, internal, "{channel:?}");
    };
    check(Some(CHANNEL_PUBLIC), false).await;
    check(Some(CHANNEL_INTERNAL), true).await;
    check(None, true).await;
}

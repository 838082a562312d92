//! What a create says once its issue is there.

use super::*;

/// A create whose issue is made without one of its people, and whose later requests end like this.
async fn check(assigned: Trick, closed: Trick, expected: Result<&[&str], &str>) {
    let h = harness(GithubConfig::default());
    h.meddler().next_write(Trick::Pass);
    h.meddler().next_write(Trick::Pass);
    h.meddler().next_write(assigned);
    h.meddler().next_write(closed);
    let fields = [
        (field::ASSIGNEES, people(&["ana", "stranger"])),
        (field::STATUS, Value::text("closed:completed")),
    ];
    match (create(&h, &fields).await, expected) {
        (Ok(applied), Ok(expected)) => {
            let waived: Vec<&str> = applied.waived.keys().map(FieldName::as_str).collect();
            assert_eq!(waived, expected);
            assert!(applied.created.is_some() && h.meddler().is_spent());
        }
        (Err(TrackerError::Unknown { reason }), Err(expected)) => {
            assert!(reason.contains(expected), "{reason}");
        }
        (other, _) => panic!("{other:?}"),
    }
}

fn answer(status: u16) -> Trick {
    let answer = http::Response::builder()
        .status(status)
        .header("location", "http://tracker.sim/repositories/2/issues/1");
    Trick::Answer(answer.body(r#"{"message": "No"}"#.into()).unwrap())
}

/// An issue that a person transfers or deletes at once, or that takes no people, is made all the same: an error would have
/// it made again.
#[tokio::test]
async fn an_issue_that_was_made_is_told_whatever_is_refused_after_it() {
    let both = [field::ASSIGNEES, field::STATUS];
    for status in [301, 404, 410, 422] {
        check(answer(status), answer(status), Ok(&both)).await;
        check(answer(status), Trick::Pass, Ok(&both[..1])).await;
    }
    check(Trick::Pass, answer(410), Ok(&both)).await;
    // What may be made later, or tells nothing about the issue, is looked for.
    check(Trick::Refuse, Trick::Pass, Err("half of it was written")).await;
    check(answer(401), Trick::Pass, Err("half of it was written")).await;
    check(answer(422), answer(401), Err("half of it was written")).await;
}

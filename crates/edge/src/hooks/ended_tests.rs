//! What trackers hear: Azure DevOps loses an event on any refusal but 408, 502, 503 and 504, and switches a subscription off
//! on 410; others give up on 429.

use super::*;

#[test]
fn what_is_not_taken_now_is_answered_with_a_status_on_which_all_trackers_try_again() {
    let all = [
        (Ended::Accepted, 202),
        (Ended::Duplicate, 202),
        (Ended::Malformed(String::new()), 400),
        (Ended::Forged(""), 401),
        (Ended::NoSuchNode, 404),
        (Ended::Slow, 408),
        (Ended::TooLarge(1), 413),
        (Ended::Later("", 1), 503),
    ];
    for (ended, status) in all {
        let answer = ended.answer();
        assert_eq!(answer.status().as_u16(), status, "{ended:?}");
        let again = matches!(ended, Ended::Slow | Ended::Later(..));
        assert_eq!(again, matches!(status, 408 | 502..=504), "{ended:?}");
    }
}

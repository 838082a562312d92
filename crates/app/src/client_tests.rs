use super::*;
use serde_json::json;

fn check(status: StatusCode, problem: &Json, code: i32, sentence: &str) {
    let coded = refused(status, problem);
    assert_eq!((coded.code, coded.sentence.as_str()), (code, sentence));
}

#[test]
fn a_problem_becomes_an_error_with_its_exit_code() {
    check(
        StatusCode::CONFLICT,
        &json!({ "title": "needs a confirmation", "detail": "this would touch 900 items", "items": 900 }),
        CONFIRM,
        "this would touch 900 items: look at 'twinline plan', then add --yes",
    );
    check(
        StatusCode::NOT_FOUND,
        &json!({ "title": "not known here", "detail": "item 'X-1' is not known here" }),
        FAILED,
        "item 'X-1' is not known here: it has no twin; 'twinline twins' lists those that have",
    );
    check(
        StatusCode::BAD_GATEWAY,
        &json!({ "title": "a tracker could not be asked", "detail": "node 'a': down" }),
        FAILED,
        "a tracker could not be asked: node 'a': down",
    );
    let finding = json!({ "file": "a.toml", "spot": { "line": 3, "column": 1 }, "severity": "error",
                          "what": "no such field 'x'", "way_out": "did you mean 'y'?" });
    check(
        StatusCode::UNPROCESSABLE_ENTITY,
        &json!({ "detail": "…", "findings": [finding] }),
        CONFIGURATION,
        "the rules are not sound\na.toml:3:1: error: no such field 'x'; did you mean 'y'?",
    );
}

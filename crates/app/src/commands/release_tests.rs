use super::*;

fn twin(id: &str, state: &str, held: &[&str]) -> Json {
    let held: serde_json::Map<String, Json> = held
        .iter()
        .map(|field| ((*field).to_owned(), json!({})))
        .collect();
    json!({ "link": id, "state": state, "held": held })
}

fn check(twins: &[Json], field: &str, chosen: &[&str]) {
    assert_eq!(with_frozen(twins, field), chosen);
}

#[test]
fn a_choice_goes_to_the_twins_that_have_the_field_frozen() {
    let twins = [
        twin("a", "live", &[]),
        twin("b", "live", &["summary"]),
        twin("c", "live", &["labels", "summary"]),
    ];
    check(&twins, "summary", &["b", "c"]);
    check(&twins, "labels", &["c"]);
    // The host says of each that it is not held, or not known.
    check(&twins, "status", &["a", "b", "c"]);
}

#[test]
fn what_has_ended_cannot_be_released() {
    let twins = vec![twin("a", "unlinked", &[]), twin("b", "live", &[])];
    assert_eq!(
        living(twins, "x").expect("one lives"),
        [twin("b", "live", &[])]
    );
    let error = living(vec![twin("a", "unlinked", &[])], "PROJ-7").expect_err("none lives");
    assert!(
        error.to_string().contains("'PROJ-7' has no living twin"),
        "{error}"
    );
}

#[test]
fn without_a_choice_something_must_be_held() {
    let refused = |twins: &[Json]| must_be_held(twins, "PROJ-7").map_err(|why| why.sentence);
    assert_eq!(
        refused(&[twin("a", "live", &[]), twin("b", "quarantined", &[])]),
        Ok(())
    );
    let frozen = refused(&[twin("a", "live", &[]), twin("b", "live", &["summary"])]);
    assert!(
        frozen
            .expect_err("a choice is needed")
            .contains("--field summary --take")
    );
    let nothing = refused(&[twin("a", "live", &[])]);
    assert!(
        nothing
            .expect_err("nothing is held")
            .contains("nothing of 'PROJ-7' is held")
    );
}

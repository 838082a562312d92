use super::*;
use crate::exit::Coded;

fn answer(code: i32) -> Result<()> {
    match code {
        OK => Ok(()),
        code => Err(Coded::new(code, format!("failed with {code}")).into()),
    }
}

/// What is said of things that are answered with these codes, and the code of all together.
fn check(codes: &[i32], said: &[Result<(), &str>], code: Result<i32, &str>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let mut outcomes = Outcomes::new(codes.len(), "things");
    for (asked, said) in codes.iter().zip(said) {
        let answered = runtime.block_on(outcomes.ask(1, async { answer(*asked) }));
        assert_eq!(
            answered.as_ref().map_err(String::as_str),
            said.as_ref().map_err(|why| *why)
        );
    }
    let ended = outcomes.end();
    let ended = ended
        .as_ref()
        .map(|(code, _)| *code)
        .map_err(ToString::to_string);
    assert_eq!(ended, code.map_err(str::to_owned));
}

#[test]
fn each_thing_has_an_outcome_of_its_own() {
    check(&[OK, OK], &[Ok(()), Ok(())], Ok(OK));
    check(
        &[OK, FAILED, OK],
        &[Ok(()), Err("failed with 1"), Ok(())],
        Ok(FAILED),
    );
}

#[test]
fn a_host_that_has_gone_is_not_asked_again() {
    check(
        &[OK, UNREACHABLE, OK],
        &[
            Ok(()),
            Err("failed with 4"),
            Err("not tried: failed with 4"),
        ],
        Ok(UNREACHABLE),
    );
}

#[test]
fn one_thing_fails_with_its_own_error() {
    check(&[FAILED], &[Err("failed with 1")], Err("failed with 1"));
    check(
        &[UNREACHABLE],
        &[Err("failed with 4")],
        Err("failed with 4"),
    );
}

use super::*;

fn refused(sentence: &str) -> Cause {
    Cause::Refused {
        sentence: sentence.to_owned(),
    }
}

fn check(one: &Cause, other: &Cause, grouped: bool) {
    assert_eq!(one.group() == other.group(), grouped, "{one:?} {other:?}");
}

#[test]
fn equal_causes_group_and_others_do_not() {
    check(
        &refused("Field 'component' cannot be set on PROJ-7."),
        &refused("Field 'component' cannot be set on PROJ-8."),
        true,
    );
    check(
        &refused("Option \"Red\" is not allowed"),
        &refused("Option \"Blue\" is not allowed"),
        true,
    );
    check(&refused("It is closed"), &refused("It is locked"), false);
    let unread = |place: &str| Cause::Retry {
        reason: format!("Jira answered something unreadable at GET {place}: missing field `id`"),
    };
    check(
        &unread("/rest/api/3/issue/10001 at fields.parent"),
        &unread("/rest/api/3/issue/10002 at fields.parent"),
        true,
    );
    let rule = |line| Cause::Rule {
        file: "a.js".to_owned(),
        line: Some(line),
        column: None,
        reason: "x".to_owned(),
    };
    check(&rule(1), &rule(1), true);
    check(&rule(1), &rule(2), false);
    check(
        &refused("x"),
        &Cause::Unclear {
            reason: "x".to_owned(),
        },
        false,
    );
}

#[test]
fn what_mends_a_cause_is_known_from_what_is_stored() {
    let reason = String::new;
    let check = |cause: Cause, change: bool, time: bool| {
        let kind = Kind::of_group(&cause.group_name());
        assert_eq!(kind, Some(cause.kind()));
        let mended = kind.map(|kind| (kind.is_mended_by_change(), kind.is_mended_by_time()));
        assert_eq!(mended, Some((change, time)), "{cause:?}");
    };
    check(Cause::Retry { reason: reason() }, true, true);
    check(refused("x"), true, false);
    check(Cause::Unclear { reason: reason() }, false, true);
    check(Cause::Gone { evidence: reason() }, false, false);
    let rule = Cause::Rule {
        file: reason(),
        line: None,
        column: None,
        reason: reason(),
    };
    check(rule, true, false);
    assert_eq!(Kind::of_group("of-a-later-version"), None);
}

#[test]
fn a_cause_of_an_earlier_version_is_read_and_groups_with_the_new_ones() {
    let stored = r#"{"cause":"rule","file":"a.js","line":3,"reason":"x"}"#;
    let old: Cause = serde_json::from_str(stored).unwrap();
    let new = Cause::Rule {
        file: "a.js".to_owned(),
        line: Some(3),
        column: Some(7),
        reason: "x".to_owned(),
    };
    check(&old, &new, true);
}

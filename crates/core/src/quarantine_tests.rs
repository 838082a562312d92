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
    let rule = |line| Cause::Rule {
        file: "a.js".to_owned(),
        line: Some(line),
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
fn groups_are_counted_greatest_first() {
    let causes = [
        (1, refused("closed")),
        (2, refused("locked 5")),
        (3, refused("locked 6")),
    ];
    let groups = grouped(causes);
    let twins: Vec<_> = groups.iter().map(|group| group.twins.clone()).collect();
    assert_eq!(twins, [vec![2, 3], vec![1]]);
}

#[test]
fn each_cause_has_one_remedy() {
    assert_eq!(
        Cause::Retry {
            reason: String::new()
        }
        .remedy(),
        Remedy::Time
    );
    assert_eq!(refused("").remedy(), Remedy::Person);
}

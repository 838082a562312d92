use super::*;

fn check(text: &str, expected: Result<(Kind, &str), &str>) {
    let read: Result<Element, _> = serde_json::from_value(text.into());
    match (read, expected) {
        (Ok(element), Ok((kind, name))) => {
            assert_eq!(element, Element::new(kind, name));
            assert_eq!(serde_json::to_value(&element).unwrap(), text);
        }
        (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
        (read, expected) => panic!("{text}: {read:?}, expected {expected:?}"),
    }
}

#[test]
fn elements_are_kind_and_name() {
    check("host:h1", Ok((Kind::Host, "h1")));
    check(
        "pool:central/replicate",
        Ok((Kind::Pool, "central/replicate")),
    );
    check("tracker:jira-cloud", Ok((Kind::Tracker, "jira-cloud")));
    check("host", Err("kind:name"));
    check("host:", Err("kind:name"));
    check("hots:h1", Err("the kinds are alert, change, node, "));
}

#[test]
fn every_kind_reads_as_it_is_written() {
    for kind in Kind::ALL {
        assert_eq!(kind.as_str().parse(), Ok(*kind));
    }
}

#[test]
fn a_selector_means_all_of_a_kind_or_one() {
    let host: Selector = "host".parse().unwrap();
    let h1: Selector = "host:h1".parse().unwrap();
    let elements = [
        Element::new(Kind::Host, "h1"),
        Element::new(Kind::Host, "h2"),
    ];
    assert_eq!(elements.each_ref().map(|it| host.selects(it)), [true, true]);
    assert_eq!(elements.each_ref().map(|it| h1.selects(it)), [true, false]);
    assert!(!host.selects(&Element::new(Kind::Edge, "h1")));
    assert_eq!(
        (host.to_string(), h1.to_string()),
        ("host".into(), "host:h1".into())
    );
    assert!("host:".parse::<Selector>().is_err());
}

use super::{Definitions, Refused};
use twinline_core::names::NodeName;
use twinline_engine::groups::Part;
use twinline_store::GroupId;

/// Publishes connections one after the other, each with a fresh name at hand, and shows the groups.
fn check(connections: &[(&str, &str, &str)], groups: &[(&str, &[&str])]) {
    let mut known = Definitions::default();
    for (at, (name, left, right)) in connections.iter().enumerate() {
        let fresh = GroupId::new(format!("g{at}"));
        let nodes = ((*left).into(), (*right).into());
        known = known.with(&(*name).into(), nodes, &fresh).unwrap();
    }
    let found: Vec<(String, Vec<NodeName>)> = (known.members().into_iter())
        .map(|(group, nodes)| (group.to_string(), nodes.into_iter().collect()))
        .collect();
    let expected: Vec<(String, Vec<NodeName>)> = (groups.iter())
        .map(|(group, nodes)| {
            (
                (*group).to_owned(),
                nodes.iter().map(|node| (*node).into()).collect(),
            )
        })
        .collect();
    assert_eq!(found, expected);
    assert_eq!(Definitions::parse(&known.text()), Ok(known));
}

#[test]
fn nodes_that_are_connected_are_one_group_under_a_name_that_stays() {
    check(&[], &[]);
    check(&[("ab", "a", "b")], &[("g0", &["a", "b"])]);
    check(
        &[("ab", "a", "b"), ("bc", "b", "c")],
        &[("g0", &["a", "b", "c"])],
    );
    check(
        &[("ab", "a", "b"), ("cd", "c", "d")],
        &[("g0", &["a", "b"]), ("g1", &["c", "d"])],
    );
    check(&[("aa", "a", "a")], &[("g0", &["a"])]);
    // Published anew with another node: who was together stays together.
    check(
        &[("ab", "a", "b"), ("ab", "a", "c")],
        &[("g0", &["a", "b", "c"])],
    );
}

/// `a` and `b` in `g0`, `c` and `d` in `g1`, `e` and `f` in `g2`, `g` in none.
fn three() -> Definitions {
    let mut known = Definitions::default();
    for (at, (name, left, right)) in [("ab", "a", "b"), ("cd", "c", "d"), ("ef", "e", "f")]
        .into_iter()
        .enumerate()
    {
        known = placed(&known, name, (left, right), &format!("g{at}")).unwrap();
    }
    known
}

fn placed(
    known: &Definitions,
    name: &str,
    (left, right): (&str, &str),
    fresh: &str,
) -> Result<Definitions, Refused> {
    known.with(
        &name.into(),
        (left.into(), right.into()),
        &GroupId::new(fresh),
    )
}

fn nodes(known: &Definitions, group: &str) -> Vec<NodeName> {
    let mut all = known.members();
    let nodes = all.remove(&GroupId::new(group));
    nodes.unwrap_or_default().into_iter().collect()
}

#[test]
fn two_groups_are_joined_when_the_one_that_goes_is_closed() {
    let (g0, g1, g2) = (GroupId::new("g0"), GroupId::new("g1"), GroupId::new("g2"));
    let before = three().pinned(&g1, Some("m1"));
    let joining = placed(&before, "ad", ("a", "d"), "new").unwrap();
    assert_eq!(joining.places, before.places, "both work as before");
    assert_eq!(
        joining.connections, before.connections,
        "the connection is not there yet"
    );
    let parts = |known: &Definitions| [&g0, &g1, &g2].map(|group| known.part(group));
    assert_eq!(parts(&before), [Part::Stays; 3]);
    assert_eq!(parts(&joining), [Part::Stays, Part::Leaves, Part::Stays]);
    assert!(joining.takes_in(&g0).is_empty(), "nothing is final yet");
    let again = placed(&joining, "ad", ("a", "d"), "other");
    assert_eq!(again.as_ref(), Ok(&joining), "it is repeated as it was");

    let merged = joining.merged(&g1).unwrap();
    assert_eq!(
        nodes(&merged, "g0"),
        ["a", "b", "c", "d"].map(NodeName::from)
    );
    assert_eq!(merged.connections.len(), 4);
    assert_eq!(parts(&merged), [Part::Stays, Part::Gone, Part::Stays]);
    assert_eq!(merged.takes_in(&g0), [g1.clone()].into());
    assert_eq!(merged.groups().len(), 2);
    assert!(merged.pins.is_empty());
    assert_eq!(merged.merged(&g1).as_ref(), Some(&merged), "once");
    assert_eq!(before.merged(&g1), None, "nobody has asked for it");
    assert_eq!(
        placed(&merged, "ad", ("a", "d"), "new").as_ref(),
        Ok(&merged)
    );
    assert_eq!(Definitions::parse(&merged.text()), Ok(merged.clone()));

    // The one with more nodes stays, and what was joined to one that goes comes along in its file.
    let chain = placed(&merged, "df", ("f", "d"), "new").unwrap();
    assert_eq!(chain.part(&g2), Part::Leaves);
    let chain = chain.merged(&g2).unwrap();
    assert_eq!(nodes(&chain, "g0").len(), 6);
    assert_eq!(chain.takes_in(&g0), [g1, g2].into());
}

#[test]
fn a_join_that_is_under_way_is_waited_for_and_named() {
    let joining = placed(&three(), "ad", ("a", "d"), "new").unwrap();
    for (name, nodes) in [
        ("af", ("a", "f")),
        ("de", ("d", "e")),
        ("bc", ("b", "c")),
        // Turned around, or between other nodes: it is another one under that name.
        ("ad", ("d", "a")),
        ("ad", ("a", "b")),
    ] {
        let refused = placed(&joining, name, nodes, "new").unwrap_err();
        assert!(matches!(refused, Refused::Busy { .. }), "{name}: {refused}");
        let said = refused.to_string();
        let names = [&format!("'{name}'"), "'ad'", "g0", "g1", "repeat it"];
        assert!(names.iter().all(|name| said.contains(*name)), "{said}");
    }
    // What joins no groups goes on.
    let more = placed(&joining, "dg", ("d", "g"), "new").unwrap();
    assert_eq!(nodes(&more, "g1").len(), 3);
    assert_eq!(
        nodes(&more.merged(&GroupId::new("g1")).unwrap(), "g0").len(),
        5
    );
}

/// Else two groups would have rules of one name, and could never be joined.
#[test]
fn a_connection_stays_in_the_group_that_has_its_twins() {
    let known = three();
    for nodes in [("c", "d"), ("c", "f"), ("x", "y")] {
        let refused = placed(&known, "ab", nodes, "new").unwrap_err();
        assert!(matches!(refused, Refused::Elsewhere { .. }), "{refused}");
        let said = refused.to_string();
        assert!(
            ["'ab'", "g0", "another name"]
                .iter()
                .all(|name| said.contains(name)),
            "{said}"
        );
    }
    assert!(placed(&known, "ab", ("b", "c"), "new").is_ok());
}

#[test]
fn a_group_is_wanted_on_a_host_until_it_is_not() {
    let group = GroupId::new("g0");
    let known = Definitions::default().with(&"ab".into(), ("a".into(), "b".into()), &group);
    let known = known.unwrap();
    let pinned = known.pinned(&group, Some("m2"));
    assert_eq!(pinned.groups()[&group], (2, Some("m2".to_owned())));
    let more = pinned.with(&"bc".into(), ("b".into(), "c".into()), &GroupId::new("g1"));
    assert_eq!(more.unwrap().groups()[&group], (3, Some("m2".to_owned())));
    assert_eq!(pinned.pinned(&group, None), known);
    assert_eq!(Definitions::parse(&pinned.text()), Ok(pinned));
}

#[test]
fn a_text_of_another_format_is_refused() {
    let newer = Definitions::default()
        .text()
        .replace("\"format\":1", "\"format\":3");
    assert_eq!(
        Definitions::parse(&newer),
        Err("is of format 3; this version reads 1 and 2".to_owned())
    );
    assert!(Definitions::parse("[]").is_err());
}

/// A machine of a version that does not know joins would publish them away.
#[test]
fn a_text_with_joins_is_of_a_format_of_its_own() {
    let apart = three();
    let joining = placed(&apart, "ad", ("a", "d"), "new").unwrap();
    let merged = joining.merged(&GroupId::new("g1")).unwrap();
    let later = placed(&merged, "gh", ("g", "h"), "new").unwrap();
    for (known, format) in [(apart, 1), (joining, 2), (merged, 2), (later, 2)] {
        let text = known.text();
        assert!(text.contains(&format!("\"format\":{format},")), "{text}");
    }
}

#[test]
fn a_text_without_a_generation_is_of_the_first() {
    let first = Definitions::default();
    let text = first.text().replace(",\"generation\":1", "");
    assert!(!text.contains("generation"), "{text}");
    assert_eq!(Definitions::parse(&text).as_ref(), Ok(&first));
    let second = first.raised().unwrap();
    assert_eq!((first.generation, second.generation), (1, 2));
    assert_eq!(Definitions::parse(&second.text()), Ok(second));
}

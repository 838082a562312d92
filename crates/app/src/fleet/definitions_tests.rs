use super::Definitions;
use twinline_core::names::NodeName;
use twinline_store::GroupId;

/// Publishes connections one after the other, each with a fresh name at hand, and shows the groups.
fn check(connections: &[(&str, &str, &str)], groups: &[(&str, &[&str])]) {
    let mut known = Definitions::default();
    for (at, (name, left, right)) in connections.iter().enumerate() {
        let fresh = GroupId::new(format!("g{at}"));
        let nodes = ((*left).into(), (*right).into());
        known = known.with(&(*name).into(), nodes, &fresh).unwrap();
    }
    let found: Vec<(String, Vec<NodeName>)> = (known.groups().keys())
        .map(|group| {
            (
                group.to_string(),
                known.members(group).into_iter().collect(),
            )
        })
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

#[test]
fn two_groups_that_work_are_not_joined_and_the_sentence_names_them() {
    let one =
        Definitions::default().with(&"ab".into(), ("a".into(), "b".into()), &GroupId::new("g0"));
    let two = one
        .unwrap()
        .with(&"cd".into(), ("c".into(), "d".into()), &GroupId::new("g1"));
    let joined = two
        .unwrap()
        .with(&"ad".into(), ("a".into(), "d".into()), &GroupId::new("g2"));
    let said = joined.unwrap_err().to_string();
    assert!(
        ["'ad'", "'a'", "'d'", "g0", "g1"]
            .iter()
            .all(|name| said.contains(name)),
        "{said}"
    );
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
        .replace("\"format\":1", "\"format\":2");
    assert_eq!(
        Definitions::parse(&newer),
        Err("is of format 2; this version reads 1".to_owned())
    );
    assert!(Definitions::parse("[]").is_err());
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

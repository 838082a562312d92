use super::*;
use crate::item::{ItemRef, Version};

fn id(node: &str, id: &str) -> ItemId {
    ItemId {
        node: node.into(),
        id: id.to_owned(),
    }
}

fn member(node: &str, item: &str) -> Member {
    let scope = Scope::from([("repo".to_owned(), "r".to_owned())]);
    Member {
        item: id(node, item),
        scope,
    }
}

fn item(node: &str, item: &str, link: Option<&str>) -> Item {
    Item {
        reference: ItemRef {
            item: id(node, item),
            key: item.to_owned(),
            url: String::new(),
        },
        fields: BTreeMap::new(),
        comments: None,
        attachments: None,
        version: Version::default(),
        marker: link.map(|link| Marker {
            root: "r".into(),
            link: link.into(),
        }),
        scope: Scope::new(),
    }
}

#[test]
fn a_link_id_depends_on_each_of_its_parts() {
    let base = link_id(&"c".into(), Side::Left, &id("n", "1"), 0);
    assert_eq!(base, link_id(&"c".into(), Side::Left, &id("n", "1"), 0));
    for other in [
        link_id(&"d".into(), Side::Left, &id("n", "1"), 0),
        link_id(&"c".into(), Side::Right, &id("n", "1"), 0),
        link_id(&"c".into(), Side::Left, &id("m", "1"), 0),
        link_id(&"c".into(), Side::Left, &id("n", "2"), 0),
        link_id(&"c".into(), Side::Left, &id("n", "1"), 1),
    ] {
        assert_ne!(base, other);
    }
}

#[test]
fn roots_begin_join_and_merge() {
    let link = LinkId::new("l");
    let (a, b) = (member("a", "1"), member("b", "1"));
    let (first, second) = (RootId::new("1"), RootId::new("2"));
    let own_a = [a.clone(), member("c", "1")];
    let own_b = [b.clone()];
    assert_eq!(
        join(&link, (&a, None), (&b, None)),
        Joined::New(root_of(&link))
    );
    let joined = join(&link, (&a, Some((&first, &own_a))), (&b, None));
    assert_eq!(joined, Joined::Same(first.clone()));
    let merged = join(
        &link,
        (&a, Some((&second, &own_a))),
        (&b, Some((&first, &own_b))),
    );
    assert_eq!(
        merged,
        Joined::Merged {
            root: first.clone(),
            gone: second.clone()
        }
    );
    let mirrored = join(
        &link,
        (&b, Some((&first, &own_b))),
        (&a, Some((&second, &own_a))),
    );
    assert_eq!(mirrored, merged);
}

#[test]
fn two_items_of_one_scope_never_share_a_cluster() {
    let link = LinkId::new("l");
    let (a, b) = (member("a", "1"), member("b", "1"));
    let root = RootId::new("1");
    let with_other_b = [a.clone(), member("b", "2")];
    let joined = join(&link, (&a, Some((&root, &with_other_b))), (&b, None));
    assert_eq!(
        joined,
        Joined::Clash {
            items: (id("b", "2"), id("b", "1"))
        }
    );
}

#[test]
fn a_ring_of_three_closes() {
    let cluster = [member("a", "1"), member("b", "1"), member("c", "1")];
    let scope = Scope::from([("repo".to_owned(), "r".to_owned())]);
    let check = |members: &[Member], node: &str, scope: &Scope, expected: Entry| {
        assert_eq!(entry(members, &[], &node.into(), scope), expected);
    };
    check(&cluster[..2], "c", &scope, Entry::Create);
    check(&cluster, "a", &scope, Entry::Close(id("a", "1")));
    let elsewhere = Scope::from([("repo".to_owned(), "other".to_owned())]);
    check(&cluster, "a", &elsewhere, Entry::Create);
}

#[test]
fn a_ring_waits_for_the_item_that_another_twin_makes() {
    let cluster = [member("a", "1"), member("b", "1")];
    let scope = |pairs: &[(&str, &str)]| -> Scope {
        let pairs = pairs.iter();
        pairs
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    };
    let check = |made: &[(&str, &str)], wanted: &[(&str, &str)], node: &str, expected: Entry| {
        let making = [Making {
            node: "c".into(),
            scope: scope(made),
        }];
        let found = entry(&cluster, &making, &node.into(), &scope(wanted));
        assert_eq!(found, expected, "{made:?} {wanted:?} {node}");
    };
    check(&[("repo", "r")], &[("repo", "r")], "c", Entry::Wait);
    check(
        &[("repo", "r")],
        &[("repo", "r"), ("type", "t")],
        "c",
        Entry::Wait,
    );
    check(&[("repo", "r")], &[("repo", "other")], "c", Entry::Create);
    check(&[("repo", "r")], &[("repo", "r")], "d", Entry::Create);
    let closed = Entry::Close(id("b", "1"));
    check(&[("repo", "r")], &[("repo", "r")], "b", closed);
}

#[test]
fn the_twin_table_wins_over_a_marker() {
    let table = |link: &LinkId| (link.as_str() == "known").then(|| id("n", "1"));
    let open = |link: &LinkId| link.as_str() == "open";
    let check =
        |found: &Item, expected: Marked| assert_eq!(recognise(found, table, open), expected);
    check(&item("n", "1", None), Marked::Unmarked);
    check(&item("n", "1", Some("known")), Marked::Ours("known".into()));
    check(
        &item("n", "2", Some("known")),
        Marked::Clone { of: id("n", "1") },
    );
    check(&item("n", "3", Some("open")), Marked::Ours("open".into()));
    check(&item("n", "4", Some("strange")), Marked::Foreign);
}

#[test]
fn unmarked_items_of_our_account_wait_while_a_create_is_open() {
    assert!(must_wait(&Marked::Unmarked, true, true));
    assert!(!must_wait(&Marked::Unmarked, true, false));
    assert!(!must_wait(&Marked::Unmarked, false, true));
    assert!(!must_wait(&Marked::Clone { of: id("n", "1") }, true, true));
}

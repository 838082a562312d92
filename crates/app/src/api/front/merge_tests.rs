use super::merge::{Pages, metrics};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use twinline_store::GroupId;

/// A list in each group; the cursor of an item is its number.
fn page(items: &[u64], query: &str) -> Vec<u8> {
    let asked: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let limit: usize = asked["limit"].parse().unwrap();
    let after: u64 = asked
        .get("cursor")
        .map_or(0, |cursor| cursor.parse().unwrap());
    let mut rest = items.iter().filter(|item| **item > after);
    let found: Vec<u64> = rest.by_ref().take(limit).copied().collect();
    let next = rest.next().and(found.last());
    json!({ "items": found, "next": next })
        .to_string()
        .into_bytes()
}

fn one(groups: &[(&str, &[u64])], uri: &str) -> Value {
    let mut pages = Pages::of(&uri.parse().unwrap()).unwrap();
    for (name, items) in groups {
        let group = GroupId::new(*name);
        while let Some(uri) = pages.next_of(&group).unwrap() {
            assert_eq!(uri.path(), "/v1/twins");
            let query = uri.query().unwrap();
            assert!(query.contains("held=true"), "{query}");
            pages.take(&group, &page(items, query)).unwrap();
        }
    }
    pages.whole()
}

/// Reads all pages of a length.
fn all(groups: &[(&str, &[u64])], limit: usize) -> Vec<u64> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = one(
            groups,
            &format!("/v1/twins?held=true&limit={limit}{cursor}"),
        );
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        found.extend(items.iter().map(|item| item.as_u64().unwrap()));
        match page["next"].as_str() {
            None => return found,
            Some(next) => cursor = format!("&cursor={next}"),
        }
    }
}

#[test]
fn a_list_goes_on_from_group_to_group_and_shows_each_item_once() {
    let groups: &[(&str, &[u64])] = &[("a", &[1, 2, 3]), ("b", &[]), ("c", &[4]), ("d", &[5, 6])];
    for limit in 1..8 {
        assert_eq!(all(groups, limit), [1, 2, 3, 4, 5, 6], "pages of {limit}");
    }
    assert_eq!(all(&[], 5), [0; 0]);
}

#[test]
fn a_group_that_goes_between_two_pages_takes_its_items_and_no_others() {
    let groups: &[(&str, &[u64])] = &[("a", &[1, 2]), ("b", &[3, 4]), ("c", &[5])];
    let first = one(groups, "/v1/twins?held=true&limit=3");
    let next = first["next"].as_str().unwrap();
    let without: &[(&str, &[u64])] = &[("a", &[1, 2]), ("c", &[5])];
    let second = one(
        without,
        &format!("/v1/twins?held=true&limit=3&cursor={next}"),
    );
    assert_eq!(second, json!({ "items": [5], "next": null }));
}

#[test]
fn a_wrong_limit_or_cursor_is_the_callers_mistake() {
    for uri in [
        "/v1/twins?limit=0",
        "/v1/twins?limit=501",
        "/v1/twins?limit=x",
        "/v1/twins?cursor=7",
    ] {
        assert!(Pages::of(&uri.parse().unwrap()).is_err(), "{uri}");
    }
}

#[test]
fn samples_of_groups_stand_together_under_their_name() {
    let text = |value: u32| {
        format!(
            "# TYPE n counter\nn_total {value}\n# TYPE d gauge\n# HELP d Waiting.\nd{{lane=\"live\"}} {value}\n# EOF\n"
        )
    };
    let own = "# TYPE d gauge\n# HELP d Waiting.\nd{lane=\"live\"} 3\n";
    let groups = [(GroupId::new("g1"), text(1)), (GroupId::new("g2"), text(2))];
    let merged = metrics(&groups, own);
    let expected = "# TYPE d gauge\n# HELP d Waiting.\nd{group=\"g1\",lane=\"live\"} 1\nd{group=\"g2\",lane=\"live\"} 2\nd{lane=\"live\"} 3\n\
                    # TYPE n counter\nn_total{group=\"g1\"} 1\nn_total{group=\"g2\"} 2\n# EOF\n";
    assert_eq!(merged, expected);
    assert_eq!(metrics(&[], ""), "# EOF\n");
}

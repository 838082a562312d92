//! Which field is the parent of both sides.

use super::super::contract::contract;
use crate::catalogue::Catalogue;
use crate::parse::parse;
use crate::source::SourceFile;
use twinline_core::names::Sides;

const HEAD: &str = r#"
format = 1
name = "pair"
[left]
node = "a"
scope = { p = "A" }
[right]
node = "b"
scope = { p = "B" }
script = "r.js"
[fields.p]
"#;

fn check(head: &str, field: &str, expected: bool) {
    let map = SourceFile::new("pair.toml", format!("{head}{field}"));
    let rules = parse(&map).unwrap();
    let catalogues = Sides::<Catalogue>::default();
    let contract = contract(&rules, &catalogues, 1);
    assert_eq!(contract.fields["p"].parent, expected, "{field}");
}

#[test]
fn a_parent_on_both_sides_of_two_nodes_is_one_unless_a_rule_says_what_crosses() {
    let plain = "left = \"parent\"\nright = \"parent\"\n";
    check(HEAD, plain, true);
    check(HEAD, &format!("{plain}dir = \"->\"\n"), true);
    check(HEAD, "left = \"parent\"\nright = \"summary\"\n", false);
    check(HEAD, &format!("{plain}right_via = \"twin\"\n"), false);
    let table = "values = \"v\"\n[values.v]\none = { left = \"A-1\", right = \"#7\" }\n";
    check(HEAD, &format!("{plain}{table}"), false);
    // Between two scopes of one node the key is the parent's own.
    let within = HEAD.replace("node = \"b\"", "node = \"a\"");
    check(&within, plain, false);
}

use super::factory;
use std::collections::BTreeSet;

fn made(text: &str, exported: &[&str]) -> Option<String> {
    let exported: BTreeSet<String> = exported.iter().map(|name| (*name).to_owned()).collect();
    factory(text, &exported)
}

#[test]
fn exports_at_the_beginning_of_a_line_become_what_the_function_gives() {
    let text = "export function outgoing() {}\n  export const area = {};\nlet kept = 1;\nexport async function f() {}";
    assert_eq!(
        made(text, &["area", "f", "outgoing"]).unwrap(),
        "(function(){       function outgoing() {}\n         const area = {};\nlet kept = 1;\n       async function f() {}\n\
         return {get outgoing(){return outgoing},get area(){return area},get f(){return f}}})"
    );
    assert!(
        made(
            "export let a = 1;\nexport class B {}\nexport var c;",
            &["B", "a", "c"]
        )
        .is_some()
    );
    assert_eq!(
        made("const a = 1;", &[]).unwrap(),
        "(function(){const a = 1;\nreturn {}})"
    );
}

#[test]
fn what_is_not_surely_the_same_is_left_alone() {
    let cases: &[(&str, &[&str])] = &[
        ("export const a = 1, b = 2;", &["a", "b"]),
        ("export const { a } = b;", &["a"]),
        ("export default 1;", &["default"]),
        ("const a = 1; export { a };", &["a"]),
        ("export { a };", &["a"]),
        ("export function* a() {}", &["a"]),
        (
            "const t = `\nexport function b() {}\n`;\nexport function a() {}",
            &["a"],
        ),
        (
            "const t = `\nexport function a() {}\n`;\nexport function a() {}",
            &["a"],
        ),
        ("let x = 1;\nexport function a() { return x --> 0 }", &["a"]),
        ("export const \u{e4} = 1;", &["\u{e4}"]),
    ];
    for (text, exported) in cases {
        assert_eq!(made(text, exported), None, "{text}");
    }
}

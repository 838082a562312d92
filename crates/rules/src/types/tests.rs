//! Declarations of one's own fields.

use super::*;
use crate::parse::parse;
use crate::source::SourceFile;

#[test]
fn the_examples_fields_are_declared() {
    let rules = parse(&SourceFile::new(
        "x.toml",
        include_str!("../../tests/example/acme-support.toml"),
    ))
    .unwrap();
    let descriptions = Sides {
        left: serde_json::from_str(include_str!("../../tests/example/jira.json")).unwrap(),
        right: serde_json::from_str(include_str!("../../tests/example/servicenow.json")).unwrap(),
    };
    let text = declarations(&rules, &descriptions);
    for line in [
        "export interface Replica {",
        "  \"status\"?: \"new\" | \"active\" | \"waiting\" | \"resolved\" | \"canceled\" | null;",
        "  \"outage\"?: boolean | null;",
        "export interface LeftFields {",
        "  \"Severity\"?: \"S1\" | \"S2\" | \"S3\" | null;",
        "  \"customfield_10033\"?: boolean | null;",
        "  readonly \"created\"?: string | null;",
        "export interface RightFields {",
        "  \"cmdb_ci\"?: string | null;",
    ] {
        assert!(
            text.lines().any(|known| known == line),
            "{line}\nis not in\n{text}"
        );
    }
    for side in ["Left", "Right"] {
        assert!(text.contains(&format!(
            "readonly issue: Readonly<{side}Issue>; replica: Replica;"
        )));
        assert!(text.contains(&format!("{{ fields: {side}Fields }}")));
    }
    assert!(BASE.starts_with("// twinline.d.ts"));
}

#[test]
fn an_editor_is_told_where_the_modules_are() {
    let config: serde_json::Value = serde_json::from_str(JSCONFIG).unwrap();
    let paths = &config["compilerOptions"]["paths"];
    assert_eq!(paths["twinline"][0], "./twinline.d.ts");
    assert_eq!(paths["twinline/*"][0], "./*.d.ts");
}

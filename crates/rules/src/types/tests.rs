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
        "export interface AcmeSupportReplica {",
        "  \"status\"?: \"new\" | \"active\" | \"waiting\" | \"resolved\" | \"canceled\" | null;",
        "  \"outage\"?: boolean | null;",
        "export interface AcmeSupportLeftFields {",
        "  \"Severity\"?: \"S1\" | \"S2\" | \"S3\" | null;",
        "  \"customfield_10033\"?: boolean | null;",
        "  readonly \"created\"?: string | null;",
        "export interface AcmeSupportRightFields {",
        "  \"cmdb_ci\"?: string | null;",
    ] {
        assert!(
            text.lines().any(|known| known == line),
            "{line}\nis not in\n{text}"
        );
    }
    assert!(text.starts_with("// twinline.d.ts"));
}

//! ADF as Jira sends it, and what is made of it.

mod properties;
mod published;

use super::{AdfError, decode, encode, lower};
use crate::richtext::{Block, Dialect, Document, List, ListItem, LossKind, markdown};
use serde_json::{Value, json};

fn doc(content: &Value) -> Value {
    json!({"version": 1, "type": "doc", "content": content})
}

/// A document that is read and written back as it was, and what it is in Markdown.
#[track_caller]
fn check(content: &Value, expected: &str) {
    let value = doc(content);
    let document = decode(&value).unwrap();
    let (written, losses) = encode(&document);
    assert_eq!(written, value);
    assert!(losses.is_empty(), "{losses:?}");
    assert_eq!(markdown::encode(&document).0, expected);
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn paragraph(words: &str) -> Value {
    json!({"type": "paragraph", "content": [text(words)]})
}

#[test]
fn what_both_notations_have_crosses() {
    check(&json!([]), "");
    check(&json!([paragraph("a"), {"type": "rule"}]), "a\n\n___");
    let marked = |name: &str| json!({"type": "text", "text": name, "marks": [{"type": name}]});
    check(
        &json!([{"type": "paragraph", "content": [marked("strong"), text(" "), marked("em"), {"type": "hardBreak"},
            {"type": "text", "text": "x", "marks": [{"type": "link", "attrs": {"href": "https://a.example"}}]}]}]),
        "**strong** _em_\n[x](https://a.example)",
    );
    check(
        &json!([{"type": "heading", "attrs": {"level": 2}, "content": [text("t")]}]),
        "## t",
    );
    check(
        &json!([{"type": "orderedList", "attrs": {"order": 4}, "content": [
            {"type": "listItem", "content": [paragraph("a"),
                {"type": "bulletList", "content": [{"type": "listItem", "content": [paragraph("b")]}]}]}]}]),
        "4. a\n   - b",
    );
    check(
        &json!([{"type": "taskList", "attrs": {"localId": "1"}, "content": [
            {"type": "taskItem", "attrs": {"localId": "2", "state": "DONE"}, "content": [text("a")]}]}]),
        "- [x] a",
    );
    check(
        &json!([{"type": "panel", "attrs": {"panelType": "error"}, "content": [paragraph("a")]}]),
        "> [!CAUTION]\n> a",
    );
    check(
        &json!([{"type": "codeBlock", "attrs": {"language": "sql"}, "content": [text("select 1")]}]),
        "```sql\nselect 1\n```",
    );
    let cell =
        |kind: &str, words: &str| json!({"type": kind, "attrs": {}, "content": [paragraph(words)]});
    check(
        &json!([{"type": "table", "content": [
            {"type": "tableRow", "content": [cell("tableHeader", "h")]},
            {"type": "tableRow", "content": [cell("tableCell", "a|b")]}]}]),
        "| h |\n| --- |\n| a\\|b |",
    );
    check(
        &json!([{"type": "mediaSingle", "attrs": {"layout": "center"}, "content": [
            {"type": "media", "attrs": {"type": "external", "url": "https://a.example/i.png", "alt": "i"}}]}]),
        "![i](https://a.example/i.png)",
    );
}

#[test]
fn what_only_jira_has_is_kept_verbatim_and_shown_nearly() {
    check(
        &json!([{"type": "paragraph", "content": [
            {"type": "mention", "attrs": {"id": "5b10", "text": "@Ann"}}, text(" "),
            {"type": "status", "attrs": {"text": "Done", "color": "green"}}, text(" "),
            {"type": "date", "attrs": {"timestamp": "1582152559000"}}, text(" "),
            {"type": "inlineCard", "attrs": {"url": "https://a.example/"}}]}]),
        "@<!-- -->Ann Done 2020-02-19 <https://a.example/>",
    );
    check(
        &json!([{"type": "expand", "attrs": {"title": "more"}, "content": [paragraph("in")]}]),
        "**more**\n\nin",
    );
    check(
        &json!([{"type": "unheard", "content": [paragraph("x")], "new": 1}]),
        "x",
    );
    let wide = json!({"type": "tableCell", "attrs": {"colspan": 2}, "content": [paragraph("a")]});
    check(
        &json!([{"type": "table", "content": [{"type": "tableRow", "content": [wide]}]}]),
        "|  |\n| --- |\n| a |",
    );
}

#[test]
fn the_schema_is_kept_when_other_trackers_text_comes() {
    let check = |text: &str, expected: &Value, losses: &[LossKind]| {
        let (value, report) = encode(&markdown::decode(text));
        assert_eq!(value["content"], *expected, "{text}");
        let found: Vec<_> = report.losses.iter().map(|loss| loss.what).collect();
        assert_eq!(found, losses, "{text}");
    };
    let code = json!({"type": "text", "text": "a", "marks": [{"type": "code"}]});
    check(
        "**`a`**",
        &json!([{"type": "paragraph", "content": [code]}]),
        &[LossKind::Mark],
    );
    check(
        "> > a",
        &json!([{"type": "blockquote", "content": [paragraph("a")]}]),
        &[LossKind::Nesting],
    );
    let strong = json!({"type": "text", "text": "a", "marks": [{"type": "strong"}]});
    check(
        "- # a",
        &json!([{"type": "bulletList", "content": [{"type": "listItem", "content": [
            {"type": "paragraph", "content": [strong]}]}]}]),
        &[LossKind::Form],
    );
    check(
        "- \n",
        &json!([{"type": "bulletList", "content": [{"type": "listItem", "content": [
            {"type": "paragraph", "content": []}]}]}]),
        &[],
    );
}

#[test]
fn a_task_without_a_text_keeps_its_nested_tasks() {
    let tasks = |blocks| {
        let task = Some(true);
        let items = vec![ListItem { task, blocks }];
        Block::List(List { start: None, items })
    };
    let nested = || tasks(vec![Block::paragraph("a")]);
    let document = Document {
        blocks: vec![tasks(vec![Block::Paragraph(Vec::new()), nested()])],
    };
    let (read, losses) = Dialect::Adf.project(&document);
    assert_eq!(read.blocks, [tasks(vec![nested()])]);
    assert!(losses.is_empty(), "{losses:?}");
    assert_eq!(Dialect::Adf.project(&read).0, read);
    assert_eq!(lower::document(&document).0, read);
}

#[test]
fn what_is_no_document_is_refused() {
    assert_eq!(decode(&Value::Null), Ok(Document::default()));
    assert!(matches!(
        decode(&json!("text")),
        Err(AdfError::NotADocument(_))
    ));
    assert!(matches!(
        decode(&json!({"type": "doc", "content": 1})),
        Err(AdfError::NotADocument(_))
    ));
    assert_eq!(
        decode(&json!({"type": "doc", "version": 2})),
        Err(AdfError::Version("2".to_owned()))
    );
    let mut deep = paragraph("x");
    for _ in 0..200 {
        deep = json!({"type": "blockquote", "content": [deep]});
    }
    assert_eq!(decode(&doc(&json!([deep]))), Err(AdfError::TooDeep));
}

#[test]
fn a_node_beyond_the_depth_is_kept_verbatim() {
    let mut deep = paragraph("x");
    for _ in 0..30 {
        deep = json!({"type": "blockquote", "content": [deep]});
    }
    let document = decode(&doc(&json!([deep]))).unwrap();
    assert_eq!(document.plain(), "x");
    assert_eq!(document, document.clone().normalised());
    assert_eq!(Dialect::Markdown.project(&document).0.plain(), "x");
}

#[test]
fn control_characters_are_dropped_and_reported() {
    let document = Document {
        blocks: vec![Block::paragraph("a\u{0}\u{1b}b")],
    };
    let (value, report) = encode(&document);
    assert_eq!(value["content"], json!([paragraph("ab")]));
    assert_eq!(report.losses[0].what, LossKind::ControlCharacters);
}

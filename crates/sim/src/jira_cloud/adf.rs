//! What Jira checks of a document in the Atlassian Document Format before it stores it, and its plain text.
//!
//! Source: <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>.

use serde_json::Value;

/// The most characters of text that a description or comment may hold.
const MOST_CHARACTERS: usize = 32_767;
/// Nodes nested deeper than this are refused, so that a hostile document cannot exhaust the stack.
const DEEPEST: usize = 100;

const NODES: [&str; 36] = [
    "blockquote",
    "bulletList",
    "codeBlock",
    "date",
    "doc",
    "emoji",
    "expand",
    "hardBreak",
    "heading",
    "inlineCard",
    "listItem",
    "media",
    "mediaGroup",
    "mediaInline",
    "mediaSingle",
    "mention",
    "nestedExpand",
    "orderedList",
    "panel",
    "paragraph",
    "rule",
    "status",
    "table",
    "tableCell",
    "tableHeader",
    "tableRow",
    "taskItem",
    "taskList",
    "decisionItem",
    "decisionList",
    "text",
    "blockCard",
    "embedCard",
    "extension",
    "inlineExtension",
    "bodiedExtension",
];

/// Why a document is not taken: the message that the API answers.
pub(super) type Refusal = &'static str;

/// Not a document at all.
pub(super) const NOT_A_DOCUMENT: Refusal =
    "Operation value must be an Atlassian Document (see the Atlassian Document Format)";
/// A document with something in it that the format does not allow.
const INVALID: Refusal = "INVALID_INPUT";
/// More text than fits.
const TOO_LONG: Refusal = "CONTENT_LIMIT_EXCEEDED";

/// Checks a document.
pub(super) fn check(document: &Value) -> Result<(), Refusal> {
    let is_document = document.get("type") == Some(&Value::from("doc"))
        && document.get("version") == Some(&Value::from(1))
        && document.get("content").is_some_and(Value::is_array);
    if !is_document {
        return Err(NOT_A_DOCUMENT);
    }
    check_node(document, 0)?;
    if plain(document).chars().count() > MOST_CHARACTERS {
        return Err(TOO_LONG);
    }
    Ok(())
}

fn check_node(node: &Value, depth: usize) -> Result<(), Refusal> {
    let kind = node.get("type").and_then(Value::as_str).ok_or(INVALID)?;
    if !NODES.contains(&kind) || depth > DEEPEST || (kind == "doc" && depth > 0) {
        return Err(INVALID);
    }
    if kind == "text" {
        let text = node.get("text").and_then(Value::as_str).ok_or(INVALID)?;
        let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if text.is_empty() || text.chars().any(control) {
            return Err(INVALID);
        }
    }
    match node.get("content") {
        None => Ok(()),
        Some(Value::Array(children)) => children
            .iter()
            .try_for_each(|child| check_node(child, depth + 1)),
        Some(_) => Err(INVALID),
    }
}

/// A document's text, one line for a block. Webhooks and the changelog carry it in place of ADF.
pub(super) fn plain(document: &Value) -> String {
    let mut out = String::new();
    write_plain(document, &mut out);
    out.trim_end().to_owned()
}

fn write_plain(node: &Value, out: &mut String) {
    let attr = |name: &str| {
        node.pointer(&format!("/attrs/{name}"))
            .and_then(Value::as_str)
    };
    let kind = node.get("type").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "text" => out.push_str(node.get("text").and_then(Value::as_str).unwrap_or_default()),
        "hardBreak" => out.push('\n'),
        "mention" => {
            // The wiki form, in which a webhook names the mentioned account.
            out.push_str("[~accountid:");
            out.push_str(attr("id").unwrap_or_default());
            out.push(']');
        }
        "emoji" => out.push_str(attr("text").or(attr("shortName")).unwrap_or_default()),
        "inlineCard" | "blockCard" => out.push_str(attr("url").unwrap_or_default()),
        "status" => out.push_str(attr("text").unwrap_or_default()),
        _ => {}
    }
    let children = node.get("content").and_then(Value::as_array);
    for child in children.into_iter().flatten() {
        write_plain(child, out);
    }
    if matches!(kind, "paragraph" | "heading" | "codeBlock" | "rule") {
        out.push('\n');
    }
}

/// A document of paragraphs, one for a line of plain text.
pub(super) fn from_plain(text: &str) -> Value {
    let paragraph = |line: &str| match line {
        "" => serde_json::json!({"type": "paragraph", "content": []}),
        line => {
            serde_json::json!({"type": "paragraph", "content": [{"type": "text", "text": line}]})
        }
    };
    let content: Vec<Value> = text.lines().map(paragraph).collect();
    serde_json::json!({"type": "doc", "version": 1, "content": content})
}

/// A document rendered as HTML, as plainly as `renderedFields` needs it.
pub(super) fn html(document: &Value) -> String {
    let escape = |line: &str| {
        line.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    let text = plain(document);
    text.lines()
        .map(|line| format!("<p>{}</p>", escape(line)))
        .collect::<Vec<_>>()
        .join("\n")
}

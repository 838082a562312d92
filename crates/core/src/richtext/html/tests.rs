//! HTML as trackers keep it, and what is made of it.

mod properties;

use super::{decode, encode};
use crate::richtext::{Block, Document, LossKind, adf, markdown};
use serde_json::json;

/// A text that is read and written back as it was, and what it is in Markdown.
#[track_caller]
fn check(html: &str, expected: &str) {
    let document = decode(html);
    let (written, losses) = encode(&document);
    assert_eq!(written, html);
    assert!(losses.is_empty(), "{losses:?}");
    assert_eq!(markdown::encode(&document).0, expected);
}

/// What an untidy text is read as.
#[track_caller]
fn reads(html: &str, tidy: &str) {
    assert_eq!(encode(&decode(html)).0, tidy, "{html}");
}

#[test]
fn what_both_notations_have_crosses() {
    check("", "");
    check("<p>a</p><hr>", "a\n\n___");
    check(
        "<p><strong>b</strong> <em>i</em> <s>s</s><br><a href=\"https://a.example\">x</a> <code>c</code></p>",
        "**b** _i_ ~~s~~\n[x](https://a.example) `c`",
    );
    check("<h2>t</h2>", "## t");
    check(
        "<ol start=\"4\"><li>a<ul><li>b</li></ul></li></ol>",
        "4. a\n   - b",
    );
    check("<blockquote><p>a</p></blockquote>", "> a");
    check(
        "<pre><code class=\"language-sql\">select 1 &lt; 2\n  from x</code></pre>",
        "```sql\nselect 1 < 2\n  from x\n```",
    );
    check(
        "<table><thead><tr><th style=\"text-align:right\">h</th></tr></thead><tbody><tr>\
         <td style=\"text-align:right\">a|b</td></tr></tbody></table>",
        "| h |\n| --: |\n| a\\|b |",
    );
    check(
        "<p><img src=\"https://a.example/i.png\" alt=\"i\"></p>",
        "![i](https://a.example/i.png)",
    );
}

#[test]
fn what_only_html_has_is_kept_verbatim_and_shown_nearly() {
    check("<p>a <foo x=1>b</foo> c</p>", "a b c");
    check(
        "<details open><summary>more</summary><p>in</p></details>",
        "more\n\nin",
    );
    check("<p><input type=\"checkbox\" checked> done</p>", "☑ done");
    let wide = "<table><tbody><tr><td colspan=\"2\">a</td></tr></tbody></table>";
    check(wide, "|  |\n| --- |\n| a |");
    check(
        "<p><a href=\"#\" data-vss-mention=\"version:2.0,0f7a\">@Ana Prieto</a> look</p>",
        "@<!-- -->Ana Prieto look",
    );
    check(
        "<p>see <a href=\"https://a.example/12\" data-vss-mention=\"version:1.0\">#12</a></p>",
        "see [#12](https://a.example/12)",
    );
}

#[test]
fn what_editors_leave_behind_is_read() {
    reads("a line", "<p>a line</p>");
    reads(
        "<div>a</div><div><br></div><div>b</div>",
        "<p>a</p><p><br></p><p>b</p>",
    );
    reads("<p>a<p>b", "<p>a</p><p>b</p>");
    reads("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>");
    reads(
        "<ul><li>a</li><ul><li>b</li></ul></ul>",
        "<ul><li>a<ul><li>b</li></ul></li></ul>",
    );
    reads(
        "<table><tr><td>a<td>b<tr><td>c</table>",
        "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td><td></td></tr></tbody></table>",
    );
    reads(
        "  <p>\n  a\n  <b> b </b>\n c </p>\n",
        "<p>a <strong>b </strong>c</p>",
    );
    reads("<b><p>x</p></b>y", "<p><strong>x</strong></p><p>y</p>");
    reads("<B>x</b> <I>y</I>", "<p><strong>x</strong> <em>y</em></p>");
    reads(
        "<span style=\"FONT-WEIGHT: 700; color: rgb(255, 0, 0) !important\">x</span>",
        "<p><span style=\"color:#ff0000\"><strong>x</strong></span></p>",
    );
    reads(
        "<b style=\"font-weight:normal\"><p style=\"margin:0\" class=\"x\">x</p></b>",
        "<p>x</p>",
    );
    reads("<pre>\na\n b\n</pre>", "<pre><code>a\n b</code></pre>");
    reads(
        "1 < 2 & 3 > 2 &copy; &#8364; &#150; &zzz;",
        "<p>1 &lt; 2 &amp; 3 &gt; 2 © € – &amp;zzz;</p>",
    );
    reads(
        "&#+42; &#x+2a; &#; &#x2A;",
        "<p>&amp;#+42; &amp;#x+2a; &amp;#; *</p>",
    );
    reads("a <b unclosed", "<p>a &lt;b unclosed</p>");
    reads("<p>a</p></p></div></b>", "<p>a</p>");
    reads(
        "<p><a href=\"u\"><img src=\"i\"></a></p>",
        "<p><a href=\"u\"><img src=\"i\"></a></p>",
    );
}

#[test]
fn what_html_cannot_hold_is_reported() {
    let check = |document: Document, expected: &str, losses: &[LossKind]| {
        let (written, report) = encode(&document);
        assert_eq!(written, expected);
        let found: Vec<_> = report.losses.iter().map(|loss| loss.what).collect();
        assert_eq!(found, losses, "{written}");
    };
    check(
        markdown::decode("- [x] a"),
        "<ul><li>☑ a</li></ul>",
        &[LossKind::Task],
    );
    check(
        markdown::decode("> [!NOTE]\n> a"),
        "<blockquote><p><strong>Info</strong></p><p>a</p></blockquote>",
        &[LossKind::Form],
    );
    check(
        markdown::decode("@bob"),
        "<p>@bob</p>",
        &[LossKind::Mention],
    );
    let file = json!({"version": 1, "type": "doc", "content": [{"type": "mediaSingle", "content": [
        {"type": "media", "attrs": {"type": "file", "id": "f", "collection": "", "alt": "plan"}}]}]});
    check(
        adf::decode(&file).unwrap(),
        "<p>plan</p>",
        &[LossKind::Image],
    );
    let controls = Document {
        blocks: vec![Block::paragraph("a\u{0}\u{1b}b")],
    };
    check(controls, "<p>ab</p>", &[LossKind::ControlCharacters]);
}

#[test]
fn deep_and_hostile_texts_are_read_in_time() {
    let begun = |text: &str| decode(&text.repeat(50_000)).normalised();
    for text in [
        "<b>",
        "<ul><li>",
        "<table><tr><td>",
        "<foo>",
        "<a ",
        "<!--",
        "</p",
        "&#",
        "<p><div>",
    ] {
        let document = begun(text);
        assert_eq!(document, document.clone().normalised(), "{text}");
    }
    let deep = format!(
        "{}x{}",
        "<blockquote>".repeat(500),
        "</blockquote>".repeat(500)
    );
    assert_eq!(decode(&deep).plain(), "x");
}

//! Textile as people write it in Redmine, and what is made of it.

mod bounds;
mod properties;

use super::{decode, encode};
use crate::richtext::{Block, Document, LossKind, markdown};

/// A text that is read and written back as it was, and what it is in Markdown.
#[track_caller]
fn check(textile: &str, expected: &str) {
    let document = decode(textile);
    let (written, losses) = encode(&document);
    assert_eq!(written, textile);
    assert!(losses.is_empty(), "{losses:?}");
    assert_eq!(markdown::encode(&document).0, expected);
}

/// What another way to write something is read as.
#[track_caller]
fn reads(textile: &str, ours: &str) {
    assert_eq!(encode(&decode(textile)).0, ours, "{textile}");
}

#[test]
fn what_both_notations_have_crosses() {
    check("", "");
    check(
        "one line\nand another\n\na paragraph",
        "one line\nand another\n\na paragraph",
    );
    check("h1. Title\n\nh6. small", "# Title\n\n###### small");
    check(
        "*b* _i_ -s- +u+ x ^up^ ~down~",
        "**b** _i_ ~~s~~ <ins>u</ins> x <sup>up</sup> <sub>down</sub>",
    );
    check("*_both_*, *one* (_two_).", "**_both_**, **one** (_two_).");
    check(
        "@code@ and \"a link\":https://a.example/x?y=1, too",
        "`code` and [a link](https://a.example/x?y=1), too",
    );
    check(
        "\"a(title)\":https://a.example/b",
        "[a](https://a.example/b \"title\")",
    );
    check("see https://a.example/b_c.", "see <https://a.example/b_c>.");
    check(
        "* a\n* b\n** c\n*** d\n* e",
        "- a\n- b\n  * c\n    - d\n- e",
    );
    check("# a\n#* b\n# c", "1. a\n   - b\n2. c");
    check("* a\nstill a\n* b", "- a\n  still a\n- b");
    check(
        "> quote\n> more\n>\n> > deeper",
        "> quote\n> more\n>\n> > deeper",
    );
    check("<pre>\na\n  *b*\n</pre>", "```\na\n  *b*\n```");
    check(
        "<pre><code class=\"ruby\">\nputs <b>\n</code></pre>",
        "```ruby\nputs <b>\n```",
    );
    check("|_. a|_. b|\n|1|x|", "| a | b |\n| --- | --- |\n| 1 | x |");
    check(
        "|_<. a|_>. b|\n|<. 1|>. 2|",
        "| a | b |\n| :-- | --: |\n| 1 | 2 |",
    );
    check("---", "___");
    check("!plan.png(the plan)!", "![the plan](plan.png)");
    check(
        "a !https://a.example/i.png!:https://a.example/b c",
        "a [![](https://a.example/i.png)](https://a.example/b) c",
    );
}

#[test]
fn what_only_textile_has_is_kept_verbatim_and_shown_nearly() {
    check(
        "see [[Guide]] and [[app:Guide#top|the guide]]",
        "see Guide and the guide",
    );
    check("p(note). a *b*", "a **b**");
    check("h2(#top). Title", "## Title");
    check("bq.:https://a.example/x said", "> said");
    check("a %(marked)b% c", "a b c");
    check("??Title?? and *(x)y*", "_Title_ and **y**");
    check(
        "word[1]\n\nfn1. the note",
        "word<sup>1</sup>\n\n<sup>1</sup> the note",
    );
    check(
        "HTML(Hypertext Markup Language)",
        "HTML(Hypertext Markup Language)",
    );
    check("{{toc}}", "{{toc}}");
    check("{{collapse(more)\na *b*\n\nc\n}}", "a **b**\n\nc");
    check(
        "|\\2. a|\n|b|c|",
        "|  |  |\n| --- | --- |\n| a |  |\n| b | c |",
    );
    check("!>plan.png!", "![](plan.png)");
    check("<kbd>Ctrl</kbd> x", "`Ctrl` x");
    check("a <!-- b --> c", "a  c");
    check("%{color:#ff0000}red%", "red");
    check("!{width:30px}plan.png!", "![](plan.png)");
}

#[test]
fn other_ways_to_write_the_same_become_ours() {
    reads("**a** __b__", "*a* _b_");
    reads("p. a\nb", "a\nb");
    reads("bq. a", "> a");
    reads(">> a", "> > a");
    reads("***", "---");
    reads("a\n* b\n* c", "a\n\n* b\n* c");
    reads("<code>x</code>", "@x@");
    reads("<notextile>*a*</notextile>", "&#42;a*");
    reads("1 &lt; 2 &copy;", "1 < 2 ©");
    reads("%{color:red}x%", "%{color:#ff0000}x%");
    reads("a\r\nb", "a\nb");
    reads(
        "text\n<pre>x</pre>\nmore",
        "text\n\n<pre>\nx\n</pre>\n\nmore",
    );
}

#[test]
fn what_is_only_text_stays_text() {
    let check = |text: &str, expected: &str| {
        let document = Document {
            blocks: vec![Block::paragraph(text)],
        };
        assert_eq!(encode(&document).0, expected);
        assert_eq!(decode(expected), document.normalised());
    };
    check(
        "snake_case_name, a*b*c, x-y-z, 2^10",
        "snake_case_name, a*b*c, x-y-z, 2^10",
    );
    check("*a* _b_", "&#42;a* &#95;b_");
    check("- no item, run -v", "- no item, run &#45;v");
    check("no item - run -v", "no item - run &#45;v");
    check("run -v", "run -v");
    check("run -v -x", "run &#45;v &#45;x");
    check("* no item", "&#42; no item");
    check("# no item", "&#35; no item");
    check("h1. no title", "&#104;1. no title");
    check("> no quote", "&gt; no quote");
    check("| no | table |", "&#124; no | table |");
    check("---", "&#45;-&#45;");
    check("<pre> a < b <b>", "&lt;pre> a < b <b>");
    check(
        "[[x]] {{x}} a[0] f(x) HTTP(S)",
        "[&#91;x]] {&#123;x}} a&#91;0] f(x) HTTP&#40;S)",
    );
    check("@bob, c@d.example", "&#64;bob, c@d.example");
    check("&amp; a & b", "&amp;amp; a & b");
    check("\"a\":b", "\"a&quot;:b");
    check("!a! b!", "&#33;a! b!");
    check("שלום 👩‍👩‍👧", "שלום 👩‍👩‍👧");
    check("https://a.example/@ x", "https&#58;//a.example/@ x");
    check("www.a.example/@", "www&#46;a.example/&#64;");
}

#[test]
fn marks_that_touch_a_word_are_set_apart() {
    let document = markdown::decode("a**b**c ~~(d)~~ **!**");
    let (text, losses) = encode(&document);
    let joint = "<notextile></notextile>";
    assert_eq!(text, format!("a{joint}*b*{joint}c -&#40;d)- *&#33;*"));
    assert_eq!(decode(&text), document);
    assert!(losses.is_empty());
}

#[test]
fn what_textile_cannot_hold_is_reported() {
    let check = |text: &str, expected: &str, losses: &[LossKind]| {
        let (written, report) = encode(&markdown::decode(text));
        assert_eq!(written, expected);
        let found: Vec<_> = report.losses.iter().map(|loss| loss.what).collect();
        assert_eq!(found, losses, "{written}");
    };
    check("- [x] a", "* ☑ a", &[LossKind::Task]);
    check("4. a\n5. b", "# a\n# b", &[LossKind::Number]);
    check("> [!NOTE]\n> a", "> *Info*\n>\n> a", &[LossKind::Form]);
    check("@bob", "&#64;bob", &[LossKind::Mention]);
    check("- a\n\n  b\n- c", "* a\nb\n* c", &[LossKind::Nesting]);
    check("- a\n  > b", "* a\nb", &[LossKind::Nesting]);
    check("[a](tel:1)", "a", &[LossKind::Link]);
    check(
        "[a](https://a.example/#)",
        "\"a\":https://a.example/",
        &[LossKind::Link],
    );
    check("```\n</pre>\n```", "&lt;/pre>", &[LossKind::Form]);
    check("- a\n  ```\n  x\n  ```", "* a\n<pre>\nx\n</pre>", &[]);
}

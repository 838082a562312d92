use super::*;

/// The blocks of a text, a line each: `3 words`, `- one | two`, `words ⏎ words`.
fn check(text: &str, expected: &[&str]) {
    let blocks = blocks(text, "Shop: major outage");
    let shown: Vec<String> = (blocks.into_iter())
        .map(|block| match block {
            Block::Heading { level, text } => format!("{level} {text}"),
            Block::List { items } => format!("- {}", items.join(" | ")),
            Block::Paragraph { text } => text.replace('\n', " ⏎ "),
        })
        .collect();
    assert_eq!(shown, expected, "{text}");
}

#[test]
fn headings_lists_and_paragraphs_are_told_apart() {
    check("", &[]);
    check("One.\nTwo.\n\nThree.", &["One. ⏎ Two.", "Three."]);
    check(
        "What we do:\n- one\n  and more of it\n- two\n\nThe end.",
        &["What we do:", "- one and more of it | two", "The end."],
    );
    check("* one\n\n* two", &["- one | two"]);
    check("-5 °C\n#1 is ours\n-\n# ", &["-5 °C ⏎ #1 is ours ⏎ - ⏎ #"]);
}

#[test]
fn no_level_of_headings_is_left_out() {
    check(
        "## A\n### B\n## C\n# D\n#### E",
        &["3 A", "4 B", "3 C", "3 D", "4 E"],
    );
    check(
        "# a\n## b\n### c\n#### d\n##### e",
        &["3 a", "4 b", "5 c", "6 d", "6 e"],
    );
}

#[test]
fn what_the_page_is_called_is_not_said_again() {
    check("# Shop: major outage\n\n## Impact", &["3 Impact"]);
    check(
        "First.\n# Shop: major outage",
        &["First.", "3 Shop: major outage"],
    );
}

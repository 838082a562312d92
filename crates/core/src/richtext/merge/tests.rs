use super::{Merged, merge3};
use crate::richtext::{
    Block, Dialect, Document, Format, Inline, Marks, Opaque, arbitrary, diff, markdown,
};
use proptest::prelude::*;

fn identity(block: &Block) -> Document {
    Document {
        blocks: vec![block.clone()],
    }
}

/// A document of one paragraph for each word.
fn words(text: &str) -> Document {
    Document {
        blocks: text.split_whitespace().map(Block::paragraph).collect(),
    }
}

fn merge(base: &str, ours: &str, theirs: &str) -> Merged {
    merge3(&words(base), &words(ours), &words(theirs), &identity)
}

#[track_caller]
fn check(base: &str, ours: &str, theirs: &str, expected: &str) {
    let merged = merge(base, ours, theirs);
    assert_eq!(merged.document, words(expected));
    assert_eq!(merged.conflicts, Vec::new());
}

#[test]
fn edits_of_different_blocks_are_both_kept() {
    check("a b c", "a b c", "a B c", "a B c");
    check("a b c", "A b c", "a b C", "A b C");
    check("a b", "A b", "a B", "A B");
    check("a b c", "a c", "a b c d", "a c d");
    check("a b c d", "x a b c d", "a b d", "x a b d");
    check("", "", "a b", "a b");
    check("a", "", "a", "");
}

#[test]
fn the_same_edit_on_both_sides_is_no_conflict() {
    check("a b c", "a B c", "a B c", "a B c");
    check("a b", "a x b", "a x b", "a x b");
    check("a b", "b", "b", "b");
}

#[test]
fn different_edits_of_one_block_are_listed_and_ours_stays() {
    let merged = merge("a b c", "a x c", "a y c");
    assert_eq!(merged.document, words("a x c"));
    let [conflict] = &merged.conflicts[..] else {
        panic!("{:?}", merged.conflicts);
    };
    assert_eq!(conflict.at, 1..2);
    assert_eq!(conflict.base, words("b").blocks);
    assert_eq!(conflict.ours, words("x").blocks);
    assert_eq!(conflict.theirs, words("y").blocks);
}

#[test]
fn only_the_row_that_both_changed_is_a_conflict() {
    let merged = merge("a b c", "A b x", "a B y");
    assert_eq!(merged.document, words("A B x"));
    assert_eq!(merged.conflicts.len(), 1);
    assert_eq!(merged.conflicts[0].at, 2..3);
}

/// A text with a coloured word, a node of Jira's that is shown as two blocks, and an empty line.
fn rich() -> Document {
    let red = Marks {
        colour: Some("#ff0000".to_owned()),
        ..Marks::default()
    };
    let expand = serde_json::json!({"type": "expand", "attrs": {"title": "more"}, "content": []});
    Document {
        blocks: vec![
            Block::Paragraph(vec![Inline::text("a "), Inline::marked("red", red)]),
            Block::Opaque(Opaque {
                format: Format::Adf,
                raw: expand.to_string(),
                shown: vec![Block::paragraph("more"), Block::paragraph("text")],
            }),
            Block::Paragraph(Vec::new()),
            Block::paragraph("last"),
        ],
    }
}

fn through_markdown(block: &Block) -> Document {
    Dialect::Markdown.project_block(block)
}

#[track_caller]
fn check_edit(
    edit: impl Fn(&str) -> String,
    expected: impl Fn(&mut Vec<Block>),
    touched: &[usize],
) {
    let base = rich();
    let text = markdown::encode(&base).0;
    let theirs = markdown::decode(&edit(&text));
    let merged = merge3(&base, &base, &theirs, &through_markdown);
    let mut blocks = base.blocks.clone();
    expected(&mut blocks);
    assert_eq!(merged.document.blocks, blocks);
    assert_eq!(merged.conflicts, Vec::new());
    assert_eq!(diff::touched(&base, &theirs, Dialect::Markdown), touched);
}

#[test]
fn what_the_poor_side_cannot_show_is_kept_unless_that_block_was_edited() {
    check_edit(str::to_owned, |_| {}, &[]);
    let edit = |text: &str| text.replace("last", "first");
    check_edit(edit, |blocks| blocks[3] = Block::paragraph("first"), &[3]);
    let edit = |text: &str| text.replace("red", "green");
    check_edit(edit, |blocks| blocks[0] = Block::paragraph("a green"), &[0]);
    let edit = |text: &str| text.replace("text", "word");
    let expected = |blocks: &mut Vec<Block>| {
        drop(blocks.splice(1..2, [Block::paragraph("more"), Block::paragraph("word")]));
    };
    check_edit(edit, expected, &[1]);
    let edit = |text: &str| format!("{text}\n\nend");
    check_edit(edit, |blocks| blocks.push(Block::paragraph("end")), &[]);
}

#[test]
fn ten_thousand_equal_blocks_are_merged_in_bounded_time() {
    let base = words(&"same ".repeat(10_000));
    let mut ours = base.clone();
    ours.blocks[5_000] = Block::paragraph("ours");
    let mut theirs = base.clone();
    theirs.blocks.reverse();
    theirs.blocks[9_000] = Block::paragraph("theirs");
    let merged = merge3(&base, &ours, &theirs, &identity);
    assert_eq!(merged.conflicts, Vec::new());
    assert_eq!(merged.document.blocks[5_000], Block::paragraph("ours"));
    assert_eq!(merged.document.blocks[9_000], Block::paragraph("theirs"));
}

/// A block that the poor side shows as one paragraph for each word.
fn shown_as(words_shown: &[usize]) -> Block {
    Block::Opaque(Opaque {
        format: Format::Html,
        raw: format!("{words_shown:?}"),
        shown: words_shown
            .iter()
            .map(|word| Block::paragraph(word.to_string()))
            .collect(),
    })
}

fn shown(block: &Block) -> Document {
    let blocks = match block {
        Block::Opaque(opaque) => opaque.shown.clone(),
        other => vec![other.clone()],
    };
    Document { blocks }
}

#[test]
fn blocks_that_overlap_in_a_long_chain_fall_together_in_linear_time() {
    const WORDS: usize = 60_000;
    let words: Vec<usize> = (0..WORDS).collect();
    let base = Document {
        blocks: words.chunks(2).map(shown_as).collect(),
    };
    // Shifted by one, each block shares words with two of the base's: one edit at the end breaks all.
    let mut ours = Document {
        blocks: vec![shown_as(&words[..1])],
    };
    ours.blocks.extend(words[1..].chunks(2).map(shown_as));
    let mut theirs = base.clone();
    let last = theirs.blocks.len() - 1;
    theirs.blocks[last] = shown_as(&[WORDS - 2, WORDS]);
    let merged = merge3(&base, &ours, &theirs, &shown);
    assert_eq!(merged.document, theirs);
    assert_eq!(merged.conflicts, Vec::new());
}

proptest! {
    #![proptest_config(arbitrary::config())]

    #[test]
    fn an_edit_of_one_side_wins(base in arbitrary::document(), other in arbitrary::document()) {
        let crossed = merge3(&base, &base, &other, &identity);
        prop_assert_eq!(&crossed.document, &other);
        prop_assert!(crossed.conflicts.is_empty());
        let kept = merge3(&base, &other, &base, &identity);
        prop_assert_eq!(&kept.document, &other);
        prop_assert!(kept.conflicts.is_empty());
        let same = merge3(&base, &other, &other, &identity);
        prop_assert_eq!(&same.document, &other);
        prop_assert!(same.conflicts.is_empty());
    }

    #[test]
    fn a_text_that_was_only_shown_on_the_poor_side_is_unchanged(rich in arbitrary::document()) {
        let rich = rich.normalised();
        for dialect in [Dialect::Markdown, Dialect::Adf, Dialect::Plain] {
            let shown = dialect.project(&rich).0;
            let merged = merge3(&rich, &rich, &shown, &|block| dialect.project_block(block));
            prop_assert_eq!(&merged.document, &rich);
            prop_assert!(merged.conflicts.is_empty());
            prop_assert!(diff::touched(&rich, &shown, dialect).is_empty());
        }
    }

    #[test]
    fn edits_far_apart_are_both_kept(
        words in prop::collection::vec("[a-d]", 6..40), ours in 0..3_usize, theirs in 0..3_usize
    ) {
        let base = Document { blocks: words.iter().map(Block::paragraph).collect() };
        let far = base.blocks.len() - 1 - theirs;
        let edited = |places: &[(usize, &str)]| {
            let mut blocks = base.blocks.clone();
            for (at, word) in places {
                blocks[*at] = Block::paragraph(*word);
            }
            Document { blocks }
        };
        let merged = merge3(&base, &edited(&[(ours, "ours")]), &edited(&[(far, "theirs")]), &identity);
        prop_assert_eq!(merged.document, edited(&[(ours, "ours"), (far, "theirs")]));
        prop_assert!(merged.conflicts.is_empty());
    }
}

//! Which nodes may stand where.

/// What encloses a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Document,
    ListItem,
    Quote,
    Panel,
    Cell,
}

const EVERYWHERE: [&str; 6] = [
    "paragraph",
    "bulletList",
    "orderedList",
    "codeBlock",
    "mediaSingle",
    "extension",
];

const INLINE: [&str; 10] = [
    "text",
    "date",
    "emoji",
    "hardBreak",
    "inlineCard",
    "mention",
    "placeholder",
    "status",
    "inlineExtension",
    "mediaInline",
];

const ONLY_INSIDE_OTHERS: [&str; 9] = [
    "doc",
    "listItem",
    "taskItem",
    "blockTaskItem",
    "tableRow",
    "tableCell",
    "tableHeader",
    "media",
    "caption",
];

/// Whether a block of a type may stand in a place. An unknown type may stand in the document itself.
pub(super) fn fits(kind: &str, place: Place) -> bool {
    if EVERYWHERE.contains(&kind) {
        return true;
    }
    match place {
        Place::Document => {
            !is_inline(kind) && !ONLY_INSIDE_OTHERS.contains(&kind) && kind != "nestedExpand"
        }
        Place::ListItem => kind == "taskList",
        Place::Quote => kind == "mediaGroup",
        Place::Panel => matches!(
            kind,
            "heading" | "rule" | "taskList" | "decisionList" | "blockCard" | "mediaGroup"
        ),
        Place::Cell => matches!(
            kind,
            "heading"
                | "rule"
                | "taskList"
                | "decisionList"
                | "blockCard"
                | "embedCard"
                | "mediaGroup"
                | "panel"
                | "blockquote"
                | "nestedExpand"
        ),
    }
}

/// Whether a type is one of a line's nodes.
pub(super) fn is_inline(kind: &str) -> bool {
    INLINE.contains(&kind)
}

/// Whether a type is known to be none of a line's nodes.
pub(super) fn is_block(kind: &str) -> bool {
    const BLOCKS: [&str; 15] = [
        "heading",
        "rule",
        "taskList",
        "decisionList",
        "blockCard",
        "embedCard",
        "mediaGroup",
        "panel",
        "blockquote",
        "nestedExpand",
        "expand",
        "table",
        "layoutSection",
        "bodiedExtension",
        "decisionItem",
    ];
    BLOCKS.contains(&kind) || EVERYWHERE.contains(&kind) || ONLY_INSIDE_OTHERS.contains(&kind)
}

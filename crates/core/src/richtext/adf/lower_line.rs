//! A line made into what ADF can hold.

use super::{decode_inline, node, schema};
use crate::richtext::canonical::canonical_inlines;
use crate::richtext::inline::{Image, Inline, Link, Marks, OpaqueInline};
use crate::richtext::loss::{LossKind, Losses};
use crate::richtext::lower;
use crate::richtext::model::Format;
use serde_json::Value;

/// The line that ADF can hold.
pub(super) fn line(content: Vec<Inline>, losses: &mut Losses) -> Vec<Inline> {
    let lowered = content
        .into_iter()
        .flat_map(|inline| lower_node(inline, losses));
    canonical_inlines(lowered.collect())
}

fn lower_node(inline: Inline, losses: &mut Losses) -> Vec<Inline> {
    vec![match inline {
        Inline::Text { text, marks } => Inline::marked(text, lower_marks(marks, losses)),
        Inline::Mention(mention) if mention.format != Format::Adf || mention.id.is_empty() => {
            lower::mention_text(&mention, losses)
        }
        Inline::Emoji(emoji) if emoji.short_name.is_empty() => lower::emoji_text(&emoji, losses),
        Inline::Image(image) => lower_image(&image, losses),
        Inline::Opaque(opaque) => return lower_opaque(opaque, losses),
        kept @ (Inline::Break | Inline::Mention(_) | Inline::Emoji(_)) => kept,
    }]
}

fn lower_marks(marks: Marks, losses: &mut Losses) -> Marks {
    let link = marks.link.filter(|link| {
        let goes = !link.url.is_empty();
        if !goes {
            losses.note(LossKind::Link);
        }
        goes
    });
    let mut colour = |colour: Option<String>| {
        colour.filter(|colour| {
            let valid = decode_inline::is_colour(colour);
            if !valid {
                losses.note(LossKind::Colour);
            }
            valid
        })
    };
    let marks = Marks {
        colour: colour(marks.colour),
        background: colour(marks.background),
        link,
        ..marks
    };
    if !marks.code {
        return marks;
    }
    // The schema allows a link beside code, and nothing else.
    let code = Marks {
        code: true,
        link: marks.link.clone(),
        ..Marks::default()
    };
    if code != marks {
        losses.note(LossKind::Mark);
    }
    code
}

/// ADF has no picture with an address in a line: its text links to it.
fn lower_image(image: &Image, losses: &mut Losses) -> Inline {
    losses.note(LossKind::Image);
    let link = image.link.clone().unwrap_or_else(|| Link::to(&image.url));
    let marks = Marks {
        link: Some(link).filter(|link| !link.url.is_empty()),
        ..Marks::default()
    };
    Inline::marked(image.label(), marks)
}

/// An ADF node goes back as it came, if it still is one that only ADF understands.
fn lower_opaque(opaque: OpaqueInline, losses: &mut Losses) -> Vec<Inline> {
    if opaque.format == Format::Adf
        && let Ok(value) = serde_json::from_str::<Value>(&opaque.raw)
        && !schema::is_block(node::kind(&value))
        && !node::kind(&value).is_empty()
    {
        let read = decode_inline::line(std::slice::from_ref(&value), false);
        if matches!(&read[..], [Inline::Opaque(read)] if read.raw == opaque.raw) {
            return read;
        }
    }
    losses.note(LossKind::Opaque);
    opaque
        .shown
        .into_iter()
        .flat_map(|inline| lower_node(inline, losses))
        .collect()
}

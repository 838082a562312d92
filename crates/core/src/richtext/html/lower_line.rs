//! A line made into what HTML can hold.

use super::decode_line::label;
use super::{decode, space, style};
use crate::richtext::canonical::canonical_inlines;
use crate::richtext::inline::{Image, Inline, Link, Marks, Mention, OpaqueInline};
use crate::richtext::loss::{LossKind, Losses};
use crate::richtext::lower;
use crate::richtext::model::{Block, Format};

/// The line that HTML can hold.
pub(super) fn line(content: Vec<Inline>, losses: &mut Losses) -> Vec<Inline> {
    let lowered = content.into_iter().flat_map(|inline| node(inline, losses));
    space::line(canonical_inlines(lowered.collect()))
}

fn node(inline: Inline, losses: &mut Losses) -> Vec<Inline> {
    vec![match inline {
        Inline::Text { text, marks } => Inline::marked(text, self::marks(marks, losses)),
        Inline::Break => Inline::Break,
        Inline::Mention(mention) if mention.format != Format::Html || mention.id.is_empty() => {
            lower::mention_text(&mention, losses)
        }
        Inline::Mention(mention) => Inline::Mention(Mention {
            label: label(&mention.label),
            ..mention
        }),
        Inline::Emoji(emoji) => lower::emoji_text(&emoji, losses),
        Inline::Image(image) => self::image(image, losses),
        Inline::Opaque(opaque) => return self::opaque(opaque, losses),
    }]
}

fn marks(marks: Marks, losses: &mut Losses) -> Marks {
    let mut colour = |colour: Option<String>| {
        colour.filter(|colour| {
            let valid = style::is_colour(colour);
            if !valid {
                losses.note(LossKind::Colour);
            }
            valid
        })
    };
    Marks {
        colour: colour(marks.colour),
        background: colour(marks.background),
        link: link(marks.link, losses),
        ..marks
    }
}

fn link(link: Option<Link>, losses: &mut Losses) -> Option<Link> {
    link.filter(|link| {
        let leads = !link.url.is_empty();
        if !leads {
            losses.note(LossKind::Link);
        }
        leads
    })
}

fn image(image: Image, losses: &mut Losses) -> Inline {
    let link = link(image.link, losses);
    if image.url.is_empty() {
        losses.note(LossKind::Image);
        let marks = Marks {
            link,
            ..Marks::default()
        };
        return Inline::marked(image.alt, marks);
    }
    Inline::Image(Image { link, ..image })
}

/// An element of our own kind goes back as it came, if it still is one that only its tracker understands.
fn opaque(opaque: OpaqueInline, losses: &mut Losses) -> Vec<Inline> {
    if opaque.format == Format::Html
        && let [Block::Paragraph(content)] = &decode::document(&opaque.raw).blocks[..]
        && matches!(&content[..], [Inline::Opaque(read)] if read.raw == opaque.raw)
    {
        return content.clone();
    }
    losses.note(LossKind::Opaque);
    opaque
        .shown
        .into_iter()
        .flat_map(|inline| node(inline, losses))
        .collect()
}

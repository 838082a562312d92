//! What an element's name and style say about the look of a text.

use super::tree::Element;
use crate::richtext::inline::{Link, Marks, Script};

/// The basic colours that editors write by name.
const COLOURS: [(&str, &str); 17] = [
    ("black", "#000000"),
    ("silver", "#c0c0c0"),
    ("gray", "#808080"),
    ("grey", "#808080"),
    ("white", "#ffffff"),
    ("maroon", "#800000"),
    ("red", "#ff0000"),
    ("purple", "#800080"),
    ("fuchsia", "#ff00ff"),
    ("green", "#008000"),
    ("lime", "#00ff00"),
    ("olive", "#808000"),
    ("yellow", "#ffff00"),
    ("navy", "#000080"),
    ("blue", "#0000ff"),
    ("teal", "#008080"),
    ("orange", "#ffa500"),
];

/// The look inside an element that stands in a text of some look.
pub(super) fn inside(element: &Element, around: &Marks) -> Marks {
    let mut marks = around.clone();
    match element.name.as_str() {
        "b" | "strong" => marks.bold = true,
        "i" | "em" | "cite" | "dfn" | "var" => marks.italic = true,
        "u" | "ins" => marks.underline = true,
        "s" | "strike" | "del" => marks.strike = true,
        "code" | "kbd" | "samp" | "tt" => marks.code = true,
        "sub" => marks.script = Some(Script::Sub),
        "sup" => marks.script = Some(Script::Super),
        "font" => {
            let named = element.attribute("color").and_then(colour);
            marks.colour = named.or(marks.colour);
        }
        "a" => marks.link = link(element).or(marks.link),
        _ => {}
    }
    if let Some(style) = element.attribute("style") {
        for (property, value) in declarations(style) {
            declared(&property, &value, element, &mut marks);
        }
    }
    marks
}

/// Where an anchor leads.
pub(super) fn link(anchor: &Element) -> Option<Link> {
    let url = anchor.attribute("href").filter(|url| !url.is_empty())?;
    Some(Link {
        url: url.to_owned(),
        title: anchor.attribute("title").map(str::to_owned),
    })
}

fn declared(property: &str, value: &str, element: &Element, marks: &mut Marks) {
    match property {
        "font-weight" => match value {
            "bold" | "bolder" | "600" | "700" | "800" | "900" => marks.bold = true,
            "normal" | "400" => marks.bold = false,
            _ => {}
        },
        "font-style" => marks.italic = value == "italic" || (marks.italic && value != "normal"),
        "text-decoration" | "text-decoration-line" => {
            marks.underline |= value.contains("underline");
            marks.strike |= value.contains("line-through");
        }
        "vertical-align" => match value {
            "sub" => marks.script = Some(Script::Sub),
            "super" => marks.script = Some(Script::Super),
            _ => {}
        },
        "color" => marks.colour = colour(value).or(marks.colour.take()),
        // Behind a block it is the look of a box.
        "background-color" | "background" if !element.is_block => {
            marks.background = colour(value).or(marks.background.take());
        }
        _ => {}
    }
}

/// The declarations of a style, in small letters.
fn declarations(style: &str) -> Vec<(String, String)> {
    let parts = style.split(';').filter_map(|part| part.split_once(':'));
    let small = |text: &str| text.trim().to_ascii_lowercase();
    parts
        .map(|(property, value)| {
            let value = small(value);
            let value = value.trim_end_matches("!important").trim_end().to_owned();
            (small(property), value)
        })
        .collect()
}

/// What a style says about one property.
pub(super) fn declaration(style: &str, wanted: &str) -> Option<String> {
    let mut all = declarations(style).into_iter().rev();
    all.find(|(property, _)| property == wanted)
        .map(|(_, value)| value)
}

/// A colour as `#rrggbb`.
pub(in crate::richtext) fn colour(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    if is_colour(&text) {
        return Some(text);
    }
    if let Some(digits) = text.strip_prefix('#') {
        let three = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        return three.then(|| {
            let doubled = digits.chars().flat_map(|digit| [digit, digit]);
            std::iter::once('#').chain(doubled).collect()
        });
    }
    if let Some(parts) = text
        .strip_prefix("rgb(")
        .and_then(|text| text.strip_suffix(')'))
    {
        let parts: Option<Vec<u8>> = parts
            .split(',')
            .map(|part| part.trim().parse().ok())
            .collect();
        return match parts?[..] {
            [red, green, blue] => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
            _ => None,
        };
    }
    let named = COLOURS.iter().find(|(name, _)| *name == text);
    named.map(|(_, colour)| (*colour).to_owned())
}

/// Whether a colour is written as `#rrggbb`.
pub(in crate::richtext) fn is_colour(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or("");
    digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

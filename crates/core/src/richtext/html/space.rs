//! White space: HTML shows any amount of it as one space, and none at the ends of a line.

use crate::richtext::canonical::canonical_inlines;
use crate::richtext::inline::Inline;

/// A text with every run of white space as one space. A no-break space is none.
pub(super) fn one_space(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let space = c.is_ascii_whitespace();
        if !space {
            out.push(c);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out
}

/// The canonical line of which HTML shows all.
pub(super) fn line(content: Vec<Inline>) -> Vec<Inline> {
    let mut out: Vec<Inline> = Vec::with_capacity(content.len());
    // Whether a space that comes now would not show.
    let mut hidden = true;
    for inline in content {
        match inline {
            Inline::Text { text, marks } => {
                let mut kept = String::with_capacity(text.len());
                for c in text.chars() {
                    let space = c == ' ';
                    if !(space && hidden) {
                        kept.push(c);
                    }
                    hidden = space;
                }
                if !kept.is_empty() {
                    out.push(Inline::marked(kept, marks));
                }
            }
            Inline::Break => {
                trim_end(&mut out);
                out.push(Inline::Break);
                hidden = true;
            }
            other => {
                out.push(other);
                hidden = false;
            }
        }
    }
    trim_end(&mut out);
    canonical_inlines(out)
}

/// Takes away the space at the end of a line, of which there is one at most.
fn trim_end(line: &mut Vec<Inline>) {
    let Some(Inline::Text { text, .. }) = line.last_mut() else {
        return;
    };
    if text.ends_with(' ') {
        text.pop();
    }
    if text.is_empty() {
        line.pop();
    }
}

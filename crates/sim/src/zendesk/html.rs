//! Comments as HTML: what Zendesk makes of what is written, and the plain text of it.

/// A person's plain text as the editor saves it: paragraphs between empty lines, breaks between lines.
pub(super) fn from_plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let paragraphs = text.split("\n\n").filter(|part| !part.trim().is_empty());
    let paragraphs = paragraphs.map(|part| {
        let part = escape(part.trim_matches('\n')).replace('\n', "<br>");
        format!("<p dir=\"auto\">{part}</p>")
    });
    wrap(&paragraphs.collect::<String>())
}

/// HTML as Zendesk keeps it: in an element of its own, without comments, scripts and styles.
pub(super) fn from_html(html: &str) -> String {
    let mut kept = html.to_owned();
    for (open, close) in [
        ("<!--", "-->"),
        ("<script", "</script>"),
        ("<style", "</style>"),
    ] {
        while let Some(start) = kept.find(open) {
            let end = kept[start..].find(close);
            let end = end.map_or(kept.len(), |end| start + end + close.len());
            kept.replace_range(start..end, "");
        }
    }
    wrap(&kept)
}

fn wrap(html: &str) -> String {
    format!("<div class=\"zd-comment\" dir=\"auto\">{html}</div>")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The words of a comment: blocks apart, other elements without a trace.
pub(super) fn plain(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        let Some(end) = rest[start..].find('>') else {
            break;
        };
        let tag = &rest[start + 1..start + end];
        let name: String = tag
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '/')
            .collect();
        match name.to_ascii_lowercase().as_str() {
            "br" | "br/" => out.push('\n'),
            "/p" | "/ul" | "/ol" | "/pre" | "/blockquote" | "/table" => out.push_str("\n\n"),
            "/li" | "/tr" | "/div" => out.push('\n'),
            name if name.starts_with("/h") => out.push_str("\n\n"),
            _ => {}
        }
        rest = &rest[start + end + 1..];
    }
    out.push_str(rest);
    let out = out
        .replace("&nbsp;", " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&");
    out.trim().to_owned()
}

use super::*;

const NOTATIONS: [Dialect; 4] = [
    Dialect::Markdown,
    Dialect::Textile,
    Dialect::Html,
    Dialect::Plain,
];

fn marker() -> Marker {
    Marker {
        root: "r1".into(),
        link: "l1".into(),
    }
}

/// What is left of a text, and whether a marker was taken from it.
#[track_caller]
fn check(notation: Dialect, text: &str, left: &str, taken: bool) {
    let (kept, found) = split(notation, text);
    assert_eq!(
        (kept.as_str(), found.is_some()),
        (left, taken),
        "{notation}: {text:?}"
    );
}

#[test]
fn a_marker_is_found_again_in_every_notation() {
    for notation in NOTATIONS {
        for text in ["", "one line", "two\n\nparagraphs"] {
            let joined = join(notation, text, Some(&marker()));
            let (kept, found) = split(notation, &joined.replace('\n', "\r\n"));
            assert_eq!((kept.as_str(), found), (text, Some(marker())), "{notation}");
        }
    }
}

#[test]
fn what_people_show_each_other_of_a_marker_is_theirs() {
    let line = join(Dialect::Markdown, "", Some(&marker()));
    let quoted = format!("> {line}");
    check(Dialect::Markdown, &quoted, &quoted, false);
    for fence in ["```", "~~~"] {
        let code = format!("{fence}\n{line}\n{fence}");
        check(Dialect::Markdown, &code, &code, false);
        check(Dialect::Markdown, &format!("{code}\n\n{line}"), &code, true);
    }
    let line = join(Dialect::Textile, "", Some(&marker()));
    let code = format!("<pre>\n{line}\n</pre>");
    check(Dialect::Textile, &code, &code, false);
    let others = "[//]: # (somebody's own comment)";
    check(Dialect::Markdown, others, others, false);
}

#[test]
fn in_html_a_marker_may_stand_anywhere() {
    let comment = join(Dialect::Html, "", Some(&marker()));
    check(
        Dialect::Html,
        &format!("<p>a</p>{comment}<p>b</p><!-- theirs -->"),
        "<p>a</p><p>b</p><!-- theirs -->",
        true,
    );
}

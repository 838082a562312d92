use super::*;

fn marker(root: &str) -> Marker {
    Marker {
        root: root.into(),
        link: "L1".into(),
    }
}

#[test]
fn a_marker_is_put_below_the_text_and_taken_off_again() {
    for text in ["", "one", "one\n\n- two\n- three"] {
        let body = join(text, Some(&marker("R1")));
        assert!(body.ends_with("<!-- twinline:R1:L1 -->"), "{body}");
        assert_eq!(split(&body), (text.to_owned(), Some(marker("R1"))));
        assert_eq!(
            split(&body.replace('\n', "\r\n")),
            (text.to_owned(), Some(marker("R1")))
        );
    }
    assert_eq!(join("one", None), "one");
}

#[test]
fn other_comments_stay_and_the_last_marker_counts() {
    let check = |body: &str, text: &str, found: Option<&str>| {
        assert_eq!(split(body), (text.to_owned(), found.map(marker)), "{body}");
    };
    check("<!-- hello -->", "<!-- hello -->", None);
    check("<!-- twinline:bad -->x", "<!-- twinline:bad -->x", None);
    check("<!-- twinline:R1:L1", "<!-- twinline:R1:L1", None);
    check(
        "a<!-- twinline:R1:L1 -->b\n\n<!-- twinline:R2:L1 -->\n",
        "ab",
        Some("R2"),
    );
    check(
        "<!-- twinline:bad --><!-- twinline:R1:L1 -->",
        "<!-- twinline:bad -->",
        Some("R1"),
    );
}

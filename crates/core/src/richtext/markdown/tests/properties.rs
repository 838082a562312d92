use super::super::{Options, decode, decode_with, encode, encode_with, lower};
use crate::richtext::{Document, arbitrary};
use proptest::prelude::*;

/// The options of a Markdown without GitHub's line breaks and mentions.
const STRICT: Options = Options {
    mentions: false,
    line_breaks: false,
};

/// Shorter to read than the tree itself when a property fails.
fn json(document: &Document) -> String {
    serde_json::to_string(document).unwrap()
}

proptest! {
    #![proptest_config(arbitrary::config())]

    #[test]
    fn what_is_written_is_read_back(document in arbitrary::document()) {
        let (lowered, _) = lower::document(&document, Options::default());
        let (text, _) = encode(&document);
        prop_assert_eq!(json(&decode(&text)), json(&lowered), "{}", text);
    }

    #[test]
    fn so_it_is_without_githubs_extensions(document in arbitrary::document()) {
        let (lowered, _) = lower::document(&document, STRICT);
        let (text, _) = encode_with(&document, STRICT);
        let read = decode_with(&text, STRICT);
        prop_assert_eq!(json(&read), json(&lowered), "{}", text);
    }

    #[test]
    fn any_text_is_read_and_its_second_reading_is_the_same(text in any::<String>()) {
        let once = decode(&text);
        let twice = decode(&encode(&once).0);
        prop_assert_eq!(decode(&encode(&twice).0), twice);
    }

    #[test]
    fn so_it_is_of_texts_full_of_signs(text in r"[ab1 \n*_~`\\|#<>\[\]()!&;:@+=./-]{0,60}") {
        let once = decode(&text);
        let written = encode(&once).0;
        let twice = decode(&written);
        prop_assert_eq!(decode(&encode(&twice).0), twice, "{}", written);
    }
}

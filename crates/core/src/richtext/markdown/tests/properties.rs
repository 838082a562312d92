use super::super::{decode, encode, lower};
use crate::richtext::{Document, arbitrary};
use proptest::prelude::*;

/// Shorter to read than the tree itself when a property fails.
fn json(document: &Document) -> String {
    serde_json::to_string(document).unwrap()
}

proptest! {
    #![proptest_config(arbitrary::config())]

    #[test]
    fn what_is_written_is_read_back(document in arbitrary::document()) {
        let (lowered, _) = lower::document(&document);
        let (text, _) = encode(&document);
        prop_assert_eq!(json(&decode(&text)), json(&lowered), "{}", text);
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

use super::{Dialect, far_beyond};
use crate::richtext::arbitrary;
use proptest::prelude::*;

/// Whether a list begins with a number that no notation writes: as a text it would be longer than in any of them.
fn numbers_are_huge(document: &super::Document) -> bool {
    let text = serde_json::to_string(document).unwrap();
    let mut numbers = text.split("\"start\":").skip(1);
    numbers.any(|rest| rest.chars().take_while(char::is_ascii_digit).count() > 9)
}

proptest! {
    #![proptest_config(arbitrary::config())]

    #[test]
    fn projecting_twice_is_projecting_once_and_loses_nothing_more(document in arbitrary::document()) {
        for dialect in [
            Dialect::Markdown,
            Dialect::Adf,
            Dialect::Html,
            Dialect::Textile,
            Dialect::Plain,
        ] {
            let (once, _) = dialect.project(&document);
            let (twice, losses) = dialect.project(&once);
            prop_assert_eq!(&twice, &once);
            if dialect != Dialect::Plain {
                prop_assert!(losses.is_empty(), "{:?}: {:?}", dialect, losses);
            }
        }
    }

    #[test]
    fn what_is_far_beyond_a_limit_is_beyond_it_in_every_notation(
        document in arbitrary::document(),
        // Fewer may be the numbers and bullets of empty list items, which some notations leave out.
        limit in 24_usize..64,
    ) {
        prop_assume!(!numbers_are_huge(&document));
        for dialect in [
            Dialect::Markdown,
            Dialect::Adf,
            Dialect::Html,
            Dialect::Textile,
            Dialect::Plain,
        ] {
            let chars = dialect.chars(&document);
            if far_beyond(&document, limit).is_some() {
                prop_assert!(chars > limit, "{:?}: {} characters", dialect, chars);
            }
            prop_assert_eq!(dialect.beyond(&document, limit).is_some(), chars > limit);
        }
    }

    #[test]
    fn a_document_is_stored_and_read_back(document in arbitrary::document()) {
        let text = serde_json::to_string(&document).unwrap();
        prop_assert_eq!(serde_json::from_str::<super::Document>(&text).unwrap(), document);
    }
}

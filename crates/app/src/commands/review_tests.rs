use super::super::matches::{Found, Listed, compare};
use super::super::pairs;
use super::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::digest::Digest;

fn listed(key: &str, title: &str) -> Listed {
    let json = json!({
        "item": { "node": "n", "id": key }, "key": key, "url": format!("https://tracker/{key}"),
        "title": title, "likeness": null, "why": "summary is empty", "failed": false,
    });
    serde_json::from_value(json).unwrap()
}

/// A pair, an ambiguous group of two and two, and one on the left that matches nothing.
fn found() -> (Sides<Found>, Matching) {
    let side = |keys: &[(&str, &str)]| Found {
        items: keys.iter().map(|(key, title)| listed(key, title)).collect(),
        listed: 7,
        in_twins: 3,
        not_admitted: 1,
    };
    let found = Sides {
        left: side(&[
            ("#1", "Größe, \"x\""),
            ("#2", "=1+1"),
            ("#3", "=1+1"),
            ("#4", ""),
        ]),
        right: side(&[("P-1", "Größe, \"x\""), ("P-2", "@a\nb"), ("P-3", "-1")]),
    };
    let matching = Matching {
        pairs: vec![Sides { left: 0, right: 0 }],
        ambiguous: vec![Sides {
            left: vec![1, 2],
            right: vec![1, 2],
        }],
        unmatched: Sides {
            left: vec![3],
            right: Vec::new(),
        },
    };
    (found, matching)
}

fn written() -> (tempfile::TempDir, std::path::PathBuf, String) {
    let (found, matching) = found();
    let review = Review {
        found: &found,
        matching: &matching,
    };
    let bytes = review.bytes().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pairs.csv");
    write(&path, false, &bytes).unwrap();
    (folder, path, String::from_utf8(bytes).unwrap())
}

#[test]
fn a_review_is_read_in_a_spreadsheet() {
    let (_folder, _, text) = written();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "\u{feff}link,left,right,left_title,right_title,note"
    );
    assert_eq!(
        lines[1],
        "yes,#1,P-1,\"Größe, \"\"x\"\"\",\"Größe, \"\"x\"\"\",match"
    );
    let note = "AMBIGUOUS, not linked: matches P-2, P-3, and so do #2, #3. To link it write the right key and 'yes'";
    assert_eq!(lines[2], format!("no,#2,,'=1+1,,\"{note}\""));
    assert_eq!(lines[3], format!("no,#3,,'=1+1,,\"{note}\""));
    assert_eq!(
        lines[4],
        "no,,,,,\"ambiguous: 2 items on the left and 2 on the right, in 1 groups\""
    );
    assert!(lines[5].contains("left: 7 items listed, 3 in twins already, 1 match nothing"));
    assert!(lines[6].contains("right: 7 items listed"));
    assert_eq!(lines.len(), 7);
}

#[test]
fn titles_are_no_formulas() {
    for (text, expected) in [
        ("=1+1", "'=1+1"),
        ("@a\nb", "'@a b"),
        ("-1", "'-1"),
        ("+x", "'+x"),
        ("\t=x", " =x"),
        ("a=b", "a=b"),
        ("", ""),
    ] {
        assert_eq!(harmless(text), expected);
    }
}

#[test]
fn only_what_says_yes_is_linked_from_that_very_file() {
    let (folder, path, text) = written();
    let one = ("#1".to_owned(), "P-1".to_owned());
    assert_eq!(pairs::pairs(&path).unwrap(), std::slice::from_ref(&one));
    // A person chooses among the ambiguous ones, and a spreadsheet saves it in its own way.
    let chosen = text
        .replace("no,#2,,", "YES,#2,P-3,")
        .trim_start_matches('\u{feff}')
        .replace("yes,#1", "no,#1");
    let other = folder.path().join("chosen.csv");
    let two = ("#2".to_owned(), "P-3".to_owned());
    std::fs::write(&other, &chosen).unwrap();
    assert_eq!(pairs::pairs(&other).unwrap(), [two]);
    let semicolons =
        "link;left;right;left_title;right_title;note\r\nyes;#1;P-1;a, b;;\r\n;#2;;;;\r\n";
    std::fs::write(&other, semicolons).unwrap();
    assert_eq!(pairs::pairs(&other).unwrap(), [one]);
}

#[test]
fn an_edit_that_is_half_done_names_its_line() {
    let (folder, _, text) = written();
    let edited = folder.path().join("edited.csv");
    let check = |text: String, expected: &str| {
        std::fs::write(&edited, text).unwrap();
        let refused = pairs::pairs(&edited).unwrap_err();
        assert_eq!(refused.code, USAGE);
        assert!(refused.sentence.contains(expected), "{}", refused.sentence);
        assert!(
            refused.sentence.contains("nothing was done"),
            "{}",
            refused.sentence
        );
    };
    check(
        text.replace("no,#2,,", "yes,#2,,"),
        "edited.csv:3: the key under 'right' is missing",
    );
    check(
        text.replace("no,#3,,", "perhaps,#3,P-2,"),
        "edited.csv:4: 'perhaps' under 'link'; write 'yes' or 'no'",
    );
}

#[test]
fn a_file_that_is_there_stays_unless_it_is_said() {
    let (folder, path, _) = written();
    for refused in [may_be_written(&path, false), write(&path, false, b"x")] {
        let refused = refused.unwrap_err();
        assert_eq!(refused.code, USAGE);
        assert!(refused.sentence.contains("--force"), "{}", refused.sentence);
    }
    may_be_written(&path, true).unwrap();
    write(&path, true, b"x").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"x");
    let nowhere = folder.path().join("none/pairs.csv");
    let refused = may_be_written(&nowhere, false).unwrap_err();
    assert!(
        refused.sentence.contains("the folder is not there"),
        "{}",
        refused.sentence
    );
    may_be_written(Path::new("pairs-of-no-test.csv"), false).unwrap();
}

/// One item at size: what it is called, and what it is compared by.
fn alike(side: &str, number: usize, title: &str) -> Listed {
    let json = json!({
        "item": { "node": side, "id": format!("{number}") }, "key": format!("{side}-{number}"),
        "url": format!("https://tracker/{number}"), "title": title,
        "likeness": Digest::of_bytes(title.as_bytes()), "why": null, "failed": false,
    });
    serde_json::from_value(json).unwrap()
}

/// 2,000 titles that one item on each side has, 40 that two have, and one title a side of which the other has none.
fn at_size() -> Sides<Found> {
    const PAIRS: usize = 2_000;
    const GROUPS: usize = 40;
    let side = |side: &'static str| {
        let single = (0..PAIRS).map(|number| format!("pair {number}"));
        let double = (0..2 * GROUPS).map(|number| format!("group {}", number / 2));
        let titles = single.chain(double).chain([format!("only {side}")]);
        let mut items: Vec<Listed> = titles
            .enumerate()
            .map(|(number, title)| alike(side, number, &title))
            .collect();
        // Each side lists them in an order of its own, and one of them twice.
        if side == "R" {
            items.reverse();
        }
        items.push(alike(side, 7, "pair 7"));
        Found {
            items,
            ..Found::default()
        }
    };
    Sides {
        left: side("L"),
        right: side("R"),
    }
}

#[test]
fn thousands_of_pairs_are_reviewed_and_only_certain_ones_say_yes() {
    let found = at_size();
    let matching = compare(&found);
    assert_eq!(
        (matching.pairs.len(), matching.ambiguous.len()),
        (2_000, 40)
    );
    let review = Review {
        found: &found,
        matching: &matching,
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pairs.csv");
    write(&path, false, &review.bytes().unwrap()).unwrap();
    let expected = |numbers: std::ops::Range<usize>| -> BTreeSet<(String, String)> {
        numbers
            .map(|number| (format!("L-{number}"), format!("R-{number}")))
            .collect()
    };
    let linked: BTreeSet<_> = pairs::pairs(&path).unwrap().into_iter().collect();
    assert_eq!(linked, expected(0..2_000));
    // A person decides about each ambiguous one: the same number belongs to it.
    let text = std::fs::read_to_string(&path).unwrap();
    let numbers: BTreeMap<String, usize> = (2_000..2_080)
        .map(|number| (format!("no,L-{number},,"), number))
        .collect();
    let lines = text.lines().map(|line| {
        let undecided = numbers.iter().find(|(begin, _)| line.starts_with(*begin));
        undecided.map_or_else(
            || line.to_owned(),
            |(begin, number)| line.replace(begin, &format!("yes,L-{number},R-{number},")),
        )
    });
    let decided = lines.collect::<Vec<_>>().join("\n");
    std::fs::write(&path, decided).unwrap();
    let linked: BTreeSet<_> = pairs::pairs(&path).unwrap().into_iter().collect();
    assert_eq!(linked, expected(0..2_080));
}

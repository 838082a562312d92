use super::*;

#[test]
fn columns_are_aligned_by_characters() {
    let mut table = Table::new(["ITEM", "STATE", "WHY"]);
    table.row(["SUP-7".into(), "live".into(), String::new()]);
    table.row([
        "acme/app#12".into(),
        "asleep".into(),
        "Zoë löschte\nes".into(),
    ]);
    let expected =
        "ITEM         STATE   WHY\nSUP-7        live\nacme/app#12  asleep  Zoë löschte es\n";
    assert_eq!(table.text(), expected);
}

#[test]
fn a_table_without_rows_is_nothing() {
    assert_eq!(Table::new(["A"]).text(), "");
}

#[test]
fn a_trackers_control_characters_do_not_reach_the_terminal() {
    let mut table = Table::new(["A"]);
    table.row(["x\u{1b}[2Jy".into()]);
    assert_eq!(table.text(), "A\nx [2Jy\n");
}

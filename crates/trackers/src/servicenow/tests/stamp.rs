use super::*;

#[test]
fn what_is_written_is_read_back() {
    let at = Timestamp::from_millis(1_769_851_800_250);
    assert_eq!(write(at), "2026-01-31 09:30:00");
    assert_eq!(read(&write(at)), Some(at.floor_to_second()));
    for other in ["", "2026-01-31", "2026-01-31 25:00:00", "now then"] {
        assert_eq!(read(other), None, "{other}");
    }
}

use super::*;

fn used(process: u32, cpu_ticks: u64, written_bytes: Option<u64>) -> Used {
    Used {
        process,
        cpu_ticks,
        written_bytes,
    }
}

fn check(before: Used, after: Used, cpu_s: f64, written_bytes: Option<u64>) {
    let expected = Use {
        cpu_s,
        written_bytes,
    };
    assert_eq!(after.since(before), expected, "{before:?}, {after:?}");
}

#[test]
fn a_part_counts_what_was_used_in_it() {
    let before = used(7, 100, Some(4096));
    check(before, used(7, 350, Some(12_288)), 2.5, Some(8192));
    check(before, used(7, 350, None), 2.5, None);
    // Another process has taken its place.
    check(before, used(8, 30, Some(4096)), 0.3, Some(4096));
    check(Used::default(), used(8, 30, Some(4096)), 0.3, Some(4096));
}

#[test]
fn what_the_system_says_is_read() {
    let stat = "12 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1";
    assert_eq!(ticks(stat), Some(300));
    assert_eq!(ticks("12"), None);
    let io = "rchar: 1\nwchar: 2\nread_bytes: 3\nwrite_bytes: 8192\ncancelled_write_bytes: 0\n";
    assert_eq!(written(io), Some(8192));
    assert_eq!(written("rchar: 1\n"), None);
    let expected = Whole {
        busy: 1 + 2 + 3 + 6 + 7,
        waiting: 5,
        stolen: 8,
    };
    assert_eq!(whole("cpu  1 2 3 4 5 6 7 8 0 0\ncpu0 1\n"), Some(expected));
    assert_eq!(whole("intr 1\n"), None);
}

#[test]
fn this_process_is_found() {
    let now = Used::of(std::process::id()).unwrap();
    assert_eq!(now.process, std::process::id());
}

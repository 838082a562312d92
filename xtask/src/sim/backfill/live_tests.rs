use super::Latencies;

fn check(times: &[u64], expected: [u64; 3]) {
    let of = Latencies::of(times.to_vec());
    assert_eq!([of.p50_ms, of.p99_ms, of.max_ms], expected, "{times:?}");
    assert_eq!(of.edits, times.len());
}

#[test]
fn latencies_are_ranked() {
    check(&[], [0, 0, 0]);
    check(&[7], [7, 7, 7]);
    check(&[3, 1, 2], [2, 3, 3]);
    let times: Vec<u64> = (1..=200).collect();
    check(&times, [100, 198, 200]);
}

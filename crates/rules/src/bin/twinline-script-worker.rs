//! A worker process by itself: what the tests of this crate start. The product's binary has the same role within.

fn main() -> std::io::Result<()> {
    twinline_rules::worker::main()
}

//! The README's first-twin steps lead to a twin.

#[test]
fn the_first_twin_of_the_readme_is_in_step() {
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["readme"])
        .status()
        .unwrap();
    assert!(status.success(), "run `cargo xtask readme` to see why");
}

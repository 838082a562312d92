//! Sealing and opening.

use super::*;
use crate::config::{AuthValue, Config, parse};
use crate::handles::SystemEntropy;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn sealed(key: &str, secret: &str) -> String {
    SealKey::of(&Secret::new(key)).seal(&Secret::new(secret), &SystemEntropy)
}

fn opened(key: &str, sealed: &str) -> Option<String> {
    let secret = SealKey::of(&Secret::new(key)).open(sealed)?;
    Some(secret.expose().to_owned())
}

#[test]
fn only_the_key_that_sealed_opens() {
    for secret in ["s", "a-token", "with spaces é", &"long ".repeat(1000)] {
        let sealed = sealed(KEY, secret);
        assert!(!sealed.contains(secret.trim()) || secret == "s", "{sealed}");
        assert_eq!(opened(KEY, &sealed).as_deref(), Some(secret.trim()));
        assert_eq!(opened(&KEY.replace('0', "1"), &sealed), None);
    }
    assert_ne!(sealed(KEY, "s"), sealed(KEY, "s"), "each has its own nonce");
}

#[test]
fn what_is_changed_or_cut_is_not_opened() {
    let whole = sealed(KEY, "a-token");
    let bytes = BASE64.decode(&whole[FORM.len()..]).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let text = format!("{FORM}{}", BASE64.encode(&changed));
        assert_eq!(opened(KEY, &text), None, "byte {at}");
        let cut = format!("{FORM}{}", BASE64.encode(&bytes[..at]));
        assert_eq!(opened(KEY, &cut), None, "{at} bytes");
    }
    assert_eq!(opened(KEY, &whole.replace("1.", "2.")), None);
}

fn node(seal_key: &str, sealed: &str) -> Result<Config, ConfigError> {
    let text = format!(
        "format = 1\n[instance]\n{seal_key}\n[nodes.a]\ntracker = \"github\"\nurl = \"https://x.example\"\n\
         auth = {{ token = {{ sealed = \"{sealed}\" }} }}\n"
    );
    parse(Path::new("twinline.toml"), &text)
}

/// How reading the node's token ends.
fn check(seal_key: &str, sealed: &str, folder: &Path, expected: Result<&str, &str>) {
    let config = node(seal_key, sealed).unwrap();
    let AuthValue::Secret(token) = &config.nodes["a"].auth["token"] else {
        panic!("a secret");
    };
    match (token.read(folder, "nodes.a.auth.token"), expected) {
        (Ok(secret), Ok(expected)) => assert_eq!(secret.expose(), expected),
        (Err(error), Err(expected)) => {
            let said = error.to_string();
            assert!(said.contains(expected), "{said}");
            assert!(!said.contains(sealed), "{said}");
        }
        (read, _) => panic!("{read:?}"),
    }
}

#[test]
fn a_configuration_reads_what_is_sealed_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("seal.key", &format!("{KEY}\n"));
    write("short.key", "too short\n");
    let token = sealed(KEY, "a-token");
    let by = |name: &str| format!("seal_key = {{ file = \"{name}\" }}");
    check(&by("seal.key"), &token, folder.path(), Ok("a-token"));
    let other = sealed(&KEY.replace('0', "1"), "a-token");
    check(
        &by("seal.key"),
        &other,
        folder.path(),
        Err("another key has sealed it"),
    );
    check(
        &by("short.key"),
        &token,
        folder.path(),
        Err("has 9 characters"),
    );
    check(
        &by("missing"),
        &token,
        folder.path(),
        Err("instance.seal_key: the file"),
    );
    check(
        "",
        &token,
        folder.path(),
        Err("instance.seal_key: is not set"),
    );
    let itself = format!("seal_key = {{ sealed = \"{token}\" }}");
    check(
        &itself,
        &token,
        folder.path(),
        Err("cannot be sealed itself"),
    );
}

#[test]
fn what_was_never_sealed_is_refused_and_not_repeated() {
    for text in [
        "ghp_1",
        "1.",
        "1.ghp_1",
        "2.AAAA",
        &format!("{}!", sealed(KEY, "t")),
    ] {
        let error = node("", text).unwrap_err().to_string();
        assert!(error.contains("was not sealed"), "{error}");
        assert!(text.len() < 4 || !error.contains(text), "{error}");
    }
}

use super::*;

#[test]
fn the_script_has_its_places_filled_and_no_secret() {
    let text = instructions(
        &"acme-snow".into(),
        "incident",
        "https://sync.acme.example/hooks/acme-snow",
    );
    assert!(!text.contains("{{"), "{text}");
    for part in [
        "setEndpoint('https://sync.acme.example/hooks/acme-snow')",
        "gs.getProperty('twinline.webhook_secret.acme-snow', '')",
        "Table: incident",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!script(&"n".into(), "t", "https://x/'); evil('").contains("evil('"));
}

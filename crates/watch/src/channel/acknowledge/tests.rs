use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const NOW: Timestamp = Timestamp::from_millis(1_795_975_200_000);

fn signer(keys: &[&str]) -> Signer {
    Signer::new(keys.iter().map(|key| key.as_bytes())).unwrap()
}

fn grant() -> Grant {
    Grant {
        about: About::Incident("inc-12".to_owned()),
        person: "ada".to_owned(),
        until: NOW.plus(GOOD_FOR),
    }
}

#[test]
fn a_link_grants_what_was_signed_until_it_ends() {
    let signer = signer(&["key"]);
    for grant in [
        grant(),
        Grant {
            about: About::Proof("page-7".to_owned()),
            person: "Zoë".to_owned(),
            ..grant()
        },
        Grant {
            about: About::Incident(String::new()),
            person: String::new(),
            ..grant()
        },
    ] {
        let token = signer.token(&grant).unwrap();
        assert_eq!(signer.verify(&token, NOW), Ok(grant.clone()));
        assert_eq!(signer.verify(&token, grant.until), Ok(grant.clone()));
        let late = grant.until.plus(Duration::from_millis(1));
        assert_eq!(
            signer.verify(&token, late),
            Err(NotGranted::Expired { grant })
        );
    }
}

#[test]
fn the_link_is_short_and_below_its_base() {
    let signer = signer(&["key"]);
    for base in [
        "https://status.acme.example/ack",
        "https://status.acme.example/ack/",
    ] {
        let link = signer.link(&base.parse().unwrap(), &grant()).unwrap();
        let token = link
            .as_str()
            .strip_prefix("https://status.acme.example/ack/")
            .unwrap();
        assert_eq!(signer.verify(token, NOW), Ok(grant()));
        assert!(token.len() < 60, "{token}");
    }
    let opaque = "mailto:ada@acme.example".parse().unwrap();
    assert_eq!(signer.link(&opaque, &grant()), Err(NoLink));
    let person = "x".repeat(256);
    assert_eq!(signer.token(&Grant { person, ..grant() }), Err(NoLink));
}

#[test]
fn no_changed_token_grants_anything() {
    let signer = signer(&["key"]);
    let token = signer.token(&grant()).unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(
                signer.verify(&changed, NOW),
                Err(NotGranted::Forged),
                "byte {at}"
            );
        }
    }
    for length in 0..token.len() {
        assert_eq!(
            signer.verify(&token[..length], NOW),
            Err(NotGranted::Forged),
            "{length}"
        );
    }
    let long = token + &"A".repeat(5000);
    assert_eq!(signer.verify(&long, NOW), Err(NotGranted::Forged));
    // A part of the person does not pass for a part of the incident.
    let moved = Grant {
        about: About::Incident("ainc-12".to_owned()),
        person: "ad".to_owned(),
        ..grant()
    };
    assert_ne!(
        signer.token(&moved).unwrap(),
        signer.token(&grant()).unwrap()
    );
}

#[test]
fn an_old_key_verifies_while_the_new_one_signs() {
    let (old, new, both) = (signer(&["old"]), signer(&["new"]), signer(&["new", "old"]));
    let token = old.token(&grant()).unwrap();
    assert_eq!(both.verify(&token, NOW), Ok(grant()));
    assert_eq!(new.verify(&token, NOW), Err(NotGranted::Forged));
    assert_eq!(new.verify(&both.token(&grant()).unwrap(), NOW), Ok(grant()));
    assert!(Signer::new([]).is_err());
    assert!(Signer::new([&b""[..]]).is_err());
}

#[test]
fn that_somebody_is_there_is_signed_with_a_key_of_its_own() {
    let grant = Grant {
        about: About::Presence("3.00000000".to_owned()),
        person: "ada".to_owned(),
        until: Timestamp::from_millis(2_000_000_000_000),
    };
    let now = Timestamp::from_millis(1_900_000_000_000);
    let ours = Signer::new([&b"token"[..]]).unwrap();
    let ours = ours.with_presence(b"nobody else has it").unwrap();
    let token = ours.token(&grant).unwrap();
    assert_eq!(ours.verify(&token, now), Ok(grant.clone()));
    // Who knows the instance's key can make it for nothing but what that key is for.
    let theirs = Signer::new([&b"token"[..]]).unwrap();
    let forged = theirs.token(&grant).unwrap();
    assert_eq!(ours.verify(&forged, now), Err(NotGranted::Forged));
    assert!(
        Signer::new([&b"k"[..]])
            .unwrap()
            .with_presence(b"")
            .is_err()
    );
}

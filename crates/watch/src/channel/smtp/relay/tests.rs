use super::*;

/// Host, port, encryption, user and password.
type Parts<'a> = (&'a str, u16, Security, Option<(&'a str, &'a str)>);

fn check(url: &str, expected: Result<Parts<'_>, &str>) {
    let parsed = Relay::parse(&Secret::new(url));
    match (parsed, expected) {
        (Ok(relay), Ok((host, port, security, login))) => {
            assert_eq!(
                (relay.host.as_str(), relay.port, relay.security),
                (host, port, security),
                "{url}"
            );
            let found = relay.login.as_ref();
            let found = found.map(|login| (login.user.as_str(), login.password.expose()));
            assert_eq!(found, login, "{url}");
        }
        (Err(said), Err(word)) => {
            assert!(said.contains(word), "{url}: '{word}' is not in '{said}'");
            assert!(!said.contains("s3cr3t"), "{url}: {said}");
        }
        (Ok(_), Err(word)) => panic!("{url} is taken, and should be refused: {word}"),
        (Err(said), Ok(_)) => panic!("{url}: {said}"),
    }
}

#[test]
fn urls_of_mail_servers() {
    use Security::{FromTheStart, None as Plain, StartTls};
    check(
        "smtps://mail.test",
        Ok(("mail.test", 465, FromTheStart, None)),
    );
    check("smtp://mail.test", Ok(("mail.test", 587, StartTls, None)));
    check(
        "smtp://mail.test:2525",
        Ok(("mail.test", 2525, StartTls, None)),
    );
    check("smtp://localhost", Ok(("localhost", 25, Plain, None)));
    check("smtp://[::1]:26", Ok(("::1", 26, Plain, None)));
    check(
        "smtp://127.0.0.1?tls=starttls",
        Ok(("127.0.0.1", 587, StartTls, None)),
    );
    check(
        "smtp://relay.lan?tls=no",
        Ok(("relay.lan", 25, Plain, None)),
    );
    let login = Some(("a@b", "s3cr3t/:x"));
    check(
        "smtps://a%40b:s3cr3t%2F%3Ax@mail.test",
        Ok(("mail.test", 465, FromTheStart, login)),
    );
    check(
        "smtp://a%40b:s3cr3t%2F%3Ax@127.0.0.1:25",
        Ok(("127.0.0.1", 25, Plain, login)),
    );
}

#[test]
fn urls_that_cannot_be_used() {
    check("mail.test s3cr3t", Err("cannot be read"));
    check("http://a:s3cr3t@mail.test", Err("http://"));
    check("smtp://", Err("server"));
    check(
        "smtp://a:s3cr3t@relay.lan?tls=no",
        Err("anybody on the way"),
    );
    check("smtp://relay.lan?tls=maybe", Err("tls=maybe"));
    check("smtp://relay.lan?starttls=1", Err("starttls"));
    check("smtps://relay.lan?tls=no", Err("leave one"));
    check("smtps://s3cr3t@relay.lan", Err("no password"));
    check("smtps://:s3cr3t@relay.lan", Err("no user"));
    check("smtps://a:%ff@relay.lan", Err("UTF-8"));
}

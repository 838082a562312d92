//! Mail, against a real server in a process of its own; what such a server does not do, by a few lines of our own.

use super::*;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use twinline_sim::smtpd::{Encryption, Letter, Smtpd, SmtpdSettings};

const LOGIN: &str = "watch%40acme:s3cr3t%2Fword";

fn started(encryption: Encryption, login: bool) -> (Smtpd, Trust) {
    let (trust, certificate) = certificate();
    let login = login.then(|| ("watch@acme".to_owned(), "s3cr3t/word".to_owned()));
    let settings = SmtpdSettings {
        encryption,
        certificate,
        login,
    };
    (Smtpd::start(&settings).unwrap(), trust)
}

fn channel(url: &str, trust: &Trust, deadlines: Deadlines) -> Channel {
    let settings = Settings::Smtp(SmtpSettings {
        url: Secret::new(url),
        from: "Acme watch <watch@acme.example>",
        trust,
    });
    let outside = outside_with(deadlines, Arc::new(Resolver::default()), trust);
    Channel::new("mail", settings, &outside).unwrap()
}

async fn sent(url: &str, trust: &Trust) -> Result<Receipt, Failed> {
    let sent = channel(url, trust, DEADLINES)
        .send(&incident(Event::Opened))
        .await;
    if let Err(failed) = &sent {
        let shown = format!("{failed} {failed:?}");
        assert!(
            !shown.contains("s3cr3t") && !shown.contains("czNjcjN0"),
            "{shown}"
        );
    }
    sent
}

fn only(server: &Smtpd) -> Letter {
    let mut letters = server.letters().unwrap();
    assert_eq!(letters.len(), 1);
    letters.remove(0)
}

fn check_letter(letter: &Letter, encrypted: bool, logged_in: bool) {
    assert_eq!(letter.from, "watch@acme.example");
    assert_eq!(letter.to, ["ada@acme.example"]);
    assert_eq!(letter.hello, "[127.0.0.1]");
    assert_eq!((letter.encrypted, letter.logged_in), (encrypted, logged_in));
    let content = readable(&letter.content);
    for line in [
        "From: \"Acme watch\" <watch@acme.example>\n",
        "To: ada@acme.example\n",
        "Subject: CRITICAL acme: commits fail (database:central)\n",
        "Message-ID: <page-7@acme.example>\n",
        "In-Reply-To: <incident.inc-12.acme@acme.example>\n",
        "References: <incident.inc-12.acme@acme.example>\n",
        "Date: Sun, 29 Nov 2026 18:00:00 +0000\n",
        "Auto-Submitted: auto-generated\n",
        "Importance: high\n",
        "Content-Type: multipart/alternative;",
        "Affected: 2: jira, github\n",
        "\nAcknowledge: https://status.acme.example/ack/t0ken\n",
        "<a href=\"https://status.acme.example/ack/t0ken\"",
    ] {
        assert!(content.contains(line), "'{line}' is not in\n{content}");
    }
}

#[tokio::test]
async fn a_letter_arrives_however_the_server_encrypts() {
    if !Smtpd::can_run() {
        return;
    }
    for (encryption, login, url) in [
        (Encryption::None, false, "smtp://127.0.0.1:PORT".to_owned()),
        (
            Encryption::StartTls,
            false,
            "smtp://127.0.0.1:PORT?tls=starttls".to_owned(),
        ),
        (
            Encryption::StartTls,
            true,
            format!("smtp://{LOGIN}@mail.test:PORT"),
        ),
        (
            Encryption::FromTheStart,
            true,
            format!("smtps://{LOGIN}@mail.test:PORT"),
        ),
        (
            Encryption::None,
            true,
            format!("smtp://{LOGIN}@localhost:PORT"),
        ),
    ] {
        let (server, trust) = started(encryption, login);
        let url = url.replace("PORT", &server.port().to_string());
        let receipt = sent(&url, &trust).await.unwrap();
        assert_eq!(receipt.reference, "250 2.0.0 Queued as 1");
        check_letter(&only(&server), encryption != Encryption::None, login);
    }
}

#[tokio::test]
async fn who_is_not_let_in_says_so_without_the_password() {
    if !Smtpd::can_run() {
        return;
    }
    let (server, trust) = started(Encryption::StartTls, true);
    let port = server.port();
    let other = certificate().0;
    let wrong = "watch%40acme:s3cr3t-wrong";
    for (url, trust, step, words) in [
        (
            format!("smtp://{wrong}@mail.test:{port}"),
            &trust,
            Step::Authenticate,
            "535",
        ),
        (
            format!("smtp://mail.test:{port}"),
            &trust,
            Step::Sender,
            "530",
        ),
        (
            format!("smtp://127.0.0.1:{port}"),
            &trust,
            Step::Sender,
            "530",
        ),
        // A certificate of somebody else, or for another name.
        (
            format!("smtp://{LOGIN}@mail.test:{port}"),
            &other,
            Step::Encrypt,
            "certificate",
        ),
        (
            format!("smtp://{LOGIN}@elsewhere.test:{port}"),
            &trust,
            Step::Encrypt,
            "elsewhere.test",
        ),
    ] {
        let failed = sent(&url, trust).await.unwrap_err();
        assert_eq!(
            (failed.step, failed.fault),
            (step, Fault::Refused),
            "{failed}"
        );
        assert!(!failed.may_have_arrived, "{failed}");
        assert!(failed.to_string().contains(words), "{failed}");
    }
    assert!(server.letters().unwrap().is_empty());
}

#[tokio::test]
async fn a_server_without_encryption_gets_nothing_where_it_is_wanted() {
    if !Smtpd::can_run() {
        return;
    }
    let (server, trust) = started(Encryption::None, false);
    let port = server.port();
    let failed = sent(&format!("smtp://{LOGIN}@mail.test:{port}"), &trust)
        .await
        .unwrap_err();
    assert_eq!(
        (failed.step, failed.fault),
        (Step::Encrypt, Fault::Refused),
        "{failed}"
    );
    assert!(failed.said.contains("STARTTLS"), "{failed}");
    let failed = sent(&format!("smtps://{LOGIN}@mail.test:{port}"), &trust)
        .await
        .unwrap_err();
    assert_eq!(failed.step, Step::Encrypt, "{failed}");
    assert!(server.letters().unwrap().is_empty());
}

/// Sends to this name at a server that does what the name asks for.
async fn check_fault(server: &Smtpd, to: &str, expected: (Step, Fault, bool), words: &str) {
    let hangs = to.starts_with("hangs");
    let url = format!("smtp://127.0.0.1:{}", server.port());
    let deadlines = if hangs { SHORT } else { DEADLINES };
    let channel = channel(&url, &certificate().0, deadlines);
    let mut page = incident(Event::Opened);
    page.to = format!("{to}@acme.example");
    let failed = channel.send(&page).await.unwrap_err();
    let found = (failed.step, failed.fault, failed.may_have_arrived);
    assert_eq!(found, expected, "{to}: {failed}");
    assert!(failed.to_string().contains(words), "{to}: {failed}");
    assert!(failed.to_string().starts_with("channel mail, "), "{failed}");
}

#[tokio::test]
async fn what_a_server_refuses_leaves_open_or_breaks_off_is_told_apart() {
    if !Smtpd::can_run() {
        return;
    }
    let (server, _) = started(Encryption::None, false);
    let busy = Fault::Busy { after: None };
    check_fault(
        &server,
        "nobody",
        (Step::Recipient, Fault::Refused, false),
        "550 5.1.1 No such mailbox; check the person's address",
    )
    .await;
    check_fault(
        &server,
        "later",
        (Step::Recipient, busy, false),
        "451 4.3.2 Not now",
    )
    .await;
    check_fault(
        &server,
        "closes",
        (Step::Recipient, Fault::Broken, false),
        "closed",
    )
    .await;
    check_fault(
        &server,
        "hangs",
        (Step::Recipient, Fault::Silent, false),
        "no answer within 2000 ms",
    )
    .await;
    assert!(server.letters().unwrap().is_empty());
    check_fault(
        &server,
        "spam",
        (Step::Content, Fault::Refused, false),
        "554 5.7.1",
    )
    .await;
    check_fault(
        &server,
        "closes-then",
        (Step::Content, Fault::Broken, true),
        "closed",
    )
    .await;
    check_fault(
        &server,
        "hangs-then",
        (Step::Content, Fault::Silent, true),
        "no answer within 2000 ms",
    )
    .await;
    // They did arrive.
    assert_eq!(server.letters().unwrap().len(), 2);
}

#[tokio::test]
async fn a_server_that_hangs_altogether_costs_one_deadline() {
    if !Smtpd::can_run() {
        return;
    }
    let (server, trust) = started(Encryption::None, false);
    let url = format!("smtp://127.0.0.1:{}", server.port());
    server.signal(Signal::STOP);
    let channel = channel(&url, &trust, SHORT);
    let failed = channel.send(&incident(Event::Opened)).await.unwrap_err();
    assert_eq!(
        (failed.step, failed.fault),
        (Step::Greet, Fault::Silent),
        "{failed}"
    );
    server.signal(Signal::CONT);
    sent(&url, &trust).await.unwrap();
    check_letter(&only(&server), false, false);
}

#[tokio::test]
async fn a_sender_or_recipient_of_another_kind_is_not_tried() {
    let channel = channel("smtp://127.0.0.1:1", &certificate().0, DEADLINES);
    for to in [
        "",
        "ada",
        "+3225550101",
        "adä@acme.example",
        "a@b\r\nRCPT TO:<c@d>",
    ] {
        let mut page = incident(Event::Opened);
        page.to = to.to_owned();
        let failed = channel.send(&page).await.unwrap_err();
        assert_eq!(
            (failed.step, failed.fault),
            (Step::Prepare, Fault::Refused),
            "{to}: {failed}"
        );
    }
    let failed = channel.send(&incident(Event::Opened)).await.unwrap_err();
    assert_eq!(
        (failed.step, failed.fault),
        (Step::Connect, Fault::Unreachable),
        "{failed}"
    );
}

/// Sends to a server that says these words at once and reads on.
async fn check_words(words: &'static [u8], url: &str, step: Step, said: &str) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(words).await.unwrap();
        let ended = stream.read_to_end(&mut Vec::new()).await;
        drop(ended);
    });
    let failed = sent(&url.replace("PORT", &port.to_string()), &certificate().0)
        .await
        .unwrap_err();
    assert_eq!(
        (failed.step, failed.fault),
        (step, Fault::Broken),
        "{failed}"
    );
    assert!(failed.said.contains(said), "{failed}");
}

#[tokio::test]
async fn what_is_no_mail_server_or_speaks_out_of_turn_is_not_believed() {
    let plain = "smtp://127.0.0.1:PORT";
    check_words(
        b"SSH-2.0-OpenSSH_9.2\r\n",
        plain,
        Step::Greet,
        "no mail server's reply",
    )
    .await;
    check_words(
        b"2\xc3\xa40 hello\r\n",
        plain,
        Step::Greet,
        "no mail server's reply",
    )
    .await;
    check_words(&[b'2'; 8192], plain, Step::Greet, "without end").await;
    // What was said before encryption would be taken for an answer given after it.
    let early = b"220 mail.test\r\n250-mail.test\r\n250 STARTTLS\r\n220 Go ahead\r\n250 mail.test\r\n250 Queued\r\n";
    check_words(
        early,
        "smtp://mail.test:PORT",
        Step::Encrypt,
        "plain text after STARTTLS",
    )
    .await;
}

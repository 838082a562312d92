use super::*;

#[test]
fn a_letter_ends_with_a_dot_and_no_line_of_it_does() {
    let check = |letter: &str, sent: &str| {
        assert_eq!(String::from_utf8(dotted(letter.as_bytes())).unwrap(), sent);
    };
    check("a\r\n", "a\r\n.\r\n");
    check("a", "a\r\n.\r\n");
    check(".\r\n..\r\na.b\r\n", "..\r\n...\r\na.b\r\n.\r\n");
}

async fn check(sent: &[u8], expected: Result<&str, &str>) {
    let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
    theirs.write_all(sent).await.unwrap();
    drop(theirs);
    let stream: Box<dyn Stream> = Box::new(ours);
    let reply = read(&mut BufReader::new(stream)).await;
    let shown = reply
        .map(|reply| reply.said())
        .map_err(|error| error.to_string());
    match expected {
        Ok(said) => assert_eq!(shown.as_deref(), Ok(said)),
        Err(word) => assert!(
            shown.as_ref().is_err_and(|said| said.contains(word)),
            "{shown:?}: {word}"
        ),
    }
}

#[tokio::test]
async fn replies_have_a_code_and_an_end() {
    check(b"250 Ok\r\nmore", Ok("250 Ok")).await;
    check(b"250\r\n", Ok("250")).await;
    check(b"250-a\r\n250-b\r\n250 c\r\n", Ok("250 a b c")).await;
    check(b"250-a\r\n", Err("closed")).await;
    check(b"", Err("closed")).await;
    check(b"999 what\r\n", Err("no mail server")).await;
    check(b"250xOk\r\n", Err("no mail server")).await;
    check(&b"250-a\r\n".repeat(200), Err("without end")).await;
}

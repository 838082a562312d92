use super::*;

#[tokio::test(start_paused = true)]
async fn a_wrong_answer_is_news_until_it_was_said_and_again_when_it_lasts() {
    let said = Said::default();
    let wrong = |why: &str| said.heard::<u8>(Err(NoWord::Wrong(why.to_owned())), "it");
    assert!(said.is_news("401"));
    assert!(!said.is_news("401"));
    tokio::time::advance(AGAIN).await;
    assert!(said.is_news("401"));
    assert!(!said.is_news("401"));
    assert_eq!(wrong("404"), None);
    assert!(!said.is_news("404"), "it was said");
    // Nobody answered in between: that changes nothing.
    let silent = NoWord::Silent("refused".to_owned());
    assert_eq!(said.heard::<u8>(Err(silent), "it"), None);
    assert!(!said.is_news("404"));
    assert_eq!(said.heard(Ok(7), "it"), Some(7));
    assert!(said.is_news("404"));
}

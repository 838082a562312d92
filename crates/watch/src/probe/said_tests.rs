use super::*;

#[test]
fn a_wrong_answer_is_news_once_until_there_is_a_good_one() {
    let said = Said::default();
    let wrong = |why: &str| said.heard::<u8>(Err(NoWord::Wrong(why.to_owned())), "it");
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

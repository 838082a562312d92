use super::*;

#[tokio::test]
async fn another_process_goes_on_from_what_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("accounts.json");
    let before = Accounts::kept(&file);
    assert!(before.lock().is_empty());
    let told = [(Measure::Swept, "a", 7), (Measure::Whole, "a", 8)];
    for (measure, node, ms) in told {
        let to = Timestamp::from_millis(ms);
        before.lock().insert((measure, node.to_owned()), to);
    }
    let told = before.lock().clone();
    let kept = Kept::new(file.clone());
    write(&kept, told.clone()).await.unwrap();
    assert_eq!(*Accounts::kept(&file).lock(), told);
    std::fs::write(&file, "[[").unwrap();
    assert!(Accounts::kept(&file).lock().is_empty());
    // The folder is gone.
    drop(folder);
    assert!(write(&kept, told).await.is_err());
}

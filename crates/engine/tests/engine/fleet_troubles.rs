//! Groups that do not work where they are, or are not let go.

use crate::fleet::{Fleet, Machine, Odd, SOON, group};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use twinline_core::item::Value;
use twinline_engine::groups::GroupState;

impl Machine {
    /// Waits until the group has failed here; why.
    async fn fails(&self) -> String {
        let mut states = self.states.clone();
        let failed = states.wait_for(|states| {
            let now = states.get(&group()).map(|now| &now.state);
            matches!(now, Some(GroupState::Failed { .. }))
        });
        let failed = timeout(SOON, failed)
            .await
            .expect("the group fails")
            .unwrap();
        match &failed[&group()].state {
            GroupState::Failed { reason } => reason.clone(),
            _ => unreachable!("it was waited for"),
        }
    }

    /// Waits until the group was tried so often without having been taken over.
    async fn tries(&self, times: u32) {
        let mut states = self.states.clone();
        let tries = async {
            let mut tried = 0;
            while tried < times {
                states.changed().await.unwrap();
                let states = states.borrow_and_update();
                let now = states.get(&group()).map(|now| &now.state);
                tried += u32::from(matches!(
                    now,
                    Some(GroupState::TakingOver { failing: Some(_) })
                ));
            }
        };
        timeout(SOON, tries).await.expect("it is tried");
    }
}

/// Etcd has not let it go, or it is not known: nothing may begin under that ownership, whatever is wished since.
#[tokio::test]
async fn a_group_that_could_not_be_given_away_is_before_it_works_here_again() {
    let Some(fleet) = Fleet::new() else { return };
    let odd = Odd::default();
    let one = fleet.start_odd("m1", &odd);
    one.works().await;
    let left = fleet.world.tracker("left").make(&[
        ("summary", Value::text("a")),
        ("status", Value::text("open")),
        ("labels", Value::set(["a"])),
    ]);
    let right = fleet.made("right").await;
    odd.releases.store(2, Ordering::SeqCst);
    one.keeper.drain(true);
    let tried = async {
        while odd.releases.load(Ordering::SeqCst) == 2 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, tried).await.expect("it is given away");
    one.keeper.drain(false);
    fleet.edit(&left, "b");
    fleet.shows(&right, "b").await;
    one.stop().await;
}

#[tokio::test]
async fn a_group_that_does_not_work_on_one_machine_goes_to_another() {
    let Some(fleet) = Fleet::new() else { return };
    let folder = fleet.folder.path().join("m1");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("g.db"), "this is no database".repeat(100)).unwrap();
    let one = fleet.start("m1");
    let why = one.fails().await;
    assert!(why.contains("g.db"), "{why}");
    let two = fleet.start("m2");
    two.works().await;
    assert!(!one.has_group());

    // Nobody else is there: it is tried here once more.
    two.kill().await;
    one.fails().await;
    one.stop().await;
}

/// Its disk is full, and it would wait for as long as it is.
#[tokio::test]
async fn a_group_whose_file_takes_no_writes_goes_to_another_machine() {
    let Some(fleet) = Fleet::new() else { return };
    let odd = Odd::default();
    let one = fleet.start_odd("m1", &odd);
    one.works().await;
    let left = fleet.world.tracker("left").make(&[
        ("summary", Value::text("a")),
        ("status", Value::text("open")),
        ("labels", Value::set(["a"])),
    ]);
    let right = fleet.made("right").await;
    fleet.shows(&right, "a").await;
    let two = fleet.start("m2");
    odd.is_full.store(true, Ordering::SeqCst);
    fleet.edit(&left, "b");
    two.works().await;
    fleet.shows(&right, "b").await;
    fleet.world.tracker("right").only();
    assert!(!one.has_group());
    one.stop().await;
    two.stop().await;
}

/// It would drop what the group is told of that node, and sweep half of it.
#[tokio::test]
async fn a_machine_that_lacks_a_node_of_the_group_leaves_it_to_another() {
    let Some(fleet) = Fleet::new() else { return };
    let lacking = Odd {
        lacks: true,
        ..Odd::default()
    };
    // Of the lesser name: the group would fall to it.
    let one = fleet.start_odd("m1", &lacking);
    let two = fleet.start("m2");
    two.works().await;
    assert!(!one.has_group());

    two.keeper.drain(true);
    assert_eq!(one.fails().await, "a node is missing");
    two.keeper.drain(false);
    two.works().await;
    assert!(!one.has_group());
    one.stop().await;
    two.stop().await;
}

/// Its file is the only one that is up to date: whoever else went on, when the database commits again, would begin from before.
#[tokio::test]
async fn a_host_that_cannot_take_over_what_its_own_file_has_keeps_it() {
    let Some(fleet) = Fleet::new() else { return };
    let one = fleet.start("m1");
    one.works().await;
    let left = fleet.world.tracker("left").make(&[
        ("summary", Value::text("a")),
        ("status", Value::text("open")),
        ("labels", Value::set(["a"])),
    ]);
    let right = fleet.made("right").await;
    fleet.shows(&right, "a").await;
    fleet.database.hang_commits().unwrap();
    fleet.edit(&left, "b");
    fleet.shows(&right, "b").await;
    one.kill().await;

    // It gets the group anew when the lease has ended, and another one comes that takes groups.
    let one = fleet.start("m1");
    one.tries(1).await;
    let two = fleet.start("m2");
    let mut ownership = one.keeper.ownership();
    let there = ownership.wait_for(|now| now.roster.hosts.contains_key("m2"));
    drop(timeout(SOON, there).await.expect("it is there").unwrap());
    // For longer than a group is tried that another host could have.
    one.tries(10).await;
    assert!(one.has_group() && !two.has_group());

    fleet.database.let_commit().unwrap();
    one.works().await;
    fleet.edit(&left, "c");
    fleet.shows(&right, "c").await;
    fleet.world.tracker("right").only();
    one.stop().await;
    two.stop().await;
}

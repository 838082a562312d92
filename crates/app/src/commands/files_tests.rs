//! Modes, owners and links; giving a file to others needs root, as in a container, and is left out elsewhere.

use super::*;
use std::os::unix::fs::{chown, symlink};
use tempfile::TempDir;

/// A group that nothing else here has.
const GROUP: u32 = 4242;

/// A configuration with a mode, given to a group where that can be done; whether it was.
fn configuration(mode: u32) -> (TempDir, std::path::PathBuf, bool) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twinline.toml");
    fs::write(&file, "old\n").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    let given = chown(&file, None, Some(GROUP)).is_ok();
    assert!(given || !rustix::process::geteuid().is_root());
    (folder, file, given)
}

/// Mode, user and group.
fn look(path: &Path) -> (u32, u32, u32) {
    let there = fs::metadata(path).unwrap();
    (there.mode() & 0o7777, there.uid(), there.gid())
}

#[test]
fn what_replaces_a_file_is_whose_it_was() {
    for mode in [0o600, 0o640, 0o664] {
        let (_folder, file, _) = configuration(mode);
        let before = look(&file);
        assert_eq!(before.0, mode);
        replace(&file, "new\n").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new\n");
        assert_eq!(look(&file), before);
    }
}

#[test]
fn of_a_link_the_file_is_replaced_that_it_leads_to() {
    let (folder, file, _) = configuration(0o640);
    let before = look(&file);
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("twinline.toml");
    symlink(&file, &link).unwrap();
    replace(&link, "new\n").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&file).unwrap(), "new\n");
    assert_eq!(look(&file), before);
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "nothing else is left there");
}

#[test]
fn a_secret_is_read_by_the_group_that_reads_the_configuration_and_by_nobody_else() {
    let (folder, file, given) = configuration(0o640);
    let owners = Owners::of(&file).unwrap();
    let secret = folder.path().join("secrets/rm.key");
    make(&secret, "a-key\n", owners.secret(), Some(owners)).unwrap();
    let (mode, user, group) = look(&secret);
    let (entered, _, folders) = look(&folder.path().join("secrets"));
    let config = look(&file);
    assert_eq!((user, group, folders), (config.1, config.2, config.2));
    if given {
        assert_eq!((mode, entered, group), (0o640, 0o750, GROUP));
    } else {
        assert_eq!((mode, entered), (0o600, 0o700));
    }
    let again = make(&secret, "other\n", owners.secret(), Some(owners)).unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&secret).unwrap(), "a-key\n");
}

#[test]
fn a_secret_beside_a_private_configuration_is_private() {
    let (folder, file, _) = configuration(0o600);
    let owners = Owners::of(&file).unwrap();
    let secret = folder.path().join("secrets/rm.key");
    make(&secret, "a-key\n", owners.secret(), Some(owners)).unwrap();
    assert_eq!(look(&secret).0, 0o600);
    assert_eq!(look(&folder.path().join("secrets")).0, 0o700);
}

#[test]
fn a_folder_that_the_group_cannot_enter_is_told() {
    let (folder, file, given) = configuration(0o640);
    if !given {
        return;
    }
    let owners = Owners::of(&file).unwrap();
    let secrets = folder.path().join("secrets");
    DirBuilder::new().mode(0o700).create(&secrets).unwrap();
    let secret = secrets.join("rm.key");
    let refused = make(&secret, "a-key\n", owners.secret(), Some(owners)).unwrap_err();
    assert!(refused.to_string().contains("cannot enter"), "{refused}");
    assert!(!secret.exists());
}

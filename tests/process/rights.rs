//! The owners and the rights of the files that the binary makes.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;

use tests::process::{Workplace, binary};

/// The account of a service, on a machine where root runs commands beside it.
const SERVICE: u32 = 65534;

/// The files in `data`.
fn files(workplace: &Workplace) -> Vec<PathBuf> {
    fs::read_dir(workplace.path("data")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn mode(file: &PathBuf) -> u32 {
    fs::metadata(file).unwrap().mode() & 0o777
}

fn lock(workplace: &Workplace) -> PathBuf {
    workplace.path("data/hexauth.db.migrate-lock")
}

#[test]
fn every_file_is_for_its_owner_only() {
    let workplace = Workplace::default();
    workplace.run(&["migrate", "up"]).success();
    workplace.run(&["create-admin", "--email", "ada@example.com", "--generate-password"]).success();
    for file in files(&workplace) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_lock_that_anybody_could_open_becomes_its_owners() {
    let workplace = Workplace::default();
    workplace.run(&["migrate", "up"]).success();
    fs::set_permissions(lock(&workplace), Permissions::from_mode(0o644)).unwrap();
    workplace.run(&["migrate", "up"]).success();
    assert_eq!(mode(&lock(&workplace)), 0o600);
}

/// A link leads elsewhere, and what is there is not ours to change.
#[test]
fn a_link_in_the_place_of_the_lock_changes_no_other_file() {
    let workplace = Workplace::default().with_file("other", "of somebody else");
    workplace.run(&["migrate", "up"]).success();
    fs::remove_file(lock(&workplace)).unwrap();
    fs::set_permissions(workplace.path("other"), Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink(workplace.path("other"), lock(&workplace)).unwrap();
    workplace.run(&["migrate", "up"]).success();
    assert_eq!(mode(&workplace.path("other")), 0o644);
    assert!(fs::symlink_metadata(lock(&workplace)).unwrap().is_file());
}

/// A folder of the service's account, where root can run commands and the service can run as itself. `None` if this is
/// not root, and then it says so.
fn of_the_service() -> Option<Workplace> {
    let workplace = Workplace::default();
    if chown(workplace.path(""), Some(SERVICE), Some(SERVICE)).is_err() {
        // Past the harness, which would swallow it.
        let _ = writeln!(std::io::stderr(), "NOT TESTED: what root makes beside a service. Run the tests as root.");
        return None;
    }
    // Where ours is, the service may not be able to reach it.
    fs::copy(binary(), workplace.path("hexauth")).unwrap();
    fs::set_permissions(workplace.path("hexauth"), Permissions::from_mode(0o755)).unwrap();
    Some(workplace)
}

async fn assert_the_service_starts(workplace: &Workplace) {
    let node = workplace.start_as(SERVICE, &workplace.path("hexauth"), &["serve"]);
    node.wait_until_ready().await;
    assert_eq!(node.stop().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_of_root_before_the_first_start_do_not_lock_the_service_out() {
    let Some(workplace) = of_the_service() else { return };
    workplace.run(&["migrate", "up"]).success();
    workplace.run(&["create-admin", "--email", "ada@example.com", "--generate-password"]).success();
    workplace.run(&["keys", "list"]).success();
    workplace.run(&["cleanup"]).success();
    for path in files(&workplace).into_iter().chain([workplace.path("data")]) {
        assert_eq!(fs::metadata(&path).unwrap().uid(), SERVICE, "{}", path.display());
    }
    assert_the_service_starts(&workplace).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_of_root_beside_the_service_do_not_lock_it_out() {
    let Some(workplace) = of_the_service() else { return };
    assert_the_service_starts(&workplace).await;
    // As after an upgrade from a version that made none.
    fs::remove_file(lock(&workplace)).unwrap();
    let node = workplace.start_as(SERVICE, &workplace.path("hexauth"), &["serve"]);
    node.wait_until_ready().await;
    fs::remove_file(lock(&workplace)).unwrap();
    workplace.run(&["migrate", "up"]).success();
    workplace.run(&["keys", "rotate"]).success();
    workplace.run(&["cleanup"]).success();
    for file in files(&workplace) {
        assert_eq!(fs::metadata(&file).unwrap().uid(), SERVICE, "{}", file.display());
    }
    node.stop();
    workplace.run(&["keys", "rotate"]).success();
    assert_the_service_starts(&workplace).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_root_left_behind_does_not_lock_the_service_out() {
    let Some(workplace) = of_the_service() else { return };
    assert_the_service_starts(&workplace).await;
    for mode in [0o644, 0o600] {
        fs::remove_file(lock(&workplace)).unwrap();
        File::create(lock(&workplace)).unwrap().set_permissions(Permissions::from_mode(mode)).unwrap();
        assert_the_service_starts(&workplace).await;
        let made = fs::metadata(lock(&workplace)).unwrap();
        assert_eq!((made.uid(), made.mode() & 0o777), (SERVICE, 0o600));
    }
}

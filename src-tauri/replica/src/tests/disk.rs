use super::*;
use shared::desk::SyncState;

#[test]
fn a_full_disk_stops_saving_with_a_plain_word_and_loses_nothing() {
    let desk = Desk::new(1);
    let row = desk.register(10, "García");
    let pages = |most: i64| {
        desk.replica
            .write(Lasting::Yes, |db| {
                Ok(db.pragma_update(None, "max_page_count", most)?)
            })
            .unwrap();
    };
    pages(1); // SQLite takes the size it has now
    let mut saved = Vec::new();
    let refused = (11..400).find_map(|number| {
        match desk.save(&new(Kind::Patient, number, person("Silva"))) {
            Ok(row) => {
                saved.push(row);
                None
            }
            Err(problems) => Some(problems),
        }
    });
    assert_eq!(codes(&refused.unwrap()), ["disk.full"]);
    assert_eq!(
        desk.replica.status().unwrap().trouble.unwrap().code,
        "disk.full"
    );
    assert_eq!(desk.row(10).unwrap(), row, "reading goes on");
    assert_eq!(
        desk.unsent().len(),
        saved.len() + 1,
        "nothing is half written"
    );
    pages(1_000_000);
    desk.register(999, "Ørsted");
    assert!(
        desk.replica
            .status()
            .unwrap()
            .trouble
            .is_none_or(|trouble| trouble.code != "disk.full")
    );
    let count = desk.unsent().len();
    let desk = desk.reopened();
    assert_eq!(desk.unsent().len(), count, "nor after opening again");
    assert_eq!(desk.row(10).unwrap().state, SyncState::Saved);
}

/// On a file system that really is full. Needs root to mount one; says so where it cannot.
#[test]
fn a_file_system_without_room_loses_nothing() {
    // what there is no room for first depends on the size: the replica, its mirror, or the log of either
    ["1500k", "1640k", "1700k"]
        .into_iter()
        .for_each(fill_a_file_system);
}

fn fill_a_file_system(size: &str) {
    let dir = TempDir::new().unwrap();
    let mount = |args: &[&str]| {
        std::process::Command::new("mount")
            .args(args)
            .arg(dir.path())
            .output()
    };
    let mounted = mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
        .is_ok_and(|output| output.status.success());
    if !mounted {
        eprintln!("no file system could be mounted here: this is tested where one can");
        return;
    }
    let unmount = Unmount(dir.path().to_owned());
    let replica = open(dir.path());
    replica
        .write(Lasting::Yes, |db| {
            meta::DEVICE.set(db, &device(1))?;
            meta::LOADED.set(db, &true)
        })
        .unwrap();
    let actor = actor(1, &[Role::Doctor], &device(1));
    let mut saved = 0;
    let refused = (10..2_000).find_map(|number| {
        match replica
            .save(&actor, &new(Kind::Patient, number, person("Silva")))
            .unwrap()
        {
            SaveAnswer::Saved { .. } => {
                saved += 1;
                None
            }
            SaveAnswer::Problems { problems } => Some(problems),
        }
    });
    assert_eq!(codes(&refused.expect("1.5 MB fill up")), ["disk.full"]);
    assert_eq!(replica.read(crate::outbox::count).unwrap(), saved);
    assert!(replica.row(Kind::Patient, record(10)).unwrap().is_some());
    drop(replica);
    let again = open(dir.path());
    assert_eq!(
        again.read(crate::outbox::count).unwrap(),
        saved,
        "opening on a full disk works, and all is there"
    );
    assert!(again.verify().unwrap());
    drop(again);
    drop(unmount);
}

struct Unmount(std::path::PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        // the directory is removed next; a mount that stays would keep it
        let _ = std::process::Command::new("umount").arg(&self.0).output();
    }
}

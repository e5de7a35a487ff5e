use std::{fs, path::Path};

use tempfile::TempDir;

use super::*;

/// A root with the given specs below `studies/`, each `{}`.
fn root(specs: &[&str]) -> (TempDir, Root) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(dir.path().join("studies")).expect("made");
    for spec in specs {
        put(&dir.path().join("studies").join(spec), "{}");
    }
    let root = Root::at(dir.path()).expect("a root");
    (dir, root)
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    fs::write(path, text).expect("written");
}

fn id(text: &str) -> StudyId {
    StudyId::parse(text).expect("a study id")
}

const EVERY_PLACE: [&str; 6] = [
    "plain/atomizer_spec.json",
    "setup/1_setup/atomizer_spec.json",
    "optics/m1/atomizer_spec.json",
    "optics/m2/1_setup/atomizer_spec.json",
    "_inbox/draft_new/atomizer_spec.json",
    "setup/2_iterations/atomizer_spec.json",
];

#[test]
fn every_place_of_a_spec_is_found_and_told_back() {
    let (_dir, root) = root(&EVERY_PLACE);
    for (name, place) in [
        ("plain", EVERY_PLACE[0]),
        ("setup", EVERY_PLACE[1]),
        ("optics/m1", EVERY_PLACE[2]),
        ("optics/m2", EVERY_PLACE[3]),
        ("draft_new", EVERY_PLACE[4]),
    ] {
        let spec = root.spec_path(&id(name)).expect(name);
        assert_eq!(spec, root.studies_folder().join(place));
        assert_eq!(root.study_of(&spec), Some(id(name)));
    }
    assert_eq!(
        root.study_of(&root.studies_folder().join(EVERY_PLACE[5])),
        None
    );
    assert_eq!(
        root.study_of(Path::new("/elsewhere/atomizer_spec.json")),
        None
    );
}

#[test]
fn the_study_folder_comes_before_its_setup_folder_and_the_inbox_before_both() {
    let (_dir, root) = root(&[
        "both/atomizer_spec.json",
        "both/1_setup/atomizer_spec.json",
        "draft_both/atomizer_spec.json",
        "_inbox/draft_both/atomizer_spec.json",
    ]);
    assert!(
        root.spec_path(&id("both"))
            .expect("there")
            .ends_with("both/atomizer_spec.json")
    );
    assert!(
        root.spec_path(&id("draft_both"))
            .expect("there")
            .ends_with("_inbox/draft_both/atomizer_spec.json")
    );
}

#[test]
fn studies_are_listed_sorted_and_each_once() {
    let (_dir, root) = root(&EVERY_PLACE);
    let all: Vec<(String, bool)> = root
        .studies()
        .expect("listed")
        .into_iter()
        .map(|study| (study.id.to_string(), study.draft))
        .collect();
    let expected = [
        ("draft_new", true),
        ("optics/m1", false),
        ("optics/m2", false),
        ("plain", false),
        ("setup", false),
    ];
    assert_eq!(all, expected.map(|(id, draft)| (id.to_owned(), draft)));
}

#[test]
fn ids_that_could_leave_studies_are_refused() {
    for bad in [
        "",
        ".",
        "..",
        "../x",
        "x/..",
        "x/../..",
        "/etc",
        "/",
        "x/",
        "a/b/c",
        "C:",
        "C:\\x",
        "C:x",
        "x\\..\\..",
        "\\\\host\\x",
        "x\0",
        "x\n",
        ".. ",
        "x.",
        " x",
        "a//b",
        "1_setup",
        "x/2_iterations",
        "x:stream",
    ] {
        let error = StudyId::parse(bad).expect_err(bad);
        assert!(
            matches!(error, StudyError::InvalidId { .. }),
            "{bad:?}: {error}"
        );
    }
    assert!(StudyId::parse(&"x".repeat(256)).is_err());
    assert_eq!(
        StudyId::parse("../x").expect_err("refused").to_string(),
        "`../x` is no study id: `.` and `..` are refused; right are `name`, `topic/name` and `draft_name`"
    );
}

#[test]
fn one_study_has_one_id() {
    assert_eq!(id("_inbox/draft_x"), id("draft_x"));
    assert_eq!(id("x/1_setup"), id("x"));
    assert_eq!(id("topic/x/1_setup"), id("topic/x"));
    assert_eq!(id("Ω größer 2.1").as_str(), "Ω größer 2.1");
}

#[test]
fn a_study_that_is_not_there_names_those_that_are() {
    let (_dir, root) = root(&["a/atomizer_spec.json", "b/atomizer_spec.json"]);
    let error = root.spec_path(&id("c")).expect_err("not there");
    assert_eq!(error.to_string(), "no study `c`: there are `a`, `b`");
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_and_refused_outside() {
    use std::os::unix::fs::symlink;
    let (dir, root) = root(&["real/atomizer_spec.json"]);
    let outside = tempfile::tempdir().expect("a temporary folder");
    put(&outside.path().join("atomizer_spec.json"), "{}");
    let studies = dir.path().join("studies");
    symlink(outside.path(), studies.join("escape")).expect("linked");
    symlink(studies.join("real"), studies.join("alias")).expect("linked");
    fs::create_dir(studies.join("file")).expect("made");
    symlink(
        outside.path().join("atomizer_spec.json"),
        studies.join("file/atomizer_spec.json"),
    )
    .expect("linked");
    symlink(outside.path().join("not_yet"), studies.join("dangling")).expect("linked");

    for escape in ["escape", "file"] {
        let error = root.spec_path(&id(escape)).expect_err(escape);
        assert!(matches!(error, StudyError::Leaves { .. }), "{error}");
        let spec = studies.join(escape).join(SPEC_FILE);
        assert!(root.write(&spec, b"x").is_err());
        assert!(root.remove(&spec).is_err());
        assert_eq!(root.study_of(&spec), None);
    }
    assert!(root.write(&studies.join("dangling"), b"x").is_err());
    assert!(!outside.path().join("not_yet").exists());
    assert_eq!(
        fs::read(outside.path().join("atomizer_spec.json")).expect("read"),
        b"{}"
    );

    let alias = root.spec_path(&id("alias")).expect("inside");
    assert_eq!(root.study_of(&alias), Some(id("real")));
    let ids: Vec<String> = root
        .studies()
        .expect("listed")
        .iter()
        .map(|s| s.id.to_string())
        .collect();
    assert_eq!(ids, ["alias", "real"]);
}

#[cfg(unix)]
#[test]
fn studies_itself_may_be_a_link_to_another_disk() {
    let disk = tempfile::tempdir().expect("a temporary folder");
    put(&disk.path().join("x/atomizer_spec.json"), "{}");
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::os::unix::fs::symlink(disk.path(), dir.path().join("studies")).expect("linked");
    let root = Root::at(dir.path()).expect("a root");
    let spec = root.spec_path(&id("x")).expect("there");
    assert!(spec.starts_with(root.path()));
    assert_eq!(root.study_of(&spec), Some(id("x")));
}

#[test]
fn the_nearest_folder_with_studies_is_the_root() {
    let (dir, root) = root(&["x/1_setup/atomizer_spec.json"]);
    for start in [
        "",
        "studies",
        "studies/x/1_setup/atomizer_spec.json",
        "studies/new/not/yet.json",
    ] {
        assert_eq!(Root::find(&dir.path().join(start)).expect("found"), root);
    }
    put(&dir.path().join("inner/studies/y/atomizer_spec.json"), "{}");
    let inner = Root::find(&dir.path().join("inner/studies/y")).expect("found");
    assert!(inner.path().ends_with("inner"));
    let none = Root::at(&dir.path().join("studies")).expect_err("holds no studies");
    assert!(
        none.to_string().contains("holds no folder `studies`"),
        "{none}"
    );
}

#[test]
fn study_folder_names_skip_the_setup_folder() {
    assert_eq!(
        study_folder_name(Path::new("/r/studies/a/1_setup/atomizer_spec.json")).as_deref(),
        Some("a")
    );
    assert_eq!(
        study_folder_name(Path::new("/r/studies/t/b/atomizer_spec.json")).as_deref(),
        Some("b")
    );
    assert_eq!(study_folder_name(Path::new("atomizer_spec.json")), None);
}

#[test]
fn text_that_is_not_utf_8_is_told_with_its_place() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join(SPEC_FILE);
    fs::write(&path, b"{\n\"a\": \"gr\xF6\xDFer\"}").expect("written");
    let error = read_spec(&path).expect_err("not UTF-8").to_string();
    assert!(error.contains("byte 0xF6 in line 2 (offset 10)"), "{error}");
    assert!(matches!(
        read_spec(dir.path()),
        Err(StudyError::NotAFile(_))
    ));
    fs::write(&path, "\u{feff}{}").expect("written");
    let spec = read_spec(&path).expect("read");
    assert_eq!(&*spec.text, "\u{feff}{}");
    assert_eq!(spec.md5, md5_hex("\u{feff}{}".as_bytes()));
    assert_eq!(md5_hex(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
}

#[test]
fn a_write_replaces_the_whole_file_and_leaves_nothing_else() {
    let (dir, root) = root(&["x/atomizer_spec.json"]);
    let spec = dir.path().join("studies/x/atomizer_spec.json");
    root.write(&spec, b"new").expect("written");
    assert_eq!(fs::read(&spec).expect("read"), b"new");
    let new = dir.path().join("studies/x/other.json");
    root.write(&new, b"made").expect("written");
    let names = fs::read_dir(dir.path().join("studies/x"))
        .expect("listed")
        .count();
    assert_eq!(names, 2);
    root.remove(&new).expect("removed");
    root.remove(&new).expect("gone already");
    assert!(!new.exists());
    assert!(
        root.write(&dir.path().join("elsewhere.json"), b"x")
            .is_err()
    );
}

#[cfg(unix)]
#[test]
fn a_write_keeps_permissions_and_respects_a_read_only_file() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join(SPEC_FILE);
    let mode = || fs::metadata(&path).expect("there").permissions().mode() & 0o777;
    fs::write(&path, "old").expect("written");
    for wanted in [0o640, 0o666, 0o600] {
        fs::set_permissions(&path, fs::Permissions::from_mode(wanted)).expect("set");
        write_atomic(&path, b"new").expect("written");
        assert_eq!(mode(), wanted);
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("set");
    assert!(write_atomic(&path, b"newer").is_err());
    assert_eq!(fs::read(&path).expect("read"), b"new");
}

#[test]
fn model_files_are_looked_for_beside_the_spec_then_in_the_study() {
    let (dir, _root) = root(&["x/1_setup/atomizer_spec.json"]);
    let study = dir.path().join("studies/x");
    let spec = study.join("1_setup/atomizer_spec.json");
    put(&study.join("1_setup/model/a.prt"), "beside");
    put(&study.join("model/a.prt"), "study");
    put(&study.join("model/b.prt"), "abc");
    let facts = FileFacts::new();
    let look = |name: &str| facts.look(&spec, name, true);
    assert_eq!(look("model/a.prt").md5, Some(md5_hex(b"beside")));
    assert_eq!(look("model\\b.prt").md5, Some(md5_hex(b"abc")));
    assert_eq!(look(".\\model/b.prt").path, study.join("./model/b.prt"));
    let absolute = study.join("model/b.prt");
    assert!(look(absolute.to_str().expect("UTF-8")).exists);
    for no_file in ["model", "", "."] {
        assert!(!look(no_file).exists, "{no_file} is a folder");
    }
    let missing = look("model/c.prt");
    assert!(!missing.exists && missing.md5.is_none());
    assert_eq!(missing.path, study.join("1_setup/model/c.prt"));
    assert_eq!(facts.look(&spec, "model/b.prt", false).md5, None);
}

#[test]
fn a_changed_file_gets_a_new_md5() {
    let (dir, _root) = root(&["x/atomizer_spec.json"]);
    let spec = dir.path().join("studies/x/atomizer_spec.json");
    let facts = FileFacts::new();
    put(&spec.with_file_name("a.prt"), "one");
    assert_eq!(facts.look(&spec, "a.prt", true).md5, Some(md5_hex(b"one")));
    put(&spec.with_file_name("a.prt"), "three");
    assert_eq!(
        facts.look(&spec, "a.prt", true).md5,
        Some(md5_hex(b"three"))
    );
}

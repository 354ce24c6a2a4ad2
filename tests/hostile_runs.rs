//! Run folders from elsewhere: nothing outside of them is written or deleted, and what they state is bounded.

#![cfg(unix)]

use crate::{
    cli::monoscope,
    resume::{copy_folder, text},
    run_faults::{assert_succeeded, begin, resume, stderr, steps},
    support::takes_at_most,
};
use monoscope::{
    app::SettingsFile,
    config::{CameraChoice, DataChoice, ImageSize},
    data::{FrameKey, FrameSource, Side, cache::CachedFrames, open},
    model::weights::MetricScale,
    runs::{Log, Position, RunFolder},
};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

/// Every path below a folder with the bytes of files; links are not followed.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = path.symlink_metadata().unwrap().file_type();
        if kind.is_dir() {
            found.extend(contents(&path));
        } else if kind.is_file() {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn links_lead_no_run_out_of_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (run, output) =
        begin(folder.path(), &["--steps", "3", "--tensorboard", "--checkpoint-frequency", "1"]);
    assert_succeeded(&output);
    fs::create_dir(run.join("snapshots")).unwrap();
    fs::write(run.join("snapshots/step_000009.safetensors"), "of a later step").unwrap();
    let own = [
        "config.toml",
        "manifest.json",
        "metrics.jsonl",
        "last",
        "snapshots",
        "tensorboard",
        "checkpoints",
        "checkpoints/step_000003",
        "checkpoints/step_000001",
        "checkpoints/step_000003/position.json",
    ];
    let elsewhere = folder.path().join("elsewhere");
    for name in own {
        let _ = fs::remove_dir_all(&elsewhere);
        let linked = folder.path().join("linked");
        let _ = fs::remove_dir_all(&linked);
        copy_folder(&run, &elsewhere);
        copy_folder(&run, &linked);
        let place = linked.join(name);
        if place.is_dir() { fs::remove_dir_all(&place) } else { fs::remove_file(&place) }.unwrap();
        symlink(elsewhere.join(name), &place).unwrap();
        let before = [contents(&elsewhere), contents(&linked)];
        let output = resume(&linked, &["--steps", "5"]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains(&format!("{name} is a link")) && said.contains("cp -rL"), "{name}: {said}");
        assert!([contents(&elsewhere), contents(&linked)] == before, "{name}: something was changed");
        if name.starts_with("checkpoints") || name == "last" {
            let calibrated = monoscope(&[
                "calibrate",
                "--weights",
                text(&linked),
                "--stereo-baseline",
                "0.54",
                "--device",
                "cpu",
            ]);
            assert!(!calibrated.status.success(), "{name}");
            assert!(
                [contents(&elsewhere), contents(&linked)] == before,
                "{name}: calibrate changed something"
            );
        }
    }
    let link = folder.path().join("link");
    symlink(&run, &link).unwrap();
    assert_succeeded(&resume(&link, &["--steps", "4"]));
    assert_eq!(steps(&run), [1, 2, 3, 4], "the folder itself may be reached by a link");
}

#[test]
fn a_pointer_names_a_checkpoint_of_its_own_run_only() {
    let folder = tempfile::tempdir().unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "2"]);
    assert_succeeded(&output);
    let other = folder.path().join("other");
    copy_folder(&run, &other);
    let before = contents(&other);
    let newest = run.join("checkpoints/step_000002");
    for name in ["../../other/checkpoints/step_000002", text(&other), "..", ".", "step_+2", ""] {
        fs::write(run.join("last"), name).unwrap();
        assert_eq!(RunFolder::weights_in(&run), newest, "{name}");
        assert_eq!(RunFolder::open(&run).unwrap().last_checkpoint().unwrap(), newest, "{name}");
        assert_ne!(RunFolder::weights_in(&run.join("last")), other.join("checkpoints/step_000002"), "{name}");
    }
    fs::write(run.join("last"), "../../other/checkpoints/step_000002").unwrap();
    let scaled = monoscope(&[
        "calibrate",
        "--weights",
        text(&run),
        "--data",
        "demo",
        "--frames",
        "1",
        "--device",
        "cpu",
        "--json",
    ]);
    assert_succeeded(&scaled);
    let report: Value = serde_json::from_slice(&scaled.stdout).unwrap();
    assert_eq!(report["file"], text(&newest.join("scale.toml")));
    let resumed = resume(&run, &["--steps", "3"]);
    assert_succeeded(&resumed);
    assert!(stderr(&resumed).contains("last names no checkpoint of the run"), "{}", stderr(&resumed));
    assert!(contents(&other) == before, "the other run was changed");
}

#[test]
fn a_log_with_another_name_is_not_changed_under_it() {
    let folder = tempfile::tempdir().unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "2"]);
    assert_succeeded(&output);
    // As `cp -al` copies a run.
    let backup = folder.path().join("backup.jsonl");
    fs::hard_link(run.join("metrics.jsonl"), &backup).unwrap();
    let before = fs::read(&backup).unwrap();
    assert_succeeded(&resume(&run, &["--steps", "3"]));
    assert!(fs::read(&backup).unwrap() == before, "the backup was changed");
    assert_eq!(steps(&run), [1, 2, 3]);
}

#[test]
fn pipes_and_devices_block_no_reader() {
    let folder = tempfile::tempdir().unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "1"]);
    assert_succeeded(&output);
    let checkpoint = run.join("checkpoints/step_000001");
    for name in [
        "config.toml",
        "manifest.json",
        "metrics.jsonl",
        "last",
        "checkpoints/step_000001/position.json",
        "checkpoints/step_000001/scale.toml",
    ] {
        let copy = folder.path().join("copy");
        let _ = fs::remove_dir_all(&copy);
        copy_folder(&run, &copy);
        let _ = fs::remove_file(copy.join(name));
        make_pipe(&copy.join(name));
        let output = resume(&copy, &["--steps", "2"]);
        let said = stderr(&output);
        // A pointer or a scale that cannot be read costs no more than a warning.
        let is_fatal = name != "last" && !name.ends_with("scale.toml");
        assert_eq!(!output.status.success(), is_fatal, "{name}: {said}");
        assert!(!is_fatal || said.lines().count() < 4, "{name}: {said}");
    }
    let scale = checkpoint.join("scale.toml");
    symlink("/dev/zero", &scale).unwrap();
    let error = MetricScale::read(&checkpoint).unwrap_err().to_string();
    assert!(error.contains("device"), "{error}");
    let config = folder.path().join("options.toml");
    make_pipe(&config);
    let (_, output) = begin(folder.path(), &["--config", text(&config)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("pipe"), "{}", stderr(&output));
}

#[test]
fn side_files_are_small_and_lines_of_the_log_short() {
    let folder = tempfile::tempdir().unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "1"]);
    assert_succeeded(&output);
    let checkpoint = run.join("checkpoints/step_000001");
    let long = vec![b' '; (256 << 10) + 1];
    let opened = || RunFolder::open(&run).unwrap();
    let refusals: [(&str, &dyn Fn() -> String); 4] = [
        ("config.toml", &|| opened().config().unwrap_err().to_string()),
        ("manifest.json", &|| opened().manifest().unwrap_err().to_string()),
        ("checkpoints/step_000001/position.json", &|| {
            format!("{:#}", Position::read(&checkpoint).unwrap_err())
        }),
        ("checkpoints/step_000001/scale.toml", &|| MetricScale::read(&checkpoint).unwrap_err().to_string()),
    ];
    for (name, refusal) in refusals {
        let whole = fs::read(run.join(name)).ok();
        fs::write(run.join(name), [whole.clone().unwrap_or_default(), long.clone()].concat()).unwrap();
        let said = refusal();
        assert!(said.contains("longer than 256 KiB"), "{name}: {said}");
        match whole {
            Some(whole) => fs::write(run.join(name), whole),
            None => fs::remove_file(run.join(name)),
        }
        .unwrap();
    }
    // A line that no version writes is kept as it is, but not taken apart.
    let log = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let numbers = vec!["0"; 100_000].join(",");
    let strange = format!("{{\"step\":1,\"epoch\":0,\"loss\":1,\"lr\":1,\"more\":[{numbers}]}}\n");
    fs::write(run.join("metrics.jsonl"), [&strange, &log[..]].concat()).unwrap();
    let entries = Log::read(&run).unwrap();
    assert_eq!(entries.len(), log.lines().count());
    assert_succeeded(&resume(&run, &["--steps", "2"]));
    assert!(fs::read_to_string(run.join("metrics.jsonl")).unwrap().starts_with(&strange));
}

#[test]
fn numbers_of_a_position_that_no_run_reaches_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("step_000004");
    fs::create_dir(&checkpoint).unwrap();
    let whole = json!({"step": 4, "epoch": 1, "batch": 1, "batches": 3, "validated": 3, "best": {"step": 3, "loss": 0.2}});
    let read = |position: &Value| {
        fs::write(checkpoint.join("position.json"), position.to_string()).unwrap();
        Position::read(&checkpoint).map_err(|error| format!("{error:#}"))
    };
    read(&whole).unwrap();
    for (name, value, words) in [
        ("step", json!(u64::MAX), "its step is 18446744073709551615"),
        ("epoch", json!(1e30), "its epoch is 1e+30"),
        ("epoch", json!(9_000_000_000_000_u64), "its epoch is 9000000000000"),
        ("batch", json!(-1), "its batch is -1"),
        ("batches", json!(u64::MAX), "its batches is"),
        ("batches", json!("x".repeat(200_000)), "its batches is \"xxx"),
        ("validated", json!(5), "its validated is step 5"),
        ("validated", json!("soon"), "its validated is not"),
        ("best", json!({"step": u64::MAX, "loss": 0.1}), "its best is of step"),
        ("best", json!({"step": 2, "loss": 1e300}), "the loss of its best is inf"),
        ("best", json!({"step": 2, "loss": -3.0}), "the loss of its best is -3"),
    ] {
        let mut position = whole.clone();
        position[name] = value;
        let error = read(&position).unwrap_err();
        assert!(error.contains(words) && error.len() < 1000, "{name}: {error}");
    }
}

#[test]
fn a_cache_follows_no_links() {
    let folder = tempfile::tempdir().unwrap();
    let [data, cache, target] = ["data", "cache", "target"].map(|name| folder.path().join(name));
    for path in [data.join("drive"), cache.clone(), target.clone()] {
        fs::create_dir_all(path).unwrap();
    }
    image::RgbImage::new(64, 32).save(data.join("drive/0.png")).unwrap();
    let camera = CameraChoice::FieldOfView(80.0);
    let source = open(&DataChoice::Assuming { folder: data, camera }).unwrap();
    let linked = folder.path().join("linked");
    symlink(&target, &linked).unwrap();
    for name in [linked.clone(), linked.join("")] {
        let error = CachedFrames::open(Arc::clone(&source), &name, u64::MAX).err().unwrap().to_string();
        assert!(error.contains("it is a link"), "{error}");
    }
    symlink(&target, cache.join("32x16")).unwrap();
    let cached = CachedFrames::open(Arc::clone(&source), &cache, u64::MAX).unwrap();
    let key = FrameKey { folder: "drive".to_owned(), frame: 0, side: Side::Left };
    cached.resized(&key, ImageSize { height: 16, width: 32 }).unwrap();
    assert_eq!(fs::read_dir(&target).unwrap().count(), 0, "nothing is written there");
    let used = folder.path().join("used");
    fs::create_dir_all(used.join("letters")).unwrap();
    let error = CachedFrames::open(Arc::clone(&source), &used, u64::MAX).err().unwrap().to_string();
    assert!(error.contains("letters, which is of no cache"), "{error}");
    // A pipe in place of an entry is replaced, not waited for.
    let size = ImageSize { height: 16, width: 64 };
    cached.resized(&key, size).unwrap();
    let entry = fs::read_dir(cache.join("64x16")).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(&entry).unwrap();
    make_pipe(&entry);
    cached.resized(&key, size).unwrap();
    assert!(entry.is_file());
}

#[test]
fn dense_side_files_take_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "1"]);
    assert_succeeded(&output);
    let checkpoint = run.join("checkpoints/step_000001");
    // Each of these tables takes a node of a tree.
    let json = |before: &str| format!("{before}, \"more\": [{}0]}}", "{\"\":0},".repeat(32_000));
    let toml = |before: &str| format!("more = [{}0]\n{before}", "{a=0},".repeat(40_000));
    let old = |name: &str| fs::read_to_string(run.join(name)).unwrap();
    let position = "checkpoints/step_000001/position.json";
    for (name, text) in [
        ("config.toml", toml(&old("config.toml"))),
        ("manifest.json", json(old("manifest.json").trim_end().trim_end_matches('}'))),
        (position, json(old(position).trim_end().trim_end_matches('}'))),
        ("checkpoints/step_000001/scale.toml", toml("metres_per_unit = 2.0\norigin = 'a ruler'\n")),
        ("window.json", json("{\"zoom\": 1.0")),
    ] {
        assert!((200_000..262_144).contains(&text.len()), "{name} has {} bytes", text.len());
        fs::write(run.join(name), text).unwrap();
    }
    takes_at_most(64 << 20, || {
        let opened = RunFolder::open(&run).unwrap();
        opened.config().unwrap();
        opened.manifest().unwrap();
        let position = Position::read(&checkpoint).unwrap();
        position.write(&checkpoint).unwrap();
        assert!(MetricScale::read(&checkpoint).unwrap().is_some());
        let (_, settings, _) = SettingsFile::open(run.join("window.json"));
        assert_eq!(settings.zoom, 1.0);
    });
    // Nothing but entries, as short as they can be.
    let entry = b"{\"step\":1,\"epoch\":0,\"loss\":1,\"lr\":1}\n";
    let log = entry.repeat(200_000);
    fs::write(run.join("metrics.jsonl"), &log).unwrap();
    takes_at_most(16 * log.len() as u64, || assert_eq!(Log::read(&run).unwrap().len(), 200_000));
    let position = Position { step: 1, ..Position::default() };
    takes_at_most(16 * log.len() as u64, || {
        assert_eq!(Log::open(&run, &position, false).unwrap().1.len(), 200_000);
    });
}

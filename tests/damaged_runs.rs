//! Files of a run that were cut off, overwritten, moved or removed: each is refused or repaired with a message that
//! says what to do, and nothing else of the run changes.

use crate::{
    resume::{copy_folder, demo_split, text},
    run_faults::{assert_succeeded, begin, resume, stderr, steps},
    support::repository,
    weights::{saved, small_networks},
};
use burn::tensor::Device;
use monoscope::{
    compute::Compute,
    config::{DataChoice, DeviceChoice, Preset, RunConfig, RunFile},
    data::OpenData,
    model::{
        Architecture, Networks, ResnetArchitecture,
        weights::{self, MetricScale},
    },
    runs::{Log, RunFolder},
    train::Run,
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Words of the readers of zip, safetensors, TOML, JSON and text, and of the system.
const RAW: [&str; 14] = [
    "EOCD",
    "Zip",
    "zip archive",
    "header too",
    "Header",
    "UTF-8",
    "invalid type",
    "expected",
    "missing field",
    "EOF",
    "at line",
    "os error",
    "TOML parse",
    "pickle:",
];

fn assert_no_raw_words(said: &str) {
    for raw in RAW {
        assert!(!said.contains(raw), "{raw:?} in: {said}");
    }
}

/// The error of resuming a run, which must change nothing in its folder.
fn refusal(run: &Path, more: &[&str]) -> String {
    let before = contents(run);
    let output = resume(run, more);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(contents(run) == before, "the run was changed: {said}");
    assert_no_raw_words(&said);
    said
}

fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.extend(if path.is_dir() {
            contents(&path)
        } else {
            vec![(path.clone(), fs::read(&path).unwrap())]
        });
    }
    found.sort();
    found
}

#[test]
fn a_configuration_that_was_cut_off_is_no_configuration() {
    let text = fs::read_to_string(repository("tests/data/version_0_1/run/config.toml")).unwrap();
    let (options, _) = text.split_once("\n\n[[changes]]").unwrap();
    RunFile::parse(options).unwrap();
    let ends = options.match_indices('\n').map(|(at, _)| at);
    for end in [0].into_iter().chain(ends) {
        let error = RunFile::parse(&options[..end]).unwrap_err().to_string();
        assert!(error.contains("it lacks"), "{error}");
    }
    let error = RunFile::parse("").unwrap_err().to_string();
    assert!(error.contains("it lacks [network], [objective], [training]"), "{error}");
    let cut = &options[..options.find("keep_checkpoints").unwrap()];
    let error = RunFile::parse(cut).unwrap_err().to_string();
    assert!(
        error.contains("it lacks training.keep_checkpoints, training.num_workers, training.seed: "),
        "{error}"
    );
    let error =
        RunFile::parse(&text.replace("num_layers = 18\npose", "num_layers = 'many'\npose")).unwrap_err();
    assert!(error.to_string().contains("its network.num_layers is \"many\""), "{error}");
    let error =
        RunFile::parse(&text[..text.len() - 3].replace("seed = 1", "seed = ")).unwrap_err().to_string();
    assert!(error.contains("makes no sense"), "{error}");
    assert_no_raw_words(&error);
    // The defaults of this version are all that a file must have, and each cut is found however many options came
    // later: the last option written is one that every version wrote.
    let text = toml::to_string(&RunConfig::default()).unwrap();
    RunFile::parse(&text).unwrap();
    for (end, _) in text.trim_end().match_indices('\n') {
        let error = RunFile::parse(&text[..end]).unwrap_err().to_string();
        assert!(error.contains("it lacks"), "{error}");
    }
}

#[test]
fn a_run_whose_configuration_is_damaged_does_not_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let options = folder.path().join("options.toml");
    fs::write(&options, "changes = [{ step = 2, learning_rate = 5e-4 }]").unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "3", "--config", text(&options)]);
    assert_succeeded(&output);
    let config = run.join("config.toml");
    let whole = fs::read_to_string(&config).unwrap();
    let cases = [
        ("", "it lacks [network], [objective], [training]"),
        (&whole[..whole.find("\n[training]").unwrap()], "it lacks [training]"),
        (&whole[..whole.find("\n[[changes]]").unwrap()], "learning rate 5e-4 holds from step 2"),
        (&whole.replace("rt-monodepth-s", "resnet"), "its config.toml was changed"),
    ];
    for (damaged, reason) in cases {
        fs::write(&config, damaged).unwrap();
        let said = refusal(&run, &["--steps", "4"]);
        assert!(said.contains("config.toml") && said.contains(reason), "{said}");
    }
    fs::write(&config, b"seed = \"\xff\"").unwrap();
    assert!(refusal(&run, &[]).contains("it is not text; put it back from a copy"));
    fs::remove_file(&config).unwrap();
    assert!(refusal(&run, &[]).contains("config.toml is missing; put it back from a copy"));
    fs::write(&config, whole).unwrap();
    assert_succeeded(&resume(&run, &["--steps", "4"]));
    assert_eq!(steps(&run), [1, 2, 3, 4]);
}

#[test]
fn a_position_that_cannot_be_is_that_of_a_damaged_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "3", "--checkpoint-frequency", "2"]);
    assert_succeeded(&output);
    let path = run.join("checkpoints/step_000003/position.json");
    let whole = fs::read_to_string(&path).unwrap();
    let with = |fact: &str, value: Value| {
        let mut facts: Value = serde_json::from_str(&whole).unwrap();
        facts[fact] = value;
        facts.to_string()
    };
    let cases = [
        ("{}".to_owned(), "does not state its step"),
        (String::new(), "cut off or not JSON"),
        (whole[..whole.len() / 2].to_owned(), "cut off or not JSON"),
        (with("step", 0.into()), "it states step 0, which is not the folder's"),
        (with("step", 1_000_000.into()), "it states step 1000000, which is not the folder's"),
        (with("batch", 2.into()), "for step 3, which is impossible"),
        (with("batch", 9.into()), "for step 3, which is impossible"),
        (with("epoch", "first".into()), "its epoch is \"first\", not a whole number"),
        (whole.replace("batches", "batch_count"), "does not state its batches"),
    ];
    for (damaged, reason) in cases {
        fs::write(&path, damaged).unwrap();
        let said = refusal(&run, &["--steps", "4"]);
        assert!(
            said.contains(reason) && said.contains("remove it to continue from the previous one"),
            "{said}"
        );
    }
    // The number of batches of another drive.
    fs::write(&path, with("batches", 4.into())).unwrap();
    let said = refusal(&run, &["--steps", "4"]);
    assert!(said.contains("has 4 batches, but of this data it has 3"), "{said}");
    fs::write(path.parent().unwrap().join("optimizer.safetensors"), "no moments").unwrap();
    fs::write(&path, &whole).unwrap();
    assert!(refusal(&run, &["--steps", "4"]).contains("does not begin as a safetensors file does"));
    fs::remove_file(&path).unwrap();
    assert!(refusal(&run, &["--steps", "4"]).contains("position.json cannot be read: it is missing"));
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    assert_succeeded(&resume(&run, &["--steps", "4"]));
    assert_eq!(steps(&run), [1, 2, 3, 4]);
}

#[test]
fn a_run_without_its_manifest_goes_on_with_data_that_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "2"]);
    assert_succeeded(&output);
    let manifest = run.join("manifest.json");
    let whole: Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    let split = folder.path().join("split");
    let named = ["--data", "demo", "--split", text(&split), "--steps"];
    fs::write(&manifest, "{\"program\": \"mono").unwrap();
    let said = refusal(&run, &["--steps", "3"]);
    assert!(
        said.contains("manifest.json is damaged") && said.contains("name the data with --data"),
        "{said}"
    );
    let said = refusal(&run, &["--data", "demo", "--steps", "3"]);
    assert!(said.contains("open the data and the split that the run was begun with"), "{said}");
    let resumed = resume(&run, &[&named[..], &["3"]].concat());
    assert_succeeded(&resumed);
    let said = stderr(&resumed);
    assert!(said.contains("a new one was written") && said.contains("manifest.damaged.json"), "{said}");
    assert_eq!(fs::read_to_string(run.join("manifest.damaged.json")).unwrap(), "{\"program\": \"mono");

    fs::remove_file(&manifest).unwrap();
    let said = refusal(&run, &["--steps", "4"]);
    assert!(said.contains("manifest.json cannot be read: it is missing"), "{said}");
    assert_succeeded(&resume(&run, &[&named[..], &["4"]].concat()));
    let found: Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    assert_eq!(found, whole);
    assert_succeeded(&resume(&run, &["--steps", "5"]));
    assert_eq!(steps(&run), [1, 2, 3, 4, 5]);
}

#[test]
fn a_log_that_lacks_steps_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "3"]);
    assert_succeeded(&output);
    let log = run.join("metrics.jsonl");
    let whole = fs::read(&log).unwrap();
    let garbage = [b"\x00\xfe\n".repeat(4), b"garbage\n".to_vec()].concat();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let cases = [
        (Vec::new(), "has no steps from 1 to 3; the curves lack them"),
        (garbage.clone(), "5 of its lines cannot be read; they stay, and the curves lack steps 1 to 3"),
        (whole[..first].to_vec(), "has no steps from 2 to 3"),
        ([&garbage, &whole[..]].concat(), "5 lines of"),
    ];
    for (damaged, warning) in cases {
        fs::write(&log, &damaged).unwrap();
        let resumed = resume(&run, &[]);
        assert_succeeded(&resumed);
        assert!(stderr(&resumed).contains(warning), "{}", stderr(&resumed));
        assert_eq!(fs::read(&log).unwrap(), damaged, "nothing of it is lost");
    }
    fs::remove_file(&log).unwrap();
    let resumed = resume(&run, &["--steps", "4"]);
    assert_succeeded(&resumed);
    assert!(stderr(&resumed).contains("has no steps from 1 to 3"), "{}", stderr(&resumed));
    assert_eq!(steps(&run), [4]);
    fs::write(&log, whole).unwrap();
    let resumed = resume(&run, &["--log-frequency", "5", "--steps", "8"]);
    assert_succeeded(&resumed);
    assert!(stderr(&resumed).contains("has no steps from 4 to 4"), "{}", stderr(&resumed));
    let resumed = resume(&run, &["--log-frequency", "1", "--steps", "9"]);
    assert!(!stderr(&resumed).contains("has no steps"), "seldom lines are no lost ones");
}

#[test]
fn a_run_is_not_asked_for_fewer_steps_than_it_made() {
    let folder = tempfile::tempdir().unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "4"]);
    assert_succeeded(&output);
    let said = refusal(&run, &["--steps", "2"]);
    assert!(said.contains("has made 4 steps already, more than the 2 that --steps asks for"), "{said}");
    assert_succeeded(&resume(&run, &["--steps", "4"]));
    assert_succeeded(&resume(&run, &["--steps", "5"]));
    assert_eq!(steps(&run), [1, 2, 3, 4, 5]);
}

/// A run on the CPU backend of three samples with checkpoints after every second step, and its folder.
fn under_way(folder: &Path) -> (Run, PathBuf) {
    let compute = Compute::open(DeviceChoice::Cpu, None).unwrap();
    let data = OpenData::open(&DataChoice::Demo, Some(demo_split(folder, 1..4, 20..20))).unwrap();
    let mut config = Preset::Light.config();
    (config.network.height, config.network.width, config.training.batch_size) = (64, 64, 1);
    config.objective.scales = vec![0];
    (config.training.steps, config.training.tensorboard) = (Some(6), true);
    let samples = data.samples(&config.objective.frame_ids).unwrap();
    let architecture = Architecture::new(&config.network, &config.objective).unwrap();
    let networks = Networks::new(&architecture, 1, &compute.device);
    let out = folder.join("run");
    (Run::new(config, networks, &data, &samples, &out, &compute).unwrap(), out)
}

#[test]
#[cfg(unix)]
fn a_run_whose_folder_is_gone_makes_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut run, out) = under_way(folder.path());
    let step = |run: &mut Run| drop(run.advance(&BTreeSet::new()).unwrap());
    let saved = |run: &mut Run| {
        run.save().unwrap().expect("a checkpoint is written");
        run.take_warnings()
    };
    let config = fs::read(out.join("config.toml")).unwrap();
    step(&mut run);
    fs::rename(&out, folder.path().join("moved")).unwrap();
    step(&mut run);
    let warnings = saved(&mut run);
    let told = format!("the run folder {} is gone (moved or removed); it was made again", out.display());
    assert!(warnings.len() == 1 && warnings[0].contains(&told), "{warnings:?}");
    assert_eq!(fs::read(out.join("config.toml")).unwrap(), config);
    assert_eq!(Log::read(&out).unwrap().len(), 2, "what was noted before is there too");

    fs::remove_dir_all(out.join("checkpoints")).unwrap();
    fs::remove_file(out.join("metrics.jsonl")).unwrap();
    step(&mut run);
    let warnings = saved(&mut run);
    assert!(warnings.len() == 1 && warnings[0].contains("run/checkpoints is gone"), "{warnings:?}");
    step(&mut run);
    assert_eq!(saved(&mut run), Vec::<String>::new(), "it is told once");
    // Even if the last step was saved before.
    fs::remove_dir_all(&out).unwrap();
    assert_eq!(saved(&mut run).len(), 1);
    assert_eq!(Log::read(&out).unwrap().len(), 4);
    assert_eq!(fs::read_dir(out.join("tensorboard")).unwrap().count(), 1);
    // If it cannot be created again, the message says so.
    fs::remove_dir_all(&out).unwrap();
    fs::write(&out, "in the way").unwrap();
    step(&mut run);
    let error = format!("{:#}", run.save().unwrap_err());
    assert!(error.contains("is gone (moved or removed) and cannot be made again"), "{error}");
    fs::remove_file(&out).unwrap();
    assert_eq!(saved(&mut run).len(), 1);
    drop(run);
    let resumed = resume(&out, &[]);
    assert_succeeded(&resumed);
    assert_eq!(steps(&out), [1, 2, 3, 4, 5, 6]);
    let position = RunFolder::open(&out).unwrap().last_position().unwrap();
    assert_eq!(position.step, 6);
}

#[test]
fn damaged_weights_are_told_of_in_words() {
    let device = Device::flex();
    let networks = small_networks(ResnetArchitecture::RESNET_18);
    let folder = saved(&networks);
    let encoder = folder.path().join("encoder.pth");
    let whole = fs::read(&encoder).unwrap();
    let mut overwritten = whole.clone();
    let pickle = overwritten.windows(2).position(|bytes| bytes == [0x80, 2]).unwrap();
    overwritten[pickle + 2..pickle + 40].fill(0xff);
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    let damaged: [&[u8]; 9] = [
        b"",
        b"P",
        b"PK",
        b"\x80\x02",
        b"<!DOCTYPE html>",
        &whole[..whole.len() / 2],
        &whole[..whole.len() - 1],
        &overwritten,
        &changed,
    ];
    let refused = |path: &Path, named: &Path, bytes: &[u8]| {
        let error = weights::load(path, &device).map(|_| "networks").unwrap_err().to_string();
        assert!(error.contains(text(named)), "{error}");
        let words: &[&str] = match bytes {
            b"" => &["is empty; download or copy it again"],
            b"<!DOCTYPE html>" => &["is a web page;"],
            _ => &["damaged or not a weights file", "get it once more"],
        };
        assert!(words.iter().all(|words| error.contains(words)), "{error}");
        assert_no_raw_words(&error);
    };
    for bytes in damaged {
        fs::write(&encoder, bytes).unwrap();
        refused(folder.path(), &encoder, bytes);
    }
    let joined = folder.path().join("joined.safetensors");
    weights::save_joined(&joined, &networks, monoscope::config::ImageSize { height: 64, width: 96 }, false)
        .unwrap();
    let whole = fs::read(&joined).unwrap();
    let header = [&[8, 0, 0, 0, 0, 0, 0, 0][..], b"{\"a\": 1}"].concat();
    let damaged: [&[u8]; 6] =
        [b"", b"<!DOCTYPE html>", &whole[..7], &whole[..whole.len() / 2], &whole[..whole.len() - 1], &header];
    for bytes in damaged {
        fs::write(&joined, bytes).unwrap();
        refused(&joined, &joined, bytes);
    }
    let scale = MetricScale::path(folder.path());
    for bytes in [&b"\xff\xfe"[..], b"", b"metres_per_unit = 'many'", b"origin = \"a\"\nmetres"] {
        fs::write(&scale, bytes).unwrap();
        let error = MetricScale::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("has no valid scale") && error.contains("remove it or run"), "{error}");
        assert_no_raw_words(&error);
    }
}

#[test]
fn damaged_files_of_a_run_are_told_of_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "2"]);
    assert_succeeded(&output);
    let copy = folder.path().join("copy");
    for file in ["encoder.pth", "depth.pth", "optimizer.safetensors", "position.json"] {
        copy_folder(&run, &copy);
        let path = copy.join("checkpoints/step_000002").join(file);
        let whole = fs::read(&path).unwrap();
        for damaged in [&b""[..], &whole[..whole.len() / 2], b"\xff\xfeno such file"] {
            fs::write(&path, damaged).unwrap();
            let said = refusal(&copy, &["--steps", "3"]);
            assert!(said.contains(file) && said.contains("remove it to continue"), "{said}");
        }
        fs::remove_dir_all(&copy).unwrap();
    }
    fs::create_dir(run.join("snapshots")).unwrap();
    let snapshot = run.join("snapshots/step_000001.safetensors");
    let header = [&[2, 0, 0, 0, 0, 0, 0, 0][..], b"{}"].concat();
    for damaged in [&b""[..], b"damaged", b"\xff\xfe and much more than a header", &header] {
        fs::write(&snapshot, damaged).unwrap();
        fs::write(run.join("snapshots/frames.safetensors"), damaged).unwrap();
        let resumed = resume(&run, &[]);
        assert_succeeded(&resumed);
        assert!(stderr(&resumed).contains("the wall lacks snapshots"), "{}", stderr(&resumed));
        assert_no_raw_words(&stderr(&resumed));
    }
}

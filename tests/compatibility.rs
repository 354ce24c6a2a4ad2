//! Files of other versions: a run of an older version resumes, and what a newer version wrote stays.
//!
//! `data/version_0_1` has a run that version 0.1.0 made and that was killed in its sixth step, and the log of the
//! same run when it was not killed. Its networks begin as zeros, so that its tensors take little room.

use crate::{
    resume::{copy_folder, lines, log, text, train},
    support::repository,
};
use monoscope::{
    compute::Compute,
    config::{Change, DataChoice, DeviceChoice, RunConfig, RunFile, Setting},
    data::OpenData,
    runs::{Entry, Position, RunFolder},
    train::Run,
};
use serde_json::Value;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};
use zip::ZipArchive;

fn version_0_1(path: &str) -> PathBuf {
    repository("tests/data/version_0_1").join(path)
}

fn older_run(folder: &Path) -> PathBuf {
    let run = folder.join("run");
    copy_folder(&version_0_1("run"), &run);
    let tensors = File::open(version_0_1("step_000004.zip")).unwrap();
    ZipArchive::new(tensors).unwrap().extract(run.join("checkpoints/step_000004")).unwrap();
    run
}

#[test]
fn a_run_of_version_0_1_goes_on_as_if_it_had_not_ended() {
    let folder = tempfile::tempdir().unwrap();
    let run = older_run(folder.path());
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    let noted = log(&run);
    let split = version_0_1("split");
    let output =
        train(&["--resume", text(&run), "--data", "demo", "--split", text(&split)]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (found, expected) = (log(&run), lines(&fs::read_to_string(version_0_1("whole.jsonl")).unwrap()));
    assert_eq!(found[..noted.len()], noted);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (key, expected) in expected {
            // Another CPU rounds differently.
            let is_same = match (found[key].as_f64(), expected.as_f64()) {
                (Some(found), Some(expected)) => (found - expected).abs() <= 1e-5 * expected.abs() + 1e-6,
                _ => found[key] == *expected,
            };
            assert!(is_same, "{key} is {}, not {expected}", found[key]);
        }
    }
    assert_eq!(fs::read_to_string(run.join("config.toml")).unwrap(), config, "it says the same as before");
    assert_eq!(fs::read_to_string(run.join("best")).unwrap(), "step_000006");
}

#[test]
fn what_a_newer_version_noted_of_a_run_stays() {
    let folder = tempfile::tempdir().unwrap();
    let run = older_run(folder.path());
    let append = |file: &str, text: &str| {
        let path = run.join(file);
        fs::write(&path, fs::read_to_string(&path).unwrap() + text).unwrap();
    };
    append("config.toml", "\n[[changes]]\nstep = 2\ntempo = 3\n\n[weather]\nrain = true\n");
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    let config = config.replace("[network]", "[network]\nattention = 'cross'");
    fs::write(run.join("config.toml"), config).unwrap();
    let manifest = fs::read_to_string(run.join("manifest.json")).unwrap().replacen('{', "{\"crew\": [1],", 1);
    fs::write(run.join("manifest.json"), &manifest).unwrap();
    let aurora = r#"{"event":"aurora","step":4,"colour":"green"}"#;
    append("metrics.jsonl", &format!("{aurora}\n"));
    let checkpoint = run.join("checkpoints/step_000004");
    let position = fs::read_to_string(checkpoint.join("position.json")).unwrap();
    fs::write(checkpoint.join("position.json"), position.replacen('{', "{\"tide\":7,", 1)).unwrap();

    let compute = Compute::open(DeviceChoice::Cpu, None).unwrap();
    let split = text(&version_0_1("split")).to_owned();
    let data = OpenData::open(&DataChoice::Demo, Some(split)).unwrap();
    let opened = RunFolder::open(&run).unwrap();
    let mut config = opened.config().unwrap();
    config.training.steps = Some(7);
    config.change(Change { step: 5, setting: Setting::LearningRate(2e-4) }).unwrap();
    let samples = data.samples(&config.objective.frame_ids).unwrap();
    let (mut resumed, history) =
        Run::resume(opened.clone(), config.clone(), &data, &samples, &compute).unwrap();
    assert_eq!(history.iter().filter(|entry| matches!(entry, Entry::Step(_))).count(), 4);
    let warnings = resumed.take_warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    for name in ["attention", "weather", "tempo"] {
        assert!(warnings[0].contains(name), "{warnings:?}");
    }
    drop(resumed);

    let written = fs::read_to_string(run.join("config.toml")).unwrap();
    let table: toml::Table = written.parse().unwrap();
    assert_eq!(table["network"]["attention"].as_str(), Some("cross"));
    assert_eq!(table["weather"]["rain"].as_bool(), Some(true));
    let changes = table["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 3);
    assert_eq!(changes[0]["tempo"].as_integer(), Some(3));
    assert_eq!(opened.config().unwrap(), config, "what is known is what was written");
    assert_eq!(fs::read_to_string(run.join("manifest.json")).unwrap(), manifest);
    assert!(fs::read_to_string(run.join("metrics.jsonl")).unwrap().contains(aurora));

    let position = Position::read(&checkpoint).unwrap();
    Position { validated: Some(4), ..position }.write(&checkpoint).unwrap();
    let facts: Value = serde_json::from_slice(&fs::read(checkpoint.join("position.json")).unwrap()).unwrap();
    assert_eq!((&facts["tide"], &facts["validated"]), (&Value::from(7), &Value::from(4)));
    assert_eq!(Position::read(&checkpoint).unwrap(), Position { validated: Some(4), ..position });
}

#[test]
fn every_option_is_known_in_the_file_of_a_run() {
    let mut config = RunConfig::default();
    config.training.steps = Some(3);
    config.training.clip_gradient_norm = Some(1.0);
    config.training.cache_frames = Some("cache".into());
    config.training.validation_samples = Some(2);
    config.network.pretrained_encoder = Some("encoder.pth".into());
    config.change(Change { step: 2, setting: Setting::NoSsim(true) }).unwrap();
    let text = toml::to_string(&config).unwrap();
    let file = RunFile::parse(&text).unwrap();
    assert_eq!((&file.config, file.unknown_names()), (&config, Vec::new()));
    assert_eq!(file.text_with(&config).unwrap(), text);
    assert!(RunFile::parse(&text.replace("num_layers = 18", "num_layers = 'many'")).is_err());
}

//! Faults of runs: damaged files, numbers that are not finite and a full disk harm nothing else.

use crate::resume::{demo_split, text, train};
use monoscope::{
    compute::Compute,
    config::{DataChoice, DeviceChoice, Preset},
    data::{OpenData, image},
    model::{Architecture, Networks},
    runs::{Entry, Log, Position, RunFolder},
    train::Run,
};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

pub const SMALL: [&str; 8] = ["--height", "64", "--width", "96", "--batch-size", "1", "--scales", "0"];

/// A run of the smallest networks, on three samples with two to validate on.
pub fn begin(folder: &Path, more: &[&str]) -> (PathBuf, Output) {
    let split = folder.join("split");
    let split = if split.exists() { text(&split).to_owned() } else { demo_split(folder, 1..4, 20..22) };
    let run = folder.join("run");
    let always = ["--data", "demo", "--preset", "light", "--split", &split, "--out", text(&run)];
    let output = train(&[&always[..], &SMALL, more].concat()).output().unwrap();
    (run, output)
}

pub fn resume(run: &Path, more: &[&str]) -> Output {
    train(&[&["--resume", text(run)], more].concat()).output().unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn assert_succeeded(output: &Output) {
    assert!(output.status.success(), "{}", stderr(output));
}

fn objects(run: &Path) -> Vec<Map<String, Value>> {
    let log = fs::read(run.join("metrics.jsonl")).unwrap();
    log.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// The steps that the log has metrics of.
pub fn steps(run: &Path) -> Vec<u64> {
    let steps = objects(run).into_iter().filter(|line| line.contains_key("loss") && !line["loss"].is_null());
    steps.map(|line| line["step"].as_u64().unwrap()).collect()
}

/// The files in a folder and the folders in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    files.collect()
}

const STRANGE: [&[u8]; 5] = [
    br#"{"step":1,"event":"aurora","colour":"green"}"#,
    br#"{"step":1,"epoch":0,"loss":null,"lr":0.0001}"#,
    br#"{"step":1,"epoch":0,"val_loss":null}"#,
    b"no JSON at all",
    b"\xff\xfe not even a text",
];

#[test]
fn lines_that_cannot_be_read_stay_in_the_log_and_cost_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "3"]);
    assert_succeeded(&output);
    let path = run.join("metrics.jsonl");
    let log = fs::read(&path).unwrap();
    let first = log.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let strange = [STRANGE.join(&b'\n'), b"\n".to_vec()].concat();
    let with_strange = [&log[..first], &strange, &log[first..]].concat();
    fs::write(&path, &with_strange).unwrap();
    assert_succeeded(&resume(&run, &["--steps", "5"]));
    let resumed = fs::read(&path).unwrap();
    assert!(resumed.starts_with(&with_strange), "{}", String::from_utf8_lossy(&resumed));
    assert_eq!(steps(&run), [1, 2, 3, 4, 5]);
    let entries = Log::read(&run).unwrap();
    let steps = entries.iter().filter(|entry| matches!(entry, Entry::Step(_)));
    assert_eq!(steps.count(), 5, "whoever looks at the run sees what follows those lines");
}

#[test]
fn only_lines_of_later_steps_are_removed_from_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    let step = |step: u64| json!({ "step": step, "epoch": 0, "loss": 0.5, "lr": 1e-4 }).to_string();
    let later = r#"{"step":3,"event":"aurora"}"#.to_owned();
    let note = "a note by hand, with ümlauts and \u{fffd}".to_owned();
    let torn = r#"{"step":2,"epo"#;
    let lines = [step(1), "\u{e4}".to_owned(), step(2), step(3), note.clone(), later, step(4)].join("\n");
    fs::write(&path, format!("{lines}\n{torn}")).unwrap();
    let position = Position { step: 2, ..Position::default() };
    let (log, entries) = Log::open(folder.path(), &position, false).unwrap();
    assert_eq!(entries.len(), 2);
    drop(log);
    let kept = [step(1), "\u{e4}".to_owned(), step(2), note, String::new()].join("\n");
    assert_eq!(fs::read_to_string(&path).unwrap(), kept);

    // A whole line that lacks only its end is a line.
    fs::write(&path, kept.trim_end()).unwrap();
    fs::write(&path, [step(1), step(2)].join("\n")).unwrap();
    let (mut log, entries) = Log::open(folder.path(), &position, false).unwrap();
    assert_eq!(entries.len(), 2);
    log.write(&entries[0]).unwrap();
    assert_eq!(Log::read(folder.path()).unwrap().len(), 3);
}

/// Returns a run of three steps whose networks the last update destroyed, and what it said.
///
/// The last step of the epoch still has a finite loss, because that is the loss before its update.
fn run_of_a_destructive_update(folder: &Path, learning_rate: &str) -> (PathBuf, String) {
    let options = folder.join("options.toml");
    fs::write(&options, format!("changes = [{{ step = 3, learning_rate = {learning_rate} }}]")).unwrap();
    let more = ["--steps", "3", "--checkpoint-frequency", "1", "--config", text(&options)];
    let (run, output) = begin(folder, &more);
    assert_succeeded(&output);
    (run, stderr(&output))
}

/// Says that the run goes on from the checkpoint before its last one, as its messages advise.
fn check_resumed_without_its_last_checkpoint(run: &Path) {
    let last = || RunFolder::open(run).unwrap().last_checkpoint().unwrap();
    fs::remove_dir_all(last()).unwrap();
    assert_succeeded(&resume(run, &RESUMED_LOWER));
    assert_eq!(steps(run), [1, 2, 3, 4, 5, 6]);
    assert_eq!(Position::read(&last()).unwrap().best.unwrap().step, 6);
}

const RESUMED_LOWER: [&str; 4] = ["--steps", "6", "--learning-rate", "1e-4"];

#[test]
fn a_validation_that_gives_no_number_is_never_the_best_and_the_run_can_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let (run, said) = run_of_a_destructive_update(folder.path(), "1e300");
    assert!(said.contains("validation was abandoned") && said.contains("after step 3 is NaN"), "{said}");
    assert!(!run.join("best").exists(), "nothing is the best");
    let log = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    assert!(!log.contains("null"), "{log}");
    let position = Position::read(&RunFolder::open(&run).unwrap().last_checkpoint().unwrap()).unwrap();
    assert_eq!((position.validated, position.best), (Some(3), None));

    for options in [&RESUMED_LOWER[..2], &RESUMED_LOWER] {
        let said = stderr(&resume(&run, options));
        assert!(said.contains("remove it to continue from the previous one"), "{said}");
        assert!(said.contains("are NaN or infinite"), "{said}");
    }
    check_resumed_without_its_last_checkpoint(&run);
}

#[test]
fn a_run_whose_networks_are_lost_advises_the_checkpoint_before() {
    let folder = tempfile::tempdir().unwrap();
    // Weights of 1e30 are numbers still, and so is the loss that they give, but no gradient is.
    let (run, _) = run_of_a_destructive_update(folder.path(), "1e30");
    let said = stderr(&resume(&run, &RESUMED_LOWER[..2]));
    assert!(said.contains("step 4 failed") && said.contains("its checkpoint of step 3"), "{said}");
    let said = stderr(&resume(&run, &RESUMED_LOWER));
    assert!(said.contains("remove the folder of this checkpoint"), "{said}");
    check_resumed_without_its_last_checkpoint(&run);
}

#[test]
fn a_run_that_is_lost_before_its_first_checkpoint_advises_none_before() {
    let folder = tempfile::tempdir().unwrap();
    let (_, output) = begin(folder.path(), &["--steps", "3", "--learning-rate", "1e30"]);
    let said = stderr(&output);
    assert!(said.contains("its checkpoint of step 0") && said.contains("another seed"), "{said}");
    assert!(!said.contains("previous"), "{said}");
}

#[test]
fn a_run_in_which_an_older_version_noted_nan_as_the_best_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "3"]);
    assert_succeeded(&output);
    let position = run.join("checkpoints/step_000003/position.json");
    let mut facts: Value = serde_json::from_slice(&fs::read(&position).unwrap()).unwrap();
    facts["best"]["loss"] = Value::Null;
    fs::write(&position, facts.to_string()).unwrap();
    assert_succeeded(&resume(&run, &["--steps", "6"]));
    let best = Position::read(&run.join("checkpoints/step_000006")).unwrap().best.unwrap();
    assert_eq!(best.step, 6, "any number is better than none");
}

#[test]
fn the_advice_about_a_damaged_checkpoint_works() {
    let folder = tempfile::tempdir().unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "3", "--checkpoint-frequency", "2"]);
    assert_succeeded(&output);
    for checkpoint in ["step_000003", "step_000002"] {
        let checkpoint = run.join("checkpoints").join(checkpoint);
        fs::write(checkpoint.join("position.json"), "{").unwrap();
        let refused = resume(&run, &["--steps", "4"]);
        let said = stderr(&refused);
        let advice = format!("the checkpoint {} cannot be used; remove it to continue", checkpoint.display());
        assert!(refused.status.code() == Some(1) && said.contains(&advice), "{said}");
        fs::remove_dir_all(checkpoint).unwrap();
    }
    assert_succeeded(&resume(&run, &["--steps", "4"]));
    assert_eq!(steps(&run), [1, 2, 3, 4]);

    for entry in fs::read_dir(run.join("checkpoints")).unwrap() {
        let path = entry.unwrap().path();
        if !path.ends_with("step_000004") {
            fs::remove_dir_all(path).unwrap();
        }
    }
    fs::write(run.join("checkpoints/step_000004/position.json"), "{").unwrap();
    let said = stderr(&resume(&run, &[]));
    assert!(said.contains("has no other; start a new run"), "{said}");
}

#[test]
fn the_advice_about_networks_that_give_no_numbers_works() {
    let folder = tempfile::tempdir().unwrap();
    let explosive = ["--steps", "4", "--checkpoint-frequency", "1", "--learning-rate", "1e30"];
    let (run, mut output) = begin(folder.path(), &explosive);
    for _ in 0..4 {
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("with a lower learning rate") && said.contains("remove the folder"), "{said}");
        output = resume(&run, &["--learning-rate", "1e-4"]);
        if output.status.success() {
            break;
        }
        let last = RunFolder::open(&run).unwrap().last_checkpoint().unwrap();
        fs::remove_dir_all(last).unwrap();
        output = resume(&run, &["--learning-rate", "1e-4"]);
        if output.status.success() {
            break;
        }
    }
    assert_succeeded(&output);
    assert_eq!(steps(&run), [1, 2, 3, 4]);
}

#[test]
fn damaged_files_beside_a_run_and_its_weights_are_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "2"]);
    assert_succeeded(&output);
    fs::create_dir(run.join("snapshots")).unwrap();
    for file in ["snapshots/step_000001.safetensors", "snapshots/frames.safetensors"] {
        fs::write(run.join(file), "damaged").unwrap();
    }
    let scale = RunFolder::weights_in(&run).join("scale.toml");
    fs::write(&scale, "metres_per_unit = 'many'").unwrap();
    let resumed = resume(&run, &["--steps", "3"]);
    assert_succeeded(&resumed);
    assert!(stderr(&resumed).contains("frames.safetensors"), "{}", stderr(&resumed));
    assert_eq!(steps(&run), [1, 2, 3]);

    let weights = folder.path().join("weights");
    fs::rename(run.join("checkpoints/step_000002"), &weights).unwrap();
    fs::remove_dir_all(&run).unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "1", "--weights", text(&weights)]);
    assert_succeeded(&output);
    assert!(stderr(&output).contains("scale.toml has no valid scale"), "{}", stderr(&output));
    assert_eq!(steps(&run), [1]);

    let monoscope = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_monoscope")).args(arguments).output().unwrap();
        assert_succeeded(&output);
        [String::from_utf8_lossy(&output.stdout).into_owned(), stderr(&output)]
    };
    let [said, _] = monoscope(&["info", "--weights", text(&weights)]);
    assert!(said.contains("unit of depth: not known: ") && said.contains("scale.toml"), "{said}");
    let (picture, out) = (folder.path().join("picture.png"), folder.path().join("out"));
    image::write(&picture, &::image::RgbImage::new(96, 64)).unwrap();
    let predict = ["predict", text(&picture), "--weights", text(&weights), "--out", text(&out)];
    let [_, said] = monoscope(&[&predict[..], &["--device", "cpu"]].concat());
    assert!(said.contains("scale.toml has no valid scale"), "{said}");
    // Weights that are damaged themselves are no warning.
    fs::write(weights.join("encoder.pth"), "damaged").unwrap();
    fs::remove_dir_all(&run).unwrap();
    let (_, output) = begin(folder.path(), &["--steps", "1", "--weights", text(&weights)]);
    let said = stderr(&output);
    assert!(output.status.code() == Some(1) && said.contains("encoder.pth is damaged"), "{said}");
}

/// Runs the program with a limit on the size of files in KiB, which stands for a full disk.
#[cfg(unix)]
fn limited(size: u32, arguments: &[&str]) -> String {
    let script = format!("trap '' XFSZ; ulimit -f {size}; exec \"$0\" \"$@\"");
    let program = ["-c", &script, env!("CARGO_BIN_EXE_monoscope")];
    let output = Command::new("bash").args(program).args(arguments).output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    assert!(
        !said.contains("os error") && !said.contains("ZipWriter") && said.contains("raise the limit"),
        "{said}"
    );
    said
}

#[test]
#[cfg(unix)]
fn a_run_that_finds_no_room_to_begin_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let split = demo_split(folder.path(), 1..4, 20..22);
    let run = folder.path().join("run");
    let always = ["train", "--device", "cpu", "--data", "demo", "--preset", "light", "--split", &split];
    let arguments = [&always[..], &SMALL, &["--steps", "2", "--out", text(&run)]].concat();
    let said = limited(1000, &arguments);
    assert!(said.contains("step_000000 cannot be written"), "{said}");
    assert!(!run.exists(), "{:?}", files(&run));
    assert_succeeded(&begin(folder.path(), &["--steps", "2"]).1);
}

#[test]
#[cfg(unix)]
fn a_full_disk_leaves_no_part_of_an_event_or_of_an_export() {
    let folder = tempfile::tempdir().unwrap();
    let (run, output) = begin(folder.path(), &["--steps", "2", "--tensorboard"]);
    assert_succeeded(&output);
    // The log is longer than this already.
    let said = limited(1, &["train", "--device", "cpu", "--resume", text(&run), "--steps", "4"]);
    assert!(said.contains("metrics.jsonl cannot be written"), "{said}");
    assert_eq!(steps(&run), [1, 2]);
    assert_succeeded(&resume(&run, &["--steps", "4"]));
    assert_eq!(steps(&run), [1, 2, 3, 4]);

    let (picture, out) = (folder.path().join("picture.png"), folder.path().join("out"));
    // Large enough that not even JPEG makes it small.
    image::write(&picture, &::image::RgbImage::new(960, 640)).unwrap();
    for output in ["--colour", "--colour-png", "--png16", "--npy", "--side-by-side"] {
        let predict = ["predict", text(&picture), "--weights", text(&run), "--device", "cpu", output];
        limited(1, &[&predict[..], &["--out", text(&out)]].concat());
        assert_eq!(files(&out), Vec::<PathBuf>::new(), "{output}");
    }
    let drive = folder.path().join("drive");
    limited(1, &["demo-data", "--frames", "4", "--out", text(&drive)]);
    assert!(!drive.exists());
}

#[test]
fn an_old_checkpoint_that_cannot_be_removed_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let compute = Compute::open(DeviceChoice::Cpu, None).unwrap();
    let split = demo_split(folder.path(), 1..6, 20..20);
    let data = OpenData::open(&DataChoice::Demo, Some(split)).unwrap();
    let mut config = Preset::Light.config();
    (config.network.height, config.network.width, config.training.batch_size) = (64, 64, 1);
    config.objective.scales = vec![0];
    (config.training.keep_checkpoints, config.training.checkpoint_frequency) = (1, 1);
    config.training.steps = Some(3);
    let samples = data.samples(&config.objective.frame_ids).unwrap();
    let architecture = Architecture::new(&config.network, &config.objective).unwrap();
    let networks = Networks::new(&architecture, 1, &compute.device);
    let out = folder.path().join("run");
    let mut run = Run::new(config.clone(), networks, &data, &samples, &out, &compute).unwrap();
    // A folder that is removed first takes this name, which is a file's, so that not even root removes it.
    let obstacle = out.join("checkpoints/.unfinished_removed_step_000000");
    fs::write(&obstacle, "").unwrap();
    for step in 1..=3_u64 {
        run.advance(&BTreeSet::new()).unwrap();
        let saved = run.save().unwrap().unwrap();
        assert!(saved.ends_with(format!("step_{step:06}")) && saved.join("position.json").is_file());
        assert_eq!(run.saved_step(), step, "the new checkpoint counts");
        let warnings = run.take_warnings();
        assert_eq!(warnings.len(), usize::from(step == 1), "it is told once: {warnings:?}");
        assert!(
            warnings.iter().all(|warning| warning.contains("step_000000 cannot be removed")),
            "{warnings:?}"
        );
    }
    let names = || {
        let entries = fs::read_dir(out.join("checkpoints")).unwrap().map(|entry| entry.unwrap().file_name());
        entries.map(|name| name.to_string_lossy().into_owned()).collect::<BTreeSet<_>>()
    };
    assert!(names().contains("step_000000") && names().contains("step_000003"), "{:?}", names());
    drop(run);
    let folder = RunFolder::open(&out).unwrap();
    let (mut run, _) = Run::resume(folder, config, &data, &samples, &compute).unwrap();
    assert_eq!(run.take_warnings(), Vec::<String>::new());
    assert!(!obstacle.exists());
}

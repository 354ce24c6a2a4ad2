//! Runs that are killed or fail: they resume exactly as if they had not ended.

use crate::{
    session::{next, open_demo, request, request_failure, session, small, until},
    support::Cases,
};
use monoscope::{
    config::{DataChoice, RunConfig, Setting},
    runs::RunFolder,
    session::{Activity, Command, Event, OnRun, Outcome, RunState, SessionHandle},
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process,
    thread::sleep,
    time::{Duration, Instant},
};

/// The [`lines`] of a run's log; empty if it has none yet.
pub fn log(run: &Path) -> Vec<Map<String, Value>> {
    lines(&fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default())
}

/// The lines of a log without what depends on the clock and on the process.
pub fn lines(text: &str) -> Vec<Map<String, Value>> {
    let lines = text.lines().map(|line| serde_json::from_str::<Map<String, Value>>(line).unwrap());
    lines
        .map(|mut line| {
            line.retain(|key, _| {
                !key.contains("seconds") && !["images_per_s", "memory"].contains(&key.as_str())
            });
            line
        })
        .collect()
}

pub fn steps(log: &[Map<String, Value>]) -> Vec<u64> {
    log.iter().filter(|line| line.contains_key("loss")).map(|line| line["step"].as_u64().unwrap()).collect()
}

pub fn train(arguments: &[&str]) -> process::Command {
    let mut command = process::Command::new(env!("CARGO_BIN_EXE_monoscope"));
    command.args(["train", "--device", "cpu"]).args(arguments);
    command.stdout(process::Stdio::null()).stderr(process::Stdio::piped());
    command
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A stereo drive of six frames: ten samples train, two validate.
pub fn small_drive(folder: &Path) -> PathBuf {
    let data = folder.join("drive");
    let mut export = process::Command::new(env!("CARGO_BIN_EXE_monoscope"));
    let export =
        export.args(["demo-data", "--frames", "6", "--stereo", "--out", text(&data)]).output().unwrap();
    assert!(export.status.success(), "{}", String::from_utf8_lossy(&export.stderr));
    data
}

/// Options of a run that changes its options half-way, short enough to be killed often.
pub fn options(folder: &Path, steps: u64) -> PathBuf {
    let file = folder.join("options.toml");
    let text = format!(
        "\
        network = {{ height = 64, width = 64 }}\n\
        objective = {{ frame_ids = ['0', 's'], scales = [0] }}\n\
        [training]\nbatch_size = 1\nsteps = {steps}\ncheckpoint_frequency = 4\nkeep_checkpoints = 1\n\
        save_frequency = 4\n\
        [[changes]]\nstep = 9\nlearning_rate = 5e-4\n[[changes]]\nstep = 18\nno_ssim = true\n"
    );
    fs::write(&file, text).unwrap();
    file
}

#[test]
fn a_run_killed_at_any_moment_goes_on_exactly() {
    Cases(7..8).run(|_, random| killed_runs_go_on_exactly(20, random));
}

#[test]
#[ignore = "takes a quarter of an hour: 100 kills"]
fn a_run_killed_at_any_moment_goes_on_exactly_in_full() {
    Cases(8..9).run(|_, random| killed_runs_go_on_exactly(100, random));
}

/// Kills a run again and again at random moments; the result must equal that of a run that was not killed.
fn killed_runs_go_on_exactly(kills: usize, random: &mut ChaCha8Rng) {
    // Enough steps that it still runs at the last kill.
    let last_step = 4 * kills as u64;
    let folder = tempfile::tempdir().unwrap();
    let (data, options) = (small_drive(folder.path()), options(folder.path(), last_step));
    let [whole, killed] = ["whole", "killed"].map(|name| folder.path().join(name));
    let begin = |out: &Path| {
        train(&["--data", text(&data), "--preset", "small", "--config", text(&options), "--out", text(out)])
    };
    let started = Instant::now();
    let uninterrupted = begin(&whole).output().unwrap();
    let step_millis = started.elapsed().as_millis() as u64 / last_step;
    assert!(uninterrupted.status.success(), "{}", String::from_utf8_lossy(&uninterrupted.stderr));
    let expected = log(&whole);
    assert_eq!(steps(&expected), (1..=last_step).collect::<Vec<_>>());
    assert_eq!(
        expected.iter().filter(|line| line.contains_key("val_loss")).count(),
        last_step as usize / 10,
        "an epoch is 10 steps"
    );
    assert_eq!(expected.iter().filter(|line| line.contains_key("event")).count(), 2);

    // Before its first checkpoint there is nothing of a run to go on with.
    let go_on = |run: &Path| match run.join("last").exists() {
        true => train(&["--resume", text(run)]),
        false => {
            let _ = fs::remove_dir_all(run);
            begin(run)
        }
    };
    for kill in 1..=kills {
        let lines_before =
            fs::read_to_string(killed.join("metrics.jsonl")).unwrap_or_default().lines().count();
        let mut process = go_on(&killed).spawn().unwrap();
        // Some are killed while they start, others after a few lines, during a step or while saving.
        let more_lines = random.random_range(0..6);
        let longest = if more_lines == 0 { 5 * step_millis } else { step_millis };
        let extra = Duration::from_millis(random.random_range(0..=longest));
        let started = Instant::now();
        let has_lines = || {
            let text = fs::read_to_string(killed.join("metrics.jsonl")).unwrap_or_default();
            // A resumed run first cuts off the lines after its checkpoint.
            text.lines().count() >= (lines_before / 4 * 4).saturating_sub(4) + more_lines
        };
        while more_lines > 0 && !has_lines() && started.elapsed() < Duration::from_secs(60) {
            sleep(Duration::from_millis(3));
        }
        sleep(extra);
        assert!(process.try_wait().unwrap().is_none(), "the run ended before kill {kill} of {kills}");
        process.kill().unwrap();
        process.wait().unwrap();
    }
    let last = go_on(&killed).output().unwrap();
    assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
    for (found, expected) in log(&killed).iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(log(&killed).len(), expected.len());

    for pointer in ["last", "best"] {
        let [whole, killed] = [&whole, &killed].map(|run| fs::read(run.join(pointer)).unwrap());
        assert_eq!(whole, killed, "{pointer}");
    }
    for file in ["encoder.pth", "depth.pth", "optimizer.safetensors", "position.json"] {
        let [whole, killed] = [&whole, &killed].map(|run| {
            let checkpoint = RunFolder::open(run).unwrap().last_checkpoint().unwrap();
            fs::read(checkpoint.join(file)).unwrap()
        });
        assert!(whole == killed, "{file} differs");
    }
    let unfinished = |folder: &Path| {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        entries.filter(|name| name.to_string_lossy().contains("unfinished")).count()
    };
    assert_eq!([unfinished(&killed), unfinished(&killed.join("checkpoints"))], [0, 0], "leftovers of a kill");
}

#[test]
fn a_full_disk_ends_the_run_and_loses_nothing_that_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let (data, options) = (small_drive(folder.path()), options(folder.path(), 44));
    let run = folder.path().join("run");
    // A limit on the size of files, in KiB, stands for the disk.
    let limited = |size: u32, arguments: &[&str]| {
        let script = format!("trap '' XFSZ; ulimit -f {size}; exec \"$0\" \"$@\"");
        let program = ["-c", &script, env!("CARGO_BIN_EXE_monoscope"), "train", "--device", "cpu"];
        let output = process::Command::new("bash").args(program).args(arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        stderr
    };
    // Networks fit, the optimiser's moments do not.
    let options = ["--preset", "small", "--config", text(&options), "--steps", "6", "--out", text(&run)];
    let stderr = limited(100_000, &[&["--data", text(&data)], &options[..]].concat());
    assert!(stderr.contains("step_000004") && stderr.contains("cannot be written"), "{stderr}");
    let checkpoints: Vec<_> =
        fs::read_dir(run.join("checkpoints")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(checkpoints, ["step_000000"], "only what was whole is there");

    let resumed = train(&["--resume", text(&run)]).output().unwrap();
    assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
    assert_eq!(steps(&log(&run)), (1..=6).collect::<Vec<_>>());

    // The log is longer than that already; what is written anew is not.
    let stderr = limited(1, &["--resume", text(&run), "--steps", "8"]);
    assert!(stderr.contains("metrics.jsonl cannot be written"), "{stderr}");
    let resumed = train(&["--resume", text(&run)]).output().unwrap();
    assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
    assert_eq!(
        steps(&log(&run)),
        (1..=8).collect::<Vec<_>>(),
        "the steps were raised before the disk was full"
    );
}

#[test]
fn a_change_between_checkpoints_is_repeated_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let [out, copy] = ["run", "copy"].map(|name| folder.path().join(name));
    let session = session();
    open_demo(&session);
    let mut config = small(6);
    config.training.checkpoint_frequency = 2;
    config.objective.scales = vec![0];
    session.send(Command::Start { config, out: out.clone() });
    next(&session, |event| matches!(event, Event::Step(report) if report.step == 2));
    request(&session, Command::Pause);
    request(&session, Command::Step);
    until(&session, Activity::Paused);
    session.send(Command::Change(Setting::DisparitySmoothness(0.5)));
    session.send(Command::Change(Setting::LearningRate(3e-3)));
    session.send(Command::Change(Setting::LearningRate(2e-3)));
    session.send(Command::Step);
    let Event::Changed(change) = next(&session, |event| matches!(event, Event::Changed(_))) else {
        unreachable!()
    };
    until(&session, Activity::Paused);
    // A killed process leaves behind whatever is on disk at this moment.
    copy_folder(&out, &copy);
    let _ = fs::remove_dir_all(copy.join("checkpoints/step_000004"));
    fs::write(copy.join("last"), "step_000002").unwrap();
    session.send(Command::Continue);
    next(&session, |event| matches!(event, Event::RunEnded { steps: 6, .. }));
    let expected = log(&out);
    assert_eq!(steps(&expected), (1..=6).collect::<Vec<_>>());
    let rates: Vec<f64> = expected.iter().filter_map(|line| line.get("lr")?.as_f64()).collect();
    assert_eq!(rates.iter().filter(|rate| **rate == 2e-3).count() as u64, 6 - change.step + 1);
    let changes = expected.iter().filter(|line| line.contains_key("event"));
    assert!(changes.clone().all(|line| line["step"] == change.step), "{expected:?}");
    assert_eq!(changes.count(), 2, "a later value of the same step takes the place of an earlier one");

    session.send(Command::Resume { run: copy.clone(), data: None, config: None, on_run: OnRun::End });
    let Event::RunStarted(beginning) = next(&session, |event| matches!(event, Event::RunStarted(_))) else {
        unreachable!()
    };
    assert_eq!(beginning.history.len(), 2, "two steps are behind the checkpoint");
    next(&session, |event| matches!(event, Event::RunEnded { steps: 6, .. }));
    assert_eq!(log(&copy), expected);
    let config: RunConfig = toml::from_str(&fs::read_to_string(copy.join("config.toml")).unwrap()).unwrap();
    assert_eq!(config.at_step(6).training.learning_rate, 2e-3);
    assert_eq!(config.training.learning_rate, small(6).training.learning_rate, "what it began with");
}

pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, target) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(path, target).unwrap();
        }
    }
}

/// A split of the built-in drive: these frames of it train and validate.
pub fn demo_split(folder: &Path, training: std::ops::Range<u32>, validation: std::ops::Range<u32>) -> String {
    let split = folder.join("split");
    fs::create_dir(&split).unwrap();
    for (file, frames) in [("train_files.txt", training), ("val_files.txt", validation)] {
        let lines: String = frames.map(|frame| format!("demo/demo_drive_0001_sync {frame} l\n")).collect();
        fs::write(split.join(file), lines).unwrap();
    }
    text(&split).to_owned()
}

fn open(session: &SessionHandle, split: String) {
    request(session, Command::OpenData { data: DataChoice::Demo, split: Some(split), on_run: OnRun::End });
}

#[test]
fn validation_stops_within_a_batch_and_is_made_up_for() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let session = session();
    open(&session, demo_split(folder.path(), 1..3, 10..40));
    session.send(Command::Start { config: small(4), out: out.clone() });
    let validating = || session.state().run.as_ref().and_then(|run| run.validating);
    while validating().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let (mut batches, samples) = validating().expect("validation takes more than one batch");
    assert_eq!(samples, 30);
    session.send(Command::Stop);
    loop {
        match session.wait().unwrap() {
            Event::RunEnded { steps, .. } => break assert_eq!(steps, 2),
            Event::Validation(report) => panic!("{report:?} although it was stopped"),
            _ => batches = validating().map_or(batches, |(done, _)| done),
        }
    }
    assert!(batches < 30, "all {batches} batches were looked at");
    assert!(!out.join("best").exists());

    session.send(Command::Resume { run: out.clone(), data: None, config: None, on_run: OnRun::End });
    let first = next(&session, |event| matches!(event, Event::Step(_) | Event::Validation(_)));
    let Event::Validation(report) = first else { panic!("a step before the validation that was due") };
    assert_eq!((report.step, report.samples, report.depths), (2, 30, 30));
    next(&session, |event| matches!(event, Event::RunEnded { steps: 4, .. }));
}

#[test]
fn the_best_checkpoint_has_the_lowest_validation_loss_and_the_scores_it_was_noted_with() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let split = demo_split(folder.path(), 1..4, 20..24);
    let session = session();
    open(&session, split.clone());
    let mut config = small(12);
    config.training.learning_rate = 2e-3;
    config.training.keep_checkpoints = 1;
    config.training.save_frequency = 100;
    session.send(Command::Start { config, out: out.clone() });
    next(&session, |event| matches!(event, Event::RunEnded { steps: 12, .. }));
    let log = log(&out);
    let validations: Vec<_> = log.iter().filter(|line| line.contains_key("val_loss")).collect();
    assert_eq!(validations.len(), 4);
    let best = validations
        .iter()
        .min_by(|a, b| a["val_loss"].as_f64().unwrap().total_cmp(&b["val_loss"].as_f64().unwrap()))
        .unwrap();
    let name = fs::read_to_string(out.join("best")).unwrap();
    assert_eq!(name, format!("step_{:06}", best["step"].as_u64().unwrap()));
    assert_eq!(RunFolder::weights_in(&out.join("best")), out.join("checkpoints").join(&name));
    let kept: BTreeSet<String> = fs::read_dir(out.join("checkpoints"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(kept, BTreeSet::from([name, "step_000012".to_owned()]), "the best and the newest");

    let output = process::Command::new(env!("CARGO_BIN_EXE_monoscope"))
        .args([
            "evaluate",
            "depth",
            "--data",
            "demo",
            "--split",
            &split,
            "--device",
            "cpu",
            "--json",
            "--weights",
        ])
        .arg(out.join("best"))
        .output()
        .unwrap();
    let scores: Value = serde_json::from_slice(&output.stdout).unwrap();
    for metric in ["abs_rel", "rmse", "a1"] {
        let (noted, found) =
            (best[&format!("val_{metric}")].as_f64().unwrap(), scores[metric].as_f64().unwrap());
        assert!((noted - found).abs() < 1e-5 * found, "{metric}: {noted} was noted, {found} is found");
    }
}

/// Trains two steps on the built-in drive; returns the run's folder.
fn run_of_two_steps(session: &SessionHandle, folder: &Path) -> PathBuf {
    let out = folder.join("run");
    open(session, demo_split(folder, 1..4, 20..22));
    session.send(Command::Start { config: small(2), out: out.clone() });
    next(session, |event| matches!(event, Event::RunEnded { steps: 2, .. }));
    out
}

#[test]
fn what_is_not_the_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    let out = run_of_two_steps(&session, folder.path());

    let data = Some((DataChoice::Demo, None));
    let resume = |run: PathBuf, data| Command::Resume { run, data, config: None, on_run: OnRun::End };
    let problem = request_failure(&session, resume(out.clone(), data));
    assert!(problem.text.contains("3 samples") && problem.text.contains("fingerprint"), "{problem:?}");

    let problem = request_failure(&session, resume(folder.path().join("split"), None));
    assert!(problem.text.contains("not a run folder"), "{problem:?}");

    let other = train(&["--resume", text(&out), "--batch-size", "2"]).output().unwrap();
    assert_eq!(other.status.code(), Some(2), "another batch size is another run");
    let last = fs::read_to_string(out.join("last")).unwrap();
    let damaged = out.join("checkpoints").join(last).join("optimizer.safetensors");
    fs::write(&damaged, "not moments").unwrap();
    let problem = request_failure(&session, resume(out, None));
    assert!(problem.text.contains(text(&damaged)), "{problem:?}");
}

#[test]
fn steps_are_added_to_a_finished_run_and_a_second_process_is_kept_out() {
    let folder = tempfile::tempdir().unwrap();
    let [out, whole] = ["run", "whole"].map(|name| folder.path().join(name));
    let split = demo_split(folder.path(), 1..4, 20..22);
    let trained = |steps: u64, out: &Path| {
        let session = session();
        open(&session, split.clone());
        session.send(Command::Start { config: small(steps), out: out.to_owned() });
        next(&session, |event| matches!(event, Event::RunEnded { .. }));
        session
    };
    drop(trained(5, &whole));
    let session = trained(3, &out);
    session.send(Command::Resume { run: out.clone(), data: None, config: None, on_run: OnRun::End });
    next(&session, |event| matches!(event, Event::RunEnded { steps: 3, .. }));

    let more = small(5);
    session.send(Command::Resume { run: out.clone(), data: None, config: Some(more), on_run: OnRun::End });
    request(&session, Command::Pause);
    let second = train(&["--resume", text(&out)]).output().unwrap();
    let stderr = String::from_utf8_lossy(&second.stderr);
    assert!(second.status.code() == Some(1) && stderr.contains("another process"), "{stderr}");
    session.send(Command::Continue);
    next(&session, |event| matches!(event, Event::RunEnded { steps: 5, .. }));
    assert_eq!(log(&out), log(&whole));
}

#[test]
fn a_finished_run_and_the_one_under_way_are_told_and_nothing_changes() {
    // With and without a validation after the last step.
    for validation in [20..22, 20..20] {
        let folder = tempfile::tempdir().unwrap();
        let [finished, other] = ["finished", "other"].map(|name| folder.path().join(name));
        let session = session();
        open(&session, demo_split(folder.path(), 1..4, validation));
        session.send(Command::Start { config: small(3), out: finished.clone() });
        // A run without validation says so.
        while !matches!(session.wait().unwrap(), Event::RunEnded { .. }) {}
        until(&session, Activity::Idle);

        let resume = |run: &Path, on_run| {
            let (before, run) = (session.state(), run.to_owned());
            let outcome = session.call(Command::Resume { run, data: None, config: None, on_run }, |_| ());
            let after = session.state();
            assert_eq!((&after.data, after.activity), (&before.data, before.activity));
            let out = |run: &RunState| run.out.clone();
            assert_eq!(after.run.as_ref().map(out), before.run.as_ref().map(out));
            outcome.unwrap()
        };
        assert_eq!(resume(&finished, OnRun::Ask), Outcome::RunFinished { steps: 3 });

        session.send(Command::Start { config: small(1_000_000), out: other.clone() });
        while !matches!(session.wait().unwrap(), Event::Step(report) if report.step == 2) {}
        assert_eq!(resume(&finished, OnRun::Ask), Outcome::RunFinished { steps: 3 });
        for same in [other.clone(), folder.path().join("finished/../other")] {
            for on_run in [OnRun::Ask, OnRun::Keep] {
                let outcome = resume(&same, on_run);
                assert!(matches!(outcome, Outcome::AlreadyUnderWay { step: 2.. }), "{outcome:?}");
            }
        }
        request(&session, Command::Pause);
        assert!(matches!(resume(&other, OnRun::Ask), Outcome::AlreadyUnderWay { .. }));
    }
}

#[test]
fn a_configuration_that_was_edited_is_told_when_its_run_resumes() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    let out = run_of_two_steps(&session, folder.path());
    let edit = |from: &str, to: &str| {
        let text = fs::read_to_string(out.join("config.toml")).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(out.join("config.toml"), text.replace(from, to)).unwrap();
    };
    let warnings = |steps| {
        session.send(Command::Resume { run: out.clone(), data: None, config: None, on_run: OnRun::End });
        let mut warnings = Vec::new();
        loop {
            match session.wait().unwrap() {
                Event::Notice(notice) => warnings.push(notice.text),
                Event::RunEnded { steps: made, .. } => {
                    assert_eq!(made, steps);
                    return warnings;
                }
                _ => {}
            }
        }
    };
    // More steps are no other run.
    edit("steps = 2", "steps = 3");
    assert_eq!(warnings(3), [""; 0]);
    edit("steps = 3", "steps = 4");
    edit("height = 64", "height = 96");
    let warnings = warnings(4);
    assert!(
        warnings[0].contains("edited since the run started") && warnings[0].contains("of height:"),
        "{warnings:?}"
    );
}

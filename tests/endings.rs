//! The end of runs: with a checkpoint, or with a message about what is lost.

use crate::{
    resume::{demo_split, log, steps, text, train},
    run_faults::SMALL,
    session::{next, open_demo, request, request_failure, session, small},
};
use monoscope::{
    runs::RunFolder,
    session::{Activity, Command, Event, RunEffect, SessionHandle},
};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{self, Child, Stdio},
};

/// Puts a file in place of the folder of checkpoints, so that not even root can write there.
pub fn obstruct(run: &Path) {
    fs::rename(run.join("checkpoints"), run.join("moved")).unwrap();
    fs::write(run.join("checkpoints"), "").unwrap();
}

/// Removes that file again.
fn clear(run: &Path) {
    fs::remove_file(run.join("checkpoints")).unwrap();
    fs::rename(run.join("moved"), run.join("checkpoints")).unwrap();
}

/// A paused run that has made two steps or more since its checkpoint of step 0.
fn paused(folder: &Path) -> (SessionHandle, PathBuf) {
    let (session, out) = (session(), folder.join("run"));
    open_demo(&session);
    request(&session, Command::Start { config: small(1000), out: out.clone() });
    next(&session, |event| matches!(event, Event::Step(report) if report.step == 2));
    request(&session, Command::Pause);
    (session, out)
}

#[test]
fn a_session_whose_last_checkpoint_cannot_be_written_stays_until_it_is_told_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let (session, out) = paused(folder.path());
    obstruct(&out);
    for _ in 0..2 {
        let failure = request_failure(&session, Command::Shutdown { even_unsaved: false });
        assert_eq!(failure.effect, RunEffect::Unsaved);
        assert!(failure.text.contains(text(&out)) && failure.text.contains("move it away"), "{failure}");
        let state = session.state();
        let run = state.run.as_ref().expect("the run stays");
        assert_eq!((state.activity, run.saved_step, run.step >= 2), (Activity::Paused, 0, true));
    }
    let step = session.state().run.as_ref().unwrap().step;
    clear(&out);
    request(&session, Command::Shutdown { even_unsaved: false });
    assert!(session.wait().is_none(), "it has ended");
    assert_eq!(RunFolder::open(&out).unwrap().last_position().unwrap().step, step);
}

#[test]
fn a_session_that_ends_without_its_last_checkpoint_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (session, out) = paused(folder.path());
    obstruct(&out);
    let failure = request_failure(&session, Command::Shutdown { even_unsaved: true });
    assert!(failure.advice.contains("its checkpoint of step 0: --resume"), "{failure}");
    assert!(session.wait().is_none(), "it has ended");
}

#[test]
fn a_checkpoint_on_the_way_that_cannot_be_written_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let (session, out) = (session(), folder.path().join("run"));
    open_demo(&session);
    let mut config = small(1000);
    config.training.checkpoint_frequency = 2;
    request(&session, Command::Start { config, out: out.clone() });
    next(&session, |event| matches!(event, Event::Checkpoint(_)));
    obstruct(&out);
    let mut warnings = Vec::new();
    let mut most = 0;
    while most < 12 {
        match session.wait().unwrap() {
            Event::Notice(notice) => warnings.push(notice.text),
            Event::Step(report) => most = report.step,
            _ => {}
        }
    }
    assert_eq!(warnings.len(), 1, "it is told once: {warnings:?}");
    assert!(
        warnings[0].contains("cannot be written") && warnings[0].contains("the run continues"),
        "{warnings:?}"
    );
    clear(&out);
    next(&session, |event| matches!(event, Event::Checkpoint(_)));
    request(&session, Command::Shutdown { even_unsaved: false });
}

/// Starts a run of the smallest networks with far more steps than a test waits for.
#[cfg(unix)]
fn begin(folder: &Path, more: &[&str]) -> (Child, PathBuf) {
    let (split, run) = (demo_split(folder, 1..4, 20..20), folder.join("run"));
    let always = ["--data", "demo", "--preset", "light", "--split", &split, "--out", text(&run)];
    let long = ["--steps", "100000", "--save-frequency", "1000000"];
    // The limit that stands for a full disk must not kill the process.
    let script = "trap '' XFSZ; exec \"$0\" train --device cpu \"$@\"";
    let mut command = process::Command::new("bash");
    command
        .args(["-c", script, env!("CARGO_BIN_EXE_monoscope")])
        .args(always)
        .args(SMALL)
        .args(long)
        .args(more);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while steps(&log_of(&run)).len() < 3 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    (child, run)
}

/// The log without a line that is being written.
#[cfg(unix)]
fn log_of(run: &Path) -> Vec<serde_json::Map<String, serde_json::Value>> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default();
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    crate::resume::lines(&text[..whole])
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let sent = process::Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_is_no_finished_one() {
    for (name, is_json) in [("TERM", false), ("INT", true), ("HUP", false)] {
        let folder = tempfile::tempdir().unwrap();
        let (child, run) = begin(folder.path(), if is_json { &["--json"] } else { &[] });
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        let step = RunFolder::open(&run).unwrap().last_position().unwrap().step;
        let expected = format!(
            "error: interrupted at step {step}; continue with: monoscope train --resume {}",
            run.display()
        );
        assert!(step >= 3 && said.lines().last() == Some(&expected), "{said}");
        assert_eq!(output.stdout.is_empty(), !is_json, "--json tells where it stands");

        let more = (step + 1).to_string();
        let resumed = train(&["--resume", text(&run), "--steps", &more]).output().unwrap();
        assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
        assert_eq!(steps(&log(&run)), (1..=step + 1).collect::<Vec<_>>());
    }
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_that_cannot_be_saved_says_so_in_words_of_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let (child, run) = begin(folder.path(), &[]);
    obstruct(&run);
    signal(&child, "TERM");
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("error: the last checkpoint failed: ") && last.contains(text(&run)), "{said}");
    assert!(last.contains("step 0: --resume") && !last.contains("paused"), "{said}");
    assert_eq!(said.matches("cannot be written").count(), 1, "it is told once: {said}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_log_that_cannot_be_written_for_a_while_is_a_warning_and_lacks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let more = ["--tensorboard", "--checkpoint-frequency", "1000000"];
    let (mut child, run) = begin(folder.path(), &more);
    let process = child.id().to_string();
    let limit = |size: &str| {
        let size = format!("--fsize={size}:");
        assert!(
            process::Command::new("prlimit").args(["--pid", &process, &size]).status().unwrap().success()
        );
    };
    // A limit on the size of files stands for a full disk.
    limit("600");
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let warning = said.find(|line| line.contains("cannot be written")).expect("it is told");
    assert!(warning.contains("metrics.jsonl") && warning.contains("written as soon as"), "{warning}");
    let before = steps(&log_of(&run)).len();
    std::thread::sleep(std::time::Duration::from_secs(2));
    limit("unlimited");
    while steps(&log_of(&run)).len() < before + 10 {
        assert!(child.try_wait().unwrap().is_none(), "the run goes on");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    signal(&child, "TERM");
    let rest: Vec<_> = said.collect();
    assert!(!rest.iter().any(|line| line.contains("cannot be written")), "it is told once: {rest:?}");
    child.wait().unwrap();
    let found = steps(&log(&run));
    assert_eq!(found, (1..=found.len() as u64).collect::<Vec<_>>(), "no step is missing");
    assert_eq!(RunFolder::open(&run).unwrap().last_position().unwrap().step, found.len() as u64);
}

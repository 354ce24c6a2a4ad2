//! Output that nobody takes: what prints it goes on, or ends without a panic.

use crate::resume::{demo_split, text};
use std::{
    fs::{self, File, OpenOptions},
    path::Path,
    process::{Command, Stdio},
};

const STEPS: usize = 3;

/// A short run in this folder.
fn train(folder: &Path) -> Command {
    let split = demo_split(folder, 1..4, 20..22);
    let mut command = Command::new(env!("CARGO_BIN_EXE_monoscope"));
    command.args(["train", "--device", "cpu", "--data", "demo", "--split", &split, "--preset", "light"]);
    command.args(["--height", "64", "--width", "64", "--batch-size", "1", "--scales", "0"]);
    command.args(["--steps", &STEPS.to_string(), "--out", text(&folder.join("run"))]);
    command
}

fn steps_made(folder: &Path) -> usize {
    let log = fs::read_to_string(folder.join("run/metrics.jsonl")).unwrap_or_default();
    log.lines().filter(|line| line.contains("\"loss\"")).count()
}

fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

/// A pipe from which nobody reads.
fn closed() -> Stdio {
    std::io::pipe().unwrap().1.into()
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_goes_on_where_nobody_reads_what_it_prints() {
    let outputs: [(&str, fn() -> [Stdio; 2]); 3] = [
        ("closed pipes", || [closed(), closed()]),
        ("full disks", || [full().into(), full().into()]),
        ("messages that nobody reads", || [Stdio::null(), closed()]),
    ];
    for (name, output) in outputs {
        let folder = tempfile::tempdir().unwrap();
        let [stdout, stderr] = output();
        let status = train(folder.path()).stdout(stdout).stderr(stderr).status().unwrap();
        assert_eq!((steps_made(folder.path()), status.code()), (STEPS, Some(0)), "{name}");
        assert!(folder.path().join("run/checkpoints/step_000003").is_dir(), "{name}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_goes_on_when_only_its_first_line_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let train = train(folder.path());
    let script = "set -o pipefail; \"$0\" \"$@\" 2>&1 | head -n 1";
    let mut shell = Command::new("bash");
    shell.args(["-c", script]).arg(train.get_program()).args(train.get_args());
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
    assert_eq!(steps_made(folder.path()), STEPS);
}

#[test]
#[cfg(target_os = "linux")]
fn results_that_cannot_be_printed_are_an_error_and_no_panic() {
    for arguments in [["info", "--json", ""], ["archives", "--split", "eigen_zhou"]] {
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_monoscope"));
            command.args(arguments.iter().filter(|argument| !argument.is_empty()));
            command
        };
        let output = command().stdout(full()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("error: the results cannot be printed"), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
        let output = command().stdout(closed()).output().unwrap();
        assert!(output.stderr.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

//! The log on stderr: nothing unless asked for, levels by target, and stdout left alone.

use crate::resume::{demo_split, text};
use monoscope::logging::Filters;
use std::{
    path::Path,
    process::{Command, Output},
};

const STEPS: usize = 3;

/// Makes a short run with these options more, and with these directives.
fn train(folder: &Path, options: &[&str], directives: &str) -> Output {
    let split = demo_split(folder, 1..4, 20..22);
    let mut command = Command::new(env!("CARGO_BIN_EXE_monoscope"));
    command.args(["train", "--device", "cpu", "--data", "demo", "--split", &split, "--preset", "light"]);
    command.args(["--height", "64", "--width", "64", "--batch-size", "1", "--scales", "0", "--json"]);
    command.args(["--steps", &STEPS.to_string(), "--out", text(&folder.join("run"))]).args(options);
    let output = command.env("MONOSCOPE_LOG", directives).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let result: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("stdout is one JSON object");
    assert_eq!(result["steps"], STEPS);
    output
}

/// Lines of the log, each as level and the rest: target, message and fields.
fn logged(output: &Output) -> Vec<(String, String)> {
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    let parsed = stderr.lines().filter_map(|line| {
        let (time, rest) = line.split_once(' ')?;
        let (level, rest) = rest.split_once(' ')?;
        let is_time = time.len() == "14:03:21.123".len() && time.matches(':').count() == 2;
        is_time.then(|| (level.to_owned(), rest.trim_start().to_owned()))
    });
    parsed.collect()
}

#[test]
fn nothing_is_logged_unless_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let output = train(folder.path(), &[], "");
    assert_eq!(logged(&output), []);
}

#[test]
fn verbose_commands_log_devices_datasets_and_checkpoints_to_stderr() {
    let folder = tempfile::tempdir().unwrap();
    let lines = logged(&train(folder.path(), &["-v"], ""));
    for words in [
        &["monoscope::compute::", "the CPU backend computes"][..],
        &["monoscope::data::", "dataset opened", "drives=1", "frames=", "seconds="],
        &["monoscope::runs::", "checkpoint written", "step=3", "path=", "seconds="],
        &["monoscope::session::", "run ended", "steps=3"],
    ] {
        let is_it = |(_, line): &&(String, String)| words.iter().all(|word| line.contains(word));
        assert_eq!(
            lines.iter().find(is_it).map(|(level, _)| level.as_str()),
            Some("INFO"),
            "{words:?}: {lines:?}"
        );
    }
    assert!(lines.iter().all(|(level, _)| level != "DEBUG"), "{lines:?}");

    let folder = tempfile::tempdir().unwrap();
    let lines = logged(&train(folder.path(), &["-vv"], ""));
    let requests = |words: &str| lines.iter().filter(|(_, line)| line.contains(words)).count();
    assert!(requests("request taken id=0 command=OpenData") == 1, "{lines:?}");
    assert!(requests("reply sent id=0 outcome=Done") == 1, "{lines:?}");
}

#[test]
fn directives_choose_levels_by_target() {
    let folder = tempfile::tempdir().unwrap();
    let lines = logged(&train(folder.path(), &[], "monoscope::train=debug"));
    assert!(lines.iter().all(|(_, line)| line.starts_with("monoscope::train::")), "{lines:?}");
    let steps = lines.iter().filter(|(level, line)| level == "DEBUG" && line.contains("step made"));
    assert_eq!(steps.count(), STEPS, "{lines:?}");

    let folder = tempfile::tempdir().unwrap();
    let lines = logged(&train(folder.path(), &["-v"], "monoscope=off,monoscope::data=info"));
    assert!(
        !lines.is_empty() && lines.iter().all(|(_, line)| line.starts_with("monoscope::data::")),
        "{lines:?}"
    );
}

#[test]
fn directives_that_cannot_be_read_are_refused_with_what_is_allowed() {
    let output = Command::new(env!("CARGO_BIN_EXE_monoscope"))
        .args(["info", "--json"])
        .env("MONOSCOPE_LOG", "info,monoscope::train=loud")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{stderr}");
    assert!(
        stderr.starts_with("error: MONOSCOPE_LOG: 'monoscope::train=loud' is not a directive"),
        "{stderr}"
    );
    for allowed in ["off, error, warn, info, debug or trace", "TARGET=LEVEL", "commas"] {
        assert!(stderr.contains(allowed), "{stderr}");
    }
    for good in ["", "debug", " info , wgpu_core=warn,", "Off", "monoscope::data::loader=TRACE"] {
        assert!(Filters::new(0, good).is_ok(), "{good}");
    }
    for bad in [
        "inof",
        "monoscope::train",
        "monoscope=",
        "=debug",
        "monoscope[step]=debug",
        "a=b=info",
        "info;debug",
    ] {
        let error = Filters::new(0, bad).map(|_| bad).unwrap_err();
        assert!(error.to_string().contains(&format!("'{bad}' is not a directive")), "{error}");
    }
}

#[test]
fn every_command_and_the_window_can_be_verbose() {
    for command in
        [&[][..], &["train"], &["evaluate", "depth"], &["evaluate", "odometry"], &["info"], &["bench"]]
    {
        let arguments = [command, &["--help"]].concat();
        let help = Command::new(env!("CARGO_BIN_EXE_monoscope")).args(&arguments).output().unwrap();
        let help = String::from_utf8(help.stdout).unwrap();
        assert!(help.contains("-v, --verbose") && help.contains("MONOSCOPE_LOG"), "{command:?}: {help}");
    }
}

//! The command line as scripts see it: exit codes, one clear line, nothing half-written.

mod bench;
mod evaluate;
mod info;
mod predict;
mod sequence;
mod texts;
mod train;

use std::{
    path::Path,
    process::{Command, Output},
};

pub fn monoscope(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_monoscope")).args(arguments).output().unwrap()
}

/// Runs a command that must fail with this code and one line that holds these words.
pub fn refused(code: i32, words: &[&str], arguments: &[&str]) {
    let output = monoscope(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    let errors: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error:")).collect();
    assert_eq!(errors.len(), 1, "{arguments:?} gave {stderr}");
    for word in words {
        assert!(errors[0].contains(word), "'{}' does not say '{word}'", errors[0]);
    }
    assert!(output.stdout.is_empty(), "{arguments:?} printed {}", String::from_utf8_lossy(&output.stdout));
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn usage_errors_exit_with_two() {
    for arguments in [&["train"][..], &["no-such-command"], &["predict", "--weights"]] {
        assert_eq!(monoscope(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let help = monoscope(&["train", "--help"]);
    assert_eq!(help.status.code(), Some(0));
    let help = String::from_utf8(help.stdout).unwrap();
    for flag in [
        "--height",
        "--width",
        "--batch-size",
        "--learning-rate",
        "--num-epochs",
        "--depth-network",
        "--num-layers",
        "--pose-model-type",
        "--pose-model-input",
        "--pose-num-layers",
        "--models-to-load",
        "--predictive-mask",
        "--frame-ids",
        "--scales",
        "--disparity-smoothness",
        "--scheduler-step-size",
        "--v1-multiscale",
        "--avg-reprojection",
        "--disable-automasking",
        "--no-ssim",
        "--min-depth",
        "--max-depth",
        "--steps",
        "--device",
        "--threads",
        "--seed",
    ] {
        assert!(help.contains(flag), "train --help does not list {flag}");
    }
}

#[test]
fn only_commands_in_which_it_has_an_effect_take_a_seed() {
    let takes_seed = |command: &[&str]| {
        let help = monoscope(&[command, &["--help"]].concat());
        assert_eq!(help.status.code(), Some(0), "{command:?}");
        String::from_utf8_lossy(&help.stdout).contains("--seed")
    };
    for command in [&["train"][..], &["bench"], &["demo-data"]] {
        assert!(takes_seed(command), "{command:?}");
    }
    let others = [
        &["predict"][..],
        &["evaluate", "depth"],
        &["evaluate", "odometry"],
        &["evaluate", "benchmark"],
        &["inspect"],
        &["calibrate"],
    ];
    for command in others {
        assert!(!takes_seed(command), "{command:?}");
    }
}

//! Messages that quote what others wrote: one line each, which a terminal shows and does not obey.

use crate::cli::{monoscope, refused, text};
use std::{fs, process::Output};

const ESCAPE: char = '\u{1b}';
/// Turns the direction of the text that follows.
const OVERRIDE: char = '\u{202e}';

fn lines(output: &Output) -> Vec<String> {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for letter in said.chars() {
        assert!(letter == '\n' || (!letter.is_control() && letter != OVERRIDE), "{letter:?} in {said:?}");
    }
    let lines: Vec<String> = said.lines().map(str::to_owned).collect();
    for line in &lines {
        assert!(line.chars().count() <= 2000, "{} characters", line.chars().count());
    }
    lines
}

#[test]
fn what_a_terminal_would_obey_is_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join(format!("a{ESCAPE}[31m{OVERRIDE}b\u{9b}c\nx\ty"));
    fs::create_dir(&name).unwrap();
    let options = name.join("options.toml");
    let key = "\\u001b[2J";
    fs::write(&options, format!("[training]\n\"{key}\" = 1\n")).unwrap();
    let start = ["train", "--device", "cpu", "--data", "demo", "--out", text(folder.path())];
    for arguments in [
        &["info", "--weights", text(&name)][..],
        &["frames", "--data", text(&name)],
        &["predict", text(&name), "--weights", text(&name), "--out", text(&name)],
        &["train", "--resume", text(&name)],
        &[&start[..], &["--config", text(&options)]].concat(),
        &[&start[..], &["--split", text(&name)]].concat(),
    ] {
        let output = monoscope(arguments);
        assert!(!output.status.success());
        let lines = lines(&output);
        assert!(lines.iter().any(|line| line.contains("\\u001b[")), "{arguments:?}: {lines:?}");
    }
    // The parser's own messages, which leave out escapes.
    for arguments in [
        &["info", text(&name)][..],
        &["train", "--preset", text(&name)],
        &["--data", text(&name), "--height"],
        &[text(&name)],
    ] {
        let output = monoscope(arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(lines(&output)[0].starts_with("error: "), "{arguments:?}");
    }
}

#[test]
fn results_that_name_files_are_escaped_too() {
    let folder = tempfile::tempdir().unwrap();
    let drive = folder.path().join(format!("drive{ESCAPE}[31m{OVERRIDE}"));
    fs::create_dir(&drive).unwrap();
    for frame in 0..3 {
        image::RgbImage::new(64, 32).save(drive.join(format!("{frame}.png"))).unwrap();
    }
    let arguments = ["frames", "--data", text(folder.path()), "--field-of-view", "70"];
    let plain = monoscope(&arguments);
    assert!(plain.status.success(), "{}", String::from_utf8_lossy(&plain.stderr));
    let printed = String::from_utf8(plain.stdout).unwrap();
    assert!(
        !printed.contains([ESCAPE, OVERRIDE]) && printed.contains("drive\\u001b[31m\\u202e"),
        "{printed}"
    );
    // JSON stays what it is.
    let output = monoscope(&[&arguments[..], &["--json"]].concat());
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(!printed.contains([ESCAPE, OVERRIDE]), "{printed}");
    for line in printed.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    let named: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert!(named.to_string().contains(OVERRIDE), "{named}");
}

#[test]
fn long_messages_keep_their_beginning_and_their_advice() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(100_000);
    let options = folder.path().join("options.toml");
    fs::write(&options, format!("[training]\n{long} = 1\n")).unwrap();
    let start = ["train", "--device", "cpu", "--data", "demo", "--out", text(folder.path())];
    for arguments in [
        &[&start[..], &["--config", text(&options)]].concat()[..],
        &[&start[..], &["--split", &long]].concat(),
        &["train", "--preset", &long],
    ] {
        let lines = lines(&monoscope(arguments));
        assert!(lines.iter().any(|line| line.starts_with("error: ") && line.contains('…')), "{lines:?}");
    }
    // The parser of TOML quotes the line at fault.
    fs::write(&options, format!("[training]\n{long} =\n")).unwrap();
    refused(2, &["its line 2 makes no sense"], &[&start[..], &["--config", text(&options)]].concat());
}

#[test]
fn lines_that_repeat_the_last_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let good = folder.join("good.png");
    image::RgbImage::new(64, 32).save(&good).unwrap();
    let bad = folder.join("bad.png");
    fs::write(&bad, "no picture").unwrap();
    let out = folder.join("out");
    let inputs = [vec![text(&good)], vec![text(&bad); 5]].concat();
    let weights = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo.safetensors");
    let options = ["--weights", weights, "--out", text(&out), "--device", "cpu"];
    let output = monoscope(&[&["predict"], &inputs[..], &options[..]].concat());
    let lines = lines(&output);
    let skipped = lines.iter().filter(|line| line.starts_with("skipped: ")).count();
    assert_eq!(skipped, 1, "{lines:?}");
    assert_eq!(lines.last().map(String::as_str), Some("... (repeated 4 times)"), "{lines:?}");
}

//! What people and scripts read of the command line, against texts that were judged: help, lines of errors, keys of
//! `--json`. `INSTA_UPDATE=always` writes the texts anew.

use super::{refused, text};
use insta::{Settings, assert_snapshot};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo.safetensors");

/// Runs a command in a folder, so that its texts have short paths that are the same on every machine.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_monoscope")).args(arguments).current_dir(folder).output().unwrap()
}

/// A text as it is on every system.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace('\\', "/").replace("monoscope.exe", "monoscope");
    text.replace(WEIGHTS, "assets/demo.safetensors")
}

fn compare(name: &str, text: &str) {
    let mut settings = Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| assert_snapshot!(name, text));
}

/// Commands of a help text.
fn commands(help: &str) -> Vec<String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let words =
        list.take_while(|line| line.starts_with("  ")).filter_map(|line| line.split_whitespace().next());
    words.filter(|word| *word != "help").map(str::to_owned).collect()
}

/// Compares the help of a command, and of the commands below it.
fn compare_help(folder: &Path, command: &[&str]) {
    let output = run(folder, &[command, &["--help"]].concat());
    assert_eq!(output.status.code(), Some(0), "{command:?}");
    let help = plain(&output.stdout);
    compare(&[&["help"][..], command].concat().join("-"), &help);
    for below in commands(&help) {
        compare_help(folder, &[command, &[below.as_str()]].concat());
    }
}

#[test]
fn the_help_of_every_command_is_as_it_was_judged() {
    let folder = tempfile::tempdir().unwrap();
    compare_help(folder.path(), &[]);
}

/// Inputs that have something wrong with them.
fn bad_inputs(folder: &Path) {
    for name in ["empty", "weights", "frames", "split", "used"] {
        fs::create_dir(folder.join(name)).unwrap();
    }
    fs::write(folder.join("weights/encoder.pth"), "no weights").unwrap();
    fs::write(folder.join("bad.safetensors"), "no weights").unwrap();
    fs::write(folder.join("split/train_files.txt"), "somewhere 1 l\nsomewhere else\n").unwrap();
    fs::write(folder.join("used/kept"), "").unwrap();
    fs::write(folder.join("options.toml"), "[training]\nbatchsize = 2\n").unwrap();
    for frame in 1..4 {
        let picture = image::RgbImage::from_pixel(64, 32, image::Rgb([90, 90, 90]));
        picture.save(folder.join(format!("frames/{frame:06}.png"))).unwrap();
    }
}

#[test]
fn errors_say_what_which_file_and_what_to_do_as_they_were_judged() {
    let folder = tempfile::tempdir().unwrap();
    bad_inputs(folder.path());
    let train = "train --device cpu --preset small --steps 1 --out run";
    let predict = "predict --device cpu --out out";
    let evaluate = "evaluate depth --device cpu";
    let lines = [
        "train".to_owned(),
        "no-such-command".to_owned(),
        "--device tpu".to_owned(),
        "--intrinsics 1,2,3".to_owned(),
        "--screenshots empty --data demo".to_owned(),
        "train --data demo --out run --preset nonsense".to_owned(),
        format!("{train} --data demo --height 100"),
        format!("{train} --data demo --frame-ids 1 0"),
        format!("{train} --data demo --config options.toml"),
        format!("{train} --data nowhere"),
        format!("{train} --data empty"),
        format!("{train} --data frames"),
        format!("{train} --data demo --split nowhere"),
        format!("{train} --data demo --split split"),
        "train --device cpu --preset small --data demo --out used".to_owned(),
        "train --resume nowhere".to_owned(),
        format!("{predict} frames --weights nowhere"),
        format!("{predict} frames --weights weights"),
        format!("{predict} frames --weights bad.safetensors"),
        format!("{evaluate} --data demo --weights nowhere"),
        format!("{evaluate} --data demo --weights {WEIGHTS} --split eigen"),
        format!("{evaluate} --data demo --weights {WEIGHTS} --stereo --scaling median"),
        format!("evaluate odometry --device cpu --data demo --weights {WEIGHTS}"),
        format!("calibrate --device cpu --weights {WEIGHTS} --data frames --field-of-view 70"),
        "archives --split nonsense".to_owned(),
        "frames --data nowhere".to_owned(),
        "bench predict --device cpu --precision f16".to_owned(),
    ];
    let texts = lines.map(|line| {
        let output = run(folder.path(), &line.split(' ').collect::<Vec<_>>());
        let stderr = plain(&output.stderr);
        let said = stderr.split_once("error: ").map_or("no error", |(_, said)| said.trim_end());
        let code = output.status.code().unwrap();
        format!("$ monoscope {}\n{code}: {said}\n", plain(line.as_bytes()))
    });
    compare("errors", &texts.join("\n"));
}

#[test]
fn a_folder_of_screenshots_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let place = folder.path().join("file/pictures");
    refused(1, &[text(&place), "cannot be made", "--screenshots"], &["--screenshots", text(&place)]);
}

/// Keys of a JSON value with the kinds of what they stand for; of a list, the first entry stands for all.
fn keys(value: &Value, indent: &str) -> String {
    let inner = format!("{indent}  ");
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "text".to_owned(),
        Value::Array(values) => match values.first() {
            Some(first) => format!("list of {}", keys(first, indent)),
            None => "empty list".to_owned(),
        },
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| format!("\n{inner}{key}: {}", keys(value, &inner));
            format!("object{}", fields.iter().map(field).collect::<String>())
        }
    }
}

#[test]
fn json_has_the_keys_that_scripts_rely_on() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(folder.path(), &["demo-data", "--out", "drive", "--frames", "10"]);
    assert!(made.status.success(), "{}", plain(&made.stderr));
    // Calibration writes beside the weights.
    fs::copy(WEIGHTS, folder.path().join("demo.safetensors")).unwrap();
    let small = "--preset small --height 64 --width 64 --batch-size 1 --steps 1";
    let split = "--data drive --split drive/splits";
    let weights = "--device cpu --weights demo.safetensors";
    let lines = [
        "info".to_owned(),
        "archives --split eigen".to_owned(),
        "frames --data drive".to_owned(),
        format!("ground-truth {split} --out truth.npz"),
        format!("train --device cpu --data drive {small} --out run"),
        "info --weights demo.safetensors".to_owned(),
        format!("predict drive {weights} --out out --npy"),
        format!("calibrate --data drive {weights}"),
        format!("evaluate depth {split} {weights} --guesses"),
        "evaluate odometry --device cpu --data drive --weights run".to_owned(),
        "bench predict --device cpu --height 64 --width 64 --runs 1".to_owned(),
    ];
    let texts = lines.map(|line| {
        let mut arguments: Vec<&str> = line.split(' ').collect();
        arguments.push("--json");
        let output = run(folder.path(), &arguments);
        assert!(output.status.success(), "{line}: {}", plain(&output.stderr));
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        format!("$ monoscope {line} --json\n{}\n", keys(&value, ""))
    });
    compare("json", &texts.join("\n"));
}

//! `train` on the command line: what it refuses, and what it writes to the manifest.

use super::{monoscope, refused, text};
use crate::architectures::classifier;
use monoscope::{model::ResnetArchitecture, runs::RunFolder};
use std::fs;

#[test]
fn bad_input_to_train_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let missing = folder.path().join("missing");
    let small = ["--device", "cpu", "--preset", "small", "--steps", "1"];
    let train = |more: &[&str]| {
        let mut arguments = vec!["train", "--out"];
        arguments.push(text(&out));
        arguments.extend(small);
        arguments.extend(more);
        arguments.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let check = |code: i32, words: &[&str], more: &[&str]| {
        let arguments = train(more);
        refused(code, words, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(!out.exists(), "{more:?} left a run folder behind");
    };
    check(1, &["missing"], &["--data", text(&missing)]);
    check(2, &["--height 100", "96 or 128"], &["--data", "demo", "--height", "100"]);
    check(2, &["--frame-ids"], &["--data", "demo", "--frame-ids", "1", "0"]);
    check(
        2,
        &["--scales 3", "RT-MonoDepth-S"],
        &["--data", "demo", "--depth-network", "rt-monodepth-s", "--scales", "0", "3"],
    );
    let after_frames = ["--data", "demo", "--frame-ids", "0", "-1", "--predictive-mask"];
    check(2, &["--disable-automasking"], &after_frames);
    check(2, &["--pose"], &["--data", "demo", "--pose-model-type", "posecnn", "--frame-ids", "0", "s"]);
    check(1, &["missing"], &["--data", "demo", "--split", text(&missing)]);

    let split = folder.path().join("split");
    fs::create_dir(&split).unwrap();
    fs::write(split.join("train_files.txt"), "").unwrap();
    check(1, &["train_files.txt"], &["--data", "demo", "--split", text(&split)]);

    let file = folder.path().join("options.toml");
    fs::write(&file, "[training]\nbatchsize = 2\n").unwrap();
    check(2, &["batchsize"], &["--data", "demo", "--config", text(&file)]);
}

#[test]
fn frames_may_be_named_before_other_options() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let frames =
        ["train", "--data", "demo", "--frame-ids", "0", "-1", "--height", "100", "--out", text(&out)];
    refused(2, &["--height 100"], &frames);
}

#[test]
fn f16_is_refused_on_the_cpu_and_a_run_remembers_its_precision() {
    let small = ["--preset", "small", "--steps", "1", "--device", "cpu"];
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let train = [&["train", "--data", "demo", "--out", text(&out)], &small[..]].concat();
    refused(1, &["--precision f16", "--device gpu"], &[&train[..], &["--precision", "f16"]].concat());
    refused(1, &["--precision f16"], &["bench", "predict", "--device", "cpu", "--precision", "f16"]);
    assert!(!out.exists());

    let trained = monoscope(&train);
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
    let manifest = out.join("manifest.json");
    let stated = fs::read_to_string(&manifest).unwrap();
    assert!(stated.contains(r#""precision": "f32""#), "{stated}");
    fs::write(&manifest, stated.replace("f32", "f16")).unwrap();
    let resumed = ["train", "--resume", text(&out), "--steps", "2", "--device", "cpu"];
    let resumed = monoscope(&resumed);
    let told = String::from_utf8(resumed.stderr).unwrap();
    assert!(resumed.status.success(), "{told}");
    assert!(told.contains("started with --precision f16") && told.contains("f32"), "{told}");
}

#[test]
fn a_run_folder_that_is_in_use_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("precious"), "kept").unwrap();
    let out = text(folder.path());
    refused(
        1,
        &[out, "not empty"],
        &["train", "--data", "demo", "--preset", "small", "--device", "cpu", "--out", out],
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_place_that_cannot_be_written_to_is_named() {
    // Below a file no folder can be made, not even by root.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let out = file.join("run");
    refused(
        1,
        &[text(&out), "--out"],
        &["train", "--data", "demo", "--preset", "small", "--device", "cpu", "--out", text(&out)],
    );
}

#[test]
fn a_run_says_which_encoders_were_pretrained() {
    let folder = tempfile::tempdir().unwrap();
    let (run, file) = (folder.path().join("run"), classifier(ResnetArchitecture::RESNET_18));
    let small = ["--preset", "small", "--height", "64", "--width", "64", "--batch-size", "1", "--steps", "1"];
    let begin = ["train", "--data", "demo", "--device", "cpu", "--out", text(&run)];
    let pretrained = ["--pretrained-encoder", text(file.path()), "--pose-model-type", "posecnn"];
    let output = monoscope(&[&begin[..], &small, &pretrained].concat());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    let line = "(ResNet18) fills the depth encoder (100 tensors), not the pose encoder (PoseCNN has none)";
    assert_eq!(stderr.lines().filter(|told| told.ends_with(line)).count(), 1, "{stderr}");
    let manifest = RunFolder::open(&run).unwrap().manifest().unwrap();
    let pretrained = manifest.pretrained.unwrap();
    assert_eq!((pretrained.file.as_path(), pretrained.filled.len()), (file.path(), 1));

    // The manifests of earlier versions do not say it.
    let path = run.join("manifest.json");
    let mut manifest: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    manifest.as_object_mut().unwrap().remove("pretrained").unwrap();
    fs::write(&path, manifest.to_string()).unwrap();
    assert_eq!(RunFolder::open(&run).unwrap().manifest().unwrap().pretrained, None);
}

#[test]
fn numbers_that_can_only_be_mistakes_are_refused_with_their_range() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let start = ["train", "--device", "cpu", "--data", "demo", "--out", text(&out)];
    for (option, value, words) in [
        ("--height", "65536", "use 32 to 8192"),
        ("--height", "4294967296", "use 32 to 8192"),
        ("--width", "18446744073709551584", "use 32 to 8192"),
        ("--batch-size", "100000000", "use 1 to 4096"),
        ("--accumulate", "18446744073709551615", "use 1 to 4096"),
        ("--num-workers", "1000000", "use 1 to 256"),
        ("--steps", "18446744073709551615", "use 1 to 1000000000"),
        ("--num-epochs", "9999999999", "use 1 to 1000000000"),
        ("--validation-samples", "18446744073709551615", "use 0 to 1000000000"),
        ("--cache-limit", "18446744073709551615", "use 1 to 1000000"),
        ("--seed", "18446744073709551615", "use 0 to 9223372036854775807"),
        ("--min-depth", "1e-40", "use 0.000001 to 1000000"),
        ("--max-depth", "1e38", "use 0.000001 to 1000000"),
        ("--disparity-smoothness", "1e39", "use 0 to 1000000"),
        ("--weight-decay", "NaN", "use 0 to 1000000"),
        ("--learning-rate", "inf", "use a finite number above 0"),
        ("--clip-gradient-norm", "0", "use a finite number above 0"),
    ] {
        let words = [option, "is out of range", words];
        refused(2, &words, &[&start[..], &[option, value]].concat());
    }
    let far = "at most 16 frames, from -100 to 100";
    for frames in [&["0", "2147483647"][..], &["0", "-2147483648"]] {
        refused(2, &[far], &[&start[..], &["--frame-ids"], frames].concat());
    }
    refused(2, &["give a number from 0 to 1024"], &[&start[..], &["--threads", "1000000"]].concat());
    // Within their ranges, but together more than any machine has.
    let large = ["--height", "8192", "--width", "8192", "--batch-size", "4096"];
    let words = ["8192×8192", "GB of memory, more than the", "take a smaller batch or size"];
    refused(1, &words, &[&start[..], &large].concat());
    assert!(!out.exists(), "a run folder was left behind");

    let picture = folder.path().join("picture.png");
    image::RgbImage::new(64, 32).save(&picture).unwrap();
    let calibrate = ["calibrate", "--weights", text(&out), "--data", "demo", "--device", "cpu"];
    let predict =
        ["predict", text(&picture), "--weights", text(&out), "--out", text(&out), "--device", "cpu", "--ply"];
    for arguments in [
        &[&calibrate[..], &["--camera-height", "1e300"]].concat()[..],
        &[&calibrate[..], &["--known", "picture.png 1 1 inf"]].concat(),
        &[&predict[..], &["--metres-per-unit", "1e300"]].concat(),
        &[&predict[..], &["--max-depth", "NaN"]].concat(),
        &[&predict[..], &["--drop-flying", "-1"]].concat(),
        &["demo-data", "--out", text(&out), "--frames", "4294967295"],
        &["bench", "predict", "--height", "4294967296"],
        &["bench", "predict", "--runs", "18446744073709551615"],
    ] {
        refused(2, &["give a number from"], arguments);
    }
}

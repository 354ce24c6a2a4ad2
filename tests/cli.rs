//! The command line as scripts see it: exit codes, one clear line, nothing half-written.

use crate::{architectures::classifier, support::gpu};
use monoscope::{data::arrays::npy::read_array, model::ResnetArchitecture, runs::RunFolder};
use std::{
    fs,
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
fn f16_is_refused_on_the_processor_and_a_run_remembers_its_precision() {
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
    assert!(told.contains("begun with --precision f16") && told.contains("f32"), "{told}");
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
fn bad_weights_are_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let picture = folder.path().join("picture.png");
    image::RgbImage::new(64, 64).save(&picture).unwrap();
    let predict = |weights: &Path, words: &[&str]| {
        refused(
            1,
            words,
            &["predict", text(&picture), "--weights", text(weights), "--out", text(&out), "--device", "cpu"],
        );
        assert!(!out.exists());
    };
    predict(&folder.path().join("nowhere"), &["nowhere"]);

    let weights = folder.path().join("weights");
    fs::create_dir(&weights).unwrap();
    fs::write(weights.join("encoder.pth"), b"PK\x03\x04 and then nothing").unwrap();
    fs::write(weights.join("depth.pth"), b"").unwrap();
    predict(&weights, &["encoder.pth"]);
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

#[test]
fn info_is_one_json_object() {
    let output = monoscope(&["info", "--json"]);
    let info: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(info["adapters"].is_array() && info["auto"].is_string());
}

#[test]
fn a_run_trains_predicts_inspects_and_scores() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (run, out, dump) = (path("run"), path("out"), path("dump.safetensors"));
    let trained = monoscope(&[
        "train",
        "--data",
        "demo",
        "--preset",
        "small",
        "--device",
        "cpu",
        "--height",
        "64",
        "--width",
        "96",
        "--batch-size",
        "1",
        "--steps",
        "2",
        "--tensorboard",
        "--out",
        &run,
        "--json",
    ]);
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&trained.stdout).unwrap();
    assert_eq!(summary["steps"], 2);
    let log = fs::read_to_string(Path::new(&run).join("metrics.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    for key in ["step", "epoch", "loss", "loss_0", "loss_1", "loss_2", "loss_3", "lr", "images_per_s"] {
        assert!(lines[1][key].is_number(), "metrics.jsonl has no {key}");
    }
    let scalars = event_file(&Path::new(&run).join("tensorboard"));
    let loss = lines[1]["loss"].as_f64().unwrap() as f32;
    assert!(scalars.contains(&(2, "train/loss".to_owned(), loss)), "{scalars:?}");
    let checkpoint = Path::new(&run).join("checkpoints/step_000002");
    for file in
        ["encoder.pth", "depth.pth", "pose_encoder.pth", "pose.pth", "optimizer.safetensors", "position.json"]
    {
        assert!(checkpoint.join(file).is_file(), "no {file}");
    }

    let exported = monoscope(&["demo-data", "--out", &path("kitti"), "--frames", "5"]);
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let picture = walk(&folder.path().join("kitti"), "0000000001").expect("an exported frame");
    let predicted = monoscope(&["predict", &picture, "--weights", &run, "--out", &out, "--npy", "--colour"]);
    assert!(predicted.status.success(), "{}", String::from_utf8_lossy(&predicted.stderr));
    let array = fs::read(Path::new(&out).join("0000000001_disp.npy")).unwrap();
    let array = read_array(&mut &array[..], array.len() as u64).unwrap();
    assert_eq!(array.shape, [1, 1, 64, 96]);
    assert!(array.values.iter().all(|disparity| (0.01..=10.0).contains(disparity)));
    assert!(Path::new(&out).join("0000000001_disp.jpeg").is_file());

    let sample = sample_of(&picture);
    let inspected = monoscope(&[
        "inspect",
        "--data",
        &path("kitti"),
        "--sample",
        &sample,
        "--weights",
        &run,
        "--dump",
        &dump,
    ]);
    assert!(inspected.status.success(), "{}", String::from_utf8_lossy(&inspected.stderr));
    let arrays = crate::support::Arrays::open(Path::new(&dump));
    for name in [
        "color_0",
        "color_m1",
        "color_p1",
        "disparity_0",
        "disparity_3",
        "depth",
        "warped_m1",
        "reprojection_p1",
        "identity_m1",
        "loss",
        "source_index",
        "automask",
        "pose_m1",
        "loss_scale_0",
        "smoothness_3",
        "loss_total",
    ] {
        arrays.get(name);
    }

    let scored =
        monoscope(&["evaluate", "depth", "--data", "demo", "--weights", &run, "--device", "cpu", "--json"]);
    assert!(scored.status.success(), "{}", String::from_utf8_lossy(&scored.stderr));
    let scores: serde_json::Value = serde_json::from_slice(&scored.stdout).unwrap();
    assert!(scores["abs_rel"].as_f64().unwrap() > 0.0 && scores["per_image"].is_array());
}

#[test]
fn a_light_depth_network_alone_predicts_scores_and_starts_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let [run, weights, out, next] = ["run", "weights", "out", "next"].map(path);
    let light = ["--data", "demo", "--preset", "light", "--device", "cpu", "--batch-size", "2"];
    let size = ["--height", "48", "--width", "80", "--steps", "2"];
    let train = |more: &[&str]| monoscope(&[&["train"][..], &light, &size, more].concat());
    let trained = train(&["--out", &run]);
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
    fs::create_dir(&weights).unwrap();
    for file in ["encoder.pth", "depth.pth"] {
        fs::copy(Path::new(&run).join("checkpoints/step_000002").join(file), Path::new(&weights).join(file))
            .unwrap();
    }

    let info = |path: &str| -> serde_json::Value {
        let output = monoscope(&["info", "--weights", path, "--json"]);
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let whole = info(&run);
    assert_eq!(whole["networks"], "RT-MonoDepth-S, pose shared encoder of pairs");
    let alone = info(&weights);
    assert_eq!(alone["networks"], "RT-MonoDepth-S, no pose network");
    assert_eq!((alone["height"].as_u64(), alone["width"].as_u64()), (Some(48), Some(80)));
    let count = |report: &serde_json::Value, what: &str| report["tensors"][what].as_array().unwrap().len();
    assert_eq!(["loaded", "missing", "unused"].map(|what| count(&alone, what)), [35, 0, 0]);
    assert_eq!(count(&whole, "loaded"), 35 + 8);

    let picture = path("picture.png");
    image::RgbImage::from_fn(160, 96, |x, y| image::Rgb([x as u8, y as u8, 7])).save(&picture).unwrap();
    let predicted =
        monoscope(&["predict", &picture, "--weights", &weights, "--out", &out, "--npy", "--device", "cpu"]);
    assert!(predicted.status.success(), "{}", String::from_utf8_lossy(&predicted.stderr));
    let array = fs::read(Path::new(&out).join("picture_disp.npy")).unwrap();
    assert_eq!(read_array(&mut &array[..], array.len() as u64).unwrap().shape, [1, 1, 48, 80]);
    let scored = monoscope(&[
        "evaluate",
        "depth",
        "--data",
        "demo",
        "--weights",
        &weights,
        "--device",
        "cpu",
        "--json",
    ]);
    assert!(scored.status.success(), "{}", String::from_utf8_lossy(&scored.stderr));

    // Depth goes on from the weights, motion starts from scratch; other networks are refused.
    let started = train(&["--weights", &weights, "--out", &next]);
    assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
    let other = path("other");
    let arguments =
        [&["train"][..], &["--data", "demo", "--preset", "small", "--device", "cpu", "--steps", "1"]]
            .concat();
    let arguments = [&arguments[..], &["--weights", &weights, "--out", &other]].concat();
    refused(1, &["RT-MonoDepth-S", "ResNet18", "--models-to-load"], &arguments);
    assert!(!Path::new(&other).exists());
}

/// The first picture below a folder whose name begins so.
fn walk(folder: &Path, stem: &str) -> Option<String> {
    let mut entries: Vec<_> = fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries.iter().find_map(|path| {
        let is_picture = path.extension().is_some_and(|ending| ending == "png" || ending == "jpg");
        if path.is_dir() {
            walk(path, stem)
        } else {
            (is_picture && path.file_stem()? == stem).then(|| text(path).to_owned())
        }
    })
}

/// `.../DATE/DRIVE/image_02/data/0000000001.png` as a line of a split.
fn sample_of(picture: &str) -> String {
    let parts: Vec<&str> = picture.rsplit('/').collect();
    format!("{}/{} 1 l", parts[4], parts[3])
}

/// The scalars of the event file in a folder: step, tag, value. Checks every checksum.
fn event_file(folder: &Path) -> Vec<(u64, String, f32)> {
    let file = fs::read_dir(folder).unwrap().next().expect("an event file").unwrap().path();
    let bytes = fs::read(file).unwrap();
    let (mut scalars, mut rest) = (Vec::new(), &bytes[..]);
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        let checked = |bytes: &[u8], sum: &[u8]| {
            let crc = crc32c::crc32c(bytes);
            let masked = crc.rotate_right(15).wrapping_add(0xa282_ead8);
            assert_eq!(masked.to_le_bytes(), sum);
        };
        checked(&rest[..8], &rest[8..12]);
        let data = &rest[12..12 + length];
        checked(data, &rest[12 + length..16 + length]);
        let event = fields(data);
        let number = |field: &Field| match field {
            Field::Number(number) => *number,
            Field::Bytes(_) => panic!("no number"),
        };
        let step = event.iter().find(|(key, _)| *key == 2).map_or(0, |(_, step)| number(step));
        for (_, summary) in event.iter().filter(|(key, _)| *key == 5) {
            let Field::Bytes(summary) = summary else { panic!("no summary") };
            for (_, value) in fields(summary) {
                let Field::Bytes(value) = value else { panic!("no value") };
                let value = fields(&value);
                let Field::Bytes(tag) = &value[0].1 else { panic!("no tag") };
                let scalar = f32::from_bits(number(&value[1].1) as u32);
                scalars.push((step, String::from_utf8(tag.clone()).unwrap(), scalar));
            }
        }
        rest = &rest[16 + length..];
    }
    scalars
}

enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

/// The fields of a protocol buffer message, by number.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field)> {
    fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
        let (taken, rest) = bytes.split_first_chunk().unwrap();
        *bytes = rest;
        *taken
    }
    let variable = |bytes: &mut &[u8]| {
        let mut number = 0;
        for shift in (0..).step_by(7) {
            let [byte] = take(bytes);
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        number
    };
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = variable(&mut bytes);
        let field = match key & 7 {
            0 => Field::Number(variable(&mut bytes)),
            1 => Field::Number(u64::from_le_bytes(take(&mut bytes))),
            5 => Field::Number(u64::from(u32::from_le_bytes(take(&mut bytes)))),
            _ => {
                let length = variable(&mut bytes) as usize;
                let (taken, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(taken.to_vec())
            }
        };
        fields.push((key >> 3, field));
    }
    fields
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
fn depth_is_evaluated_kept_and_evaluated_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let [drive, truth, kept, table, server] =
        ["drive", "truth.npz", "kept.npy", "table.csv", "server"].map(path);
    let done = |arguments: &[&str]| -> String {
        let output = monoscope(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    done(&["demo-data", "--out", &drive, "--frames", "10"]);
    let split = format!("{drive}/splits");
    let data = ["--data", &drive, "--split", &split];
    let made =
        done(&[&["ground-truth"][..], &data, &["--out", &truth, "--convention", "z", "--json"]].concat());
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    assert_eq!((&made["frames"], &made["convention"]), (&1.into(), &"z".into()));

    let weights = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo.safetensors");
    let score = |more: &[&str]| -> serde_json::Value {
        let evaluate = ["evaluate", "depth", "--device", "cpu", "--json"];
        serde_json::from_str(&done(&[&evaluate[..], &data, more].concat())).unwrap()
    };
    let network = ["--weights", weights, "--post-process", "--stereo", "--ground-truth", "z"];
    let first = score(&[&network[..], &["--save-disparities", &kept, "--csv", &table]].concat());
    let again = score(&["--disparities", &kept, "--stereo", "--ground-truth", &truth]);
    for name in ["abs_rel", "rmse", "a1", "ratio_median", "images"] {
        assert_eq!(first[name], again[name], "{name}");
    }
    let protocol = first["protocol"].as_str().unwrap();
    for said in
        ["1 images (PNG)", "camera's axis (z)", "mirror images", "no median scaling, depth × 5.4", "Garg"]
    {
        assert!(protocol.contains(said), "{protocol}");
    }
    assert!(first["per_image"][0]["pixels"].as_u64().unwrap() > 100);
    assert_eq!(fs::read_to_string(&table).unwrap().lines().count(), 2);

    let pictures = format!("{drive}/demo/demo_drive_0001_sync/image_02/data");
    let export = ["evaluate", "benchmark", "--scale-factor", "5.4", "--device", "cpu", "--weights", weights];
    done(&[&export[..], &["--out", &server, &pictures]].concat());
    let depth = image::open(format!("{server}/0000000009.png")).unwrap().into_luma16();
    assert_eq!(depth.dimensions(), (1216, 352));
    assert!(depth.pixels().all(|pixel| (1..=80 * 256).contains(&pixel.0[0])));

    let refusal =
        [&["evaluate", "depth", "--weights", weights, "--stereo", "--scaling", "median"][..], &data];
    refused(2, &["--scaling"], &refusal.concat());
}

#[test]
fn the_objective_is_few_kernels_on_the_gpu_backend() {
    if gpu().is_none() {
        return;
    }
    let report = bench(&["objective", "--kernels", "--device", "gpu"]);
    let objective = &report["results"][0];
    let launches = objective["launches"].as_u64().unwrap();
    // Composed of burn's operations it is above two thousand.
    assert!((50..400).contains(&launches), "{launches} launches");

    let kernels = objective["kernels"].as_array().unwrap();
    let sum = |what: &str| kernels.iter().map(|kernel| kernel[what].as_f64().unwrap()).sum::<f64>();
    assert_eq!(sum("launches"), launches as f64);
    assert!((sum("share") - 1.0).abs() < 1e-9 && sum("milliseconds") > 0.0);
    assert!(kernels.iter().all(|kernel| !kernel["name"].as_str().unwrap().is_empty()));
    assert!(["device", "host"].contains(&objective["kernel_clock"].as_str().unwrap()));
}

fn bench(arguments: &[&str]) -> serde_json::Value {
    let size = ["--height", "64", "--width", "64", "--runs", "1", "--json"];
    let output = monoscope(&[&["bench"][..], arguments, &size].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_step_and_its_optimiser_have_a_floor() {
    let report = bench(&["step", "predict", "optimiser", "--device", "cpu"]);
    let of = |work: usize, what: &str| report["results"][work][what].as_f64().unwrap();
    // By the shapes of the layers: encoder, decoder and pose network at 64×64, counted by hand.
    assert_eq!(of(1, "multiply_adds"), 64.0 * 64.0 * 65_214.0);
    assert_eq!(of(0, "multiply_adds"), 64.0 * 64.0 * (3.0 * 144_772.0 - 11_760.0));
    assert_eq!(of(0, "update_bytes"), of(2, "update_bytes"));
    // 26.8 million weights, 28 bytes each.
    assert!((26e6 * 28.0..28e6 * 28.0).contains(&of(2, "update_bytes")), "{}", of(2, "update_bytes"));
    for work in 0..3 {
        let share = of(work, "floor_seconds") / of(work, "seconds");
        assert!((of(work, "floor_share") - share).abs() < 1e-9 * share);
    }
}

#[test]
fn frames_are_drawn_while_steps_run() {
    if gpu().is_none() {
        return;
    }
    let report = bench(&["together", "--device", "gpu"]);
    let together = &report["results"][0];
    let of = |what: &str| together[what].as_f64().unwrap();
    assert!(of("frames") >= 1.0 && of("steps") >= 1.0, "{together}");
    assert!(
        0.0 < of("frame_p50_milliseconds") && of("frame_p50_milliseconds") <= of("frame_p99_milliseconds")
    );
    assert!((of("step_slowdown") - of("step_seconds") / of("step_alone_seconds")).abs() < 1e-9);
    assert!(of("throttle_waits") >= 1.0, "{together}");
}

#[test]
fn the_environment_stays_as_it_is_and_libraries_print_nothing() {
    let output = Command::new(env!("CARGO_BIN_EXE_monoscope"))
        .args(["info", "--json"])
        .env_remove("XDG_RUNTIME_DIR")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    // Mesa's Vulkan layer asks libwayland, which misses the variable.
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
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

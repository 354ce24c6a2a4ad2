//! Several commands in sequence, each on what the one before wrote.

use super::{monoscope, refused, text};
use monoscope::data::arrays::npy::read_array;
use std::{fs, path::Path};

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

//! Metres per unit: exact depth in an unknown unit must give the unit back, by every way.

use crate::{
    cli::{monoscope, refused, text},
    exports::DEMO_WEIGHTS,
    support::{Arrays, safetensors_bytes},
};
use glam::DVec3;
use monoscope::{
    config::ImageSize,
    data::{
        FrameKey, FrameSource, Side,
        synthetic::{BuiltInDrive, DriveOptions},
    },
    evaluate::{find_road, scale_from_depth, summarise},
    geometry::GroundPlane,
    model::weights::MetricScale,
};
use std::{fs, path::Path};

/// Divisor of the depths in these tests, metres per unit.
const FACTOR: f64 = 17.3;

fn drive() -> BuiltInDrive {
    BuiltInDrive::new(DriveOptions { size: ImageSize { height: 96, width: 320 }, ..DriveOptions::default() })
}

fn key(drive: &BuiltInDrive, frame: u32) -> FrameKey {
    FrameKey { folder: drive.drives()[0].folder.clone(), frame, side: Side::Left }
}

#[test]
fn exact_depth_in_an_unknown_unit_gives_the_unit_by_medians_and_by_the_road() {
    let drive = drive();
    let (mut by_medians, mut by_road) = (Vec::new(), Vec::new());
    for frame in [0, 20, 40, 60, 80] {
        let key = key(&drive, frame);
        let truth = drive.depth(&key).unwrap().unwrap();
        let predicted: Vec<f32> = truth.metres.iter().map(|depth| depth / FACTOR as f32).collect();
        by_medians.push(scale_from_depth(&predicted, &truth).unwrap());
        let size = ImageSize { height: truth.height, width: truth.width };
        if let Some(road) = find_road(&predicted, size, drive.intrinsics(&key)) {
            println!("frame {frame}: {} with {}", 1.65 / road.camera_height(), road.inlier_share);
            by_road.push(1.65 / road.camera_height());
        }
    }
    let scale = summarise(&by_medians, "exact depth".to_owned()).unwrap();
    assert!((scale.metres_per_unit / FACTOR - 1.0).abs() < 1e-5 && scale.spread.unwrap() < 1e-5);
    assert!(by_road.len() >= 3, "the road is seen in {} of 5 frames", by_road.len());
    let scale = summarise(&by_road, "the road".to_owned()).unwrap();
    assert!((scale.metres_per_unit / FACTOR - 1.0).abs() < 0.03, "{scale}");
    assert!(summarise(&[], String::new()).is_none());
}

#[test]
fn the_ground_is_found_among_walls_and_a_wall_alone_is_none() {
    let at = |index: usize, step: usize| (index * step % 97) as f64 / 97.0;
    let road = (0..300).map(|index| {
        let (x, z) = (8.0 * at(index, 31) - 4.0, 5.0 + 20.0 * at(index, 53));
        DVec3::new(x, 1.5 + 0.02 * x - 0.01 * z, z)
    });
    let wall: Vec<DVec3> = (0..200)
        .map(|index| DVec3::new(5.0, 3.0 * at(index, 41) - 2.0, 5.0 + 20.0 * at(index, 59)))
        .collect();
    let both: Vec<DVec3> = road.chain(wall.iter().copied()).collect();
    let plane = GroundPlane::fit(&both, 1).unwrap();
    assert!((plane.camera_height() - 1.5).abs() < 0.02, "{plane:?}");
    assert!((0.6..0.7).contains(&plane.inlier_share), "{plane:?}");
    assert!(GroundPlane::fit(&wall, 1).is_none_or(|plane| plane.inlier_share < 0.4));
    assert!(GroundPlane::fit(&both[..20], 1).is_none());
}

#[test]
fn a_scale_stands_beside_the_weights_and_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("net.safetensors");
    fs::write(&file, "weights").unwrap();
    assert_eq!(MetricScale::of(&file, Some(false)).unwrap(), None);
    let assumed = MetricScale::of(&file, Some(true)).unwrap().unwrap();
    assert!((assumed.metres_per_unit - 5.4).abs() < 1e-6 && assumed.origin.contains("assumed"));
    let scale = MetricScale { spread: Some(0.02), frames: Some(7), ..MetricScale::stated(12.5, "a ruler") };
    for (weights, name) in [(file.as_path(), "net.scale.toml"), (folder.path(), "scale.toml")] {
        assert_eq!(scale.write(weights).unwrap(), folder.path().join(name));
        assert_eq!(MetricScale::of(weights, Some(true)).unwrap().as_ref(), Some(&scale));
    }
    assert_eq!(scale.to_string(), "12.5000 metres per unit, from a ruler (7 frames, spread 2.0 %)");
    assert_eq!(fs::read(&file).unwrap(), b"weights");
    for text in ["metres_per_unit = -1\norigin = 'x'", "metres_per_unit = 3", "metres = 3"] {
        fs::write(folder.path().join("scale.toml"), text).unwrap();
        let error = MetricScale::of(folder.path(), Some(true)).unwrap_err().to_string();
        assert!(error.contains("scale.toml") && error.contains("calibrate"), "{error}");
    }
}

/// Demo weights in their own folder, and as weights that do not state whether they were trained with stereo pairs.
fn weights_in(folder: &Path) -> [std::path::PathBuf; 2] {
    let [stereo, silent] = ["stereo.safetensors", "silent.safetensors"].map(|name| folder.join(name));
    fs::copy(DEMO_WEIGHTS, &stereo).unwrap();
    let arrays = Arrays::open(Path::new(DEMO_WEIGHTS));
    let named = arrays.names().into_iter().map(|name| {
        let (shape, values) = arrays.get(&name);
        (name, shape, values)
    });
    fs::write(&silent, safetensors_bytes(named, None)).unwrap();
    [stereo, silent]
}

#[test]
fn a_known_distance_is_what_predict_then_writes() {
    let folder = tempfile::tempdir().unwrap();
    let [weights, _] = weights_in(folder.path());
    let out = folder.path().join("out");
    let picture = folder.path().join("a street.png");
    let drive = drive();
    drive.image(&key(&drive, 5)).unwrap().save(&picture).unwrap();
    let known = format!("{} 160 80 7.25", picture.display());
    let calibrated = monoscope(&[
        "calibrate",
        "--weights",
        text(&weights),
        "--known",
        &known,
        "--device",
        "cpu",
        "--json",
    ]);
    assert!(calibrated.status.success(), "{}", String::from_utf8_lossy(&calibrated.stderr));
    let report: serde_json::Value = serde_json::from_slice(&calibrated.stdout).unwrap();
    assert_eq!(report["scale"]["origin"], "1 known distance");
    let arguments = ["predict", text(&picture), "--weights", text(&weights), "--png16", "--device", "cpu"];
    let predicted = monoscope(&[&arguments[..], &["--out", text(&out)]].concat());
    assert!(predicted.status.success(), "{}", String::from_utf8_lossy(&predicted.stderr));
    assert!(String::from_utf8_lossy(&predicted.stdout).contains("from 1 known distance"));
    let depth = image::open(out.join("a street_depth.png")).unwrap().into_luma16();
    assert!((f32::from(depth.get_pixel(160, 80).0[0]) / 256.0 - 7.25).abs() <= 1.0 / 256.0);

    let stereo = ["calibrate", "--stereo-baseline", "0.12", "--weights", text(&weights), "--device", "cpu"];
    let output = monoscope(&stereo);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with("1.2000 metres per unit") && said.contains("before: "), "{said}");
}

#[test]
fn metres_that_nothing_tells_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [_, silent] = weights_in(folder.path());
    let silent = text(&silent);
    let (picture, out) = (folder.path().join("picture.png"), folder.path().join("out"));
    image::RgbImage::new(64, 48).save(&picture).unwrap();
    let predict = ["predict", text(&picture), "--weights", silent, "--device", "cpu", "--out", text(&out)];
    refused(2, &["--depth-npy", "up to a factor", "calibrate"], &[&predict[..], &["--depth-npy"]].concat());
    assert!(!out.exists());
    refused(1, &["camera.toml", "--field-of-view"], &[&predict[..], &["--ply"]].concat());
    let calibrate = ["calibrate", "--weights", silent, "--device", "cpu"];
    let check = |code, words: &[&str], more: &[&str]| refused(code, words, &[&calibrate[..], more].concat());
    check(2, &["--camera-height"], &[]);
    check(1, &["stereo pairs"], &["--stereo-baseline", "0.54"]);
    check(1, &["outside"], &["--known", &format!("{} 64 0 3", picture.display())]);
    let frames = folder.path().join("frames");
    fs::create_dir(&frames).unwrap();
    fs::copy(&picture, frames.join("0.png")).unwrap();
    fs::write(frames.join("1.png"), "no picture").unwrap();
    let of_frames = ["--data", text(&frames), "--field-of-view", "90"];
    check(1, &["measured depth"], &of_frames);
    assert!(!folder.path().join("silent.scale.toml").exists());
    // A frame that cannot be read is passed over. Of a black one these networks believe that it has a road.
    let output = monoscope(&[&calibrate[..], &of_frames, &["--camera-height", "1.5"]].concat());
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 of 2 frames"));
    assert!(String::from_utf8_lossy(&output.stderr).contains("1.png"));
}

/// Trains for one step on stereo pairs of our own with this camera; returns what was said.
fn train_on_own_pairs(folder: &Path, camera: &str) -> String {
    let (pair, run) = (folder.join("pair"), folder.join("run"));
    let size = ImageSize { height: 64, width: 96 };
    let drive = BuiltInDrive::new(DriveOptions { frames: 5, size, ..DriveOptions::default() });
    for (side, name) in [(Side::Left, "left"), (Side::Right, "right")] {
        fs::create_dir_all(pair.join(name)).unwrap();
        for key in drive.drives()[0].keys(side) {
            let file = pair.join(name).join(format!("{:03}.png", key.frame));
            drive.image(&key).unwrap().save(file).unwrap();
        }
    }
    fs::write(pair.join("camera.toml"), camera).unwrap();
    let train =
        ["train", "--data", text(&pair), "--out", text(&run), "--preset", "stereo", "--device", "cpu"];
    let small = ["--height", "64", "--width", "96", "--steps", "1", "--batch-size", "1"];
    let trained = monoscope(&[&train[..], &small].concat());
    let said = String::from_utf8_lossy(&trained.stderr).into_owned();
    assert!(trained.status.success(), "{said}");
    said
}

#[test]
fn stereo_cameras_at_an_unknown_distance_give_no_metres() {
    let folder = tempfile::tempdir().unwrap();
    let said = train_on_own_pairs(folder.path(), "field_of_view = 82\n");
    assert!(said.contains("write baseline_metres to its camera.toml"), "{said}");
    let (run, out) = (folder.path().join("run"), folder.path().join("out"));
    let picture = folder.path().join("pair/left/000.png");
    let predict =
        ["predict", text(&picture), "--weights", text(&run), "--out", text(&out), "--device", "cpu"];
    let said = String::from_utf8_lossy(&monoscope(&predict).stdout).into_owned();
    assert!(said.contains("unit of depth: relative, up to scale"), "{said}");
    let output = monoscope(&[&predict[..], &["--depth-npy"]].concat());
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("the distance of their stereo cameras is not given"), "{said}");
    // Nor in another form.
    let joined = folder.path().join("joined.safetensors");
    assert!(monoscope(&["convert", "--weights", text(&run), "--out", text(&joined)]).status.success());
    assert_eq!(MetricScale::of(&joined, Some(true)).unwrap(), None);
    let calibrate = ["calibrate", "--weights", text(&run), "--stereo-baseline", "0.12", "--device", "cpu"];
    assert!(monoscope(&calibrate).status.success());
    let said = String::from_utf8_lossy(&monoscope(&predict).stdout).into_owned();
    assert!(said.contains("1.2000 metres per unit"), "{said}");
}

#[test]
fn the_distance_of_own_stereo_cameras_sets_the_scale_of_every_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let (pair, run) = (folder.path().join("pair"), folder.path().join("run"));
    train_on_own_pairs(folder.path(), "field_of_view = 82\nbaseline_metres = 0.12\n");
    for name in ["step_000000", "step_000001"] {
        let scale = MetricScale::read(&run.join("checkpoints").join(name)).unwrap().unwrap();
        assert!(
            (scale.metres_per_unit - 1.2).abs() < 1e-6 && scale.origin.contains("0.12 m apart"),
            "{scale}"
        );
    }
    // Networks that have seen nothing yet are not blamed on the frames, and the measurement is for one checkpoint.
    let calibrate = ["calibrate", "--weights", text(&run), "--device", "cpu", "--data", text(&pair)];
    let output = monoscope(&[&calibrate[..], &["--camera-height", "1.65"]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("hardly trained") && !said.contains("shows a flat road"), "{said}");
    let output =
        monoscope(&["calibrate", "--weights", text(&run), "--stereo-baseline", "0.2", "--device", "cpu"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("2.0000 metres per unit") && said.contains("it counts for this checkpoint"),
        "{said}"
    );
}

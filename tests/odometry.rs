//! Paths against the reference, against errors computed by hand, and through the command line.

use crate::support::{Arrays, shared};
use burn::tensor::Device;
use glam::{DAffine3, DMat3, DMat4, DQuat, DVec3};
use monoscope::{
    config::{ImageSize, NetworkConfig, ObjectiveConfig, PoseModelInput, PoseModelType},
    data::{
        FrameSource, Side,
        arrays::npy::read_array,
        image,
        kitti::KittiRaw,
        poses::{self, PoseForm},
        synthetic::{BuiltInDrive, DriveOptions},
    },
    evaluate::OdometryEvaluation,
    geometry::trajectory::{
        Alignment, Drift, RelativePoseError, Similarity, absolute_error, distances, from_first_pose,
        motions_of_path, path_of_motions, snippet_errors,
    },
    model::{Architecture, Networks, weights},
    predict::MotionPredictor,
};
use std::{fs, path::Path, process::Command};

/// True path of the built-in drive.
pub fn street() -> Vec<DAffine3> {
    let drive = BuiltInDrive::default();
    drive.true_poses(&drive.drives()[0], Side::Left).unwrap().by_frame.into_values().collect()
}

/// Path along the ground at this speed in metres per frame, turning by this number of degrees per frame.
pub fn arc(frames: usize, speed: f64, degrees: f64) -> Vec<DAffine3> {
    let turn = DMat3::from_rotation_y(degrees.to_radians());
    let step = DAffine3::from_mat3_translation(turn, turn * DVec3::Z * speed);
    path_of_motions(&vec![step.inverse(); frames - 1])
}

pub fn similarity() -> Similarity {
    let rotation = DMat3::from_quat(DQuat::from_axis_angle(DVec3::new(1.0, 2.0, -0.5).normalize(), 2.1));
    Similarity { scale: 0.37, rotation, translation: DVec3::new(5.0, -70.0, 11.0) }
}

pub fn moved(path: &[DAffine3], similarity: &Similarity) -> Vec<DAffine3> {
    path.iter().map(|pose| similarity.apply(pose)).collect()
}

fn motions(arrays: &Arrays, name: &str) -> Vec<DAffine3> {
    let (shape, values) = arrays.doubles(name);
    assert_eq!(shape[1..], [4, 4]);
    let (matrices, _) = values.as_chunks::<16>();
    matrices.iter().map(|m| DAffine3::from_mat4(DMat4::from_cols_array(m).transpose())).collect()
}

#[test]
fn snippets_score_as_in_the_reference() {
    let arrays = Arrays::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/odometry.safetensors"));
    let predicted = motions(&arrays, "odometry.pred_relative");
    let truth = motions(&arrays, "odometry.gt_relative");
    let errors = snippet_errors(&predicted, &truth);
    let (_, expected) = arrays.doubles("odometry.ate");
    assert_eq!(errors.len(), expected.len());
    for (start, (error, expected)) in errors.iter().zip(&expected).enumerate() {
        assert!((error - expected).abs() < 1e-9, "snippet {start}: {error} is not {expected}");
    }
    let evaluation =
        OdometryEvaluation::compare(&path_of_motions(&predicted), &path_of_motions(&truth)).unwrap();
    let (_, mean_std) = arrays.doubles("odometry.ate_mean_std");
    assert!((evaluation.ate_mean - mean_std[0]).abs() < 1e-9, "{}", evaluation.ate_mean);
    assert!((evaluation.ate_std - mean_std[1]).abs() < 1e-9, "{}", evaluation.ate_std);
}

#[test]
fn motions_chain_to_the_path_that_they_come_from() {
    let path = street();
    let again = path_of_motions(&motions_of_path(&path));
    for (pose, again) in from_first_pose(&path).iter().zip(&again) {
        assert!(pose.abs_diff_eq(*again, 1e-10), "{pose} is not {again}");
    }
    let forward = motions_of_path(&path)[0].translation.z;
    assert!(forward < -0.5, "driving on, points come nearer: {forward}");
    assert_eq!(distances(&arc(4, 2.0, 0.0)), [0.0, 2.0, 4.0, 6.0]);
}

#[test]
fn the_true_path_has_no_error() {
    let path = street();
    let evaluation = OdometryEvaluation::compare(&from_first_pose(&path), &path).unwrap();
    assert!(evaluation.ate_mean < 1e-12 && evaluation.ate_std < 1e-12, "{evaluation:?}");
    for alignment in Alignment::ALL {
        let error = evaluation.aligned(alignment);
        assert!(error.ate_metres < 1e-10 && (error.scale - 1.0).abs() < 1e-12, "{alignment:?}: {error:?}");
    }
    assert_eq!((evaluation.poses, evaluation.snippets), (91, 90));
    assert!((80.0..100.0).contains(&evaluation.metres), "{}", evaluation.metres);
    assert_eq!(evaluation.scaled.translation_percent, None, "90 m are too short for drift");
    let json = serde_json::to_value(&evaluation).unwrap();
    assert!(json["scaled"]["translation_percent"].is_null() && json["protocol"].is_string());
}

#[test]
fn a_path_wrong_by_a_factor_is_right_after_scaling() {
    let truth = street();
    let double = Similarity { scale: 2.0, rotation: DMat3::IDENTITY, translation: DVec3::ZERO };
    let predicted = moved(&from_first_pose(&truth), &double);
    let evaluation = OdometryEvaluation::compare(&predicted, &truth).unwrap();
    // Every position is off by its distance from the start.
    let start = truth[0].translation;
    let squares = truth.iter().map(|pose| pose.translation.distance_squared(start));
    let expected = (squares.sum::<f64>() / truth.len() as f64).sqrt();
    assert!((evaluation.first_pose.ate_metres - expected).abs() < 1e-9, "{evaluation:?}");
    assert!(evaluation.ate_mean < 1e-12, "snippets are scaled each");
    for error in [evaluation.scaled, evaluation.similarity] {
        assert!(error.ate_metres < 1e-9 && (error.scale - 0.5).abs() < 1e-12, "{error:?}");
    }
}

#[test]
fn drift_agrees_with_a_calculation_by_hand() {
    // 1 km straight on; the prediction is a hundredth too long.
    let truth = arc(1001, 1.0, 0.0);
    let long = Similarity { scale: 1.01, rotation: DMat3::IDENTITY, translation: DVec3::ZERO };
    let drift = Drift::between(&moved(&truth, &long), &truth).unwrap();
    // A subsequence ends a frame beyond its length, so 100 m are 101 m of 1.01 m: 1.01 m off.
    let starts: Vec<usize> = (0..=1000).step_by(10).collect();
    let lengths = |start: usize| (1..=8).map(|n| 100 * n).filter(move |length| start + length < 1000);
    let all: Vec<f64> = starts
        .iter()
        .flat_map(|start| lengths(*start).map(|length| (length as f64 + 1.0) / length as f64))
        .collect();
    assert_eq!(drift.subsequences, all.len());
    let expected = all.iter().sum::<f64>() / all.len() as f64;
    assert!((drift.translation_percent - expected).abs() < 1e-9, "{drift:?} instead of {expected}");
    assert!(drift.rotation_degrees_per_metre < 1e-9, "{drift:?}");

    // 110 m straight on; the prediction turns by a hundredth of a degree a frame. Of the subsequences that
    // begin at frame 0 and end at 101 the first alone is long enough.
    let truth = arc(106, 1.0, 0.0);
    let turned = arc(106, 1.0, 0.01);
    let drift = Drift::between(&turned, &truth).unwrap();
    assert_eq!(drift.subsequences, 1);
    assert!((drift.rotation_degrees_per_metre - 1.01 / 100.0).abs() < 1e-9, "{drift:?}");
    let end = turned[101].translation - DVec3::Z * 101.0;
    assert!((drift.translation_percent - end.length()).abs() < 1e-3, "{drift:?} instead of {end}");
    assert_eq!(Drift::between(&arc(101, 1.0, 0.0), &arc(101, 1.0, 0.0)), None, "100 m are not beyond 100 m");
}

#[test]
fn a_known_similarity_is_found() {
    let truth = from_first_pose(&street());
    let known = similarity();
    let found = Similarity::between(&truth, &moved(&truth, &known), Alignment::Similarity);
    assert!((found.scale - known.scale).abs() < 1e-9, "{found:?}");
    assert!(found.rotation.abs_diff_eq(known.rotation, 1e-6), "{found:?}");
    assert!(found.translation.abs_diff_eq(known.translation, 1e-6), "{found:?}");
    // A path in a plane, a straight line and a camera that stands still have a best rotation, never a reflection.
    for path in [arc(50, 1.0, 3.0), arc(50, 1.0, 0.0), arc(50, 0.0, 0.0)] {
        let goal = moved(&path, &known);
        let found = Similarity::between(&path, &goal, Alignment::Similarity);
        assert!((found.rotation.determinant() - 1.0).abs() < 1e-9, "{found:?}");
        assert!(absolute_error(&moved(&path, &found), &goal) < 1e-9, "{found:?}");
    }
}

/// A winding path with a bent, tilted and shrunken prediction of it in another world, by formulas that other programs can
/// repeat.
fn winding() -> (Vec<DAffine3>, Vec<DAffine3>) {
    let yaw = |s: f64| 0.4 * (s / 40.0).sin();
    let truth = |s: f64| {
        let position = DVec3::new(20.0 * (s / 50.0).sin(), 0.5 * (s / 17.0).sin(), s);
        DAffine3::from_mat3_translation(DMat3::from_rotation_y(yaw(s)), position)
    };
    let axis = DVec3::new(0.6, 0.8, 0.0);
    let world =
        DAffine3::from_mat3_translation(DMat3::from_axis_angle(axis, 1.1), DVec3::new(3.0, -4.0, 5.0));
    let predicted = |s: f64| {
        let tilt = DMat3::from_rotation_x(0.01 * (s / 9.0).sin());
        let position = truth(s).translation + DVec3::new(0.0008 * s * s, 0.002 * s, 0.3 * (s / 6.0).sin());
        world
            * DAffine3::from_mat3_translation(
                DMat3::from_rotation_y(yaw(s) + 0.0007 * s) * tilt,
                0.31 * position,
            )
    };
    let steps = || (0..260).map(f64::from);
    (steps().map(predicted).collect(), steps().map(truth).collect())
}

#[test]
fn figures_agree_with_a_second_implementation() {
    // Scale, ATE, RPE in metres and degrees, drift in % and degrees in 100 m: computed once with NumPy from the definitions,
    // with 4×4 matrices and the rotation by singular values.
    let expected = [
        [1.000000000, 104.402007787, 0.719790573, 0.059333545, 69.283514791, 3.917395605],
        [1.000000000, 53.144644918, 0.719790573, 0.059333545, 69.283514791, 3.917395605],
        [3.168815412, 23.923278383, 0.126112089, 0.059333545, 15.480159354, 3.917395605],
        [3.268341270, 24.373577577, 0.127365884, 0.059333545, 15.401918379, 3.917395605],
        [3.268341270, 4.216218801, 0.127365884, 0.059333545, 15.401918379, 3.917395605],
    ];
    let (predicted, truth) = winding();
    let evaluation = OdometryEvaluation::compare(&predicted, &truth).unwrap();
    for (alignment, expected) in Alignment::ALL.into_iter().zip(expected) {
        let error = evaluation.aligned(alignment);
        let found = [
            error.scale,
            error.ate_metres,
            error.rpe_metres,
            error.rpe_degrees,
            error.translation_percent.unwrap(),
            error.rotation_degrees_per_100_metres.unwrap(),
        ];
        for (found, expected) in found.into_iter().zip(expected) {
            assert!(
                (found - expected).abs() < 1e-6 * expected.max(1.0),
                "{alignment:?}: {found} is not {expected}"
            );
        }
    }
}

#[test]
fn relative_errors_are_those_of_each_motion() {
    // Each motion is a twentieth too long and turns by a degree too much.
    let (truth, predicted) = (arc(20, 1.0, 0.0), arc(20, 1.05, 1.0));
    let error = RelativePoseError::between(&predicted, &truth).unwrap();
    let [sine, cosine] = [1.0_f64.to_radians().sin(), 1.0_f64.to_radians().cos()];
    let expected = DVec3::new(1.05 * sine, 0.0, 1.05 * cosine - 1.0).length();
    assert!((error.metres - expected).abs() < 1e-12 && (error.degrees - 1.0).abs() < 1e-9, "{error:?}");
    assert_eq!(RelativePoseError::between(&truth[..1], &truth[..1]), None);
    // A rigid motion of the whole path changes no motion; a scale changes their lengths alone.
    let (path, known) = (arc(50, 1.0, 3.0), similarity());
    let rigid = Similarity { scale: 1.0, ..known };
    let same = OdometryEvaluation::compare(&moved(&path, &rigid), &path).unwrap();
    assert!(same.rigid.ate_metres < 1e-9 && same.rigid.scale == 1.0, "{:?}", same.rigid);
    assert!(same.first_pose.rpe_metres < 1e-9 && same.first_pose.rpe_degrees < 1e-5, "{:?}", same.first_pose);
    let scaled = OdometryEvaluation::compare(&moved(&path, &known), &path).unwrap();
    let shorter = 1.0 - known.scale;
    assert!((scaled.rigid.rpe_metres - shorter).abs() < 1e-9, "{:?}", scaled.rigid);
    assert!((scaled.first_pose.rpe_metres - shorter).abs() < 1e-9, "{:?}", scaled.first_pose);
    for error in [scaled.scaled, scaled.similarity_scale, scaled.similarity] {
        assert!(error.rpe_metres < 1e-9 && (error.scale - 1.0 / known.scale).abs() < 1e-9, "{error:?}");
    }
}

#[test]
#[ignore = "needs ../shared/kitti: frames of real drives"]
fn the_path_of_a_real_drive_is_that_of_the_reference() {
    let (root, file) = (shared("kitti"), shared("kitti/golden/poses_cam2_2011_09_26_drive_0002_sync.txt"));
    let raw = KittiRaw::open(&root).unwrap();
    let drive = raw.drives().iter().find(|drive| drive.folder.contains("0002")).unwrap();
    let path: Vec<DAffine3> = raw.true_poses(drive, Side::Left).unwrap().by_frame.into_values().collect();
    let expected = from_first_pose(&poses::read(&file).unwrap().poses);
    assert_eq!(path.len(), expected.len());
    for (pose, expected) in from_first_pose(&path).iter().zip(&expected) {
        assert!(pose.matrix3.abs_diff_eq(expected.matrix3, 1e-8), "{pose} is not {expected}");
        // The reference leaves out the 3 mm by which the camera stands before the reference camera.
        assert!(pose.translation.abs_diff_eq(expected.translation, 1e-4), "{pose} is not {expected}");
    }
}

#[test]
fn each_pose_network_of_pairs_walks_and_others_say_why_not() {
    let device = Device::flex();
    let size = ImageSize { height: 64, width: 96 };
    let drive = BuiltInDrive::new(DriveOptions { frames: 4, size, ..DriveOptions::default() });
    let keys: Vec<_> = drive.drives()[0].keys(Side::Left).collect();
    let objective = ObjectiveConfig::default();
    let networks = |network: &NetworkConfig, objective: &ObjectiveConfig| {
        Networks::new(&Architecture::new(network, objective).unwrap(), 3, &device)
    };
    let config = NetworkConfig { num_layers: 18, ..NetworkConfig::default() };
    for pose_model_type in [PoseModelType::SeparateResnet, PoseModelType::Shared, PoseModelType::Posecnn] {
        let networks = networks(&NetworkConfig { pose_model_type, ..config.clone() }, &objective);
        let mut predictor = MotionPredictor::new(networks, size, &objective, &device).unwrap();
        let first = predictor.motion(&drive, &keys[0], &keys[1]).unwrap();
        let second = predictor.motion(&drive, &keys[1], &keys[2]).unwrap();
        let again = predictor.motion(&drive, &keys[0], &keys[1]).unwrap();
        assert_eq!(first, again, "{pose_model_type:?}: what was seen before does not matter");
        assert!((first.matrix3.determinant() - 1.0).abs() < 1e-5 && first != second, "{pose_model_type:?}");
    }
    let all = NetworkConfig { pose_model_input: PoseModelInput::All, ..config.clone() };
    let refusal = |networks| {
        MotionPredictor::new(networks, size, &objective, &device)
            .err()
            .map(|error| error.to_string())
            .unwrap()
    };
    assert!(refusal(networks(&all, &objective)).contains("3 frames of a sample at once"));
    let stereo = ObjectiveConfig {
        frame_ids: vec![monoscope::config::FrameId::TARGET, monoscope::config::FrameId::Stereo],
        ..ObjectiveConfig::default()
    };
    assert!(refusal(networks(&config, &stereo)).contains("no pose network"));
}

/// Runs `evaluate odometry`: exit code, stdout and stderr.
fn evaluate_odometry(arguments: &[&str]) -> (i32, String, String) {
    let program = env!("CARGO_BIN_EXE_monoscope");
    let output = Command::new(program).args(["evaluate", "odometry"]).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_pose_network_is_scored_on_a_sequence_and_its_saved_path_scores_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let size = ImageSize { height: 64, width: 96 };
    let drive = BuiltInDrive::new(DriveOptions { frames: 7, size, ..DriveOptions::default() });
    let sequence = folder.path().join("odometry/sequences/07");
    fs::create_dir_all(sequence.join("image_2")).unwrap();
    let keys: Vec<_> = drive.drives()[0].keys(Side::Left).collect();
    for key in &keys {
        let file = sequence.join(format!("image_2/{:06}.png", key.frame));
        image::write(&file, &drive.image(key).unwrap()).unwrap();
    }
    let [focal_x, focal_y, centre_x, centre_y] = drive.intrinsics(&keys[0]).in_pixels(96, 64);
    let camera = format!("{focal_x} 0 {centre_x} 0 0 {focal_y} {centre_y} 0 0 0 1 0");
    let lines: Vec<String> = (0..4).map(|number| format!("P{number}: {camera}\n")).collect();
    fs::write(sequence.join("calib.txt"), lines.concat()).unwrap();
    let truth: Vec<DAffine3> =
        drive.true_poses(&drive.drives()[0], Side::Left).unwrap().by_frame.into_values().collect();
    fs::create_dir_all(folder.path().join("odometry/poses")).unwrap();
    let true_file = path("odometry/poses/07.txt");
    poses::write(Path::new(&true_file), PoseForm::Kitti, &from_first_pose(&truth), &[0.0; 7]).unwrap();
    let config = NetworkConfig { num_layers: 18, ..NetworkConfig::default() };
    let architecture = Architecture::new(&config, &ObjectiveConfig::default()).unwrap();
    let device = Device::flex();
    fs::create_dir(folder.path().join("weights")).unwrap();
    weights::save(&folder.path().join("weights"), &Networks::new(&architecture, 3, &device), size, false)
        .unwrap();

    let (data, networks, out) = (path("odometry"), path("weights"), path("out"));
    let arguments = ["--data", &data, "--sequence", "07", "--weights", &networks, "--out", &out, "--json"];
    let (code, report, stderr) = evaluate_odometry(&[&arguments[..], &["--device", "cpu"]].concat());
    assert_eq!(code, 0, "{stderr}");
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["poses"], &report["snippets"]), (&7.into(), &6.into()), "{report}");
    assert!(report["ate_mean"].as_f64().unwrap() > 0.0, "{report}");

    for form in ["out/poses_kitti.txt", "out/poses_tum.txt"] {
        let found = poses::read(Path::new(&path(form))).unwrap().poses;
        let again = OdometryEvaluation::compare(&found, &from_first_pose(&truth)).unwrap();
        let difference = (again.ate_mean - report["ate_mean"].as_f64().unwrap()).abs();
        assert!(difference < 1e-6, "{form}: {again:?} is not {report}");
    }
    let bytes = fs::read(path("out/poses.npy")).unwrap();
    let motions = read_array(&mut &bytes[..], bytes.len() as u64).unwrap();
    assert_eq!(motions.shape, [6, 4, 4]);
    let motion = |rows: &[f32]| {
        let rows: [f32; 16] = rows.try_into().unwrap();
        DAffine3::from_mat4(DMat4::from_cols_array(&rows.map(f64::from)).transpose())
    };
    let motions: Vec<DAffine3> = motions.values.chunks(16).map(motion).collect();
    let walked = path_of_motions(&motions);
    let again = OdometryEvaluation::compare(&walked, &from_first_pose(&truth)).unwrap();
    assert!((again.ate_mean - report["ate_mean"].as_f64().unwrap()).abs() < 1e-5, "{again:?}");
}

#[test]
fn files_of_poses_are_compared_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let truth = arc(300, 1.0, 0.4);
    let known = similarity();
    let times: Vec<f64> = (0..truth.len()).map(|frame| frame as f64 / 10.0).collect();
    poses::write(folder.path().join("truth").as_path(), PoseForm::Tum, &truth, &times).unwrap();
    // Every third pose, a hundredth of a second late: TUM's form pairs by time.
    let part: Vec<usize> = (0..truth.len()).step_by(3).collect();
    let late: Vec<f64> = part.iter().map(|index| times[*index] + 0.01).collect();
    let predicted: Vec<DAffine3> = part.iter().map(|index| known.apply(&truth[*index])).collect();
    poses::write(folder.path().join("found").as_path(), PoseForm::Tum, &predicted, &late).unwrap();
    poses::write(folder.path().join("lines").as_path(), PoseForm::Kitti, &predicted, &late).unwrap();
    let (code, report, stderr) =
        evaluate_odometry(&["--poses", &file("found"), "--against", &file("truth"), "--json"]);
    assert_eq!(code, 0, "{stderr}");
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["poses"], 100);
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    assert!((number(&report["similarity"]["scale"]) - 1.0 / known.scale).abs() < 1e-9, "{report}");
    assert!(number(&report["similarity"]["ate_metres"]) < 1e-8, "{report}");
    assert!(number(&report["similarity"]["translation_percent"]) < 1e-8, "{report}");
    let (code, _, stderr) = evaluate_odometry(&["--poses", &file("lines"), "--against", &file("truth")]);
    assert!(code == 1 && stderr.contains("100 predicted poses") && stderr.contains("300 true"), "{stderr}");
    let (code, _, stderr) = evaluate_odometry(&["--poses", &file("found")]);
    assert!(code == 2 && stderr.contains("--against"), "{stderr}");
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.safetensors");
    let (code, _, stderr) =
        evaluate_odometry(&["--data", "demo", "--weights", weights.to_str().unwrap(), "--device", "cpu"]);
    assert!(code == 1 && stderr.contains("no pose network"), "{stderr}");
    let wrong =
        ["--data", "demo", "--drive", "07", "--weights", weights.to_str().unwrap(), "--device", "cpu"];
    let (code, _, stderr) = evaluate_odometry(&wrong);
    assert!(code == 1 && stderr.contains("no drive '07'") && stderr.contains("demo_drive"), "{stderr}");
}

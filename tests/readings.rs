//! Files of poses and of the car's readings: written and read again, damaged, and left out where they cannot be believed.

use crate::{
    odometry::{arc, moved, similarity, street},
    support::{Cases, takes_at_most},
};
use glam::DAffine3;
use monoscope::{
    config::ImageSize,
    data::{
        FrameSource, MeasuredPoses, Side,
        kitti::{KittiRaw, oxts::Oxts},
        poses::{self, PoseForm},
        synthetic::{BuiltInDrive, DriveOptions, export},
    },
    evaluate::OdometryEvaluation,
    geometry::trajectory::{Similarity, distances, from_first_pose},
};
use std::fs;

#[test]
fn poses_survive_both_formats() {
    let folder = tempfile::tempdir().unwrap();
    let path = moved(&street(), &Similarity { scale: 1.0, ..similarity() });
    let times: Vec<f64> = (0..path.len()).map(|frame| 1.3e9 + frame as f64 / 10.0).collect();
    for form in [PoseForm::Kitti, PoseForm::Tum] {
        let file = folder.path().join(format!("{form:?}.txt"));
        poses::write(&file, form, &path, &times).unwrap();
        let read = poses::read(&file).unwrap();
        assert_eq!((read.form(), read.poses.len()), (form, path.len()));
        assert!(read.times.is_none_or(|read| read == times));
        for (read, pose) in read.poses.iter().zip(&path) {
            assert!(read.abs_diff_eq(*pose, 1e-12), "{form}: {read} is not {pose}");
        }
    }
    let refusal = |text: &str| poses::parse(text).unwrap_err();
    assert!(refusal("# time\n0 1 2 3 0 0 0 1\n0 1 2 3 0 0 0 1\n").contains("all its 2 rows have the time 0"));
    assert!(refusal("0 1 2 3 0 0 0 1\n1 0 0 0 0 1 0 0 0 0 1 0\n").contains("12 numbers instead of 8"));
    assert!(refusal("0 1 2 3 0 0 0 2\n").contains("quaternion"));
    assert!(refusal("1 0 0 0 0 1 0 0 0 0 2 0\n").contains("rotation"));
    assert!(refusal("1 0 0 0 0 1 0 0 0 0 -1 0\n").contains("rotation"), "a mirror image");
    assert!(refusal("1 0 0 0 0 1 0 0 0 0 1 1e30\n").contains("farther"));
}

fn check_mutants(cases: Cases) {
    let folder = tempfile::tempdir().unwrap();
    let path = &arc(6, 1.0, 5.0);
    let times: Vec<f64> = (0..path.len()).map(|frame| frame as f64).collect();
    let file = folder.path().join("poses.txt");
    let [kitti, tum] = [PoseForm::Kitti, PoseForm::Tum].map(|form| {
        poses::write(&file, form, path, &times).unwrap();
        fs::read(&file).unwrap()
    });
    let readings = ["49.015003823272 8.4342971002335 116.43032836914 0.035752 0.00903 -2.6087069803847"];
    let readings = readings.into_iter().chain(["0.5"; 24]).collect::<Vec<_>>().join(" ");
    takes_at_most(1 << 20, || {
        cases.mutants(&[&kitti, &tum, readings.as_bytes()], [0.05, 0.05], |index, bytes| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let refusal = if index == 2 {
                Oxts::parse(&text)
                    .map(|reading| assert!(reading.world_from_sensor(&reading).is_finite(), "{text}"))
                    .err()
            } else {
                let compare = |found: &[DAffine3]| {
                    let truth = &path[..found.len().min(path.len())];
                    // A line broken in two may be two poses of neither form, never one more pose.
                    let evaluation = OdometryEvaluation::compare(&found[..truth.len()], truth);
                    evaluation
                        .is_ok_and(|found| found.ate_mean.is_finite() && found.scaled.ate_metres.is_finite())
                };
                match poses::parse(&text) {
                    Ok(found) => {
                        assert!(found.poses.len() < 2 || compare(&found.poses), "{text}");
                        None
                    }
                    Err(reason) => Some(reason),
                }
            };
            if let Some(reason) = &refusal {
                assert!(!reason.contains('\n') && reason.len() < 600, "{reason}");
            }
            refusal.is_none()
        });
    });
}

#[test]
fn no_mutation_of_poses_or_readings_gets_past() {
    check_mutants(Cases(0..60_000));
}

#[test]
#[ignore = "takes seconds: 600000 mutants of poses and readings"]
fn no_mutation_of_poses_or_readings_gets_past_in_full() {
    check_mutants(Cases(0..600_000));
}

#[test]
fn readings_of_the_car_give_the_path_of_the_camera() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("drive");
    let size = ImageSize { height: 32, width: 96 };
    let drive = BuiltInDrive::new(DriveOptions { frames: 6, size, ..DriveOptions::default() });
    export(&drive, &root, true, &mut |_, _| ()).unwrap();
    let raw = KittiRaw::open(&root).unwrap();
    let [found] = raw.drives() else { panic!("{:?}", raw.drives()) };
    for side in [Side::Left, Side::Right] {
        let list = |poses: MeasuredPoses| from_first_pose(&poses.by_frame.into_values().collect::<Vec<_>>());
        let exact = list(drive.true_poses(&drive.drives()[0], side).unwrap());
        let read = list(raw.true_poses(found, side).unwrap());
        assert_eq!(read.len(), exact.len());
        for (read, exact) in read.iter().zip(&exact) {
            assert!(read.abs_diff_eq(*exact, 1e-6), "{side:?}: {read} is not {exact}");
        }
    }
    let readings = root.join(&found.folder).join("oxts/data/0000000003.txt");
    fs::remove_file(&readings).unwrap();
    let poses = raw.true_poses(found, Side::Left).unwrap();
    assert_eq!(poses.by_frame.len(), 5, "a frame without readings is left out");
    assert!(poses.remarks.is_empty(), "{:?}", poses.remarks);
    fs::write(&readings, "1 2 3").unwrap();
    let poses = raw.true_poses(found, Side::Left).unwrap();
    assert_eq!(poses.by_frame.len(), 5);
    let remark = poses.remarks.iter().map(ToString::to_string).collect::<String>();
    assert!(remark.contains("0000000003.txt") && remark.contains("3 readings"), "{remark}");
}

#[test]
fn readings_that_cannot_be_believed_are_left_out_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("drive");
    let size = ImageSize { height: 32, width: 96 };
    let drive = BuiltInDrive::new(DriveOptions { frames: 12, size, ..DriveOptions::default() });
    export(&drive, &root, false, &mut |_, _| ()).unwrap();
    let raw = KittiRaw::open(&root).unwrap();
    let found = &raw.drives()[0];
    let file = |frame: u32| root.join(&found.folder).join(format!("oxts/data/{frame:010}.txt"));
    let whole = |frame: u32| fs::read_to_string(file(frame)).unwrap();
    let good: Vec<String> = (0..12).map(whole).collect();
    let read = || {
        let read = raw.true_poses(found, Side::Left).unwrap();
        let path: Vec<DAffine3> = read.by_frame.values().copied().collect();
        let metres = distances(&path).last().copied().unwrap_or_default();
        let remarks: Vec<String> = read.remarks.iter().map(ToString::to_string).collect();
        (read.by_frame.len(), metres, remarks)
    };
    let (_, length, remarks) = read();
    assert!(remarks.is_empty(), "{remarks:?}");
    // Field `index` of a reading becomes `word`.
    let with = |text: &str, index: usize, word: &str| -> String {
        let mut words: Vec<&str> = text.split_whitespace().collect();
        words[index] = word;
        words.join(" ")
    };
    let north = |text: &str, degrees: f64| {
        let latitude: f64 = text.split_whitespace().next().unwrap().parse().unwrap();
        with(text, 0, &(latitude + degrees).to_string())
    };
    let jumps = "reading of GPS and motion left out, because the position jumps";
    let unusable = "unusable reading of GPS and motion left out";
    // 3 km away, as high as no road, nowhere, NaN, cut, empty; at the beginning, in the middle, at the end.
    let text = &good[5];
    let kinds = [
        (north(text, 0.027), jumps),
        (with(text, 2, "-3112.8"), unusable),
        (with(&with(text, 0, "0"), 1, "0"), unusable),
        (with(text, 0, "nan"), unusable),
        (text.split_whitespace().take(25).collect::<Vec<_>>().join(" "), unusable),
        (String::new(), unusable),
        (with(text, 5, "-109.4"), "not in radians"),
    ];
    for frame in [0, 5, 11] {
        for (text, reason) in &kinds {
            fs::write(file(frame), text).unwrap();
            let (poses, metres, remarks) = read();
            assert_eq!(poses, 11, "frame {frame}: {text}");
            assert!(metres <= length + 1e-6 && metres > 0.8 * length, "{metres} of {length}: {text}");
            let [remark] = &remarks[..] else { panic!("{remarks:?}") };
            assert!(remark.contains(": 1 ") && remark.contains(reason), "{remark}");
            assert!(remark.contains(&format!("{frame:010}.txt")), "{remark}");
        }
        fs::write(file(frame), &good[frame as usize]).unwrap();
    }
    // The longer part of a drive that goes on elsewhere.
    for frame in 8..12 {
        fs::write(file(frame), north(&good[frame as usize], 0.027)).unwrap();
    }
    let (poses, _, remarks) = read();
    assert!(poses == 8 && remarks[0].contains(": 4 readings"), "{poses}: {remarks:?}");
    for (frame, text) in good.iter().enumerate() {
        fs::write(file(frame as u32), text).unwrap();
    }
    // Doubtful ones are used: no satellite, the speed of an aeroplane, a position that does not change.
    fs::write(file(3), with(&good[3], 26, "0")).unwrap();
    fs::write(file(4), with(&good[4], 8, "250")).unwrap();
    fs::write(file(7), with(&with(&good[6], 8, "8.7"), 2, "116")).unwrap();
    let (poses, _, remarks) = read();
    assert_eq!((poses, remarks.len()), (12, 3), "{remarks:?}");
    for (remark, words) in remarks.iter().zip(["without a satellite", "360 km/h", "stands still"]) {
        assert!(remark.contains(words), "{remark}");
    }
    // Frames are told of all this, and nothing readable is an error.
    assert_eq!(raw.pose_remarks().iter().count(), 3);
    (0..12).for_each(|frame| fs::write(file(frame), "").unwrap());
    let error = raw.true_poses(found, Side::Left).unwrap_err().to_string();
    assert!(error.contains("0 readings"), "{error}");
    assert!(raw.pose_remarks().iter().any(|remark| remark.to_string().contains("without true poses")));
}

//! Clips, cameras and times that the names of pictures tell.

use super::listing::{drive, files, neighbour, opened, remarked};
use monoscope::{
    config::FrameId,
    data::{FrameSource, NumberedBy, RemarkKind, split::every_frame},
};
use std::{fs, path::Path};

/// Names of the pictures before which no sample crosses, of a folder of these pictures in the order that is right.
fn starts(names: &[String]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    drive(folder.path(), &names.iter().map(String::as_str).collect::<Vec<_>>());
    starts_in(opened(folder.path()).as_ref(), names)
}

fn starts_in(source: &dyn FrameSource, names: &[String]) -> Vec<String> {
    assert_eq!(files(source), names);
    let drive = &source.drives()[0];
    let numbers: Vec<u32> =
        drive.keys(drive.sides[0]).filter(|key| source.contains(key)).map(|key| key.frame).collect();
    let pairs = numbers.windows(2).zip(&names[1..]);
    let is_start = |pair: &[u32]| neighbour(source, pair[0], 1) != Some(pair[1]);
    pairs.filter(|(pair, _)| is_start(pair)).map(|(_, name)| name.clone()).collect()
}

#[test]
fn clips_whose_numbers_are_times_end_where_another_number_or_the_text_changes() {
    let seconds = |text: &'static str| (0..6).map(move |second| format!("{text}{second:02}.png"));
    let tens = |text: &'static str| (0..6).map(move |ten| format!("{text}{ten}0.png"));
    let milliseconds = |clip: u64| {
        let start = 1_600_000_000_000 + clip * 1_000_000_000;
        (0..6).map(move |frame| format!("clip{clip}_{}.png", start + frame * 100))
    };
    // With times as decimals of seconds, and with data of each frame.
    let decimals =
        |clip: u64| (0..6).map(move |frame| format!("{clip}_{}.{}.png", 1_600_005_000 + clip, frame + 1));
    let speeds =
        |day: u32| (0..6).map(move |second| format!("202301{day:02}_12000{second}_{}.png", 50 - 3 * second));
    for (names, start) in [
        (seconds("2023-01-01_12-00-").chain(seconds("2023-01-05_08-00-")).collect::<Vec<_>>(), 6),
        (seconds("31-01-2023 12.00.").chain(seconds("01-02-2023 12.00.")).collect(), 6),
        (tens("bonn_12-00-").chain(tens("koeln_12-00-")).collect(), 6),
        (milliseconds(1).chain(milliseconds(2)).collect(), 6),
        (decimals(1).chain(decimals(2)).collect(), 6),
        (speeds(1).chain(speeds(2)).collect(), 6),
    ] {
        assert_eq!(starts(&names), [names[start].clone()], "{names:?}");
    }
}

#[test]
fn times_go_on_across_minutes_days_and_months() {
    for names in [
        [
            "PXL_20230131_235959700",
            "PXL_20230131_235959900",
            "PXL_20230201_000000100",
            "PXL_20230201_000000300",
        ],
        ["PXL_125959800", "PXL_125959900", "PXL_130000000", "PXL_130000100"],
        ["31-12-2023_23-59-58", "31-12-2023_23-59-59", "01-01-2024_00-00-00", "01-01-2024_00-00-01"],
        ["12-31-2023_23-59-58", "12-31-2023_23-59-59", "01-01-2024_00-00-00", "01-01-2024_00-00-01"],
        ["2024-02-28T23.59.59.7", "2024-02-28T23.59.59.8", "2024-02-28T23.59.59.95", "2024-02-29T00.00.00.0"],
        ["120000-250", "120000-750", "120001-250", "120001-750"],
        ["1600005000_250", "1600005000_750", "1600005001_250", "1600005001_750"],
    ] {
        let names: Vec<String> = names.iter().map(|name| format!("{name}.png")).collect();
        assert_eq!(starts(&names), [""; 0], "{names:?}");
    }
    // A count that goes on stays the number of the frames, and the time beside it tells the pause.
    let names: Vec<String> = (0..12)
        .map(|frame| format!("2023-01-0{}_12-00-0{}_{frame:04}.png", 1 + frame / 6, frame % 6))
        .collect();
    assert_eq!(starts(&names), [names[6].clone()]);
}

#[test]
fn numbers_of_cameras_at_the_end_make_a_clip_of_each_camera() {
    for (cameras, name) in [
        (3, (|frame, camera| format!("{frame:04}_cam{}.png", camera + 1)) as fn(u32, u32) -> String),
        (4, |frame, camera| format!("frame{frame:04}_{camera:02}.png")),
        (2, |frame, camera| format!("{frame:06}_{camera}.png")),
        (2, |frame, camera| format!("{}_cam{camera}.png", 1_601_000_000_000_u64 + 100 * u64::from(frame))),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<String> =
            (0..cameras).flat_map(|camera| (0..12).map(move |frame| name(frame, camera))).collect();
        drive(folder.path(), &names.iter().map(String::as_str).collect::<Vec<_>>());
        let source = opened(folder.path());
        let firsts: Vec<String> = (1..cameras).map(|camera| name(0, camera)).collect();
        assert_eq!(starts_in(source.as_ref(), &names), firsts);
        let cameras = remarked(source.as_ref(), RemarkKind::Separated, "pictures of several cameras");
        assert_eq!(cameras, names.len());
        let split = every_frame(source.as_ref(), &[FrameId::TARGET, FrameId::PREVIOUS, FrameId::NEXT]);
        assert!(!split.training.is_empty());
    }
    // Clips of a few frames are none.
    let clips = |clip: u32| (0..3).map(move |frame| format!("clip{clip:02}_{frame}.png"));
    let names: Vec<String> = (0..5).flat_map(clips).collect();
    assert_eq!(starts(&names), (1..5).map(|clip| format!("clip{clip:02}_0.png")).collect::<Vec<_>>());
}

#[test]
fn numbers_below_zero_come_before_zero_and_hexadecimal_ones_go_on_with_letters() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (-3..=3).map(|number| format!("{number}.png")).collect();
    drive(folder.path(), &names.iter().map(String::as_str).collect::<Vec<_>>());
    let source = opened(folder.path());
    assert_eq!(starts_in(source.as_ref(), &names), [""; 0]);
    assert_eq!(source.decisions(&source.drives()[0]).numbered_by, NumberedBy::Order);

    let hexadecimal = |numbers: std::ops::Range<u32>| numbers.map(|number| format!("{number:04x}.png"));
    let names: Vec<String> = hexadecimal(5..20).chain(hexadecimal(30..33)).collect();
    assert_eq!(starts(&names), ["001e.png"]);
    let names: Vec<String> = (5..20).map(|number| format!("a{number:04}.png")).collect();
    assert_eq!(starts(&names), [""; 0], "a letter before all numbers is none of their digits");
}

#[test]
fn the_same_of_two_pictures_counts_on_every_disk() {
    // The order in which a disk lists files depends on the order in which they were made, or not.
    for order in [["0.jpg", "0.JPG"], ["0.JPG", "0.jpg"]] {
        let folder = tempfile::tempdir().unwrap();
        drive(folder.path(), &order);
        drive(folder.path(), &["1.jpg", "2.jpg"]);
        if fs::read_dir(folder.path()).unwrap().count() == 5 {
            assert_eq!(files(opened(folder.path()).as_ref()), ["0.JPG", "1.jpg", "2.jpg"]);
        }
    }
}

#[test]
fn pictures_that_describe_others_are_no_frames() {
    let folder = tempfile::tempdir().unwrap();
    let numbered =
        |ending: &str| -> Vec<String> { (0..4).map(|frame| format!("{frame}{ending}.png")).collect() };
    let write = |folder: &Path, names: &[String]| {
        drive(folder, &names.iter().map(String::as_str).collect::<Vec<_>>());
    };
    write(&folder.path().join("images"), &numbered(""));
    for inner in ["masks", "labels", "semantic", "depth_vis", "depth_color", "traffic flow"] {
        write(&folder.path().join(inner), &numbered(""));
    }
    let source = opened(folder.path());
    let drives: Vec<&str> = source.drives().iter().map(|drive| drive.folder.as_str()).collect();
    assert_eq!(drives, ["images", "traffic flow"]);
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "masks, labels or depth"), 20);
    let alone = opened(&folder.path().join("masks"));
    assert_eq!(alone.drives()[0].count(), 4, "what is opened itself counts");

    let images = folder.path().join("images");
    write(&images, &numbered("_mask"));
    let source = opened(&images);
    assert_eq!((files(source.as_ref()), source.drives().len()), (numbered(""), 1));
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "masks, labels or depth"), 4);
}

#[test]
fn disparities_without_their_pictures_are_frames() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..4).map(|frame| format!("{frame}_disp.png")).collect();
    assert_eq!(starts(&names), [""; 0]);
    drive(folder.path(), &["0.png", "1.png", "2.png", "0_disp.png", "1_disp.jpeg", "2_disp.png"]);
    let source = opened(folder.path());
    assert_eq!((source.drives()[0].count(), files(source.as_ref()).len()), (3, 3));
}

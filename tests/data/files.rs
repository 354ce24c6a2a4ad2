//! Parsers of small files, the KITTI reader and splits.

use crate::support::{Cases, mutate, mutate_text, shared, takes_at_most};
use glam::{DMat4, Vec3};
use monoscope::{
    config::{FrameId, ImageSize},
    data::{
        DataError, DepthMap, FrameKey, FrameSource, Side,
        atomic_file::write_whole,
        image,
        kitti::{
            KittiRaw,
            calibration::{CalibrationValue, ScannerProjection, parse},
            oxts::Oxts,
            velodyne::{self, DepthAxis},
        },
        split::{self, Split, Subset},
    },
};
use std::{
    fs,
    io::{self, Write},
    path::Path,
};

const TRIPLET: [FrameId; 3] = [FrameId::TARGET, FrameId::PREVIOUS, FrameId::NEXT];
const CALIBRATION: &str = "calib_time: 09-Jan-2012 13:57:47\nS_rect_02: 1.242000e+03 3.750000e+02\nno colon\n\
                           R: -1 0.5 2e-3\nodd: 1.2.3\nempty:\n";

fn key(folder: &str, frame: u32, side: Side) -> FrameKey {
    FrameKey { folder: folder.to_owned(), frame, side }
}

#[test]
fn split_lines_may_be_padded_and_must_be_whole() {
    let keys = split::parse("d/drive 0000000069 l\n\n d/drive 7  r \nd/other 3 2\nd/other 4 3\n").unwrap();
    let expected = [
        key("d/drive", 69, Side::Left),
        key("d/drive", 7, Side::Right),
        key("d/other", 3, Side::Left),
        key("d/other", 4, Side::Right),
    ];
    assert_eq!(keys, expected);
    assert_eq!(split::parse("image 12\n").unwrap(), [key("image", 12, Side::Left)]);
    assert_eq!(split::parse("my drive 12 r\n").unwrap(), [key("my drive", 12, Side::Right)]);
    assert!(split::parse("d/drive 1 l\nimage\n").unwrap_err().starts_with("line 2: 'image'"));
    assert!(split::parse("d/drive x l\n").unwrap_err().contains("frame 'x'"));
    assert!(split::parse("d/drive 1 m\n").unwrap_err().contains("side 'm'"));
}

#[test]
#[ignore = "needs ../shared/splits: the reference's split lists"]
fn the_published_lists_parse_whole() {
    let lists = shared("splits");
    let counts = [
        ("eigen_zhou/train", 39_810),
        ("eigen_zhou/val", 4_424),
        ("eigen_full/train", 45_200),
        ("eigen_full/val", 1_776),
        ("benchmark/train", 72_084),
        ("eigen/test", 697),
        ("eigen_benchmark/test", 652),
        ("odom/train", 36_671),
        ("small_version/train", 189),
    ];
    for (list, count) in counts {
        let text = fs::read_to_string(lists.join(format!("{list}_files.txt"))).unwrap();
        assert_eq!(split::parse(&text).unwrap().len(), count, "{list}");
    }
}

#[test]
fn calibration_values_are_numbers_or_text() {
    let values = parse(CALIBRATION);
    assert_eq!(values["calib_time"], CalibrationValue::Text("09-Jan-2012 13:57:47".to_owned()));
    assert_eq!(values["S_rect_02"], CalibrationValue::Numbers(vec![1242.0, 375.0]));
    assert_eq!(values["R"], CalibrationValue::Numbers(vec![-1.0, 0.5, 0.002]));
    assert_eq!(values["odd"], CalibrationValue::Text("1.2.3".to_owned()));
    assert_eq!(values.len(), 5);
}

#[test]
fn laser_points_share_pixels_as_in_the_reference() {
    // A scanner that faces as the camera does: x and y of the image are y / x and z / x there, so let
    // the image be u = 1 + y/x, v = 1 + z/x with the camera's z half a metre less than the scanner's x.
    let image_from_scanner = DMat4::from_cols_array_2d(&[
        [1.0, 1.0, 1.0, 0.0],
        [1.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0],
        [-0.5, -0.5, -0.5, 1.0],
    ]);
    let projection = ScannerProjection { image_from_scanner, width: 4, height: 3 };
    let at = |column: f32, row: f32, depth: f32| Vec3::new(depth + 0.5, column * depth, row * depth);
    let points = [
        at(1.0, 1.0, 8.0),
        at(1.0, 1.0, 5.0),
        at(1.0, 1.0, 6.0), // the nearest of three counts
        at(3.0, 0.0, 9.0),
        at(0.0, 1.0, 4.0), // shares the index of (3, 0): its first pixel gets the nearest, this keeps its own
        at(2.5, 2.0, 3.0), // half to even of 3.5 is 4, less one
        at(4.0, 0.0, 2.0), // outside
        at(-1.0, 0.0, 2.0), // outside
        Vec3::new(-1.0, 0.0, 0.0), // behind the scanner
        Vec3::new(0.25, -0.5, -0.25), // before the scanner, behind the camera: at (2, 1), depth −0.25
    ];
    let map = velodyne::project(&points, &projection, DepthAxis::Camera);
    let expected = [
        [0.0, 0.0, 0.0, 4.0], //
        [4.0, 5.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 3.0],
    ];
    assert_eq!((map.width, map.height), (4, 3));
    assert_eq!(map.metres, expected.concat());
    let map = velodyne::project(&points, &projection, DepthAxis::Scanner);
    assert_eq!(map.metres[5], 5.5);
    assert_eq!(map.metres[6], 0.25, "the scanner's own depth is not negative");
}

#[test]
#[ignore = "needs ../shared/kitti: frames of real drives"]
fn laser_depth_is_that_of_the_published_evaluation() {
    let root = shared("kitti");
    for frame in [0, 9] {
        let name = format!("golden/gt_2011_09_26_drive_0002_sync_{frame:010}_x256.png");
        let expected = ::image::open(root.join(name)).unwrap().into_luma16();
        let projection = ScannerProjection::read(&root.join("2011_09_26"), Side::Left).unwrap();
        let scan = format!("2011_09_26/2011_09_26_drive_0002_sync/velodyne_points/data/{frame:010}.bin");
        let points = velodyne::read(&root.join(scan)).unwrap();
        let map = velodyne::project(&points, &projection, DepthAxis::Scanner);
        assert_eq!((map.width, map.height), (expected.width() as usize, expected.height() as usize));
        for (metres, expected) in map.metres.iter().zip(expected.as_raw()) {
            assert!((metres * 256.0 - f32::from(*expected)).abs() <= 1.0, "{metres} m, not {expected}/256");
        }
        let source = KittiRaw::open(&root).unwrap();
        let target = key("2011_09_26/2011_09_26_drive_0002_sync", frame, Side::Left);
        let camera = source.depth(&target).unwrap().unwrap();
        let (mut both, mut behind) = (0, 0.0);
        for (camera, scanner) in camera.metres.iter().zip(&map.metres) {
            assert_eq!(*camera > 0.0, *scanner > 0.0);
            if *camera > 0.0 {
                both += 1;
                behind += scanner - camera;
            }
        }
        let behind = behind / both as f32;
        assert!((behind - 0.27).abs() < 0.1, "the camera sits 0.27 m before the scanner, not {behind}");
    }
}

#[test]
fn positions_are_metres_east_and_north() {
    let text = |latitude: f64, longitude: f64, yaw: f64| {
        let mut readings = vec![0.0; 30];
        (readings[0], readings[1], readings[2], readings[5], readings[8]) =
            (latitude, longitude, 116.0, yaw, 8.6);
        readings.iter().map(f64::to_string).collect::<Vec<_>>().join(" ")
    };
    let start = Oxts::parse(&text(49.0, 8.0, 0.0)).unwrap();
    let end = Oxts::parse(&text(49.001, 8.001, std::f64::consts::FRAC_PI_2)).unwrap();
    assert_eq!((start.altitude, start.forward_speed), (116.0, 8.6));
    let start_from_end = start.world_from_sensor(&start).inverse() * end.world_from_sensor(&start);
    // A thousandth of a degree of a great circle, and of the parallel at 49°.
    let north = 6_378_137.0 * 0.001_f64.to_radians();
    let east = north * 49.0_f64.to_radians().cos();
    let [x, y, z] = start_from_end.translation.to_array();
    assert!((x - east).abs() < 0.01 && (y - north).abs() < 0.01 && z.abs() < 1e-6, "{x} {y} {z}");
    let ahead = start_from_end.transform_vector3(glam::DVec3::X);
    assert!((ahead - glam::DVec3::Y).length() < 1e-9, "the car turned north, not {ahead}");
    assert!(Oxts::parse("1 2 3").unwrap_err().contains("3 readings"));
}

fn check_mutants(cases: Cases) {
    let oxts = ["49.0 8.4"; 15].join(" ");
    let line = "2011_09_26/2011_09_26_drive_0001_sync 0000000012 l\n";
    takes_at_most(1 << 20, || {
        cases.run(|_, random| {
            if let Ok(keys) = split::parse(&mutate_text(line, random)) {
                assert!(keys.len() <= 6);
            }
            assert!(parse(&mutate_text(CALIBRATION, random)).len() <= 12);
            let _ = Oxts::parse(&mutate_text(&oxts, random));
            let scan = mutate(line.repeat(4).as_bytes(), random);
            // What no scanner measures is refused too.
            if let Ok(points) = velodyne::parse(&scan) {
                assert!(scan.len().is_multiple_of(16));
                let identity = ScannerProjection { image_from_scanner: DMat4::IDENTITY, width: 1, height: 1 };
                velodyne::project(&points, &identity, DepthAxis::Camera);
            }
        });
    });
}

#[test]
fn damaged_text_and_scans_are_refused_without_panic() {
    check_mutants(Cases(0..30_000));
}

#[test]
#[ignore = "takes seconds: 300000 mutants of texts and scans"]
fn damaged_text_and_scans_are_refused_without_panic_in_full() {
    check_mutants(Cases(0..300_000));
}

#[test]
fn what_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let message = |error: DataError| error.to_string();
    let missing = KittiRaw::open(&folder.path().join("nowhere")).err().map(message).unwrap();
    assert!(missing.contains("nowhere") && missing.contains("2011_09_26"), "{missing}");
    fs::create_dir_all(folder.path().join("2011_09_26/drive/image_02/data")).unwrap();
    let empty = KittiRaw::open(folder.path()).err().map(message).unwrap();
    assert!(empty.contains("no drive") && empty.contains("image_02/data"), "{empty}");
}

#[test]
fn images_are_found_file_by_file() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("2011_09_26/drive/image_02/data");
    fs::create_dir_all(&data).unwrap();
    let save = |name: &str, level: u8| {
        let picture = ::image::RgbImage::from_pixel(8, 8, ::image::Rgb([level; 3]));
        image::write(&data.join(name), &picture).unwrap();
    };
    save("0000000003.png", 3);
    save("0000000004.jpg", 4);
    save("0000000004.png", 200);
    save("0000000006.png", 6);
    fs::write(data.join("notes.png"), "not a number").unwrap();
    fs::write(data.join("4000000000.png"), "a stray file").unwrap();
    let source = KittiRaw::open(folder.path()).unwrap();
    assert_eq!(source.drives().len(), 1);
    assert_eq!(
        (source.drives()[0].frames.clone(), source.drives()[0].sides.clone()),
        (3..7, vec![Side::Left])
    );
    let left = |frame| key("2011_09_26/drive", frame, Side::Left);
    assert!(source.contains(&left(3)) && !source.contains(&left(5)));
    assert!(!source.contains(&key("2011_09_26/drive", 3, Side::Right)));
    assert_eq!(source.image(&left(3)).unwrap().get_pixel(0, 0).0, [3; 3]);
    assert!(source.image(&left(4)).unwrap().get_pixel(0, 0).0[0] < 10, "JPEG comes before PNG");
    assert!(source.image(&left(5)).unwrap_err().to_string().contains("2011_09_26/drive 5 l"));
    assert_eq!(source.depth(&left(3)).unwrap(), None);
}

/// Source with given frames but without images.
struct Claims(Vec<monoscope::data::Drive>, Vec<FrameKey>);

impl FrameSource for Claims {
    fn name(&self) -> String {
        "claims".to_owned()
    }
    fn drives(&self) -> &[monoscope::data::Drive] {
        &self.0
    }
    fn contains(&self, key: &FrameKey) -> bool {
        let drive = self.0.iter().find(|drive| drive.folder == key.folder);
        drive.is_some_and(|drive| drive.frames.contains(&key.frame)) && !self.1.contains(key)
    }
    fn image(&self, key: &FrameKey) -> Result<::image::RgbImage, DataError> {
        Err(DataError::Unusable(key.to_string()))
    }
    fn intrinsics(&self, _: &FrameKey) -> monoscope::geometry::Intrinsics {
        monoscope::geometry::Intrinsics::KITTI
    }
    fn depth(&self, _: &FrameKey) -> Result<Option<monoscope::data::DepthMap>, DataError> {
        Ok(None)
    }
}

fn claims() -> Claims {
    let drive =
        monoscope::data::Drive { folder: "d/a".to_owned(), frames: 0..24, step: 1, sides: vec![Side::Left] };
    Claims(vec![drive], vec![key("d/a", 20, Side::Left)])
}

#[test]
fn every_frame_keeps_the_end_of_a_drive_for_validation() {
    let split = split::every_frame(&claims(), &TRIPLET);
    // 0 and 23 lack a neighbour, 20 is not there and so 19 and 21 lack one.
    let training: Vec<u32> = split.training.iter().map(|key| key.frame).collect();
    assert_eq!(training, (1..=17).collect::<Vec<u32>>());
    let validation: Vec<u32> = split.validation.iter().map(|key| key.frame).collect();
    assert_eq!(validation, [18, 22]);
    assert!(split.test.is_empty());
}

#[test]
fn a_prescan_drops_what_lacks_a_frame() {
    let keys: Vec<FrameKey> = [0, 1, 19, 2].map(|frame| key("d/a", frame, Side::Left)).into();
    let scan = split::prescan(&claims(), &keys, &TRIPLET).unwrap();
    assert_eq!(scan.usable, [keys[1].clone(), keys[3].clone()]);
    let dropped: Vec<&FrameKey> = scan.dropped.iter().map(|(key, _)| key).collect();
    assert_eq!(dropped, [&keys[0], &keys[2]]);
    assert!(scan.dropped[1].1.contains("d/a 20 l"), "{}", scan.dropped[1].1);
    let strangers = [key("d/b", 3, Side::Left)];
    let error = split::prescan(&claims(), &strangers, &TRIPLET).unwrap_err().to_string();
    assert!(error.contains("d/b 3 l") && error.contains("claims"), "{error}");
    assert!(split::prescan(&claims(), &[], &TRIPLET).unwrap_err().to_string().contains("empty"));
}

#[test]
fn a_split_needs_only_the_parts_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &Path, required: &[Subset], optional: &[Subset]| {
        Split::open(path.to_str().unwrap(), &claims(), &TRIPLET, required, optional)
            .map_err(|error| error.to_string())
    };
    fs::write(folder.path().join("train_files.txt"), "d/a 0000000001 l\nd/a 2 l\n").unwrap();
    fs::write(folder.path().join("test_files.txt"), "image\n").unwrap();
    let split = open(folder.path(), &[Subset::Training], &[Subset::Validation]).unwrap();
    assert_eq!((split.training.len(), split.validation.len(), split.test.len()), (2, 0, 0));
    let missing = open(folder.path(), &[Subset::Validation], &[]).unwrap_err();
    assert!(missing.contains("val_files.txt"), "{missing}");
    let malformed = open(folder.path(), &[Subset::Test], &[]).unwrap_err();
    assert!(malformed.contains("line 1") && malformed.contains("test_files.txt"), "{malformed}");
    fs::write(folder.path().join("train_files.txt"), "\n").unwrap();
    let empty = open(folder.path(), &[Subset::Training], &[]).unwrap_err();
    assert!(empty.contains("no frame in train_files.txt"), "{empty}");
    let unknown = open(Path::new("nowhere"), &[Subset::Training], &[]).unwrap_err();
    assert!(unknown.contains("'nowhere'") && unknown.contains("every-frame"), "{unknown}");
    assert_eq!(open(Path::new("every-frame"), &[Subset::Training], &[]).unwrap().training.len(), 17);
}

#[test]
fn a_file_appears_whole_or_not_at_all_and_as_readable_as_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let (file, plain) = (folder.path().join("file"), folder.path().join("plain"));
    write_whole(&file, |file| file.write_all(b"first")).unwrap();
    let error = write_whole(&file, |file| {
        file.write_all(b"half")?;
        Err(io::Error::other("no space"))
    });
    assert_eq!(error.unwrap_err().to_string(), "no space");
    assert_eq!(fs::read(&file).unwrap(), b"first");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing half-written is left");
    fs::write(&plain, "").unwrap();
    let permissions = |path: &Path| fs::metadata(path).unwrap().permissions();
    assert_eq!(permissions(&file), permissions(&plain));
}

#[test]
fn sparse_depth_keeps_the_nearest_of_the_points_that_fall_into_a_pixel() {
    let depth = DepthMap { width: 4, height: 2, metres: vec![0.0, 5.0, 0.0, 0.0, 3.0, 0.0, 0.0, 8.0] };
    assert_eq!(depth.at_size(ImageSize { height: 1, width: 2 }), [3.0, 8.0]);
    assert_eq!(depth.at_size(ImageSize { height: 2, width: 4 }), depth.metres);
    let enlarged = depth.at_size(ImageSize { height: 2, width: 8 });
    assert_eq!(enlarged[..8], [0.0, 0.0, 5.0, 5.0, 0.0, 0.0, 0.0, 0.0]);
}

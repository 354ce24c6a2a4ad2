//! Cameras of frames: calibrations as people write them, cameras that hardly anyone has, and what counts where.

use monoscope::{
    config::{CameraChoice, DataChoice, ImageSize},
    data::{
        DataError, FrameKey, FrameSource, RemarkKind, Side,
        folder::parse_camera,
        kitti::{calibration::ScannerProjection, parse_calibration, parse_calibration_of_kitti},
        open,
        synthetic::{BuiltInDrive, DriveOptions, export},
    },
    geometry::Intrinsics,
};
use std::{fs, path::Path, sync::Arc};

const SIZE: ImageSize = ImageSize { height: 192, width: 640 };
/// Camera matrix of 640 × 192 pictures.
const ROW: [&str; 12] =
    ["3.712000e+02", "0", "3.136000e+02", "0", "0", "3.712000e+02", "9.216000e+01", "0", "0", "0", "1", "0"];
/// As it stands in the odometry sequences of 3 October.
const KITTI_ROW: &str =
    "7.188560000000e+02 0 6.071928000000e+02 4.538225e+01 0 7.188560000000e+02 1.852157e+02 0 0 0 1 0";

fn picture(path: &Path, size: ImageSize, grey: u8) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let picture = image::RgbImage::from_pixel(size.width as u32, size.height as u32, image::Rgb([grey; 3]));
    monoscope::data::image::write(path, &picture).unwrap();
}

fn frames(folder: &Path) {
    for frame in 0..3 {
        picture(&folder.join(format!("{frame:06}.png")), SIZE, 40 * frame);
    }
}

fn open_folder(folder: &Path) -> Result<Arc<dyn FrameSource>, DataError> {
    open(&DataChoice::Folder(folder.to_owned()))
}

fn first(source: &dyn FrameSource) -> FrameKey {
    source.drives()[0].keys(Side::Left).next().unwrap()
}

/// Remarks of a kind, as they are printed.
fn remarks(source: &dyn FrameSource, kind: RemarkKind) -> Vec<String> {
    source.remarks().iter().filter(|remark| remark.kind == kind).map(ToString::to_string).collect()
}

#[test]
fn calibrations_are_read_as_people_write_them() {
    let row = ROW.join(" ");
    for text in [
        format!("P2:\t{}", ROW.join("\t")),
        format!("P2: {}", row.replace('e', "E")),
        format!("P2 {row}"),
        format!("# the left camera\nP2 : {row} # of four\n"),
        format!("P2: {}", ROW.join(", ")),
        format!("P2: {}", ROW.join(",")),
        format!("P2 = [{}]", ROW.join(", ")),
        format!("P2: {}", ROW.map(|word| word.replace('.', ",")).join(" ")),
        format!("P0: {row}\r\nP2: {row}\r\n\r\n"),
        format!("\u{feff}P2: {row}"),
        format!("P0: {row}\nP1: {row}"),
        format!("p_rect_02: {row}\ns_rect_02: 640 192"),
        format!("P2: {row} 0 0 0 1"),
        "P2: 371.2 0 313.6 0 371.2 92.16 0 0 1".to_owned(),
        "K: 371.2 0 313.6 0 371.2 92.16 0 0 1".to_owned(),
        "371.2 0 313.6\n0 371.2 92.16\n0 0 1\n".to_owned(),
        "# fx fy cx cy\n371.2 371.2 313.6 92.16\n".to_owned(),
        "cam0=[371.2 0 313.6; 0 371.2 92.16; 0 0 1]\ndoffs=0\nwidth=640\nheight=192\n".to_owned(),
    ] {
        let camera = parse_calibration(&text, SIZE).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let [focal_x, focal_y, centre_x, centre_y] = camera.camera(Side::Right).in_pixels(640, 192);
        let lengths = [focal_x - 371.2, focal_y - 371.2, centre_x - 313.6, centre_y - 92.16];
        assert!(lengths.iter().all(|change| change.abs() < 0.01), "{text:?}: {camera:?}");
    }
}

#[test]
fn calibrations_that_mean_nothing_are_refused_by_name() {
    let row = ROW.join(" ");
    for (text, words) in [
        (format!("P2: {}", row.replacen("3.712000e+02", "inf", 1)), "P2 holds inf"),
        (format!("P2: {}", row.replacen("3.712000e+02", "NaN", 1)), "P2 holds NaN"),
        (format!("P_rect_02: {row}\nS_rect_02: 640 nan"), "S_rect_02 holds NaN"),
        ("P2: 371.2 0 0 0 371.2 0 313.6 92.16 1".to_owned(), "row by row"),
        (format!("P2: {row} 0 0 1 0"), "16 (4 × 4"),
        ("P2: some text".to_owned(), "P2 is not numbers"),
        ("calib_time: 09-Jan-2012\n".to_owned(), "no camera"),
        (format!("P2: {row}\nP3: 100 0 313.6 0 0 100 92.16 0 0 0 1 0"), "the right camera"),
        (format!("P2: {row}\nP3: {}", row.replacen(" 0 0 ", " -44544 0 ", 1)), "120 m is implausible"),
        ("P_rect_02: 371 0 320 0 0 371 96 0 0 0 1 0\nS_rect_02: 16384 4915".to_owned(), "implausible"),
    ] {
        let error = parse_calibration(&text, SIZE).unwrap_err();
        assert!(error.contains(words), "{text:?} gave: {error}");
    }
}

#[test]
fn numbers_for_pictures_of_another_size_are_refused_with_that_size() {
    let lengths = |values: [f64; 4]| {
        let [x, y, u, v] = values;
        format!("focal_x = {x}\nfocal_y = {y}\ncentre_x = {u}\ncentre_y = {v}\n")
    };
    let resized = parse_calibration(&format!("P2: {KITTI_ROW}"), SIZE).unwrap_err();
    for words in ["0.95 widths, 0.96 heights", "1241 × 376", "640×192", "camera.toml"] {
        assert!(resized.contains(words), "{resized}");
    }
    let of_film = ImageSize { height: 360, width: 640 };
    for (values, size, words) in [
        ([1400.0, 1400.0, 960.0, 540.0], of_film, "1920 × 1080"),
        ([700.0, 700.0, 480.0, 270.0], of_film, "960 × 540"),
        ([300.0, 300.0, 200.0, 110.0], of_film, "400 × 220"),
        ([1400.0, 1400.0, 960.0, 540.0], ImageSize { height: 1280, width: 720 }, "outside the picture"),
    ] {
        let error = parse_camera(&lengths(values), size).unwrap_err();
        assert!(error.contains(words), "{values:?} gave: {error}");
    }
    // The size that the error names is what helps.
    let stated = "width = 1920\nheight = 1080\n".to_owned() + &lengths([1400.0, 1400.0, 960.0, 540.0]);
    assert!(parse_camera(&stated, of_film).is_ok());
    // Pictures whose sky or bonnet is cut off are no such case.
    let cropped = ImageSize { height: 768, width: 2048 };
    let doubtful = parse_camera(&lengths([2262.0, 2262.0, 1096.0, 513.0]), cropped);
    assert!(doubtful.is_ok(), "{doubtful:?}");
    assert!(
        parse_camera(&lengths([0.6, 1.0, 0.8, 0.5]), of_film).unwrap_err().contains("far from the middle")
    );
}

#[test]
fn the_error_of_a_camera_file_names_what_is_wrong_in_it() {
    for (text, words) in [
        ("field_of_view = 70\nfov = 1\n", "unknown key \"fov\"; the keys are field_of_view, focal_x"),
        ("field_of_view: 70\n", "line 1"),
        ("field_of_view = '70'\n", "field_of_view is not a number"),
        ("field_of_view = 1.2\n", "not radians"),
        ("field_of_view = 5\n", "11° to 136°"),
        ("field_of_view = 1e300\n", "impossible"),
        ("field_of_view = nan\n", "impossible"),
        ("field_of_view = 70\nbaseline_metres = 120\n", "120 m is implausible"),
        ("field_of_view = 70\nbaseline_metres = nan\n", "baseline_metres"),
    ] {
        let error = parse_camera(text, SIZE).unwrap_err();
        assert!(error.contains(words) && error.lines().count() == 1, "{text} gave: {error}");
    }
    let folder = tempfile::tempdir().unwrap();
    frames(folder.path());
    let file = folder.path().join("camera.toml");
    let utf_16: Vec<u8> =
        "\u{feff}field_of_view = 70\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (content, words) in
        [(utf_16, "UTF-16"), (b"fov = 1\n".to_vec(), "unknown key"), (b"# \n".repeat(400_000), "1 MiB")]
    {
        fs::write(&file, content).unwrap();
        let error = open_folder(folder.path()).err().unwrap().to_string();
        assert!(error.contains("camera.toml") && error.contains(words), "{error}");
    }
    fs::write(&file, "\u{feff}field_of_view = 70\n").unwrap();
    open_folder(folder.path()).unwrap();
}

#[test]
fn an_unknown_camera_names_the_option_first_and_where_a_file_would_count() {
    let folder = tempfile::tempdir().unwrap();
    frames(&folder.path().join("monday"));
    let error = open_folder(folder.path()).err().unwrap();
    let text = error.to_string();
    assert!(text.contains("monday"), "{text}");
    let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("no '{words}' in {text}"));
    assert!(place("--field-of-view") < place("or write that file"), "{text}");
    let DataError::Camera { folder: place, image, has_file: false, .. } = error else { panic!("{error:?}") };
    assert_eq!((place.as_path(), image.file_name().unwrap()), (folder.path(), "000000.png".as_ref()));
    // That of frames in a calibration that cannot be theirs counts beside it.
    fs::write(folder.path().join("monday/calib.txt"), format!("P2: {KITTI_ROW}\n")).unwrap();
    let error = open_folder(folder.path()).err().unwrap();
    let DataError::Camera { folder: place, has_file: true, .. } = error else { panic!("{error:?}") };
    assert_eq!(place, folder.path().join("monday"));
    fs::write(place.join("camera.toml"), "field_of_view = 66\n").unwrap();
    open_folder(folder.path()).unwrap();
}

#[test]
fn unusual_cameras_and_pairs_are_used_and_named() {
    let folder = tempfile::tempdir().unwrap();
    for drive in ["one", "two"] {
        for side in ["left", "right"] {
            frames(&folder.path().join(drive).join(side));
        }
    }
    picture(&folder.path().join("two/right/000001.png"), SIZE, 99);
    fs::write(folder.path().join("camera.toml"), "field_of_view = 134\nbaseline_metres = 5\n").unwrap();
    let source = open_folder(folder.path()).unwrap();
    let said = remarks(source.as_ref(), RemarkKind::Doubtful);
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(
        said[0].starts_with("2 ") && said[0].contains("134°") && said[0].contains("(one, two)"),
        "{said:?}"
    );
    assert!(said[1].contains("5 m apart"), "{said:?}");
    assert!(
        said[2].starts_with("1 ") && said[2].contains("are the same") && said[2].contains("(one)"),
        "{said:?}"
    );
    // The cameras of a calibration are the wrong way round.
    fs::remove_file(folder.path().join("camera.toml")).unwrap();
    let row = ROW.join(" ");
    let crossed = format!("P2: {row}\nP3: {}\n", row.replacen(" 0 0 ", " 200 0 ", 1));
    fs::write(folder.path().join("calib.txt"), crossed).unwrap();
    let source = open_folder(folder.path()).unwrap();
    assert_eq!(source.baseline_metres(&first(source.as_ref())), None);
    let said = remarks(source.as_ref(), RemarkKind::Doubtful);
    assert!(said.iter().any(|remark| remark.contains("swapped")), "{said:?}");
}

#[test]
fn the_calibration_of_an_exported_drive_counts_from_the_root_and_from_its_day() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("drive");
    let size = ImageSize { height: 96, width: 320 };
    let drive = BuiltInDrive::new(DriveOptions { frames: 4, size, ..DriveOptions::default() });
    export(&drive, &root, true, &mut |_, _| {}).unwrap();
    let day = root.join(first(&drive).folder.split('/').next().unwrap());
    let check = |expected: &dyn Fn(&dyn FrameSource)| {
        for folder in [&root, &day] {
            expected(open_folder(folder).unwrap().as_ref());
        }
    };
    check(&|source| {
        assert_eq!(source.intrinsics(&first(source)), Intrinsics::KITTI, "{}", source.name());
        assert_eq!(source.baseline_metres(&first(source)), Some(0.54));
        assert!(source.remarks().is_empty(), "{:?}", source.remarks());
    });
    let file = day.join("calib_cam_to_cam.txt");
    let original = fs::read_to_string(&file).unwrap();
    let line = |shift: f32| format!("210 0 161 {} 0 210 49 0 0 0 1 0", shift * 210.0);
    let changed = format!("{original}P_rect_02: {}\nP_rect_03: {}\n", line(0.0), line(-0.3));
    fs::write(&file, changed).unwrap();
    check(&|source| {
        let intrinsics = source.intrinsics(&first(source));
        assert!((intrinsics.focal_x * 320.0 - 210.0).abs() < 1e-3, "{}", source.name());
        assert!((source.baseline_metres(&first(source)).unwrap() - 0.3).abs() < 1e-5, "{}", source.name());
    });
    check(&|source| {
        let said = remarks(source, RemarkKind::Doubtful);
        assert!(
            said.iter().filter(|remark| remark.contains("KITTI's published one")).count() == 1,
            "{said:?}"
        );
    });
    // A given camera counts in this layout too.
    let given = DataChoice::Assuming { folder: root.clone(), camera: CameraChoice::FieldOfView(90.0) };
    let source = open(&given).unwrap();
    assert!((source.intrinsics(&first(source.as_ref())).focal_x - 0.5).abs() < 1e-6);
    assert_eq!(remarks(source.as_ref(), RemarkKind::Assumed).len(), 1);
    // What cannot be a camera is refused with the file.
    fs::write(&file, original + "P_rect_02: 2 0 161 0 0 2 49 0 0 0 1 0\n").unwrap();
    for folder in [&root, &day] {
        let error = open_folder(folder).err().unwrap().to_string();
        assert!(error.contains("calib_cam_to_cam.txt") && error.contains("focal length"), "{error}");
    }
}

#[test]
fn a_damaged_calibration_of_one_day_costs_the_drives_of_that_day_alone() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for day in ["2011_09_26", "2011_09_28"] {
        for drive in ["0001", "0002"] {
            frames(&root.join(format!("{day}/{day}_drive_{drive}_sync/image_02/data")));
        }
    }
    let damage = |day: &str| {
        let text = "P_rect_02: 2 0 161 0 0 2 49 0 0 0 1 0\n";
        fs::write(root.join(day).join("calib_cam_to_cam.txt"), text).unwrap();
    };
    damage("2011_09_26");
    let source = open_folder(root).unwrap();
    let drives: Vec<_> = source.drives().iter().map(|drive| drive.folder.as_str()).collect();
    assert_eq!(drives, ["2011_09_28/2011_09_28_drive_0001_sync", "2011_09_28/2011_09_28_drive_0002_sync"]);
    let said = remarks(source.as_ref(), RemarkKind::LeftOut);
    assert_eq!(said.len(), 2, "{said:?}");
    for remark in &said {
        let words = ["3 pictures of a drive left out", "2011_09_26_drive_000", "calib_cam_to_cam.txt"];
        assert!(words.iter().all(|word| remark.contains(word)), "{remark}");
    }
    // Nothing is left to open.
    damage("2011_09_28");
    let error = open_folder(root).err().unwrap().to_string();
    assert!(error.contains("calib_cam_to_cam.txt") && error.contains("principal point"), "{error}");
}

#[test]
fn published_cameras_of_kitti_are_the_one_of_the_method_at_any_size() {
    let halved = ImageSize { height: 188, width: 620 };
    for (text, size) in [
        (format!("P0: {KITTI_ROW}\nP2: {KITTI_ROW}\n"), halved),
        (
            "S_rect_02: 1242 375\nP_rect_02: 7.215377e+02 0 6.095593e+02 0 0 7.215377e+02 1.728540e+02 0 0 0 1 0\n"
                .to_owned(),
            SIZE,
        ),
    ] {
        let rig = parse_calibration_of_kitti(&text, size).unwrap();
        assert_eq!((rig.camera(Side::Left), rig.baseline_metres), (Intrinsics::KITTI, Some(0.54)), "{text}");
    }
    let other = format!("P2: {}\n", KITTI_ROW.replace("7.188560000000e+02", "700"));
    assert!(
        parse_calibration_of_kitti(&other, ImageSize { height: 376, width: 1241 })
            .unwrap()
            .camera(Side::Left)
            != Intrinsics::KITTI
    );
}

#[test]
fn scans_are_projected_only_into_pictures_that_a_camera_takes() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("calib_velo_to_cam.txt"), "R: 0 -1 0 0 0 -1 1 0 0\nT: 0 -0.1 -0.3\n")
        .unwrap();
    for (size, is_read) in
        [("1242 375", true), ("16384 16384", false), ("1e9 1", false), ("0 4", false), ("-1 -1", false)]
    {
        let cameras =
            format!("S_rect_02: {size}\nR_rect_00: 1 0 0 0 1 0 0 0 1\nP_rect_02: {}\n", ROW.join(" "));
        fs::write(folder.path().join("calib_cam_to_cam.txt"), cameras).unwrap();
        let read = ScannerProjection::read(folder.path(), Side::Left);
        assert_eq!(read.is_ok(), is_read, "{size}: {read:?}");
    }
}

#[test]
fn files_that_are_named_almost_like_a_camera_file_are_read_or_named() {
    let matrix = "371.2 0 313.6\n0 371.2 92.16\n0 0 1\n";
    for name in ["K.txt", "intrinsics.txt"] {
        let folder = tempfile::tempdir().unwrap();
        frames(folder.path());
        fs::write(folder.path().join(name), matrix).unwrap();
        let source = open_folder(folder.path()).unwrap();
        assert!((source.intrinsics(&first(source.as_ref())).focal_x - 0.58).abs() < 1e-6);
        // A file that is named by the manual counts first.
        fs::write(folder.path().join("camera.toml"), "field_of_view = 90\n").unwrap();
        let source = open_folder(folder.path()).unwrap();
        assert!((source.intrinsics(&first(source.as_ref())).focal_x - 0.5).abs() < 1e-6);
    }
    for (name, words) in [
        ("Camera.toml", ["rename", "Camera.toml to camera.toml"]),
        ("cameras.txt", ["cameras.txt, whose form is not known; give", "--field-of-view"]),
        ("k.yaml", ["k.yaml, whose form is not known; give", "field_of_view = 90"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        frames(folder.path());
        fs::write(folder.path().join(name), "1 PINHOLE 640 192 371.2 371.2 313.6 92.16\n").unwrap();
        // On some disks `Camera.toml` is `camera.toml`.
        let error = open_folder(folder.path()).err().unwrap().to_string();
        let is_one = folder.path().join("camera.toml").is_file();
        assert!(is_one || words.iter().all(|words| error.contains(words)), "{name}: {error}");
    }
}

#[test]
fn two_different_lines_of_a_camera_are_said() {
    let row = ROW.join(" ");
    let other = row.replace("3.712000e+02", "4.0e+02");
    for (text, count) in
        [(format!("P2: {row}\nP2: {other}\n"), 1), (format!("P2: {row}\nP0: {other}\nP2: {row}\n"), 0)]
    {
        let folder = tempfile::tempdir().unwrap();
        frames(folder.path());
        fs::write(folder.path().join("calib.txt"), text).unwrap();
        let said = remarks(open_folder(folder.path()).unwrap().as_ref(), RemarkKind::Doubtful);
        let said = said.iter().filter(|remark| remark.contains("P2 stands in it twice"));
        assert_eq!(said.count(), count);
    }
}

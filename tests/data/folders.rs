//! Folders recognised by their layout: KITTI odometry, and own frames with their cameras.

use crate::support::{Cases, takes_at_most};
use glam::DVec3;
use monoscope::{
    app::{FolderContent, recognise},
    config::{CameraChoice, DataChoice, FrameId, ImageSize},
    data::{
        FrameKey, FrameSource, Side,
        augment::Augmentation,
        folder::parse_camera,
        is_data,
        kitti::{KittiOdometry, parse_calibration},
        loader::{Preparation, SampleOptions, load_sample},
        open, poses,
        split::{every_frame, prescan},
        synthetic::{BuiltInDrive, DriveOptions},
    },
    geometry::Intrinsics,
};
use std::{fs, path::Path, process::Command, sync::Arc};

const SIZE: ImageSize = ImageSize { height: 100, width: 200 };
const IN_PIXELS: &str = "width = 400\nheight = 200\nfocal_x = 240\nfocal_y = 250.0\ncentre_x = 180\n\
                         centre_y = 90\nbaseline_metres = 0.2\n";
const CALIBRATION: &str = "calib_time: 09-Jan-2012\nS_rect_02: 4.0e+02 2.0e+02\n\
    P_rect_02: 240 0 180 12 0 250 90 0 0 0 1 0\nP_rect_03: 240 0 190 -84 0 250 90 0 0 0 1 0\n";

/// Writes images whose grey level is their index in the list.
fn write(folder: &Path, names: &[&str]) {
    fs::create_dir_all(folder).unwrap();
    for (index, name) in names.iter().enumerate() {
        let picture = image::RgbImage::from_pixel(200, 100, image::Rgb([index as u8 * 20; 3]));
        monoscope::data::image::write(&folder.join(name), &picture).unwrap();
    }
}

fn key(folder: &str, frame: u32, side: Side) -> FrameKey {
    FrameKey { folder: folder.to_owned(), frame, side }
}

fn open_folder(folder: &Path) -> Result<Arc<dyn FrameSource>, String> {
    open(&DataChoice::Folder(folder.to_owned())).map_err(|error| error.to_string())
}

fn near(a: Intrinsics, b: [f32; 4]) {
    let a = a.in_pixels(1, 1);
    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5), "{a:?} is not {b:?}");
}

#[test]
fn odometry_is_recognised_and_named_as_in_its_split() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(&root.join("dataset/sequences/09/image_2"), &["000000.png", "000001.png", "000003.png"]);
    write(&root.join("dataset/sequences/09/image_3"), &["000000.png", "000001.png"]);
    write(&root.join("dataset/sequences/10/image_2"), &["000000.png"]);
    fs::create_dir_all(root.join("dataset/poses")).unwrap();
    let pose = "1 0 0 0.5 0 1 0 -0.25 0 0 1 2\n";
    fs::write(root.join("dataset/poses/09.txt"), pose.repeat(2)).unwrap();
    let source = open_folder(root).unwrap();
    assert!(source.name().contains("KITTI odometry"), "{}", source.name());
    let drives: Vec<_> =
        source.drives().iter().map(|drive| (drive.folder.as_str(), drive.frames.clone())).collect();
    assert_eq!(drives, [("9", 0..4), ("10", 0..1)]);
    assert!(source.contains(&"9 3 l".parse().unwrap()) && !source.contains(&"9 3 r".parse().unwrap()));
    assert_eq!(source.image(&key("9", 1, Side::Right)).unwrap().get_pixel(0, 0).0, [20; 3]);
    assert_eq!(source.intrinsics(&key("9", 0, Side::Left)), Intrinsics::KITTI);
    assert_eq!(source.baseline_metres(&key("9", 0, Side::Left)), Some(0.54));

    let odometry = KittiOdometry::open(root).unwrap();
    let poses = odometry.poses(9).unwrap().unwrap().poses;
    assert_eq!((poses.len(), poses[1].translation), (2, DVec3::new(0.5, -0.25, 2.0)));
    assert!(odometry.poses(10).unwrap().is_none());
    fs::write(root.join("dataset/poses/10.txt"), "1 2 3\n").unwrap();
    let error = odometry.poses(10).unwrap_err().to_string();
    assert!(error.contains("10.txt") && error.contains("line 1") && error.contains("3 numbers"), "{error}");
}

#[test]
fn poses_are_read_row_by_row() {
    let text = "0 -1 0 3 1 0 0 4 0 0 1 5\n\n1 0 0 0 0 1 0 0 0 0 1 0\n";
    let read = poses::parse(text).unwrap().poses;
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].transform_point3(DVec3::X), DVec3::new(3.0, 5.0, 5.0));
    assert!(poses::parse("1 0 0 0 0 1 0 0 0 0 1 nan\n").unwrap_err().contains("NaN"));
    assert!(poses::parse("1 0 0 0 0 1 0 0 0 0 1 0 7\n").unwrap_err().contains("13 numbers"));
}

#[test]
fn own_frames_are_numbered_by_their_names_or_by_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let numbered = folder.path().join("by number");
    write(&numbered, &["frame_007.png", "frame_008.png", "frame_009.png", "frame_011.jpg", "frame_010.PNG"]);
    write(&folder.path().join("by_time"), &["1000.png", "1033.png", "1066.png"]);
    write(&folder.path().join("stray"), &["0.png", "1.png", "2.png", "4000000000.png"]);
    write(&folder.path().join("by_name"), &["a.png", "b.jpeg", "b.png", "c.jpg"]);
    fs::write(folder.path().join("camera.toml"), "field_of_view = 90\n").unwrap();
    fs::write(folder.path().join("by_name/notes.txt"), "no picture").unwrap();
    let source = open_folder(folder.path()).unwrap();
    let drives: Vec<_> =
        source.drives().iter().map(|drive| (drive.folder.as_str(), drive.frames.clone())).collect();
    assert_eq!(drives, [("by number", 7..12), ("by_name", 0..3), ("by_time", 0..3), ("stray", 0..4)]);
    assert!(source.drives().iter().all(|drive| drive.sides == [Side::Left]));
    let by_name = source.file(&key("by_name", 1, Side::Left)).unwrap();
    assert!(by_name.ends_with("b.jpeg"), "JPEG comes before PNG, not {}", by_name.display());
    // A name with spaces survives the format of split files.
    let split = every_frame(source.as_ref(), &[FrameId::TARGET, FrameId::PREVIOUS]);
    for key in split.training.iter().chain(&split.validation) {
        assert_eq!(key.to_string().parse::<FrameKey>().unwrap(), *key);
    }
    assert!(prescan(source.as_ref(), &split.training, &[FrameId::TARGET]).unwrap().dropped.is_empty());
    // The frames may also lie in the opened folder itself.
    let alone = open_folder(&numbered).unwrap();
    assert_eq!(alone.drives()[0].folder, "by number");
    assert_eq!(recognise(&numbered), FolderContent::Data(numbered.clone()));
    assert_eq!(recognise(Path::new("eigen_zhou")), FolderContent::Split("eigen_zhou".into()));
    assert!(is_data(&numbered) && !is_data(Path::new(env!("CARGO_MANIFEST_DIR")).join("splits").as_path()));
}

#[test]
fn every_own_drive_has_its_own_camera() {
    let folder = tempfile::tempdir().unwrap();
    let drive = |name: &str| folder.path().join(name);
    for name in ["pixels", "parts", "kitti", "angle"] {
        write(&drive(name), &["0.png", "1.png"]);
    }
    fs::write(drive("pixels").join("camera.toml"), IN_PIXELS).unwrap();
    fs::write(drive("parts").join("camera.toml"), "focal_x=0.7\nfocal_y=1.4\ncentre_x=0.5\ncentre_y=0.4\n")
        .unwrap();
    fs::write(drive("kitti").join("calib_cam_to_cam.txt"), CALIBRATION).unwrap();
    let unknown = open_folder(folder.path()).err().unwrap();
    for words in ["angle", "camera.toml", "field_of_view = 90", "--intrinsics"] {
        assert!(unknown.contains(words), "{unknown}");
    }
    fs::write(drive("angle").join("camera.toml"), "field_of_view = 90\n").unwrap();
    let source = open_folder(folder.path()).unwrap();
    let camera = |name: &str| source.intrinsics(&key(name, 0, Side::Left));
    near(camera("pixels"), [0.6, 1.25, 0.45, 0.45]);
    near(camera("parts"), [0.7, 1.4, 0.5, 0.4]);
    near(camera("kitti"), [0.6, 1.25, 0.45, 0.45]);
    near(camera("angle"), [0.5, 1.0, 0.5, 0.5]);
    near(source.intrinsics(&key("kitti", 0, Side::Right)), [0.6, 1.25, 0.475, 0.45]);
    let metres = |name: &str| source.baseline_metres(&key(name, 0, Side::Left));
    assert!((metres("pixels").unwrap() - 0.2).abs() < 1e-6);
    assert!((metres("kitti").unwrap() - 0.4).abs() < 1e-6, "(12 + 84) / 240 m");
    assert_eq!(metres("angle"), None);
    // Every sample of a run has its drive's camera, mirrored with its pictures.
    let options = SampleOptions {
        size: SIZE,
        scales: 1,
        frame_ids: vec![FrameId::TARGET],
        full_pyramid: false,
        preparation: Preparation::Upload,
    };
    let mirror = Augmentation { mirror: true, jitter: None };
    for (name, centre) in [("pixels", 0.55), ("parts", 0.5)] {
        let sample = load_sample(source.as_ref(), &key(name, 1, Side::Left), &options, &mirror).unwrap();
        assert!((sample.intrinsics.centre_x - centre).abs() < 1e-6, "{name}: {:?}", sample.intrinsics);
    }
    // A given camera counts for all drives, whatever their files say. Its lengths are in pixels of the frames, or in
    // widths and heights.
    let assume = |camera| open(&DataChoice::Assuming { folder: folder.path().to_owned(), camera });
    let given = assume(CameraChoice::FieldOfView(90.0)).unwrap();
    assert!(given.name().contains("camera assumed"), "{}", given.name());
    near(given.intrinsics(&key("pixels", 0, Side::Left)), [0.5, 1.0, 0.5, 0.5]);
    assert_eq!(
        given.baseline_metres(&key("pixels", 0, Side::Left)),
        Some(0.2),
        "the file's distance is kept"
    );
    let said: Vec<String> = given.remarks().iter().map(ToString::to_string).collect();
    assert!(said[0].starts_with("3 drives whose camera.toml does not count"), "{said:?}");
    assert!(said[1].starts_with("1 drive whose calib_cam_to_cam.txt does not count"), "{said:?}");
    let in_pixels = assume(CameraChoice::Intrinsics([120.0, 125.0, 90.0, 45.0])).unwrap();
    near(in_pixels.intrinsics(&key("angle", 0, Side::Left)), [0.6, 1.25, 0.45, 0.45]);
    let in_parts = assume(CameraChoice::Intrinsics([0.6, 1.25, 0.45, 0.45])).unwrap();
    near(in_parts.intrinsics(&key("angle", 0, Side::Left)), [0.6, 1.25, 0.45, 0.45]);
    let error = assume(CameraChoice::FieldOfView(180.0)).err().unwrap().to_string();
    assert!(error.contains("180°"), "{error}");
}

#[test]
fn own_stereo_pairs_are_two_cameras_of_a_drive() {
    let folder = tempfile::tempdir().unwrap();
    for camera in ["one/left", "one/right", "two/image_02/data", "two/image_03/data"] {
        write(&folder.path().join(camera), &["0.png", "1.png", "2.png"]);
    }
    fs::write(folder.path().join("camera.toml"), IN_PIXELS).unwrap();
    let source = open_folder(folder.path()).unwrap();
    for (drive, name) in source.drives().iter().zip(["one", "two"]) {
        assert_eq!((drive.folder.as_str(), drive.sides.as_slice()), (name, &[Side::Left, Side::Right][..]));
        let target = key(name, 1, Side::Right);
        assert!(source.contains(&target.relative(FrameId::Stereo).unwrap()));
    }
    let pair = open_folder(&folder.path().join("one")).unwrap();
    assert_eq!((pair.drives().len(), pair.drives()[0].sides.len()), (1, 2));
}

#[test]
fn implausible_cameras_are_refused_with_the_reason() {
    let lengths = |values: [f32; 4]| {
        let [fx, fy, cx, cy] = values;
        format!("focal_x = {fx}\nfocal_y = {fy}\ncentre_x = {cx}\ncentre_y = {cy}\n")
    };
    for (text, words) in [
        (lengths([0.1, 1.0, 0.5, 0.5]), "focal length of 0.100"),
        (lengths([6.0, 1.0, 0.5, 0.5]), "focal length of 6.000"),
        (lengths([0.6, 0.2, 0.5, 0.5]), "focal length of 0.100"),
        (lengths([721.0, 721.0, 609.0, 172.0]), "outside the picture"),
        (lengths([120.0, 120.0, 300.0, 50.0]), "outside the picture"),
        (lengths([0.6, 1.2, 0.5, -0.1]), "outside the picture"),
        ("focal_x = nan\nfocal_y = 1\ncentre_x = 0.5\ncentre_y = 0.5\n".to_owned(), "focal length"),
        ("width = 400\n".to_owned() + &lengths([240.0, 250.0, 180.0, 90.0]), "width and height"),
        (IN_PIXELS.replace("400", "800"), "another shape"),
        (IN_PIXELS.replace("0.2", "-1"), "baseline_metres"),
        ("field_of_view = 200\n".to_owned(), "200°"),
        ("field_of_view = 5\n".to_owned(), "focal length"),
        ("field_of_view = 90\nfocal_x = 1\n".to_owned(), "one of them"),
        ("focal_x = 1\n".to_owned(), "focal_y"),
        ("focal = 1\n".to_owned(), "focal"),
        (String::new(), "field_of_view"),
    ] {
        let parsed = parse_camera(&text, SIZE);
        let error = parsed.unwrap_err();
        assert!(error.contains(words), "{text} gave: {error}");
    }
    assert!(parse_calibration("R0: 1 2 3", SIZE).unwrap_err().contains("P_rect_02"));
    assert!(parse_calibration("P0: 1 2 3", SIZE).unwrap_err().contains("3 numbers"), "grey cameras count");
    assert!(parse_calibration("P2: 1 2 3", SIZE).unwrap_err().contains("3 numbers"));
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &["0.png"]);
    fs::write(folder.path().join("camera.toml"), lengths([0.1, 1.0, 0.5, 0.5])).unwrap();
    let error = open_folder(folder.path()).err().unwrap();
    assert!(error.contains("camera.toml") && error.contains("0.100"), "{error}");
}

#[test]
fn a_folder_without_frames_names_the_layouts_that_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let error = open_folder(folder.path()).err().unwrap();
    for words in ["DATE/DRIVE/image_02", "sequences/NN/image_2", "JPEG, PNG, WebP"] {
        assert!(error.contains(words), "{error}");
    }
    assert!(open_folder(&folder.path().join("nowhere")).err().unwrap().contains("nowhere"));
}

fn check_mutants(cases: Cases) {
    let poses = "1 0 0 0.5 0 1 0 -2.5e-1 0 0 1 2\n";
    let wholes = [IN_PIXELS, CALIBRATION, poses].map(str::as_bytes);
    takes_at_most(1 << 20, || {
        cases.mutants(&wholes, [0.01, 0.01], |index, bytes| {
            let text = String::from_utf8_lossy(&bytes);
            match index {
                0 => {
                    let camera = parse_camera(&text, SIZE);
                    if let Ok(rig) = camera {
                        let [focal_x, _, centre_x, centre_y] = rig.camera(Side::Left).in_pixels(1, 1);
                        assert!((0.19..5.01).contains(&focal_x) && (0.0..=1.0).contains(&centre_x));
                        assert!((0.0..=1.0).contains(&centre_y));
                        assert!(rig.baseline_metres.is_none_or(|metres| metres > 0.0));
                    }
                    camera.is_ok()
                }
                1 => parse_calibration(&text, SIZE).is_ok(),
                _ => poses::parse(&text).is_ok(),
            }
        });
    });
}

#[test]
fn damaged_cameras_and_poses_are_refused_without_panic() {
    check_mutants(Cases(0..120_000));
}

#[test]
#[ignore = "takes seconds: 1200000 mutants of cameras and poses"]
fn damaged_cameras_and_poses_are_refused_without_panic_in_full() {
    check_mutants(Cases(0..1_200_000));
}

#[test]
fn own_frames_train_without_a_line_of_code() {
    let folder = tempfile::tempdir().unwrap();
    let film = folder.path().join("my film");
    fs::create_dir(&film).unwrap();
    let size = ImageSize { height: 64, width: 96 };
    let drive = BuiltInDrive::new(DriveOptions { frames: 5, size, ..DriveOptions::default() });
    for key in drive.drives()[0].keys(Side::Left) {
        drive.image(&key).unwrap().save(film.join(format!("shot{:03}.png", key.frame))).unwrap();
    }
    fs::write(film.join("._shot000.png"), "of a Mac").unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let run = |more: &[&str]| {
        let (data, out, cache) = (path("my film"), path("run"), path("cache"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_monoscope"));
        command.args(["train", "--data", &data, "--out", &out, "--cache-frames", &cache, "--device", "cpu"]);
        let small = ["--preset", "small", "--height", "64", "--width", "96", "--steps", "2"];
        command.args(small).args(more).output().unwrap()
    };
    let refused = run(&[]);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && message.contains("camera.toml"), "{message}");
    // Three frames have both neighbours, two are left to train on: less than the preset's batch.
    let trained = run(&["--intrinsics", "0.58,0.9,0.5,0.5", "--json"]);
    let message = String::from_utf8_lossy(&trained.stderr).into_owned();
    assert!(trained.status.success(), "{message}");
    let summary: serde_json::Value = serde_json::from_slice(&trained.stdout).unwrap();
    assert!(summary["steps"] == 2 && summary["loss"].as_f64().unwrap().is_finite(), "{summary}");
    let manifest = fs::read_to_string(path("run/manifest.json")).unwrap();
    assert!(manifest.contains("hidden and system files left out"), "{manifest}");
    assert_eq!(
        fs::read_dir(path("cache/96x64")).unwrap().count(),
        5,
        "every frame is kept, the last from validation"
    );

    let command = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_monoscope")).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let listed = command(&["frames", "--data", &path("my film"), "--field-of-view", "80", "--json"]);
    let drive = &listed["drives"][0];
    assert!(drive["folder"] == "my film" && drive["frames"] == 5 && drive["width"] == 96, "{listed}");
    assert!(drive["standing_share"] == 0.0 && drive["stride"] == 1, "{listed}");
    let archives = command(&["archives", "--split", "small", "--json"]);
    assert_eq!(archives["archives"].as_array().unwrap().len(), 2);
}

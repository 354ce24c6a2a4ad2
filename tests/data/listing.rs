//! Folders as people have them: names without zeros, clips in one folder, hidden files, depth beside colour, grey
//! cameras, files that are damaged or of another size, and folders that are not what they should be.

use image::{Luma, Rgb, RgbImage};
use monoscope::{
    config::{DataChoice, FrameId, ImageSize},
    data::{
        FrameKey, FrameSource, NumberedBy, RemarkKind, Remarks, Side, motion::measure, open,
        split::every_frame,
    },
    predict::find_images,
};
use std::{fs, path::Path, sync::Arc, time::Duration};

const CAMERA: &str = "field_of_view = 70\n";
const TRIPLET: [FrameId; 3] = [FrameId::TARGET, FrameId::PREVIOUS, FrameId::NEXT];

pub(super) fn save(path: &Path, width: u32, height: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let picture = RgbImage::from_pixel(width, height, Rgb([90, 120, 60]));
    monoscope::data::image::write(path, &picture).unwrap();
}

/// Writes pictures of 40 × 20 pixels and a camera.
pub(super) fn drive(folder: &Path, names: &[&str]) {
    names.iter().for_each(|name| save(&folder.join(name), 40, 20));
    fs::write(folder.join("camera.toml"), CAMERA).unwrap();
}

pub(super) fn opened(folder: &Path) -> Arc<dyn FrameSource> {
    open(&DataChoice::Folder(folder.to_owned())).unwrap()
}

pub(super) fn refusal(folder: &Path) -> String {
    open(&DataChoice::Folder(folder.to_owned())).unwrap_err().to_string()
}

/// Names of the files of the only drive, in the order of the frames.
pub(super) fn files(source: &dyn FrameSource) -> Vec<String> {
    let drive = &source.drives()[0];
    let files = drive
        .keys(drive.sides[0])
        .filter_map(|key| source.file(&key).map(Path::to_owned))
        .collect::<Vec<_>>();
    files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

/// Number of files in remarks of this kind that say these words.
pub(super) fn remarked(source: &dyn FrameSource, kind: RemarkKind, words: &str) -> usize {
    let remarks = source.remarks();
    let found = remarks.iter().filter(|remark| remark.kind == kind && remark.to_string().contains(words));
    found.map(|remark| remark.count).sum()
}

pub(super) fn neighbour(source: &dyn FrameSource, frame: u32, offset: i32) -> Option<u32> {
    let drive = &source.drives()[0];
    let key = FrameKey { folder: drive.folder.clone(), frame, side: drive.sides[0] };
    let neighbour = source.neighbour(&key, FrameId::Temporal(offset))?;
    source.contains(&neighbour).then_some(neighbour.frame)
}

#[test]
fn numbers_without_zeros_order_frames_as_numbers_and_keep_their_step() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..12).map(|index| format!("{}_left.png", 4 + 3 * index)).collect();
    drive(folder.path(), &names.iter().map(String::as_str).collect::<Vec<_>>());
    let source = opened(folder.path());
    assert_eq!(files(source.as_ref()), names, "34 does not stand before 4");
    let found = &source.drives()[0];
    assert_eq!((found.frames.clone(), found.step, found.count()), (4..38, 3, 12));
    let seven = FrameKey { folder: found.folder.clone(), frame: 7, side: Side::Left };
    assert!(source.file(&seven).unwrap().ends_with("7_left.png"), "the number of a split is the file's");
    assert_eq!([neighbour(source.as_ref(), 7, -1), neighbour(source.as_ref(), 7, 2)], [Some(4), Some(13)]);
    let split = every_frame(source.as_ref(), &TRIPLET);
    assert_eq!(split.training.len() + split.validation.len(), 10, "all but the ends train");
    assert_eq!(remarked(source.as_ref(), RemarkKind::Numbered, "in steps of 3"), 12);
    assert_eq!(measure(source.as_ref(), found, &|| ()).frames, 12);
    let predicted = find_images(folder.path()).unwrap();
    let predicted: Vec<_> =
        predicted.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(predicted, names, "predict has the order of training");
}

#[test]
fn no_sample_crosses_from_one_clip_of_a_folder_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let clip = |clip: u32, frames: std::ops::Range<u32>| {
        frames.map(move |frame| format!("town_{clip:06}_{frame:06}_leftImg8bit.png"))
    };
    let names: Vec<String> = clip(1, 19..23).chain(clip(2, 19..22)).chain(clip(7, 0..4)).collect();
    drive(folder.path(), &names.iter().map(String::as_str).collect::<Vec<_>>());
    let source = opened(folder.path());
    assert_eq!(files(source.as_ref()), names);
    let decisions = source.decisions(&source.drives()[0]);
    assert_eq!((decisions.breaks, decisions.numbered_by), (2, NumberedBy::Order));
    assert_eq!([neighbour(source.as_ref(), 3, 1), neighbour(source.as_ref(), 4, -1)], [None, None]);
    assert_eq!(neighbour(source.as_ref(), 2, 1), Some(3));
    let split = every_frame(source.as_ref(), &TRIPLET);
    let mut frames: Vec<u32> = split.training.iter().chain(&split.validation).map(|key| key.frame).collect();
    frames.sort_unstable();
    assert_eq!(frames, [1, 2, 5, 8, 9], "those with both neighbours in their clip");
    assert_eq!(remarked(source.as_ref(), RemarkKind::Separated, "no sample crosses"), 2);

    // Numbers that go on from clip to clip.
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = clip(1, 0..3).chain(clip(2, 3..6)).collect();
    drive(folder.path(), &names.iter().map(String::as_str).collect::<Vec<_>>());
    let source = opened(folder.path());
    assert_eq!((neighbour(source.as_ref(), 2, 1), neighbour(source.as_ref(), 4, 1)), (None, Some(5)));
    assert_eq!(source.decisions(&source.drives()[0]).numbered_by, NumberedBy::Name);
}

#[test]
fn names_with_times_are_ordered_by_them() {
    for (names, breaks) in [
        (["1305031102.9.png", "1305031103.1753.png", "1305031103.5.png", "1305031103.81.png"], 0),
        (["12-30-59.png", "12-31-00.png", "12-31-01.png", "12-31-02.png"], 0),
        (["f8_1700000000.png", "f9_1700000000.png", "f10_1700000001.png", "f11_1700000001.png"], 0),
        (["take1.8.png", "take1.9.png", "take1.10.png", "take1.11.png"], 0),
        // Ten seconds at three frames a second, and a minute later the next.
        (
            [
                "1403715273262142976.png",
                "1403715273295142976.png",
                "1403715273328142976.png",
                "1403715333328142976.png",
            ],
            1,
        ),
        (["001_left.png", "002_left.png", "001_right.png", "002_right.png"], 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        drive(folder.path(), &names);
        let source = opened(folder.path());
        assert_eq!(files(source.as_ref()), names);
        assert_eq!(source.decisions(&source.drives()[0]).breaks, breaks, "{names:?}");
    }
}

#[test]
fn a_picture_with_another_name_than_all_others_is_no_frame() {
    let folder = tempfile::tempdir().unwrap();
    drive(folder.path(), &["1.png", "2.png", "3.png", "4.png", "cover.png"]);
    let source = opened(folder.path());
    assert_eq!(source.drives()[0].frames, 1..5);
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "cover"), 1);
    assert_eq!(find_images(folder.path()).unwrap().len(), 5, "predict takes every picture");
}

#[test]
fn hidden_and_system_files_are_no_frames_and_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    drive(root, &["000000.png", "000001.png", "000002.png"]);
    for system in
        [".thumbnails", "@eaDir", "#recycle", "__MACOSX", "System Volume Information", "$RECYCLE.BIN"]
    {
        save(&root.join(system).join("000000.png"), 8, 8);
    }
    for index in 0..3 {
        fs::write(root.join(format!("._00000{index}.png")), b"\0\x05\x16\x07 of a Mac").unwrap();
    }
    fs::write(root.join("Thumbs.db"), "thumbnails").unwrap();
    fs::write(root.join("notes.txt"), "of no interest").unwrap();
    fs::write(root.join("frames.zip"), "PK").unwrap();
    fs::write(root.join("phone.heic"), "a picture").unwrap();
    let source = opened(root);
    assert_eq!((source.drives().len(), source.drives()[0].count()), (1, 3));
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "hidden and system files"), 10);
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "unpack"), 1);
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "convert to PNG"), 1);
    assert_eq!(find_images(root).unwrap().len(), 3);
}

#[cfg(unix)]
#[test]
fn links_and_what_is_no_file_do_no_harm() {
    use std::os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener};
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    drive(&root.join("one"), &["0.png", "1.png", "2.png"]);
    for (target, link) in [("..", "one/up"), (".", "self"), ("one", "same"), ("nowhere", "lost")] {
        symlink(target, root.join(link)).unwrap();
    }
    symlink("/dev/zero", root.join("one/3.png")).unwrap();
    symlink("nowhere.png", root.join("one/4.png")).unwrap();
    let _socket = UnixListener::bind(root.join("one/5.png")).unwrap();
    let source = opened(root);
    assert_eq!((source.drives().len(), source.drives()[0].count()), (1, 3), "{:?}", source.drives());
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "devices and pipes"), 2);
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "to nowhere"), 2);
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "listed already"), 1);
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "folder above"), 2);

    // Names that are no UTF-8 are used all the same.
    let named = root.join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    fs::rename(root.join("one"), &named).unwrap();
    fs::rename(named.join("2.png"), named.join(std::ffi::OsStr::from_bytes(b"\xe9_2.png"))).unwrap();
    let source = opened(root);
    assert_eq!(files(source.as_ref()).len(), 3);
    let key = source.drives()[0].keys(Side::Left).next().unwrap();
    assert_eq!(source.image(&key).unwrap().dimensions(), (40, 20));
}

#[test]
fn a_bad_drive_refuses_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    drive(&root.join("good"), &["0.png", "1.png", "2.png"]);
    drive(&root.join("wrong camera"), &["0.png", "1.png"]);
    fs::write(root.join("wrong camera/camera.toml"), "field_of_view = 500\n").unwrap();
    fs::create_dir(root.join("damaged")).unwrap();
    fs::write(root.join("damaged/0.png"), "").unwrap();
    fs::write(root.join("damaged/camera.toml"), CAMERA).unwrap();
    let source = opened(root);
    assert_eq!(source.drives().len(), 1);
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "500°"), 2);
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "damaged"), 1);
    fs::remove_dir_all(root.join("good")).unwrap();
    assert!(refusal(root).contains("0.png"), "{}", refusal(root));
}

#[test]
fn depth_of_a_recording_is_no_drive_but_heat_is() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    drive(&root.join("rgb"), &["0.png", "1.png", "2.png"]);
    fs::write(root.join("camera.toml"), CAMERA).unwrap();
    let sixteen = |folder: &str, hole: u16| {
        fs::create_dir_all(root.join(folder)).unwrap();
        for index in 0..3 {
            let level = |x: u32, _: u32| Luma([if x < 4 { hole } else { 3000 + x as u16 }]);
            let picture = image::ImageBuffer::<Luma<u16>, Vec<u16>>::from_fn(40, 20, level);
            picture.save(root.join(folder).join(format!("{index}.png"))).unwrap();
        }
    };
    sixteen("depth", 900);
    sixteen("kinect", 0);
    sixteen("thermal", 0);
    let source = opened(root);
    let names: Vec<&str> = source.drives().iter().map(|drive| drive.folder.as_str()).collect();
    assert_eq!(names, ["rgb", "thermal"]);
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "16-bit depth"), 6);
    // In one folder with the pictures.
    for index in 0..3 {
        let name = format!("{index}.png");
        fs::copy(root.join("depth").join(&name), root.join("rgb").join(format!("{index}_depth.png")))
            .unwrap();
    }
    let alone = opened(&root.join("rgb"));
    assert_eq!((alone.drives()[0].count(), find_images(&root.join("rgb")).unwrap().len()), (3, 3));
}

#[test]
fn grey_cameras_are_a_stereo_pair_where_there_are_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for camera in ["image_0", "image_1"] {
        drive(&root.join("odometry/sequences/00").join(camera), &["000000.png", "000001.png"]);
        let raw = camera.replace("image_", "image_0");
        drive(
            &root.join("raw/2011_09_26/a_sync").join(raw).join("data"),
            &["0000000000.png", "0000000001.png"],
        );
    }
    let both = [Side::Left, Side::Right];
    for (name, drive) in [("odometry", "0"), ("raw", "2011_09_26/a_sync")] {
        let source = opened(&root.join(name));
        assert!(source.name().contains("KITTI"), "{}", source.name());
        let [found] = source.drives() else { panic!("{:?}", source.drives()) };
        assert_eq!((found.folder.as_str(), found.sides.as_slice(), found.count()), (drive, &both[..], 2));
    }
    fs::write(root.join("camera.toml"), CAMERA).unwrap();
    fs::write(root.join("odometry/sequences/camera.toml"), CAMERA).unwrap();
    let own = opened(&root.join("odometry/sequences"));
    assert_eq!((own.drives().len(), own.drives()[0].sides.as_slice()), (1, &both[..]));
    // Colour pictures come first.
    drive(&root.join("odometry/sequences/00/image_2"), &["000000.png", "000001.png", "000002.png"]);
    let colour = opened(&root.join("odometry"));
    assert_eq!((colour.drives()[0].sides.as_slice(), colour.drives()[0].count()), (&both[..1], 3));
    assert_eq!(remarked(colour.as_ref(), RemarkKind::LeftOut, "grey cameras"), 2);
}

#[test]
fn pairs_are_told_by_name_where_a_camera_lacks_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let times = ["1403715273262142976", "1403715273312142976", "1403715273362142976", "1403715273412142976"];
    for time in times {
        save(&root.join("cam0/data").join(format!("{time}.png")), 40, 20);
        if time != times[1] {
            save(&root.join("cam1/data").join(format!("{time}.png")), 40, 20);
        }
    }
    fs::write(root.join("camera.toml"), CAMERA).unwrap();
    let source = opened(root);
    let key = |frame, side| FrameKey { folder: source.drives()[0].folder.clone(), frame, side };
    assert!(!source.contains(&key(1, Side::Right)));
    assert!(source.file(&key(2, Side::Right)).unwrap().ends_with(format!("{}.png", times[2])));
}

#[test]
fn damaged_pictures_and_those_of_another_size_are_counted_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    // The first stands upright beside a camera in pixels of the others.
    let names: Vec<String> = (0..12).map(|index| format!("{index:06}.png")).collect();
    drive(root, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let pixels = "width = 40\nheight = 20\nfocal_x = 25\nfocal_y = 25\ncentre_x = 20\ncentre_y = 10\n";
    fs::write(root.join("camera.toml"), pixels).unwrap();
    save(&root.join(&names[0]), 20, 40);
    save(&root.join(&names[4]), 80, 40);
    fs::write(root.join(&names[6]), "").unwrap();
    fs::write(root.join(&names[8]), "<!DOCTYPE html><title>404</title>").unwrap();
    let whole = fs::read(root.join(&names[7])).unwrap();
    fs::write(root.join(&names[7]), &whole[..whole.len() - 20]).unwrap();
    let source = opened(root);
    assert_eq!(source.drives()[0].count(), 12);
    let size = ImageSize { height: 20, width: 40 };
    let keys: Vec<FrameKey> = source.drives()[0].keys(Side::Left).collect();
    let read = keys.iter().filter(|key| source.resized(key, size).is_ok()).count();
    assert_eq!((read, source.is_scanning()), (7, false));
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "another size than the drive's 40×20"), 2);
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "unreadable pictures"), 3);
    assert!((source.intrinsics(&keys[0]).focal_x - 0.625).abs() < 1e-6);

    let measured = measure(source.as_ref(), &source.drives()[0], &|| ());
    assert_eq!(measured.size, Some(size), "the usual one, not that of the first picture");

    // What is only looked at counts too: its header, read before, is whole.
    let source = opened(root);
    source.wait_for_scan(Duration::from_secs(60));
    let before = remarked(source.as_ref(), RemarkKind::LeftOut, "unreadable picture");
    assert!(source.preview(&keys[7], size).is_err());
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "unreadable picture"), before + 1);
}

#[test]
fn results_of_predict_are_neither_predicted_nor_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let results = ["0_disp.png", "1_disp.jpeg", "1_depth.png", "side_by_side/000000.jpg"];
    drive(folder.path(), &["0.png", "1.png", "2.png"]);
    results.iter().for_each(|name| save(&folder.path().join(name), 40, 20));
    let source = opened(folder.path());
    assert_eq!((source.drives().len(), source.drives()[0].count()), (1, 3));
    assert_eq!(remarked(source.as_ref(), RemarkKind::LeftOut, "results of predict"), 4);
    assert_eq!(find_images(folder.path()).unwrap().len(), 3);
}

#[test]
fn what_is_no_folder_of_frames_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::write(root.join("drive.zip"), "PK").unwrap();
    for (path, words) in
        [(root.to_owned(), "drive.zip is not unpacked"), (root.join("drive.zip"), "is not unpacked")]
    {
        assert!(refusal(&path).contains(words), "{}", refusal(&path));
    }
    let moved = refusal(&root.join("moved/away"));
    assert!(moved.contains("if the data was moved") && moved.contains(root.to_str().unwrap()), "{moved}");
    let deep = root.join("a/b/c");
    drive(&deep, &["0.png"]);
    fs::remove_file(root.join("drive.zip")).unwrap();
    let deeper = refusal(root);
    assert!(deeper.contains("lie deeper") && deeper.contains("a/b"), "{deeper}");
}

#[test]
fn remarks_on_thousands_of_drives_leave_a_manifest_small() {
    let mut remarks = Remarks::default();
    for drive in 0..5000 {
        remarks.add(RemarkKind::LeftOut, Some(&format!("drive {drive}")), "pictures left out", "picture.png");
    }
    assert_eq!(remarks.clone().within(1 << 20), remarks);
    let short = remarks.within(1 << 16);
    assert!(serde_json::to_vec(&short).unwrap().len() < (1 << 16) + 200);
    let kept = short.iter().count() - 1;
    assert_eq!(short.iter().last().unwrap().count, 5000 - kept);
    assert!(kept > 100);
}

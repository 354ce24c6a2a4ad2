//! Stereo pairs by the names of folders and pictures.

use super::listing::{drive, files, opened, remarked};
use monoscope::data::{FrameKey, RemarkKind, Side};
use std::path::Path;

const BOTH: [Side; 2] = [Side::Left, Side::Right];
const NAMES: [&str; 4] = ["000000.png", "000001.png", "000002.png", "000003.png"];

#[test]
fn folders_whose_names_differ_in_the_side_are_a_stereo_pair() {
    for pair in [
        ["Left", "Right"],
        ["L", "R"],
        ["image_l", "image_r"],
        ["left_images", "right_images"],
        ["cam_left", "cam_right"],
        ["camLeft", "camRight"],
    ] {
        for inner in ["", "monday"] {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().join("film");
            pair.iter().for_each(|camera| drive(&root.join(inner).join(camera), &NAMES));
            let source = opened(&root);
            let [found] = source.drives() else { panic!("{pair:?}: {:?}", source.drives()) };
            assert_eq!((found.sides.as_slice(), found.count()), (&BOTH[..], 4), "{pair:?}");
            let right = FrameKey { folder: found.folder.clone(), frame: 2, side: Side::Right };
            assert!(source.file(&right).unwrap().ends_with(Path::new(pair[1]).join("000002.png")));
            assert_eq!(remarked(source.as_ref(), RemarkKind::Paired, "a stereo pair"), 2);
        }
    }
}

#[test]
fn folders_of_no_stereo_pair_stay_drives() {
    let other = ["000001.png", "000002.png", "000003.png"];
    for (pair, right) in [
        (["turn_left", "turn_right"], &other[..]),
        (["front_left", "front_right"], &NAMES[..]),
        (["cleft", "cright"], &NAMES[..]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        drive(&folder.path().join(pair[0]), &NAMES);
        drive(&folder.path().join(pair[1]), right);
        let drives = opened(folder.path()).drives().len();
        assert_eq!(drives, 2, "{pair:?}");
    }
}

#[test]
fn pictures_of_one_folder_are_paired_where_their_names_say_left_and_right() {
    for name in [
        (|frame, side| format!("{frame:04}_{}.png", ["L", "R"][side])) as fn(u32, usize) -> String,
        |frame, side| format!("{}_{frame:04}.png", ["left", "right"][side]),
        |frame, side| format!("img{}{frame}.png", ["L", "R"][side]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<String> = (0..8).map(|index| name(index / 2, index as usize % 2)).collect();
        drive(folder.path(), &names.iter().map(String::as_str).collect::<Vec<_>>());
        let source = opened(folder.path());
        let [found] = source.drives() else { panic!("{:?}", source.drives()) };
        assert_eq!((found.sides.as_slice(), found.count(), found.frames.clone()), (&BOTH[..], 4, 0..4));
        assert_eq!(files(source.as_ref()), (0..4).map(|frame| name(frame, 0)).collect::<Vec<_>>());
        let right = FrameKey { folder: found.folder.clone(), frame: 3, side: Side::Right };
        assert!(source.file(&right).unwrap().ends_with(name(3, 1)));
        assert_eq!(remarked(source.as_ref(), RemarkKind::Paired, "as their names say"), 8);
    }
}

//! Films: frames in display order, with their colours; no damage makes the reader panic.

use crate::support::{Cases, mutate, takes_at_most};
use image::{
    RgbImage,
    imageops::{flip_horizontal, rotate90, rotate180, rotate270},
};
use monoscope::{
    config::ImageSize,
    data::{
        FrameKey, FrameSource, Side,
        film::Film,
        image::resize,
        synthetic::{BuiltInDrive, DriveOptions},
    },
};
use std::{
    fs,
    path::{Path, PathBuf},
};

const SIZE: ImageSize = ImageSize { height: 50, width: 164 };
/// Twelve frames in two groups, with frames that are decoded before their display.
const STREET: &str = "street.mp4";
/// Four frames with full range of luma.
const FULL_RANGE: &str = "full_range.mov";

/// Every fourth frame of the built-in drive, coded by x264.
fn film(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/films").join(name)
}

/// Frame of the drive that a frame of the films was made of.
fn frame(index: usize) -> RgbImage {
    let drive = BuiltInDrive::new(DriveOptions::default());
    let folder = drive.drives()[0].folder.clone();
    let key = FrameKey { folder, frame: 4 * index as u32, side: Side::Left };
    resize(&drive.image(&key).unwrap(), SIZE)
}

fn mean_difference(a: &RgbImage, b: &RgbImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: f64 = a.iter().zip(b.iter()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / a.len() as f64
}

#[test]
fn frames_come_in_display_order_with_their_colours() {
    let film = Film::open(&film(STREET)).unwrap();
    assert_eq!((film.frame_count(), film.size()), (12, SIZE));
    let frames: Vec<RgbImage> = (0..12).map(frame).collect();
    for index in 0..12 {
        let picture = film.frame(index).unwrap();
        let differences: Vec<f64> = frames.iter().map(|frame| mean_difference(&picture, frame)).collect();
        let nearest = (0..12).min_by(|a, b| differences[*a].total_cmp(&differences[*b])).unwrap();
        assert_eq!(nearest, index, "{differences:?}");
        assert!(differences[index] < 6.0, "picture {index} is {} levels away", differences[index]);
    }
}

#[test]
fn frames_are_the_same_in_any_order_of_reading() {
    let path = film(STREET);
    let in_order = Film::open(&path).unwrap();
    let pictures: Vec<RgbImage> = (0..12).map(|index| in_order.frame(index).unwrap()).collect();
    let jumping = Film::open(&path).unwrap();
    for index in [7, 3, 3, 11, 0, 6, 5, 10, 1] {
        assert_eq!(jumping.frame(index).unwrap(), pictures[index], "picture {index}");
    }
    let error = jumping.frame(12).unwrap_err().to_string();
    assert!(error.contains("shorter") && error.contains(STREET), "{error}");
}

#[test]
fn the_range_of_luma_is_respected() {
    let film = Film::open(&film(FULL_RANGE)).unwrap();
    let difference = mean_difference(&film.frame(2).unwrap(), &frame(2));
    // Decoded as limited range, it would be off by about a tenth of the brightness.
    assert!(difference < 5.0, "{difference} levels");
}

#[test]
fn films_are_turned_as_their_track_says() {
    let whole = fs::read(film(STREET)).unwrap();
    let matrix = whole.windows(4).position(|window| window == b"tkhd").unwrap() + 4 + 40;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("turned.mp4");
    let upright = Film::open(&film(STREET)).unwrap().frame(3).unwrap();
    let cases = [
        ([0i32, 1, -1, 0], rotate90(&upright)),
        ([-1, 0, 0, -1], rotate180(&upright)),
        ([0, -1, 1, 0], rotate270(&upright)),
        ([-1, 0, 0, 1], flip_horizontal(&upright)),
    ];
    for (numbers, turned) in cases {
        let mut bytes = whole.clone();
        for (index, number) in [0usize, 1, 3, 4].into_iter().zip(numbers) {
            let at = matrix + 4 * index;
            bytes[at..at + 4].copy_from_slice(&(number << 16).to_be_bytes());
        }
        fs::write(&path, bytes).unwrap();
        let film = Film::open(&path).unwrap();
        let picture = film.frame(3).unwrap();
        assert_eq!(picture, turned, "{numbers:?}");
        let size = ImageSize { height: picture.height() as usize, width: picture.width() as usize };
        assert_eq!(film.size(), size);
    }
}

#[test]
fn frames_that_an_edit_list_cuts_away_are_not_shown() {
    let whole = fs::read(film(STREET)).unwrap();
    let list = whole.windows(4).position(|window| window == b"elst").unwrap() + 4;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.mp4");
    let all = Film::open(&film(STREET)).unwrap();
    let number = |at: usize| u32::from_be_bytes(whole[at..at + 4].try_into().unwrap());
    // One edit: its duration in units of the film, and its start in units of the track.
    assert_eq!(number(list + 4), 1);
    let (duration, start) = (number(list + 8), number(list + 12));
    let mut bytes = whole.clone();
    bytes[list + 8..list + 12].copy_from_slice(&(duration / 12 * 7).to_be_bytes());
    fs::write(&path, &bytes).unwrap();
    let film = Film::open(&path).unwrap();
    assert_eq!(film.frame_count(), 7);
    assert_eq!(film.frame(6).unwrap(), all.frame(6).unwrap());
    let media = whole.windows(4).position(|window| window == b"mdhd").unwrap() + 4;
    let frame = number(media + 16) / 12;
    bytes[list + 12..list + 16].copy_from_slice(&(start + 3 * frame).to_be_bytes());
    fs::write(&path, &bytes).unwrap();
    let film = Film::open(&path).unwrap();
    assert_eq!(film.frame_count(), 7);
    for index in [0, 6, 2] {
        assert_eq!(film.frame(index).unwrap(), all.frame(index + 3).unwrap(), "picture {index}");
    }
}

#[test]
fn what_cannot_be_decoded_says_why_and_what_to_do() {
    let reason = |path: &Path| Film::open(path).err().unwrap().to_string();
    let other = reason(&film("mpeg4.mp4"));
    assert!(other.contains("H.264") && other.contains("ffmpeg -i") && other.contains("mpeg4.mp4"), "{other}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    assert!(reason(&path).contains("film.mp4"));
    fs::write(&path, "no film at all").unwrap();
    assert!(reason(&path).contains("no MP4"));
    let whole = fs::read(film(STREET)).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    reason(&path);
}

#[test]
fn films_that_no_command_can_mend_are_named_for_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    let mut whole = fs::read(film(STREET)).unwrap();
    let reason = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let reason = Film::open(&path).err().unwrap().to_string();
        assert!(!reason.contains("ffmpeg"), "{reason}");
        reason
    };
    assert!(reason(b"").contains("it is empty"));
    assert!(reason(&whole[..whole.len() / 2]).contains("it is cut off"));
    assert!(reason(&whole[..whole.len() - 1]).contains("it is cut off"));
    let handler = whole.windows(4).position(|window| window == b"vide").unwrap();
    whole[handler..handler + 4].copy_from_slice(b"soun");
    assert!(reason(&whole).contains("no pictures in it, at most sound"));
}

fn check_mutants(cases: Cases) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    let wholes = [STREET, FULL_RANGE].map(|name| fs::read(film(name)).unwrap());
    cases.run(|seed, random| {
        let whole = &wholes[seed as usize / 2 % 2];
        // Damage to the tables of the container has the most effect.
        let tables = whole.windows(4).position(|window| window == b"moov").unwrap();
        let from = if seed % 2 == 0 { tables } else { 0 };
        let bytes = [&whole[..from], &mutate(&whole[from..], random)].concat();
        fs::write(&path, &bytes).unwrap();
        takes_at_most(4 << 20, || {
            if let Ok(film) = Film::open(&path) {
                for index in 0..film.frame_count().min(4) {
                    let _ = film.frame(index);
                }
            }
        });
    });
}

#[test]
fn no_damage_to_a_film_makes_the_reader_panic_or_allocate_too_much() {
    check_mutants(Cases(0..2000));
}

#[test]
#[ignore = "takes a minute: 20000 mutants of films"]
fn no_damage_to_a_film_makes_the_reader_panic_or_allocate_too_much_in_full() {
    check_mutants(Cases(0..20_000));
}

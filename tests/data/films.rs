//! Films: pictures in the order of their display, with their colours; no damage brings the reader down.

use super::damaged_bytes;
use crate::support::takes_at_most;
use image::RgbImage;
use monoscope::{
    config::ImageSize,
    data::{
        FrameKey, FrameSource, Side,
        film::Film,
        image::resize,
        synthetic::{BuiltInDrive, DriveOptions},
    },
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::{
    fs,
    path::{Path, PathBuf},
};

const SIZE: ImageSize = ImageSize { height: 50, width: 164 };
/// Twelve pictures in two groups that begin anew, with pictures that are decoded before their time.
const STREET: &str = "street.mp4";
/// Four pictures with full range of brightness.
const FULL_RANGE: &str = "full_range.mov";

/// Every fourth frame of the built-in drive, coded by x264.
fn film(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/films").join(name)
}

/// The frame that a picture of the films was made of.
fn frame(place: usize) -> RgbImage {
    let drive = BuiltInDrive::new(DriveOptions::default());
    let folder = drive.drives()[0].folder.clone();
    let key = FrameKey { folder, frame: 4 * place as u32, side: Side::Left };
    resize(&drive.image(&key).unwrap(), SIZE)
}

fn mean_difference(a: &RgbImage, b: &RgbImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: f64 = a.iter().zip(b.iter()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / a.len() as f64
}

#[test]
fn pictures_come_in_the_order_of_their_display_with_their_colours() {
    let film = Film::open(&film(STREET)).unwrap();
    assert_eq!((film.pictures(), film.size()), (12, SIZE));
    let frames: Vec<RgbImage> = (0..12).map(frame).collect();
    for place in 0..12 {
        let picture = film.picture(place).unwrap();
        let differences: Vec<f64> = frames.iter().map(|frame| mean_difference(&picture, frame)).collect();
        let nearest = (0..12).min_by(|a, b| differences[*a].total_cmp(&differences[*b])).unwrap();
        assert_eq!(nearest, place, "{differences:?}");
        assert!(differences[place] < 6.0, "picture {place} is {} levels away", differences[place]);
    }
}

#[test]
fn pictures_are_the_same_in_any_order_of_asking() {
    let path = film(STREET);
    let in_order = Film::open(&path).unwrap();
    let pictures: Vec<RgbImage> = (0..12).map(|place| in_order.picture(place).unwrap()).collect();
    let jumping = Film::open(&path).unwrap();
    for place in [7, 3, 3, 11, 0, 6, 5, 10, 1] {
        assert_eq!(jumping.picture(place).unwrap(), pictures[place], "picture {place}");
    }
    let error = jumping.picture(12).unwrap_err().to_string();
    assert!(error.contains("shorter") && error.contains(STREET), "{error}");
}

#[test]
fn the_range_of_brightness_is_heeded() {
    let film = Film::open(&film(FULL_RANGE)).unwrap();
    let difference = mean_difference(&film.picture(2).unwrap(), &frame(2));
    // Taken for limited range, it would be off by about a tenth of the brightness.
    assert!(difference < 5.0, "{difference} levels");
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
fn no_damage_to_a_film_brings_the_reader_down_or_takes_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    let mut random = ChaCha8Rng::seed_from_u64(17);
    for name in [STREET, FULL_RANGE] {
        let whole = fs::read(film(name)).unwrap();
        // The tables of the container are where damage tells most.
        let tables = whole.windows(4).position(|window| window == b"moov").unwrap();
        for round in 0..1000 {
            let from = if round % 2 == 0 { tables } else { 0 };
            let bytes = [&whole[..from], &damaged_bytes(&mut random, &whole[from..])].concat();
            fs::write(&path, &bytes).unwrap();
            takes_at_most(4 << 20, || {
                if let Ok(film) = Film::open(&path) {
                    for place in 0..film.pictures().min(4) {
                        let _ = film.picture(place);
                    }
                }
            });
        }
    }
}

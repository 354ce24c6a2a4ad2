//! The cache of resized frames: the same bytes, nothing stale, nothing damaged, no more than allowed.

use crate::support::{Cases, mutate};
use image::{Rgb, RgbImage};
use monoscope::{
    config::{CameraChoice, DataChoice, ImageSize},
    data::{FrameKey, FrameSource, Side, augment::mirror, cache::CachedFrames, image::resize, open},
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

const SIZE: ImageSize = ImageSize { height: 32, width: 64 };
const ENTRY_BYTES: u64 = 64 + 3 * 32 * 64;

fn key(frame: u32) -> FrameKey {
    FrameKey { folder: "drive".to_owned(), frame, side: Side::Left }
}

fn picture(seed: u32) -> RgbImage {
    RgbImage::from_fn(97, 51, |x, y| Rgb([(x * seed) as u8, (y * 7 + x) as u8, (x ^ y) as u8]))
}

fn frames(folder: &Path) -> Arc<dyn FrameSource> {
    let drive = folder.join("drive");
    fs::create_dir_all(&drive).unwrap();
    for frame in 0..4 {
        picture(frame + 3).save(drive.join(format!("{frame}.png"))).unwrap();
    }
    let camera = CameraChoice::FieldOfView(80.0);
    open(&DataChoice::Assuming { folder: folder.to_owned(), camera }).unwrap()
}

fn entries(cache: &Path) -> Vec<PathBuf> {
    let Ok(folder) = fs::read_dir(cache.join("64x32")) else { return Vec::new() };
    folder.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn cached_frames_are_the_same_and_need_no_image_file() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let source = frames(&folder.path().join("data"));
    let cached = CachedFrames::open(Arc::clone(&source), &cache, u64::MAX).unwrap();
    for _ in 0..2 {
        for frame in 0..4 {
            assert_eq!(cached.resized(&key(frame), SIZE).unwrap().image, resize(&picture(frame + 3), SIZE));
        }
    }
    assert_eq!(entries(&cache).len(), 4);
    // The file has the same time and length, but is no image any more: the cached frame is used.
    let path = source.file(&key(1)).unwrap().to_owned();
    let facts = fs::metadata(&path).unwrap();
    fs::write(&path, vec![0; facts.len() as usize]).unwrap();
    File::options().append(true).open(&path).unwrap().set_modified(facts.modified().unwrap()).unwrap();
    assert!(source.image(&key(1)).is_err());
    let reopened = CachedFrames::open(source, &cache, u64::MAX).unwrap();
    assert_eq!(reopened.resized(&key(1), SIZE).unwrap().image, resize(&picture(4), SIZE));
    // Another size is another entry.
    assert_eq!(
        reopened.resized(&key(2), ImageSize { height: 16, width: 64 }).unwrap().image.dimensions(),
        (64, 16)
    );
}

#[test]
fn entries_of_changed_images_and_damaged_entries_are_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let source = frames(&folder.path().join("data"));
    let cached = CachedFrames::open(Arc::clone(&source), &cache, u64::MAX).unwrap();
    let frame = || cached.resized(&key(0), SIZE).unwrap();
    let right = frame();
    let [entry] = &entries(&cache)[..] else { panic!("one entry") };
    let whole = fs::read(entry).unwrap();
    for at in [0, 9, 20, 30, 40, 48, 56, 63, 64, 1000, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(entry, &bytes).unwrap();
        assert_eq!(frame(), right, "byte {at} is damaged");
        assert_eq!(fs::read(entry).unwrap(), whole, "the entry is repaired");
    }
    for length in [0, 10, 64, whole.len() - 1] {
        fs::write(entry, &whole[..length]).unwrap();
        assert_eq!(frame(), right, "cut to {length} bytes");
    }
    let path = source.file(&key(0)).unwrap();
    picture(50).save(path).unwrap();
    let later = SystemTime::now() + Duration::from_secs(10);
    File::options().append(true).open(path).unwrap().set_modified(later).unwrap();
    assert_eq!(frame().image, resize(&picture(50), SIZE));
    assert_eq!(entries(&cache).len(), 1, "the new entry takes the place of the old");
}

fn check_mutants(cases: Cases) {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let cached = CachedFrames::open(frames(&folder.path().join("data")), &cache, u64::MAX).unwrap();
    let frame = || cached.resized(&key(0), SIZE).unwrap();
    let right = frame();
    let [entry] = &entries(&cache)[..] else { panic!("one entry") };
    let whole = fs::read(entry).unwrap();
    cases.run(|_, random| {
        fs::write(entry, mutate(&whole, random)).unwrap();
        assert_eq!(frame(), right);
        assert!(fs::read(entry).unwrap().starts_with(&whole), "the entry is repaired");
    });
}

#[test]
fn no_damage_to_an_entry_changes_a_frame() {
    check_mutants(Cases(0..1000));
}

#[test]
#[ignore = "takes a minute: 10000 mutants of an entry"]
fn no_damage_to_an_entry_changes_a_frame_in_full() {
    check_mutants(Cases(0..10_000));
}

#[test]
fn a_cache_holds_no_more_than_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let source = frames(&folder.path().join("data"));
    for _ in 0..2 {
        let cached = CachedFrames::open(Arc::clone(&source), &cache, 2 * ENTRY_BYTES + 100).unwrap();
        for frame in 0..4 {
            assert_eq!(cached.resized(&key(frame), SIZE).unwrap().image, resize(&picture(frame + 3), SIZE));
        }
        let sizes: Vec<u64> = entries(&cache).iter().map(|path| fs::metadata(path).unwrap().len()).collect();
        assert_eq!(sizes, [ENTRY_BYTES; 2]);
    }
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = CachedFrames::open(source, &file.join("cache"), 1).err().unwrap().to_string();
    assert!(error.contains("cache of frames") && error.contains("file"), "{error}");
}

#[test]
fn mirroring_before_and_after_resizing_is_the_same() {
    for (width, height) in [(1242, 375), (1224, 370), (1241, 376), (97, 51), (640, 480), (64, 32), (33, 17)] {
        let image = RgbImage::from_fn(width, height, |x, y| {
            Rgb([(x * 13 + y * 7) as u8, (x * x + y) as u8, (x ^ (y * 3)) as u8])
        });
        for size in [SIZE, ImageSize { height: 96, width: 320 }] {
            let mut before = image.clone();
            mirror(&mut before);
            let mut after = resize(&image, size);
            mirror(&mut after);
            assert!(resize(&before, size) == after, "{width}×{height} to {size}");
        }
    }
}

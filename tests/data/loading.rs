//! The loader: order, resuming, bad files, bounded memory, stopping.

use crate::support::shared;
use ::image::{Rgb, RgbImage};
use monoscope::{
    config::{FrameId, ImageSize},
    data::{
        Batch, DataError, DepthMap, Drive, FrameKey, FrameSource, Sample, Side,
        augment::Augmentation,
        image,
        kitti::KittiRaw,
        loader::{Loader, LoaderEvent, LoaderOptions, Preparation, SampleOptions, load_sample},
        split::{Split, Subset, prescan},
    },
    geometry::Intrinsics,
};
use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

const TRIPLET: [FrameId; 3] = [FrameId::TARGET, FrameId::PREVIOUS, FrameId::NEXT];
const DRIVE: &str = "2011_09_26/2011_09_26_drive_0001_sync";

fn options(batch_size: usize, workers: usize) -> LoaderOptions {
    let sample = SampleOptions {
        size: ImageSize { height: 32, width: 64 },
        scales: 4,
        frame_ids: TRIPLET.to_vec(),
        full_pyramid: false,
        preparation: Preparation::Loader,
    };
    LoaderOptions { sample, batch_size, augment: true, shuffle: true, seed: 7, workers, drop_last: true }
}

/// Drive of striped images, made on demand and counted.
struct Stripes {
    drives: Vec<Drive>,
    read: AtomicUsize,
}

impl Stripes {
    fn new(frames: u32) -> Arc<Self> {
        let drive = Drive { folder: DRIVE.to_owned(), frames: 0..frames, step: 1, sides: vec![Side::Left] };
        Arc::new(Self { drives: vec![drive], read: AtomicUsize::new(0) })
    }
}

fn stripes(frame: u32) -> RgbImage {
    RgbImage::from_fn(80, 40, |x, y| Rgb([(x * 3) as u8, (y * 5) as u8, (frame * 7 + x + y) as u8]))
}

impl FrameSource for Stripes {
    fn name(&self) -> String {
        "stripes".to_owned()
    }
    fn drives(&self) -> &[Drive] {
        &self.drives
    }
    fn contains(&self, key: &FrameKey) -> bool {
        key.folder == DRIVE && self.drives[0].frames.contains(&key.frame)
    }
    fn image(&self, key: &FrameKey) -> Result<RgbImage, DataError> {
        self.read.fetch_add(1, Ordering::SeqCst);
        match key.frame {
            // Which frames panic or fail is up to the test that requests them.
            1000.. => panic!("a decoder gives up"),
            _ => Ok(stripes(key.frame)),
        }
    }
    fn intrinsics(&self, _: &FrameKey) -> Intrinsics {
        Intrinsics { centre_x: 0.4, ..Intrinsics::KITTI }
    }
    fn depth(&self, _: &FrameKey) -> Result<Option<DepthMap>, DataError> {
        Ok(None)
    }
}

fn key(frame: u32) -> FrameKey {
    FrameKey { folder: DRIVE.to_owned(), frame, side: Side::Left }
}

fn keys(frames: std::ops::Range<u32>) -> Vec<FrameKey> {
    frames.map(key).collect()
}

/// Content of a sample, to compare.
fn content(sample: &Sample) -> String {
    format!("{sample:?}")
}

fn all(loader: &Loader, epoch: usize, first: usize) -> (Vec<Batch>, Vec<(FrameKey, String)>) {
    let (mut batches, mut skipped) = (Vec::new(), Vec::new());
    for event in loader.batches(epoch, first) {
        match event.unwrap() {
            LoaderEvent::Batch(batch) => batches.push(batch),
            LoaderEvent::Skipped { key, reason } => skipped.push((key, reason)),
        }
    }
    (batches, skipped)
}

fn contents(batches: &[Batch]) -> Vec<(usize, usize, Vec<String>)> {
    batches
        .iter()
        .map(|batch| (batch.epoch, batch.index, batch.samples.iter().map(content).collect()))
        .collect()
}

#[test]
fn the_order_is_the_seeds_alone_and_resumes_anywhere() {
    let source = Stripes::new(22);
    let loader = |workers| Loader::new(source.clone(), keys(1..21), options(3, workers)).unwrap();
    let (batches, skipped) = all(&loader(1), 4, 0);
    assert_eq!((batches.len(), loader(1).batch_count(), skipped.len()), (6, 6, 0));
    let whole = contents(&batches);
    assert_eq!(contents(&all(&loader(2), 4, 0).0), whole, "two workers make other batches");
    assert_eq!(contents(&all(&loader(2), 4, 2).0), whole[2..], "resumed at batch 2");
    assert!(all(&loader(1), 4, 6).0.is_empty());
    let next = contents(&all(&loader(1), 5, 0).0);
    assert!(next[0].2 != whole[0].2, "every epoch has its order");
    let mut seen: Vec<u32> =
        batches.iter().flat_map(|batch| &batch.samples).map(|sample| sample.key.frame).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 18, "a frame comes twice");
    let mirrored =
        batches.iter().flat_map(|batch| &batch.samples).filter(|sample| sample.augmentation.mirror).count();
    assert!((1..18).contains(&mirrored), "{mirrored} of 18 are mirrored");
}

#[test]
fn without_shuffle_the_order_is_that_of_the_split_and_the_last_batch_may_be_short() {
    let source = Stripes::new(22);
    let plain = LoaderOptions { shuffle: false, augment: false, drop_last: false, ..options(4, 2) };
    let loader = Loader::new(source, keys(1..11), plain).unwrap();
    let (batches, _) = all(&loader, 0, 0);
    let frames: Vec<Vec<u32>> =
        batches.iter().map(|batch| batch.samples.iter().map(|sample| sample.key.frame).collect()).collect();
    assert_eq!(frames, [vec![1, 2, 3, 4], vec![5, 6, 7, 8], vec![9, 10]]);
    let sample = &batches[0].samples[0];
    let images = sample.with_derived();
    assert_eq!(images.at_scale(FrameId::TARGET, 0), images.network_input(FrameId::TARGET));
    assert!(!sample.augmentation.mirror);
}

#[test]
fn a_sample_is_mirrored_as_a_whole_and_jittered_for_the_networks_only() {
    let source = Stripes::new(10);
    let options = options(1, 1).sample;
    let mut random = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(3);
    let draws: Vec<Augmentation> = (0..40).map(|_| Augmentation::draw(&mut random)).collect();
    let both = draws.iter().find(|draw| draw.mirror && draw.jitter.is_some()).unwrap();
    let jitter = both.jitter.as_ref().unwrap();
    let factors = [jitter.brightness, jitter.contrast, jitter.saturation];
    assert!(factors.iter().all(|factor| (0.8..=1.2).contains(factor)) && jitter.hue.abs() <= 0.1);
    let plain = load_sample(source.as_ref(), &key(4), &options, &Augmentation::default()).unwrap();
    let augmented = load_sample(source.as_ref(), &key(4), &options, both).unwrap();
    assert!(augmented.images.keys().eq(plain.images.keys()));
    let images = augmented.with_derived();
    for id in TRIPLET {
        let frame = key(4).relative(id).unwrap().frame;
        let mut native = stripes(frame);
        ::image::imageops::flip_horizontal_in_place(&mut native);
        let clean = monoscope::data::image::pyramid(&native, options.size, 4);
        let scales = augmented.scales[&id];
        assert_eq!(scales, if id == FrameId::TARGET { 4 } else { 1 });
        assert!((0..scales).all(|scale| images.at_scale(id, scale) == &clean[scale]));
        let mut seen = clean[0].clone();
        jitter.apply(&mut seen);
        assert_eq!(images.network_input(id), &seen);
        assert_ne!(seen, clean[0]);
    }
    assert!((augmented.intrinsics.centre_x - 0.6).abs() < 1e-6);
    assert_eq!((plain.stereo_shift_x, augmented.stereo_shift_x), (-0.1, 0.1));
    assert_eq!(plain.intrinsics.centre_x, 0.4);
    let full = SampleOptions { full_pyramid: true, ..options };
    let full = load_sample(source.as_ref(), &key(4), &full, &Augmentation::default()).unwrap();
    assert!(TRIPLET.into_iter().all(|id| full.with_derived().at_scale(id, 3).dimensions() == (8, 4)));
}

#[test]
fn derived_images_are_the_same_whether_the_loader_makes_them_or_not() {
    let source = Stripes::new(10);
    let made = options(1, 1).sample;
    let left = SampleOptions { preparation: Preparation::Upload, ..made.clone() };
    let mut random = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(4);
    for _ in 0..6 {
        let augmentation = Augmentation::draw(&mut random);
        let load = |options| load_sample(source.as_ref(), &key(4), options, &augmentation).unwrap();
        let (made, left) = (load(&made), load(&left));
        assert!(made.derived.is_some() && left.derived.is_none());
        let (made, left) = (made.with_derived(), left.with_derived());
        for id in TRIPLET {
            assert_eq!(made.network_input(id), left.network_input(id));
        }
        for scale in 0..4 {
            assert_eq!(made.at_scale(FrameId::TARGET, scale), left.at_scale(FrameId::TARGET, scale));
        }
    }
}

#[test]
fn targets_at_the_ends_of_a_drive_can_be_shown() {
    let source = Stripes::new(10);
    let options = options(1, 1).sample;
    let first = options.present(source.as_ref(), &key(0));
    assert_eq!(first.frame_ids, [FrameId::TARGET, FrameId::NEXT]);
    assert!(load_sample(source.as_ref(), &key(0), &options, &Augmentation::default()).is_err());
    let sample = load_sample(source.as_ref(), &key(0), &first, &Augmentation::default()).unwrap();
    assert_eq!(sample.images.len(), 2);
}

fn write_drive(root: &Path, frames: std::ops::Range<u32>) {
    let data = root.join(DRIVE).join("image_02/data");
    fs::create_dir_all(&data).unwrap();
    for frame in frames {
        image::write(&data.join(format!("{frame:010}.jpg")), &stripes(frame)).unwrap();
    }
}

#[test]
fn a_truncated_image_costs_only_its_samples() {
    let folder = tempfile::tempdir().unwrap();
    write_drive(folder.path(), 0..42);
    let broken = folder.path().join(DRIVE).join("image_02/data/0000000005.jpg");
    let bytes = fs::read(&broken).unwrap();
    fs::write(&broken, &bytes[..bytes.len() / 2]).unwrap();
    let source: Arc<dyn FrameSource> = Arc::new(KittiRaw::open(folder.path()).unwrap());
    let loader = |workers| Loader::new(source.clone(), keys(1..41), options(4, workers)).unwrap();
    let (batches, skipped) = all(&loader(1), 0, 0);
    let mut frames: Vec<u32> = skipped.iter().map(|(key, _)| key.frame).collect();
    frames.sort_unstable();
    assert_eq!(frames, [4, 5, 6], "the frames that need frame 5");
    for (_, reason) in &skipped {
        assert!(reason.contains("0000000005.jpg") && reason.contains("cut short"), "{reason}");
    }
    assert_eq!(batches.iter().map(|batch| batch.samples.len()).sum::<usize>(), 37);
    let again = all(&loader(2), 0, 0);
    assert_eq!(contents(&again.0), contents(&batches));
    assert_eq!(again.1, skipped);
}

#[test]
fn frames_of_different_sizes_are_not_compared() {
    let folder = tempfile::tempdir().unwrap();
    write_drive(folder.path(), 0..42);
    let other = RgbImage::from_pixel(82, 40, Rgb([9, 9, 9]));
    let file = folder.path().join(DRIVE).join("image_02/data/0000000007.jpg");
    image::write(&file, &other).unwrap();
    let source = Arc::new(KittiRaw::open(folder.path()).unwrap());
    let (_, skipped) = all(&Loader::new(source, keys(1..41), options(4, 1)).unwrap(), 0, 0);
    assert_eq!(skipped.len(), 3, "the samples that frame 7 is part of");
    for (_, reason) in &skipped {
        assert!(reason.contains("82×40") && reason.contains("80×40"), "{reason}");
    }
}

#[test]
fn two_damaged_pictures_do_not_end_the_epochs_of_a_short_drive() {
    let folder = tempfile::tempdir().unwrap();
    write_drive(folder.path(), 0..14);
    for frame in [4, 9] {
        fs::write(folder.path().join(DRIVE).join(format!("image_02/data/{frame:010}.jpg")), "x").unwrap();
    }
    let source = Arc::new(KittiRaw::open(folder.path()).unwrap());
    let (batches, skipped) = all(&Loader::new(source, keys(1..13), options(4, 1)).unwrap(), 0, 0);
    assert_eq!(skipped.len(), 6, "each is in three samples");
    assert_eq!(batches.iter().map(|batch| batch.samples.len()).sum::<usize>(), 6);
}

#[test]
fn too_many_unreadable_samples_end_the_epoch() {
    let folder = tempfile::tempdir().unwrap();
    write_drive(folder.path(), 0..22);
    for frame in 0..11 {
        fs::write(folder.path().join(DRIVE).join(format!("image_02/data/{frame:010}.jpg")), "x").unwrap();
    }
    let source = Arc::new(KittiRaw::open(folder.path()).unwrap());
    let loader = Loader::new(source, keys(1..21), options(4, 2)).unwrap();
    let events: Vec<_> = loader.batches(0, 0).collect();
    let errors = events.iter().filter(|event| event.is_err()).count();
    assert_eq!(errors, 1);
    let error = events.last().unwrap().as_ref().unwrap_err().to_string();
    assert!(error.contains("of the epoch's 20 samples") && error.contains(".jpg"), "{error}");
}

#[test]
fn a_decoder_that_panics_costs_one_sample() {
    let source = Stripes::new(2000);
    let mut targets = keys(1..12);
    targets.push(key(1500));
    let single = SampleOptions { frame_ids: vec![FrameId::TARGET], ..options(1, 1).sample };
    let loader = Loader::new(source, targets, LoaderOptions { sample: single, ..options(3, 2) }).unwrap();
    let (batches, skipped) = all(&loader, 0, 0);
    assert_eq!(batches.iter().map(|batch| batch.samples.len()).sum::<usize>(), 11);
    assert_eq!(skipped[0].0, key(1500));
}

#[test]
fn the_workers_stay_two_batches_ahead_and_stop_when_dropped() {
    let source = Stripes::new(1000);
    let single = SampleOptions { frame_ids: vec![FrameId::TARGET], ..options(1, 1).sample };
    let loader =
        Loader::new(source.clone(), keys(0..1000), LoaderOptions { sample: single, ..options(5, 2) })
            .unwrap();
    let mut batches = loader.batches(0, 0);
    for taken in 1..4 {
        batches.next().unwrap().unwrap();
        // However long one waits, no more than the batches taken and two more are read.
        thread::sleep(Duration::from_millis(50));
        let read = source.read.load(Ordering::SeqCst);
        assert!(read <= (taken + 2) * 5, "{read} pictures read after {taken} batches");
    }
    drop(batches);
    let read = source.read.load(Ordering::SeqCst);
    thread::sleep(Duration::from_millis(50));
    assert_eq!(source.read.load(Ordering::SeqCst), read, "a worker goes on after its batches are dropped");
    assert_eq!(Arc::strong_count(&source), 2, "the loader and the test hold the source");
}

#[test]
fn too_few_samples_for_a_batch_are_refused() {
    let error = Loader::new(Stripes::new(9), keys(1..3), options(4, 1)).err().unwrap().to_string();
    assert!(error.contains("2 samples") && error.contains("batch of 4"), "{error}");
    assert!(Loader::new(Stripes::new(9), Vec::new(), options(4, 1)).is_err());
}

#[test]
#[ignore = "needs ../shared/kitti: frames of real drives"]
fn real_frames_load() {
    let root = shared("kitti");
    let source: Arc<dyn FrameSource> = Arc::new(KittiRaw::open(&root).unwrap());
    assert_eq!(source.drives().len(), 3);
    let mini = root.join("splits/mini");
    let split = Split::open(
        mini.to_str().unwrap(),
        source.as_ref(),
        &TRIPLET,
        &[Subset::Training],
        &[Subset::Validation],
    )
    .unwrap();
    let scan = prescan(source.as_ref(), &split.training, &TRIPLET).unwrap();
    assert_eq!((scan.usable.len(), scan.dropped.len(), split.validation.len()), (79, 0, 10));
    let loader = Loader::new(source, scan.usable, options(12, 2)).unwrap();
    assert_eq!(loader.batch_count(), 6);
    let (batches, skipped) = all(&loader, 0, 4);
    assert_eq!((batches.len(), skipped.len()), (2, 0));
    assert_eq!(batches[0].samples[11].images[&FrameId::NEXT].dimensions(), (64, 32));
}

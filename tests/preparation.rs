//! Images that the GPU computes from uploaded bytes, against those that the CPU computes.

use crate::support::{gpu, largest_difference, values};
use burn::tensor::{Device, Tensor};
use image::{Rgb, RgbImage};
use monoscope::{
    compute::{
        count_uploads,
        ops::picture::{PackedImages, smaller_levels},
    },
    config::{FrameId, ImageSize},
    data::{
        FrameSource, Sample, Side,
        augment::{Augmentation, Jitter, Operation},
        image::pyramid,
        loader::{Preparation, SampleOptions, load_sample},
        synthetic::{BuiltInDrive, DriveOptions},
    },
    predict::SampleTensors,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const MONOCULAR: [FrameId; 3] = [FrameId::TARGET, FrameId::PREVIOUS, FrameId::NEXT];
const STEREO_TOO: [FrameId; 4] = [FrameId::TARGET, FrameId::PREVIOUS, FrameId::NEXT, FrameId::Stereo];
/// Devices divide a level by 255 to within a few units in the last place.
const DIVISION: f32 = 3e-7;

fn noise(width: u32, height: u32, random: &mut ChaCha8Rng) -> RgbImage {
    RgbImage::from_fn(width, height, |_, _| Rgb(std::array::from_fn(|_| random.random())))
}

/// The four operations in each of their 24 orders.
fn orders() -> Vec<[Operation; 4]> {
    let all = [Operation::Brightness, Operation::Contrast, Operation::Saturation, Operation::Hue];
    let choices = |index: usize| [index / 6, index / 2 % 3, index % 2, 0];
    let order = |index: usize| {
        let mut left = all.to_vec();
        choices(index).map(|at| left.remove(at))
    };
    (0..24).map(order).collect()
}

/// Images `[N, 3, H, W]` as bytes. Their values must be multiples of 1/255.
fn bytes(images: Tensor<4>) -> Vec<RgbImage> {
    let [count, _, height, width] = images.dims();
    let values = values(images);
    let levels: Vec<f32> = values.iter().map(|value| (value * 255.0).round()).collect();
    let exact: Vec<f32> = levels.iter().map(|level| level / 255.0).collect();
    assert!(largest_difference(&values, &exact) <= DIVISION);
    let level = |image: usize, channel: usize, y: u32, x: u32| {
        levels[((image * 3 + channel) * height + y as usize) * width + x as usize] as u8
    };
    (0..count)
        .map(|image| {
            RgbImage::from_fn(width as u32, height as u32, |x, y| {
                Rgb(std::array::from_fn(|channel| level(image, channel, y, x)))
            })
        })
        .collect()
}

#[test]
fn pictures_of_any_size_arrive_as_they_are() {
    let device = gpu();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for (width, height, count) in [(1, 1, 1), (7, 9, 3), (37, 53, 5), (64, 32, 2)] {
        let images: Vec<RgbImage> = (0..count).map(|_| noise(width, height, &mut random)).collect();
        let pictures = PackedImages::upload(&images.iter().collect::<Vec<_>>(), &device);
        assert!(bytes(pictures.clean()) == images, "{count} of {width}×{height}");
    }
}

#[test]
fn jitter_gives_the_bytes_of_the_cpu_in_every_order() {
    let device = gpu();
    let mut random = ChaCha8Rng::seed_from_u64(2);
    // Several images per sample, as in a batch of frames; no size is a multiple of a workgroup's.
    for (round, (width, height)) in [(7, 9), (61, 47), (96, 64)].into_iter().enumerate() {
        let mut jitters: Vec<Option<Jitter>> =
            orders().into_iter().map(|order| Some(Jitter { order, ..Jitter::draw(&mut random) })).collect();
        jitters.insert(round * 9, None);
        let images: Vec<RgbImage> =
            (0..2 * jitters.len()).map(|_| noise(width, height, &mut random)).collect();
        let pictures = PackedImages::upload(&images.iter().collect::<Vec<_>>(), &device);
        let found = bytes(pictures.jittered(&jitters.iter().map(Option::as_ref).collect::<Vec<_>>()));
        for (index, (found, mut expected)) in found.into_iter().zip(images).enumerate() {
            let jitter = &jitters[index % jitters.len()];
            jitter.iter().for_each(|jitter| jitter.apply(&mut expected));
            let differing = found.as_raw().iter().zip(expected.as_raw()).filter(|(a, b)| a != b).count();
            assert_eq!(differing, 0, "levels of picture {index} of {width}×{height} after {jitter:?}");
        }
    }
}

#[test]
fn jitter_holds_at_the_ends_of_its_factors_and_for_colours_of_all_kinds() {
    let device = gpu();
    // Every third level of each colour, so that 0 and 255 are among them.
    let levels = 86_u32;
    let colours = RgbImage::from_fn(levels * levels, levels, |x, y| {
        Rgb([x % levels, x / levels, y].map(|level| (level * 3) as u8))
    });
    let jitter = |factor: f32, hue: f64, order| Jitter {
        brightness: factor,
        contrast: 2.0 - factor,
        saturation: factor,
        hue,
        order,
    };
    let orders = orders();
    let jitters: Vec<Jitter> =
        [(0.8, -0.1), (1.0, 0.0), (1.2, 0.1), (0.9999999, 0.004), (0.5, 0.5), (1.5, -0.5)]
            .into_iter()
            .enumerate()
            .map(|(index, (factor, hue))| jitter(factor, hue, orders[index * 5 % 24]))
            .collect();
    let images = vec![&colours; jitters.len()];
    let found =
        bytes(PackedImages::upload(&images, &device).jittered(&jitters.iter().map(Some).collect::<Vec<_>>()));
    for (found, jitter) in found.into_iter().zip(jitters) {
        let mut expected = colours.clone();
        jitter.apply(&mut expected);
        let differing = found.as_raw().iter().zip(expected.as_raw()).filter(|(a, b)| a != b).count();
        assert_eq!(differing, 0, "levels after {jitter:?}");
    }
}

#[test]
fn pyramids_have_the_bytes_of_the_cpu() {
    let device = gpu();
    let mut random = ChaCha8Rng::seed_from_u64(3);
    // Sizes that are no multiple of a tile, axes so short that no output has all its inputs, and a flat end.
    for (width, height, levels) in
        [(52, 36, 2), (8, 16, 3), (2, 4, 1), (200, 24, 3), (160, 96, 4), (26, 14, 1)]
    {
        let images: Vec<RgbImage> = (0..3)
            .map(|index| match index {
                0 => RgbImage::from_pixel(width, height, Rgb([0, 255, 77])),
                _ => noise(width, height, &mut random),
            })
            .collect();
        let clean = PackedImages::upload(&images.iter().collect::<Vec<_>>(), &device).clean();
        let found: Vec<Vec<RgbImage>> = smaller_levels(clean, levels).into_iter().map(bytes).collect();
        let size = ImageSize { height: height as usize, width: width as usize };
        for (index, image) in images.iter().enumerate() {
            let expected = pyramid(image, size, levels + 1);
            for (level, expected) in expected[1..].iter().enumerate() {
                assert!(found[level][index] == *expected, "level {} of {width}×{height}", level + 1);
            }
        }
    }
}

/// Samples of the built-in drive, some of them jittered and mirrored.
fn samples(count: u32, options: &SampleOptions, has_jitter: bool) -> Vec<Sample> {
    let drive = BuiltInDrive::new(DriveOptions { seed: 5, frames: count + 2, size: options.size });
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let keys = drive.drives()[0].keys(Side::Left).skip(1).take(count as usize);
    keys.enumerate()
        .map(|(index, key)| {
            let jitter = (has_jitter && index % 2 == 0).then(|| Jitter::draw(&mut random));
            let augmentation = Augmentation { mirror: index % 3 == 0, jitter };
            load_sample(&drive, &key, options, &augmentation).unwrap()
        })
        .collect()
}

fn options(frame_ids: &[FrameId], size: ImageSize, full_pyramid: bool) -> SampleOptions {
    SampleOptions {
        size,
        scales: 4,
        frame_ids: frame_ids.to_vec(),
        full_pyramid,
        preparation: Preparation::Upload,
    }
}

#[test]
fn a_batch_is_the_same_whoever_prepares_it() {
    let device = gpu();
    let size = ImageSize { height: 32, width: 96 };
    for (frame_ids, full_pyramid, batch, has_jitter) in [
        (&MONOCULAR[..], false, 3, true),
        (&STEREO_TOO[..], true, 2, true),
        (&MONOCULAR[..], false, 1, false),
        (&MONOCULAR[..1], false, 2, true),
    ] {
        let samples = samples(batch, &options(frame_ids, size, full_pyramid), has_jitter);
        let expected = SampleTensors::upload(&samples, &Device::flex());
        let found = SampleTensors::upload(&samples, &device.clone().autodiff());
        assert!(found.colour.keys().eq(expected.colour.keys()));
        for (id, levels) in found.colour {
            assert_eq!(levels.len(), if full_pyramid || id == FrameId::TARGET { 4 } else { 1 });
            for (level, expected) in levels.into_iter().zip(&expected.colour[&id]) {
                assert!(level.device().is_autodiff());
                assert!(bytes(level) == bytes(expected.clone()), "{id:?}");
            }
        }
        for (id, expected) in expected.network_input {
            let found = found.network_input[&id].clone();
            assert!(found.device().is_autodiff());
            assert!(bytes(found) == bytes(expected), "{id:?} as the networks see it");
        }
        assert_eq!(found.intrinsics, expected.intrinsics);
        assert_eq!(found.stereo_shift_x, expected.stereo_shift_x);
    }
}

#[test]
fn hardly_more_than_the_bytes_of_the_pictures_is_uploaded() {
    let device = gpu();
    let size = ImageSize { height: 96, width: 320 };
    let samples = samples(2, &options(&MONOCULAR, size, false), true);
    let (_, uploaded) = count_uploads(|| SampleTensors::upload(&samples, &device.autodiff()));
    let pictures = 2 * 3 * 3 * 96 * 320;
    assert!(uploaded >= pictures, "{uploaded} bytes are less than those of the pictures");
    assert!(uploaded * 100 <= pictures * 105, "{uploaded} bytes for {pictures} of pictures");
}

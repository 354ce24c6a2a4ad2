//! Decoding, resizing and colours, against Pillow's bytes and by hand.

use crate::support::{Arrays, shared};
use image::RgbImage;
use monoscope::{
    config::ImageSize,
    data::{
        augment::{Jitter, Operation},
        image::{Filter, pyramid, resize},
    },
};

const OPERATIONS: [(char, Operation); 4] = [
    ('b', Operation::Brightness),
    ('c', Operation::Contrast),
    ('s', Operation::Saturation),
    ('h', Operation::Hue),
];

fn picture(arrays: &Arrays, name: &str) -> RgbImage {
    let (shape, values) = arrays.get(name);
    let bytes = values.into_iter().map(|value| value as u8).collect();
    RgbImage::from_raw(shape[1] as u32, shape[0] as u32, bytes).unwrap()
}

fn size(image: &RgbImage) -> ImageSize {
    ImageSize { height: image.height() as usize, width: image.width() as usize }
}

#[test]
fn filter_weights_are_those_worked_out_by_hand() {
    let filter = Filter::between(1242, 640);
    let taps = filter.taps(0);
    assert_eq!(taps.start, 0);
    assert_eq!(taps.weights, [2_051_905, 1_991_177, 507_918, -326_869, -107_077, 71_120, 6_130]);
    let half = [15_473, 63_150, -142_601, -279_497, 568_350, 1_872_276];
    let mirrored: Vec<i32> = half.into_iter().chain(half.into_iter().rev()).collect();
    assert_eq!(Filter::between(640, 320).taps(100).weights, mirrored);
}

#[test]
fn resizing_gives_pillows_bytes() {
    let Some(path) = shared("golden/misc.safetensors") else { return };
    let arrays = Arrays::open(&path);
    let noise = picture(&arrays, "lanczos.in");
    let expected: Vec<RgbImage> =
        (0..3).map(|scale| picture(&arrays, &format!("lanczos.out{scale}"))).collect();
    assert_eq!(pyramid(&noise, size(&expected[0]), 3), expected);
    let larger = picture(&arrays, "lanczos.up");
    assert_eq!(resize(&noise, size(&larger)), larger);
    let kitti: Vec<RgbImage> =
        (0..4).map(|scale| picture(&arrays, &format!("kitti.pyramid{scale}"))).collect();
    assert_eq!(pyramid(&kitti[0], size(&kitti[0]), 4), kitti);
}

#[test]
fn jitter_gives_pillows_bytes_in_every_order() {
    let Some(path) = shared("golden/misc.safetensors") else { return };
    let arrays = Arrays::open(&path);
    let jitter = |order| Jitter { brightness: 1.13, contrast: 0.87, saturation: 1.19, hue: -0.07, order };
    let start = picture(&arrays, "jitter.in");
    let mut orders = 0;
    for name in arrays.names() {
        let Some(letters) = name.strip_prefix("jitter.") else { continue };
        let operation = |letter: char| {
            OPERATIONS.iter().find(|(name, _)| *name == letter).map(|(_, operation)| *operation)
        };
        let mut image = start.clone();
        if let Some(only) = letters.strip_prefix("only_") {
            let only = operation(only.chars().next().unwrap()).unwrap();
            jitter(OPERATIONS.map(|(_, operation)| operation)).apply_one(only, &mut image);
        } else if letters != "in" {
            let order: Vec<Operation> = letters.chars().map(|letter| operation(letter).unwrap()).collect();
            jitter(order.try_into().unwrap()).apply(&mut image);
            orders += 1;
        }
        assert!(image == picture(&arrays, &name), "{name} differs");
    }
    assert_eq!(orders, 24);
}

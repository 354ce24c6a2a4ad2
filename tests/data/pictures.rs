//! Decoding, resizing and colours, against Pillow's bytes and by hand.

use crate::support::{Arrays, extract, golden, shared};
use image::{GenericImageView, RgbImage};
use monoscope::{
    config::ImageSize,
    data::{
        augment::{Jitter, Operation},
        image::{Filter, decode, pyramid, read, resize, write},
    },
};
use std::fs;

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
    let arrays = extract("misc");
    let noise = picture(&arrays, "lanczos.in");
    let expected: Vec<RgbImage> =
        (0..3).map(|scale| picture(&arrays, &format!("lanczos.out{scale}"))).collect();
    assert_eq!(pyramid(&noise, size(&expected[0]), 3), expected);
    let larger = picture(&arrays, "lanczos.up");
    assert_eq!(resize(&noise, size(&larger)), larger);
}

#[test]
#[ignore = "needs ../shared/golden: reference arrays"]
fn resizing_a_frame_gives_pillows_bytes() {
    let arrays = golden("misc");
    let kitti: Vec<RgbImage> =
        (0..4).map(|scale| picture(&arrays, &format!("kitti.pyramid{scale}"))).collect();
    assert_eq!(pyramid(&kitti[0], size(&kitti[0]), 4), kitti);
}

#[test]
fn jitter_gives_pillows_bytes_in_every_order() {
    check_jitter(&extract("misc"));
}

#[test]
#[ignore = "needs ../shared/golden: reference arrays"]
fn jitter_of_a_frame_gives_pillows_bytes_in_every_order() {
    check_jitter(&golden("misc"));
}

fn check_jitter(arrays: &Arrays) {
    let jitter = |order| Jitter { brightness: 1.13, contrast: 0.87, saturation: 1.19, hue: -0.07, order };
    let start = picture(arrays, "jitter.in");
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
        assert!(image == picture(arrays, &name), "{name} differs");
    }
    assert_eq!(orders, 24);
}

#[test]
#[ignore = "needs ../shared/golden and ../shared/kitti: reference arrays, frames of real drives"]
fn jpeg_is_decoded_as_by_the_usual_library() {
    let (golden, kitti) = (golden("misc"), shared("kitti"));
    let expected = picture(&golden, "kitti.decoded_rows_100_108");
    let drive = kitti.join("2011_09_26/2011_09_26_drive_0002_sync/image_02");
    let decoded = read(&drive.join("data/0000000000.jpg")).unwrap();
    assert_eq!(decoded.dimensions(), (1242, 375));
    let rows = decoded.view(0, 100, 1242, 8).to_image();
    assert!(rows == expected, "Pillow's libjpeg-turbo decodes other bytes");
    assert_eq!(read(&drive.join("data_png_sample/0000000000.png")).unwrap().dimensions(), (1242, 375));
}

fn test_card() -> RgbImage {
    RgbImage::from_fn(96, 64, |x, y| image::Rgb([(x * 2) as u8, (y * 3) as u8, (x ^ y) as u8]))
}

#[test]
fn damaged_and_unusual_images_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let [jpeg, png] = ["card.jpg", "card.png"].map(|name| {
        write(&folder.path().join(name), &test_card()).unwrap();
        fs::read(folder.path().join(name)).unwrap()
    });
    assert_eq!(decode(&jpeg).unwrap().dimensions(), (96, 64));
    assert_eq!(decode(&png).unwrap().dimensions(), (96, 64));
    let mut padded = jpeg.clone();
    padded.extend([0; 16]);
    assert!(decode(&padded).is_ok(), "what follows the end marker does no harm");
    for length in 1..jpeg.len() {
        assert!(decode(&jpeg[..length]).is_err(), "JPEG cut to {length} bytes");
    }
    for length in 0..png.len() - 12 {
        assert!(decode(&png[..length]).is_err(), "PNG cut to {length} bytes");
    }
    assert!(decode(b"a text").unwrap_err().contains("no known picture"));
    assert!(decode(b"").unwrap_err().contains("empty"));
    let mut vast = jpeg;
    let frame = vast.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    vast[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
    assert!(decode(&vast).is_err(), "65535 × 65535 pixels");
}

#[test]
fn resizing_by_hand() {
    // A constant stays what it is, a ramp keeps its middle, and one size is left alone.
    let constant = RgbImage::from_pixel(37, 23, image::Rgb([7, 128, 255]));
    let resized = resize(&constant, ImageSize { height: 64, width: 96 });
    assert!(resized.pixels().all(|pixel| pixel.0 == [7, 128, 255]));
    let ramp = RgbImage::from_fn(240, 8, |x, _| image::Rgb([x as u8; 3]));
    let half = resize(&ramp, ImageSize { height: 4, width: 120 });
    for x in 3..117 {
        let level = half.get_pixel(x, 2).0[0];
        assert!(u32::from(level).abs_diff(2 * x) <= 1, "column {x} has {level}, not the mean of its two");
    }
    assert_eq!(resize(&ramp, size(&ramp)), ramp);
    assert_eq!(pyramid(&ramp, ImageSize { height: 4, width: 4 }, 4)[3].dimensions(), (0, 0));
}

#[test]
fn jitter_by_hand() {
    let jitter = Jitter {
        brightness: 0.5,
        contrast: 0.0,
        saturation: 0.0,
        hue: 0.5,
        order: OPERATIONS.map(|(_, o)| o),
    };
    let start = RgbImage::from_fn(2, 1, |x, _| image::Rgb(if x == 0 { [255, 0, 0] } else { [101, 51, 1] }));
    let after = |operation| {
        let mut image = start.clone();
        jitter.apply_one(operation, &mut image);
        image.into_raw()
    };
    assert_eq!(after(Operation::Brightness), [127, 0, 0, 50, 25, 0]);
    // Greys are 76 and 60, their mean 68.
    assert_eq!(after(Operation::Saturation), [76, 76, 76, 60, 60, 60]);
    assert_eq!(after(Operation::Contrast), [68; 6]);
    // Half a turn takes red to cyan.
    assert_eq!(after(Operation::Hue)[..3], [0, 255, 252]);
}

//! Colour jitter and mirroring, with 8-bit Pillow semantics
//! ([Augmentation](crate::objective::method#augmentation) of the method).

use image::{Rgb, RgbImage, imageops};
use rand::{Rng, RngExt, seq::SliceRandom};

/// Probability that a sample is jittered, and that it is mirrored.
const PROBABILITY: f64 = 0.5;
/// Largest deviation of the factors of brightness, contrast and saturation from 1.
const FACTOR_SPREAD: f32 = 0.2;
/// Largest shift of the hue, in turns of the colour circle.
const HUE_SPREAD: f64 = 0.1;

/// Augmentation of one training sample, the same for all its frames.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Augmentation {
    /// True to mirror the images left to right.
    pub mirror: bool,
    /// Colour jitter of the networks' inputs; `None` leaves the colours.
    pub jitter: Option<Jitter>,
}

impl Augmentation {
    /// Draws an augmentation: half of the samples are jittered and half are mirrored, independently.
    pub fn draw(rng: &mut impl Rng) -> Self {
        let jitter = rng.random_bool(PROBABILITY).then(|| Jitter::draw(rng));
        Self { mirror: rng.random_bool(PROBABILITY), jitter }
    }
}

/// Operation of colour jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Blend with black.
    Brightness,
    /// Blend with the mean grey of the image.
    Contrast,
    /// Blend with the grey of the pixel.
    Saturation,
    /// Rotate the colour circle.
    Hue,
}

/// Colour jitter, the same for all frames of a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Jitter {
    /// Factor of brightness: 1 is the identity, 0 makes the image black.
    pub brightness: f32,
    /// Factor of contrast: 1 is the identity, 0 makes the image uniformly grey.
    pub contrast: f32,
    /// Factor of saturation: 1 is the identity, 0 makes a grey image.
    pub saturation: f32,
    /// Shift of the hue in turns of the colour circle, −0.5 to 0.5.
    pub hue: f64,
    /// Order of the operations, each once.
    pub order: [Operation; 4],
}

impl Jitter {
    /// Draws factors from the published ranges, in random order.
    pub fn draw(rng: &mut impl Rng) -> Self {
        let mut factor = || rng.random_range(1.0 - FACTOR_SPREAD..=1.0 + FACTOR_SPREAD);
        let (brightness, contrast, saturation) = (factor(), factor(), factor());
        let hue = rng.random_range(-HUE_SPREAD..=HUE_SPREAD);
        let mut order = [Operation::Brightness, Operation::Contrast, Operation::Saturation, Operation::Hue];
        order.shuffle(rng);
        Self { brightness, contrast, saturation, hue, order }
    }

    /// Shift of an 8-bit hue, to be added modulo 256.
    pub fn hue_shift(&self) -> u8 {
        (self.hue * 255.0) as i32 as u8
    }

    /// Applies the operations in their order, with 8-bit results in between, as Pillow does.
    pub fn apply(&self, image: &mut RgbImage) {
        for operation in self.order {
            self.apply_one(operation, image);
        }
    }

    /// Applies one of the operations.
    pub fn apply_one(&self, operation: Operation, image: &mut RgbImage) {
        match operation {
            Operation::Brightness => blend(image, self.brightness, |_| 0),
            Operation::Contrast => {
                let grey = mean_grey(image);
                blend(image, self.contrast, |_| grey);
            }
            Operation::Saturation => blend(image, self.saturation, grey),
            Operation::Hue => shift_hue(image, self.hue_shift()),
        }
    }
}

/// Mirrors an image left to right.
pub fn mirror(image: &mut RgbImage) {
    imageops::flip_horizontal_in_place(image);
}

/// Blends each pixel: `from + factor · (pixel − from)`, truncated to whole levels as Pillow's blend does.
fn blend(image: &mut RgbImage, factor: f32, from: impl Fn(Rgb<u8>) -> u8) {
    for pixel in image.pixels_mut() {
        let from = f32::from(from(*pixel));
        // A cast to u8 truncates and clamps.
        pixel.0 = pixel.0.map(|level| (from + factor * (f32::from(level) - from)) as u8);
    }
}

/// Luma of a colour by ITU-R 601, in Pillow's fixed point.
fn grey(Rgb([red, green, blue]): Rgb<u8>) -> u8 {
    let [red, green, blue] = [red, green, blue].map(u32::from);
    ((19_595 * red + 38_470 * green + 7_471 * blue + 32_768) >> 16) as u8
}

fn mean_grey(image: &RgbImage) -> u8 {
    let sum: u64 = image.pixels().map(|pixel| u64::from(grey(*pixel))).sum();
    let count = u64::from(image.width()) * u64::from(image.height());
    (sum as f64 / count as f64 + 0.5) as u8
}

/// Shifts the hue by `shift` 255ths of the colour circle, by way of 8-bit hue, saturation and value.
fn shift_hue(image: &mut RgbImage, shift: u8) {
    for pixel in image.pixels_mut() {
        let [hue, saturation, value] = hue_saturation_value(*pixel);
        *pixel = from_hue_saturation_value([hue.wrapping_add(shift), saturation, value]);
    }
}

/// Converts a colour to 8-bit hue, saturation and value. The widths of the intermediate numbers are Pillow's,
/// because they decide how a result is truncated.
fn hue_saturation_value(Rgb([red, green, blue]): Rgb<u8>) -> [u8; 3] {
    let value = red.max(green).max(blue);
    let min = red.min(green).min(blue);
    if value == min {
        return [0, 0, value];
    }
    let spread = f32::from(value - min);
    let saturation = spread / f32::from(value);
    let [to_red, to_green, to_blue] = [red, green, blue].map(|level| f32::from(value - level) / spread);
    let sixths = if red == value {
        to_blue - to_green
    } else if green == value {
        (2.0 + f64::from(to_red) - f64::from(to_blue)) as f32
    } else {
        (4.0 + f64::from(to_green) - f64::from(to_red)) as f32
    };
    let turns = f64::from(sixths) / 6.0 + 1.0;
    let hue = (if turns >= 1.0 { turns - 1.0 } else { turns }) as f32;
    [(f64::from(hue) * 255.0) as u8, (f64::from(saturation) * 255.0) as u8, value]
}

/// Bit set (bit h % 32 of word h / 32) of the hues h that the conversion to hue, saturation and value
/// truncates to h − 1 although a colour's hue is exactly h / 255 of a turn: its intermediate numbers are
/// rounded. Everything else in the conversions, both ways, agrees with exact arithmetic.
pub fn truncated_hues() -> [u32; 8] {
    /// Spread of colours that have every hue exactly, h at 2·h steps along the colour circle.
    const SPREAD: u8 = 85;
    let mut words = [0; 8];
    for hue in 0..u8::MAX {
        let steps = 2 * u16::from(hue);
        let rest = (steps % u16::from(SPREAD)) as u8;
        let colour = match steps / u16::from(SPREAD) {
            0 => [SPREAD, rest, 0],
            1 => [SPREAD - rest, SPREAD, 0],
            2 => [0, SPREAD, rest],
            3 => [0, SPREAD - rest, SPREAD],
            4 => [rest, 0, SPREAD],
            _ => [SPREAD, 0, SPREAD - rest],
        };
        let is_truncated = hue_saturation_value(Rgb(colour))[0] != hue;
        words[usize::from(hue / 32)] |= u32::from(is_truncated) << (hue % 32);
    }
    words
}

/// Converts 8-bit hue, saturation and value to a colour, as Pillow does.
fn from_hue_saturation_value([hue, saturation, value]: [u8; 3]) -> Rgb<u8> {
    if saturation == 0 {
        return Rgb([value; 3]);
    }
    let sixths = f64::from(hue) * 6.0 / 255.0;
    let sector = sixths as u8;
    let part = (sixths - f64::from(sector)) as f32;
    let saturation = f32::from(saturation) / 255.0;
    // Values are not negative, so that truncation after adding a half rounds.
    let level = |fade: f64| (f64::from(value) * (1.0 - fade) + 0.5) as u8;
    let low = level(f64::from(saturation));
    let falling = level(f64::from(saturation * part));
    let rising = level(f64::from(saturation) * (1.0 - f64::from(part)));
    Rgb(match sector % 6 {
        0 => [value, rising, low],
        1 => [falling, value, low],
        2 => [low, value, rising],
        3 => [low, falling, value],
        4 => [rising, low, value],
        _ => [value, low, falling],
    })
}

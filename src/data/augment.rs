//! Colour jitter and mirroring, with 8-bit Pillow semantics
//! ([Augmentation](crate::objective::method#augmentation) of the method).

use image::{Rgb, RgbImage, imageops};
use rand::{Rng, RngExt, seq::SliceRandom};

/// The share of samples that are jittered, and likewise mirrored.
const PROBABILITY: f64 = 0.5;
/// How far brightness, contrast and saturation go from 1.
const FACTOR_SPREAD: f32 = 0.2;
/// How far the hue goes from 0, in turns of the colour circle.
const HUE_SPREAD: f64 = 0.1;

/// What is done to all frames of one training sample alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Augmentation {
    /// Mirror left to right.
    pub mirror: bool,
    /// Change the colours that the networks see.
    pub jitter: Option<Jitter>,
}

impl Augmentation {
    /// A fresh draw: half of the samples are jittered, half are mirrored, independently.
    pub fn draw(random: &mut impl Rng) -> Self {
        let jitter = random.random_bool(PROBABILITY).then(|| Jitter::draw(random));
        Self { mirror: random.random_bool(PROBABILITY), jitter }
    }
}

/// One of the four changes of colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Mix with black.
    Brightness,
    /// Mix with the mean grey of the image.
    Contrast,
    /// Mix with the grey of the pixel.
    Saturation,
    /// Turn the colour circle.
    Hue,
}

/// A change of colours, the same for all frames of a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Jitter {
    /// 1 leaves the image as it is, 0 makes it black.
    pub brightness: f32,
    /// 1 leaves the image as it is, 0 makes it one grey.
    pub contrast: f32,
    /// 1 leaves the image as it is, 0 makes it grey.
    pub saturation: f32,
    /// Part of a full turn of the colour circle, −0.5 to 0.5.
    pub hue: f64,
    /// The order of the operations, each once.
    pub order: [Operation; 4],
}

impl Jitter {
    /// Factors from the published ranges, in random order.
    pub fn draw(random: &mut impl Rng) -> Self {
        let mut factor = || random.random_range(1.0 - FACTOR_SPREAD..=1.0 + FACTOR_SPREAD);
        let (brightness, contrast, saturation) = (factor(), factor(), factor());
        let hue = random.random_range(-HUE_SPREAD..=HUE_SPREAD);
        let mut order = [Operation::Brightness, Operation::Contrast, Operation::Saturation, Operation::Hue];
        order.shuffle(random);
        Self { brightness, contrast, saturation, hue, order }
    }

    /// What is added to an 8-bit hue, modulo 256.
    pub fn hue_shift(&self) -> u8 {
        (self.hue * 255.0) as i32 as u8
    }

    /// Changes the image, rounding to 8 bits after every operation.
    pub fn apply(&self, image: &mut RgbImage) {
        for operation in self.order {
            self.apply_one(operation, image);
        }
    }

    /// Changes the image by one of the operations only.
    pub fn apply_one(&self, operation: Operation, image: &mut RgbImage) {
        match operation {
            Operation::Brightness => blend(image, self.brightness, |_| 0),
            Operation::Contrast => {
                let grey = mean_grey(image);
                blend(image, self.contrast, |_| grey);
            }
            Operation::Saturation => blend(image, self.saturation, grey),
            Operation::Hue => turn_hue(image, self.hue_shift()),
        }
    }
}

/// Mirrors left to right.
pub fn mirror(image: &mut RgbImage) {
    imageops::flip_horizontal_in_place(image);
}

/// `from + factor · (pixel − from)`, cut to whole levels as Pillow's blend does.
fn blend(image: &mut RgbImage, factor: f32, from: impl Fn(Rgb<u8>) -> u8) {
    for pixel in image.pixels_mut() {
        let from = f32::from(from(*pixel));
        // A cast to u8 cuts towards zero and clamps.
        pixel.0 = pixel.0.map(|level| (from + factor * (f32::from(level) - from)) as u8);
    }
}

/// The brightness of a colour by ITU-R 601, in Pillow's fixed point.
fn grey(Rgb([red, green, blue]): Rgb<u8>) -> u8 {
    let [red, green, blue] = [red, green, blue].map(u32::from);
    ((19_595 * red + 38_470 * green + 7_471 * blue + 32_768) >> 16) as u8
}

fn mean_grey(image: &RgbImage) -> u8 {
    let sum: u64 = image.pixels().map(|pixel| u64::from(grey(*pixel))).sum();
    let count = u64::from(image.width()) * u64::from(image.height());
    (sum as f64 / count as f64 + 0.5) as u8
}

/// Turns the hue by `shift` 255ths of the colour circle, through 8-bit hue, saturation and value.
fn turn_hue(image: &mut RgbImage, shift: u8) {
    for pixel in image.pixels_mut() {
        let [hue, saturation, value] = hue_saturation_value(*pixel);
        *pixel = from_hue_saturation_value([hue.wrapping_add(shift), saturation, value]);
    }
}

/// The widths of the numbers in between are Pillow's: they decide how a value is cut.
fn hue_saturation_value(Rgb([red, green, blue]): Rgb<u8>) -> [u8; 3] {
    let value = red.max(green).max(blue);
    let least = red.min(green).min(blue);
    if value == least {
        return [0, 0, value];
    }
    let spread = f32::from(value - least);
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

/// The hues h that colours have exactly, h / 255 of a turn, and that the conversion to hue, saturation and value
/// nevertheless cuts to h − 1, because its numbers in between are not exact: bit h % 32 of word h / 32. All
/// else of the conversions, both ways, is what whole numbers give.
pub fn hues_cut_short() -> [u32; 8] {
    /// Colours of this spread have every hue exactly, each as 2·h steps along the colour circle.
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
        let is_cut_short = hue_saturation_value(Rgb(colour))[0] != hue;
        words[usize::from(hue / 32)] |= u32::from(is_cut_short) << (hue % 32);
    }
    words
}

fn from_hue_saturation_value([hue, saturation, value]: [u8; 3]) -> Rgb<u8> {
    if saturation == 0 {
        return Rgb([value; 3]);
    }
    let sixths = f64::from(hue) * 6.0 / 255.0;
    let sector = sixths as u8;
    let part = (sixths - f64::from(sector)) as f32;
    let saturation = f32::from(saturation) / 255.0;
    // Values are not negative, so that cutting after adding a half rounds.
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

//! Colour jitter in integer arithmetic. It gives exactly the levels of [`crate::data::augment`] on every device,
//! however that rounds divisions and fuses products with sums.
//!
//! Blending reproduces the two roundings of f32 bit by bit. The conversions between RGB and HSV truncate a fraction to
//! a level. There the CPU's floats truncate as integers do, except for some hues that are exact levels
//! ([`truncated_hues`]). This was checked for all 2²⁴ colours in both directions.

#![allow(clippy::too_many_arguments, reason = "a kernel is given every buffer that it touches")]

use super::{
    bytes::{Colour, colour_at, empty_planes, write_colour},
    packed::{PackedImages, upload_words},
};
use crate::{
    compute::ops::cube::{argument, empty_of, one_thread_each, workgroup_sum},
    data::augment::{Jitter, Operation, truncated_hues},
};
use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Threads per workgroup of the sum of greys; a power of two.
const THREADS: usize = 128;
/// Workgroups that share the sum over an image.
const PARTS: usize = 16;
/// Pixels of the largest image whose sum of greys fits a 32-bit word.
const MAX_PIXELS: usize = 1 << 24;

/// Words before those of the samples: a bit for each hue, set if [`truncated_hues`].
const HUE_WORDS: usize = 8;
/// Words of a sample: the amount of each operation by its number (factors as the bits of an f32), the order of the
/// operations, the number of operations before contrast, and the number of all.
const SAMPLE_WORDS: usize = 7;
const ORDER: usize = 4;
const BEFORE_CONTRAST: usize = 5;
const OPERATIONS: usize = 6;
/// Bits that each operation takes in the word of the order.
const OPERATION_BITS: u32 = 2;

/// Numbers of the operations; that of brightness is 0.
const CONTRAST: u32 = 1;
const SATURATION: u32 = 2;
const HUE: u32 = 3;

fn number(operation: Operation) -> u32 {
    match operation {
        Operation::Brightness => 0,
        Operation::Contrast => CONTRAST,
        Operation::Saturation => SATURATION,
        Operation::Hue => HUE,
    }
}

fn sample_words(jitter: Option<&Jitter>) -> [u32; SAMPLE_WORDS] {
    let Some(jitter) = jitter else { return [0; SAMPLE_WORDS] };
    let factors = [jitter.brightness, jitter.contrast, jitter.saturation];
    assert!(factors.iter().all(|factor| (0.5..2.0).contains(factor)), "factors of jitter are from 0.5 to 2");
    let [brightness, contrast, saturation] = factors.map(f32::to_bits);
    let bits = |(step, operation): (u32, &Operation)| number(*operation) << (OPERATION_BITS * step);
    let order = (0..).zip(&jitter.order).map(bits).sum();
    let before_contrast = jitter.order.iter().take_while(|operation| **operation != Operation::Contrast);
    [
        brightness,
        contrast,
        saturation,
        u32::from(jitter.hue_shift()),
        order,
        before_contrast.count() as u32,
        jitter.order.len() as u32,
    ]
}

/// An integer rounded as f32 does: to 24 significant bits, half to even.
#[cube]
fn rounded_to_f32(value: u32) -> u32 {
    let zeros = value.leading_zeros();
    let excess = select(zeros < 8, 8 - zeros, 0u32);
    let half = (1u32 << excess) >> 1u32;
    let is_odd = (value >> excess) & 1;
    let nudge = select(excess > 0, half + is_odd - 1, 0u32);
    ((value + nudge) >> excess) << excess
}

/// `from + factor · (level − from)` as f32 computes it, truncated to a level. The factor is given by its bits. It is a
/// multiple of 2⁻²⁴ below 1 and of 2⁻²³ from 1 on, so all intermediate results fit 32 bits.
#[cube]
fn blend(from: u32, factor: u32, level: u32) -> u32 {
    let mantissa = (factor & 0x7F_FFFF) | 0x80_0000;
    let fraction_bits = 150 - (factor >> 23u32);
    let is_above = level >= from;
    let distance = select(is_above, level - from, from - level);
    let change = rounded_to_f32(mantissa * distance);
    let start = from << fraction_bits;
    let below = select(start > change, start - change, 0u32);
    let sum = rounded_to_f32(select(is_above, start + change, below)) >> fraction_bits;
    sum.min(255)
}

/// Luma of a colour by ITU-R 601, in Pillow's fixed-point arithmetic.
#[cube]
fn grey(red: u32, green: u32, blue: u32) -> u32 {
    (19_595 * red + 38_470 * green + 7_471 * blue + 32_768) >> 16u32
}

/// `value · (1 − fade / whole)`, rounded.
#[cube]
fn faded(value: u32, fade: u32, #[comptime] whole: u32) -> u32 {
    (2 * value * (whole - fade) + whole) / (2 * whole)
}

/// Colour whose hue is shifted by `shift` / 256 of a turn, by way of 8-bit hue, saturation and value.
#[cube]
fn turned(red: u32, green: u32, blue: u32, shift: u32, parameters: &Tensor<u32>) -> Colour {
    let value = red.max(green).max(blue);
    let spread = value - red.min(green).min(blue);
    // A grey has no hue. Its saturation is 0, so it does not change.
    let divisor = spread.max(1);

    // The hue in sixths of a turn, times the spread.
    let from_red = select(green >= blue, green - blue, 6 * spread + green - blue);
    let from_green = 2 * spread + blue - red;
    let from_blue = 4 * spread + red - green;
    let sixths = select(red == value, from_red, select(green == value, from_green, from_blue));
    let exact = 85 * sixths / (2 * divisor);
    let is_exact = exact * (2 * divisor) == 85 * sixths;
    let is_cut_short = (parameters[usize::cast_from(exact / 32)] >> (exact % 32)) & 1;
    let hue = exact - select(is_exact, is_cut_short, 0u32);
    let saturation = 255 * spread / value.max(1);

    let sixths = 6 * ((hue + shift) & 255);
    let sector = (sixths / 255) % 6;
    let part = sixths % 255;
    let low = faded(value, saturation, 255u32);
    let falling = faded(value, saturation * part, 65_025u32);
    let rising = faded(value, saturation * (255 - part), 65_025u32);
    Colour {
        red: in_sector(sector, value, falling, low, low, rising, value),
        green: in_sector(sector, rising, value, value, falling, low, low),
        blue: in_sector(sector, low, low, rising, value, value, falling),
    }
}

/// Selects one of six levels by the sector.
#[cube]
fn in_sector(sector: u32, zero: u32, one: u32, two: u32, three: u32, four: u32, five: u32) -> u32 {
    let first = select(sector == 0, zero, select(sector == 1, one, two));
    let last = select(sector == 3, three, select(sector == 4, four, five));
    select(sector < 3, first, last)
}

/// Colour after the first `operations` operations of the sample whose words begin at `sample`; `mean` is the image's
/// mean grey before contrast.
#[cube]
fn changed(colour: &Colour, operations: u32, parameters: &Tensor<u32>, sample: usize, mean: u32) -> Colour {
    let mut red = colour.red;
    let mut green = colour.green;
    let mut blue = colour.blue;
    let order = parameters[sample + ORDER];
    for step in 0..operations {
        let operation = (order >> (OPERATION_BITS * step)) & 3;
        let amount = parameters[sample + usize::cast_from(operation)];
        if operation == HUE {
            let turned = turned(red, green, blue, amount, parameters);
            red = turned.red;
            green = turned.green;
            blue = turned.blue;
        } else {
            let own = select(operation == SATURATION, grey(red, green, blue), 0u32);
            let from = select(operation == CONTRAST, mean, own);
            red = blend(from, amount, red);
            green = blend(from, amount, green);
            blue = blend(from, amount, blue);
        }
    }
    Colour { red, green, blue }
}

/// Index of the first word of an image's sample.
#[cube]
fn sample_of(picture: usize, parameters: &Tensor<u32>) -> usize {
    let samples = (parameters.len() - HUE_WORDS) / SAMPLE_WORDS;
    HUE_WORDS + picture % samples * SAMPLE_WORDS
}

/// Sums of greys before contrast, `[N, PARTS]`, one workgroup each; 0 for images without jitter.
#[cube(launch)]
fn sums_kernel(words: &Tensor<u32>, parameters: &Tensor<u32>, sums: &mut Tensor<u32>, pixels: u32) {
    let part = CUBE_POS_X as usize;
    let picture = CUBE_POS_Y as usize;
    let thread = UNIT_POS as usize;
    let pixels = pixels as usize;
    let sample = sample_of(picture, parameters);
    let operations = parameters[sample + BEFORE_CONTRAST];
    // No early return, because all threads of a workgroup must reach the barriers.
    let end = select(parameters[sample + OPERATIONS] > 0, pixels, 0);
    let mut sum = u32::new(0);
    let mut pixel = part * THREADS + thread;
    while pixel < end {
        let colour = colour_at(words, picture * pixels + pixel);
        let changed = changed(&colour, operations, parameters, sample, 0u32);
        sum += grey(changed.red, changed.green, changed.blue);
        pixel += PARTS * THREADS;
    }
    let sum = workgroup_sum::<u32>(sum, THREADS);
    if UNIT_POS == 0 {
        sums[picture * PARTS + part] = sum;
    }
}

/// Jittered images, one thread per pixel.
#[cube(launch)]
fn jitter_kernel(
    words: &Tensor<u32>,
    parameters: &Tensor<u32>,
    sums: &Tensor<u32>,
    planes: &mut Tensor<f32>,
) {
    let pixels = planes.shape(2) * planes.shape(3);
    if ABSOLUTE_POS >= planes.shape(0) * pixels {
        terminate!();
    }
    let picture = ABSOLUTE_POS / pixels;
    let sample = sample_of(picture, parameters);
    let mut sum = u32::new(0);
    for part in 0..PARTS {
        sum += sums[picture * PARTS + part];
    }
    let count = u32::cast_from(pixels);
    let rest = sum % count;
    let mean = sum / count + select(rest >= count - rest, 1u32, 0u32);
    let colour = colour_at(words, ABSOLUTE_POS);
    let changed = changed(&colour, parameters[sample + OPERATIONS], parameters, sample, mean);
    write_colour(planes, ABSOLUTE_POS, &changed);
}

/// Jittered images as planes, `[N, 3, H, W]` in 0 to 1.
pub(super) fn planes(pictures: &PackedImages, jitters: &[Option<&Jitter>]) -> CubeTensor {
    let pixels = pictures.pixels();
    assert!(pixels <= MAX_PIXELS, "pictures of {pixels} pixels are too large to be jittered");
    let parameters = truncated_hues().into_iter().chain(jitters.iter().copied().flat_map(sample_words));
    let parameters = upload_words(parameters.collect(), &pictures.device);
    let sums = empty_of(&pictures.words, [pictures.count, PARTS], DType::U32);
    sums_kernel::launch(
        &sums.client,
        CubeCount::Static(PARTS as u32, pictures.count as u32, 1),
        CubeDim::new_1d(THREADS as u32),
        argument(&pictures.words),
        argument(&parameters),
        argument(&sums),
        pixels as u32,
    );
    let planes = empty_planes(pictures);
    let (cubes, threads) = one_thread_each(&planes, pictures.count * pixels);
    jitter_kernel::launch(
        &planes.client,
        cubes,
        threads,
        argument(&pictures.words),
        argument(&parameters),
        argument(&sums),
        argument(&planes),
    );
    planes
}

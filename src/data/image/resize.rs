//! Lanczos resizing of 8-bit images, bit-identical to Pillow's
//! ([Resizing](crate::objective::method#resizing) of the method).

use super::{
    filter::{Filter, Taps},
    size_of,
};
use crate::config::ImageSize;
use image::RgbImage;
use macerator::{AutoArch, Simd, WithSimd};
use std::iter;

const CHANNELS: usize = 3;
/// Rows that the horizontal pass processes at once.
const ROWS: usize = 4;
/// Bytes of a column of pixels in [`ROWS`] rows, each padded from three channels to four.
const COLUMN: usize = ROWS * 4;
/// Bytes that the vertical pass processes at once.
const BLOCK: usize = 64;
/// One half in fixed point, so that truncation rounds.
const HALF: i32 = 1 << (Filter::FRACTION_BITS - 1);

/// Image pyramid: scale 0 at `size`, and each further scale resized from the one before to half its size.
pub fn pyramid(image: &RgbImage, size: ImageSize, scales: usize) -> Vec<RgbImage> {
    let first = resize(image, size);
    let smaller = smaller_scales(&first, scales);
    iter::once(first).chain(smaller).take(scales).collect()
}

/// Scales 1 to `scales` − 1 of the pyramid of an image, which is scale 0 itself.
pub(in crate::data) fn smaller_scales(image: &RgbImage, scales: usize) -> Vec<RgbImage> {
    let size = size_of(image);
    let mut levels: Vec<RgbImage> = Vec::with_capacity(scales);
    for scale in 1..scales {
        let level = resize(levels.last().unwrap_or(image), size.at_scale(scale));
        levels.push(level);
    }
    levels
}

/// Resizes an image: horizontally first, then vertically, with 8-bit pixels in between. A size without pixels
/// gives an empty image.
pub fn resize(image: &RgbImage, size: ImageSize) -> RgbImage {
    let (width, height) = (image.width() as usize, image.height() as usize);
    if (width, height) == (size.width, size.height) {
        return image.clone();
    }
    let mut output = RgbImage::new(size.width as u32, size.height as u32);
    if width * height == 0 || size.pixels() == 0 {
        return output;
    }
    let stride = (size.width * CHANNELS).next_multiple_of(BLOCK);
    let mut narrowed = vec![0; stride * height];
    AutoArch::new().dispatch(Horizontal {
        filter: &Filter::between(width, size.width),
        input: image.as_raw(),
        input_stride: width * CHANNELS,
        output: &mut narrowed,
        output_stride: stride,
        output_width: size.width,
    });
    AutoArch::new().dispatch(Vertical {
        filter: &Filter::between(height, size.height),
        input: &narrowed,
        input_stride: stride,
        output: &mut output,
        output_stride: size.width * CHANNELS,
    });
    output
}

/// Horizontal pass. Several rows are interleaved, so that every load and multiplication of the inner loop is
/// a full vector.
struct Horizontal<'a> {
    filter: &'a Filter,
    input: &'a [u8],
    input_stride: usize,
    output: &'a mut [u8],
    output_stride: usize,
    output_width: usize,
}

impl WithSimd for Horizontal<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self) {
        let mut columns = vec![[0; COLUMN]; self.input_stride / CHANNELS];
        let inputs = self.input.chunks(self.input_stride * ROWS);
        let outputs = self.output.chunks_mut(self.output_stride * ROWS);
        for (input, output) in inputs.zip(outputs) {
            for (index, row) in input.chunks_exact(self.input_stride).enumerate() {
                for (column, pixel) in columns.iter_mut().zip(row.as_chunks::<CHANNELS>().0) {
                    column[index * 4..index * 4 + CHANNELS].copy_from_slice(pixel);
                }
            }
            for x in 0..self.output_width {
                let Taps { start, weights } = self.filter.taps(x);
                let sums = weighted_sum(weights, &columns[start..start + weights.len()]);
                for (index, row) in output.chunks_exact_mut(self.output_stride).enumerate() {
                    row[x * CHANNELS..(x + 1) * CHANNELS]
                        .copy_from_slice(&sums[index * 4..index * 4 + CHANNELS]);
                }
            }
        }
    }
}

/// Vertical pass, over rows padded to whole blocks.
struct Vertical<'a> {
    filter: &'a Filter,
    input: &'a [u8],
    input_stride: usize,
    output: &'a mut [u8],
    output_stride: usize,
}

impl WithSimd for Vertical<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self) {
        for (y, output) in self.output.chunks_exact_mut(self.output_stride).enumerate() {
            let Taps { start, weights } = self.filter.taps(y);
            let rows = &self.input[start * self.input_stride..(start + weights.len()) * self.input_stride];
            for (block, output) in output.chunks_mut(BLOCK).enumerate() {
                let blocks = rows.chunks_exact(self.input_stride).map(|row| {
                    row[block * BLOCK..].first_chunk::<BLOCK>().expect("rows are padded to whole blocks")
                });
                output.copy_from_slice(&weighted_sum(weights, blocks)[..output.len()]);
            }
        }
    }
}

/// Weighted sum of vectors of bytes, rounded and clamped to bytes.
#[inline(always)]
fn weighted_sum<'a, const N: usize>(
    weights: &[i32],
    vectors: impl IntoIterator<Item = &'a [u8; N]>,
) -> [u8; N] {
    let mut sums = [HALF; N];
    for (weight, vector) in weights.iter().zip(vectors) {
        for lane in 0..N {
            sums[lane] += weight * i32::from(vector[lane]);
        }
    }
    sums.map(|sum| (sum >> Filter::FRACTION_BITS).clamp(0, 255) as u8)
}

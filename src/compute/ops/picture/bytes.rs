//! Planes of f32 from interleaved bytes, one thread per pixel.

use super::packed::PackedImages;
use crate::compute::ops::cube::{argument, empty_of, one_thread_each};
use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// An 8-bit colour.
#[derive(CubeType)]
pub(super) struct Colour {
    pub red: u32,
    pub green: u32,
    pub blue: u32,
}

/// Colour of a pixel; `pixel` counts through all images.
#[cube]
pub(super) fn colour_at(words: &Tensor<u32>, pixel: usize) -> Colour {
    let first = 3 * pixel;
    let word = first / 4;
    let shift = u32::cast_from(first % 4) * 8;
    let mut bytes = words[word] >> shift;
    // A colour that begins in the last two bytes of a word continues in the next word.
    if shift > 8 {
        bytes |= words[word + 1] << (32 - shift);
    }
    Colour { red: bytes & 255, green: (bytes >> 8) & 255, blue: (bytes >> 16) & 255 }
}

/// Writes the colour of a pixel to planes `[N, 3, H, W]` in 0 to 1.
#[cube]
pub(super) fn write_colour(planes: &mut Tensor<f32>, pixel: usize, colour: &Colour) {
    let pixels = planes.shape(2) * planes.shape(3);
    let start = pixel / pixels * 3 * pixels + pixel % pixels;
    planes[start] = f32::cast_from(colour.red) / 255.0;
    planes[start + pixels] = f32::cast_from(colour.green) / 255.0;
    planes[start + 2 * pixels] = f32::cast_from(colour.blue) / 255.0;
}

#[cube(launch)]
fn clean_kernel(words: &Tensor<u32>, planes: &mut Tensor<f32>) {
    if ABSOLUTE_POS >= planes.shape(0) * planes.shape(2) * planes.shape(3) {
        terminate!();
    }
    let colour = colour_at(words, ABSOLUTE_POS);
    write_colour(planes, ABSOLUTE_POS, &colour);
}

/// Uninitialised planes for the images, `[N, 3, H, W]`.
pub(super) fn empty_planes(pictures: &PackedImages) -> CubeTensor {
    empty_of(&pictures.words, [pictures.count, 3, pictures.height, pictures.width], DType::F32)
}

/// Images as planes, `[N, 3, H, W]` in 0 to 1.
pub(super) fn planes(pictures: &PackedImages) -> CubeTensor {
    let planes = empty_planes(pictures);
    let (cubes, threads) = one_thread_each(&planes, pictures.count * pictures.pixels());
    clean_kernel::launch(&planes.client, cubes, threads, argument(&pictures.words), argument(&planes));
    planes
}

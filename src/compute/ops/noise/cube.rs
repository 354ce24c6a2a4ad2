//! Tie-break noise on the GPU. WGSL has no 64-bit integers, so they are pairs of 32-bit ones here.

use super::distribution::{FACTORS, INCREMENT, MEAN_OF_SUM, SCALE_OF_SUM, STANDARD_DEVIATION};
use crate::compute::ops::cube::{argument, empty, one_thread_each};
use burn::{
    backend::{Cube, TensorMetadata},
    tensor::Device,
};
use cubecl::prelude::*;

/// burn's tensor; cubecl's kernels have one of the same name.
type Values<const D: usize> = burn::tensor::Tensor<D>;

/// Low and high half of a stream, for a kernel.
pub(in crate::compute::ops) fn halves(stream: u64) -> [u32; 2] {
    [stream as u32, (stream >> 32) as u32]
}

/// See [`super::tie_break_noise`].
pub(super) fn tie_break_noise(stream: u64, shape: [usize; 4], device: &Device) -> Values<4> {
    let like = Values::<1>::empty([1], device).try_into_primitive::<Cube>();
    let noise = empty(&like.expect("a device that is not the CPU's is the GPU's"), shape);
    let (cubes, threads) = one_thread_each(&noise, noise.shape().num_elements());
    let [low, high] = halves(stream);
    noise_kernel::launch(&noise.client, cubes, threads, argument(&noise), low, high);
    Values::from_primitive::<Cube>(noise)
}

/// A 64-bit integer in a kernel.
#[derive(CubeType)]
struct Bits {
    low: u32,
    high: u32,
}

/// Sum with a 32-bit integer, modulo 2⁶⁴.
#[cube]
fn wrapping_add(value: &Bits, term: u32) -> Bits {
    let low = value.low + term;
    let carry: u32 = select(low < term, 1u32, 0u32);
    Bits { low, high: value.high + carry }
}

/// value ^ (value >> shift), for shifts below 32.
#[cube]
fn xor_shifted(value: &Bits, #[comptime] shift: u32) -> Bits {
    let from_high = value.high << comptime!(32 - shift);
    Bits { low: value.low ^ ((value.low >> shift) | from_high), high: value.high ^ (value.high >> shift) }
}

/// Product with a constant, modulo 2⁶⁴.
#[cube]
fn wrapping_mul(value: &Bits, #[comptime] low: u32, #[comptime] high: u32) -> Bits {
    Bits { low: value.low * low, high: value.low.mul_hi(low.runtime()) + value.low * high + value.high * low }
}

/// Value number `index` of the noise of a stream, the same as in [`tie_break_noise`]: splitmix64, then Irwin-Hall.
/// Also called by the kernel of the fused loss.
#[cube]
pub(in crate::compute::ops) fn noise_at(stream_low: u32, stream_high: u32, index: usize) -> f32 {
    let stream = Bits { low: stream_low, high: stream_high };
    let position = wrapping_add(&stream, u32::cast_from(index));
    let low = comptime!(INCREMENT as u32);
    let high = comptime!((INCREMENT >> 32) as u32);
    let shifted = wrapping_add(&position, low.runtime());
    let mixed = Bits { low: shifted.low, high: shifted.high + high };
    let mixed = wrapping_mul(
        &xor_shifted(&mixed, comptime!(30u32)),
        comptime!(FACTORS[0] as u32),
        comptime!((FACTORS[0] >> 32) as u32),
    );
    let mixed = wrapping_mul(
        &xor_shifted(&mixed, comptime!(27u32)),
        comptime!(FACTORS[1] as u32),
        comptime!((FACTORS[1] >> 32) as u32),
    );
    let bits = xor_shifted(&mixed, comptime!(31u32));
    let sum = (bits.low & 0xFFFF) + (bits.low >> 16) + (bits.high & 0xFFFF) + (bits.high >> 16);
    (f32::cast_from(sum) - MEAN_OF_SUM) * SCALE_OF_SUM * STANDARD_DEVIATION
}

#[cube(launch)]
fn noise_kernel(noise: &mut Tensor<f32>, stream_low: u32, stream_high: u32) {
    if ABSOLUTE_POS >= noise.len() {
        terminate!();
    }
    noise[ABSOLUTE_POS] = noise_at(stream_low, stream_high, ABSOLUTE_POS);
}

//! Powers of two that gradients are multiplied by before they become f16, and their sums divided by.
//!
//! f16 reaches from 6e-5 (6e-8 with fewer bits) to 65504, while the gradients of a mean over pixels are often below
//! 1e-7 and differ from layer to layer. One factor for the whole loss would have to be guessed, and lowered after each
//! overflow, as PyTorch's `GradScaler` does. Here each convolution has a factor of its own: one launch finds the
//! largest magnitude of its output's gradient, and the factor brings that to 2^12 or more but below 2^13. Gradients
//! down to 2^-26 of the largest keep all bits of f16; none overflows, not even the sum of the four that a mirrored
//! corner adds up before it is rounded. Nothing is read back, a maximum does not depend on the order in which it is
//! found, and a power of two rounds nothing.
//!
//! Activations have slopes of at most 1, so the largest gradient of the output bounds what is multiplied.

use crate::compute::{
    ops::cube::{argument, empty_of, reshaped},
    precision::{F16, operand_type},
};
use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::{ir::ElemType, prelude::*};

/// Whether only the tiles serve products of operands of this type. The other kernels hold their factors in registers
/// and shared memory as f32; f16 is for the tiles, whose products matrix units can take over.
pub(super) fn is_for_tiles(operand: ElemType) -> bool {
    operand == F16
}

/// Threads of a workgroup that looks for the largest; a power of two.
const THREADS: usize = 256;
/// Workgroups that look at most.
const WORKGROUPS: usize = 256;
/// Values that a thread should look at, at least.
const LEAST_VALUES: usize = 16;

/// The exponent that the largest magnitude is given.
const EXPONENT: u32 = 12;
/// What f32 adds to its exponents.
const BIAS: u32 = 127;
/// The largest exponent, bias included, whose inverse is a normal number.
const LAST: u32 = 253;

/// The larger of two magnitudes; NaN, which stays NaN where it is, counts as none.
#[cube]
fn larger(magnitude: f32, largest: f32) -> f32 {
    select(magnitude > largest, magnitude, largest)
}

/// The largest of what each of the `threads` of a workgroup gives, a power of two; the same for all of them. All
/// threads must come here.
#[cube]
fn workgroup_largest(magnitude: f32, #[comptime] threads: usize) -> f32 {
    let thread = UNIT_POS as usize;
    let mut partial = Shared::<[f32]>::new_slice(threads);
    partial[thread] = magnitude;
    sync_cube();
    #[unroll]
    for level in 1..comptime!(threads.ilog2() as usize + 1) {
        let active = comptime!(threads >> level);
        if thread < active {
            partial[thread] = larger(partial[thread + active], partial[thread]);
        }
        sync_cube();
    }
    let found = partial[0];
    sync_cube();
    found
}

#[cube(launch)]
fn largest_kernel(values: &Tensor<f32>, largest: &mut Tensor<f32>) {
    let mut found = f32::new(0.0);
    let mut index = ABSOLUTE_POS;
    while index < values.len() {
        found = larger(values[index].abs(), found);
        index += CUBE_COUNT * comptime!(THREADS);
    }
    let found = workgroup_largest(found, THREADS);
    if UNIT_POS == 0 {
        largest[CUBE_POS] = found;
    }
}

/// The type of the operands of a gradient's products, and what f16 needs besides.
pub(super) struct Operands {
    pub kind: ElemType,
    /// The largest magnitudes of parts of the output's gradient, `[parts]`, if it is scaled.
    pub largest: Option<CubeTensor>,
}

impl Operands {
    /// Those of products with a contiguous gradient of the output.
    pub fn of(gradient: &CubeTensor) -> Self {
        let kind = operand_type(gradient);
        Self { kind, largest: (kind == F16).then(|| largest(gradient)) }
    }
}

fn largest(values: &CubeTensor) -> CubeTensor {
    let count = values.shape().num_elements();
    let workgroups = count.div_ceil(THREADS * LEAST_VALUES).min(WORKGROUPS);
    let largest = empty_of(values, [workgroups], values.dtype);
    largest_kernel::launch(
        &values.client,
        CubeCount::new_1d(workgroups as u32),
        CubeDim::new_1d(THREADS as u32),
        argument(&reshaped(values, [count])),
        argument(&largest),
    );
    largest
}

/// A power of two and its inverse.
#[derive(CubeType)]
pub(super) struct PowerOfTwo {
    pub factor: f32,
    pub inverse: f32,
}

/// The scale of a gradient with these largest magnitudes, in a workgroup of `threads`, a power of two; 1 if it is
/// not `scaled`. All threads must come here.
#[cube]
pub(super) fn scale_of(
    largest: &Tensor<f32>,
    #[comptime] scaled: bool,
    #[comptime] threads: usize,
) -> PowerOfTwo {
    if comptime!(scaled) {
        let mut found = f32::new(0.0);
        let mut index = UNIT_POS as usize;
        while index < largest.len() {
            found = larger(largest[index], found);
            index += threads;
        }
        let exponent = u32::reinterpret(workgroup_largest(found, threads)) >> 23;
        // An infinite gradient stays infinite under any factor, and NaN stays NaN: the guard of the step sees them.
        let wanted = comptime!(EXPONENT + 2 * BIAS) - exponent;
        let wanted = select(wanted < LAST, wanted, LAST.runtime());
        PowerOfTwo {
            factor: f32::reinterpret(wanted << 23),
            inverse: f32::reinterpret((comptime!(2 * BIAS) - wanted) << 23),
        }
    } else {
        PowerOfTwo { factor: 1.0f32.runtime(), inverse: 1.0f32.runtime() }
    }
}

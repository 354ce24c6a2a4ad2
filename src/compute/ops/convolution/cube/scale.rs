//! Loss scaling per convolution: powers of two that gradients are multiplied by before they are rounded to f16, and that
//! their sums are divided by.
//!
//! f16 ranges from 6e-5 (6e-8 with fewer bits) to 65504, but the gradients of a mean over pixels are often below 1e-7 and
//! differ from layer to layer. One factor for the whole loss would have to be guessed, and lowered after each overflow,
//! as PyTorch's `GradScaler` does. Here each convolution has its own factor: one launch finds the largest magnitude of
//! its output's gradient, and the factor brings that to at least 2^12 but below 2^13. Gradients down to 2^-26 of the
//! largest keep all bits of f16. None overflows, not even the sum of four that a mirrored corner adds up before
//! rounding. Nothing is read back, a maximum does not depend on the order of comparisons, and multiplying by a power of
//! two rounds nothing.
//!
//! Activations have derivatives of at most 1, so the largest gradient after the activation bounds those before it.

use crate::compute::{
    ops::cube::{argument, empty_of, reshaped},
    precision::{F16, operand_type},
};
use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::{ir::ElemType, prelude::*};

/// True if only the kernels with tiles serve operands of this type. The others keep their factors in registers and shared
/// memory as f32; f16 is for the tiles, whose products could run on matrix units.
pub(super) fn is_for_tiles(operand: ElemType) -> bool {
    operand == F16
}

/// Threads per workgroup of the search for the largest; a power of two.
const THREADS: usize = 256;
/// Most workgroups of the search.
const WORKGROUPS: usize = 256;
/// Fewest values that a thread should search.
const MIN_VALUES: usize = 16;

/// Exponent that the largest magnitude is scaled to.
const EXPONENT: u32 = 12;
/// Bias of the exponents of f32.
const BIAS: u32 = 127;
/// Largest biased exponent of a power of two whose inverse is a normal number.
const MAX_EXPONENT: u32 = 253;

/// Larger of two magnitudes; a NaN `magnitude` is ignored.
#[cube]
fn larger(magnitude: f32, largest: f32) -> f32 {
    select(magnitude > largest, magnitude, largest)
}

/// Largest of one magnitude from each of the `threads` of a workgroup, a power of two. All threads get the result, and
/// all must call this.
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

/// Type of the operands of a gradient's products and, for f16, the magnitudes that they are scaled by.
pub(super) struct Operands {
    pub kind: ElemType,
    /// Largest magnitude of each part of the output's gradient, `[parts]`; `None` if it is not scaled.
    pub largest: Option<CubeTensor>,
}

impl Operands {
    /// Operands of products with a contiguous gradient of the output.
    pub fn of(gradient: &CubeTensor) -> Self {
        let kind = operand_type(gradient);
        Self { kind, largest: (kind == F16).then(|| largest(gradient)) }
    }
}

fn largest(values: &CubeTensor) -> CubeTensor {
    let count = values.shape().num_elements();
    let workgroups = count.div_ceil(THREADS * MIN_VALUES).min(WORKGROUPS);
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

/// Scale of a gradient with these largest magnitudes, in a workgroup of `threads`, a power of two; 1 if it is not
/// `scaled`. All threads must call this.
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
        // Infinity and NaN stay what they are under any factor, so the guard of the step notices them.
        let wanted = comptime!(EXPONENT + 2 * BIAS) - exponent;
        let wanted = select(wanted < MAX_EXPONENT, wanted, MAX_EXPONENT.runtime());
        PowerOfTwo {
            factor: f32::reinterpret(wanted << 23),
            inverse: f32::reinterpret((comptime!(2 * BIAS) - wanted) << 23),
        }
    } else {
        PowerOfTwo { factor: 1.0f32.runtime(), inverse: 1.0f32.runtime() }
    }
}

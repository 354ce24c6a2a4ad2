//! The guard on the GPU: sums of squares of all gradients, then a single workgroup that decides.

#![allow(clippy::too_many_arguments, reason = "a kernel is given every buffer that it touches")]

use crate::compute::ops::{
    GroupLimits,
    cube::{argument, empty_vector, primitive, workgroup_sum},
    group::{THREADS, cubes, groups, span},
};
use burn::{backend::Cube, tensor::Tensor as Values};
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Bits of the exponent of a number that is not finite. (Compilers of drivers may assume that `x != x` is false.)
const NOT_FINITE: u32 = 0x7F80_0000;

#[cube(launch)]
fn squares_kernel(
    gradients: &Sequence<Box<[f32]>>,
    ends: &Sequence<usize>,
    lengths: &Sequence<usize>,
    partials: &mut Tensor<f32>,
    first_partial: usize,
    #[comptime] count: usize,
) {
    let mut sum = f32::new(0.0);
    let mut begin = 0usize;
    #[unroll]
    for i in 0..count {
        let end = ends[i];
        let served = span(begin, end, lengths[i]);
        let mut index = served.first;
        while index < served.end {
            let slope = gradients[i][index];
            sum += slope * slope;
            index += THREADS;
        }
        begin = end;
    }
    let sum = workgroup_sum::<f32>(sum, THREADS);
    if UNIT_POS == 0 && CUBE_POS < begin {
        partials[first_partial + CUBE_POS] = sum;
    }
}

#[cube]
fn is_finite(value: f32) -> bool {
    (u32::reinterpret(value) & NOT_FINITE) != NOT_FINITE
}

#[cube(launch)]
fn check_kernel(
    partials: &Tensor<f32>,
    metrics: &Tensor<f32>,
    state: &Tensor<f32>,
    report: &mut Tensor<f32>,
    new_state: &mut Tensor<f32>,
    max_norm: f32,
) {
    let mut sum = f32::new(0.0);
    let mut index = UNIT_POS as usize;
    while index < partials.len() {
        sum += partials[index];
        index += THREADS;
    }
    let norm = workgroup_sum::<f32>(sum, THREADS).sqrt();
    if CUBE_POS > 0 {
        terminate!();
    }
    let mut index = UNIT_POS as usize;
    while index < metrics.len() {
        report[index + 1] = metrics[index];
        index += THREADS;
    }
    if UNIT_POS == 0 {
        report[0] = norm;
        let mut open = f32::new(0.0);
        if state[0] != 0.0 && is_finite(metrics[0]) && is_finite(norm) {
            open = f32::new(1.0);
        }
        let mut factor = f32::new(1.0);
        if norm > max_norm {
            factor = max_norm / norm;
        }
        new_state[0] = open;
        new_state[1] = factor;
    }
}

#[cube(launch)]
fn keep_kernel(
    old: &Sequence<Box<[f32]>>,
    new: &Sequence<Box<[f32]>>,
    kept: &mut Sequence<Box<[f32]>>,
    ends: &Sequence<usize>,
    lengths: &Sequence<usize>,
    state: &Tensor<f32>,
    #[comptime] count: usize,
) {
    let is_open = state[0] != 0.0;
    let mut begin = 0usize;
    #[unroll]
    for i in 0..count {
        let end = ends[i];
        let served = span(begin, end, lengths[i]);
        let mut index = served.first;
        while index < served.end {
            if is_open {
                kept.index_mut(i)[index] = new[i][index];
            } else {
                kept.index_mut(i)[index] = old[i][index];
            }
            index += THREADS;
        }
        begin = end;
    }
}

/// Next state `[2]`, and the report `[1 + metrics]`: gradient norm, then metrics.
pub(super) fn check(
    state: Values<1>,
    gradients: &[Values<1>],
    metrics: Values<1>,
    max_norm: f32,
    limits: Option<GroupLimits>,
) -> (Values<1>, Values<1>) {
    let (state, metrics) = (primitive(state), primitive(metrics));
    let client = state.client.clone();
    let rows: Vec<[CubeTensor; 1]> = gradients.iter().map(|gradient| [primitive(gradient.clone())]).collect();
    let groups = groups(&rows, 1, limits);
    let partials = empty_vector(&state, groups.iter().map(|group| group.workgroups).sum());
    let mut first_partial = 0;
    for group in groups {
        let (count, threads) = group.cubes(&client);
        let [gradients] = group.arrays;
        squares_kernel::launch(
            &client,
            count,
            threads,
            gradients,
            group.ends,
            group.lengths,
            argument(&partials),
            first_partial,
            group.count,
        );
        first_partial += group.workgroups;
    }
    let report = empty_vector(&state, metrics.meta.num_elements() + 1);
    let new_state = empty_vector(&state, 2);
    let (count, threads) = cubes(&client, 1);
    check_kernel::launch(
        &client,
        count,
        threads,
        argument(&partials),
        argument(&metrics),
        argument(&state),
        argument(&report),
        argument(&new_state),
        max_norm,
    );
    (Values::from_primitive::<Cube>(new_state), Values::from_primitive::<Cube>(report))
}

/// Selects the new values of each pair if the guard is open, else the old ones; the result is new memory.
pub(super) fn keep(
    pairs: Vec<[Values<1>; 2]>,
    state: Values<1>,
    limits: Option<GroupLimits>,
) -> Vec<Values<1>> {
    let state = primitive(state);
    let client = state.client.clone();
    let rows: Vec<[CubeTensor; 3]> = pairs
        .into_iter()
        .map(|[old, new]| {
            let kept = empty_vector(&state, old.dims()[0]);
            [primitive(old), primitive(new), kept]
        })
        .collect();
    for group in groups(&rows, 1, limits) {
        let (count, threads) = group.cubes(&client);
        let [old, new, kept] = group.arrays;
        let (ends, lengths) = (group.ends, group.lengths);
        keep_kernel::launch(
            &client,
            count,
            threads,
            old,
            new,
            kept,
            ends,
            lengths,
            argument(&state),
            group.count,
        );
    }
    rows.into_iter().map(|[_, _, kept]| Values::from_primitive::<Cube>(kept)).collect()
}

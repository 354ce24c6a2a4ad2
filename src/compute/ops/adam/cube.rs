//! Adam on the GPU: a few launches for all parameters, which are updated in place.

#![allow(clippy::too_many_arguments, reason = "a kernel is given every buffer that it touches")]

use super::step::{AdamStep, BETA_1, BETA_2, EPSILON, Moments, ParameterUpdate};
use crate::compute::ops::{
    GroupLimits, Guard,
    cube::{argument, empty_vector, primitive},
    group::{THREADS, groups, span},
};
use burn::{
    backend::{Cube, TensorMetadata},
    tensor::Tensor as Values,
};
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

#[cube(launch)]
fn adam_kernel(
    parameters: &mut Sequence<Box<[f32]>>,
    gradients: &Sequence<Box<[f32]>>,
    firsts: &mut Sequence<Box<[f32]>>,
    seconds: &mut Sequence<Box<[f32]>>,
    ends: &Sequence<usize>,
    lengths: &Sequence<usize>,
    guard: &Tensor<f32>,
    step_size: f32,
    second_correction: f32,
    decay_factor: f32,
    #[comptime] decays: bool,
    #[comptime] count: usize,
) {
    if guard[0] == 0.0 {
        terminate!();
    }
    let factor = guard[1];
    let mut begin = 0usize;
    #[unroll]
    for i in 0..count {
        let end = ends[i];
        let served = span(begin, end, lengths[i]);
        let mut index = served.first;
        while index < served.end {
            let slope = gradients[i][index] * factor;
            let mean = firsts[i][index] * BETA_1 + slope * (1.0 - BETA_1);
            let square = seconds[i][index] * BETA_2 + slope * slope * (1.0 - BETA_2);
            let scale = square.sqrt() / second_correction + EPSILON;
            let mut parameter = parameters[i][index];
            // Without decay there is no multiplication by 1, because a compiler may fuse it with the subtraction,
            // which rounds differently.
            if comptime!(decays) {
                parameter *= decay_factor;
            }
            firsts.index_mut(i)[index] = mean;
            seconds.index_mut(i)[index] = square;
            parameters.index_mut(i)[index] = parameter - mean / scale * step_size;
            index += THREADS;
        }
        begin = end;
    }
}

#[cube(launch)]
fn own_kernel(
    sources: &Sequence<Box<[f32]>>,
    targets: &mut Sequence<Box<[f32]>>,
    ends: &Sequence<usize>,
    lengths: &Sequence<usize>,
    #[comptime] count: usize,
) {
    let mut begin = 0usize;
    #[unroll]
    for i in 0..count {
        let end = ends[i];
        let served = span(begin, end, lengths[i]);
        let mut index = served.first;
        while index < served.end {
            targets.index_mut(i)[index] = sources[i][index];
            index += THREADS;
        }
        begin = end;
    }
}

/// Updates flattened parameters of the GPU backend in place. A parameter whose memory is shared, for instance with a
/// snapshot, is copied first.
pub(super) fn update(
    updates: Vec<ParameterUpdate>,
    step: AdamStep,
    guard: &Guard,
    limits: Option<GroupLimits>,
) -> Vec<(Values<1>, Moments)> {
    let state = primitive(guard.state());
    let client = state.client.clone();
    let (mut rows, mut gradients) = (Vec::new(), Vec::new());
    for ParameterUpdate { parameter, gradient, moments } in updates {
        let moments = moments.unwrap_or_else(|| Moments::zeros(parameter.dims()[0], &parameter.device()));
        rows.extend([parameter, moments.first, moments.second].map(primitive));
        gradients.push(primitive(gradient));
    }
    copy_shared(&mut rows, limits);
    let (rows, _) = rows.as_chunks::<3>();
    let bound: Vec<[CubeTensor; 4]> = (rows.iter().zip(gradients))
        .map(|([parameter, first, second], gradient)| {
            [parameter.clone(), gradient, first.clone(), second.clone()]
        })
        .collect();
    for group in groups(&bound, 1, limits) {
        let (count, threads) = group.cubes(&client);
        let [parameters, gradients, firsts, seconds] = group.arrays;
        adam_kernel::launch(
            &client,
            count,
            threads,
            parameters,
            gradients,
            firsts,
            seconds,
            group.ends,
            group.lengths,
            argument(&state),
            step.step_size,
            step.second_correction,
            step.decay_factor.unwrap_or(1.0),
            step.decay_factor.is_some(),
            group.count,
        );
    }
    let values = |tensor: &CubeTensor| Values::from_primitive::<Cube>(tensor.clone());
    let updated = |[parameter, first, second]: &[CubeTensor; 3]| {
        (values(parameter), Moments { first: values(first), second: values(second) })
    };
    rows.iter().map(updated).collect()
}

/// Copies the tensors whose memory is shared, which must not be written to.
fn copy_shared(tensors: &mut [CubeTensor], limits: Option<GroupLimits>) {
    let mut copies = Vec::new();
    for tensor in tensors.iter_mut().filter(|tensor| !tensor.can_mut()) {
        let copy = empty_vector(tensor, tensor.shape().num_elements());
        copies.push([std::mem::replace(tensor, copy.clone()), copy]);
    }
    for group in groups(&copies, 0, limits) {
        let (count, threads) = group.cubes(&copies[0][0].client);
        let [sources, targets] = group.arrays;
        let (ends, lengths) = (group.ends, group.lengths);
        own_kernel::launch(
            &copies[0][0].client,
            count,
            threads,
            sources,
            targets,
            ends,
            lengths,
            group.count,
        );
    }
}

//! Adam on the CPU: one pass over memory.

use super::step::{AdamStep, BETA_1, BETA_2, EPSILON, Moments};
use burn::{backend::Flex, tensor::Tensor};
use macerator::AutoArch;
use rayon::prelude::*;

/// Values that one task updates at a time.
const CHUNK: usize = 1 << 16;

/// Updates a flattened parameter of the CPU backend, `[count]`.
pub(super) fn update(
    parameter: Tensor<1>,
    gradient: Tensor<1>,
    moments: Moments,
    step: AdamStep,
) -> (Tensor<1>, Moments) {
    let [count] = parameter.dims();
    // A factor of 1 changes no bit.
    let decay_factor = step.decay_factor.unwrap_or(1.0);
    let [mut parameter, gradient, mut first, mut second] =
        [parameter, gradient, moments.first, moments.second].map(|tensor| {
            let tensor = tensor.try_into_primitive::<Flex>().expect("the tensor is on the CPU backend");
            tensor.to_contiguous()
        });
    // A tensor may begin inside a larger allocation.
    let range = |start: usize| start..start + count;
    let starts = [&parameter, &gradient, &first, &second].map(|tensor| tensor.layout().start_offset());
    parameter.storage_mut::<f32>()[range(starts[0])]
        .par_chunks_mut(CHUNK)
        .zip(gradient.storage::<f32>()[range(starts[1])].par_chunks(CHUNK))
        .zip(first.storage_mut::<f32>()[range(starts[2])].par_chunks_mut(CHUNK))
        .zip(second.storage_mut::<f32>()[range(starts[3])].par_chunks_mut(CHUNK))
        .for_each(|(((parameters, gradients), firsts), seconds)| {
            // Only on the widest vectors are roots and divisions faster than memory.
            AutoArch::new().dispatch(|| {
                for (((parameter, gradient), first), second) in
                    parameters.iter_mut().zip(gradients).zip(firsts).zip(seconds)
                {
                    *first = *first * BETA_1 + gradient * (1.0 - BETA_1);
                    *second = *second * BETA_2 + gradient * gradient * (1.0 - BETA_2);
                    let scale = second.sqrt() / step.second_correction + EPSILON;
                    *parameter = *parameter * decay_factor - *first / scale * step.step_size;
                }
            });
        });
    let [parameter, first, second] = [parameter, first, second].map(Tensor::<1>::from_primitive::<Flex>);
    (parameter, Moments { first, second })
}

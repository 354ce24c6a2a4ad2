//! One update of Adam (Kingma and Ba, ICLR 2015, algorithm 1).

use burn::{
    backend::Flex,
    tensor::{Device, Tensor},
};
use macerator::AutoArch;
use rayon::prelude::*;

/// Values that one task of the CPU form updates.
const CHUNK: usize = 1 << 16;

/// Running means of a parameter's gradient and of its square, flattened.
#[derive(Clone, Debug)]
pub struct Moments {
    /// Mean of gradients.
    pub first: Tensor<1>,
    /// Mean of squared gradients.
    pub second: Tensor<1>,
}

impl Moments {
    fn zeros(count: usize, device: &Device) -> Self {
        let zeros = Tensor::zeros([count], device);
        Self { first: zeros.clone(), second: zeros }
    }
}

/// The numbers of one update.
#[derive(Clone, Copy, Debug)]
pub struct AdamStep {
    step_size: f32,
    second_correction: f32,
}

impl AdamStep {
    const BETA_1: f32 = 0.9;
    const BETA_2: f32 = 0.999;
    const EPSILON: f32 = 1e-8;

    /// The update number `step`, counted from 1.
    pub fn new(learning_rate: f64, step: u64) -> Self {
        let correction = |beta: f32| 1.0 - f64::from(beta).powf(step as f64);
        Self {
            step_size: (learning_rate / correction(Self::BETA_1)) as f32,
            second_correction: correction(Self::BETA_2).sqrt() as f32,
        }
    }
}

/// Updates one parameter; without moments this is its first update. On the CPU backend it is one pass
/// over memory, elsewhere [`composed_adam_update`].
pub fn adam_update<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    moments: Option<Moments>,
    step: AdamStep,
) -> (Tensor<D>, Moments) {
    if parameter.device() != Device::flex() {
        return composed_adam_update(parameter, gradient, moments, step);
    }
    let shape = parameter.dims();
    let count = shape.iter().product();
    let Moments { first, second } = moments.unwrap_or_else(|| Moments::zeros(count, &parameter.device()));
    let [mut parameter, gradient, mut first, mut second] =
        [parameter.reshape([count]), gradient.reshape([count]), first, second].map(|tensor| {
            let tensor = tensor.try_into_primitive::<Flex>().expect("the tensor is on the CPU backend");
            tensor.to_contiguous()
        });
    // Layouts may begin inside a larger allocation.
    let range = |start: usize| start..start + count;
    let starts = [&parameter, &gradient, &first, &second].map(|tensor| tensor.layout().start_offset());
    parameter.storage_mut::<f32>()[range(starts[0])]
        .par_chunks_mut(CHUNK)
        .zip(gradient.storage::<f32>()[range(starts[1])].par_chunks(CHUNK))
        .zip(first.storage_mut::<f32>()[range(starts[2])].par_chunks_mut(CHUNK))
        .zip(second.storage_mut::<f32>()[range(starts[3])].par_chunks_mut(CHUNK))
        .for_each(|(((parameters, gradients), firsts), seconds)| {
            // Roots and divisions would take longer than memory if not on the widest vectors.
            AutoArch::new().dispatch(|| {
                for (((parameter, gradient), first), second) in
                    parameters.iter_mut().zip(gradients).zip(firsts).zip(seconds)
                {
                    *first = *first * AdamStep::BETA_1 + gradient * (1.0 - AdamStep::BETA_1);
                    *second = *second * AdamStep::BETA_2 + gradient * gradient * (1.0 - AdamStep::BETA_2);
                    let scale = second.sqrt() / step.second_correction + AdamStep::EPSILON;
                    *parameter -= *first / scale * step.step_size;
                }
            });
        });
    let [parameter, first, second] = [parameter, first, second].map(Tensor::<1>::from_primitive::<Flex>);
    (parameter.reshape(shape), Moments { first, second })
}

/// [`adam_update`] from burn's operations, for every backend.
pub fn composed_adam_update<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    moments: Option<Moments>,
    step: AdamStep,
) -> (Tensor<D>, Moments) {
    let shape = parameter.dims();
    let count = shape.iter().product();
    let gradient = gradient.reshape([count]);
    let moments = moments.unwrap_or_else(|| Moments::zeros(count, &parameter.device()));
    let first =
        moments.first.mul_scalar(AdamStep::BETA_1) + gradient.clone().mul_scalar(1.0 - AdamStep::BETA_1);
    let second = moments.second.mul_scalar(AdamStep::BETA_2)
        + gradient.clone().mul(gradient).mul_scalar(1.0 - AdamStep::BETA_2);
    let scale = second.clone().sqrt().div_scalar(step.second_correction).add_scalar(AdamStep::EPSILON);
    let change = first.clone().div(scale).mul_scalar(step.step_size).reshape(shape);
    (parameter - change, Moments { first, second })
}

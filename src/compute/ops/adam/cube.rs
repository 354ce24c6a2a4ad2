//! Adam on the GPU: one kernel a parameter.

#![allow(clippy::too_many_arguments, reason = "a kernel is given every buffer that it touches")]

use super::{AdamStep, BETA_1, BETA_2, EPSILON, Moments};
use burn::backend::{Cube, TensorMetadata};
use burn_cubecl::{kernel::into_contiguous, ops::numeric::empty_device_dtype, tensor::CubeTensor};
use cubecl::{calculate_cube_count_elemwise, prelude::*};

/// What cubecl's kernels call a tensor is another thing.
type Values = burn::tensor::Tensor<1>;

#[cube(launch)]
fn adam_kernel(
    parameter: &Tensor<f32>,
    gradient: &Tensor<f32>,
    first: &Tensor<f32>,
    second: &Tensor<f32>,
    new_parameter: &mut Tensor<f32>,
    new_first: &mut Tensor<f32>,
    new_second: &mut Tensor<f32>,
    step_size: f32,
    second_correction: f32,
) {
    if ABSOLUTE_POS >= new_parameter.len() {
        terminate!();
    }
    let slope = gradient[ABSOLUTE_POS];
    let mean = first[ABSOLUTE_POS] * BETA_1 + slope * (1.0 - BETA_1);
    let square = second[ABSOLUTE_POS] * BETA_2 + slope * slope * (1.0 - BETA_2);
    let scale = square.sqrt() / second_correction + EPSILON;
    new_first[ABSOLUTE_POS] = mean;
    new_second[ABSOLUTE_POS] = square;
    new_parameter[ABSOLUTE_POS] = parameter[ABSOLUTE_POS] - mean / scale * step_size;
}

/// Updates a flattened parameter of the GPU backend, into new memory: the old may still be shown.
pub(super) fn update(
    parameter: Values,
    gradient: Values,
    moments: Moments,
    step: AdamStep,
) -> (Values, Moments) {
    let old = [parameter, gradient, moments.first, moments.second].map(|tensor| {
        into_contiguous(tensor.try_into_primitive::<Cube>().expect("the tensor is on the GPU backend"))
    });
    let client = old[0].client.clone();
    let count = old[0].shape().num_elements();
    let new = [(); 3]
        .map(|()| empty_device_dtype(client.clone(), old[0].device.clone(), [count].into(), old[0].dtype));
    let cube_dim = CubeDim::new(&client, count);
    let [parameter, gradient, first, second] = old.map(CubeTensor::into_tensor_arg);
    let [new_parameter, new_first, new_second] = new.clone().map(CubeTensor::into_tensor_arg);
    adam_kernel::launch(
        &client,
        calculate_cube_count_elemwise(&client, count, cube_dim),
        cube_dim,
        parameter,
        gradient,
        first,
        second,
        new_parameter,
        new_first,
        new_second,
        step.step_size,
        step.second_correction,
    );
    let [parameter, first, second] = new.map(Values::from_primitive::<Cube>);
    (parameter, Moments { first, second })
}

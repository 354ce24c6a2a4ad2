//! Standardisation of images by a constant mean and standard deviation, in one launch on the GPU.

use super::{
    autodiff::tracked,
    cube::{argument, empty, one_thread_each, vector_size},
};
use burn::{
    backend::{Autodiff, Backend, Cube, Dispatch, TensorMetadata, backend_extension, tensor::FloatTensor},
    tensor::{Device, Tensor},
};
use burn_autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, unary},
};
use burn_cubecl::kernel::into_contiguous;
use cubecl::prelude::{Tensor as Buffer, *};

/// Standardisation, as an operation of a backend that has a kernel for it.
#[backend_extension(Cube, Autodiff)]
pub trait StandardiseOps: Backend {
    /// See [`standardise`].
    fn standardise(images: FloatTensor<Self>, mean: f32, standard_deviation: f32) -> FloatTensor<Self>;
}

/// (images − mean) / standard deviation, `[batch, channels, height, width]`. Differentiable.
pub fn standardise(images: Tensor<4>, mean: f32, standard_deviation: f32) -> Tensor<4> {
    if images.device().without_autodiff() == Device::flex() {
        return reference_standardise(images, mean, standard_deviation);
    }
    Tensor::from_dispatch(Dispatch::standardise(images.into_dispatch(), mean, standard_deviation))
}

/// Reference implementation of [`standardise`], composed of burn's operations.
pub fn reference_standardise(images: Tensor<4>, mean: f32, standard_deviation: f32) -> Tensor<4> {
    (images - mean) / standard_deviation
}

#[cube(launch)]
fn standardise_kernel<N: Size>(
    images: &Buffer<Vector<f32, N>>,
    output: &mut Buffer<Vector<f32, N>>,
    mean: f32,
    standard_deviation: f32,
) {
    if ABSOLUTE_POS >= output.len() {
        terminate!();
    }
    output[ABSOLUTE_POS] = (images[ABSOLUTE_POS] - Vector::new(mean)) / Vector::new(standard_deviation);
}

impl StandardiseOps for Cube {
    fn standardise(images: FloatTensor<Self>, mean: f32, standard_deviation: f32) -> FloatTensor<Self> {
        let images = into_contiguous(images);
        let output = empty(&images, images.shape().dims());
        let count = output.shape().num_elements();
        let lanes = vector_size(count);
        let (cubes, threads) = one_thread_each(&output, count / lanes);
        standardise_kernel::launch(
            &images.client,
            cubes,
            threads,
            lanes,
            argument(&images),
            argument(&output),
            mean,
            standard_deviation,
        );
        output
    }
}

#[derive(Debug)]
struct Standardise;

impl<B: Backend> Backward<B, 1> for Standardise {
    /// Standard deviation.
    type State = f32;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let standard_deviation = ops.state;
        unary::<B, _>(ops.parents, ops.node, grads, |gradient| {
            B::float_div_scalar(gradient, standard_deviation.into())
        });
    }
}

impl<B: StandardiseOps, C: CheckpointStrategy> StandardiseOps for Autodiff<B, C> {
    fn standardise(images: FloatTensor<Self>, mean: f32, standard_deviation: f32) -> FloatTensor<Self> {
        let (images, node) = images.into_parts();
        let output = B::standardise(images, mean, standard_deviation);
        tracked::<B, C, _, 1>(Standardise, [node], standard_deviation, output)
    }
}

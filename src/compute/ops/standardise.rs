//! Shifting and scaling images by constants, as networks want them, in one launch on the GPU.

use super::cube::{argument, empty, one_thread_each, vector_size};
use burn::{
    backend::{Autodiff, Backend, Cube, Dispatch, TensorMetadata, backend_extension, tensor::FloatTensor},
    tensor::{Device, Tensor},
};
use burn_autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind, unary},
};
use burn_cubecl::kernel::into_contiguous;
use cubecl::prelude::{Tensor as Buffer, *};

/// The operation on the backends that have their own.
#[backend_extension(Cube, Autodiff)]
pub trait StandardiseOps: Backend {
    /// See [`standardise`].
    fn standardise(images: FloatTensor<Self>, mean: f32, deviation: f32) -> FloatTensor<Self>;
}

/// (images − mean) / deviation, `[batch, channels, height, width]`. Differentiable.
pub fn standardise(images: Tensor<4>, mean: f32, deviation: f32) -> Tensor<4> {
    if images.device().without_autodiff() == Device::flex() {
        return composed_standardise(images, mean, deviation);
    }
    Tensor::from_dispatch(Dispatch::standardise(images.into_dispatch(), mean, deviation))
}

/// [`standardise`] composed of burn's operations.
pub fn composed_standardise(images: Tensor<4>, mean: f32, deviation: f32) -> Tensor<4> {
    (images - mean) / deviation
}

#[cube(launch)]
fn standardise_kernel<N: Size>(
    images: &Buffer<Vector<f32, N>>,
    output: &mut Buffer<Vector<f32, N>>,
    mean: f32,
    deviation: f32,
) {
    if ABSOLUTE_POS >= output.len() {
        terminate!();
    }
    output[ABSOLUTE_POS] = (images[ABSOLUTE_POS] - Vector::new(mean)) / Vector::new(deviation);
}

impl StandardiseOps for Cube {
    fn standardise(images: FloatTensor<Self>, mean: f32, deviation: f32) -> FloatTensor<Self> {
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
            deviation,
        );
        output
    }
}

#[derive(Debug)]
struct Standardise;

impl<B: Backend> Backward<B, 1> for Standardise {
    /// The deviation.
    type State = f32;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let deviation = ops.state;
        unary::<B, _>(ops.parents, ops.node, grads, |gradient| {
            B::float_div_scalar(gradient, deviation.into())
        });
    }
}

impl<B: StandardiseOps, C: CheckpointStrategy> StandardiseOps for Autodiff<B, C> {
    fn standardise(images: FloatTensor<Self>, mean: f32, deviation: f32) -> FloatTensor<Self> {
        let (images, node) = images.into_parts();
        let output = B::standardise(images, mean, deviation);
        match Backward::<B, 1>::prepare::<C>(Standardise, [node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(deviation, output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

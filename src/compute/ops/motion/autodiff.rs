//! Gradient rules of the motion operations.

use super::{MotionChoice, MotionGradients, MotionOps};
use crate::{compute::ops::autodiff::tracked, config::ImageSize};
use burn::backend::{
    Autodiff, TensorMetadata,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops, unary},
    },
    tensor::FloatTensor,
};

impl<B: MotionGradients, C: CheckpointStrategy> MotionOps for Autodiff<B, C> {
    fn plane_sums(map: FloatTensor<Self>, factor: f32) -> FloatTensor<Self> {
        let (map, node) = map.into_parts();
        let shape = map.shape().dims();
        let sums = B::plane_sums(map, factor);
        tracked::<B, C, _, 1>(PlaneSums, [node], (shape, factor), sums)
    }

    fn rigid_motion(parameters: FloatTensor<Self>, choice: MotionChoice) -> FloatTensor<Self> {
        let (parameters, node) = parameters.into_parts();
        let motion = B::rigid_motion(parameters.clone(), choice);
        tracked::<B, C, _, 1>(RigidMotion, [node], (parameters, choice), motion)
    }

    fn camera_projections(
        motions: FloatTensor<Self>,
        cameras: FloatTensor<Self>,
        size: ImageSize,
    ) -> FloatTensor<Self> {
        let (motions, node) = motions.into_parts();
        let cameras = cameras.into_primitive();
        let projections = B::camera_projections(motions, cameras.clone(), size);
        tracked::<B, C, _, 1>(CameraProjections, [node], (cameras, size), projections)
    }
}

#[derive(Debug)]
struct PlaneSums;

impl<B: MotionGradients> Backward<B, 1> for PlaneSums {
    /// Shape of the map, and the factor.
    type State = ([usize; 4], f32);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let (shape, factor) = ops.state;
        unary::<B, _>(ops.parents, ops.node, gradients, |upstream| {
            B::plane_sums_gradient(upstream, shape, factor)
        });
    }
}

#[derive(Debug)]
struct RigidMotion;

impl<B: MotionGradients> Backward<B, 1> for RigidMotion {
    /// Parameters of all motions, and the choice among them.
    type State = (FloatTensor<B>, MotionChoice);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let (parameters, choice) = ops.state;
        unary::<B, _>(ops.parents, ops.node, gradients, |upstream| {
            B::rigid_motion_gradient(parameters, upstream, choice)
        });
    }
}

#[derive(Debug)]
struct CameraProjections;

impl<B: MotionGradients> Backward<B, 1> for CameraProjections {
    /// The cameras, and the size of the images.
    type State = (FloatTensor<B>, ImageSize);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let (cameras, size) = ops.state;
        unary::<B, _>(ops.parents, ops.node, gradients, |upstream| {
            B::camera_projections_gradient(upstream, cameras, size)
        });
    }
}

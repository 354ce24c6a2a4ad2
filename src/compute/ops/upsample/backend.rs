//! Upsampling as a backend extension, its CPU implementation and its gradient rule.

use crate::compute::ops::{
    autodiff::tracked,
    flex::{Planes, tensor},
};
use burn::backend::{
    Autodiff, Backend, Flex, TensorMetadata,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops},
    },
    backend_extension,
    tensor::FloatTensor,
};
use rayon::prelude::*;

/// Upsampling, as operations of the backend.
#[backend_extension(Flex, Cube, Autodiff)]
pub trait UpsampleOps: Backend {
    /// See [`super::upsample_nearest`].
    fn upsample(coarse: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`super::upsample_and_join`].
    fn upsample_and_join(coarse: FloatTensor<Self>, fine: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Gradients that a backend computes for [`UpsampleOps`].
pub trait UpsampleGradients: Backend {
    /// Gradient of the coarse map from that of the result, of which it is the first `channels`.
    fn coarse_gradient(gradient: FloatTensor<Self>, channels: usize) -> FloatTensor<Self>;

    /// Gradient of the fine map from that of the result, of which it is the last `channels`.
    fn fine_gradient(gradient: FloatTensor<Self>, channels: usize) -> FloatTensor<Self>;
}

impl UpsampleOps for Flex {
    fn upsample(coarse: FloatTensor<Self>) -> FloatTensor<Self> {
        joined(&Planes::new(coarse), None)
    }

    fn upsample_and_join(coarse: FloatTensor<Self>, fine: FloatTensor<Self>) -> FloatTensor<Self> {
        joined(&Planes::new(coarse), Some(&Planes::new(fine)))
    }
}

fn joined(coarse: &Planes, fine: Option<&Planes>) -> FloatTensor<Flex> {
    let [batch, channels, height, width] = coarse.shape;
    let all_channels = channels + fine.map_or(0, |fine| fine.shape[1]);
    let mut output = vec![0.0; batch * all_channels * 4 * height * width];
    output.par_chunks_mut(4 * height * width).enumerate().for_each(|(index, plane)| {
        let (item, channel) = (index / all_channels, index % all_channels);
        match (channel.checked_sub(channels), fine) {
            (Some(channel), Some(fine)) => plane.copy_from_slice(fine.plane(item, channel)),
            _ => double(coarse.plane(item, channel), width, plane),
        }
    });
    tensor(output, [batch, all_channels, 2 * height, 2 * width])
}

/// Writes each value of a plane with rows of `width` to a square of four.
fn double(plane: &[f32], width: usize, doubled: &mut [f32]) {
    for (row, rows) in plane.chunks_exact(width).zip(doubled.chunks_exact_mut(4 * width)) {
        let (upper, lower) = rows.split_at_mut(2 * width);
        for (value, pair) in row.iter().zip(upper.as_chunks_mut::<2>().0) {
            *pair = [*value; 2];
        }
        lower.copy_from_slice(upper);
    }
}

/// Adds up each square of four values of a plane with rows of twice `width`.
fn halve(plane: &[f32], width: usize, halved: &mut [f32]) {
    for (rows, sums) in plane.chunks_exact(4 * width).zip(halved.chunks_exact_mut(width)) {
        let (upper, lower) = rows.split_at(2 * width);
        let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
        for (sum, (upper, lower)) in sums.iter_mut().zip(pairs) {
            *sum = (upper[0] + upper[1]) + (lower[0] + lower[1]);
        }
    }
}

impl UpsampleGradients for Flex {
    fn coarse_gradient(gradient: FloatTensor<Self>, channels: usize) -> FloatTensor<Self> {
        let gradient = Planes::new(gradient);
        let [batch, _, height, width] = gradient.shape;
        let mut result = vec![0.0; batch * channels * height * width / 4];
        result.par_chunks_mut(height * width / 4).enumerate().for_each(|(index, plane)| {
            halve(gradient.plane(index / channels, index % channels), width / 2, plane);
        });
        tensor(result, [batch, channels, height / 2, width / 2])
    }

    fn fine_gradient(gradient: FloatTensor<Self>, channels: usize) -> FloatTensor<Self> {
        let gradient = Planes::new(gradient);
        let [batch, all_channels, height, width] = gradient.shape;
        let mut result = vec![0.0; batch * channels * height * width];
        result.par_chunks_mut(height * width).enumerate().for_each(|(index, plane)| {
            let channel = all_channels - channels + index % channels;
            plane.copy_from_slice(gradient.plane(index / channels, channel));
        });
        tensor(result, [batch, channels, height, width])
    }
}

impl<B, C> UpsampleOps for Autodiff<B, C>
where
    B: UpsampleOps + UpsampleGradients,
    C: CheckpointStrategy,
{
    fn upsample(coarse: FloatTensor<Self>) -> FloatTensor<Self> {
        let channels = [coarse.shape()[1]];
        let (coarse, node) = coarse.into_parts();
        tracked::<B, C, _, 1>(UpsampleBackward, [node], channels, B::upsample(coarse))
    }

    fn upsample_and_join(coarse: FloatTensor<Self>, fine: FloatTensor<Self>) -> FloatTensor<Self> {
        let channels = [&coarse, &fine].map(|map| map.shape()[1]);
        let ((coarse, coarse_node), (fine, fine_node)) = (coarse.into_parts(), fine.into_parts());
        let output = B::upsample_and_join(coarse, fine);
        tracked::<B, C, _, 2>(UpsampleBackward, [coarse_node, fine_node], channels, output)
    }
}

/// Gradient rule. The parents are the coarse map and, if there is one, the fine map; the state is the number of
/// channels of each.
#[derive(Debug)]
struct UpsampleBackward;

impl<B: UpsampleGradients, const PARENTS: usize> Backward<B, PARENTS> for UpsampleBackward {
    type State = [usize; PARENTS];

    fn backward(self, ops: Ops<Self::State, PARENTS>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let rules = [B::coarse_gradient, B::fine_gradient];
        for ((node, channels), rule) in ops.parents.into_iter().zip(ops.state).zip(rules) {
            if let Some(node) = node {
                grads.register::<B>(node.id, rule(gradient.clone(), channels));
            }
        }
    }
}

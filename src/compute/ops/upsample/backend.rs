//! The doubling as a backend extension, and its derivatives.

use crate::compute::ops::flex::{Planes, tensor};
use burn::backend::{
    Autodiff, Backend, Flex, TensorMetadata,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops, OpsKind},
    },
    backend_extension,
    tensor::FloatTensor,
};
use rayon::prelude::*;

/// The doubling on the backends that have their own.
#[backend_extension(Flex, Cube, Autodiff)]
pub trait UpsampleOps: Backend {
    /// See [`super::upsample_nearest`].
    fn upsample(coarse: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`super::upsample_and_join`].
    fn upsample_and_join(coarse: FloatTensor<Self>, fine: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// The derivatives on the backends that have their own.
pub trait UpsampleGradients: Backend {
    /// The gradient of the coarse map, which has the first `channels` of the result.
    fn coarse_gradient(gradient: FloatTensor<Self>, channels: usize) -> FloatTensor<Self>;

    /// The gradient of the fine map, which has the channels that follow.
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

/// Writes each value of rows of `width` to a square of four.
fn double(plane: &[f32], width: usize, doubled: &mut [f32]) {
    for (row, rows) in plane.chunks_exact(width).zip(doubled.chunks_exact_mut(4 * width)) {
        let (upper, lower) = rows.split_at_mut(2 * width);
        for (value, pair) in row.iter().zip(upper.as_chunks_mut::<2>().0) {
            *pair = [*value; 2];
        }
        lower.copy_from_slice(upper);
    }
}

/// Adds up each square of four of rows of twice `width`.
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
        let preparation = UpsampleBackward.prepare::<C>([coarse.node()]).compute_bound().stateful();
        let output = B::upsample(coarse.into_primitive());
        match preparation {
            OpsKind::Tracked(prepared) => prepared.finish(channels, output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn upsample_and_join(coarse: FloatTensor<Self>, fine: FloatTensor<Self>) -> FloatTensor<Self> {
        let channels = [&coarse, &fine].map(|map| map.shape()[1]);
        let preparation =
            UpsampleBackward.prepare::<C>([coarse.node(), fine.node()]).compute_bound().stateful();
        let output = B::upsample_and_join(coarse.into_primitive(), fine.into_primitive());
        match preparation {
            OpsKind::Tracked(prepared) => prepared.finish(channels, output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

/// The backward rule; its parents are the coarse map and, if there is one, the fine map, its state
/// their channels.
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

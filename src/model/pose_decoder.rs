//! From encoders' feature maps to motions.

use super::{
    cost::{self, NetworkCost},
    initial::Initialiser,
    layer::Convolution,
    motion::motions_of_map,
};
use crate::compute::ops::convolution::{Activation, Padding};
use burn::{module::Module, tensor::Tensor};

/// Four convolutions and a mean over the image.
#[derive(Module, Debug)]
pub struct PoseDecoder {
    /// The first is applied to each feature map, the second to its results stacked on the channels.
    net: Vec<Convolution>,
}

/// Channels between the convolutions.
const CHANNELS: usize = 256;

impl PoseDecoder {
    /// A decoder that takes `maps` feature maps of `feature_channels` channels each and predicts `motions`
    /// motions.
    pub(super) fn new(
        [maps, feature_channels]: [usize; 2],
        motions: usize,
        initial: &mut Initialiser,
    ) -> Self {
        let mut convolution = |channels, kernel| {
            let padding = Padding::Zero(kernel / 2);
            Convolution::of_decoder(channels, kernel, padding, initial)
        };
        let net = vec![
            convolution([feature_channels, CHANNELS], 1),
            convolution([CHANNELS * maps, CHANNELS], 3),
            convolution([CHANNELS, CHANNELS], 3),
            convolution([CHANNELS, 6 * motions], 1),
        ];
        Self { net }
    }

    /// Axis-angle and translation of every motion, concatenated, `[batch, motions, 6]`, from the coarsest feature
    /// map of each encoder pass.
    pub fn forward(&self, features: Vec<Tensor<4>>) -> Tensor<3> {
        let [squeeze, first, second, last] = &self.net[..] else {
            unreachable!("there are four convolutions")
        };
        let squeezed = features.into_iter().map(|map| squeeze.activated(map, Activation::Relu));
        let x = first.activated(Tensor::cat(squeezed.collect(), 1), Activation::Relu);
        motions_of_map(last.forward(second.activated(x, Activation::Relu)))
    }

    /// Cost of a decoder as in [`Self::new`], whose feature maps have the size of the input image halved
    /// `halvings` times.
    pub(super) fn cost([maps, feature_channels]: [usize; 2], motions: usize, halvings: usize) -> NetworkCost {
        cost::convolution([feature_channels, CHANNELS], 1, halvings)
            + cost::convolution([CHANNELS * maps, CHANNELS], 3, halvings)
            + cost::convolution([CHANNELS, CHANNELS], 3, halvings)
            + cost::convolution([CHANNELS, 6 * motions], 1, halvings)
    }

    /// Number of feature maps that it takes.
    pub(super) fn maps(&self) -> usize {
        self.net[1].weight.dims()[1] / CHANNELS
    }
}

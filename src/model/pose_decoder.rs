//! From encoders' feature maps to motions.

use super::{
    initial::Initialiser,
    layer::Convolution,
    motion::motions_of_map,
    size::{self, Size},
};
use crate::compute::ops::convolution::{Activation, Padding};
use burn::{module::Module, tensor::Tensor};

/// Four convolutions and a mean over the image.
#[derive(Module, Debug)]
pub struct PoseDecoder {
    /// The first is applied to each feature map, the others to all of them, one above the other.
    net: Vec<Convolution>,
}

/// Channels between the convolutions.
const CHANNELS: usize = 256;

impl PoseDecoder {
    /// A decoder of so many feature maps of so many channels to so many motions.
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

    /// Axis-angle and translation of every motion, side by side, `[batch, motions, 6]`, from the coarsest
    /// feature map of each encoding.
    pub fn forward(&self, features: Vec<Tensor<4>>) -> Tensor<3> {
        let [squeeze, first, second, last] = &self.net[..] else {
            unreachable!("there are four convolutions")
        };
        let squeezed = features.into_iter().map(|map| squeeze.activated(map, Activation::Relu));
        let x = first.activated(Tensor::cat(squeezed.collect(), 1), Activation::Relu);
        motions_of_map(last.forward(second.activated(x, Activation::Relu)))
    }

    /// Size of a decoder of so many feature maps of so many channels, each halved so often, to so many motions.
    pub(super) fn size([maps, feature_channels]: [usize; 2], motions: usize, halvings: usize) -> Size {
        size::convolution([feature_channels, CHANNELS], 1, halvings)
            + size::convolution([CHANNELS * maps, CHANNELS], 3, halvings)
            + size::convolution([CHANNELS, CHANNELS], 3, halvings)
            + size::convolution([CHANNELS, 6 * motions], 1, halvings)
    }

    /// Number of feature maps that it takes.
    pub(super) fn maps(&self) -> usize {
        self.net[1].weight.dims()[1] / CHANNELS
    }
}

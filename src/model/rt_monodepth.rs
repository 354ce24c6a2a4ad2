//! RT-MonoDepth-S: a light depth network of plain convolutions, without normalisation and without skip
//! connections (Feng et al., "Real-Time Monocular Depth Estimation on Embedded Systems", ICIP 2024,
//! arXiv 2308.10569), as its published weights have it.

use super::{
    cost::{self, NetworkCost},
    initial::Initialiser,
    layer::Convolution,
    resnet::normalise_images,
};
use crate::compute::ops::convolution::Activation;
use burn::{module::Module, tensor::Tensor};

/// Channels of the first convolution and of the three stages, each of which halves the size.
const ENCODER_CHANNELS: [usize; 4] = [64, 64, 128, 192];

/// Channels of the decoder at scales 0 to 3; the last has no output.
pub(super) const DECODER_CHANNELS: [usize; 4] = [16, 32, 64, 96];

/// Four halvings of the size.
#[derive(Module, Debug)]
pub struct RtMonodepthEncoder {
    /// The first convolution, 7×7.
    pub conv1: Convolution,
    /// Two convolutions for each stage; the first of them halves the size.
    convs: Vec<Convolution>,
}

impl RtMonodepthEncoder {
    /// Number of channels of the feature map.
    pub(super) const FEATURE_CHANNELS: usize = ENCODER_CHANNELS[3];

    /// Cost of the encoder.
    pub(super) fn cost() -> NetworkCost {
        let stages = ENCODER_CHANNELS.windows(2).zip(2..).map(|(channels, halvings)| {
            let [inputs, outputs] = [channels[0], channels[1]];
            cost::convolution([inputs, outputs], 3, halvings)
                + cost::convolution([outputs, outputs], 3, halvings)
        });
        cost::convolution([3, ENCODER_CHANNELS[0]], 7, 1) + stages.sum()
    }

    /// The published name of a parameter, from the fields that lead to it. The index in a stage also counts the
    /// activations between the convolutions.
    pub(super) fn key(fields: &[&str]) -> String {
        match fields {
            ["convs", index, kind] => {
                let index: usize = index.parse().expect("burn names the elements of a list by their index");
                format!("convs.{}.{}.{kind}", index / 2, index % 2 * 2)
            }
            _ => fields.join("."),
        }
    }

    pub(super) fn new(initial: &mut Initialiser) -> Self {
        let mut convolution = |channels, stride| {
            Convolution::of_residual_network(channels, 3, stride, initial).with_bias(initial)
        };
        let stages = ENCODER_CHANNELS.windows(2).flat_map(|channels| {
            let [inputs, outputs] = [channels[0], channels[1]];
            [convolution([inputs, outputs], 2), convolution([outputs, outputs], 1)]
        });
        let convs = stages.collect();
        Self { conv1: Convolution::of_residual_network([3, ENCODER_CHANNELS[0]], 7, 2, initial), convs }
    }

    /// The feature map `[batch, 192, height / 16, width / 16]` of images in 0..1,
    /// `[batch, 3, height, width]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let x = self.conv1.activated(normalise_images(images), Activation::Relu);
        self.convs.iter().fold(x, |x, layer| layer.activated(x, Activation::LeakyRelu))
    }
}

//! RT-MonoDepth-S: a light depth network of plain convolutions, without normalisation and without skip
//! connections (Feng et al., "Real-Time Monocular Depth Estimation on Embedded Systems", ICIP 2024,
//! arXiv 2308.10569), as its published weights have it.

use super::{initial::Initialiser, layer::Convolution, outputs::Outputs, resnet::normalise_images};
use crate::compute::ops::{
    convolution::{Activation, Padding},
    upsample_nearest,
};
use burn::{
    module::Module,
    tensor::{Device, Tensor, activation::sigmoid},
};
use std::collections::BTreeMap;

/// Channels of the first convolution and of the three stages, each of which halves the size.
pub(super) const ENCODER_CHANNELS: [usize; 4] = [64, 64, 128, 192];

/// Channels of the decoder at scales 0 to 3; the last has no output.
pub(super) const DECODER_CHANNELS: [usize; 4] = [16, 32, 64, 96];

/// Four halvings of the size.
#[derive(Module, Debug)]
pub struct RtMonodepthEncoder {
    /// The first convolution, 7×7.
    pub conv1: Convolution,
    /// Two for each stage, of which the first halves the size.
    convs: Vec<Convolution>,
}

impl RtMonodepthEncoder {
    /// Channels of the feature map.
    pub(super) const FEATURE_CHANNELS: usize = ENCODER_CHANNELS[3];

    pub(super) fn new(initial: &mut Initialiser, device: &Device) -> Self {
        let mut convolution = |channels, stride| {
            Convolution::of_residual_network(channels, 3, stride, initial, device).with_bias(initial, device)
        };
        let stages = ENCODER_CHANNELS.windows(2).flat_map(|channels| {
            let [inputs, outputs] = [channels[0], channels[1]];
            [convolution([inputs, outputs], 2), convolution([outputs, outputs], 1)]
        });
        let convs = stages.collect();
        Self {
            conv1: Convolution::of_residual_network([3, ENCODER_CHANNELS[0]], 7, 2, initial, device),
            convs,
        }
    }

    /// The feature map `[batch, 192, height / 16, width / 16]` of images in 0..1,
    /// `[batch, 3, height, width]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let x = self.conv1.activated(normalise_images(images), Activation::Relu);
        self.convs.iter().fold(x, |x, layer| layer.activated(x, Activation::LeakyRelu))
    }
}

/// Four doublings of the size.
#[derive(Module, Debug)]
pub struct RtMonodepthDecoder {
    /// Two for each level, coarsest first; between them the size is doubled.
    convolutions: Vec<Convolution>,
    /// One for each of `scales`.
    disparities: Vec<Convolution>,
    scales: Vec<usize>,
}

impl RtMonodepthDecoder {
    pub(super) fn new(outputs: &Outputs, initial: &mut Initialiser, device: &Device) -> Self {
        let mut convolution =
            |channels| Convolution::of_decoder(channels, 3, Padding::Reflect(1), initial, device);
        let levels = (0..DECODER_CHANNELS.len()).rev().flat_map(|scale| {
            let below = *DECODER_CHANNELS.get(scale + 1).unwrap_or(&RtMonodepthEncoder::FEATURE_CHANNELS);
            let channels = DECODER_CHANNELS[scale];
            [convolution([below, channels]), convolution([channels, channels])]
        });
        let convolutions = levels.collect();
        let disparities = outputs.scales.iter().map(|scale| {
            let channels = [DECODER_CHANNELS[*scale], outputs.channels];
            Convolution::of_residual_network(channels, 3, 1, initial, device).with_bias(initial, device)
        });
        let disparities = disparities.collect();
        Self { convolutions, disparities, scales: outputs.scales.clone() }
    }

    /// Values in (0, 1) by scale, `[batch, channels, height / 2^scale, width / 2^scale]`, from the
    /// encoder's feature map.
    pub fn forward(&self, features: Tensor<4>) -> BTreeMap<usize, Tensor<4>> {
        let mut disparities = BTreeMap::new();
        let mut x = features;
        for (level, scale) in self.convolutions.chunks_exact(2).zip((0..DECODER_CHANNELS.len()).rev()) {
            x = upsample_nearest(level[0].activated(x, Activation::Elu));
            x = level[1].activated(x, Activation::Elu);
            if let Some(index) = self.scales.iter().position(|trained| *trained == scale) {
                disparities.insert(scale, sigmoid(self.disparities[index].forward(x.clone())));
            }
        }
        disparities
    }

    /// One of the convolutions that give the output.
    pub(super) fn last(&self) -> &Convolution {
        &self.disparities[0]
    }

    /// The scales that have an output, in the order of their convolutions in weights files.
    pub fn scales(&self) -> &[usize] {
        &self.scales
    }

    /// The scale whose output is computed from this many channels.
    pub(super) fn scale_of_channels(channels: usize) -> Option<usize> {
        DECODER_CHANNELS.iter().position(|own| *own == channels).filter(|scale| *scale < 3)
    }
}

//! From a residual encoder's feature maps to disparity at several scales (paper section 3 and
//! supplement).

use super::{initial::Initialiser, layer::Convolution, outputs::Outputs};
use crate::compute::ops::{
    convolution::{Activation, Padding},
    upsample_and_join, upsample_nearest,
};
use burn::{
    module::Module,
    tensor::{Device, Tensor, activation::sigmoid},
};
use std::collections::BTreeMap;

/// Channels of the decoder at scales 0 to 4.
pub(super) const CHANNELS: [usize; 5] = [16, 32, 64, 128, 256];

/// Climbs from the coarsest feature map to full size, taking in a finer one at each level. The
/// predictive mask has a decoder like that of disparity, with a channel for each source.
#[derive(Module, Debug)]
pub struct DepthDecoder {
    /// Coarsest level first.
    levels: Vec<DecoderStage>,
    /// One for each of `scales`.
    disparities: Vec<Convolution>,
    scales: Vec<usize>,
}

/// Two convolutions, with the doubling of the size and the finer feature map in between.
#[derive(Module, Debug)]
pub struct DecoderStage {
    before: Convolution,
    after: Convolution,
}

impl DepthDecoder {
    pub(super) fn new(
        feature_channels: [usize; 5],
        outputs: &Outputs,
        initial: &mut Initialiser,
        device: &Device,
    ) -> Self {
        let mut convolution =
            |channels| Convolution::of_decoder(channels, 3, Padding::Reflect(1), initial, device);
        let levels = (0..5).rev().map(|scale| {
            let below = *CHANNELS.get(scale + 1).unwrap_or(&feature_channels[4]);
            let beside = if scale > 0 { feature_channels[scale - 1] } else { 0 };
            let channels = CHANNELS[scale];
            DecoderStage {
                before: convolution([below, channels]),
                after: convolution([channels + beside, channels]),
            }
        });
        let levels = levels.collect();
        let last = |scale: &usize| convolution([CHANNELS[*scale], outputs.channels]);
        let disparities = outputs.scales.iter().map(last).collect();
        Self { levels, disparities, scales: outputs.scales.clone() }
    }

    /// Values in (0, 1) by scale, `[batch, channels, height / 2^scale, width / 2^scale]`, from the
    /// encoder's five feature maps.
    pub fn forward(&self, features: &[Tensor<4>]) -> BTreeMap<usize, Tensor<4>> {
        let mut disparities = BTreeMap::new();
        let mut x = features[4].clone();
        for (level, scale) in self.levels.iter().zip((0..5).rev()) {
            x = level.before.activated(x, Activation::Elu);
            x = if scale > 0 {
                upsample_and_join(x, features[scale - 1].clone())
            } else {
                upsample_nearest(x)
            };
            x = level.after.activated(x, Activation::Elu);
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
        CHANNELS.iter().position(|own| *own == channels).filter(|scale| *scale < 4)
    }
}

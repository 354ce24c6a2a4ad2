//! From an encoder's feature maps to disparity at several scales: the decoder of every depth network, with skip
//! connections (paper section 3 and supplement) or without (RT-MonoDepth-S).

use super::{
    cost::{self, NetworkCost},
    initial::Initialiser,
    layer::Convolution,
};
use crate::compute::ops::{
    convolution::{Activation, Padding},
    upsample_and_join, upsample_nearest,
};
use burn::{
    module::Module,
    tensor::{Tensor, activation::sigmoid},
};
use std::collections::BTreeMap;

/// Shape of a decoder, and the names of its parameters in files.
#[derive(Clone, Debug)]
pub(super) struct DecoderLayout {
    /// Number of channels at each scale, finest first.
    pub channels: &'static [usize],
    /// The scales that can have an output.
    pub scales: &'static [usize],
    /// Channels of the coarsest feature map.
    pub features: usize,
    /// Channels of the finer feature maps, finest first, which are concatenated from scale 1 on; empty without
    /// skip connections.
    pub skips: Vec<usize>,
    /// Builds, with initial values, a convolution that computes an output, from input and output channels.
    pub output: fn([usize; 2], &mut Initialiser) -> Convolution,
    /// Names in weights files: of the convolutions of a level, and of those that compute an output.
    pub names: [&'static str; 2],
}

/// Channels of a decoder's output, and the scales that have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DecoderOutputs {
    pub channels: usize,
    pub scales: Vec<usize>,
}

impl DecoderLayout {
    /// Channels that the level of a scale takes from the next coarser one, and channels after the skip connection
    /// is concatenated.
    fn channels_around(&self, scale: usize) -> [usize; 2] {
        let below = *self.channels.get(scale + 1).unwrap_or(&self.features);
        let skip = scale.checked_sub(1).and_then(|finer| self.skips.get(finer));
        [below, self.channels[scale] + skip.unwrap_or(&0)]
    }

    /// The scale whose output is computed from this many channels.
    pub(super) fn scale_of_channels(&self, channels: usize) -> Option<usize> {
        let scale = self.channels.iter().position(|own| *own == channels);
        scale.filter(|scale| self.scales.contains(scale))
    }

    /// The published name of the convolution that computes an output, by its index.
    pub(super) fn output_name(&self, index: usize) -> String {
        // A published decoder is one list: two convolutions per level, then those that compute the outputs.
        format!("decoder.{}.{}", 2 * self.channels.len() + index, self.names[1])
    }

    /// The published name of a parameter, from the fields that lead to it.
    pub(super) fn key(&self, fields: &[&str]) -> String {
        let number =
            |text: &str| text.parse::<usize>().expect("burn names the elements of a list by their index");
        match fields {
            ["levels", level, convolution, kind] => {
                let index = 2 * number(level) + usize::from(*convolution == "after");
                format!("decoder.{index}.{}.{kind}", self.names[0])
            }
            ["disparities", index, kind] => format!("{}.{kind}", self.output_name(number(index))),
            other => unreachable!("decoders have no parameter {other:?}"),
        }
    }

    /// Cost of the decoder without the convolutions that compute the outputs.
    pub(super) fn cost(&self) -> NetworkCost {
        let level = |scale: usize| {
            let ([below, joined], channels) = (self.channels_around(scale), self.channels[scale]);
            cost::convolution([below, channels], 3, scale + 1)
                + NetworkCost { parameters: 0.0, activations: joined as f64 / cost::area(scale) }
                + cost::convolution([joined, channels], 3, scale)
        };
        (0..self.channels.len()).map(level).sum()
    }
}

/// Upsamples the coarsest feature map to full size, level by level, and concatenates a finer feature map at each
/// level if there are skip connections. The predictive mask has a decoder like that of disparity, with one output
/// channel per source.
#[derive(Module, Debug)]
pub struct Decoder {
    /// Coarsest level first.
    levels: Vec<DecoderStage>,
    /// One for each of `scales`.
    disparities: Vec<Convolution>,
    scales: Vec<usize>,
}

/// Two convolutions; between them the map is upsampled and the finer feature map is concatenated.
#[derive(Module, Debug)]
struct DecoderStage {
    before: Convolution,
    after: Convolution,
}

impl Decoder {
    pub(super) fn new(layout: &DecoderLayout, outputs: &DecoderOutputs, initial: &mut Initialiser) -> Self {
        let mut convolution = |channels| Convolution::of_decoder(channels, 3, Padding::Reflect(1), initial);
        let levels = (0..layout.channels.len()).rev().map(|scale| {
            let ([below, joined], channels) = (layout.channels_around(scale), layout.channels[scale]);
            DecoderStage { before: convolution([below, channels]), after: convolution([joined, channels]) }
        });
        let levels = levels.collect();
        let output = |scale: &usize| (layout.output)([layout.channels[*scale], outputs.channels], initial);
        let disparities = outputs.scales.iter().map(output).collect();
        Self { levels, disparities, scales: outputs.scales.clone() }
    }

    /// Values in (0, 1) by scale, `[batch, channels, height / 2^scale, width / 2^scale]`, from the feature maps of
    /// the encoder of the same network, finest first.
    ///
    /// # Panics
    /// If there is no feature map.
    pub fn forward(&self, features: &[Tensor<4>]) -> BTreeMap<usize, Tensor<4>> {
        let (coarsest, skips) = features.split_last().expect("an encoder gives feature maps");
        let mut disparities = BTreeMap::new();
        let mut x = coarsest.clone();
        for (level, scale) in self.levels.iter().zip((0..self.levels.len()).rev()) {
            x = level.before.activated(x, Activation::Elu);
            x = match scale.checked_sub(1).and_then(|finer| skips.get(finer)) {
                Some(skip) => upsample_and_join(x, skip.clone()),
                None => upsample_nearest(x),
            };
            x = level.after.activated(x, Activation::Elu);
            if let Some(index) = self.scales.iter().position(|trained| *trained == scale) {
                disparities.insert(scale, sigmoid(self.disparities[index].forward(x.clone())));
            }
        }
        disparities
    }

    /// Number of channels of each output.
    pub(super) fn channels(&self) -> usize {
        self.disparities[0].weight.dims()[0]
    }

    /// The scales that have an output, in the order of their convolutions in weights files.
    pub fn scales(&self) -> &[usize] {
        &self.scales
    }
}

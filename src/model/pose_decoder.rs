//! From feature maps of a pair of images to the motion between them.

use super::{initial::Initialiser, layer::Convolution};
use crate::compute::ops::convolution::{Activation, Padding};
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};

/// Four convolutions and a mean over the image.
#[derive(Module, Debug)]
pub struct PoseDecoder {
    net: Vec<Convolution>,
}

impl PoseDecoder {
    /// Motions are predicted a hundredth of what the last convolution says, so that training begins
    /// near standing still.
    const SCALE: f64 = 0.01;

    /// Motions in the output. Published networks have two and use the first.
    const MOTIONS: usize = 2;

    pub(super) fn new(feature_channels: usize, initial: &mut Initialiser, device: &Device) -> Self {
        let mut convolution = |channels, kernel| {
            let padding = Padding::Zero(kernel / 2);
            Convolution::of_decoder(channels, kernel, padding, initial, device)
        };
        let net = vec![
            convolution([feature_channels, 256], 1),
            convolution([256, 256], 3),
            convolution([256, 256], 3),
            convolution([256, 6 * Self::MOTIONS], 1),
        ];
        Self { net }
    }

    /// Axis-angle and translation of every motion, both `[batch, motions, 3]`, from the encoder's
    /// coarsest feature map.
    pub fn forward(&self, features: Tensor<4>) -> (Tensor<3>, Tensor<3>) {
        let last = self.net.len() - 1;
        let x = self.net[..last].iter().fold(features, |x, layer| layer.activated(x, Activation::Relu));
        let x = self.net[last].forward(x).mean_dims(&[2, 3]) * Self::SCALE;
        let motions: Tensor<3> = x.reshape([0, Self::MOTIONS as i32, 6]);
        (motions.clone().narrow(2, 0, 3), motions.narrow(2, 3, 3))
    }
}

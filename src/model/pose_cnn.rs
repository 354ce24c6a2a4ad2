//! Motions from frames by seven plain convolutions (Zhou et al., "Unsupervised Learning of Depth and Ego-Motion
//! from Video", CVPR 2017), as in the paper's ablation.

use super::{
    cost::{self, NetworkCost},
    initial::Initialiser,
    layer::Convolution,
    motion::motions_of_map,
};
use crate::compute::ops::convolution::{Activation, Padding};
use burn::{module::Module, tensor::Tensor};

/// Channels and kernel of each convolution; each halves the size.
const LAYERS: [(usize, usize); 7] = [(16, 7), (32, 5), (64, 3), (128, 3), (256, 3), (256, 3), (256, 3)];

/// Seven convolutions, one more, and a mean over the image.
#[derive(Module, Debug)]
pub struct PoseCnn {
    net: Vec<Convolution>,
    pose_conv: Convolution,
}

impl PoseCnn {
    /// A network that takes `frames` frames and predicts `motions` motions.
    pub(super) fn new(frames: usize, motions: usize, initial: &mut Initialiser) -> Self {
        let mut inputs = 3 * frames;
        let mut convolution = |outputs, kernel, stride| {
            let padding = Padding::Zero(kernel / 2);
            let channels = [std::mem::replace(&mut inputs, outputs), outputs];
            Convolution::of_decoder(channels, kernel, padding, initial).with_stride(stride)
        };
        let net = LAYERS.iter().map(|(outputs, kernel)| convolution(*outputs, *kernel, 2)).collect();
        Self { net, pose_conv: convolution(6 * motions, 1, 1) }
    }

    /// Axis-angle and translation of every motion, concatenated, `[batch, motions, 6]`, from images in 0..1
    /// stacked on the channels, `[batch, 3·frames, height, width]`. The images are not normalised.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<3> {
        let x = self.net.iter().fold(images, |x, layer| layer.activated(x, Activation::Relu));
        motions_of_map(self.pose_conv.forward(x))
    }

    /// Cost of a network that takes `frames` frames.
    pub(super) fn cost(frames: usize) -> NetworkCost {
        let mut inputs = 3 * frames;
        let layers = LAYERS.iter().zip(1..).map(|((outputs, kernel), halvings)| {
            cost::convolution([std::mem::replace(&mut inputs, *outputs), *outputs], *kernel, halvings)
        });
        layers.sum()
    }

    /// Number of frames that it takes.
    pub(super) fn frames(&self) -> usize {
        self.net[0].weight.dims()[1] / 3
    }
}

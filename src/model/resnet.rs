//! The residual encoder (He et al. 2016) for one image or several stacked on the channels.

use super::{
    cost::{self, NetworkCost},
    initial::Initialiser,
    layer::{BatchNorm, Convolution},
};
use crate::compute::ops::{max_pool, standardise};
use burn::{module::Module, tensor::Tensor};
use serde::{Deserialize, Serialize};

/// A residual network: the kind of its blocks and how many each of the four stages has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResnetArchitecture {
    /// Blocks of 1×1, 3×3 and 1×1 convolutions that end in four times their width, instead of two 3×3.
    pub bottleneck: bool,
    /// Number of blocks in each stage.
    pub blocks: [usize; 4],
}

impl ResnetArchitecture {
    /// 18 layers, basic blocks.
    pub const RESNET_18: Self = Self { bottleneck: false, blocks: [2, 2, 2, 2] };
    /// 34 layers, basic blocks.
    pub const RESNET_34: Self = Self { bottleneck: false, blocks: [3, 4, 6, 3] };
    /// 50 layers, bottlenecks.
    pub const RESNET_50: Self = Self { bottleneck: true, blocks: [3, 4, 6, 3] };
    /// 101 layers, bottlenecks.
    pub const RESNET_101: Self = Self { bottleneck: true, blocks: [3, 4, 23, 3] };
    /// 152 layers, bottlenecks.
    pub const RESNET_152: Self = Self { bottleneck: true, blocks: [3, 8, 36, 3] };
    /// Every residual network that can be chosen.
    pub const ALL: [Self; 5] =
        [Self::RESNET_18, Self::RESNET_34, Self::RESNET_50, Self::RESNET_101, Self::RESNET_152];

    /// The network with this number of layers; `None` if there is none.
    pub fn of_layers(layers: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|architecture| architecture.layers() == layers)
    }

    /// Nominal number of layers, as in the name (ResNet-18).
    pub fn layers(self) -> usize {
        let convolutions = if self.bottleneck { 3 } else { 2 };
        // The paper also counts the stem's convolution, and the fully connected layer that the encoder leaves out.
        self.blocks.iter().sum::<usize>() * convolutions + 2
    }

    /// Cost of an encoder that takes this many images.
    pub(super) fn cost(self, images: usize) -> NetworkCost {
        let mut cost = cost::convolution([3 * images, 64], 7, 1);
        let mut inputs = 64;
        let [_, channels @ ..] = self.feature_channels();
        for ((blocks, outputs), halvings) in self.blocks.into_iter().zip(channels).zip(2..) {
            for block in 0..blocks {
                cost = cost
                    + if self.bottleneck {
                        let width = outputs / 4;
                        cost::convolution([inputs, width], 1, halvings)
                            + cost::convolution([width, width], 3, halvings)
                            + cost::convolution([width, outputs], 1, halvings)
                    } else {
                        cost::convolution([inputs, outputs], 3, halvings)
                            + cost::convolution([outputs, outputs], 3, halvings)
                    };
                if block == 0 && inputs != outputs {
                    cost = cost + cost::convolution([inputs, outputs], 1, halvings);
                }
                inputs = outputs;
            }
        }
        cost
    }

    /// Channels of the five feature maps, finest first.
    pub fn feature_channels(self) -> [usize; 5] {
        let expansion = if self.bottleneck { 4 } else { 1 };
        [64, 64 * expansion, 128 * expansion, 256 * expansion, 512 * expansion]
    }
}

impl std::fmt::Display for ResnetArchitecture {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ResNet{}", self.layers())
    }
}

/// One residual block: convolutions whose result is added to their input.
#[derive(Module, Debug)]
pub struct Block {
    conv1: Convolution,
    bn1: BatchNorm,
    conv2: Convolution,
    bn2: BatchNorm,
    conv3: Option<Convolution>,
    bn3: Option<BatchNorm>,
    downsample: Option<Downsample>,
}

/// Projection of the block's input, where its shape differs from the output's.
#[derive(Module, Debug)]
pub struct Downsample {
    convolution: Convolution,
    normalisation: BatchNorm,
}

impl Block {
    fn new(
        [inputs, outputs]: [usize; 2],
        stride: usize,
        bottleneck: bool,
        initial: &mut Initialiser,
    ) -> Self {
        let width = if bottleneck { outputs / 4 } else { outputs };
        let mut convolution =
            |channels, kernel, stride| Convolution::of_residual_network(channels, kernel, stride, initial);
        let (conv1, conv2, conv3) = if bottleneck {
            let narrow = convolution([inputs, width], 1, 1);
            let spatial = convolution([width, width], 3, stride);
            (narrow, spatial, Some(convolution([width, outputs], 1, 1)))
        } else {
            (convolution([inputs, width], 3, stride), convolution([width, width], 3, 1), None)
        };
        let downsample =
            (stride != 1 || inputs != outputs).then(|| convolution([inputs, outputs], 1, stride));
        let normalisation = |channels| BatchNorm::new(channels, initial);
        Self {
            conv1,
            bn1: normalisation(width),
            conv2,
            bn2: normalisation(width),
            bn3: conv3.is_some().then(|| normalisation(outputs)),
            conv3,
            downsample: downsample
                .map(|convolution| Downsample { convolution, normalisation: normalisation(outputs) }),
        }
    }

    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let shortcut = match &self.downsample {
            Some(fit) => fit.normalisation.forward(&fit.convolution, input.clone()),
            None => input.clone(),
        };
        let x = self.bn1.rectified(&self.conv1, input, None);
        match (&self.conv3, &self.bn3) {
            (Some(conv3), Some(bn3)) => {
                bn3.rectified(conv3, self.bn2.rectified(&self.conv2, x, None), Some(shortcut))
            }
            _ => self.bn2.rectified(&self.conv2, x, Some(shortcut)),
        }
    }
}

/// The residual network without its classifier: five feature maps of 1/2 to 1/32 of the input's size.
#[derive(Module, Debug)]
pub struct ResnetEncoder {
    /// The first convolution, 7×7, over the channels of all images.
    pub conv1: Convolution,
    bn1: BatchNorm,
    layer1: Vec<Block>,
    layer2: Vec<Block>,
    layer3: Vec<Block>,
    layer4: Vec<Block>,
}

impl ResnetEncoder {
    pub(super) fn new(architecture: ResnetArchitecture, images: usize, initial: &mut Initialiser) -> Self {
        let channels = architecture.feature_channels();
        let conv1 = Convolution::of_residual_network([3 * images, channels[0]], 7, 2, initial);
        let mut stage = |index: usize| -> Vec<Block> {
            let [inputs, outputs] = [channels[index], channels[index + 1]];
            (0..architecture.blocks[index])
                .map(|block| match block {
                    // The first stage follows a pooling, so it alone keeps the size.
                    0 => {
                        let stride = if index == 0 { 1 } else { 2 };
                        Block::new([inputs, outputs], stride, architecture.bottleneck, initial)
                    }
                    _ => Block::new([outputs, outputs], 1, architecture.bottleneck, initial),
                })
                .collect()
        };
        Self {
            conv1,
            layer1: stage(0),
            layer2: stage(1),
            layer3: stage(2),
            layer4: stage(3),
            bn1: BatchNorm::new(channels[0], initial),
        }
    }

    /// The feature maps of images in 0..1, `[batch, 3·images, height, width]`, finest first, each
    /// half the size of the one before, rounded up.
    pub fn forward(&self, images: Tensor<4>) -> [Tensor<4>; 5] {
        let x = normalise_images(images);
        let f0 = self.bn1.rectified(&self.conv1, x, None);
        let f1 = run(&self.layer1, max_pool(f0.clone()));
        let f2 = run(&self.layer2, f1.clone());
        let f3 = run(&self.layer3, f2.clone());
        let f4 = run(&self.layer4, f3.clone());
        [f0, f1, f2, f3, f4]
    }

    /// The published name of a parameter, from the fields that lead to it.
    pub(super) fn key(fields: &[&str]) -> String {
        let key = fields.join(".").replace("downsample.convolution", "downsample.0");
        format!("encoder.{}", key.replace("downsample.normalisation", "downsample.1"))
    }

    /// Number of images that it takes.
    pub(super) fn images(&self) -> usize {
        self.conv1.weight.dims()[1] / 3
    }

    /// Architecture of this encoder.
    pub fn architecture(&self) -> ResnetArchitecture {
        let stages = [&self.layer1, &self.layer2, &self.layer3, &self.layer4];
        ResnetArchitecture {
            bottleneck: self.layer1.iter().any(|block| block.conv3.is_some()),
            blocks: stages.map(Vec::len),
        }
    }
}

/// Normalises images from 0..1 to about zero mean and unit variance, with the same constants for all channels.
pub(super) fn normalise_images(images: Tensor<4>) -> Tensor<4> {
    standardise(images, 0.45, 0.225)
}

fn run(blocks: &[Block], input: Tensor<4>) -> Tensor<4> {
    blocks.iter().fold(input, |x, block| block.forward(x))
}

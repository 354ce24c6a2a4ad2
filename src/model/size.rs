//! How large networks are, reckoned from their architecture alone, so that a run's memory can be foretold
//! without building them.

use super::{
    depth::DepthArchitecture,
    depth_decoder,
    network::Architecture,
    pose::{PoseArchitecture, PoseModel},
    pose_cnn, pose_decoder,
    resnet::ResnetArchitecture,
    rt_monodepth,
};
use std::ops::{Add, Mul};

/// What convolutions have: weights, and what they give for an image.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    /// Weights of the kernels; biases and normalisations are too few to matter.
    pub weights: f64,
    /// Numbers in all feature maps, for a pixel of the input.
    pub values: f64,
}

impl Add for Size {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { weights: self.weights + other.weights, values: self.values + other.values }
    }
}

impl std::iter::Sum for Size {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), Self::add)
    }
}

/// The same weights, used so many times.
impl Mul<f64> for Size {
    type Output = Self;

    fn mul(self, times: f64) -> Self {
        Self { values: self.values * times, ..self }
    }
}

/// A convolution that gives a map of which so many pixels of the input make one.
fn convolution([inputs, outputs]: [usize; 2], kernel: usize, area: f64) -> Size {
    Size { weights: (inputs * outputs * kernel * kernel) as f64, values: outputs as f64 / area }
}

/// Pixels of the input that make one of a map halved so often.
fn area(halvings: usize) -> f64 {
    4_f64.powi(i32::try_from(halvings).unwrap_or(i32::MAX))
}

impl Architecture {
    /// The depth network, and the decoder of the predictive mask if there is one.
    pub fn depth_size(&self) -> Size {
        let decoders = if self.masked_sources.is_some() { 2.0 } else { 1.0 };
        let decoder = match self.depth {
            DepthArchitecture::Resnet(encoder) => residual_decoder(encoder),
            DepthArchitecture::RtMonodepthS => light_decoder(),
        };
        let decoder = Size { weights: decoder.weights * decoders, values: decoder.values * decoders };
        self.encoder_size() + decoder
    }

    /// The depth network's encoder.
    pub fn encoder_size(&self) -> Size {
        match self.depth {
            DepthArchitecture::Resnet(encoder) => residual_encoder(encoder, 1),
            DepthArchitecture::RtMonodepthS => light_encoder(),
        }
    }

    /// The pose network, used for so many motions from the target; nothing if there is none.
    pub fn pose_size(&self, motions: usize) -> Size {
        let Some(pose) = self.pose else { return Size::default() };
        let PoseArchitecture { model, frames } = pose;
        let times = if frames == 2 { motions as f64 } else { 1.0 };
        match model {
            PoseModel::Separate(encoder) => {
                let features = encoder.feature_channels()[4];
                (residual_encoder(encoder, frames) + decoder_of_motions(pose, features, 1, 5)) * times
            }
            PoseModel::Shared => {
                let halvings = if matches!(self.depth, DepthArchitecture::Resnet(_)) { 5 } else { 4 };
                let decoder =
                    decoder_of_motions(pose, self.depth.feature_channels(), frames, halvings) * times;
                // The depth encoder also sees the sources, one by one, and its maps are taken apart.
                let encoder = Size { weights: 0.0, ..self.encoder_size() * (motions + 1) as f64 };
                encoder + decoder
            }
            PoseModel::Cnn => {
                let mut inputs = 3 * frames;
                let layers = pose_cnn::LAYERS.iter().zip(1..).map(|((outputs, kernel), halvings)| {
                    convolution([std::mem::replace(&mut inputs, *outputs), *outputs], *kernel, area(halvings))
                });
                layers.sum::<Size>() * times
            }
        }
    }
}

fn residual_encoder(architecture: ResnetArchitecture, images: usize) -> Size {
    let mut size = convolution([3 * images, 64], 7, area(1));
    let mut inputs = 64;
    let [_, channels @ ..] = architecture.feature_channels();
    for ((blocks, outputs), halvings) in architecture.blocks.into_iter().zip(channels).zip(2..) {
        let area = area(halvings);
        for block in 0..blocks {
            size = size
                + if architecture.bottleneck {
                    let width = outputs / 4;
                    convolution([inputs, width], 1, area)
                        + convolution([width, width], 3, area)
                        + convolution([width, outputs], 1, area)
                } else {
                    convolution([inputs, outputs], 3, area) + convolution([outputs, outputs], 3, area)
                };
            if block == 0 && inputs != outputs {
                size = size + convolution([inputs, outputs], 1, area);
            }
            inputs = outputs;
        }
    }
    size
}

fn residual_decoder(encoder: ResnetArchitecture) -> Size {
    let features = encoder.feature_channels();
    let channels = depth_decoder::CHANNELS;
    let level = |scale: usize| {
        let below = *channels.get(scale + 1).unwrap_or(&features[4]);
        let joined = channels[scale] + if scale > 0 { features[scale - 1] } else { 0 };
        let join = Size { weights: 0.0, values: joined as f64 / area(scale) };
        convolution([below, channels[scale]], 3, area(scale + 1))
            + join
            + convolution([joined, channels[scale]], 3, area(scale))
    };
    (0..channels.len()).map(level).sum()
}

fn light_encoder() -> Size {
    let channels = rt_monodepth::ENCODER_CHANNELS;
    let stages = channels.windows(2).zip(2..).map(|(channels, halvings)| {
        let [inputs, outputs] = [channels[0], channels[1]];
        convolution([inputs, outputs], 3, area(halvings)) + convolution([outputs, outputs], 3, area(halvings))
    });
    convolution([3, channels[0]], 7, area(1)) + stages.sum()
}

fn light_decoder() -> Size {
    let channels = rt_monodepth::DECODER_CHANNELS;
    let features = rt_monodepth::ENCODER_CHANNELS[3];
    let level = |scale: usize| {
        let below = *channels.get(scale + 1).unwrap_or(&features);
        let doubled = Size { weights: 0.0, values: channels[scale] as f64 / area(scale) };
        convolution([below, channels[scale]], 3, area(scale + 1))
            + doubled
            + convolution([channels[scale], channels[scale]], 3, area(scale))
    };
    (0..channels.len()).map(level).sum()
}

fn decoder_of_motions(pose: PoseArchitecture, features: usize, maps: usize, halvings: usize) -> Size {
    let (channels, area) = (pose_decoder::CHANNELS, area(halvings));
    convolution([features, channels], 1, area)
        + convolution([channels * maps, channels], 3, area)
        + convolution([channels, channels], 3, area)
        + convolution([channels, 6 * pose.motions()], 1, area)
}

//! Disparity from one image, by any of the depth networks.
//!
//! A new one is a variant of [`crate::config::DepthNetworkType`], [`DepthArchitecture`] and
//! [`Encoder`] with what the compiler then asks for, and its recognition in `weights/architecture.rs`, without which
//! the round trip of `tests/architectures.rs` fails.

use super::{
    cost::NetworkCost,
    decoder::{Decoder, DecoderLayout},
    initial::Initialiser,
    layer::Convolution,
    resnet::{ResnetArchitecture, ResnetEncoder},
    rt_monodepth::{self, RtMonodepthEncoder},
};
use crate::{compute::ops::convolution::Padding, config::DepthNetworkType};
use burn::{module::Module, tensor::Tensor};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// Channels of the published decoder at scales 0 to 4.
const DECODER_CHANNELS: [usize; 5] = [16, 32, 64, 128, 256];

/// A depth network by its type and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DepthArchitecture {
    /// The published network with this encoder.
    Resnet(ResnetArchitecture),
    /// The light network of plain convolutions.
    RtMonodepthS,
}

/// Everything about a depth network except its encoder's layers.
pub(super) struct DepthSpec {
    /// Type in a configuration.
    pub network_type: DepthNetworkType,
    /// Number of layers of its encoder; `None` if it is not residual.
    pub layers: Option<usize>,
    /// Cost of the encoder.
    pub encoder: NetworkCost,
    /// The published name of a parameter of the encoder, from the fields that lead to it.
    pub encoder_key: fn(&[&str]) -> String,
    /// Shape of the decoder.
    pub decoder: DecoderLayout,
}

impl DepthArchitecture {
    /// The table of depth networks.
    pub(super) fn spec(self) -> DepthSpec {
        match self {
            Self::Resnet(architecture) => {
                let [skips @ .., features] = architecture.feature_channels();
                let network_type = DepthNetworkType::Resnet;
                DepthSpec {
                    network_type,
                    layers: Some(architecture.layers()),
                    encoder: architecture.cost(1),
                    encoder_key: ResnetEncoder::key,
                    decoder: DecoderLayout {
                        channels: &DECODER_CHANNELS,
                        scales: network_type.scales(),
                        features,
                        skips: skips.to_vec(),
                        output: |channels, initial| {
                            Convolution::of_decoder(channels, 3, Padding::Reflect(1), initial)
                        },
                        names: ["conv.conv", "conv"],
                    },
                }
            }
            Self::RtMonodepthS => {
                let network_type = DepthNetworkType::RtMonodepthS;
                DepthSpec {
                    network_type,
                    layers: None,
                    encoder: RtMonodepthEncoder::cost(),
                    encoder_key: RtMonodepthEncoder::key,
                    decoder: DecoderLayout {
                        channels: &rt_monodepth::DECODER_CHANNELS,
                        scales: network_type.scales(),
                        features: RtMonodepthEncoder::FEATURE_CHANNELS,
                        skips: Vec::new(),
                        output: |channels, initial| {
                            Convolution::of_residual_network(channels, 3, 1, initial).with_bias(initial)
                        },
                        names: ["conv", "conv3"],
                    },
                }
            }
        }
    }

    /// Type of the network in a configuration.
    pub fn network_type(self) -> DepthNetworkType {
        self.spec().network_type
    }
}

impl fmt::Display for DepthArchitecture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resnet(architecture) => architecture.fmt(formatter),
            Self::RtMonodepthS => self.network_type().fmt(formatter),
        }
    }
}

/// Image to feature maps.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one of each a run")]
pub enum Encoder {
    /// Residual encoder; five feature maps.
    Resnet(ResnetEncoder),
    /// Plain convolutions; one feature map.
    RtMonodepthS(RtMonodepthEncoder),
}

impl Encoder {
    pub(super) fn new(architecture: DepthArchitecture, initial: &mut Initialiser) -> Self {
        match architecture {
            DepthArchitecture::Resnet(architecture) => {
                Self::Resnet(ResnetEncoder::new(architecture, 1, initial))
            }
            DepthArchitecture::RtMonodepthS => Self::RtMonodepthS(RtMonodepthEncoder::new(initial)),
        }
    }

    /// The feature maps for the decoder, finest first, of images in 0..1, `[batch, 3, height, width]`: five with a
    /// residual encoder, one with RT-MonoDepth-S.
    pub fn forward(&self, images: Tensor<4>) -> Vec<Tensor<4>> {
        match self {
            Self::Resnet(encoder) => encoder.forward(images).to_vec(),
            Self::RtMonodepthS(encoder) => vec![encoder.forward(images)],
        }
    }

    /// The first convolution.
    pub fn conv1(&self) -> &Convolution {
        match self {
            Self::Resnet(encoder) => &encoder.conv1,
            Self::RtMonodepthS(encoder) => &encoder.conv1,
        }
    }

    /// The residual encoder, if it is one.
    pub(super) fn residual(&self) -> Option<&ResnetEncoder> {
        match self {
            Self::Resnet(encoder) => Some(encoder),
            Self::RtMonodepthS(_) => None,
        }
    }

    /// Architecture of the depth network with this encoder.
    pub fn architecture(&self) -> DepthArchitecture {
        match self {
            Self::Resnet(encoder) => DepthArchitecture::Resnet(encoder.architecture()),
            Self::RtMonodepthS(_) => DepthArchitecture::RtMonodepthS,
        }
    }
}

/// Predicts disparity from one image.
#[derive(Module, Debug)]
pub struct DepthNetwork {
    /// Image to feature maps.
    pub encoder: Encoder,
    /// Feature maps to disparities.
    pub decoder: Decoder,
}

impl DepthNetwork {
    /// Disparity in (0, 1) by scale, `[batch, 1, height / 2^scale, width / 2^scale]`, of images in
    /// 0..1, `[batch, 3, height, width]`, of a size that
    /// [`crate::config::NetworkConfig::validate`] accepts for this network.
    pub fn disparities(&self, image: Tensor<4>) -> BTreeMap<usize, Tensor<4>> {
        self.decoder.forward(&self.encoder.forward(image))
    }

    /// The scales that have a disparity.
    pub fn scales(&self) -> &[usize] {
        self.decoder.scales()
    }
}

//! Disparity from one image, by either of the depth networks.

use super::{
    depth_decoder::DepthDecoder,
    initial::Initialiser,
    layer::Convolution,
    outputs::Outputs,
    resnet::{ResnetArchitecture, ResnetEncoder},
    rt_monodepth::{RtMonodepthDecoder, RtMonodepthEncoder},
};
use crate::config::DepthNetworkType;
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// Which depth network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DepthArchitecture {
    /// The published network with this encoder.
    Resnet(ResnetArchitecture),
    /// The light one.
    RtMonodepthS,
}

impl DepthArchitecture {
    /// The type of network that it is one of.
    pub fn network_type(self) -> DepthNetworkType {
        match self {
            Self::Resnet(_) => DepthNetworkType::Resnet,
            Self::RtMonodepthS => DepthNetworkType::RtMonodepthS,
        }
    }

    /// Channels of the coarsest feature map.
    pub(super) fn feature_channels(self) -> usize {
        match self {
            Self::Resnet(architecture) => architecture.feature_channels()[4],
            Self::RtMonodepthS => RtMonodepthEncoder::FEATURE_CHANNELS,
        }
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
    /// Residual.
    Resnet(ResnetEncoder),
    /// Of RT-MonoDepth-S.
    RtMonodepthS(RtMonodepthEncoder),
}

impl Encoder {
    pub(super) fn new(architecture: DepthArchitecture, initial: &mut Initialiser, device: &Device) -> Self {
        match architecture {
            DepthArchitecture::Resnet(architecture) => {
                Self::Resnet(ResnetEncoder::new(architecture, 1, initial, device))
            }
            DepthArchitecture::RtMonodepthS => Self::RtMonodepthS(RtMonodepthEncoder::new(initial, device)),
        }
    }

    /// The feature maps that the decoder needs of images in 0..1, `[batch, 3, height, width]`, finest
    /// first: five of the residual encoder, one of the other.
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

    /// Which network it is part of.
    pub fn architecture(&self) -> DepthArchitecture {
        match self {
            Self::Resnet(encoder) => DepthArchitecture::Resnet(encoder.architecture()),
            Self::RtMonodepthS(_) => DepthArchitecture::RtMonodepthS,
        }
    }
}

/// Feature maps to values in (0, 1) at several scales.
#[derive(Module, Debug)]
pub enum Decoder {
    /// Of the published network.
    Skip(DepthDecoder),
    /// Of RT-MonoDepth-S.
    RtMonodepthS(RtMonodepthDecoder),
}

impl Decoder {
    pub(super) fn new(
        architecture: DepthArchitecture,
        outputs: &Outputs,
        initial: &mut Initialiser,
        device: &Device,
    ) -> Self {
        match architecture {
            DepthArchitecture::Resnet(architecture) => {
                Self::Skip(DepthDecoder::new(architecture.feature_channels(), outputs, initial, device))
            }
            DepthArchitecture::RtMonodepthS => {
                Self::RtMonodepthS(RtMonodepthDecoder::new(outputs, initial, device))
            }
        }
    }

    /// Values in (0, 1) by scale, `[batch, channels, height / 2^scale, width / 2^scale]`, from the
    /// feature maps of the encoder of the same network.
    pub fn forward(&self, features: &[Tensor<4>]) -> BTreeMap<usize, Tensor<4>> {
        match self {
            Self::Skip(decoder) => decoder.forward(features),
            Self::RtMonodepthS(decoder) => {
                decoder.forward(features.last().expect("an encoder gives feature maps").clone())
            }
        }
    }

    /// Channels of the output.
    pub(super) fn channels(&self) -> usize {
        let last = match self {
            Self::Skip(decoder) => decoder.last(),
            Self::RtMonodepthS(decoder) => decoder.last(),
        };
        last.weight.dims()[0]
    }

    /// The scales that have an output, in the order of their convolutions in weights files.
    pub fn scales(&self) -> &[usize] {
        match self {
            Self::Skip(decoder) => decoder.scales(),
            Self::RtMonodepthS(decoder) => decoder.scales(),
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

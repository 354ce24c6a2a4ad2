//! The networks and their weights files.

mod depth_decoder;
mod initial;
mod layer;
mod network;
mod pose_decoder;
mod resnet;
pub mod weights;

pub use depth_decoder::DepthDecoder;
pub use layer::{BatchNorm, Convolution};
pub use network::{Architecture, DepthNetwork, Networks, PoseNetwork};
pub use pose_decoder::PoseDecoder;
pub use resnet::{ResnetArchitecture, ResnetEncoder};

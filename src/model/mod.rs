//! The networks and their weights files.

mod adopt;
mod architecture;
mod cost;
mod decoder;
mod depth;
mod initial;
mod layer;
mod motion;
mod network;
mod pose;
mod pose_cnn;
mod pose_decoder;
mod resnet;
mod rt_monodepth;
pub mod weights;

pub use crate::compute::ops::transform;
pub use architecture::Architecture;
pub use cost::NetworkCost;
pub use decoder::Decoder;
pub use depth::{DepthArchitecture, DepthNetwork, Encoder};
pub use layer::{BatchNorm, Convolution};
pub use motion::{Motion, MotionParts, Motions};
pub use network::{Networks, Prediction};
pub use pose::{PoseArchitecture, PoseModel, PoseNetwork, SeparatePose};
pub use pose_cnn::PoseCnn;
pub use pose_decoder::PoseDecoder;
pub use resnet::{ResnetArchitecture, ResnetEncoder};
pub use rt_monodepth::RtMonodepthEncoder;

//! The networks and their weights files.

mod adopt;
mod depth;
mod depth_decoder;
mod initial;
mod layer;
mod motion;
mod network;
mod outputs;
mod pose;
mod pose_cnn;
mod pose_decoder;
mod resnet;
mod rt_monodepth;
mod size;
pub mod weights;

pub use crate::compute::ops::transform;
pub use depth::{Decoder, DepthArchitecture, DepthNetwork, Encoder};
pub use depth_decoder::DepthDecoder;
pub use layer::{BatchNorm, Convolution};
pub use motion::{Motion, MotionParts, Motions};
pub use network::{Architecture, Networks, Prediction};
pub use pose::{PoseArchitecture, PoseModel, PoseNetwork, SeparatePose};
pub use pose_cnn::PoseCnn;
pub use pose_decoder::PoseDecoder;
pub use resnet::{ResnetArchitecture, ResnetEncoder};
pub use rt_monodepth::{RtMonodepthDecoder, RtMonodepthEncoder};
pub use size::Size;

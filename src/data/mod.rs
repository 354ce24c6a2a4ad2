//! From files to samples: bytes on the processor only, no tensors.

pub mod arrays;
pub mod augment;
pub mod cache;
pub mod deferred;
mod derived;
pub mod film;
pub mod fingerprint;
pub mod folder;
pub mod image;
pub mod kitti;
pub mod loader;
pub mod motion;
mod pictures;
pub mod poses;
pub mod previews;
mod sample;
mod source;
pub mod split;
pub mod synthetic;
pub mod unreadable;
pub mod whole;

pub use derived::{DerivedImages, SampleImages};
pub use sample::{Batch, DepthMap, FrameKey, Sample, Side};
pub use source::{DataError, Drive, FrameSource, ResizedFrame, STEREO_SHIFT, TrueDepth, is_data, open};

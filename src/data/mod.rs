//! From files to samples: bytes on the processor only, no tensors.

pub mod arrays;
pub mod atomic_file;
pub mod augment;
pub mod cache;
pub mod deferred;
mod derived;
mod error;
pub mod film;
pub mod fingerprint;
pub mod folder;
pub mod image;
pub mod kitti;
mod layouts;
pub mod loader;
pub mod motion;
mod open_data;
mod pictures;
pub mod poses;
pub mod previews;
mod sample;
mod source;
pub mod split;
pub mod synthetic;
pub mod unreadable;
pub(crate) use open_data::fingerprint;
pub use open_data::{OpenData, Samples};

pub use derived::{DerivedImages, SampleImages};
pub use error::DataError;
pub use layouts::{is_data, open};
pub use sample::{Batch, DepthMap, FrameKey, Sample, Side};
pub use source::{Drive, FrameSource, ResizedFrame, STEREO_SHIFT, TrueDepth};

//! From files to samples: bytes on the CPU only, no tensors.

mod annotation;
pub mod arrays;
pub mod atomic_file;
pub mod augment;
pub mod cache;
pub mod deferred_error;
mod derived;
mod error;
pub mod film;
mod fnv;
pub mod folder;
pub(crate) mod foreign_content;
mod header_scan;
pub mod image;
mod image_files;
pub mod kitti;
mod layouts;
mod listing;
pub mod loader;
pub mod motion;
mod numbering;
mod open_data;
pub mod poses;
pub mod previews;
pub(crate) mod regular_file;
mod remarks;
mod rig;
mod sample;
mod source;
pub mod split;
mod stereo;
pub mod synthetic;
mod text;
pub mod unreadable;

pub use derived::{DerivedImages, SampleImages};
pub use error::DataError;
pub use layouts::{is_data, open};
pub(crate) use open_data::fingerprint;
pub use open_data::{OpenData, Samples};
pub use remarks::{Remark, RemarkKind, Remarks};
pub use sample::{Batch, DepthMap, FrameKey, Sample, Side};
pub use source::{
    Drive, DriveDecisions, FrameSource, MeasuredPoses, NumberedBy, ResizedFrame, STEREO_SHIFT, TrueDepth,
};

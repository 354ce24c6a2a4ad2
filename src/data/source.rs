//! Where frames come from: one trait for files and for the built-in drive.

use super::{DepthMap, FrameKey, Side};
use crate::{config::DataChoice, geometry::Intrinsics};
use image::RgbImage;
use std::{ops::Range, path::PathBuf, sync::Arc};

/// Data that cannot be used; every message names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file that should be there is not.
    #[error("{what} is missing: {}; {advice}", path.display())]
    Missing {
        /// What the file would have held.
        what: String,
        /// Where it was looked for.
        path: PathBuf,
        /// What to do.
        advice: String,
    },
    /// A file is there but does not hold what it should.
    #[error("{what} cannot be read: {reason}; {}", path.display())]
    Unreadable {
        /// What the file should hold.
        what: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file or folder cannot be written.
    #[error("{what} cannot be written: {reason}; {}", path.display())]
    Unwritable {
        /// What it would have held.
        what: String,
        /// Where.
        path: PathBuf,
        /// What stands in the way.
        reason: String,
    },
    /// A choice that leaves nothing to work on.
    #[error("{0}")]
    Unusable(String),
}

/// A run of consecutive frames from one camera rig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drive {
    /// Its name in split files.
    pub folder: String,
    /// Its frames' numbers: first to last + 1.
    pub frames: Range<u32>,
    /// The cameras it has.
    pub sides: Vec<Side>,
}

impl Drive {
    /// The names of its frames as one of its cameras saw them.
    pub fn keys(&self, side: Side) -> impl Iterator<Item = FrameKey> + '_ {
        self.frames.clone().map(move |frame| FrameKey { folder: self.folder.clone(), frame, side })
    }
}

/// A place that frames come from. Implementations are shared between worker threads.
pub trait FrameSource: Send + Sync {
    /// What a person calls it: a path or "built-in drive".
    fn name(&self) -> String;

    /// Its drives, sorted by folder.
    fn drives(&self) -> &[Drive];

    /// Whether the frame is there (it may still turn out unreadable).
    fn contains(&self, key: &FrameKey) -> bool;

    /// The frame at its native size.
    fn image(&self, key: &FrameKey) -> Result<RgbImage, DataError>;

    /// The camera, normalised.
    fn intrinsics(&self, key: &FrameKey) -> Intrinsics;

    /// The depth at the frame's native size, if exact or measured depth exists.
    fn depth(&self, key: &FrameKey) -> Result<Option<DepthMap>, DataError>;
}

/// Opens a folder in KITTI raw layout, or the built-in drive with the default seed.
pub fn open(choice: &DataChoice) -> Result<Arc<dyn FrameSource>, DataError> {
    Ok(match choice {
        DataChoice::Demo => Arc::new(super::synthetic::BuiltInDrive::default()),
        DataChoice::Folder(path) => Arc::new(super::kitti::KittiRaw::open(path)?),
    })
}

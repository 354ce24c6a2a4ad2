//! A split as three lists of frames.

use crate::data::FrameKey;

/// One of the three lists of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subset {
    /// Frames to train on.
    Training,
    /// Frames that monitor the training.
    Validation,
    /// Frames of the published numbers.
    Test,
}

impl Subset {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// Name of the list's file in a split folder.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Training => "train_files.txt",
            Self::Validation => "val_files.txt",
            Self::Test => "test_files.txt",
        }
    }
}

/// Split of the targets into training, validation and test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Targets to train on.
    pub training: Vec<FrameKey>,
    /// Targets that monitor the training.
    pub validation: Vec<FrameKey>,
    /// Targets of the published numbers.
    pub test: Vec<FrameKey>,
}

impl Split {
    /// Targets of a subset.
    pub(super) fn list(&self, subset: Subset) -> &[FrameKey] {
        match subset {
            Subset::Training => &self.training,
            Subset::Validation => &self.validation,
            Subset::Test => &self.test,
        }
    }

    pub(super) fn list_mut(&mut self, subset: Subset) -> &mut Vec<FrameKey> {
        match subset {
            Subset::Training => &mut self.training,
            Subset::Validation => &mut self.validation,
            Subset::Test => &mut self.test,
        }
    }
}

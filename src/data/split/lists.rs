//! A split as its three lists of frames.

use crate::data::FrameKey;

/// The three lists of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subset {
    /// Frames to train on.
    Training,
    /// Frames that tell how training goes.
    Validation,
    /// Frames that published numbers are about.
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

    /// The name of its list in a split folder.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Training => "train_files.txt",
            Self::Validation => "val_files.txt",
            Self::Test => "test_files.txt",
        }
    }
}

/// Which frames train, validate and test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Targets to train on.
    pub training: Vec<FrameKey>,
    /// Targets that tell how training goes.
    pub validation: Vec<FrameKey>,
    /// Targets that published numbers are about.
    pub test: Vec<FrameKey>,
}

impl Split {
    /// One of the three lists.
    pub fn part(&self, part: Subset) -> &[FrameKey] {
        match part {
            Subset::Training => &self.training,
            Subset::Validation => &self.validation,
            Subset::Test => &self.test,
        }
    }

    pub(super) fn part_mut(&mut self, part: Subset) -> &mut Vec<FrameKey> {
        match part {
            Subset::Training => &mut self.training,
            Subset::Validation => &mut self.validation,
            Subset::Test => &mut self.test,
        }
    }
}

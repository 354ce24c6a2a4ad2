//! Identity of networks: their origin and their version.

use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf};

/// Origin of networks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Provenance {
    /// The weights that come with the program. They are only for viewing; runs do not start from them.
    Demo,
    /// A weights folder, a run folder or a checkpoint.
    File(PathBuf),
    /// A run of this session.
    Run {
        /// Run folder.
        out: PathBuf,
        /// Steps made.
        step: u64,
    },
}

impl fmt::Display for Provenance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Demo => formatter.write_str("demo weights"),
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Run { out, step } => write!(formatter, "{} at step {step}", out.display()),
        }
    }
}

/// Version of networks: equal versions mean equal weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ModelVersion {
    /// Number that is new for every load of weights and every run.
    pub id: u64,
    /// Steps made in the run that the weights are of; 0 for loaded weights.
    pub step: u64,
}

//! Data, weights and runs that were opened recently.

use crate::config::DataChoice;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// Maximum number of entries of each kind.
const MAX_OF_KIND: usize = 8;

/// Lists of what was opened, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recents {
    /// Data, each with its split.
    pub data: Vec<RecentData>,
    /// Weights files and folders.
    pub weights: Vec<PathBuf>,
    /// Run folders.
    pub runs: Vec<PathBuf>,
    /// Paths that no longer exist.
    #[serde(skip)]
    pub missing: BTreeSet<PathBuf>,
}

/// Data that was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecentData {
    /// The built-in drive or a folder.
    pub data: DataChoice,
    /// Name or folder of the split; `None` trains on every frame.
    pub split: Option<String>,
}

/// Something that was opened recently, to be opened again.
#[derive(Clone, Debug, PartialEq)]
pub enum Recent {
    /// Data with its split.
    Data(RecentData),
    /// File or folder of weights.
    Weights(PathBuf),
    /// Folder of a run.
    Run(PathBuf),
}

impl Recent {
    /// Path of the folder or file; the built-in drive has none.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Data(RecentData { data: DataChoice::Demo, .. }) => None,
            Self::Data(RecentData { data: DataChoice::Folder(folder), .. })
            | Self::Data(RecentData { data: DataChoice::Assuming { folder, .. }, .. }) => Some(folder),
            Self::Weights(path) | Self::Run(path) => Some(path),
        }
    }

    /// The last two parts of the path, and the split.
    pub fn label(&self) -> String {
        let path = self.path().unwrap_or(Path::new("built-in drive"));
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        let end = parts[parts.len().saturating_sub(2)..].join("/");
        match self {
            Self::Data(RecentData { split: Some(split), .. }) => {
                let split =
                    Path::new(split).file_name().map_or(split.as_str().into(), |name| name.to_string_lossy());
                format!("{end} ({split})")
            }
            _ => end,
        }
    }

    /// A sentence for the tooltip, with the whole path.
    pub fn help(&self) -> String {
        let path = self.path().unwrap_or(Path::new("demo")).display();
        match self {
            Self::Data(RecentData { split: Some(split), .. }) => {
                format!("Open {path} with the split {split}")
            }
            Self::Data(_) => format!("Open {path}"),
            Self::Weights(_) => format!("Load the networks in {path}"),
            Self::Run(_) => format!("Continue the run in {path}"),
        }
    }
}

impl Recents {
    /// Puts what was opened first in its list.
    pub fn add(&mut self, recent: Recent) {
        match recent {
            Recent::Data(mut recent) => {
                match &mut recent.data {
                    DataChoice::Demo => {}
                    DataChoice::Folder(folder) | DataChoice::Assuming { folder, .. } => {
                        *folder = absolute(std::mem::take(folder));
                    }
                }
                renew(&mut self.data, recent);
            }
            Recent::Weights(path) => renew(&mut self.weights, absolute(path)),
            Recent::Run(path) => renew(&mut self.runs, absolute(path)),
        }
    }

    /// Every entry: data, weights, runs.
    pub fn all(&self) -> impl Iterator<Item = Recent> + '_ {
        let data = self.data.iter().cloned().map(Recent::Data);
        let weights = self.weights.iter().cloned().map(Recent::Weights);
        data.chain(weights).chain(self.runs.iter().cloned().map(Recent::Run))
    }

    /// Reason why an entry cannot be opened; `None` if it can.
    pub fn obstacle(&self, recent: &Recent) -> Option<String> {
        let path = recent.path().filter(|path| self.missing.contains(*path))?;
        Some(format!(
            "{} is no longer there: it was moved, removed, or its disk is not connected",
            path.display()
        ))
    }

    /// The lists cut to their maximum, for a file that was edited by hand.
    pub fn trimmed(mut self) -> Self {
        self.data.truncate(MAX_OF_KIND);
        self.weights.truncate(MAX_OF_KIND);
        self.runs.truncate(MAX_OF_KIND);
        self
    }
}

fn renew<T: PartialEq>(list: &mut Vec<T>, newest: T) {
    list.retain(|other| *other != newest);
    list.insert(0, newest);
    list.truncate(MAX_OF_KIND);
}

/// Absolute path, which is valid in any working folder.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

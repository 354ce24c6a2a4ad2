//! What was opened lately.

use super::state::State;
use crate::config::DataChoice;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// More than this of a kind is no longer lately.
const MOST: usize = 8;

/// The newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recents {
    /// Data with the split it was opened with.
    pub data: Vec<RecentData>,
    /// Weights.
    pub weights: Vec<PathBuf>,
    /// Run folders.
    pub runs: Vec<PathBuf>,
    /// Those that are no longer where they were.
    #[serde(skip)]
    pub missing: BTreeSet<PathBuf>,
}

/// Data that was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecentData {
    /// Where it is.
    pub data: DataChoice,
    /// The split's name or folder.
    pub split: Option<String>,
}

/// Something that was opened lately, to be opened again.
#[derive(Clone, Debug, PartialEq)]
pub enum Recent {
    /// Data.
    Data(RecentData),
    /// Networks.
    Weights(PathBuf),
    /// A run.
    Run(PathBuf),
}

impl Recent {
    /// Its folder or file; the built-in drive has none.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Data(RecentData { data: DataChoice::Demo, .. }) => None,
            Self::Data(RecentData { data: DataChoice::Folder(folder), .. })
            | Self::Data(RecentData { data: DataChoice::Assuming { folder, .. }, .. }) => Some(folder),
            Self::Weights(path) | Self::Run(path) => Some(path),
        }
    }

    /// The end of its path, which tells it from others, and its split.
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

    /// What opening it does, in a sentence with its whole path.
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
    /// Takes note of what was opened.
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

    /// All of them: data, weights, runs.
    pub fn all(&self) -> impl Iterator<Item = Recent> + '_ {
        let data = self.data.iter().cloned().map(Recent::Data);
        let weights = self.weights.iter().cloned().map(Recent::Weights);
        data.chain(weights).chain(self.runs.iter().cloned().map(Recent::Run))
    }

    /// Why it cannot be opened, if so.
    pub fn obstacle(&self, recent: &Recent) -> Option<String> {
        let path = recent.path().filter(|path| self.missing.contains(*path))?;
        Some(format!(
            "{} is no longer there: it was moved, removed, or its disk is not connected",
            path.display()
        ))
    }

    /// Without what is too much, as in a file that someone wrote by hand.
    pub fn trimmed(mut self) -> Self {
        self.data.truncate(MOST);
        self.weights.truncate(MOST);
        self.runs.truncate(MOST);
        self
    }
}

fn renew<T: PartialEq>(list: &mut Vec<T>, newest: T) {
    list.retain(|other| *other != newest);
    list.insert(0, newest);
    list.truncate(MOST);
}

/// As it can be found from another folder.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

impl State {
    /// Opens something again.
    pub fn open_again(&mut self, recent: Recent) {
        match recent {
            Recent::Data(RecentData { data, split }) => self.open_data(data, split),
            Recent::Weights(path) => self.load_weights(path),
            Recent::Run(path) => self.resume(path),
        }
    }
}

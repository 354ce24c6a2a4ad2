//! Data that was opened, and its samples for whichever frames a run needs.

use crate::{
    config::{DataChoice, FrameId},
    data::{
        self, FrameKey, FrameSource,
        split::{self, Split, Subset},
    },
};
use anyhow::Result;
use std::{
    path::{self, Path},
    sync::Arc,
};

/// Data and split.
#[derive(Clone)]
pub struct OpenData {
    /// The frames.
    pub source: Arc<dyn FrameSource>,
    choice: DataChoice,
    split: Option<String>,
}

/// Samples of which every frame is there.
pub struct Samples {
    /// To train on.
    pub training: Vec<FrameKey>,
    /// To validate on.
    pub validation: Vec<FrameKey>,
    /// Those that lack a frame, with what they lack.
    pub dropped: Vec<(FrameKey, String)>,
}

impl OpenData {
    /// Opens data. `split` is a split's folder or name, or `None` for every frame.
    pub fn open(choice: &DataChoice, split: Option<String>) -> Result<Self> {
        Ok(Self { source: data::open(choice)?, choice: choice.clone(), split })
    }

    /// The split's name or folder, if one was chosen.
    pub fn split(&self) -> Option<&str> {
        self.split.as_deref()
    }

    /// What opens the same data and split again, whichever folder the program is started in.
    pub fn absolute(&self) -> (DataChoice, Option<String>) {
        let absolute = |path: &Path| path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut choice = self.choice.clone();
        if let DataChoice::Folder(folder) | DataChoice::Assuming { folder, .. } = &mut choice {
            *folder = absolute(folder);
        }
        let split = self.split.as_ref().map(|split| match Path::new(split) {
            folder if folder.is_dir() => absolute(folder).display().to_string(),
            _ => split.clone(),
        });
        (choice, split)
    }

    /// The samples that have all these frames.
    ///
    /// # Errors
    /// If the split cannot be read, or no sample is left to train on.
    pub fn samples(&self, frame_ids: &[FrameId]) -> Result<Samples> {
        let source = self.source.as_ref();
        let split = match &self.split {
            Some(name) => Split::open(name, source, frame_ids, &[Subset::Training], &[Subset::Validation])?,
            None => split::every_frame(source, frame_ids),
        };
        let training = split::prescan(source, &split.training, frame_ids)?;
        let validation = split::prescan(source, &split.validation, frame_ids).unwrap_or_default();
        Ok(Samples {
            training: training.usable,
            validation: validation.usable,
            dropped: [training.dropped, validation.dropped].concat(),
        })
    }
}

/// A number that tells these samples from others: by their names, their order, and the first picture.
pub(crate) fn fingerprint(source: &dyn FrameSource, keys: &[FrameKey]) -> String {
    let picture = keys.first().and_then(|key| source.image(key).ok());
    let names = keys.iter().flat_map(|key| format!("{key}\n").into_bytes());
    let pixels = picture.iter().flat_map(|picture| picture.as_raw().iter().copied());
    format!("{:016x}", data::fingerprint::fingerprint(names.chain(pixels)))
}

//! Opened data with its split, and the samples for a run.

use crate::{
    config::{DataChoice, FrameId},
    data::{
        self, FrameKey, FrameSource,
        fnv::fnv1a,
        split::{self, Split, Subset},
    },
};
use anyhow::Result;
use std::{
    path::{self, Path},
    sync::Arc,
    time::Instant,
};
use tracing::debug;

/// Opened data with the split of a run.
#[derive(Clone)]
pub struct OpenData {
    /// Source of the frames.
    pub source: Arc<dyn FrameSource>,
    choice: DataChoice,
    split: Option<String>,
}

/// Samples of a run, by the keys of their targets.
pub struct Samples {
    /// Samples to train on, with all their frames.
    pub training: Vec<FrameKey>,
    /// Samples to validate on, with all their frames.
    pub validation: Vec<FrameKey>,
    /// Samples that lack a frame, with the reason.
    pub dropped: Vec<(FrameKey, String)>,
}

impl OpenData {
    /// Opens data. `split` is the folder or name of a split, or `None` for every frame.
    ///
    /// # Errors
    /// The data cannot be opened.
    pub fn open(choice: &DataChoice, split: Option<String>) -> Result<Self> {
        Ok(Self { source: data::open(choice)?, choice: choice.clone(), split })
    }

    /// Name or folder of the split; `None` for every frame.
    pub fn split(&self) -> Option<&str> {
        self.split.as_deref()
    }

    /// Data and split with absolute paths, so that they can be opened again from any working directory.
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

    /// Selects the samples that have all these frames.
    ///
    /// # Errors
    /// The split cannot be read, or no sample is left to train on.
    pub fn samples(&self, frame_ids: &[FrameId]) -> Result<Samples> {
        let started = Instant::now();
        let source = self.source.as_ref();
        let split = match &self.split {
            Some(name) => Split::open(name, source, frame_ids, &[Subset::Training], &[Subset::Validation])?,
            None => split::every_frame(source, frame_ids),
        };
        let training = split::prescan(source, &split.training, frame_ids)?;
        let validation = split::prescan(source, &split.validation, frame_ids).unwrap_or_default();
        let samples = Samples {
            training: training.usable,
            validation: validation.usable,
            dropped: [training.dropped, validation.dropped].concat(),
        };
        debug!(
            split = self.split,
            training = samples.training.len(),
            validation = samples.validation.len(),
            dropped = samples.dropped.len(),
            seconds = started.elapsed().as_secs_f64(),
            "samples selected"
        );
        Ok(samples)
    }
}

/// Fingerprint of samples, in hexadecimal: a hash of their keys in order, and of the first image.
pub(crate) fn fingerprint(source: &dyn FrameSource, keys: &[FrameKey]) -> String {
    let image = keys.first().and_then(|key| source.image(key).ok());
    let names = keys.iter().flat_map(|key| format!("{key}\n").into_bytes());
    let pixels = image.iter().flat_map(|image| image.as_raw().iter().copied());
    format!("{:016x}", fnv1a(names.chain(pixels)))
}

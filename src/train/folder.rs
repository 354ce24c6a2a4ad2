//! A run's folder (DESIGN section 4): what it is, how far it came, and checkpoints that are whole or
//! not there at all.

use super::{Adam, Checkpoint, Position};
use crate::{
    config::{DataChoice, Precision, RunConfig},
    data::whole::{self, UNFINISHED},
    model::{Networks, weights::PretrainedEncoders},
};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// What `manifest.json` says of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The program.
    pub program: String,
    /// Its version.
    pub version: String,
    /// Where it computed at first.
    pub device: String,
    /// Operands of its convolutions at first; runs of earlier versions had no choice.
    #[serde(default)]
    pub precision: Precision,
    /// Where the frames are.
    pub data: DataChoice,
    /// The split's name or folder, if one was chosen.
    pub split: Option<String>,
    /// Samples that train.
    pub samples: usize,
    /// A number that tells these samples from others.
    pub data_fingerprint: String,
    /// The seed.
    pub seed: u64,
    /// What `--pretrained-encoder` filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretrained: Option<PretrainedEncoders>,
}

/// The folder of a run.
#[derive(Clone, Debug)]
pub struct RunFolder(PathBuf);

const CONFIG: &str = "config.toml";
const MANIFEST: &str = "manifest.json";
const CHECKPOINTS: &str = "checkpoints";
const SNAPSHOTS: &str = "snapshots";
/// Files that hold the name of a checkpoint.
const LAST: &str = "last";
const BEST: &str = "best";

impl RunFolder {
    /// Makes the folder of a new run and writes down what the run is.
    ///
    /// # Errors
    /// If the folder holds anything already, or cannot be written to.
    pub fn create(path: &Path, config: &RunConfig, manifest: &Manifest) -> Result<Self> {
        let holds_files = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
        if holds_files && path.join(LAST).is_file() {
            bail!(
                "the run folder {} is not empty: go on with its run by --resume, or choose another with --out",
                path.display()
            );
        }
        if holds_files {
            bail!("the run folder {} is not empty; choose another with --out", path.display());
        }
        fs::create_dir_all(path.join(CHECKPOINTS)).with_context(|| {
            format!("the run folder {} cannot be made; choose a writable place with --out", path.display())
        })?;
        let folder = Self(path.to_owned());
        let manifest =
            serde_json::to_string_pretty(manifest).context("the manifest cannot be written as JSON")?;
        write_whole(&path.join(MANIFEST), manifest.as_bytes())?;
        folder.write_config(config)?;
        Ok(folder)
    }

    /// Opens the folder of a run that was begun.
    ///
    /// # Errors
    /// If it is no run folder.
    pub fn open(path: &Path) -> Result<Self> {
        if !path.join(CONFIG).is_file() {
            bail!("{} is no run folder: it has no {CONFIG}; give the folder of a run", path.display());
        }
        Ok(Self(path.to_owned()))
    }

    /// Removes what a killed process left half-written; only for who has the log open.
    pub(super) fn clean(&self) -> Result<()> {
        clean(&self.0)?;
        clean(&self.0.join(CHECKPOINTS))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The run's configuration, with the changes that were made on the way.
    pub fn config(&self) -> Result<RunConfig> {
        let path = self.0.join(CONFIG);
        let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is damaged", path.display()))
    }

    /// Writes down the run's configuration.
    pub fn write_config(&self, config: &RunConfig) -> Result<()> {
        let text = toml::to_string(config).context("the configuration cannot be written as TOML")?;
        write_whole(&self.0.join(CONFIG), text.as_bytes())
    }

    /// What the run is made of.
    pub fn manifest(&self) -> Result<Manifest> {
        let path = self.0.join(MANIFEST);
        let bytes = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is damaged or of an older version", path.display()))
    }

    /// The folder of the newest checkpoint.
    ///
    /// # Errors
    /// If there is none.
    pub fn last_checkpoint(&self) -> Result<PathBuf> {
        let named = pointed_to(&self.0, LAST);
        let newest = || self.checkpoints().pop().map(|(_, path)| path);
        named.or_else(newest).with_context(|| {
            format!(
                "{} has no checkpoint: the run ended before it began; remove the folder and start anew",
                self.0.display()
            )
        })
    }

    /// Writes `checkpoints/step_NNNNNN`. A reader sees the whole checkpoint or none of it. Then points
    /// to it and to the best one, and removes older ones that need not be kept.
    ///
    /// # Errors
    /// If it cannot be written; everything is then as it was.
    pub fn save(
        &self,
        networks: &Networks,
        config: &RunConfig,
        adam: &Adam,
        position: Position,
    ) -> Result<PathBuf> {
        let checkpoints = self.0.join(CHECKPOINTS);
        let target = checkpoints.join(step_name(position.step));
        let write = || -> Result<()> {
            let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(&checkpoints)?;
            Checkpoint::write(unfinished.path(), networks, config, adam, position)?;
            if target.exists() {
                remove(&target)?;
            }
            fs::rename(unfinished.path(), &target)?;
            self.point(LAST, position.step)?;
            self.point_to_best(position)
        };
        write().with_context(|| {
            format!(
                "the checkpoint {} cannot be written; free space or permission is missing",
                target.display()
            )
        })?;
        self.prune(config, position)?;
        Ok(target)
    }

    /// Changes what the checkpoint of this step says besides networks and moments.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn amend(&self, position: Position) -> Result<()> {
        position.write(&self.0.join(CHECKPOINTS).join(step_name(position.step)))?;
        self.point_to_best(position)
    }

    /// Points to the best checkpoint, as the position knows it.
    pub fn point_to_best(&self, position: Position) -> Result<()> {
        position.best.map_or(Ok(()), |best| self.point(BEST, best.step))
    }

    fn point(&self, pointer: &str, step: u64) -> Result<()> {
        write_whole(&self.0.join(pointer), step_name(step).as_bytes())
    }

    /// Removes checkpoints that are neither the best, nor at the end of an epoch that is kept, nor
    /// among the newest.
    fn prune(&self, config: &RunConfig, position: Position) -> Result<()> {
        let best = position.best.map(|best| best.step);
        let older = self.checkpoints().into_iter().rev().skip(config.training.keep_checkpoints);
        for (_, path) in older.filter(|(step, _)| Some(*step) != best) {
            let ends_kept_epoch = Position::read(&path).is_ok_and(|position| {
                position.ends_epoch() && (position.epoch + 1).is_multiple_of(config.training.save_frequency)
            });
            if !ends_kept_epoch {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// Every checkpoint by its step, the oldest first.
    fn checkpoints(&self) -> Vec<(u64, PathBuf)> {
        of_steps(&self.0.join(CHECKPOINTS), "")
    }

    /// Where the snapshots of a run lie, if there are any.
    pub(super) fn snapshots_in(run: &Path) -> PathBuf {
        run.join(SNAPSHOTS)
    }

    /// The folder of networks that `--weights` names: itself, a run folder's last checkpoint, or the
    /// one that the file `best` or `last` of a run folder points to.
    pub fn weights_in(path: &Path) -> PathBuf {
        let pointer = [LAST, BEST].into_iter().find(|pointer| path.ends_with(pointer) && path.is_file());
        let pointed = match (pointer, path.parent()) {
            (Some(pointer), Some(run)) => pointed_to(run, pointer),
            _ => pointed_to(path, LAST),
        };
        pointed.unwrap_or_else(|| path.to_owned())
    }
}

/// The name of what belongs to a step.
pub(super) fn step_name(step: u64) -> String {
    format!("step_{step:06}")
}

/// What a folder holds of steps under such names with this ending; the oldest first.
pub(super) fn of_steps(folder: &Path, ending: &str) -> Vec<(u64, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let step = name.to_str()?.strip_prefix("step_")?.strip_suffix(ending)?.parse().ok()?;
            Some((step, entry.path()))
        })
        .collect();
    found.sort();
    found
}

/// Removes from a folder what a killed process left half-written.
pub(super) fn clean(folder: &Path) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("the folder {} cannot be read", folder.display()))?;
    for entry in entries.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// The checkpoint that a pointer of a run folder names, if it is there.
fn pointed_to(run: &Path, pointer: &str) -> Option<PathBuf> {
    let name = fs::read_to_string(run.join(pointer)).ok()?;
    let checkpoint = run.join(CHECKPOINTS).join(name.trim());
    (!name.trim().is_empty() && checkpoint.is_dir()).then_some(checkpoint)
}

/// Removes a file or folder; a folder loses its name first, so that it is never seen half-removed.
pub(super) fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let nameless = path.with_file_name(format!("{UNFINISHED}removed_{name}"));
        fs::rename(path, &nameless).and_then(|()| fs::remove_dir_all(&nameless))
    } else {
        fs::remove_file(path)
    };
    removed.with_context(|| format!("{} cannot be removed", path.display()))
}

/// Writes a file so that it is never seen half-written.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    whole::write_whole(path, |file| file.write_all(bytes))
        .with_context(|| format!("{} cannot be written", path.display()))
}

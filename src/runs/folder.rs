//! A run's folder: configuration, manifest and checkpoints, each written whole or not at all.

use super::{
    Checkpoint, Log, Manifest, Position,
    files::{
        entries_by_step, read_file, refuse_links, remove, remove_unfinished, set_aside, step_in, step_name,
        write_if_changed, write_whole,
    },
};
use crate::{
    compute::ops::AdamState,
    config::{RunConfig, RunFile},
    data::atomic_file::{MAX_SIDE_FILE, UNFINISHED, in_words, read_side_file},
    model::Networks,
};
use anyhow::{Context, Error, Result, anyhow, bail};
use burn::tensor::Device;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};
use tracing::{debug, info};

/// Handle of an existing run folder.
#[derive(Clone, Debug)]
pub struct RunFolder(PathBuf);

const CONFIG: &str = "config.toml";
const MANIFEST: &str = "manifest.json";
const CHECKPOINTS: &str = "checkpoints";
const SNAPSHOTS: &str = "snapshots";
const TENSORBOARD: &str = "tensorboard";
/// Pointers: files that hold the name of a checkpoint.
const LAST: &str = "last";
const BEST: &str = "best";
/// Files and folders that a run changes.
const OWN: [&str; 8] = [CONFIG, MANIFEST, Log::FILE_NAME, LAST, BEST, CHECKPOINTS, SNAPSHOTS, TENSORBOARD];
const HOW_TO_MEND_CONFIG: &str = "put it back from a copy, or take that of a run with the same options; or start a \
                                  new run from the networks of this one with --weights";

impl RunFolder {
    /// Creates the folder of a new run, with its configuration and manifest.
    ///
    /// # Errors
    /// If the folder is not empty, or cannot be written to.
    pub fn create(path: &Path, config: &RunConfig, manifest: &Manifest) -> Result<Self> {
        let holds_files = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
        if holds_files && path.join(LAST).is_file() {
            bail!(
                "the run folder {} is not empty: continue its run with --resume, or choose another with --out",
                path.display()
            );
        }
        if holds_files {
            bail!("the run folder {} is not empty; choose another with --out", path.display());
        }
        // Only one process can create the inner folder: another one that starts a run here at the same time fails.
        fs::create_dir_all(path)
            .and_then(|()| fs::create_dir(path.join(CHECKPOINTS)))
            .map_err(in_words)
            .with_context(|| {
                format!(
                    "the run folder {} cannot be made; choose a writable place with --out",
                    path.display()
                )
            })?;
        let folder = Self(path.to_owned());
        let write = || -> Result<()> {
            folder.write_manifest(manifest)?;
            folder.write_config(config)
        };
        write().inspect_err(|_| folder.discard())?;
        Ok(folder)
    }

    /// Removes the folder of a run that could not start.
    pub(crate) fn discard(&self) {
        // If something stays, `create` reports it when the folder is chosen again.
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let path = entry.path();
            let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
        let _ = fs::remove_dir(&self.0);
    }

    /// Opens an existing run folder, to which the run may then write.
    ///
    /// # Errors
    /// If `path` is not a run folder, or has links to places outside.
    pub fn open(path: &Path) -> Result<Self> {
        if !path.join(CONFIG).exists() {
            if path.join(CHECKPOINTS).is_dir() {
                bail!("{} is missing; {HOW_TO_MEND_CONFIG}", path.join(CONFIG).display());
            }
            bail!("{} is not a run folder: it has no {CONFIG}; give the folder of a run", path.display());
        }
        refuse_links(path, &OWN)?;
        Ok(Self(path.to_owned()))
    }

    /// Removes the files that a killed process left half-written; returns warnings about harmless problems. Only
    /// the owner of the open log, which locks the folder, may call it.
    ///
    /// # Errors
    /// If the configuration cannot be read.
    pub(crate) fn tidy(&self) -> Result<Vec<String>> {
        let mut warnings = Vec::new();
        if let Err(error) =
            remove_unfinished(&self.0).and_then(|()| remove_unfinished(&self.0.join(CHECKPOINTS)))
        {
            warnings
                .push(format!("files of an interrupted run could not be removed and take space: {error:#}"));
        }
        if self.0.join(LAST).symlink_metadata().is_ok() && pointed_to(&self.0, LAST).is_none() {
            let last = self.0.join(LAST);
            warnings.push(format!("{} names no checkpoint of the run; the newest is taken", last.display()));
        }
        let unknown = self.run_file()?.unknown_names();
        if !unknown.is_empty() {
            warnings.push(format!(
                "{} was written by another version; these options are kept in the file but have no effect: {}",
                self.0.join(CONFIG).display(),
                unknown.join(", ")
            ));
        }
        Ok(warnings)
    }

    /// Path of the folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Configuration of the run, with the changes made to it so far.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or was written by a newer version.
    pub fn config(&self) -> Result<RunConfig> {
        Ok(self.run_file()?.config)
    }

    fn run_file(&self) -> Result<RunFile> {
        let path = self.0.join(CONFIG);
        let damaged = |reason: &str| {
            anyhow!("{} is damaged or of a newer version: {reason}; {HOW_TO_MEND_CONFIG}", path.display())
        };
        let bytes = read_file(&path, MAX_SIDE_FILE)?;
        let text = str::from_utf8(&bytes).map_err(|_| damaged("it is not text"))?;
        RunFile::parse(text).map_err(|error| damaged(&error.to_string()))
    }

    /// Writes the configuration; keys of an existing file that this version does not know are kept.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_config(&self, config: &RunConfig) -> Result<()> {
        let text = match self.run_file() {
            Ok(file) => file.text_with(config)?,
            Err(_) => toml::to_string(config).context("the configuration cannot be written as TOML")?,
        };
        write_if_changed(&self.0.join(CONFIG), text.as_bytes())
    }

    /// Data, split and device that the run started with.
    ///
    /// # Errors
    /// If the file is missing or damaged: the run can then resume only on data named by the caller.
    pub fn manifest(&self) -> Result<Manifest> {
        let path = self.0.join(MANIFEST);
        let parsed = || -> Result<Manifest> {
            let manifest = serde_json::from_slice(&read_file(&path, MAX_SIDE_FILE)?).ok();
            manifest.with_context(|| format!("{} is damaged or of another version", path.display()))
        };
        parsed().map_err(|error| {
            anyhow!(
                "{error:#}, so the run does not state which data it trained on; to continue, name the data with --data \
                 and its split with --split on the command line"
            )
        })
    }

    fn write_manifest(&self, manifest: &Manifest) -> Result<()> {
        let text =
            serde_json::to_string_pretty(manifest).context("the manifest cannot be written as JSON")?;
        write_whole(&self.0.join(MANIFEST), text.as_bytes())
    }

    /// Replaces an unusable manifest, of which a copy is kept; returns a warning.
    pub(crate) fn replace_manifest(&self, manifest: &Manifest) -> Result<String> {
        let path = self.0.join(MANIFEST);
        let copy = path.with_extension("damaged.json");
        let kept = match fs::rename(&path, &copy) {
            Ok(()) => format!("damaged and is now {}", copy.display()),
            Err(_) => "missing".to_owned(),
        };
        self.write_manifest(manifest)?;
        let path = path.display();
        Ok(format!(
            "{path} was {kept}; a new one was written, but nothing can tell whether this is the data that the run \
             was begun with"
        ))
    }

    /// Creates the folder of a running run again, without its earlier checkpoints, if it was moved or removed.
    /// Returns a warning if so.
    ///
    /// # Errors
    /// If it cannot be created.
    pub(crate) fn restore(&self, config: &RunConfig, manifest: &Manifest) -> Result<Option<String>> {
        let checkpoints = self.0.join(CHECKPOINTS);
        // If a file is in its place, writing the next checkpoint reports it.
        if checkpoints.symlink_metadata().is_ok() {
            return Ok(None);
        }
        let gone = if self.0.is_dir() { &checkpoints } else { &self.0 };
        let gone = format!("the run folder {} is gone (moved or removed)", gone.display());
        let write = || -> Result<()> {
            fs::create_dir_all(&checkpoints).map_err(in_words)?;
            if !self.0.join(MANIFEST).is_file() {
                self.write_manifest(manifest)?;
            }
            self.write_config(config)
        };
        write().with_context(|| format!("{gone} and cannot be made again"))?;
        Ok(Some(format!("{gone}; it was made again, without the checkpoints of earlier steps")))
    }

    /// Path of the newest checkpoint.
    ///
    /// # Errors
    /// If there is no checkpoint.
    pub fn last_checkpoint(&self) -> Result<PathBuf> {
        let named = pointed_to(&self.0, LAST);
        let newest = || self.checkpoints().pop().map(|(_, path)| path);
        named.or_else(newest).with_context(|| {
            format!(
                "{} has no checkpoint: the run ended before its first one was written; remove the folder and start a new run",
                self.0.display()
            )
        })
    }

    /// Position of the run at its newest checkpoint.
    ///
    /// # Errors
    /// If there is no checkpoint, or it cannot be read.
    pub fn last_position(&self) -> Result<Position> {
        let path = self.last_checkpoint()?;
        Position::read(&path).with_context(|| self.advice_for_unusable(&path))
    }

    /// Reads the newest checkpoint.
    ///
    /// # Errors
    /// If there is no checkpoint, or it cannot be read.
    pub(crate) fn read_last(&self, device: &Device) -> Result<Checkpoint> {
        let started = Instant::now();
        let path = self.last_checkpoint()?;
        let checkpoint = Checkpoint::read(&path, device).with_context(|| self.advice_for_unusable(&path))?;
        let (step, seconds) = (checkpoint.position.step, started.elapsed().as_secs_f64());
        info!(step, seconds, path = %path.display(), "checkpoint read");
        Ok(checkpoint)
    }

    /// Advice about a checkpoint that cannot be read.
    fn advice_for_unusable(&self, path: &Path) -> String {
        let path_shown = path.display();
        match self.checkpoints().iter().any(|(_, other)| other != path) {
            true => {
                format!(
                    "the checkpoint {path_shown} cannot be used; remove it to continue from the previous one"
                )
            }
            false => format!(
                "the checkpoint {path_shown} cannot be used, and the run has no other; start a new run"
            ),
        }
    }

    /// Writes the checkpoint `checkpoints/step_NNNNNN` atomically. Then updates the pointers `last` and `best`,
    /// and removes older checkpoints that need not be kept. Returns its path, and a warning if some of those
    /// cannot be removed.
    ///
    /// # Errors
    /// If it cannot be written; everything is then unchanged.
    pub fn save(
        &self,
        networks: &Networks,
        config: &RunConfig,
        adam: &AdamState,
        position: Position,
    ) -> Result<(PathBuf, Option<String>)> {
        let started = Instant::now();
        let checkpoints = self.0.join(CHECKPOINTS);
        let target = checkpoints.join(step_name(position.step));
        let write = || -> Result<Option<PathBuf>> {
            refuse_links(&self.0, &OWN)?;
            let unfinished =
                tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(&checkpoints).map_err(in_words)?;
            Checkpoint::write(unfinished.path(), networks, config, adam, position)?;
            let replaced = if target.exists() { Some(set_aside(&target)?) } else { None };
            if let Err(error) = fs::rename(unfinished.path(), &target) {
                if let Some(replaced) = replaced {
                    fs::rename(replaced, &target)?;
                }
                return Err(error.into());
            }
            self.point(LAST, position.step)?;
            self.point_to_best(position)?;
            Ok(replaced)
        };
        let replaced =
            write().with_context(|| format!("the checkpoint {} cannot be written", target.display()))?;
        let seconds = started.elapsed().as_secs_f64();
        info!(step = position.step, seconds, path = %target.display(), "checkpoint written");
        let failures: Vec<Error> = replaced
            .map(|replaced| remove(&replaced))
            .into_iter()
            .chain(self.prune(config, position))
            .filter_map(Result::err)
            .collect();
        let warning = failures.first().map(|first| match failures.len() {
            1 => format!("an old checkpoint stays and takes space: {first:#}"),
            count => format!("{count} old checkpoints stay and take space; the first: {first:#}"),
        });
        Ok((target, warning))
    }

    /// Rewrites the position of the checkpoint of this step, after a validation.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn rewrite_position(&self, position: Position) -> Result<()> {
        refuse_links(&self.0, &OWN)?;
        position.write(&self.0.join(CHECKPOINTS).join(step_name(position.step)))?;
        self.point_to_best(position)
    }

    /// Points `best` to the checkpoint of the best validation, if that exists.
    ///
    /// # Errors
    /// If the pointer cannot be written.
    pub fn point_to_best(&self, position: Position) -> Result<()> {
        let is_there = |step| self.0.join(CHECKPOINTS).join(step_name(step)).is_dir();
        position.best.filter(|best| is_there(best.step)).map_or(Ok(()), |best| self.point(BEST, best.step))
    }

    fn point(&self, pointer: &str, step: u64) -> Result<()> {
        write_if_changed(&self.0.join(pointer), step_name(step).as_bytes())
    }

    /// Removes checkpoints that are neither the best, nor among the newest, nor at the end of an epoch that is kept.
    fn prune(&self, config: &RunConfig, position: Position) -> Vec<Result<()>> {
        let best = position.best.map(|best| best.step);
        let older = self.checkpoints().into_iter().rev().skip(config.training.keep_checkpoints);
        let ends_kept_epoch = |path: &Path| {
            Position::read(path).is_ok_and(|position| {
                position.ends_epoch() && (position.epoch + 1).is_multiple_of(config.training.save_frequency)
            })
        };
        older
            .filter(|(step, path)| Some(*step) != best && !ends_kept_epoch(path))
            .map(|(step, path)| {
                debug!(step, "checkpoint removed, because newer ones are kept");
                remove(&path)
            })
            .collect()
    }

    /// All checkpoints in order of steps.
    fn checkpoints(&self) -> Vec<(u64, PathBuf)> {
        entries_by_step(&self.0.join(CHECKPOINTS), "")
    }

    /// Path of the folder of snapshots of a run; it may not exist.
    pub(crate) fn snapshots_path(run: &Path) -> PathBuf {
        run.join(SNAPSHOTS)
    }

    /// Resolves a path given as `--weights` to a folder of networks: a run folder to its last checkpoint, the file
    /// `best` or `last` of a run folder to the checkpoint that it points to, and any other path to itself.
    pub fn weights_in(path: &Path) -> PathBuf {
        let pointer = [LAST, BEST].into_iter().find(|pointer| path.ends_with(pointer) && path.is_file());
        let pointed = match (pointer, path.parent()) {
            (Some(pointer), Some(run)) => pointed_to(run, pointer),
            _ if path.join(LAST).is_file() => {
                let newest = || Self(path.to_owned()).checkpoints().pop().map(|(_, path)| path);
                pointed_to(path, LAST).or_else(newest)
            }
            _ => None,
        };
        pointed.unwrap_or_else(|| path.to_owned())
    }

    /// Resolves a path like [`RunFolder::weights_in`], to write next to the weights.
    ///
    /// # Errors
    /// If it is a run folder with links to places outside.
    pub fn weights_to_change(path: &Path) -> Result<PathBuf> {
        let weights = Self::weights_in(path);
        let run = if path.is_file() { path.parent().unwrap_or(path) } else { path };
        if weights != path {
            refuse_links(run, &[LAST, BEST, CHECKPOINTS])?;
        }
        Ok(weights)
    }
}

/// Path of the checkpoint that a pointer of a run folder names, if it exists.
fn pointed_to(run: &Path, pointer: &str) -> Option<PathBuf> {
    let name = read_side_file(&run.join(pointer)).ok()?;
    // Any other name might lead out of the folder.
    step_in(name.trim(), "")?;
    Some(run.join(CHECKPOINTS).join(name.trim())).filter(|checkpoint| checkpoint.is_dir())
}

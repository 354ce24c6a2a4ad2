//! The log of a run, `metrics.jsonl`: one JSON object per line, in order of time.
//!
//! A logged step has `step`, `epoch`, `loss`, `loss_0` to `loss_3`, `lr`, `gradient_norm` and more. The
//! validation after a step has `step`, `epoch` and values whose names begin with `val_`. A change of the
//! configuration has the number of the first `step` that is made with it, `"event": "change"`, and the
//! option with its new value.

use super::{
    Position, StepReport, ValidationReport, append::AppendFile, files::read_file, tensorboard::EventFile,
};
use crate::{
    config::Change,
    data::atomic_file::{in_words, write_whole},
};
use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

/// Most bytes of a log: those of a million steps.
const MAX_BYTES: u64 = 1 << 30;
/// Most bytes of a line that is parsed; ours have less than two thousand.
const MAX_LINE: usize = 1 << 16;

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// Metrics and times of a step.
    Step(StepReport),
    /// Losses and depth metrics of a validation.
    Validation(ValidationReport),
    /// A change of the configuration.
    Change(Change),
}

/// The open log of a run, and its TensorBoard file if it has one.
#[derive(Debug)]
pub struct Log {
    lines: AppendFile,
    events: Option<EventFile>,
    /// Number of lines that are not JSON.
    pub(crate) unreadable: usize,
}

impl Log {
    /// Name of the log in a run folder.
    pub const FILE_NAME: &str = "metrics.jsonl";

    /// Opens and locks the log of a run folder to continue from a position; also returns the entries up to there.
    /// Removes the lines of later steps, but keeps lines that are not entries, such as those of a newer version.
    /// If `tensorboard` is set, entries also go to an event file in the folder of this name.
    ///
    /// # Errors
    /// If the log cannot be read and written, or another process has it open.
    pub fn open(run: &Path, position: &Position, tensorboard: bool) -> Result<(Self, Vec<Entry>)> {
        let path = run.join(Self::FILE_NAME);
        let open = || -> Result<(File, Vec<u8>)> {
            let is_other = path.symlink_metadata().is_ok_and(|facts| !facts.is_file());
            ensure!(!is_other, "it is a link, a pipe or a folder, not a regular file");
            let mut file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .read(true)
                .write(true)
                .open(&path)
                .map_err(in_words)?;
            // Some network drives have no locks, so only a lock held by another process is an error.
            if let Err(TryLockError::WouldBlock) = file.try_lock() {
                bail!("another process is making this run; end it first");
            }
            let mut bytes = Vec::new();
            Read::by_ref(&mut file).take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
            ensure!(
                bytes.len() as u64 <= MAX_BYTES,
                "it is longer than {} MiB; move it away to continue without its curves",
                MAX_BYTES >> 20
            );
            Ok((file, bytes))
        };
        let (mut file, found) =
            open().with_context(|| format!("the log {} cannot be opened", path.display()))?;
        let (kept, entries, unreadable) = lines_before(&found, position);
        let same = found.iter().zip(&kept).take_while(|(found, kept)| found == kept).count();
        let mut rewrite = || -> io::Result<()> {
            if has_other_names(&file) {
                write_whole(&path, |file| file.write_all(&kept))?;
                file = OpenOptions::new().read(true).write(true).open(&path)?;
                // Nobody else can have the new file open, so the lock cannot fail where there are locks.
                let _ = file.try_lock();
                return Ok(());
            }
            // Kept lines are moved forward before the rest is cut off, so that a kill loses none of them.
            if same < kept.len() {
                file.seek(SeekFrom::Start(same as u64))?;
                file.write_all(&kept[same..])?;
            }
            file.set_len(kept.len() as u64)
        };
        rewrite()
            .map_err(in_words)
            .with_context(|| format!("the log {} cannot be written", path.display()))?;
        let events =
            tensorboard.then(|| EventFile::create(&run.join("tensorboard"), position.step)).transpose()?;
        let lines = AppendFile::new(file, path, kept.len() as u64);
        Ok((Self { lines, events, unreadable }, entries))
    }

    /// Reads the entries of the log of a run folder, even while the run trains.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(run: &Path) -> Result<Vec<Entry>> {
        let bytes = read_file(&run.join(Self::FILE_NAME), MAX_BYTES)?;
        let mut entries = Vec::with_capacity(most_entries(&bytes));
        entries.extend(bytes.split(|byte| *byte == b'\n').filter_map(|line| entry(object_in(line)?)));
        Ok(entries)
    }

    /// Appends an entry and writes it. If that fails, it is kept and written with the next one.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&mut self, entry: &Entry) -> Result<()> {
        self.push(entry);
        self.flush()
    }

    /// Adds an entry to what [`Log::flush`] writes.
    pub fn push(&mut self, entry: &Entry) {
        let line = line(entry);
        if let Some(events) = &mut self.events {
            events.push(&line);
        }
        self.lines.push(format!("{}\n", Value::Object(line)).as_bytes());
    }

    /// Writes the log again if it was moved or removed during the run.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn restore(&mut self) -> Result<()> {
        if let Some(file) = self.lines.restore()? {
            // Nobody else can have the new file open, so the lock cannot fail where there are locks.
            let _ = file.try_lock();
        }
        self.events.as_mut().map_or(Ok(()), EventFile::restore)
    }

    /// Writes all pending entries, to the event file even if the log fails, and the other way round.
    ///
    /// # Errors
    /// If some cannot be written; they are kept for the next call.
    pub fn flush(&mut self) -> Result<()> {
        let events = self.events.as_mut().map_or(Ok(()), EventFile::flush);
        self.lines.flush().and(events)
    }
}

/// Selects the lines of a log up to a position: their bytes with line ends, the entries among them, and the number
/// of lines that are not JSON.
fn lines_before(log: &[u8], position: &Position) -> (Vec<u8>, Vec<Entry>, usize) {
    let mut lines = Vec::with_capacity(log.len() + 1);
    let (mut entries, mut unreadable) = (Vec::with_capacity(most_entries(log)), 0);
    for line in log.split_inclusive(|byte| *byte == b'\n') {
        let object = object_in(line);
        let is_torn = object.is_none() && !line.ends_with(b"\n");
        if is_torn || !object.as_ref().is_none_or(|object| came_before(object, position)) {
            continue;
        }
        lines.extend(line.strip_suffix(b"\n").unwrap_or(line));
        lines.push(b'\n');
        unreadable += usize::from(object.is_none());
        entries.extend(object.and_then(entry));
    }
    (lines, entries, unreadable)
}

/// Number of lines that are long enough for an entry. Entries are larger than their lines, so a list of them that grows as
/// it is filled would take several times its size.
fn most_entries(log: &[u8]) -> usize {
    const SHORTEST: usize = 32;
    log.split(|byte| *byte == b'\n').filter(|line| line.len() >= SHORTEST).count()
}

/// True if the file has further names (hard links), as in a backup of the run: those must not change with it.
fn has_other_names(file: &File) -> bool {
    #[cfg(unix)]
    return file.metadata().is_ok_and(|facts| std::os::unix::fs::MetadataExt::nlink(&facts) > 1);
    #[cfg(not(unix))]
    return false;
}

fn object_in(line: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(Some(line).filter(|line| line.len() <= MAX_LINE)?).ok()
}

/// Tells if a line was written before a run reached this position. A line without a step always was.
fn came_before(line: &Map<String, Value>, position: &Position) -> bool {
    let Some(step) = line.get("step").and_then(Value::as_u64) else { return true };
    // A validation follows its step, so the checkpoint of that step may have been written before it.
    if line.contains_key("val_loss") && step == position.step {
        position.validated == Some(step)
    } else {
        step <= position.step
    }
}

fn line(entry: &Entry) -> Map<String, Value> {
    let pairs: Vec<(String, Value)> = match entry {
        Entry::Step(report) => [
            ("step", json!(report.step)),
            ("epoch", json!(report.epoch)),
            ("loss", json!(report.loss)),
            ("lr", json!(report.learning_rate)),
            ("gradient_norm", json!(report.gradient_norm)),
            ("masked_share", json!(report.masked_share)),
            ("images_per_s", json!(report.images_per_second)),
            ("seconds", json!(report.seconds)),
            ("seconds_loading", json!(report.seconds_loading)),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into_iter()
        .chain(report.scale_losses.iter().map(|(scale, loss)| (format!("loss_{scale}"), json!(loss))))
        .chain(report.memory.map(|bytes| ("memory".to_owned(), json!(bytes))))
        .chain(object(json!(report.split)))
        .chain(object(json!(report.statistics)))
        .collect(),
        Entry::Validation(report) => [
            ("step", json!(report.step)),
            ("epoch", json!(report.epoch)),
            ("val_loss", json!(report.loss)),
            ("val_samples", json!(report.samples)),
            ("val_depths", json!(report.depths)),
            ("val_seconds", json!(report.seconds)),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into_iter()
        .chain(report.scale_losses.iter().map(|(scale, loss)| (format!("val_loss_{scale}"), json!(loss))))
        .chain(object(json!(report.metrics)).into_iter().map(|(key, value)| (format!("val_{key}"), value)))
        .collect(),
        Entry::Change(change) => {
            let event = ("event".to_owned(), json!("change"));
            object(json!(change)).into_iter().chain([event]).collect()
        }
    };
    // JSON has no NaN and no infinity: such values are left out.
    pairs.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Reads a struct from those values of a line that belong to it.
fn read<T: serde::de::DeserializeOwned>(map: &Map<String, Value>) -> Option<T> {
    serde_json::from_value(Value::Object(map.clone())).ok()
}

/// Parses a line; `None` if this version does not know its kind, or it lacks a value.
fn entry(mut map: Map<String, Value>) -> Option<Entry> {
    if map.remove("event").is_some() {
        return serde_json::from_value(Value::Object(map)).ok().map(Entry::Change);
    }
    let whole = |key: &str| map.get(key).and_then(Value::as_u64);
    let number = |key: &str| map.get(key).and_then(Value::as_f64);
    let (step, epoch) = (whole("step")?, usize::try_from(whole("epoch")?).ok()?);
    let scales = |prefix: &str| {
        let scales = (0..4).filter_map(|scale| Some((scale, number(&format!("{prefix}{scale}"))? as f32)));
        scales.collect()
    };
    Some(match number("val_loss") {
        Some(loss) => {
            let metrics = map
                .iter()
                .filter_map(|(key, value)| Some((key.strip_prefix("val_")?.to_owned(), value.clone())));
            Entry::Validation(ValidationReport {
                step,
                epoch,
                loss: loss as f32,
                scale_losses: scales("val_loss_"),
                samples: usize::try_from(whole("val_samples")?).ok()?,
                depths: usize::try_from(whole("val_depths")?).ok()?,
                seconds: number("val_seconds").unwrap_or_default(),
                metrics: serde_json::from_value(Value::Object(metrics.collect())).ok(),
            })
        }
        None => Entry::Step(StepReport {
            step,
            epoch,
            loss: number("loss")? as f32,
            scale_losses: scales("loss_"),
            learning_rate: number("lr")?,
            gradient_norm: number("gradient_norm").unwrap_or_default() as f32,
            masked_share: number("masked_share").unwrap_or_default() as f32,
            images_per_second: number("images_per_s").unwrap_or_default(),
            seconds: number("seconds").unwrap_or_default(),
            seconds_loading: number("seconds_loading").unwrap_or_default(),
            split: read(&map),
            memory: whole("memory"),
            statistics: read(&map),
            ..StepReport::default()
        }),
    })
}

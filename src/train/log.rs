//! `metrics.jsonl`: one JSON object a line, in the order in which things happened.
//!
//! A logged step has `step`, `epoch`, `loss`, `loss_0` to `loss_3`, `lr`, `gradient_norm` and more. The
//! validation after a step has `step`, `epoch` and figures that all begin with `val_`. A change of the
//! configuration has the number of the first `step` that is made with it, `"event": "change"`, and the
//! option with its new value.

use super::{Position, StepReport, ValidationReport, tensorboard::EventFile};
use crate::config::Change;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// Something that was noted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// A step was made.
    Step(StepReport),
    /// The networks were validated.
    Validation(ValidationReport),
    /// The configuration was changed.
    Change(Change),
}

/// The open log of a run.
#[derive(Debug)]
pub struct Log {
    file: File,
    path: PathBuf,
    /// Length of what was written whole.
    length: u64,
    /// What could not be written yet.
    pending: String,
    events: Option<EventFile>,
}

impl Log {
    /// The log's name in a run folder.
    pub const FILE_NAME: &str = "metrics.jsonl";

    /// Opens the log of a run folder to go on from a position: what came after it is cut off, and what
    /// is left is given. `tensorboard` also writes event files to the folder of this name.
    ///
    /// # Errors
    /// If the log cannot be read and written, or another process has it open.
    pub fn open(run: &Path, position: &Position, tensorboard: bool) -> Result<(Self, Vec<Entry>)> {
        let path = run.join(Self::FILE_NAME);
        let open = || -> Result<(File, String)> {
            let mut file =
                OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path)?;
            // Some network drives know no locks: there it is up to the person.
            if let Err(TryLockError::WouldBlock) = file.try_lock() {
                bail!("another process is making this run; end it first");
            }
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok((file, String::from_utf8_lossy(&bytes).into_owned()))
        };
        let (mut file, text) =
            open().with_context(|| format!("the log {} cannot be opened", path.display()))?;
        let (mut length, mut entries) = (0, Vec::new());
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let Some(entry) = parse(line).filter(|entry| came_before(entry, position)) else { break };
            entries.push(entry);
            length += line.len() as u64;
        }
        file.set_len(length)
            .and_then(|()| file.seek(SeekFrom::Start(length)))
            .with_context(|| format!("the log {} cannot be written", path.display()))?;
        let events =
            tensorboard.then(|| EventFile::create(&run.join("tensorboard"), position.step)).transpose()?;
        Ok((Self { file, path, length, pending: String::new(), events }, entries))
    }

    /// What a run folder's log says so far; the run may go on meanwhile.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(run: &Path) -> Result<Vec<Entry>> {
        let path = run.join(Self::FILE_NAME);
        let bytes = fs::read(&path).with_context(|| format!("the log {} cannot be read", path.display()))?;
        Ok(String::from_utf8_lossy(&bytes).lines().map_while(parse).collect())
    }

    /// Appends an entry. If it cannot be written, it is kept and written with the next one.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&mut self, entry: &Entry) -> Result<()> {
        let line = line(entry);
        self.pending.push_str(&format!("{}\n", Value::Object(line.clone())));
        self.flush()?;
        self.events.as_mut().map_or(Ok(()), |events| events.write(&line))
    }

    /// Writes what could not be written before.
    ///
    /// # Errors
    /// If it still cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        let written = self.file.write_all(self.pending.as_bytes());
        if written.is_ok() {
            self.length += self.pending.len() as u64;
            self.pending.clear();
        } else {
            // Half a line must not stay; if it does, the next opening cuts it off.
            let _ = self.file.set_len(self.length);
            let _ = self.file.seek(SeekFrom::Start(self.length));
        }
        written.with_context(|| {
            format!("the log {} cannot be written; free space or permission is missing", self.path.display())
        })
    }
}

/// Whether a run that stands there has this behind it.
fn came_before(entry: &Entry, position: &Position) -> bool {
    match entry {
        Entry::Step(report) => report.step <= position.step,
        Entry::Change(change) => change.step <= position.step,
        // A validation belongs to a checkpoint only if that says so: it follows the step.
        Entry::Validation(report) => {
            report.step < position.step
                || report.step == position.step && position.validated == Some(report.step)
        }
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
        .chain(object(json!(report.signals)))
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
    pairs.into_iter().collect()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Some of a line's figures as what they belong to.
fn read<T: serde::de::DeserializeOwned>(map: &Map<String, Value>) -> Option<T> {
    serde_json::from_value(Value::Object(map.clone())).ok()
}

fn parse(line: &str) -> Option<Entry> {
    let Value::Object(mut map) = serde_json::from_str(line).ok()? else { return None };
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
                seconds: number("val_seconds")?,
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
            masked_share: number("masked_share")? as f32,
            images_per_second: number("images_per_s")?,
            seconds: number("seconds")?,
            seconds_loading: number("seconds_loading")?,
            split: read(&map),
            memory: whole("memory"),
            signals: read(&map),
            ..StepReport::default()
        }),
    })
}

//! Writing TensorBoard event files: scalars in the record format of TensorFlow.
//!
//! Own code, because the existing crates are no longer maintained (the newest is from 2022). A record consists of
//! its length, a checksum of the length, a protocol buffer of type `Event`, and a checksum of that.

use super::append::AppendFile;
use crate::data::atomic_file::in_words;
use anyhow::{Context, Result};
use serde_json::{Map, Value};
use std::{
    fs::{self, OpenOptions},
    path::Path,
    process,
    time::{SystemTime, UNIX_EPOCH},
};

/// An open event file.
#[derive(Debug)]
pub(super) struct EventFile(AppendFile);

impl EventFile {
    /// Creates an event file in a folder. It tells readers to drop steps after `step` of earlier files there.
    ///
    /// # Errors
    /// If it cannot be created or written.
    pub fn create(folder: &Path, step: u64) -> Result<Self> {
        let name = format!("events.out.tfevents.{:.0}.{}.monoscope", now().floor(), process::id());
        let path = folder.join(name);
        let file = fs::create_dir_all(folder)
            .and_then(|()| OpenOptions::new().create(true).truncate(true).read(true).write(true).open(&path))
            .map_err(in_words)
            .with_context(|| format!("the event file {} cannot be made", path.display()))?;
        let mut events = Self(AppendFile::new(file, path.clone(), 0));
        events.append(&event(0, |event| event.text(3, "brain.Event:2")));
        if step > 0 {
            let start = |session: &mut ProtobufMessage| session.number(1, 1);
            events.append(&event(step + 1, |event| event.message(7, start)));
        }
        events.flush().inspect_err(|_| {
            // Nobody needs an empty event file.
            let _ = fs::remove_file(&path);
        })?;
        Ok(events)
    }

    /// Adds the numbers of a log line, for [`EventFile::flush`] to write: those of validation under `val/`, the others
    /// under `train/`.
    pub fn push(&mut self, line: &Map<String, Value>) {
        let step = line.get("step").and_then(Value::as_u64).unwrap_or_default();
        let scalars = line.iter().filter(|(key, _)| !["step", "epoch"].contains(&key.as_str()));
        let scalars = scalars.filter_map(|(key, value)| {
            let tag = match key.strip_prefix("val_") {
                Some(key) => format!("val/{key}"),
                None => format!("train/{key}"),
            };
            let value = value.as_f64().or_else(|| value.as_bool().map(|is| f64::from(u8::from(is))))?;
            Some((tag, value as f32))
        });
        let summary = |summary: &mut ProtobufMessage| {
            for (tag, value) in scalars {
                summary.message(1, |value_message| {
                    value_message.text(1, &tag);
                    value_message.single(2, value);
                });
            }
        };
        self.append(&event(step, |event| event.message(5, summary)));
    }

    /// Writes all pending records.
    ///
    /// # Errors
    /// If they cannot be written; they are kept for the next call.
    pub fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }

    /// Writes the file again if it was moved or removed, see [`AppendFile::restore`].
    pub fn restore(&mut self) -> Result<()> {
        self.0.restore().map(|_| ())
    }

    fn append(&mut self, data: &[u8]) {
        let length = (data.len() as u64).to_le_bytes();
        self.0.push(&[&length[..], &checksum(&length), data, &checksum(data)].concat());
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xA282_EAD8).to_le_bytes()
}

fn event(step: u64, fill: impl FnOnce(&mut ProtobufMessage)) -> Vec<u8> {
    let mut event = ProtobufMessage(Vec::new());
    event.double(1, now());
    event.number(2, step);
    fill(&mut event);
    event.0
}

/// A protocol buffer message under construction.
struct ProtobufMessage(Vec<u8>);

impl ProtobufMessage {
    fn key(&mut self, field: u8, wire_type: u8) {
        self.0.push((field << 3) | wire_type);
    }

    fn variable(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn number(&mut self, field: u8, value: u64) {
        self.key(field, 0);
        self.variable(value);
    }

    fn double(&mut self, field: u8, value: f64) {
        self.key(field, 1);
        self.0.extend(value.to_le_bytes());
    }

    fn single(&mut self, field: u8, value: f32) {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
    }

    fn bytes(&mut self, field: u8, value: &[u8]) {
        self.key(field, 2);
        self.variable(value.len() as u64);
        self.0.extend(value);
    }

    fn text(&mut self, field: u8, value: &str) {
        self.bytes(field, value.as_bytes());
    }

    fn message(&mut self, field: u8, fill: impl FnOnce(&mut Self)) {
        let mut inner = Self(Vec::new());
        fill(&mut inner);
        self.bytes(field, &inner.0);
    }
}

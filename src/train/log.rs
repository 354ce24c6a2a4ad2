//! `metrics.jsonl`: one JSON object a line, one line a logged step.

use super::StepReport;
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

/// The open log of a run.
#[derive(Debug)]
pub struct Log {
    file: File,
    path: PathBuf,
}

impl Log {
    /// The log's name in a run folder.
    pub const FILE_NAME: &str = "metrics.jsonl";

    /// Opens the log of a run folder for appending.
    pub fn open(run: &Path) -> Result<Self> {
        let path = run.join(Self::FILE_NAME);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("the log {} cannot be opened", path.display()))?;
        Ok(Self { file, path })
    }

    /// Appends a step.
    pub fn write(&mut self, report: &StepReport) -> Result<()> {
        let line = format!("{}\n", Value::Object(line(report)));
        self.file
            .write_all(line.as_bytes())
            .with_context(|| format!("the log {} cannot be written", self.path.display()))
    }
}

fn line(report: &StepReport) -> Map<String, Value> {
    let mut line = Map::new();
    let mut put = |key: String, value: Value| line.insert(key, value);
    put("step".to_owned(), json!(report.step));
    put("epoch".to_owned(), json!(report.epoch));
    put("loss".to_owned(), json!(report.loss));
    for (scale, loss) in &report.scale_losses {
        put(format!("loss_{scale}"), json!(loss));
    }
    put("lr".to_owned(), json!(report.learning_rate));
    put("masked_share".to_owned(), json!(report.masked_share));
    put("images_per_s".to_owned(), json!(report.images_per_second));
    put("seconds".to_owned(), json!(report.seconds));
    put("seconds_loading".to_owned(), json!(report.seconds_loading));
    line
}

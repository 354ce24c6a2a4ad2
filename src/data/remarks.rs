//! Remarks: what was decided about the files of a dataset, counted, for those whose files they are.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Most names that a remark quotes.
const MAX_EXAMPLES: usize = 3;

/// Plurals that remarks count.
const NOUNS: [&str; 14] = [
    "archives", "breaks", "devices", "drives", "files", "films", "folders", "frames", "links", "pictures",
    "poses", "readings", "results", "rows",
];

/// Kind of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemarkKind {
    /// Files or folders are not used.
    LeftOut,
    /// Pictures are turned or mirrored as their orientation says.
    Turned,
    /// Levels are stretched over the range that the drive uses.
    Stretched,
    /// Pictures are resized to square pixels.
    Resized,
    /// Frames are numbered or sorted otherwise than their names sort.
    Numbered,
    /// Neighbouring files are no consecutive frames: no sample crosses from one to the next.
    Separated,
    /// Files are paired with each other, by time or by name.
    Paired,
    /// Something that no file says is assumed.
    Assumed,
    /// Values are used although they look wrong.
    Doubtful,
}

/// Decision about files of a dataset that have something in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Kind of the decision.
    pub kind: RemarkKind,
    /// Drive that the files belong to; `None` for the whole dataset.
    pub drive: Option<String>,
    /// Number of the files.
    pub count: usize,
    /// Files and what was done with them, as a phrase after a number above one, without a verb that depends on it:
    /// "hidden files left out".
    pub what: String,
    /// Names of a few of the files.
    pub examples: Vec<String>,
}

impl fmt::Display for Remark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(drive) = &self.drive {
            write!(formatter, "{drive}: ")?;
        }
        let what = if self.count == 1 { &singular(&self.what) } else { &self.what };
        write!(formatter, "{} {what}", self.count)?;
        if !self.examples.is_empty() {
            let more = if self.count > self.examples.len() { ", …" } else { "" };
            write!(formatter, " ({}{more})", self.examples.join(", "))?;
        }
        Ok(())
    }
}

/// Phrase with the singular of its first noun.
fn singular(what: &str) -> String {
    let mut words = what.split([' ', ',', ':']);
    match words.find(|word| NOUNS.contains(word)) {
        Some(noun) => what.replacen(noun, noun.trim_end_matches('s'), 1),
        None => what.to_owned(),
    }
}

/// Remarks about a dataset, in the order in which they were first made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Remarks(Vec<Remark>);

impl Remarks {
    /// Counts one more file for which the same was decided. `what` follows the number: "hidden files left out".
    pub fn add(&mut self, kind: RemarkKind, drive: Option<&str>, what: &str, file: &str) {
        let same =
            |remark: &Remark| remark.kind == kind && remark.drive.as_deref() == drive && remark.what == what;
        let index = self.0.iter().rposition(same).unwrap_or_else(|| {
            let (drive, what) = (drive.map(str::to_owned), what.to_owned());
            self.0.push(Remark { kind, drive, count: 0, what, examples: Vec::new() });
            self.0.len() - 1
        });
        let remark = &mut self.0[index];
        remark.count += 1;
        if remark.examples.len() < MAX_EXAMPLES {
            remark.examples.push(file.to_owned());
        }
    }

    /// Counts files for which the same was decided and which need not be named.
    pub fn add_all(&mut self, kind: RemarkKind, drive: Option<&str>, what: &str, count: usize) {
        let (drive, what) = (drive.map(str::to_owned), what.to_owned());
        self.0.push(Remark { kind, drive, count, what, examples: Vec::new() });
    }

    /// Appends the remarks of another part of the dataset.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// The first remarks, as many as take this many bytes as JSON; the others become one that counts them.
    pub fn within(mut self, max_bytes: usize) -> Self {
        let length = |remark: &Remark| serde_json::to_string(remark).map_or(0, |text| text.len() + 1);
        let ends = self.0.iter().scan(0, |end, remark| {
            *end += length(remark);
            Some(*end)
        });
        let fitting = ends.take_while(|end| *end <= max_bytes).count();
        let others = self.0.split_off(fitting).len();
        if others > 0 {
            self.add_all(RemarkKind::LeftOut, None, "more remarks, which are not kept here", others);
        }
        self
    }

    /// The same remarks, about files of this drive.
    pub fn of_drive(mut self, drive: &str) -> Self {
        for remark in &mut self.0 {
            remark.drive = Some(drive.to_owned());
        }
        self
    }

    /// Iterator over the remarks.
    pub fn iter(&self) -> std::slice::Iter<'_, Remark> {
        self.0.iter()
    }

    /// True if there is nothing to remark.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

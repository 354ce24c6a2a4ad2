//! The position on the timeline: drive, camera and frame, and playing from there.

use crate::{
    data::{FrameKey, Side},
    session::DataReport,
};
use std::ops::Range;

/// Time of a frame: KITTI was recorded at ten frames a second.
const SECONDS_PER_FRAME: f64 = 0.1;

/// Use of a frame by the split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FrameUse {
    /// In no list: a neighbour of others, or not chosen by the split.
    #[default]
    None,
    /// The target of a training sample.
    Training,
    /// The target of a validation sample.
    Validation,
    /// The target of a sample that was dropped.
    Dropped,
}

/// The position on the timeline.
#[derive(Clone, Debug, Default)]
pub struct Playhead {
    /// Index of the drive in the data report.
    pub drive: usize,
    /// Number of the frame in its drive.
    pub frame: u32,
    /// True while the drive plays.
    pub is_playing: bool,
    folder: String,
    frames: Range<u32>,
    /// Difference of the numbers of neighbouring frames.
    step: u32,
    side: Option<Side>,
    sides: Vec<Side>,
    uses: Vec<FrameUse>,
    moved_at: f64,
    is_skipped: bool,
}

impl Playhead {
    /// The first frame of the data whose maps can be computed: one that trains, if there is any.
    pub fn over(data: &DataReport) -> Self {
        let mut playhead = Self::default();
        let first = data.training.iter().chain(&data.validation).min();
        let drive = first
            .and_then(|key| data.drives.iter().position(|drive| drive.folder == key.folder))
            .unwrap_or(0);
        playhead.choose_drive(data, drive);
        if let Some(key) = first.filter(|key| key.folder == playhead.folder) {
            playhead.side = Some(key.side);
            playhead.go_to(key.frame);
        }
        playhead
    }

    /// Goes to the second frame of a drive: the first has none before it.
    pub fn choose_drive(&mut self, data: &DataReport, index: usize) {
        let Some(drive) = data.drives.get(index) else { return };
        self.drive = index;
        self.folder.clone_from(&drive.folder);
        self.frames = drive.frames.clone();
        self.step = drive.step.max(1);
        self.sides.clone_from(&drive.sides);
        self.side = self.side.filter(|side| self.sides.contains(side)).or(self.sides.first().copied());
        self.uses = vec![FrameUse::None; drive.count()];
        let lists = [
            (FrameUse::Training, data.training.iter().collect::<Vec<_>>()),
            (FrameUse::Validation, data.validation.iter().collect()),
            (FrameUse::Dropped, data.dropped.iter().map(|(key, _)| key).collect()),
        ];
        for (usage, keys) in lists {
            for key in keys.into_iter().filter(|key| key.folder == drive.folder) {
                if drive.frames.contains(&key.frame) {
                    let index = self.index_of(key.frame) as usize;
                    self.uses[index] = usage;
                }
            }
        }
        self.go_to(self.number_of(1));
    }

    /// Goes to a frame, or to the nearest that the drive has.
    pub fn go_to(&mut self, frame: u32) {
        self.frame = self.number_of(self.index_of(frame.clamp(self.frames.start, self.last())));
        self.is_skipped = false;
    }

    /// Key of the frame, if data is open.
    pub fn key(&self) -> Option<FrameKey> {
        let side = self.side.filter(|_| !self.frames.is_empty())?;
        Some(FrameKey { folder: self.folder.clone(), frame: self.frame, side })
    }

    /// The cameras of the drive.
    pub fn sides(&self) -> &[Side] {
        &self.sides
    }

    /// Camera of the frame, if data is open.
    pub fn side(&self) -> Option<Side> {
        self.side
    }

    /// Changes to another camera of the drive.
    pub fn choose_side(&mut self, side: Side) {
        self.side = Some(side);
    }

    /// Folder of the drive.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// Numbers of the frames of the drive.
    pub fn frames(&self) -> Range<u32> {
        self.frames.clone()
    }

    /// Number of frames of the drive.
    pub fn count(&self) -> u32 {
        self.frames.end.saturating_sub(self.frames.start).div_ceil(self.step.max(1))
    }

    /// Number of the frame at this index of the drive.
    pub fn number_of(&self, index: u32) -> u32 {
        self.frames.start + index * self.step.max(1)
    }

    /// Index in the drive of the frame with this number, or of the frame before it.
    pub fn index_of(&self, frame: u32) -> u32 {
        frame.saturating_sub(self.frames.start) / self.step.max(1)
    }

    /// Use of each frame of the drive, by its index.
    pub fn uses(&self) -> &[FrameUse] {
        &self.uses
    }

    /// Number of the last frame of the drive.
    pub fn last(&self) -> u32 {
        self.frames.end.saturating_sub(1).max(self.frames.start)
    }

    /// Number of the frame before; of the first, its own.
    pub fn previous(&self) -> u32 {
        self.number_of(self.index_of(self.frame).saturating_sub(1))
    }

    /// Number of the next frame, which the last one does not have.
    pub fn next(&self) -> u32 {
        self.number_of(self.index_of(self.frame) + 1)
    }

    /// Number of the next frame; after the last, the first.
    pub fn after(&self) -> u32 {
        if self.frame >= self.last() { self.frames.start } else { self.next() }
    }

    /// Skips a frame that cannot be shown, so that playing continues.
    pub fn skip(&mut self) {
        self.is_skipped = true;
    }

    /// Returns true if playing must go to the next frame: this one is on the screen, and was for long enough.
    pub fn is_due(&mut self, seconds: f64, is_shown: bool) -> bool {
        let due =
            self.is_playing && (is_shown || self.is_skipped) && seconds - self.moved_at >= SECONDS_PER_FRAME;
        if due {
            self.moved_at = seconds;
        }
        due
    }
}

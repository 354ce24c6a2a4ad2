//! The wall: pinned frames, and what the networks said of them along the run.

use super::{CurvesRequest, State, run_name};
use crate::{
    app::messages::MessageLevel,
    data::FrameKey,
    objective::MapName,
    runs::{Snapshot, Snapshots},
    session::{Bookmarks, Command, DataReport},
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Steps over which the time of a step is averaged.
const RECENT: usize = 50;
/// Frames that are pinned by themselves.
const BY_ITSELF: usize = 4;

/// What hangs on the wall.
#[derive(Default)]
pub struct Wall {
    /// The pinned frames, in the order shown.
    pub pins: Vec<FrameKey>,
    /// What the networks said of them in the present or last run.
    pub snapshots: Snapshots,
    /// The other run that is looked at instead, and its snapshots once they are read.
    other: Option<(PathBuf, Option<Snapshots>)>,
    /// What the pane asked for while it was drawn.
    asked: Option<Bookmarks>,
    /// The same of the last time that all panes were drawn: none if the wall was not among them.
    shown: Option<Bookmarks>,
    told: Bookmarks,
}

impl Wall {
    /// The pane is on the screen and shows these maps, anew after so many steps.
    pub fn ask(&mut self, maps: BTreeSet<MapName>, every: u64) {
        self.asked = Some(Bookmarks { frames: Vec::new(), maps, every });
    }

    /// The folder of the run that is looked at instead of the present one.
    pub fn other(&self) -> Option<&Path> {
        self.other.as_ref().map(|(folder, _)| folder.as_path())
    }

    /// The snapshots that are looked at: of the present run or of another.
    pub fn looked_at(&self) -> &Snapshots {
        self.other.as_ref().and_then(|(_, snapshots)| snapshots.as_ref()).unwrap_or(&self.snapshots)
    }

    /// The frames that are shown: those that are pinned, or else those of another run.
    pub fn rows(&self) -> Vec<FrameKey> {
        match self.looked_at().all().last() {
            Some(last) if self.pins.is_empty() && self.other.is_some() => {
                last.frames.iter().map(|frame| frame.key.clone()).collect()
            }
            _ => self.pins.clone(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.snapshots.clear();
        self.other = None;
    }

    /// What the session must be told, if that is news: nothing to be done while the wall is not on the screen.
    fn news(&mut self) -> Option<Bookmarks> {
        let shown = self.shown.as_ref().filter(|_| !self.pins.is_empty());
        let wanted =
            shown.map(|shown| Bookmarks { frames: self.pins.clone(), ..shown.clone() }).unwrap_or_default();
        let is_news = wanted != self.told;
        self.told.clone_from(&wanted);
        is_news.then_some(wanted)
    }

    /// Lets go what other data does not have.
    pub(super) fn keep_pins_of(&mut self, data: &DataReport) {
        let is_there = |key: &FrameKey| has_frame(data, key);
        if !self.pins.iter().all(is_there) {
            self.pins.retain(is_there);
            self.snapshots.clear();
        }
    }
}

fn has_frame(data: &DataReport, key: &FrameKey) -> bool {
    let mut drives = data.drives.iter().filter(|drive| drive.folder == key.folder);
    drives.any(|drive| drive.frames.contains(&key.frame) && drive.sides.contains(&key.side))
}

impl State {
    /// Takes note that all panes are drawn.
    pub fn panes_drawn(&mut self) {
        self.wall.shown = self.wall.asked.take();
        self.tell_pins();
    }

    pub(super) fn tell_pins(&mut self) {
        if let Some(pinned) = self.wall.news() {
            self.requests.send(Command::Bookmark(pinned));
        }
    }

    /// Why the frame of the timeline cannot be pinned, if so.
    pub fn obstacle_to_pin(&self) -> Option<String> {
        match self.playhead.key() {
            None => Some("Open data first (Sequence pane)".to_owned()),
            Some(_) if self.looks_elsewhere() => {
                Some("The wall is of the run's data: look at the run first (Run menu)".to_owned())
            }
            Some(key) if self.wall.pins.contains(&key) => Some("This frame is bookmarked".to_owned()),
            _ if self.wall.pins.len() >= Bookmarks::MAX_FRAMES => Some(format!(
                "{} frames are bookmarked, and no more fit: remove one first",
                Bookmarks::MAX_FRAMES
            )),
            _ => None,
        }
    }

    /// Pins the frame of the timeline.
    pub fn pin_frame(&mut self) {
        if self.obstacle_to_pin().is_none() {
            self.wall.pins.extend(self.playhead.key());
        }
    }

    /// Lets a pinned frame go.
    pub fn unpin(&mut self, key: &FrameKey) {
        self.wall.pins.retain(|pinned| pinned != key);
    }

    /// Hangs up what the run that goes on left behind: its snapshots, and the frames of the last one before
    /// those that are pinned, so that they are seen.
    pub(super) fn hang(&mut self, snapshots: Vec<Arc<Snapshot>>) {
        let last = snapshots.last().cloned();
        for snapshot in snapshots {
            self.wall.snapshots.add(snapshot);
        }
        let frames = last.iter().flat_map(|snapshot| &snapshot.frames).map(|frame| frame.key.clone());
        let mut pins: Vec<FrameKey> =
            frames.filter(|key| self.data().is_some_and(|data| has_frame(data, key))).collect();
        for key in std::mem::take(&mut self.wall.pins) {
            if !pins.contains(&key) {
                pins.push(key);
            }
        }
        pins.truncate(Bookmarks::MAX_FRAMES);
        self.wall.pins = pins;
    }

    /// Looks at the snapshots of another run, once they are read; at those of the present run if there is none.
    pub fn look_at_wall_of(&mut self, run: Option<PathBuf>) {
        self.curves.selected_step = None;
        self.wall.other = run.map(|folder| {
            self.curves.wish(CurvesRequest::ReadSnapshots(folder.clone()));
            (folder, None)
        });
    }

    /// Takes the snapshots of another run that were asked for.
    pub fn hang_other(&mut self, run: &Path, snapshots: Snapshots) {
        let Some((_, place)) = self.wall.other.as_mut().filter(|(folder, _)| folder == run) else { return };
        if !snapshots.all().is_empty() {
            *place = Some(snapshots);
            return;
        }
        self.wall.other = None;
        let what = format!("The run {} has no snapshots for the wall", run_name(run));
        let advice = "They are taken while a run trains and the wall is on the screen";
        self.messages.tell(MessageLevel::Warning, what, advice);
    }

    /// If nothing is pinned: pins a few frames spread over those that validate, or else those that train.
    pub(super) fn pin_some(&mut self) {
        let Some(data) = self.data().filter(|_| self.wall.pins.is_empty()) else { return };
        let samples = if data.validation.is_empty() { &data.training } else { &data.validation };
        let keys: Vec<&FrameKey> = samples.iter().collect::<BTreeSet<_>>().into_iter().collect();
        let count = keys.len().min(BY_ITSELF);
        // From the middle of each part.
        let place = |part: usize| (2 * part + 1) * keys.len() / (2 * count);
        self.wall.pins = (0..count).map(|part| keys[place(part)].clone()).collect();
    }

    /// The place of the snapshot that is looked at: the newest, or the last before the chosen step.
    pub fn snapshot_place(&self) -> Option<usize> {
        match self.curves.selected_step {
            Some(step) => self.wall.looked_at().index_at(step),
            None => self.wall.looked_at().all().len().checked_sub(1),
        }
    }

    /// Chooses the step of a snapshot; after the newest, whichever will be the newest.
    pub fn choose_snapshot(&mut self, place: usize) {
        let snapshots = self.wall.looked_at().all();
        let chosen = snapshots.get(place).filter(|_| place + 1 < snapshots.len());
        self.curves.selected_step = chosen.and_then(|snapshot| snapshot.step);
    }

    /// The share of the time of training that snapshots take, once both are known.
    pub fn snapshot_share(&self) -> Option<f64> {
        let seconds = self.wall.snapshots.all().last()?.seconds;
        let recent = &self.history[self.history.len().saturating_sub(RECENT)..];
        let step = recent.iter().map(|report| report.seconds).sum::<f64>() / recent.len() as f64;
        let every = self.wall.shown.as_ref()?.every as f64;
        Some(seconds / (seconds + every * step)).filter(|share| share.is_finite())
    }

    /// Lets go what is held: the inspected pixel, or else the chosen step.
    pub fn let_go(&mut self) {
        if self.inspection.is_pinned {
            self.inspection.clear();
        } else {
            self.curves.selected_step = None;
        }
    }
}

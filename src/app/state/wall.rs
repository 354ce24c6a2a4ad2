//! The wall: bookmarked frames, and their snapshots along the run.

use super::{Curves, CurvesRequest, MessageLevel, Messages, Playhead, RunHistory, SessionView, run_name};
use crate::{
    data::FrameKey,
    objective::MapName,
    runs::{Snapshot, Snapshots},
    session::{Bookmarks, Command, DataReport},
};
use std::{
    collections::BTreeSet,
    mem::take,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Steps over which the time of a step is averaged.
const RECENT: usize = 50;
/// Frames that are bookmarked when a run starts without any.
const DEFAULT_BOOKMARKS: usize = 4;

/// Bookmarked frames and snapshots.
#[derive(Default)]
pub struct Wall {
    /// Bookmarked frames, in the order shown.
    pub bookmarks: Vec<FrameKey>,
    /// Snapshots of them in the present or last run.
    pub snapshots: Snapshots,
    /// Another run whose snapshots are shown instead, and the snapshots once they are read.
    other: Option<(PathBuf, Option<Snapshots>)>,
    /// Request of the pane in the frame that is being drawn.
    drawn: Option<Bookmarks>,
    /// Request of the pane in the last complete frame; `None` if the wall was not on the screen.
    shown: Option<Bookmarks>,
    /// The request that was sent last.
    sent: Bookmarks,
}

impl Wall {
    /// Requests snapshots of these maps at intervals of `every` steps, because the pane is on the screen.
    pub fn request(&mut self, maps: BTreeSet<MapName>, every: u64) {
        self.drawn = Some(Bookmarks { frames: Vec::new(), maps, every });
    }

    /// Sends the request of the pane, once all panes are drawn.
    pub fn panes_drawn(&mut self, session: &mut SessionView) {
        self.shown = self.drawn.take();
        self.send_bookmarks(session);
    }

    /// Sends the bookmarked frames and their maps if they changed; none while the wall is not on the screen.
    pub fn send_bookmarks(&mut self, session: &mut SessionView) {
        let shown = self.shown.as_ref().filter(|_| !self.bookmarks.is_empty());
        let wanted = shown
            .map(|shown| Bookmarks { frames: self.bookmarks.clone(), ..shown.clone() })
            .unwrap_or_default();
        if wanted != self.sent {
            self.sent.clone_from(&wanted);
            session.requests.send(Command::Bookmark(wanted));
        }
    }

    /// Folder of the run whose snapshots are shown instead of the present one's.
    pub fn other(&self) -> Option<&Path> {
        self.other.as_ref().map(|(folder, _)| folder.as_path())
    }

    /// Snapshots that are shown: of the present run or of another.
    pub fn looked_at(&self) -> &Snapshots {
        self.other.as_ref().and_then(|(_, snapshots)| snapshots.as_ref()).unwrap_or(&self.snapshots)
    }

    /// Frames that are shown: the bookmarked ones, or else those of another run.
    pub fn rows(&self) -> Vec<FrameKey> {
        match self.looked_at().all().last() {
            Some(last) if self.bookmarks.is_empty() && self.other.is_some() => {
                last.frames.iter().map(|frame| frame.key.clone()).collect()
            }
            _ => self.bookmarks.clone(),
        }
    }

    /// Drops the snapshots of the run before.
    pub fn clear(&mut self) {
        self.snapshots.clear();
        self.other = None;
    }

    /// Drops bookmarks of frames that other data does not have, and with them the snapshots.
    pub fn keep_bookmarks_of(&mut self, data: &DataReport) {
        let is_there = |key: &FrameKey| has_frame(data, key);
        if !self.bookmarks.iter().all(is_there) {
            self.bookmarks.retain(is_there);
            self.snapshots.clear();
        }
    }

    /// Reason why the frame of the timeline cannot be bookmarked; `None` if it can.
    pub fn obstacle_to_bookmark(&self, playhead: &Playhead, session: &SessionView) -> Option<String> {
        match playhead.key() {
            None => Some("Open data first (Sequence pane)".to_owned()),
            Some(_) if session.looks_elsewhere() => {
                Some("The wall shows the run's data: look at the run first (Run menu)".to_owned())
            }
            Some(key) if self.bookmarks.contains(&key) => Some("This frame is bookmarked".to_owned()),
            _ if self.bookmarks.len() >= Bookmarks::MAX_FRAMES => Some(format!(
                "{} frames are bookmarked, and no more fit: remove one first",
                Bookmarks::MAX_FRAMES
            )),
            _ => None,
        }
    }

    /// Bookmarks the frame of the timeline, if it can be.
    pub fn bookmark(&mut self, playhead: &Playhead, session: &SessionView) {
        if self.obstacle_to_bookmark(playhead, session).is_none() {
            self.bookmarks.extend(playhead.key());
        }
    }

    /// Removes the bookmark of this frame, if there is one.
    pub fn remove_bookmark(&mut self, key: &FrameKey) {
        self.bookmarks.retain(|bookmarked| bookmarked != key);
    }

    /// Takes the snapshots of a continued run, and bookmarks the frames of the last one before the others, so that they
    /// are visible.
    pub fn restore(&mut self, snapshots: Vec<Arc<Snapshot>>, session: &SessionView) {
        let last = snapshots.last().cloned();
        for snapshot in snapshots {
            self.snapshots.add(snapshot);
        }
        let frames = last.iter().flat_map(|snapshot| &snapshot.frames).map(|frame| frame.key.clone());
        let is_there = |key: &FrameKey| session.data().is_some_and(|data| has_frame(data, key));
        let mut bookmarks: Vec<FrameKey> = frames.filter(is_there).collect();
        for key in take(&mut self.bookmarks) {
            if !bookmarks.contains(&key) {
                bookmarks.push(key);
            }
        }
        bookmarks.truncate(Bookmarks::MAX_FRAMES);
        self.bookmarks = bookmarks;
    }

    /// Bookmarks a few frames if there are no bookmarks: spread over the validation frames, or else over the training
    /// frames.
    pub fn bookmark_some(&mut self, session: &SessionView) {
        let Some(data) = session.data().filter(|_| self.bookmarks.is_empty()) else { return };
        let samples = if data.validation.is_empty() { &data.training } else { &data.validation };
        let keys: Vec<&FrameKey> = samples.iter().collect::<BTreeSet<_>>().into_iter().collect();
        let count = keys.len().min(DEFAULT_BOOKMARKS);
        // The middle of each part.
        let index = |part: usize| (2 * part + 1) * keys.len() / (2 * count);
        self.bookmarks = (0..count).map(|part| keys[index(part)].clone()).collect();
    }

    /// Shows the snapshots of another run once they are read; with `None`, those of the present run.
    pub fn look_at_run(&mut self, run: Option<PathBuf>, curves: &mut Curves) {
        curves.selected_step = None;
        self.other = run.map(|folder| {
            curves.request(CurvesRequest::ReadSnapshots(folder.clone()));
            (folder, None)
        });
    }

    /// Takes the snapshots of another run that were requested.
    pub fn show_other(&mut self, run: &Path, snapshots: Snapshots, messages: &mut Messages) {
        let Some((_, shown)) = self.other.as_mut().filter(|(folder, _)| folder == run) else { return };
        if !snapshots.all().is_empty() {
            *shown = Some(snapshots);
            return;
        }
        self.other = None;
        let text = format!("The run {} has no snapshots for the wall", run_name(run));
        let advice = "They are taken while a run trains and the wall is on the screen";
        messages.add(MessageLevel::Warning, text, advice);
    }

    /// Index of the snapshot that is shown: the newest, or the last before the selected step.
    pub fn snapshot_index(&self, curves: &Curves) -> Option<usize> {
        match curves.selected_step {
            Some(step) => self.looked_at().index_at(step),
            None => self.looked_at().all().len().checked_sub(1),
        }
    }

    /// Selects the step of a snapshot. For the newest it clears the selection, so that the next one is shown when it
    /// comes.
    pub fn choose_snapshot(&self, index: usize, curves: &mut Curves) {
        let snapshots = self.looked_at().all();
        let chosen = snapshots.get(index).filter(|_| index + 1 < snapshots.len());
        curves.selected_step = chosen.and_then(|snapshot| snapshot.step);
    }

    /// Share of the training time that snapshots take, once both times are known.
    pub fn snapshot_share(&self, run: &RunHistory) -> Option<f64> {
        let seconds = self.snapshots.all().last()?.seconds;
        let recent = &run.steps[run.steps.len().saturating_sub(RECENT)..];
        let step = recent.iter().map(|report| report.seconds).sum::<f64>() / recent.len() as f64;
        let every = self.shown.as_ref()?.every as f64;
        Some(seconds / (seconds + every * step)).filter(|share| share.is_finite())
    }
}

fn has_frame(data: &DataReport, key: &FrameKey) -> bool {
    let mut drives = data.drives.iter().filter(|drive| drive.folder == key.folder);
    drives.any(|drive| drive.frames.contains(&key.frame) && drive.sides.contains(&key.side))
}

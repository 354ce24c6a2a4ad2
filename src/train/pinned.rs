//! The frames that are predicted again and again while a run trains, one beside each step.

use super::{
    moment::Moment,
    showing::{Showing, Wants},
    snapshot::{Album, SeenFrame, Snapshot, Thumbnail},
};
use crate::{
    compute::{Compute, values},
    config::{FrameId, ImageSize},
    data::FrameKey,
    objective::MapName,
};
use anyhow::{Context, Result, ensure};
use burn::tensor::Tensor;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Instant,
};

/// Snapshots under way at most while steps are made.
const MOST_PENDING: usize = 2;

/// What is predicted again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pinned {
    /// The frames; while there are none, nothing is done.
    pub frames: Vec<FrameKey>,
    /// What is kept of each beside its picture.
    pub maps: BTreeSet<MapName>,
    /// Steps from one snapshot to the next.
    pub every: u64,
}

impl Pinned {
    /// More frames than this cannot be pinned: with a snapshot every ten steps each must be complete before
    /// the next.
    pub const MOST_FRAMES: usize = 8;
}

struct Pending {
    moment: Moment,
    rest: VecDeque<FrameKey>,
    snapshot: Snapshot,
}

/// The snapshots under way.
#[derive(Default)]
pub(super) struct Photographer {
    pinned: Pinned,
    /// The oldest first.
    pending: VecDeque<Pending>,
    /// The step of the last that was begun.
    begun: Option<Option<u64>>,
    /// Pictures do not change while networks learn.
    colours: BTreeMap<FrameKey, Arc<Thumbnail>>,
    /// Frames that could not be looked at; each is told once.
    failed: BTreeSet<FrameKey>,
    /// Where the snapshots of the present or last run are kept.
    album: Option<Album>,
}

impl Photographer {
    /// Turns to other frames or maps; says whether there is something to look at that was not asked for before.
    pub fn pin(&mut self, pinned: Pinned) -> bool {
        let has_more = pinned.frames.iter().any(|key| !self.pinned.frames.contains(key))
            || !pinned.maps.is_subset(&self.pinned.maps);
        self.colours.retain(|key, _| pinned.frames.contains(key));
        self.failed.clear();
        if pinned.frames.is_empty() {
            self.pending.clear();
        }
        self.pinned = pinned;
        has_more && !self.pinned.frames.is_empty()
    }

    /// Gives up what is under way: its networks or its data are no longer those that are looked at.
    pub fn forget(&mut self) {
        self.pending.clear();
        self.begun = None;
        self.colours.clear();
        self.album = None;
    }

    /// Keeps what will be seen in this album.
    pub fn fill(&mut self, album: Album) {
        self.album = Some(album);
    }

    /// Writes a complete snapshot to the run's folder, if it is of a run.
    ///
    /// # Errors
    /// As [`Album::add`].
    pub fn keep(&mut self, snapshot: &Arc<Snapshot>) -> Result<()> {
        self.album.as_mut().map_or(Ok(()), |album| album.add(snapshot))
    }

    /// Whether a snapshot is to be begun after this step.
    pub fn is_due(&self, step: u64, is_last: bool) -> bool {
        let is_turn = is_last || self.pinned.every > 0 && step.is_multiple_of(self.pinned.every);
        // Those under way hold networks of their own, so they must not pile up.
        let has_room = is_last || self.pending.len() < MOST_PENDING;
        !self.pinned.frames.is_empty() && is_turn && has_room && self.begun != Some(Some(step))
    }

    /// Begins a snapshot of all pinned frames.
    pub fn begin(&mut self, moment: Moment) {
        if self.pinned.frames.is_empty() {
            return;
        }
        let step = moment.step;
        // One of the same moment is begun anew, with what was asked for since.
        self.pending.retain(|pending| pending.moment.step != step);
        let rest = self.pinned.frames.iter().cloned().collect();
        let snapshot = Snapshot { step, frames: Vec::new(), seconds: 0.0 };
        self.pending.push_back(Pending { moment, rest, snapshot });
        self.begun = Some(step);
    }

    /// Whether there is something left to predict.
    pub fn has_work(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Looks at one more frame; gives the snapshot that is complete with it.
    ///
    /// # Errors
    /// The frame cannot be looked at, which is told once and does not end the snapshot.
    pub fn advance(&mut self, compute: &Compute) -> Result<Option<Snapshot>> {
        let Some(pending) = self.pending.front_mut() else { return Ok(None) };
        let started = Instant::now();
        if let Some(key) = pending.rest.pop_front().filter(|key| !self.failed.contains(key)) {
            let looked = look(&pending.moment, &key, &self.pinned.maps, self.colours.get(&key), compute);
            pending.snapshot.seconds += started.elapsed().as_secs_f64();
            match looked {
                Ok(frame) => {
                    self.colours.insert(key, Arc::clone(&frame.colour));
                    pending.snapshot.frames.push(frame);
                }
                Err(error) => {
                    let error = error.context(format!("the pinned frame {key} cannot be shown"));
                    self.failed.insert(key);
                    return Err(error);
                }
            }
        }
        let is_whole = pending.rest.is_empty();
        let whole = if is_whole { self.pending.pop_front() } else { None };
        Ok(whole.map(|pending| pending.snapshot))
    }
}

/// A pinned frame as the networks of a moment see it; its picture is not made anew if it is there.
fn look(
    moment: &Moment,
    key: &FrameKey,
    maps: &BTreeSet<MapName>,
    colour: Option<&Arc<Thumbnail>>,
    compute: &Compute,
) -> Result<SeenFrame> {
    ensure!(moment.source.contains(key), "the open data has no such frame; unpin it");
    let target = MapName::Colour(FrameId::TARGET);
    let mut watched = maps.clone();
    watched.insert(target);
    let is_of_target =
        |name: &MapName| matches!(name, MapName::Disparity(_) | MapName::Depth) || *name == target;
    let alone = watched.iter().all(is_of_target).then(|| moment.clone().without_sources());
    let moment = alone.as_ref().unwrap_or(moment);
    let showing = Showing { moment, wants: Wants { watched: &watched, inspects: false, compute } };
    let mut seen = showing.maps(key)?;
    let picture = seen.remove(&target);
    let colour = match (colour, picture) {
        (Some(colour), _) => Arc::clone(colour),
        (None, picture) => Arc::new(thumbnail(target, picture.context("the frame has no picture")?)?),
    };
    let maps = seen.into_iter().map(|(name, map)| Ok((name, thumbnail(name, map)?)));
    Ok(SeenFrame { key: key.clone(), colour, maps: maps.collect::<Result<_>>()? })
}

/// The first sample's map, small and off the device.
fn thumbnail(name: MapName, map: Tensor<4>) -> Result<Thumbnail> {
    let [_, _, height, width] = map.dims();
    let values = values(map.narrow(0, 0, 1))?;
    Ok(Thumbnail::new(name, &values, ImageSize { height, width }))
}

//! The frames that are predicted again and again while a run trains, one beside each step.

use super::{Job, Now, Slice};
use crate::{
    compute::{Compute, values},
    config::{FrameId, ImageSize},
    data::FrameKey,
    objective::MapName,
    runs::{FrameMaps, Snapshot, SnapshotStore, Thumbnail},
    session::{
        Event, Topic,
        model::ModelSnapshot,
        publisher::Publisher,
        showing::{FrameView, MapRequest},
    },
};
use anyhow::{Context, Result, ensure};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Instant,
};

/// Snapshots under way at most while steps are made.
const MOST_PENDING: usize = 2;

/// What is predicted again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    model: ModelSnapshot,
    compute: Compute,
    version: Now,
    rest: VecDeque<FrameKey>,
    snapshot: Snapshot,
}

/// The networks that a snapshot was last started for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum LastStart {
    /// No snapshot was started.
    #[default]
    None,
    /// Networks that are of no run.
    OfNoRun,
    /// Networks of a run after this step.
    AtStep(u64),
}

/// The snapshots under way.
#[derive(Default)]
pub struct SnapshotJob {
    pinned: Pinned,
    /// The oldest first.
    pending: VecDeque<Pending>,
    /// The networks of the last snapshot that was started.
    last_start: LastStart,
    /// Pictures do not change while networks learn.
    colours: BTreeMap<FrameKey, Arc<Thumbnail>>,
    /// Frames that could not be looked at; each is told once.
    failed: BTreeSet<FrameKey>,
    /// Where the snapshots of the present or last run are kept.
    album: Option<SnapshotStore>,
    /// What the last was begun with.
    last: Option<Now>,
}

impl SnapshotJob {
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

    /// Keeps what will be seen in this album, that of a run that starts or goes on.
    pub fn fill(&mut self, album: SnapshotStore) {
        self.forget();
        self.album = Some(album);
    }

    /// Gives up what is under way, and the album: its networks or its data are no longer those that are looked at.
    fn forget(&mut self) {
        self.pending.clear();
        (self.last_start, self.last) = (LastStart::None, None);
        self.colours.clear();
        self.album = None;
    }

    /// Whether a snapshot is to be begun after this step.
    pub fn is_due(&self, step: u64, is_last: bool) -> bool {
        let is_turn = is_last || self.pinned.every > 0 && step.is_multiple_of(self.pinned.every);
        // Those under way hold networks of their own, so they must not pile up.
        let has_room = is_last || self.pending.len() < MOST_PENDING;
        !self.pinned.frames.is_empty() && is_turn && has_room && self.last_start != LastStart::AtStep(step)
    }

    /// Begins a snapshot of all pinned frames.
    pub fn begin(&mut self, model: ModelSnapshot, compute: &Compute, version: Now) {
        if self.pinned.frames.is_empty() {
            return;
        }
        if self.last.is_some_and(|last| !last.is_of_same_model(&version)) {
            self.forget();
        }
        self.last = Some(version);
        let step = model.step();
        // One of the same step is begun anew, with what was asked for since.
        self.pending.retain(|pending| pending.model.step() != step);
        let rest = self.pinned.frames.iter().cloned().collect();
        let snapshot = Snapshot { step, frames: Vec::new(), seconds: 0.0 };
        self.pending.push_back(Pending { model, compute: compute.clone(), version, rest, snapshot });
        self.last_start = step.map_or(LastStart::OfNoRun, LastStart::AtStep);
    }

    /// Looks at one more frame; gives the snapshot that is complete with it.
    fn look_at_next(&mut self, publisher: &Publisher) -> Option<Snapshot> {
        let pending = self.pending.front_mut()?;
        let started = Instant::now();
        if let Some(key) = pending.rest.pop_front().filter(|key| !self.failed.contains(key)) {
            let (maps, colour) = (&self.pinned.maps, self.colours.get(&key));
            let looked = look(&pending.model, &key, maps, colour, &pending.compute);
            pending.snapshot.seconds += started.elapsed().as_secs_f64();
            match looked {
                Ok(frame) => {
                    self.colours.insert(key, Arc::clone(&frame.colour));
                    pending.snapshot.frames.push(frame);
                }
                Err(error) => {
                    publisher.warn(Topic::Job, format!("the pinned frame {key} cannot be shown: {error:#}"));
                    self.failed.insert(key);
                }
            }
        }
        let is_whole = pending.rest.is_empty();
        let whole = if is_whole { self.pending.pop_front() } else { None };
        whole.map(|pending| pending.snapshot)
    }
}

impl Job for SnapshotJob {
    const NAME: &str = "the pinned frames cannot be shown";

    fn is_current(&self, now: &Now) -> bool {
        self.pending.iter().all(|pending| pending.version.is_of_same_model(now))
    }

    fn has_work(&self) -> bool {
        !self.pending.is_empty()
    }

    fn advance(&mut self, _: Slice, publisher: &Publisher) -> Result<bool> {
        if let Some(snapshot) = self.look_at_next(publisher) {
            let snapshot = Arc::new(snapshot);
            publisher.send(Event::Snapshot(Arc::clone(&snapshot)));
            if let Some(album) = &mut self.album
                && let Err(error) = album.add(&snapshot)
            {
                publisher.warn(Topic::Job, format!("{error:#}"));
            }
        }
        Ok(true)
    }

    fn give_up(&mut self, _: &Publisher) {
        self.pending.clear();
    }
}

/// A pinned frame as the networks of a moment see it; its picture is not made anew if it is there.
fn look(
    snapshot: &ModelSnapshot,
    key: &FrameKey,
    maps: &BTreeSet<MapName>,
    colour: Option<&Arc<Thumbnail>>,
    compute: &Compute,
) -> Result<FrameMaps> {
    ensure!(snapshot.source.contains(key), "the open data has no such frame; unpin it");
    let target = MapName::Colour(FrameId::TARGET);
    let mut watched = maps.clone();
    watched.insert(target);
    let is_of_target =
        |name: &MapName| matches!(name, MapName::Disparity(_) | MapName::Depth) || *name == target;
    let alone = watched.iter().all(is_of_target).then(|| snapshot.clone().without_sources());
    let snapshot = alone.as_ref().unwrap_or(snapshot);
    let view = FrameView { snapshot, request: MapRequest { watched: &watched, inspects: false, compute } };
    let mut seen = view.maps(key)?;
    let picture = seen.remove(&target);
    let colour = match (colour, picture) {
        (Some(colour), _) => Arc::clone(colour),
        (None, picture) => Arc::new(thumbnail(target, picture.context("the frame has no picture")?)?),
    };
    let maps = seen.into_iter().map(|(name, map)| Ok((name, thumbnail(name, map)?)));
    Ok(FrameMaps { key: key.clone(), colour, maps: maps.collect::<Result<_>>()? })
}

/// The first sample's map, small and off the device.
fn thumbnail(name: MapName, map: Tensor<4>) -> Result<Thumbnail> {
    let [_, _, height, width] = map.dims();
    let values = values(map.narrow(0, 0, 1))?;
    Ok(Thumbnail::new(name, &values, ImageSize { height, width }))
}

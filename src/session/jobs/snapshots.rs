//! Prediction of the bookmarked frames as a job, at intervals while a run trains: one frame per step.

use super::{Job, Versions};
use crate::{
    compute::{Compute, values},
    config::{FrameId, ImageSize},
    data::FrameKey,
    objective::{MapName, MapOrigin},
    runs::{FrameMaps, Snapshot, SnapshotStore, Thumbnail},
    session::{
        Bookmarks, Event, Topic, frame_view::FrameView, map_request::MapRequest, model::ModelSnapshot,
        publisher::Publisher,
    },
};
use anyhow::{Context, Result, ensure};
use burn::tensor::Tensor;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};
use tracing::debug;

/// Largest number of incomplete snapshots while steps are made. Each of them holds a copy of the networks.
const MAX_PENDING: usize = 2;

/// An incomplete snapshot.
struct Pending {
    model: ModelSnapshot,
    compute: Compute,
    versions: Versions,
    /// Frames that are not predicted yet.
    remaining: VecDeque<FrameKey>,
    snapshot: Snapshot,
}

/// The bookmarks and the incomplete snapshots.
#[derive(Default)]
pub struct SnapshotJob {
    bookmarks: Bookmarks,
    /// Incomplete snapshots, the oldest first.
    pending: VecDeque<Pending>,
    /// Step of the run at which the last snapshot was started; `None` if there was none of this run.
    last_step: Option<u64>,
    /// Images of the frames, which stay the same while the networks learn.
    colours: BTreeMap<FrameKey, Arc<Thumbnail>>,
    /// Frames that could not be predicted, each of which was reported once.
    failed: BTreeSet<FrameKey>,
    /// Store of the snapshots of the present or last run.
    store: Option<SnapshotStore>,
    /// Versions of the snapshot that was started last.
    last_versions: Option<Versions>,
}

impl SnapshotJob {
    /// Replaces the bookmarks. Returns `true` if frames or maps were added, so that a snapshot is due.
    pub fn set_bookmarks(&mut self, bookmarks: Bookmarks) -> bool {
        let has_more = bookmarks.frames.iter().any(|key| !self.bookmarks.frames.contains(key))
            || !bookmarks.maps.is_subset(&self.bookmarks.maps);
        self.colours.retain(|key, _| bookmarks.frames.contains(key));
        self.failed.clear();
        if bookmarks.frames.is_empty() {
            self.drop_pending();
        }
        self.bookmarks = bookmarks;
        has_more && !self.bookmarks.frames.is_empty()
    }

    /// Drops the incomplete snapshots; the next ones go to this store, that of a run that starts or is resumed.
    pub fn set_store(&mut self, store: SnapshotStore) {
        self.reset();
        self.store = Some(store);
    }

    /// Drops the incomplete snapshots and the store, because networks or data were replaced.
    fn reset(&mut self) {
        self.drop_pending();
        (self.last_step, self.last_versions) = (None, None);
        self.colours.clear();
        self.store = None;
    }

    /// Drops the snapshots under way.
    fn drop_pending(&mut self) {
        for pending in self.pending.drain(..) {
            debug!(step = pending.snapshot.step, frames_left = pending.remaining.len(), "snapshot dropped");
        }
    }

    /// Tells if a snapshot is due after this step.
    pub fn is_due(&self, step: u64, is_last: bool) -> bool {
        let is_turn = is_last || self.bookmarks.every > 0 && step.is_multiple_of(self.bookmarks.every);
        if self.bookmarks.frames.is_empty() || !is_turn || self.last_step == Some(step) {
            return false;
        }
        let has_room = is_last || self.pending.len() < MAX_PENDING;
        if !has_room {
            debug!(step, pending = self.pending.len(), "no snapshot: earlier ones are not complete");
        }
        has_room
    }

    /// Starts a snapshot of all bookmarked frames.
    pub fn start(&mut self, model: ModelSnapshot, compute: &Compute, versions: Versions) {
        if self.bookmarks.frames.is_empty() {
            return;
        }
        if self.last_versions.is_some_and(|last| !last.is_same_model(&versions)) {
            self.reset();
        }
        self.last_versions = Some(versions);
        let step = model.step();
        // A snapshot of the same step starts again, because the bookmarks may have changed.
        self.pending.retain(|pending| pending.model.step() != step);
        let remaining = self.bookmarks.frames.iter().cloned().collect();
        let snapshot = Snapshot { step, frames: Vec::new(), seconds: 0.0 };
        self.pending.push_back(Pending { model, compute: compute.clone(), versions, remaining, snapshot });
        self.last_step = step;
    }

    /// Predicts one more frame. Returns the snapshot if it is complete now.
    fn predict_next(&mut self, publisher: &Publisher) -> Option<Snapshot> {
        let pending = self.pending.front_mut()?;
        let started = Instant::now();
        if let Some(key) = pending.remaining.pop_front().filter(|key| !self.failed.contains(key)) {
            let (maps, colour) = (&self.bookmarks.maps, self.colours.get(&key));
            let predicted = predict(&pending.model, &key, maps, colour, &pending.compute);
            pending.snapshot.seconds += started.elapsed().as_secs_f64();
            match predicted {
                Ok(frame) => {
                    self.colours.insert(key, Arc::clone(&frame.colour));
                    pending.snapshot.frames.push(frame);
                }
                Err(error) => {
                    publisher
                        .warn(Topic::Job, format!("the bookmarked frame {key} cannot be shown: {error:#}"));
                    self.failed.insert(key);
                }
            }
        }
        let is_complete = pending.remaining.is_empty();
        let complete = if is_complete { self.pending.pop_front() } else { None };
        complete.map(|pending| pending.snapshot)
    }
}

impl Job for SnapshotJob {
    const NAME: &str = "the bookmarked frames cannot be shown";

    fn is_current(&self, versions: &Versions) -> bool {
        self.pending.iter().all(|pending| pending.versions.is_same_model(versions))
    }

    fn has_work(&self) -> bool {
        !self.pending.is_empty()
    }

    fn advance(&mut self, _: Duration, publisher: &Publisher) -> Result<bool> {
        if let Some(snapshot) = self.predict_next(publisher) {
            let snapshot = Arc::new(snapshot);
            publisher.send(Event::Snapshot(Arc::clone(&snapshot)));
            if let Some(store) = &mut self.store
                && let Err(error) = store.add(&snapshot)
            {
                publisher.warn(Topic::Job, format!("{error:#}"));
            }
        }
        Ok(true)
    }

    fn abort(&mut self, _: &Publisher) {
        self.drop_pending();
    }
}

/// Predicts the maps of a bookmarked frame. Its image is computed only if `colour` is missing.
fn predict(
    snapshot: &ModelSnapshot,
    key: &FrameKey,
    maps: &BTreeSet<MapName>,
    colour: Option<&Arc<Thumbnail>>,
    compute: &Compute,
) -> Result<FrameMaps> {
    ensure!(snapshot.source.contains(key), "the open data has no such frame; remove the bookmark");
    let target = MapName::Colour(FrameId::TARGET);
    let mut watched = maps.clone();
    watched.insert(target);
    let is_of_target = |name: &MapName| name.origin() == MapOrigin::Prediction || *name == target;
    let alone = watched.iter().all(is_of_target).then(|| snapshot.clone().without_sources());
    let snapshot = alone.as_ref().unwrap_or(snapshot);
    let view = FrameView { snapshot, request: MapRequest { watched: &watched, inspects: false, compute } };
    let mut found = view.maps(key)?;
    let image = found.remove(&target);
    let colour = match (colour, image) {
        (Some(colour), _) => Arc::clone(colour),
        (None, image) => Arc::new(thumbnail(target, image.context("the frame has no picture")?)?),
    };
    let maps = found.into_iter().map(|(name, map)| Ok((name, thumbnail(name, map)?)));
    Ok(FrameMaps { key: key.clone(), colour, maps: maps.collect::<Result<_>>()? })
}

/// Shrinks the first sample's map `[batch, channels, height, width]` to a thumbnail in host memory.
fn thumbnail(name: MapName, map: Tensor<4>) -> Result<Thumbnail> {
    let [_, _, height, width] = map.dims();
    let values = values(map.narrow(0, 0, 1))?;
    Ok(Thumbnail::new(name, &values, ImageSize { height, width }))
}

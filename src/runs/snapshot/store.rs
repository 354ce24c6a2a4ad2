//! The snapshots of a run on disk: `snapshots/` has a file for each step, and one with the images of the frames, which
//! all steps share.

use super::{
    FrameMaps, Snapshot, Snapshots, Thumbnail,
    file::{self, MapValues, Metadata},
};
use crate::{
    config::FrameId,
    data::{FrameKey, atomic_file::in_words},
    objective::MapName,
    runs::{
        RunFolder,
        files::{entries_by_step, refuse_link, remove, remove_unfinished, step_name},
    },
};
use anyhow::{Context, Error, Result, ensure};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};
use tracing::debug;

const ENDING: &str = ".safetensors";
const IMAGES: &str = "frames.safetensors";
const IMAGE: MapName = MapName::Colour(FrameId::TARGET);
const STEP: &str = "step";
const SECONDS: &str = "seconds";

/// The snapshots of a run on disk, within the same bound as in memory. Each file is written atomically.
pub struct SnapshotStore {
    folder: PathBuf,
    snapshots: Snapshots,
    /// Frames whose images are on disk.
    colour_frames: BTreeSet<FrameKey>,
    /// True if the last snapshot could not be written, which was reported.
    has_failed: bool,
}

/// Content of a folder of snapshots.
struct StoredSnapshots {
    snapshots: Snapshots,
    /// Steps of snapshots beyond the bound.
    left_out: Vec<u64>,
    colour_frames: BTreeSet<FrameKey>,
    failures: Vec<Error>,
}

impl SnapshotStore {
    /// Opens the snapshots of a run that resumes at `step`, with a limit of `most_bytes` for their maps. Removes
    /// half-written files, and snapshots of later steps, because those steps will be made again; reads the others.
    /// Also returns a warning about files that cannot be read or removed; these are left unchanged.
    pub fn open(run: &Path, step: u64, most_bytes: usize) -> (Self, Option<String>) {
        let folder = RunFolder::snapshots_path(run);
        if let Err(error) = refuse_link(&folder, run) {
            let (snapshots, colour_frames) = (Snapshots::within(most_bytes), BTreeSet::new());
            let warning = format!("the wall lacks the snapshots of the run: {error:#}");
            return (Self { folder, snapshots, colour_frames, has_failed: true }, Some(warning));
        }
        let cleaned = if folder.is_dir() { remove_unfinished(&folder) } else { Ok(()) };
        let later = entries_by_step(&folder, ENDING).into_iter().filter(|(other, _)| *other > step);
        let removed: Vec<Result<()>> = later.map(|(_, path)| remove(&path)).collect();
        let StoredSnapshots { snapshots, left_out, colour_frames, failures: unreadable } =
            read_all(&folder, step, most_bytes);
        let store = Self { folder, snapshots, colour_frames, has_failed: false };
        let dropped = left_out.into_iter().map(|step| store.remove(step));
        let failures: Vec<Error> = [cleaned]
            .into_iter()
            .chain(removed)
            .chain(dropped)
            .filter_map(Result::err)
            .chain(unreadable)
            .collect();
        let warning = failures.first().map(|first| match failures.len() {
            1 => format!("the wall lacks a snapshot of the run: {first:#}"),
            count => format!("the wall lacks snapshots of the run: {first:#}; and {} more", count - 1),
        });
        (store, warning)
    }

    /// Reads the snapshots of a run folder without changing it, even while the run trains. Skips those that cannot
    /// be read.
    pub fn read(run: &Path) -> Snapshots {
        read_all(&RunFolder::snapshots_path(run), u64::MAX, Snapshots::MAX_BYTES).snapshots
    }

    /// Snapshots within the bound.
    pub fn snapshots(&self) -> &Snapshots {
        &self.snapshots
    }

    /// Writes a snapshot and removes those that no longer fit; ignores a snapshot of networks that do not belong
    /// to a run.
    ///
    /// # Errors
    /// If it cannot be written; only the first of several failures in a row is returned.
    pub fn add(&mut self, snapshot: &Arc<Snapshot>) -> Result<()> {
        let Some(step) = snapshot.step else { return Ok(()) };
        let left_out = self.snapshots.add(Arc::clone(snapshot));
        let left_out = left_out.iter().filter_map(|snapshot| snapshot.step);
        let write = || {
            refuse_link(&self.folder, self.folder.parent().unwrap_or(&self.folder))?;
            let removed: Vec<Result<()>> = left_out.map(|step| self.remove(step)).collect();
            self.write(step, snapshot).and(removed.into_iter().collect())
        };
        let written = write().with_context(|| {
            format!("the snapshot of step {step} could not be saved in the run folder; training continues")
        });
        let was_reported = std::mem::replace(&mut self.has_failed, written.is_err());
        if was_reported { Ok(()) } else { written }
    }

    fn path(&self, step: u64) -> PathBuf {
        self.folder.join(format!("{}{ENDING}", step_name(step)))
    }

    fn remove(&self, step: u64) -> Result<()> {
        let path = self.path(step);
        debug!(step, "snapshot removed: the bound for a run is reached");
        // A snapshot that could not be written has no file.
        if path.exists() { remove(&path) } else { Ok(()) }
    }

    fn write(&mut self, step: u64, snapshot: &Snapshot) -> Result<()> {
        // `create_dir` rather than `create_dir_all`: a run folder that was removed must not come back half-empty.
        fs::create_dir(&self.folder)
            .or_else(|error| if error.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })
            .map_err(in_words)
            .with_context(|| format!("{} cannot be made", self.folder.display()))?;
        let images = self.folder.join(IMAGES);
        let has_image = |frame: &FrameMaps| self.colour_frames.contains(&frame.key);
        if !snapshot.frames.iter().all(has_image) || !images.is_file() {
            self.write_images(&images)?;
        }
        let frames = snapshot.frames.iter().map(|frame| {
            let maps = frame.maps.iter().map(|(name, map)| (*name, map));
            (frame.key.clone(), maps.collect())
        });
        let frames: Vec<MapValues<&Thumbnail>> = frames.collect();
        let metadata = [(STEP, step.to_string()), (SECONDS, snapshot.seconds.to_string())];
        let metadata = metadata.map(|(name, value)| (name.to_owned(), value));
        file::write(&self.path(step), &frames, metadata.into())
    }

    /// Writes the images of all frames of the snapshots.
    fn write_images(&mut self, path: &Path) -> Result<()> {
        let frames = self.snapshots.all().iter().flat_map(|snapshot| &snapshot.frames);
        let images: BTreeMap<&FrameKey, &Thumbnail> =
            frames.map(|frame| (&frame.key, frame.colour.as_ref())).collect();
        let colour_frames = images.keys().map(|key| (*key).clone()).collect();
        let images: Vec<MapValues<&Thumbnail>> =
            images.into_iter().map(|(key, image)| (key.clone(), BTreeMap::from([(IMAGE, image)]))).collect();
        file::write(path, &images, Metadata::new())?;
        self.colour_frames = colour_frames;
        Ok(())
    }
}

/// Reads the snapshots of a folder up to the step `last`.
fn read_all(folder: &Path, last: u64, most_bytes: usize) -> StoredSnapshots {
    let (snapshots, left_out) = (Snapshots::within(most_bytes), Vec::new());
    let mut found =
        StoredSnapshots { snapshots, left_out, colour_frames: BTreeSet::new(), failures: Vec::new() };
    let mut files = entries_by_step(folder, ENDING);
    files.retain(|(step, path)| *step <= last && path.is_file());
    if files.is_empty() {
        return found;
    }
    let images = read_images(&folder.join(IMAGES)).unwrap_or_else(|error| {
        found.failures.push(error);
        BTreeMap::new()
    });
    for (step, path) in files {
        match read_snapshot(&path, step, &images) {
            Ok(snapshot) => {
                let left_out = found.snapshots.add(Arc::new(snapshot));
                found.left_out.extend(left_out.iter().filter_map(|snapshot| snapshot.step));
            }
            Err(error) => found.failures.push(error),
        }
    }
    found.colour_frames = images.into_keys().collect();
    found
}

fn read_images(path: &Path) -> Result<BTreeMap<FrameKey, Arc<Thumbnail>>> {
    let (frames, _) = file::read(path).with_context(|| format!("{} cannot be used", path.display()))?;
    let image = |(key, mut maps): MapValues<Thumbnail>| {
        let image = maps.remove(&IMAGE)?;
        Some((key, Arc::new(image)))
    };
    Ok(frames.into_iter().filter_map(image).collect())
}

fn read_snapshot(path: &Path, step: u64, images: &BTreeMap<FrameKey, Arc<Thumbnail>>) -> Result<Snapshot> {
    let read = || -> Result<Snapshot> {
        let (frames, metadata) = file::read(path)?;
        let fact = |name: &str| metadata.get(name).with_context(|| format!("it does not state its {name}"));
        let stated = fact(STEP)?;
        ensure!(*stated == step.to_string(), "it is of step {stated}");
        let stated = fact(SECONDS)?;
        let seconds = stated.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
        let seconds = seconds.with_context(|| format!("it says that it took {stated} seconds"))?;
        let with_colour = |(key, maps): MapValues<Thumbnail>| {
            let colour = images.get(&key).cloned();
            let colour = colour.with_context(|| format!("there is no image of frame {key}"))?;
            Ok(FrameMaps { key, colour, maps })
        };
        let frames = frames.into_iter().map(with_colour).collect::<Result<_>>()?;
        Ok(Snapshot { step: Some(step), frames, seconds })
    };
    read().with_context(|| format!("{} cannot be used", path.display()))
}

//! The snapshots of a run in its folder: a file a step in `snapshots/`, and beside them one with the pictures of
//! the frames, which are the same in all.

use super::{
    FrameMaps, Snapshot, Snapshots, Thumbnail,
    file::{self, Facts, MapValues},
};
use crate::{
    config::FrameId,
    data::{FrameKey, atomic_file::in_words},
    objective::MapName,
    runs::{
        RunFolder,
        files::{clean, of_steps, remove, step_name},
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

const ENDING: &str = ".safetensors";
const PICTURES: &str = "frames.safetensors";
const PICTURE: MapName = MapName::Colour(FrameId::TARGET);
const STEP: &str = "step";
const SECONDS: &str = "seconds";

/// The snapshots of a run, on the disk within the same bound as in memory. Each file appears whole or not at
/// all.
pub struct SnapshotStore {
    folder: PathBuf,
    snapshots: Snapshots,
    /// The frames whose pictures are on the disk.
    pictured: BTreeSet<FrameKey>,
    /// Whether the last snapshot could not be written, which was told.
    has_failed: bool,
}

/// What was found in a folder of snapshots.
struct FoundSnapshots {
    snapshots: Snapshots,
    /// Steps of those that had to be left out to stay within the bound.
    left_out: Vec<u64>,
    pictured: BTreeSet<FrameKey>,
    refusals: Vec<Error>,
}

impl SnapshotStore {
    /// Opens the album of a run that stands at a step, to take so many bytes of maps at most: removes what a
    /// killed process left half-written, and what was seen after that step, which will be made anew; reads the
    /// others. Also gives in words what of it failed; that is left as it is.
    pub fn open(run: &Path, step: u64, most_bytes: usize) -> (Self, Option<String>) {
        let folder = RunFolder::snapshots_in(run);
        let cleaned = if folder.is_dir() { clean(&folder) } else { Ok(()) };
        let later = of_steps(&folder, ENDING).into_iter().filter(|(other, _)| *other > step);
        let removed: Vec<Result<()>> = later.map(|(_, path)| remove(&path)).collect();
        let FoundSnapshots { snapshots, left_out, pictured, refusals } =
            look_through(&folder, step, most_bytes);
        let album = Self { folder, snapshots, pictured, has_failed: false };
        let dropped = left_out.into_iter().map(|step| album.remove(step));
        let failures: Vec<Error> = [cleaned]
            .into_iter()
            .chain(removed)
            .chain(dropped)
            .filter_map(Result::err)
            .chain(refusals)
            .collect();
        let trouble = failures.first().map(|first| match failures.len() {
            1 => format!("the wall lacks a snapshot of the run: {first:#}"),
            count => format!("the wall lacks snapshots of the run: {first:#}; and {} more", count - 1),
        });
        (album, trouble)
    }

    /// The snapshots that a run's folder has now, be the run under way or not; nothing is changed. Those that
    /// cannot be read are left out.
    pub fn read(run: &Path) -> Snapshots {
        look_through(&RunFolder::snapshots_in(run), u64::MAX, Snapshots::MOST_BYTES).snapshots
    }

    /// What is in it.
    pub fn snapshots(&self) -> &Snapshots {
        &self.snapshots
    }

    /// Writes a snapshot and removes those that have to be left out for it; one of no run is passed over.
    ///
    /// # Errors
    /// If it cannot be written. That is told once, until one can be written again.
    pub fn add(&mut self, snapshot: &Arc<Snapshot>) -> Result<()> {
        let Some(step) = snapshot.step else { return Ok(()) };
        let left_out = self.snapshots.add(Arc::clone(snapshot));
        let left_out = left_out.iter().filter_map(|snapshot| snapshot.step);
        let removed: Vec<Result<()>> = left_out.map(|step| self.remove(step)).collect();
        let written = self.write(step, snapshot).and(removed.into_iter().collect()).with_context(|| {
            format!("what the wall shows of step {step} is not kept in the run folder, which harms no step")
        });
        let was_told = std::mem::replace(&mut self.has_failed, written.is_err());
        if was_told { Ok(()) } else { written }
    }

    fn path(&self, step: u64) -> PathBuf {
        self.folder.join(format!("{}{ENDING}", step_name(step)))
    }

    fn remove(&self, step: u64) -> Result<()> {
        let path = self.path(step);
        // It is not there if it could not be written.
        if path.exists() { remove(&path) } else { Ok(()) }
    }

    fn write(&mut self, step: u64, snapshot: &Snapshot) -> Result<()> {
        // A run folder that was removed is not made anew.
        fs::create_dir(&self.folder)
            .or_else(|error| if error.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })
            .map_err(in_words)
            .with_context(|| format!("{} cannot be made", self.folder.display()))?;
        let pictures = self.folder.join(PICTURES);
        let has_picture = |frame: &FrameMaps| self.pictured.contains(&frame.key);
        if !snapshot.frames.iter().all(has_picture) || !pictures.is_file() {
            self.write_pictures(&pictures)?;
        }
        let frames = snapshot.frames.iter().map(|frame| {
            let maps = frame.maps.iter().map(|(name, map)| (*name, map));
            (frame.key.clone(), maps.collect())
        });
        let frames: Vec<MapValues<&Thumbnail>> = frames.collect();
        let facts = [(STEP, step.to_string()), (SECONDS, snapshot.seconds.to_string())];
        let facts = facts.map(|(name, value)| (name.to_owned(), value));
        file::write(&self.path(step), &frames, facts.into())
    }

    /// Writes the pictures of all frames that the snapshots show.
    fn write_pictures(&mut self, path: &Path) -> Result<()> {
        let frames = self.snapshots.all().iter().flat_map(|snapshot| &snapshot.frames);
        let pictures: BTreeMap<&FrameKey, &Thumbnail> =
            frames.map(|frame| (&frame.key, frame.colour.as_ref())).collect();
        let pictured = pictures.keys().map(|key| (*key).clone()).collect();
        let pictures: Vec<MapValues<&Thumbnail>> = pictures
            .into_iter()
            .map(|(key, picture)| (key.clone(), BTreeMap::from([(PICTURE, picture)])))
            .collect();
        file::write(path, &pictures, Facts::new())?;
        self.pictured = pictured;
        Ok(())
    }
}

/// Reads the snapshots of a folder up to a step.
fn look_through(folder: &Path, last: u64, most_bytes: usize) -> FoundSnapshots {
    let (snapshots, left_out) = (Snapshots::within(most_bytes), Vec::new());
    let mut found = FoundSnapshots { snapshots, left_out, pictured: BTreeSet::new(), refusals: Vec::new() };
    let mut files = of_steps(folder, ENDING);
    files.retain(|(step, path)| *step <= last && path.is_file());
    if files.is_empty() {
        return found;
    }
    let pictures = read_pictures(&folder.join(PICTURES)).unwrap_or_else(|error| {
        found.refusals.push(error);
        BTreeMap::new()
    });
    for (step, path) in files {
        match read_snapshot(&path, step, &pictures) {
            Ok(snapshot) => {
                let left_out = found.snapshots.add(Arc::new(snapshot));
                found.left_out.extend(left_out.iter().filter_map(|snapshot| snapshot.step));
            }
            Err(error) => found.refusals.push(error),
        }
    }
    found.pictured = pictures.into_keys().collect();
    found
}

fn read_pictures(path: &Path) -> Result<BTreeMap<FrameKey, Arc<Thumbnail>>> {
    let (frames, _) = file::read(path).with_context(|| format!("{} cannot be used", path.display()))?;
    let picture = |(key, mut maps): MapValues<Thumbnail>| {
        let picture = maps.remove(&PICTURE)?;
        Some((key, Arc::new(picture)))
    };
    Ok(frames.into_iter().filter_map(picture).collect())
}

fn read_snapshot(path: &Path, step: u64, pictures: &BTreeMap<FrameKey, Arc<Thumbnail>>) -> Result<Snapshot> {
    let read = || -> Result<Snapshot> {
        let (frames, facts) = file::read(path)?;
        let fact = |name: &str| facts.get(name).with_context(|| format!("it does not say its {name}"));
        let stated = fact(STEP)?;
        ensure!(*stated == step.to_string(), "it is of step {stated}");
        let stated = fact(SECONDS)?;
        let seconds = stated.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
        let seconds = seconds.with_context(|| format!("it says that it took {stated} seconds"))?;
        let seen = |(key, maps): MapValues<Thumbnail>| {
            let colour = pictures.get(&key).cloned();
            let colour = colour.with_context(|| format!("there is no picture of frame {key}"))?;
            Ok(FrameMaps { key, colour, maps })
        };
        let frames = frames.into_iter().map(seen).collect::<Result<_>>()?;
        Ok(Snapshot { step: Some(step), frames, seconds })
    };
    read().with_context(|| format!("{} cannot be used", path.display()))
}

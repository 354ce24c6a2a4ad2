//! What a run keeps: its folder, and checkpoints that are whole or not there at all.

use super::Adam;
use crate::{
    compute::ops::Moments,
    config::{ImageSize, RunConfig},
    model::{Networks, weights},
};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// Where a run stands, so that it can go on from there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Steps made.
    pub step: u64,
    /// Pass over the data, from 0.
    pub epoch: usize,
    /// Batches of that pass already trained on.
    pub batch: usize,
}

/// The folder of a run (DESIGN section 4).
#[derive(Clone, Debug)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// Makes the folder of a new run and writes down what the run is.
    ///
    /// # Errors
    /// If the folder holds anything already, or cannot be written to.
    pub fn create(path: &Path, config: &RunConfig, facts: &impl Serialize) -> Result<Self> {
        let holds_files = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
        if holds_files {
            bail!("the run folder {} is not empty; choose another with --out", path.display());
        }
        fs::create_dir_all(path.join("checkpoints")).with_context(|| {
            format!("the run folder {} cannot be made; choose a writable place with --out", path.display())
        })?;
        let config = toml::to_string(config).context("the configuration cannot be written as TOML")?;
        write_whole(&path.join("config.toml"), config.as_bytes())?;
        let facts = serde_json::to_string_pretty(facts).context("the manifest cannot be written as JSON")?;
        write_whole(&path.join("manifest.json"), facts.as_bytes())?;
        Ok(Self(path.to_owned()))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes `checkpoints/step_NNNNNN`: the networks in the published layout, the optimiser's state
    /// and the position. A reader sees the whole checkpoint or none of it.
    pub fn save(
        &self,
        networks: &Networks,
        size: ImageSize,
        uses_stereo: bool,
        adam: &Adam,
        position: Position,
    ) -> Result<PathBuf> {
        let checkpoints = self.0.join("checkpoints");
        let name = format!("step_{:06}", position.step);
        let target = checkpoints.join(&name);
        let write = || -> Result<()> {
            let unfinished = tempfile::Builder::new().prefix(".unfinished_").tempdir_in(&checkpoints)?;
            weights::save(unfinished.path(), networks, size, uses_stereo)?;
            save_moments(&unfinished.path().join("optimizer.safetensors"), networks, adam)?;
            write_whole(&unfinished.path().join("position.json"), &serde_json::to_vec(&position)?)?;
            if target.exists() {
                fs::remove_dir_all(&target)?;
            }
            fs::rename(unfinished.path(), &target)?;
            write_whole(&self.0.join("last"), name.as_bytes())
        };
        write().with_context(|| {
            format!(
                "the checkpoint {} cannot be written; free space or permission is missing",
                target.display()
            )
        })?;
        Ok(target)
    }

    /// The folder of networks that `--weights` names: itself, or a run folder's last checkpoint.
    pub fn weights_in(path: &Path) -> PathBuf {
        let last = fs::read_to_string(path.join("last")).unwrap_or_default();
        let checkpoint = path.join("checkpoints").join(last.trim());
        if !last.is_empty() && checkpoint.is_dir() { checkpoint } else { path.to_owned() }
    }
}

/// Writes a file so that it is never seen half-written.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || -> Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}

fn save_moments(path: &Path, networks: &Networks, adam: &Adam) -> Result<()> {
    let mut arrays: Vec<(String, Vec<f32>)> = Vec::new();
    for (name, id) in weights::parameter_ids(networks) {
        if let Some(Moments { first, second }) = adam.moments.get(&id) {
            arrays.push((format!("{name}.first"), first.to_data().try_to_vec()?));
            arrays.push((format!("{name}.second"), second.to_data().try_to_vec()?));
        }
    }
    let views = arrays.iter().map(|(name, values)| {
        let bytes = bytemuck::cast_slice(values);
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![values.len()], bytes);
        view.map(|view| (name.as_str(), view))
    });
    let views = views.collect::<Result<Vec<_>, _>>()?;
    write_whole(path, &safetensors::serialize(views, None)?)
}

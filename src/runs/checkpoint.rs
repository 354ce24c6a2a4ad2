//! A checkpoint: one folder with everything that a run needs to resume exactly.

use super::files::{read_file, step_name, write_whole};
use crate::{
    compute::{
        ops::{AdamState, Moments},
        values,
    },
    config::RunConfig,
    data::{
        atomic_file::{MAX_SIDE_FILE, read_within},
        unreadable::safetensors_reason,
    },
    model::{Networks, weights},
    output::shortened,
};
use anyhow::{Context, Result, anyhow, bail, ensure};
use burn::{
    module::ParamId,
    tensor::{Device, Tensor, TensorData},
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::{collections::HashMap, path::Path};

/// Position of a run in its data. Order, augmentation, noise and learning rate are functions of it and of the
/// configuration, so no other state of them is saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Number of steps made.
    pub step: u64,
    /// Pass over the data, from 0.
    pub epoch: usize,
    /// Number of batches of this epoch already trained on.
    pub batch: usize,
    /// Number of batches in an epoch.
    pub batches: usize,
    /// Step after which the networks were last validated.
    pub validated: Option<u64>,
    /// Best validation so far.
    #[serde(default, deserialize_with = "best_if_number")]
    pub best: Option<Best>,
}

impl Position {
    /// True if the last step was the last of its epoch.
    pub fn ends_epoch(&self) -> bool {
        self.step > 0 && self.batch == self.batches
    }

    /// Records the loss of a validation after the last step. A loss that is not finite is never the best.
    pub(crate) fn note_validation(&mut self, loss: f32) {
        self.validated = Some(self.step);
        if loss.is_finite() && self.best.is_none_or(|best| loss < best.loss) {
            self.best = Some(Best { step: self.step, loss });
        }
    }

    /// Writes the position to the folder of a checkpoint. Unknown keys of an existing file, such as those of a newer
    /// version, are kept.
    pub fn write(self, checkpoint: &Path) -> Result<()> {
        let path = checkpoint.join(POSITION);
        let existing =
            read_within(&path, MAX_SIDE_FILE).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let mut facts: Map<String, Value> = existing.unwrap_or_default();
        if let Value::Object(position) = serde_json::to_value(self)? {
            facts.extend(position);
        }
        write_whole(&path, &serde_json::to_vec(&facts)?)
    }

    /// Reads the position from the folder of a checkpoint.
    ///
    /// # Errors
    /// If the file cannot be read, lacks a value, or states another step than the name of the folder.
    pub fn read(checkpoint: &Path) -> Result<Self> {
        let path = checkpoint.join(POSITION);
        let bytes = read_file(&path, MAX_SIDE_FILE)?;
        Self::parse(&bytes, checkpoint).with_context(|| format!("{} is damaged", path.display()))
    }

    fn parse(bytes: &[u8], checkpoint: &Path) -> Result<Self> {
        let facts: Option<Map<String, Value>> = serde_json::from_slice(bytes).ok();
        let facts = facts.context("it is cut off or not JSON")?;
        for name in ["step", "epoch", "batch", "batches"] {
            let value = facts.get(name).with_context(|| format!("it does not state its {name}"))?;
            ensure!(
                value.as_u64().is_some_and(|count| count <= MAX_COUNT),
                "its {name} is {}, not a whole number from 0 to {MAX_COUNT}",
                shortened(&value.to_string(), 40)
            );
        }
        let position: Option<Self> = serde_json::from_value(Value::Object(facts)).ok();
        let position = position.context("its validated is not the number of a step")?;
        let Self { step, epoch, batch, batches, validated, best } = position;
        ensure!(checkpoint.ends_with(step_name(step)), "it states step {step}, which is not the folder's");
        if let Some(validated) = validated {
            ensure!(validated <= step, "its validated is step {validated}, after its step {step}");
        }
        if let Some(best) = best {
            ensure!(best.step <= step, "its best is of step {}, after its step {step}", best.step);
            ensure!(best.loss.is_finite() && best.loss >= 0.0, "the loss of its best is {}", best.loss);
        }
        // A batch of which no image could be read is counted, but makes no step: there may be fewer steps than batches.
        let passed = epoch.checked_mul(batches).and_then(|passed| passed.checked_add(batch));
        ensure!(
            batch <= batches && passed.is_some_and(|passed| step <= passed as u64),
            "it states batch {batch} of {batches} in epoch {epoch} for step {step}, which is impossible"
        );
        Ok(position)
    }
}

/// The validation with the lowest loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Step after which it was made.
    pub step: u64,
    /// Validation loss.
    pub loss: f32,
}

/// Reads the best validation; `None` if its loss is not a number, which older versions could write.
fn best_if_number<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Option<Best>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

/// Most steps, epochs and batches that a position may state: no run makes more.
const MAX_COUNT: u64 = 1_000_000_000;
const POSITION: &str = "position.json";
const MOMENTS: &str = "optimizer.safetensors";

/// State that a run resumes from.
pub struct Checkpoint {
    /// Networks with the running statistics of their batch normalisation.
    pub networks: Networks,
    /// State of the optimiser.
    pub adam: AdamState,
    /// Position of the run.
    pub position: Position,
}

impl Checkpoint {
    /// Writes a checkpoint to an existing folder: networks in the published layout, the optimiser's moments by
    /// published name, and the position.
    pub fn write(
        folder: &Path,
        networks: &Networks,
        config: &RunConfig,
        adam: &AdamState,
        position: Position,
    ) -> Result<()> {
        weights::save(folder, networks, config.network.size(), config.objective.uses_stereo())?;
        write_whole(&folder.join(MOMENTS), &moments_file(networks, adam)?)?;
        position.write(folder)
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// If a file is missing, damaged, or belongs to other networks.
    pub fn read(folder: &Path, device: &Device) -> Result<Self> {
        let position = Position::read(folder)?;
        let networks = weights::load(folder, device)?.networks;
        let path = folder.join(MOMENTS);
        let sizes: HashMap<String, usize> = weights::named_tensors(&networks)
            .into_iter()
            .map(|tensor| (tensor.name.to_string(), tensor.values.len()))
            .collect();
        // Two numbers of four bytes each a weight, their names, and as much again for what a newer version may add.
        let expected = 8 * sizes.values().sum::<usize>() as u64 + 1024 * sizes.len() as u64;
        let file = read_file(&path, 2 * expected + MAX_SIDE_FILE)?;
        let moments = read_moments(&file, &networks, &sizes, device)
            .with_context(|| format!("{} is damaged or of other networks", path.display()))?;
        Ok(Self { networks, adam: AdamState { steps: position.step, moments }, position })
    }
}

fn moments_file(networks: &Networks, adam: &AdamState) -> Result<Vec<u8>> {
    let mut arrays: Vec<(String, Vec<f32>)> = Vec::new();
    for (name, id) in weights::parameter_ids(networks) {
        if let Some(Moments { first, second }) = adam.moments.get(&id) {
            arrays.push((format!("{name}.first"), values(first.clone())?));
            arrays.push((format!("{name}.second"), values(second.clone())?));
        }
    }
    let views = arrays.iter().map(|(name, values)| {
        let view = TensorView::new(Dtype::F32, vec![values.len()], bytemuck::cast_slice(values));
        view.map(|view| (name.as_str(), view))
    });
    Ok(safetensors::serialize(views.collect::<Result<Vec<_>, _>>()?, None)?)
}

fn read_moments(
    bytes: &[u8],
    networks: &Networks,
    sizes: &HashMap<String, usize>,
    device: &Device,
) -> Result<HashMap<ParamId, Moments>> {
    let unreadable = |error| anyhow!(safetensors_reason(&error));
    let file = SafeTensors::deserialize(bytes).map_err(unreadable)?;
    let mut moments = HashMap::new();
    for (name, id) in weights::parameter_ids(networks) {
        let name = name.to_string();
        let read = |kind: &str| -> Result<Tensor<1>> {
            let view = file.tensor(&format!("{name}.{kind}")).map_err(unreadable)?;
            let (numbers, _) = view.data().as_chunks::<4>();
            let values: Vec<f32> = numbers.iter().copied().map(f32::from_le_bytes).collect();
            if values.len() != sizes[&name] {
                bail!("{name} has {} values, its moments {}", sizes[&name], values.len());
            }
            Ok(Tensor::from_data(TensorData::new(values, [sizes[&name]]), device))
        };
        // A parameter that no gradient has reached has no moments.
        if file.tensor(&format!("{name}.first")).is_ok() {
            moments.insert(id, Moments { first: read("first")?, second: read("second")? });
        }
    }
    // A newer version may write arrays of other kinds.
    let is_moment = |name: &&str| name.ends_with(".first") || name.ends_with(".second");
    let arrays = file.names().into_iter().filter(is_moment).count();
    if arrays != 2 * moments.len() {
        bail!("it has {arrays} arrays, of which the networks know {}", 2 * moments.len());
    }
    Ok(moments)
}

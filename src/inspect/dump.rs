//! Everything the objective computes for one sample, as named arrays in a file.

use crate::{
    compute::values,
    config::{ImageSize, ObjectiveConfig},
    data::{
        FrameKey, FrameSource,
        atomic_file::write_whole,
        augment::Augmentation,
        loader::{SampleOptions, load_sample},
    },
    model::Networks,
    objective::{MapKind, MapName, Noise, Objective},
    predict::{SampleTensors, inputs},
};
use anyhow::{Context, Result, ensure};
use burn::tensor::{Device, Tensor};
use safetensors::{Dtype, View};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::Path,
};

/// An array of a dump: f32 values, or choices as u8.
#[derive(Clone, Debug)]
pub struct DumpArray {
    /// Row-major shape.
    pub shape: Vec<usize>,
    /// The bytes, little-endian.
    bytes: Vec<u8>,
    dtype: Dtype,
}

impl DumpArray {
    fn floats<const D: usize>(tensor: Tensor<D>, shape: Vec<usize>) -> Result<Self> {
        let values = values(tensor)?;
        Ok(Self {
            shape,
            bytes: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            dtype: Dtype::F32,
        })
    }

    fn choices(tensor: Tensor<4>, shape: Vec<usize>) -> Result<Self> {
        let values = values(tensor)?;
        Ok(Self { shape, bytes: values.iter().map(|value| *value as u8).collect(), dtype: Dtype::U8 })
    }
}

impl View for &DumpArray {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// Computes every map of a sample with networks in evaluation mode and without tie-break noise; loss maps are
/// those of the finest trained scale.
///
/// The arrays' names are a contract with the programs that read a dump, F being `0`, `m1`, `p1` or `s` and S a
/// scale: `color_F [3, H, W]`, `disparity_S [H/2^S, W/2^S]`, `depth [H, W]`, `rigid_flow_F [H, W]` (pixels from
/// the target's to the source's), `warped_F [3, H, W]`, `reprojection_F`, `identity_F` and `loss [H, W]` (the
/// minimum), `source_index [H, W]` (u8, into identities, then reprojections), `automask [H, W]` (u8, 1 trains),
/// `pose_F [4, 4]` (`source_from_target`), `loss_scale_S`, `smoothness_S` and `loss_total [1]`; and every other
/// map of the objective.
pub fn inspect(
    networks: &Networks,
    source: &dyn FrameSource,
    key: &FrameKey,
    config: &ObjectiveConfig,
    size: ImageSize,
    device: &Device,
) -> Result<BTreeMap<String, DumpArray>> {
    ensure!(
        networks.reachable(&config.frame_ids) == config.frame_ids,
        "these networks ({}) cannot predict the motion to every source of the sample, so nothing can be warped; \
         give weights with a pose network for its {} frames",
        networks.architecture(),
        config.frame_ids.len()
    );
    let options = SampleOptions::of(config, size);
    let sample = load_sample(source, key, &options, &Augmentation::default())
        .with_context(|| format!("sample '{key}' cannot be inspected"))?;
    let samples = SampleTensors::upload(&[sample], device);
    let names: BTreeSet<MapName> = MapName::of_objective(config).into_iter().collect();
    let inputs = inputs(networks, config, &samples, Noise::None);
    let outcome = Objective::new(config, size).evaluate(&inputs, &names);

    let mut arrays = BTreeMap::new();
    for (id, pyramid) in &samples.colour {
        put_map(&mut arrays, MapName::Colour(*id), pyramid[0].clone())?;
    }
    for (name, tensor) in outcome.maps {
        put_map(&mut arrays, name, tensor)?;
    }
    // If the motion differs from scale to scale (PoseCNN), the dump has that of the finest one.
    let motions = inputs.source_from_target.finest().cloned().unwrap_or_default();
    for (id, motion) in motions {
        arrays.insert(format!("pose_{}", id.tag()), DumpArray::floats(motion, vec![4, 4])?);
    }
    for (scale, loss) in outcome.scale_losses {
        arrays.insert(format!("loss_scale_{scale}"), DumpArray::floats(loss, vec![1])?);
    }
    for (scale, loss) in outcome.smoothness {
        arrays.insert(format!("smoothness_{scale}"), DumpArray::floats(loss, vec![1])?);
    }
    arrays.insert("loss_total".to_owned(), DumpArray::floats(outcome.loss, vec![1])?);
    Ok(arrays)
}

fn put_map(arrays: &mut BTreeMap<String, DumpArray>, name: MapName, tensor: Tensor<4>) -> Result<()> {
    let [_, channels, height, width] = tensor.dims();
    let array = match name.kind() {
        MapKind::Colour => DumpArray::floats(tensor, vec![channels, height, width])?,
        MapKind::Scalar(_) => DumpArray::floats(tensor, vec![height, width])?,
        MapKind::Category(_) => DumpArray::choices(tensor, vec![height, width])?,
    };
    arrays.insert(name.dump_name(), array);
    Ok(())
}

/// Writes arrays to a safetensors file, atomically.
pub fn dump(arrays: &BTreeMap<String, DumpArray>, path: &Path) -> Result<()> {
    let bytes = safetensors::serialize(arrays.iter(), None)?;
    write_whole(path, |file| file.write_all(&bytes))
        .with_context(|| format!("the dump {} cannot be written", path.display()))
}

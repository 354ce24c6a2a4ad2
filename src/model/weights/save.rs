//! Writing networks in the published layout.

use super::{
    WeightsError, named_tensors,
    torch::{StateDictValue, write_dictionary},
};
use crate::{config::ImageSize, data::atomic_file::write_whole, model::Networks};
use safetensors::{Dtype, tensor::TensorView};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::Path,
};

/// Writes networks to a folder, which is created if needed, as PyTorch state dictionaries in the published layout,
/// with the image size and the use of stereo in `encoder.pth`.
///
/// Residual encoders also get the unused tensors of the published ones, filled with zeros: batch counts and the
/// classifier `fc`. So tools that check every name accept them.
///
/// Each file is written atomically.
///
/// # Errors
/// If the folder cannot be made or written to.
pub fn save(
    folder: &Path,
    networks: &Networks,
    size: ImageSize,
    use_stereo: bool,
) -> Result<(), WeightsError> {
    let unwritable = |path: &Path| {
        let path = path.to_owned();
        |reason| WeightsError::Unwritable { path, reason }
    };
    fs::create_dir_all(folder).map_err(unwritable(folder))?;
    for (name, items) in dictionaries(networks, size, use_stereo) {
        let path = folder.join(format!("{name}.pth"));
        write_whole(&path, |file| write_dictionary(file, &items)).map_err(unwritable(&path))?;
    }
    Ok(())
}

/// Writes networks to one `.safetensors` file, in which a tensor's name begins with that of the file it
/// has in a folder: `depth.decoder.0.conv.conv.weight`.
///
/// # Errors
/// If the file cannot be written; an existing file is then unchanged.
pub fn save_joined(
    path: &Path,
    networks: &Networks,
    size: ImageSize,
    use_stereo: bool,
) -> Result<(), WeightsError> {
    let tensors = named_tensors(networks);
    let views = tensors.iter().map(|tensor| {
        let name = format!("{}.{}", tensor.name.file, tensor.name.key);
        let bytes = bytemuck::cast_slice(&tensor.values);
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes);
        (name, view.expect("a tensor has as many values as its shape says"))
    });
    let facts = [
        ("height", size.height.to_string()),
        ("width", size.width.to_string()),
        ("use_stereo", use_stereo.to_string()),
    ];
    let facts = facts.map(|(name, value)| (name.to_owned(), value)).into();
    let written = write_whole(path, |file| {
        let bytes = safetensors::serialize(views, Some(facts)).map_err(io::Error::other)?;
        file.write_all(&bytes)
    });
    written.map_err(|reason| WeightsError::Unwritable { path: path.to_owned(), reason })
}

/// Classes of the classifier that encoders are published with.
const CLASSES: usize = 1000;

fn dictionaries(
    networks: &Networks,
    size: ImageSize,
    use_stereo: bool,
) -> BTreeMap<&'static str, Vec<(String, StateDictValue)>> {
    let mut files: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for tensor in named_tensors(networks) {
        let items = files.entry(tensor.name.file).or_default();
        let key = tensor.name.key;
        let batches = key.strip_suffix("running_var").map(|layer| format!("{layer}num_batches_tracked"));
        items.push((key, StateDictValue::Floats { shape: tensor.shape, values: tensor.values }));
        items.extend(batches.map(|key| (key, StateDictValue::Zero)));
    }
    for (name, encoder) in networks.residual_encoders() {
        let [.., features] = encoder.architecture().feature_channels();
        for (kind, shape) in [("weight", vec![CLASSES, features]), ("bias", vec![CLASSES])] {
            let values = vec![0.0; shape.iter().product()];
            let item = (format!("encoder.fc.{kind}"), StateDictValue::Floats { shape, values });
            files.entry(name.stem()).or_default().push(item);
        }
    }
    files.entry("encoder").or_default().extend([
        ("height".to_owned(), StateDictValue::Integer(size.height)),
        ("width".to_owned(), StateDictValue::Integer(size.width)),
        ("use_stereo".to_owned(), StateDictValue::Truth(use_stereo)),
    ]);
    files
}

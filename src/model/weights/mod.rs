//! Weights files: reading and writing networks in the published layout.
//!
//! The layout is a folder with `encoder.pth` and `depth.pth`, and `pose.pth` where motion was trained, with
//! `pose_encoder.pth` if it has an encoder of its own; `predictive_mask.pth` in that ablation. `encoder.pth` also
//! states the image size and the use of stereo. The same tensors are read from `.safetensors` files of these
//! names, or from one such file in which the file's name precedes the key: `depth.decoder.0.conv.conv.weight`.

mod alias;
mod architecture;
mod error;
mod file;
mod imagenet;
mod name;
mod save;
mod scale;
mod torch;

pub use error::WeightsError;
pub use imagenet::{PretrainedEncoders, load_imagenet};
pub use name::{NamedTensor, ParameterName, map_parameters, named_tensors, parameter_ids};
pub use save::{save, save_joined};
pub use scale::MetricScale;

use super::{Architecture, Networks};
use crate::config::{ImageSize, NetworkConfig, NetworkFile};
use burn::tensor::Device;
use file::{Files, TensorFile};
use serde::Serialize;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Instant,
};
use tracing::info;

/// Networks from a file, with the metadata of the file.
#[derive(Debug)]
pub struct LoadedNetworks {
    /// The networks, of the architecture that the file's names and shapes show.
    pub networks: Networks,
    /// Image size that they were trained for; `None` if the file does not state it.
    pub size: Option<ImageSize>,
    /// True if they were trained with stereo pairs, so that their depth has a known unit; `None` if the
    /// file does not state it.
    pub use_stereo: Option<bool>,
    /// Usage of each tensor of the file.
    pub report: LoadReport,
}

impl LoadedNetworks {
    /// Image size that the networks were trained for; the usual one if the file does not state it.
    pub fn trained_size(&self) -> ImageSize {
        self.size.unwrap_or_else(|| NetworkConfig::default().size())
    }
}

/// Usage of each tensor, named as `file/key`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LoadReport {
    /// Loaded as parameters.
    pub loaded: Vec<String>,
    /// Needed by the networks, but not there. [`load`] makes an error of them.
    pub missing: Vec<String>,
    /// Unknown to the networks. The classifier and the batch counts are not listed: every published encoder has
    /// them and no prediction needs them.
    pub unused: Vec<String>,
}

/// Reads networks from a folder in the published layout, or from a `.safetensors` file.
///
/// # Errors
/// If there are no weights, or a file is damaged, has foreign objects, or fits no known network.
pub fn load(path: &Path, device: &Device) -> Result<LoadedNetworks, WeightsError> {
    let loaded = examine(path, device)?;
    let Some(first) = loaded.report.missing.first() else { return Ok(loaded) };
    let (_, key) = first.split_once('/').unwrap_or(("", first));
    let more = match loaded.report.missing.len() - 1 {
        0 => String::new(),
        more => format!(", nor {more} others that the {} needs", loaded.networks.architecture()),
    };
    Err(WeightsError::Unknown { path: path.to_owned(), reason: format!("it has no tensor {key}{more}") })
}

/// Loads as [`load`] does, but reports missing tensors and leaves their parameters at zero.
///
/// # Errors
/// As [`load`] otherwise.
pub fn examine(path: &Path, device: &Device) -> Result<LoadedNetworks, WeightsError> {
    let started = Instant::now();
    let loaded = of_files(&open(path)?, device)?;
    info!(
        path = %path.display(),
        networks = %loaded.networks.architecture(),
        tensors = loaded.report.loaded.len(),
        missing = loaded.report.missing.len(),
        unused = loaded.report.unused.len(),
        seconds = started.elapsed().as_secs_f64(),
        "weights read"
    );
    Ok(loaded)
}

/// The light depth network, trained on the built-in drive, that comes with the program.
///
/// # Errors
/// Only if the program was built with damaged weights.
pub fn demo(device: &Device) -> Result<LoadedNetworks, WeightsError> {
    let bytes = include_bytes!("../../../assets/demo.safetensors");
    let path = Path::new("assets/demo.safetensors");
    of_files(&split(TensorFile::from_safetensors(path, bytes)?)?, device)
}

fn of_files(files: &Files, device: &Device) -> Result<LoadedNetworks, WeightsError> {
    let architecture = Architecture::of_files(files)?;
    let mut report = LoadReport::default();
    let mut used = BTreeSet::new();
    let networks = map_parameters(Networks::blank(&architecture, device), |name, shape| {
        let file = &files[name.file];
        if file.shape(&name.key).is_none() {
            report.missing.push(name.to_string());
            return Ok(None);
        }
        let values = file.values(&name.key, shape)?;
        used.insert(name.to_string());
        Ok(Some(values))
    })?;
    for (stem, file) in files {
        for key in file.keys() {
            let name = format!("{stem}/{key}");
            if !used.contains(&name) && !is_superfluous(key) {
                report.unused.push(name);
            }
        }
    }
    report.loaded.extend(used);
    let encoder = &files["encoder"];
    let size = encoder.size().map(|size| checked(size, &architecture, encoder.path())).transpose()?;
    Ok(LoadedNetworks { networks, size, use_stereo: encoder.use_stereo(), report })
}

/// Tells if a tensor belongs to the published layout although no prediction needs it.
fn is_superfluous(key: &str) -> bool {
    key.ends_with("num_batches_tracked") || key.starts_with("encoder.fc.")
}

fn open(path: &Path) -> Result<Files, WeightsError> {
    let absent = |reason: &str| WeightsError::Absent { path: path.to_owned(), reason: reason.to_owned() };
    if !path.exists() {
        return Err(absent("there is no such file or folder"));
    }
    if path.is_file() {
        return match path.extension().is_some_and(|extension| extension == "safetensors") {
            true => split(TensorFile::read(path)?),
            false => Err(absent("this is a single file of another kind")),
        };
    }
    let single = path.join("model.safetensors");
    let Some(extension) =
        ["pth", "safetensors"].into_iter().find(|extension| stem(path, "encoder", extension).exists())
    else {
        return if single.exists() {
            split(TensorFile::read(&single)?)
        } else {
            Err(absent("it has no encoder.pth"))
        };
    };
    let mut files = Files::new();
    for name in NetworkFile::ALL.map(NetworkFile::stem) {
        let alias = if name == NetworkFile::Depth.stem() { "depth_decoder" } else { name };
        let file =
            [name, alias].map(|name| stem(path, name, extension)).into_iter().find(|file| file.exists());
        if let Some(file) = file {
            files.insert(name.to_owned(), TensorFile::read(&file)?);
        } else if name == NetworkFile::Depth.stem() {
            return Err(absent(&format!("it has no {name}.{extension}")));
        }
    }
    Ok(files)
}

fn stem(folder: &Path, name: &str, extension: &str) -> PathBuf {
    folder.join(format!("{name}.{extension}"))
}

fn split(file: TensorFile) -> Result<Files, WeightsError> {
    let path = file.path().to_owned();
    let files = file.split();
    for name in ["encoder", "depth"] {
        if !files.contains_key(name) {
            let reason = format!("it has no tensor whose name begins with {name}.");
            return Err(WeightsError::Unknown { path, reason });
        }
    }
    Ok(files)
}

/// Maximum side of an image that a file may state, pixels.
const LONGEST_SIDE: usize = 8192;

fn checked(size: ImageSize, networks: &Architecture, path: &Path) -> Result<ImageSize, WeightsError> {
    let ImageSize { height, width } = size;
    let depth_network = networks.depth.network_type();
    let config = NetworkConfig { height, width, depth_network, ..NetworkConfig::default() };
    if config.validate().is_err() || height.max(width) > LONGEST_SIDE {
        let reason = format!(
            "it is for images of {size}, but sides must be multiples of {} from {} up",
            depth_network.side_step(),
            depth_network.shortest_side()
        );
        return Err(WeightsError::Unknown { path: path.to_owned(), reason });
    }
    Ok(size)
}

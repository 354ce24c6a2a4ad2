//! Weights files: reading and writing networks in the published layout.
//!
//! The layout is a folder with `encoder.pth` and `depth.pth`, and `pose.pth` where motion was trained, with
//! `pose_encoder.pth` if it has an encoder of its own; `predictive_mask.pth` in that ablation. `encoder.pth` also
//! states the image size and the use of stereo. The same tensors are read from `.safetensors` files of these
//! names, or from one such file in which the file's name precedes the key: `depth.decoder.0.conv.conv.weight`. What
//! wrappers and trainers put before these names is left out (`prefix.rs`), and told in the [`LoadReport`].

mod alias;
mod architecture;
mod container;
mod error;
mod file;
mod foreign;
mod imagenet;
mod name;
mod pickle_size;
mod prefix;
mod save;
mod scale;
mod torch;

pub use error::WeightsError;
pub use imagenet::{PretrainedEncoders, load_imagenet};
pub use name::{NamedTensor, ParameterName, map_parameters, named_tensors, parameter_ids};
pub use save::{save, save_joined};
pub use scale::{MetricScale, StatedScale};

use super::{Architecture, Networks, ResnetArchitecture};
use crate::{
    compute::free_memory,
    config::{ImageSize, NetworkConfig, NetworkFile},
    data::regular_file::memory_limit,
};
use burn::tensor::Device;
use error::quoted;
use file::{Files, TensorFile};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
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
    /// Pieces that were left out of the names, such as `module.`.
    pub left_out: Vec<String>,
}

impl LoadReport {
    /// Note about the names of the tensors, if something was left out of them.
    pub fn note(&self) -> Option<String> {
        let left_out = self.left_out.join(" ");
        (!left_out.is_empty())
            .then(|| format!("the names of the weights' tensors are read without {left_out}"))
    }
}

/// Reads networks from a folder in the published layout, or from one file that holds all of them.
///
/// # Errors
/// If there are no weights, or a file is damaged, has foreign objects or values that are not finite, or fits no known
/// network.
pub fn load(path: &Path, device: &Device) -> Result<LoadedNetworks, WeightsError> {
    let (loaded, files) = read(path, device)?;
    let Some(first) = loaded.report.missing.first() else { return Ok(loaded) };
    let (_, key) = first.split_once('/').unwrap_or(("", first));
    let more = match loaded.report.missing.len() - 1 {
        0 => String::new(),
        more => format!(", nor {more} others that the {} needs", loaded.networks.architecture()),
    };
    let reason = format!("it has no tensor {key}{more}");
    Err(explained(WeightsError::Unknown { path: path.to_owned(), reason }, files.values()))
}

/// Loads as [`load`] does, but reports missing tensors and leaves their parameters at zero.
///
/// # Errors
/// As [`load`] otherwise.
pub fn examine(path: &Path, device: &Device) -> Result<LoadedNetworks, WeightsError> {
    read(path, device).map(|(loaded, _)| loaded)
}

fn read(path: &Path, device: &Device) -> Result<(LoadedNetworks, Files), WeightsError> {
    let started = Instant::now();
    let files = open(path)?;
    let loaded = of_files(&files, device).map_err(|error| explained(error, files.values()))?;
    let LoadReport { loaded: tensors, missing, unused, left_out } = &loaded.report;
    if !left_out.is_empty() {
        let left_out = left_out.join(" ");
        info!(path = %path.display(), left_out, "names of tensors were read without what a wrapper put there");
    }
    info!(
        path = %path.display(),
        networks = %loaded.networks.architecture(),
        tensors = tensors.len(),
        missing = missing.len(),
        unused = unused.len(),
        seconds = started.elapsed().as_secs_f64(),
        "weights read"
    );
    Ok((loaded, files))
}

/// Says which network files hold, where that is known, instead of what they lack.
fn explained<'a>(error: WeightsError, files: impl IntoIterator<Item = &'a TensorFile>) -> WeightsError {
    let WeightsError::Unknown { path, .. } = &error else { return error };
    let Some(network) = files.into_iter().find_map(TensorFile::foreign_network) else { return error };
    WeightsError::OtherKind {
        path: path.clone(),
        what: format!("{network}, by the names of its tensors"),
        advice: KNOWN_NETWORKS.to_owned(),
    }
}

const KNOWN_NETWORKS: &str =
    "only the networks of Monodepth2 (ResNet of 18 to 152 layers) and RT-MonoDepth-S are read";

/// The light depth network, trained on the built-in drive, that comes with the program.
///
/// # Errors
/// Only if the program was built with damaged weights.
pub fn demo(device: &Device) -> Result<LoadedNetworks, WeightsError> {
    let bytes = include_bytes!("../../../assets/demo.safetensors");
    let path = Path::new("assets/demo.safetensors");
    of_files(&split(container::of_safetensors(path, bytes.to_vec())?)?, device)
}

fn of_files(files: &Files, device: &Device) -> Result<LoadedNetworks, WeightsError> {
    let architecture = Architecture::of_files(files)?;
    check_memory(files, &architecture)?;
    let mut report = LoadReport::default();
    let left_out: BTreeSet<&String> = files.values().flat_map(TensorFile::left_out).collect();
    report.left_out = left_out.into_iter().cloned().collect();
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
            let name = if stem.is_empty() { key.clone() } else { format!("{stem}/{key}") };
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

/// Refuses networks that need more memory than files of their length may take, before they are made: names and views
/// of one number can claim any network.
fn check_memory(files: &Files, architecture: &Architecture) -> Result<(), WeightsError> {
    let parameters = architecture.depth_cost().parameters + architecture.pose_cost(1).parameters;
    let bytes = parameters * size_of::<f32>() as f64;
    // The parts of a file that was split have its length each.
    let lengths: BTreeMap<&Path, u64> = files.values().map(|file| (file.path(), file.length())).collect();
    let length = lengths.values().sum();
    // Twice, because what is read waits while the networks are made.
    if 2.0 * bytes <= memory_limit(length) as f64 {
        return Ok(());
    }
    let path = files["encoder"].path().to_owned();
    let reason = format!(
        "its names are those of {parameters} values, and its {length} bytes are too few to have them"
    );
    Err(WeightsError::Damaged { path, reason })
}

/// Tells if a tensor is known although no prediction needs it: of the published layout, or a count of operations that
/// the profiler thop left there.
fn is_superfluous(key: &str) -> bool {
    let leaf = key.rsplit('.').next().unwrap_or(key);
    ["num_batches_tracked", "total_ops", "total_params"].contains(&leaf) || key.starts_with("encoder.fc.")
}

fn open(path: &Path) -> Result<Files, WeightsError> {
    let absent = |reason: &str| WeightsError::Absent { path: path.to_owned(), reason: reason.to_owned() };
    if !path.exists() {
        return Err(absent("there is no such file or folder"));
    }
    if !path.is_dir() {
        return split(container::read(path)?).map_err(|error| match error {
            WeightsError::Unknown { path, .. } if path.to_str().is_some_and(is_shard) => {
                WeightsError::OtherKind {
                    path,
                    what: "one of several files that hold a network together".to_owned(),
                    advice: "save its networks in one file".to_owned(),
                }
            }
            error => error,
        });
    }
    let single = path.join("model.safetensors");
    let Some(extension) =
        ["pth", "safetensors"].into_iter().find(|extension| stem(path, "encoder", extension).exists())
    else {
        return match single_file(path) {
            _ if single.exists() => split(container::read(&single)?),
            Some(name) if is_shard(&name) => Err(absent(&format!(
                "it has a network in several files, such as {}, which must be saved in one",
                quoted(&name)
            ))),
            Some(name) if is_part(&name.to_lowercase()) => Err(absent(&format!(
                "it has no encoder.pth, but {}, and names must be in small letters",
                quoted(&name)
            ))),
            Some(name) => Err(absent(&format!(
                "it has no encoder.pth, but {}, which is given by its own path",
                quoted(&name)
            ))),
            None => Err(absent("it has no encoder.pth")),
        };
    };
    let mut files = Files::new();
    for part in NetworkFile::ALL {
        let name = part.stem();
        let alias = if part == NetworkFile::Depth { "depth_decoder" } else { name };
        let file =
            [name, alias].map(|name| stem(path, name, extension)).into_iter().find(|file| file.exists());
        if let Some(file) = file {
            files.insert(name.to_owned(), container::read(&file)?.of_part(part)?);
        } else if part == NetworkFile::Depth {
            return Err(explained(absent(&format!("it has no {name}.{extension}")), files.values()));
        }
    }
    Ok(files)
}

fn stem(folder: &Path, name: &str, extension: &str) -> PathBuf {
    folder.join(format!("{name}.{extension}"))
}

/// Name of a file in a folder that may hold all networks.
fn single_file(folder: &Path) -> Option<String> {
    let names =
        std::fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let is_weights = |name: &String| {
        [".ckpt", ".pth", ".pt", ".safetensors", ".bin"].iter().any(|ending| name.ends_with(ending))
    };
    names.filter(|name| is_weights(name) && !is_part(name)).min()
}

/// True for names as those of the files of one part of the networks.
fn is_part(name: &str) -> bool {
    NetworkFile::ALL.iter().any(|part| name.starts_with(part.stem()))
}

/// True for names as those of one of several files with a network: `model-00001-of-00003.safetensors`.
fn is_shard(name: &str) -> bool {
    let name = name.rsplit_once('.').map_or(name, |(name, _)| name);
    let number = |text: &str| text.parse::<u32>().ok();
    name.rsplit_once("-of-").is_some_and(|(before, all)| {
        let index = before.rsplit('-').next().and_then(number);
        index.is_some() && number(all).is_some_and(|all| all > 1)
    })
}

fn split(file: TensorFile) -> Result<Files, WeightsError> {
    let path = file.path().to_owned();
    let files = file.split()?;
    for part in [NetworkFile::Encoder, NetworkFile::Depth] {
        if !files.contains_key(part.stem()) {
            let reason = part_alone(&files, part);
            return Err(explained(WeightsError::Unknown { path, reason }, files.values()));
        }
    }
    Ok(files)
}

/// Description of one file that lacks a part of the networks.
fn part_alone(files: &Files, lacking: NetworkFile) -> String {
    let others = files.get("");
    if let Some(classifier) = others.and_then(|file| ResnetArchitecture::of_file(file, "").ok()) {
        return format!(
            "it is a plain {classifier} for ImageNet without a decoder; train from it with --pretrained-encoder"
        );
    }
    let has = |part: NetworkFile| files.contains_key(part.stem());
    let has_other = |name| others.is_some_and(|file| file.shape(name).is_some());
    let encoder = files.get(NetworkFile::Encoder.stem());
    let inputs = encoder.and_then(|file| file.shape("encoder.conv1.weight")?.get(1).copied());
    let alone = if has(NetworkFile::Depth) {
        "it is only a decoder, without an encoder"
    } else if inputs.is_some_and(|inputs| inputs > 3) {
        "it is only the encoder of a pose network"
    } else if encoder.is_some() || has_other("convs.0.0.weight") {
        "it is only an encoder, without a depth decoder"
    } else if has(NetworkFile::Pose)
        || has(NetworkFile::PoseEncoder)
        || has_other("net.0.weight")
        || has_other("pose_conv.weight")
    {
        "it is only a pose network"
    } else {
        let names: Vec<&String> = files.values().flat_map(TensorFile::keys).collect();
        let some: Vec<String> = names.iter().take(2).map(|name| quoted(name)).collect();
        return match some[..] {
            [] => "it has no tensors".to_owned(),
            _ => format!(
                "it has no tensor whose name begins with {}.; it has {} tensors, such as {}",
                lacking.stem(),
                names.len(),
                some.join(" and ")
            ),
        };
    };
    format!("{alone}; give the folder that has encoder.pth and depth.pth")
}

/// Maximum side of an image that a file may state, pixels.
const LONGEST_SIDE: usize = 8192;

/// Pixels of an image that is tried without asking how much memory is free.
const USUAL_PIXELS: usize = 2048 * 1024;

/// Share of the feature maps that are in memory at once while an image is predicted.
const HELD_SHARE: f64 = 0.5;

fn checked(size: ImageSize, networks: &Architecture, path: &Path) -> Result<ImageSize, WeightsError> {
    let ImageSize { height, width } = size;
    let depth_network = networks.depth.network_type();
    let config = NetworkConfig { height, width, depth_network, ..NetworkConfig::default() };
    if config.validate().is_err() || height.max(width) > LONGEST_SIDE {
        let reason = format!(
            "it is for images of {size}, but sides must be multiples of {} from {} to {LONGEST_SIDE}",
            depth_network.side_step(),
            depth_network.shortest_side()
        );
        return Err(WeightsError::Unknown { path: path.to_owned(), reason });
    }
    let values = networks.depth_cost().activations * size.pixels() as f64 * HELD_SHARE;
    let (needed, free) = (values * size_of::<f32>() as f64, free_memory());
    if let Some(free) = free.filter(|free| size.pixels() > USUAL_PIXELS && needed > *free as f64) {
        let gibibytes = |bytes: f64| bytes / f64::from(1 << 30);
        let reason = format!(
            "it is for images of {size}, which take about {:.0} GiB of memory, and {:.1} GiB are free",
            gibibytes(needed),
            gibibytes(free as f64)
        );
        return Err(WeightsError::Unknown { path: path.to_owned(), reason });
    }
    Ok(size)
}

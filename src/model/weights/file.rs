//! One file of named tensors, whatever its format.

use super::{
    alias::published_key,
    error::{WeightsError, quoted},
    foreign::foreign_network,
    prefix::{part_of, prefix_of_all, prefix_of_part, without_wrappers},
};
use crate::config::{ImageSize, NetworkFile};
use burn::{
    store::pytorch_reader,
    tensor::{DType, TensorData},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The files of a network by their name without extension.
pub(super) type Files = BTreeMap<String, TensorFile>;

/// Most pieces of names that are told as left out.
const MAX_LEFT_OUT: usize = 8;

/// The tensors of a `.pth` or `.safetensors` file by name, and the metadata that it states.
pub(super) struct TensorFile {
    path: PathBuf,
    /// Length of the file, bytes.
    length: u64,
    tensors: BTreeMap<String, Stored>,
    facts: Facts,
    /// Pieces that were left out of the names.
    left_out: BTreeSet<String>,
}

/// Metadata that a file of networks may state.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    pub height: Option<usize>,
    pub width: Option<usize>,
    pub use_stereo: Option<bool>,
}

/// A tensor whose values are converted to f32 when they are read.
pub(super) struct Stored {
    pub shape: Vec<usize>,
    /// Type of the values; `None` if they are not floats.
    pub kind: Option<DType>,
    pub bytes: Bytes,
}

/// Bytes of a tensor.
pub(super) enum Bytes {
    /// Not read yet. The shape is not trusted: a view may claim more values than its storage has.
    InFile(pytorch_reader::Tensor),
    /// A range of the bytes of the file.
    Held(Arc<Vec<u8>>, Range<usize>),
}

impl TensorFile {
    /// Takes what a container holds, under names without wrappers.
    pub(super) fn new(
        path: &Path,
        length: u64,
        facts: Facts,
        stored: impl Iterator<Item = (String, Stored)>,
    ) -> Result<Self, WeightsError> {
        let (mut tensors, mut left_out) = (BTreeMap::new(), BTreeSet::new());
        for (name, tensor) in stored {
            let (name, wrappers) = without_wrappers(&name);
            left_out.extend(wrappers.into_iter().map(|wrapper| format!("{wrapper}.")));
            if tensors.contains_key(&name) {
                let reason = format!("it has two tensors {}, one of them in a wrapper", quoted(&name));
                return Err(WeightsError::Unknown { path: path.to_owned(), reason });
            }
            tensors.insert(name, tensor);
        }
        Ok(Self { path: path.to_owned(), length, tensors, facts, left_out })
    }

    /// The file as that of one part of the networks, under the published names.
    pub(super) fn of_part(mut self, part: NetworkFile) -> Result<Self, WeightsError> {
        let prefix = prefix_of_part(part, self.tensors.keys().map(String::as_str));
        let prefix = prefix.map_err(|found| self.ambiguous(&found))?;
        self.leave_out(&prefix);
        let named = std::mem::take(&mut self.tensors).into_iter().map(|(name, tensor)| {
            (name.strip_prefix(&prefix).map_or_else(|| name.clone(), published_key), tensor)
        });
        self.tensors = named.collect();
        Ok(self)
    }

    /// The file of a classifier, whose layers are not in an encoder.
    pub(super) fn of_classifier(mut self) -> Result<Self, WeightsError> {
        let anchor = "layer1.0.conv1.weight";
        let prefix = self.tensors.keys().find_map(|name| name.strip_suffix(anchor)).unwrap_or("").to_owned();
        self.leave_out(&prefix);
        let named = std::mem::take(&mut self.tensors).into_iter();
        self.tensors = named
            .map(|(name, tensor)| (name.strip_prefix(&prefix).unwrap_or(&name).to_owned(), tensor))
            .collect();
        Ok(self)
    }

    /// The files that were joined in this one, each under its name and a dot.
    pub(super) fn split(mut self) -> Result<Files, WeightsError> {
        let prefix = prefix_of_all(self.tensors.keys().map(String::as_str));
        let prefix = prefix.map_err(|found| self.ambiguous(&found))?;
        self.leave_out(&prefix);
        let mut files = Files::new();
        for (name, tensor) in std::mem::take(&mut self.tensors) {
            let (file, key) = match name.strip_prefix(&prefix).and_then(part_of) {
                Some((part, key)) => (part.stem(), published_key(&key)),
                None => ("", name),
            };
            let empty = || Self {
                path: self.path.clone(),
                tensors: BTreeMap::new(),
                left_out: self.left_out.clone(),
                ..self
            };
            files.entry(file.to_owned()).or_insert_with(empty).tensors.insert(key, tensor);
        }
        for (name, file) in &mut files {
            file.complete(name);
        }
        Ok(files)
    }

    /// Puts the piece before the names of a part that one has who joins both networks without their files' names.
    fn complete(&mut self, name: &str) {
        let (sign, piece) = match name {
            "encoder" | "pose_encoder" => ("layer1.0.conv1.weight", "encoder"),
            "depth" | "predictive_mask" if self.tensors.contains_key("0.conv.conv.weight") => {
                ("0.conv.conv.weight", "decoder")
            }
            "depth" | "predictive_mask" => ("0.conv.weight", "decoder"),
            "pose" => ("0.weight", "net"),
            _ => return,
        };
        if self.tensors.contains_key(sign) {
            let named = std::mem::take(&mut self.tensors).into_iter();
            self.tensors = named.map(|(name, tensor)| (format!("{piece}.{name}"), tensor)).collect();
        }
    }

    fn leave_out(&mut self, prefix: &str) {
        if !prefix.is_empty() {
            self.left_out.insert(quoted(prefix));
        }
    }

    fn ambiguous(&self, prefixes: &[String]) -> WeightsError {
        let some: Vec<String> = prefixes.iter().take(3).map(|prefix| quoted(prefix)).collect();
        let reason = format!(
            "it holds {} such networks, under the prefixes {}; save one of them alone",
            prefixes.len(),
            some.join(" and ")
        );
        WeightsError::Unknown { path: self.path.clone(), reason }
    }

    /// Pieces that were left out of the names, such as `module.`.
    pub(super) fn left_out(&self) -> impl Iterator<Item = &String> {
        self.left_out.iter().take(MAX_LEFT_OUT)
    }

    /// Name of the well-known network that the file belongs to, if it is one that cannot be loaded.
    pub(super) fn foreign_network(&self) -> Option<&'static str> {
        foreign_network(&self.tensors.keys().map(String::as_str).collect::<Vec<_>>())
    }

    /// Path of the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Length of the file, bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The size of image that the file states.
    pub(super) fn size(&self) -> Option<ImageSize> {
        Some(ImageSize { height: self.facts.height?, width: self.facts.width? })
    }

    /// True if stereo pairs were trained on, if the file states it.
    pub(super) fn use_stereo(&self) -> Option<bool> {
        self.facts.use_stereo
    }

    /// The names of its tensors.
    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        self.tensors.keys()
    }

    /// Shape of a tensor; `None` if the file lacks it.
    pub(super) fn shape(&self, key: &str) -> Option<&[usize]> {
        self.tensors.get(key).map(|tensor| tensor.shape.as_slice())
    }

    /// Values of a tensor, which must have this shape and be finite.
    pub(super) fn values(&self, key: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let unknown = |reason| WeightsError::Unknown { path: self.path.clone(), reason };
        let Some(tensor) = self.tensors.get(key) else {
            return Err(unknown(format!("it has no tensor {key}")));
        };
        if tensor.shape != shape {
            let found: Vec<String> = tensor.shape.iter().take(6).map(usize::to_string).collect();
            return Err(unknown(format!("its {key} has the shape [{}], not {shape:?}", found.join(", "))));
        }
        let Some(kind) = tensor.kind else {
            return Err(unknown(format!("its {key} does not hold floating-point numbers")));
        };
        let damage = || WeightsError::Damaged {
            path: self.path.clone(),
            reason: format!("the numbers of its {key} are not whole: it was cut off or overwritten"),
        };
        let bytes = match &tensor.bytes {
            Bytes::InFile(tensor) => tensor.read().map_err(|_| damage())?,
            Bytes::Held(bytes, range) => bytes[range.clone()].to_vec(),
        };
        let values = TensorData::try_from_bytes_vec(bytes, shape.to_vec(), kind)
            .and_then(TensorData::try_into_vec_as::<f32>)
            .map_err(|_| damage())?;
        let is_variance = key.ends_with(".running_var");
        let is_usable = |value: &&f32| value.is_finite() && !(is_variance && **value < 0.0);
        let unusable = values.len() - values.iter().filter(is_usable).count();
        if unusable > 0 {
            return Err(WeightsError::NotFinite {
                path: self.path.clone(),
                tensor: key.to_owned(),
                unusable,
                all: values.len(),
            });
        }
        Ok(values)
    }
}

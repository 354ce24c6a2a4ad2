//! One file of named tensors, whatever its format.

use super::{alias::published_key, error::WeightsError};
use crate::{config::ImageSize, data::unreadable::safetensors_reason};
use burn::{
    store::pytorch_reader::{self, PickleValue, PytorchError, PytorchReader},
    tensor::{DType, TensorData},
};
use safetensors::{Dtype, SafeTensors};
use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

/// The files of a network by their name without extension.
pub(super) type Files = BTreeMap<String, TensorFile>;

/// The tensors of a `.pth` or `.safetensors` file by name, and the metadata that it states.
pub(super) struct TensorFile {
    path: PathBuf,
    tensors: BTreeMap<String, Stored>,
    height: Option<usize>,
    width: Option<usize>,
    use_stereo: Option<bool>,
}

/// A tensor whose values are converted to f32 when they are read.
struct Stored {
    shape: Vec<usize>,
    /// Type of the values; `None` if they are not floats.
    kind: Option<DType>,
    bytes: Bytes,
}

enum Bytes {
    /// Not read yet. The shape is not trusted: a view may claim more values than its storage has.
    InFile(pytorch_reader::Tensor),
    Held(Vec<u8>),
}

impl TensorFile {
    /// Opens a file. The values of a `.pth` stay in it until they are read, so that no file
    /// can claim more memory than the networks need.
    pub(super) fn read(path: &Path) -> Result<Self, WeightsError> {
        let unreadable = |reason| WeightsError::Unreadable { path: path.to_owned(), reason };
        let mut file = File::open(path).map_err(unreadable)?;
        if path.extension().is_some_and(|extension| extension == "safetensors") {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(unreadable)?;
            return Self::from_safetensors(path, &bytes);
        }
        let mut start = Vec::new();
        file.take(2).read_to_end(&mut start).map_err(unreadable)?;
        // A zip archive or a pickle: torch.save has written nothing else since 2016.
        match start.as_slice() {
            b"PK" => refuse_compressed(path)?,
            [0x80, _] => {}
            _ => return Err(damaged(path, "it does not begin as a PyTorch file does")),
        }
        Self::from_torch(path)
    }

    fn from_torch(path: &Path) -> Result<Self, WeightsError> {
        let damage = |error: PytorchError| damaged(path, torch_reason(&error));
        let facts = PytorchReader::read_pickle_data(path, None).map_err(damage)?;
        if let Some(class) = foreign_class(&facts) {
            return Err(WeightsError::Foreign { path: path.to_owned(), class: one_line(class) });
        }
        let fact = |name: &str| match &facts {
            PickleValue::Dict(entries) => entries.get(name),
            _ => None,
        };
        let number = |name| match fact(name) {
            Some(PickleValue::Int(value)) => usize::try_from(*value).ok(),
            _ => None,
        };
        let tensors = PytorchReader::new(path).map_err(damage)?.into_tensors();
        let tensors = tensors.into_iter().map(|(name, tensor)| {
            let kind = match tensor.dtype() {
                pytorch_reader::DType::F32 => Some(DType::F32),
                pytorch_reader::DType::F64 => Some(DType::F64),
                pytorch_reader::DType::F16 => Some(DType::F16),
                pytorch_reader::DType::BF16 => Some(DType::BF16),
                _ => None,
            };
            let shape = tensor.shape().to_vec();
            (published_key(&name), Stored { shape, kind, bytes: Bytes::InFile(tensor) })
        });
        Ok(Self {
            path: path.to_owned(),
            tensors: tensors.collect(),
            height: number("height"),
            width: number("width"),
            use_stereo: match fact("use_stereo") {
                Some(PickleValue::Bool(value)) => Some(*value),
                _ => None,
            },
        })
    }

    pub(super) fn from_safetensors(path: &Path, bytes: &[u8]) -> Result<Self, WeightsError> {
        let damage = |error: safetensors::SafeTensorError| damaged(path, &safetensors_reason(&error));
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damage)?;
        let facts: HashMap<String, String> = metadata.metadata().clone().unwrap_or_default();
        let number = |name| facts.get(name).and_then(|value| value.parse().ok());
        let tensors = SafeTensors::deserialize(bytes).map_err(damage)?;
        let tensors = tensors.iter().map(|(name, view)| {
            let kind = match view.dtype() {
                Dtype::F32 => Some(DType::F32),
                Dtype::F64 => Some(DType::F64),
                Dtype::F16 => Some(DType::F16),
                Dtype::BF16 => Some(DType::BF16),
                _ => None,
            };
            let bytes = Bytes::Held(view.data().to_vec());
            (published_key(name), Stored { shape: view.shape().to_vec(), kind, bytes })
        });
        Ok(Self {
            path: path.to_owned(),
            tensors: tensors.collect(),
            height: number("height"),
            width: number("width"),
            use_stereo: facts.get("use_stereo").map(|value| value.eq_ignore_ascii_case("true")),
        })
    }

    /// The files that were joined in this one, each under its name and a dot.
    pub(super) fn split(self) -> Files {
        let mut files = Files::new();
        for (name, tensor) in self.tensors {
            let (file, key) = name.split_once('.').unwrap_or(("", &name));
            let empty = || Self { path: self.path.clone(), tensors: BTreeMap::new(), ..self };
            files.entry(file.to_owned()).or_insert_with(empty).tensors.insert(published_key(key), tensor);
        }
        files
    }

    /// Path of the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The size of image that the file states.
    pub(super) fn size(&self) -> Option<ImageSize> {
        Some(ImageSize { height: self.height?, width: self.width? })
    }

    /// True if stereo pairs were trained on, if the file states it.
    pub(super) fn use_stereo(&self) -> Option<bool> {
        self.use_stereo
    }

    /// The names of its tensors.
    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        self.tensors.keys()
    }

    /// Shape of a tensor; `None` if the file lacks it.
    pub(super) fn shape(&self, key: &str) -> Option<&[usize]> {
        self.tensors.get(key).map(|tensor| tensor.shape.as_slice())
    }

    /// Values of a tensor, which must have this shape.
    pub(super) fn values(&self, key: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let unknown = |reason| WeightsError::Unknown { path: self.path.clone(), reason };
        let Some(tensor) = self.tensors.get(key) else {
            return Err(unknown(format!("it has no tensor {key}")));
        };
        if tensor.shape != shape {
            return Err(unknown(format!("its {key} has the shape {:?}, not {shape:?}", tensor.shape)));
        }
        let Some(kind) = tensor.kind else {
            return Err(unknown(format!("its {key} does not hold floating-point numbers")));
        };
        let damage = || {
            let reason = format!("the numbers of its {key} are not whole: it was cut off or overwritten");
            damaged(&self.path, &reason)
        };
        let bytes = match &tensor.bytes {
            Bytes::InFile(tensor) => tensor.read().map_err(|_| damage())?,
            Bytes::Held(bytes) => bytes.clone(),
        };
        TensorData::try_from_bytes_vec(bytes, shape.to_vec(), kind)
            .and_then(TensorData::try_into_vec_as::<f32>)
            .map_err(|_| damage())
    }
}

/// torch.save compresses nothing, so a compressed entry can only be an attempt to exhaust memory.
fn refuse_compressed(path: &Path) -> Result<(), WeightsError> {
    let file =
        File::open(path).map_err(|reason| WeightsError::Unreadable { path: path.to_owned(), reason })?;
    let damage = |_| damaged(path, NO_ARCHIVE);
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(damage)?;
    for index in 0..archive.len() {
        if archive.by_index_raw(index).map_err(damage)?.compression() != zip::CompressionMethod::Stored {
            return Err(damaged(path, "an entry of the archive is compressed, as PyTorch never writes it"));
        }
    }
    Ok(())
}

/// The class of some object that is neither a tensor nor plain data.
fn foreign_class(value: &PickleValue) -> Option<&str> {
    match value {
        PickleValue::Unsupported(class) if class != "torch.Tensor" => Some(class),
        PickleValue::List(values) => values.iter().find_map(foreign_class),
        PickleValue::Dict(entries) => entries.values().find_map(foreign_class),
        _ => None,
    }
}

const NO_ARCHIVE: &str = "it is cut off, or not an archive as torch.save writes it";

/// Reason why the reader of PyTorch's files refuses a file.
fn torch_reason(error: &PytorchError) -> &'static str {
    match error {
        PytorchError::Io(_) | PytorchError::Zip(_) | PytorchError::Tar(_) => NO_ARCHIVE,
        _ => "its list of tensors cannot be read: it is cut off, was overwritten, or is not a state_dict",
    }
}

fn damaged(path: &Path, reason: &str) -> WeightsError {
    WeightsError::Damaged { path: path.to_owned(), reason: one_line(reason) }
}

/// Shortens text from inside a file to one line for an error message.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 200;
    text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

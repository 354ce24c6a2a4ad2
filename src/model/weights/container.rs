//! The formats of weights files: safetensors, and both containers of PyTorch. A file is read by its content, whatever
//! its name: `last.ckpt` and `weights.pth` may be safetensors.
//!
//! Nothing in a file is trusted. Its objects may take 16 times its length, or 64 MiB if that is more
//! ([`memory_limit`]); what takes more is refused before it is made.

use super::{
    error::WeightsError,
    file::{Bytes, Facts, Stored, TensorFile},
    pickle_size::check_pickles,
    prefix::CONTAINERS,
};
use crate::data::{
    foreign_content::foreign_content,
    regular_file::{memory_limit, open_regular, start_of},
    unreadable::safetensors_reason,
};
use burn::{
    store::pytorch_reader::{self, PickleValue, PytorchError, PytorchReader},
    tensor::DType,
};
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde::Deserialize;
use std::{
    collections::HashMap,
    fs::File,
    io::{BufReader, ErrorKind, Read},
    path::Path,
    sync::Arc,
};
use zip::{CompressionMethod, ZipArchive};

/// Largest header of a safetensors file, bytes: twenty thousand tensors.
const MAX_HEADER: u64 = 2 << 20;

/// Opens a file. The values of a `.pth` stay in it until they are read, so that no file can claim more memory than the
/// networks need.
pub(super) fn read(path: &Path) -> Result<TensorFile, WeightsError> {
    let unreadable = |reason| WeightsError::Unreadable { path: path.to_owned(), reason };
    let (mut file, length) = open_regular(path).map_err(unreadable)?;
    let start = start_of(&mut file).map_err(unreadable)?;
    if is_safetensors(&start) {
        return read_safetensors(path, file, length);
    }
    if let Some(foreign) = foreign_content(&start) {
        let (what, advice) = (foreign.what.to_owned(), foreign.advice.to_owned());
        return Err(WeightsError::OtherKind { path: path.to_owned(), what, advice });
    }
    // A zip archive or a pickle: torch.save has written nothing else since 2016.
    match start.as_slice() {
        [b'P', b'K', ..] => check_archive(path, file, length)?,
        [0x80, ..] => {
            // The legacy container has five pickles: magic, version, system, object, names of the storages.
            let pickles = if is_legacy(&start) { 5 } else { 1 };
            check_size(path, check_pickles(&mut BufReader::new(file), pickles, memory_limit(length)))?;
        }
        _ if path.extension().is_some_and(|extension| extension == "safetensors") => {
            return Err(damaged(path, &safetensors_reason(&SafeTensorError::InvalidHeaderLength)));
        }
        _ => return Err(damaged(path, "it begins neither as a PyTorch file does nor as safetensors")),
    }
    read_torch(path, length)
}

/// True if a file begins with the length of a header and with a header.
fn is_safetensors(start: &[u8]) -> bool {
    start.get(4..9) == Some(b"\0\0\0\0{")
}

/// True if the magic number of the legacy container is at the beginning.
fn is_legacy(start: &[u8]) -> bool {
    let magic = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
    start[..start.len().min(64)].windows(magic.len()).any(|bytes| bytes == magic)
}

fn read_safetensors(path: &Path, file: File, length: u64) -> Result<TensorFile, WeightsError> {
    let mut bytes = Vec::with_capacity(length as usize);
    let read = file.take(length).read_to_end(&mut bytes);
    read.map_err(|reason| WeightsError::Unreadable { path: path.to_owned(), reason })?;
    of_safetensors(path, bytes)
}

/// Takes the bytes of a safetensors file.
pub(super) fn of_safetensors(path: &Path, bytes: Vec<u8>) -> Result<TensorFile, WeightsError> {
    let header = bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
    if header > MAX_HEADER {
        return Err(damaged(path, &format!("its header of {header} bytes is longer than any network's")));
    }
    let damage = |error: SafeTensorError| match stated_length(&bytes) {
        Some(stated) if stated > bytes.len() as u64 => {
            let reason = format!(
                "it was cut off: {} of the {stated} bytes that its header states are there",
                bytes.len()
            );
            damaged(path, &reason)
        }
        _ => damaged(path, &safetensors_reason(&error)),
    };
    let (header, metadata) = SafeTensors::read_metadata(&bytes).map_err(damage)?;
    SafeTensors::deserialize(&bytes).map_err(damage)?;
    let facts: HashMap<String, String> = metadata.metadata().clone().unwrap_or_default();
    let number = |name| facts.get(name).and_then(|value| value.parse().ok());
    let facts = Facts {
        height: number("height"),
        width: number("width"),
        use_stereo: facts.get("use_stereo").map(|value| value.eq_ignore_ascii_case("true")),
    };
    let (length, first) = (bytes.len() as u64, size_of::<u64>() + header);
    let bytes = Arc::new(bytes);
    let tensors = metadata.tensors().into_iter().map(|(name, tensor)| {
        let kind = match tensor.dtype {
            Dtype::F32 => Some(DType::F32),
            Dtype::F64 => Some(DType::F64),
            Dtype::F16 => Some(DType::F16),
            Dtype::BF16 => Some(DType::BF16),
            _ => None,
        };
        let (start, end) = tensor.data_offsets;
        let bytes = Bytes::Held(Arc::clone(&bytes), first + start..first + end);
        (name, Stored { shape: tensor.shape.clone(), kind, bytes })
    });
    TensorFile::new(path, length, facts, tensors)
}

/// The length that the header of a safetensors file states, if there is a whole header.
fn stated_length(bytes: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Entry {
        data_offsets: Option<(u64, u64)>,
    }
    let length = u64::from_le_bytes(*bytes.first_chunk()?);
    let header = bytes.get(8..8 + usize::try_from(length).ok()?)?;
    let entries: HashMap<String, Entry> = serde_json::from_slice(header).ok()?;
    let end = entries.values().filter_map(|entry| Some(entry.data_offsets?.1)).max()?;
    end.checked_add(8 + length)
}

/// Checks that an archive is one of torch.save, and the size of its pickle's objects.
fn check_archive(path: &Path, file: File, length: u64) -> Result<(), WeightsError> {
    let damage = |_| damaged(path, NO_ARCHIVE);
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damage)?;
    let names: Vec<String> =
        archive.file_names().filter_map(Result::ok).map(|name| name.to_string()).collect();
    let other = |what: &str, advice: &str| {
        let (what, advice) = (what.to_owned(), advice.to_owned());
        Err(WeightsError::OtherKind { path: path.to_owned(), what, advice })
    };
    let has = |end: &str| names.iter().any(|name| name.ends_with(end));
    if !has("data.pkl") {
        return if has("encoder.pth") || has("depth.pth") || has(".safetensors") || has(".ckpt") {
            other("an archive of weights files", "unpack it, and give the folder")
        } else if has(".npy") {
            other("an archive of NumPy arrays", "choose another file")
        } else {
            other("an archive without a state_dict", "unpack it, and give the weights in it")
        };
    }
    if has("constants.pkl") || names.iter().any(|name| name.contains("/code/")) {
        return other("a TorchScript program", "save the state_dict of its modules with torch.save");
    }
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(damage)?;
        // torch.save compresses nothing, so a compressed entry can only be an attempt to exhaust memory.
        if entry.compression() != CompressionMethod::Stored {
            return Err(damaged(path, "an entry of the archive is compressed, as PyTorch never writes it"));
        }
    }
    let roots = names.iter().filter_map(|name| name.strip_suffix("data.pkl"));
    let root = roots.filter(|root| root.is_empty() || root.ends_with('/')).min_by_key(|root| root.len());
    let pickle = archive.by_name(&format!("{}data.pkl", root.unwrap_or_default())).map_err(damage)?;
    check_size(path, check_pickles(&mut BufReader::new(pickle), 1, memory_limit(length)))
}

fn check_size(path: &Path, checked: std::io::Result<()>) -> Result<(), WeightsError> {
    checked.map_err(|error| match error.kind() {
        ErrorKind::OutOfMemory => damaged(path, "its objects take more memory than a file of this size may"),
        _ => damaged(path, NO_STATE_DICT),
    })
}

fn read_torch(path: &Path, length: u64) -> Result<TensorFile, WeightsError> {
    let damage = |error: PytorchError| damaged(path, torch_reason(&error));
    let root = PytorchReader::read_pickle_data(path, None).map_err(damage)?;
    if let Some(class) = foreign_class(state_dict(&root)) {
        let class = class.chars().take(80).map(|c| if c.is_control() { ' ' } else { c }).collect();
        return Err(WeightsError::Foreign { path: path.to_owned(), class });
    }
    let fact = |name: &str| {
        let PickleValue::Dict(entries) = &root else { return None };
        let of_encoder = || match entries.get("encoder") {
            Some(PickleValue::Dict(entries)) => entries.get(name),
            _ => None,
        };
        entries.get(name).or_else(of_encoder)
    };
    let number = |name| match fact(name) {
        Some(PickleValue::Int(value)) => usize::try_from(*value).ok(),
        _ => None,
    };
    let facts = Facts {
        height: number("height"),
        width: number("width"),
        use_stereo: match fact("use_stereo") {
            Some(PickleValue::Bool(value)) => Some(*value),
            _ => None,
        },
    };
    drop(root);
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
        (name, Stored { shape, kind, bytes: Bytes::InFile(tensor) })
    });
    TensorFile::new(path, length, facts, tensors)
}

/// The dictionary of tensors in the checkpoint of a trainer, whose other objects are of no concern; otherwise all.
fn state_dict(root: &PickleValue) -> &PickleValue {
    let PickleValue::Dict(entries) = root else { return root };
    let found = CONTAINERS.iter().find_map(|name| entries.get(*name));
    found.filter(|found| matches!(found, PickleValue::Dict(_))).unwrap_or(root)
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
const NO_STATE_DICT: &str =
    "its list of tensors cannot be read: it is cut off, was overwritten, or is not a state_dict";

/// Reason why the reader of PyTorch's files refuses a file.
fn torch_reason(error: &PytorchError) -> &'static str {
    match error {
        PytorchError::Io(_) | PytorchError::Zip(_) | PytorchError::Tar(_) => NO_ARCHIVE,
        _ => NO_STATE_DICT,
    }
}

fn damaged(path: &Path, reason: &str) -> WeightsError {
    WeightsError::Damaged { path: path.to_owned(), reason: reason.to_owned() }
}

//! Weights files: what is written is read back, and nothing that can be wrong with a file gets past
//! one clear line.

use crate::support::{Cases, formula_networks, formula_values, safetensors_bytes, shared, takes_at_most};
use burn::tensor::Device;
use monoscope::{
    config::{ImageSize, NetworkConfig},
    model::{
        Architecture, DepthArchitecture, Networks, ResnetArchitecture,
        weights::{self, NamedTensor, WeightsError, map_parameters, named_tensors},
    },
};
use std::{
    convert::Infallible,
    fs,
    io::{Read, Write},
    path::Path,
};
use tempfile::TempDir;
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

pub const SIZE: ImageSize = ImageSize { height: 64, width: 96 };

/// The smallest networks: one scale and no pose, with the reference's test values.
pub fn small_networks(depth: ResnetArchitecture) -> Networks {
    let depth = DepthArchitecture::Resnet(depth);
    let architecture = Architecture { depth, scales: vec![1], masked_sources: None, pose: None };
    let Ok(networks) = map_parameters(Networks::blank(&architecture, &Device::flex()), |name, shape| {
        Ok::<_, Infallible>(Some(formula_values(name, shape)))
    });
    networks
}

pub fn saved(networks: &Networks) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    weights::save(folder.path(), networks, SIZE, true).unwrap();
    folder
}

pub fn assert_same(found: &[NamedTensor], expected: &[NamedTensor]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!((&found.name, &found.shape), (&expected.name, &expected.shape));
        assert!(found.values == expected.values, "{} differs", found.name);
    }
}

/// The error of a load, which must be one line that names the place.
pub fn refusal(path: &Path) -> WeightsError {
    let error = weights::load(path, &Device::flex()).map(|_| "networks").unwrap_err();
    let text = error.to_string();
    println!("{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.len() < 600, "{text}");
    assert!(text.contains(&path.display().to_string()), "{text}");
    error
}

#[test]
fn what_is_saved_is_loaded() {
    let device = Device::flex();
    let networks = formula_networks(&device);
    let folder = saved(&networks);
    let loaded = weights::load(folder.path(), &device).unwrap();
    assert_same(&named_tensors(&loaded.networks), &named_tensors(&networks));
    assert_eq!((loaded.size, loaded.use_stereo), (Some(SIZE), Some(true)));
    assert_eq!(loaded.networks.depth.decoder.scales(), [0, 1, 2, 3]);
    assert!(loaded.report.unused.is_empty(), "{:?}", loaded.report.unused);
    assert_eq!(loaded.report.loaded.len(), named_tensors(&networks).len());

    let mut files: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["depth.pth", "encoder.pth", "pose.pth", "pose_encoder.pth"]);
}

#[test]
fn trained_networks_are_saved_and_loaded_for_training() {
    let device = Device::flex().autodiff();
    let objective = monoscope::config::ObjectiveConfig {
        frame_ids: vec![monoscope::config::FrameId::TARGET, monoscope::config::FrameId::Stereo],
        scales: vec![2, 0],
        ..Default::default()
    };
    let architecture = Architecture::new(&NetworkConfig::default(), &objective).unwrap();
    let networks = Networks::new(&architecture, 5, &device);
    assert!(networks.pose.is_none());
    let loaded = weights::load(saved(&networks).path(), &device).unwrap().networks;
    assert_same(&named_tensors(&loaded), &named_tensors(&networks));
    assert_eq!(loaded.depth.decoder.scales(), [2, 0]);
    assert!(loaded.depth.encoder.conv1().weight.is_require_grad());
}

#[test]
fn the_architecture_is_recognised() {
    for depth in [ResnetArchitecture::RESNET_34, ResnetArchitecture::RESNET_50] {
        let networks = small_networks(depth);
        let loaded = weights::load(saved(&networks).path(), &Device::flex()).unwrap().networks;
        assert_eq!(loaded.depth.encoder.architecture(), DepthArchitecture::Resnet(depth));
        assert_eq!(loaded.depth.decoder.scales(), [1]);
        assert_same(&named_tensors(&loaded), &named_tensors(&networks));
    }
}

#[test]
#[ignore = "needs ../shared/weights/formula_resnet18: weights files as PyTorch writes them"]
fn published_containers_are_read() {
    let folder = shared("weights/formula_resnet18");
    let device = Device::flex();
    let loaded = weights::load(&folder, &device).unwrap();
    assert_same(&named_tensors(&loaded.networks), &named_tensors(&formula_networks(&device)));
    assert!(loaded.size.is_some());
    assert!(loaded.report.unused.is_empty(), "{:?}", loaded.report.unused);
}

/// The networks' tensors as one safetensors file has them, changed by `change`.
pub fn joined(networks: &Networks, change: impl Fn(&mut NamedTensor) -> bool) -> Vec<u8> {
    let tensors = named_tensors(networks).into_iter().filter_map(|mut tensor| {
        change(&mut tensor)
            .then(|| (format!("{}.{}", tensor.name.file, tensor.name.key), tensor.shape, tensor.values))
    });
    let facts = [("height", "64"), ("width", "96"), ("use_stereo", "True")];
    let facts = facts.map(|(name, value)| (name.to_owned(), value.to_owned()));
    safetensors_bytes(tensors, Some(facts.into()))
}

#[test]
fn safetensors_files_are_read() {
    let networks = small_networks(ResnetArchitecture::RESNET_18);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    let bytes = joined(&networks, |_| true);
    fs::write(&file, &bytes).unwrap();
    for path in [&file, folder.path()] {
        let loaded = weights::load(path, &Device::flex()).unwrap();
        assert_same(&named_tensors(&loaded.networks), &named_tensors(&networks));
        assert_eq!((loaded.size, loaded.use_stereo), (Some(SIZE), Some(true)));
    }
    fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(refusal(&file), WeightsError::Damaged { .. }));

    let part = |stem: &str| {
        let tensors = named_tensors(&networks).into_iter().filter(|tensor| tensor.name.file == stem);
        safetensors_bytes(tensors.map(|tensor| (tensor.name.key, tensor.shape, tensor.values)), None)
    };
    let parts = tempfile::tempdir().unwrap();
    fs::write(parts.path().join("encoder.safetensors"), part("encoder")).unwrap();
    fs::write(parts.path().join("depth.safetensors"), part("depth")).unwrap();
    let loaded = weights::load(parts.path(), &Device::flex()).unwrap();
    assert_same(&named_tensors(&loaded.networks), &named_tensors(&networks));
    assert_eq!((loaded.size, loaded.use_stereo), (None, None));
}

#[test]
fn what_does_not_fit_is_named() {
    let networks = small_networks(ResnetArchitecture::RESNET_18);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("changed.safetensors");
    let key = "encoder.layer3.1.bn2.running_var";

    fs::write(&file, joined(&networks, |tensor| tensor.name.key != key)).unwrap();
    assert!(refusal(&file).to_string().contains(&format!("it has no tensor {key}")));

    let reshape = |tensor: &mut NamedTensor| {
        if tensor.name.key == key {
            tensor.shape = vec![16, 16];
        }
        true
    };
    fs::write(&file, joined(&networks, reshape)).unwrap();
    assert!(refusal(&file).to_string().contains(&format!("its {key} has the shape [16, 16], not [256]")));

    fs::write(&file, joined(&networks, |tensor| !tensor.name.key.contains("layer2.1"))).unwrap();
    assert!(refusal(&file).to_string().contains("[2, 1, 2, 2] blocks"));

    fs::write(&file, joined(&networks, |tensor| !tensor.name.key.contains("decoder.10"))).unwrap();
    assert!(refusal(&file).to_string().contains("it has no disparity"));

    fs::write(&file, joined(&networks, |tensor| tensor.name.file != "depth")).unwrap();
    assert!(refusal(&file).to_string().contains("it is only an encoder, without a depth decoder"));

    // Another network's pretrained classifier is refused, and the networks stay as they were.
    let fifty = small_networks(ResnetArchitecture::RESNET_50);
    let classifier = named_tensors(&fifty).into_iter().filter_map(|tensor| {
        let key = tensor.name.key.strip_prefix("encoder.")?.to_owned();
        Some((key, tensor.shape, tensor.values))
    });
    fs::write(&file, safetensors_bytes(classifier, None)).unwrap();
    let mut unchanged = networks.clone();
    let error = weights::load_imagenet(&file, &mut unchanged).unwrap_err().to_string();
    assert!(error.contains("it is a ResNet50, but the encoder is a ResNet18"), "{error}");
    assert_same(&named_tensors(&unchanged), &named_tensors(&networks));
}

#[test]
fn absent_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal(&folder.path().join("nowhere")).to_string().contains("no such file or folder"));
    assert!(refusal(folder.path()).to_string().contains("it has no encoder.pth"));
    fs::write(folder.path().join("encoder.pth"), b"").unwrap();
    for path in [folder.path(), &folder.path().join("encoder.pth")] {
        assert!(refusal(path).to_string().contains("is empty; download or copy it again"));
    }

    let saved = saved(&small_networks(ResnetArchitecture::RESNET_18));
    fs::remove_file(saved.path().join("depth.pth")).unwrap();
    assert!(refusal(saved.path()).to_string().contains("it has no depth.pth"));
}

#[test]
fn a_place_that_takes_no_files_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"in the way").unwrap();
    let networks = small_networks(ResnetArchitecture::RESNET_18);
    let error = weights::save(&file.join("weights"), &networks, SIZE, false).unwrap_err();
    assert!(matches!(error, WeightsError::Unwritable { .. }), "{error}");
    assert_eq!(fs::read(&file).unwrap(), b"in the way");
}

/// An archive in PyTorch's manner.
pub fn archive(entries: &[(&str, &[u8])], compression: CompressionMethod) -> Vec<u8> {
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(compression);
    for (name, bytes) in entries {
        archive.start_file(format!("archive/{name}"), options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

pub fn stored(entries: &[(&str, &[u8])]) -> Vec<u8> {
    archive(entries, CompressionMethod::Stored)
}

/// The container of PyTorch before 1.6: three pickles of preamble, the object, the storages' names.
pub fn legacy(pickle: &[u8], keys: &[u8], storages: &[u8]) -> Vec<u8> {
    let magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
    let preamble = b"\x80\x02M\xe9\x03.\x80\x02}X\x0d\0\0\0little_endian\x88s.";
    [magic, &preamble[..], pickle, keys, storages].concat()
}

/// The pickle within a file that we wrote.
fn pickle_of(file: &Path) -> Vec<u8> {
    let mut archive = ZipArchive::new(fs::File::open(file).unwrap()).unwrap();
    let mut pickle = Vec::new();
    archive.by_name("archive/data.pkl").unwrap().read_to_end(&mut pickle).unwrap();
    pickle
}

#[test]
fn foreign_objects_are_refused() {
    let folder = saved(&small_networks(ResnetArchitecture::RESNET_18));
    let call: &[u8] = b"\x80\x02}X\x06\0\0\0heightcposix\nsystem\nX\x04\0\0\0true\x85Rs.";
    let instance: &[u8] = b"\x80\x02c__main__\nSecret\n)\x81.";
    let nested: &[u8] = b"\x80\x02}X\x01\0\0\0a]cbuiltins\neval\nX\x01\0\0\x001\x85Ras.";
    for (pickle, class) in [(call, "posix.system"), (instance, "__main__.Secret"), (nested, "builtins.eval")]
    {
        for bytes in
            [stored(&[("data.pkl", pickle), ("version", b"3\n")]), legacy(pickle, b"\x80\x02].", b"")]
        {
            fs::write(folder.path().join("encoder.pth"), bytes).unwrap();
            match refusal(folder.path()) {
                WeightsError::Foreign { class: found, .. } => assert_eq!(found, class),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn compressed_archives_are_refused() {
    let bytes = archive(&[("data.pkl", &[b'N'; 100_000])], CompressionMethod::DEFLATE);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("encoder.pth"), bytes).unwrap();
    fs::write(folder.path().join("depth.pth"), b"").unwrap();
    assert!(refusal(folder.path()).to_string().contains("compressed"));
}

#[test]
fn truncated_files_are_refused() {
    let folder = saved(&small_networks(ResnetArchitecture::RESNET_18));
    for name in ["encoder.pth", "depth.pth"] {
        let file = folder.path().join(name);
        let whole = fs::read(&file).unwrap();
        for length in [whole.len() - 1, whole.len() / 2, 40_000, 100, 30, 3, 1] {
            fs::write(&file, &whole[..length]).unwrap();
            assert!(matches!(refusal(folder.path()), WeightsError::Damaged { .. }), "{length} bytes");
        }
        fs::write(&file, whole).unwrap();
    }
}

#[test]
fn a_changed_byte_of_a_storage_is_noticed() {
    let folder = saved(&small_networks(ResnetArchitecture::RESNET_18));
    let file = folder.path().join("depth.pth");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert!(matches!(refusal(folder.path()), WeightsError::Damaged { .. }));
}

/// Feeds the readers of both PyTorch containers, of the pickles in them and of safetensors files with mutants, none of
/// which has all tensors.
fn check_mutants(cases: Cases) {
    let folder = saved(&small_networks(ResnetArchitecture::RESNET_18));
    let file = folder.path().join("encoder.pth");
    let joined = folder.path().join("joined.safetensors");
    let pickle = pickle_of(&file);
    // The archive is given a few small storages, so that its own tables are a large part of it.
    let storage = [0; 256];
    let small =
        stored(&[("data.pkl", &pickle[..]), ("data/0", &storage), ("data/1", &storage), ("version", b"3\n")]);
    let keys = b"\x80\x02](X\x01\0\0\x000X\x01\0\0\x001e.";
    let old = legacy(&pickle, keys, &[0; 4096]);
    let tensors = named_tensors(&small_networks(ResnetArchitecture::RESNET_18)).into_iter().take(4);
    let tensors = tensors.map(|tensor| (tensor.name.to_string(), vec![2], vec![0.5; 2]));
    let facts = [("height", "64"), ("width", "96")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let safetensors = safetensors_bytes(tensors, Some(facts.into()));
    takes_at_most(64 << 20, || {
        cases.mutants(&[&pickle, &small, &old, &safetensors], [0.0, 1.0], |index, mutant| {
            let path = if index == 3 { &joined } else { folder.path() };
            match index {
                0 => {
                    let bytes =
                        stored(&[("data.pkl", &mutant[..]), ("data/0", &storage), ("version", b"3\n")]);
                    fs::write(&file, bytes).unwrap();
                }
                3 => fs::write(&joined, mutant).unwrap(),
                _ => fs::write(&file, mutant).unwrap(),
            }
            let error = weights::load(path, &Device::flex()).map(|_| "networks").unwrap_err();
            assert_eq!(error.to_string().lines().count(), 1, "{error}");
            false
        });
    });
}

#[test]
fn no_mutation_gets_past() {
    check_mutants(Cases(0..2600));
}

#[test]
#[ignore = "takes a minute: 26000 mutants of weights files"]
fn no_mutation_gets_past_in_full() {
    check_mutants(Cases(0..26_000));
}

#[test]
fn views_into_a_shared_storage_are_read() {
    let networks = small_networks(ResnetArchitecture::RESNET_18);
    let folder = saved(&networks);
    let (mut pickle, mut storage) = (b"\x80\x02}(".to_vec(), vec![0_u8; 12]);
    let text = |text: &str| [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
    let integer = |value: usize| [b"J", &(value as i32).to_le_bytes()[..]].concat();
    let tuple = |values: &[usize]| {
        [b"(".to_vec(), values.iter().flat_map(|value| integer(*value)).collect(), b"t".to_vec()].concat()
    };
    let tensors: Vec<_> =
        named_tensors(&networks).into_iter().filter(|tensor| tensor.name.file == "encoder").collect();
    let total = 3 + tensors.iter().map(|tensor| tensor.values.len()).sum::<usize>();
    for tensor in &tensors {
        let offset = storage.len() / 4;
        let count = tensor.values.len();
        let mut strides: Vec<usize> =
            (1..=tensor.shape.len()).map(|dimension| tensor.shape[dimension..].iter().product()).collect();
        let mut values = tensor.values.clone();
        if tensor.name.key == "encoder.conv1.weight" {
            // Stored with the output channel fastest.
            let outputs = tensor.shape[0];
            let inner = count / outputs;
            values = (0..count).map(|at| tensor.values[at % outputs * inner + at / outputs]).collect();
            strides.iter_mut().for_each(|stride| *stride *= outputs);
            strides[0] = 1;
        }
        storage.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        pickle.extend(text(&tensor.name.key));
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        pickle.extend(
            [text("storage"), b"ctorch\nFloatStorage\n".to_vec(), text("0"), text("cuda:0")].concat(),
        );
        pickle.extend([integer(total), b"tQ".to_vec(), integer(offset)].concat());
        pickle.extend([tuple(&tensor.shape), tuple(&strides), b"\x89}tR".to_vec()].concat());
    }
    pickle.extend(b"u.");
    let mut old_storage = (total as u64).to_le_bytes().to_vec();
    old_storage.extend(&storage);
    let keys = b"\x80\x02]X\x01\0\0\x000a.";
    let containers =
        [stored(&[("data.pkl", &pickle[..]), ("data/0", &storage)]), legacy(&pickle, keys, &old_storage)];
    for bytes in containers {
        fs::write(folder.path().join("encoder.pth"), bytes).unwrap();
        let loaded = weights::load(folder.path(), &Device::flex()).unwrap();
        assert_same(&named_tensors(&loaded.networks), &named_tensors(&networks));
        assert_eq!(loaded.size, None);
    }
}

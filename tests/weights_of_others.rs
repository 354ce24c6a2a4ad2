//! Weights files as other people have them: read under whatever names their tensors have, or named for what they are.

use crate::{
    support::{safetensors_bytes, takes_at_most},
    weights::{archive, assert_same, legacy, refusal, saved, small_networks, stored},
};
use burn::tensor::Device;
use monoscope::{
    config::{NetworkFile, ObjectiveConfig},
    model::{
        Architecture, DepthArchitecture, Networks, ResnetArchitecture,
        weights::{self, NamedTensor, named_tensors},
    },
};
use std::{collections::HashMap, fs, path::Path};
use zip::CompressionMethod;

/// Light networks, and their tensors under the names that they have in one file.
fn light() -> (Networks, Vec<NamedTensor>) {
    let scales = ObjectiveConfig::default().scales[..3].to_vec();
    let depth = DepthArchitecture::RtMonodepthS;
    let architecture = Architecture { depth, scales, masked_sources: None, pose: None };
    let networks = Networks::new(&architecture, 3, &Device::flex());
    let tensors = named_tensors(&networks);
    (networks, tensors)
}

/// Changes the name of a tensor.
type Rename<'a> = &'a dyn Fn(&str) -> String;

fn joined_name(tensor: &NamedTensor) -> String {
    format!("{}.{}", tensor.name.file, tensor.name.key)
}

/// A safetensors file of these tensors under other names.
fn renamed(tensors: &[NamedTensor], rename: impl Fn(&str) -> String) -> Vec<u8> {
    let tensors = tensors
        .iter()
        .map(|tensor| (rename(&joined_name(tensor)), tensor.shape.clone(), tensor.values.clone()));
    let facts =
        HashMap::from([("height".to_owned(), "96".to_owned()), ("width".to_owned(), "320".to_owned())]);
    safetensors_bytes(tensors, Some(facts))
}

/// The pickle of a dictionary of tensors, one storage each, between other instructions.
fn pickle(tensors: &[(String, Vec<usize>)], before: &[u8], after: &[u8]) -> Vec<u8> {
    let text = |text: &str| [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
    let integer = |value: usize| [b"J", &(value as i32).to_le_bytes()[..]].concat();
    let tuple = |values: &[usize]| {
        [b"(".to_vec(), values.iter().flat_map(|value| integer(*value)).collect(), b"t".to_vec()].concat()
    };
    let mut pickle = [b"\x80\x02", before, b"}("].concat();
    for (index, (name, shape)) in tensors.iter().enumerate() {
        let strides: Vec<usize> =
            (1..=shape.len()).map(|dimension| shape[dimension..].iter().product()).collect();
        pickle.extend(text(name));
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        pickle
            .extend([text("storage"), b"ctorch\nFloatStorage\n".to_vec(), text(&index.to_string())].concat());
        pickle.extend([text("cpu"), integer(shape.iter().product()), b"tQK\0".to_vec()].concat());
        pickle.extend([tuple(shape), tuple(&strides), b"\x89}tR".to_vec()].concat());
    }
    [&pickle[..], b"u", after, b"."].concat()
}

/// A checkpoint in PyTorch's archive.
fn checkpoint(
    tensors: &[NamedTensor],
    rename: impl Fn(&str) -> String,
    before: &[u8],
    after: &[u8],
) -> Vec<u8> {
    let shapes: Vec<_> =
        tensors.iter().map(|tensor| (rename(&joined_name(tensor)), tensor.shape.clone())).collect();
    let pickle = pickle(&shapes, before, after);
    let names: Vec<String> = (0..tensors.len()).map(|index| format!("data/{index}")).collect();
    let storages: Vec<Vec<u8>> = tensors
        .iter()
        .map(|tensor| tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect())
        .collect();
    let mut entries = vec![("data.pkl", &pickle[..])];
    entries.extend(names.iter().map(String::as_str).zip(storages.iter().map(Vec::as_slice)));
    stored(&entries)
}

/// Small files with the names of light networks in a wrapper: safetensors, and both containers of PyTorch. Their
/// tensors are too small for the networks.
pub fn checkpoints_of_names() -> [Vec<u8>; 3] {
    let (_, tensors) = light();
    let named: Vec<_> =
        tensors.iter().map(|tensor| (format!("module.{}", joined_name(tensor)), vec![2])).collect();
    let of_values = named.iter().map(|(name, shape)| (name.clone(), shape.clone(), vec![0.5; 2]));
    let pickle = pickle(&named, b"}X\x0a\0\0\0state_dict", b"s");
    let storages: Vec<String> = (0..named.len()).map(|index| format!("data/{index}")).collect();
    let mut entries = vec![("data.pkl", &pickle[..])];
    entries.extend(storages.iter().map(|name| (name.as_str(), &[0; 8][..])));
    let keys: Vec<u8> = (0..named.len())
        .flat_map(|index| {
            let index = index.to_string();
            [b"X", &(index.len() as u32).to_le_bytes()[..], index.as_bytes()].concat()
        })
        .collect();
    let keys = [b"\x80\x02](", &keys[..], b"e."].concat();
    let numbers = [&2_u64.to_le_bytes()[..], &[0; 8]].concat().repeat(named.len());
    [safetensors_bytes(of_values, None), stored(&entries), legacy(&pickle, &keys, &numbers)]
}

#[test]
fn what_wrappers_put_before_names_is_left_out_and_told() {
    let (networks, tensors) = light();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("renamed.safetensors");
    let of_disp_net = |name: &str| {
        name.replacen("encoder.", "disp_net.encoder.", 1).replacen("depth.", "disp_net.decoder.", 1)
    };
    let renames: [(Rename, &str); 11] = [
        (&|name| format!("module.{name}"), "module."),
        (&|name| name.replacen('.', ".module.", 1), "module."),
        (&|name| format!("_orig_mod.{name}"), "_orig_mod."),
        (&|name| format!("model._orig_mod.module.{name}"), "'model.' _orig_mod. module."),
        (&|name| format!("state_dict.model.{name}"), "'state_dict.model.'"),
        (&|name| format!("net.{name}"), "'net.'"),
        (&|name| format!("student.{name}"), "'student.'"),
        (&|name| name.replacen("encoder.", "Depth_Encoder.", 1).replacen("depth.", "depth_decoder.", 1), ""),
        (&of_disp_net, ""),
        (&|name| name.replacen('.', "_state_dict.", 1), ""),
        (&|name| name.replacen("depth.decoder.", "decoder.", 1), ""),
    ];
    for (rename, left_out) in renames {
        fs::write(&path, renamed(&tensors, rename)).unwrap();
        let loaded = weights::load(&path, &Device::flex()).unwrap();
        assert_same(&named_tensors(&loaded.networks), &tensors);
        assert_eq!(loaded.report.left_out.join(" "), left_out);
        assert!(loaded.report.unused.is_empty(), "{:?}", loaded.report.unused);
        assert_eq!(loaded.size.map(|size| (size.height, size.width)), Some((96, 320)));
    }

    // Of two sets of networks neither is taken without a word.
    let both = [&tensors[..], &tensors].concat();
    let count = tensors.len();
    let numbered = both.iter().enumerate().map(|(index, tensor)| {
        let owner = if index < count { "student" } else { "teacher" };
        (format!("{owner}.{}", joined_name(tensor)), tensor.shape.clone(), tensor.values.clone())
    });
    fs::write(&path, safetensors_bytes(numbered, None)).unwrap();
    assert!(refusal(&path).to_string().contains("'student.' and 'teacher.'"));

    // Files of single parts, from a wrapper of each network.
    let saved = saved(&networks);
    for part in ["encoder", "depth"] {
        let tensors = tensors.iter().filter(|tensor| tensor.name.file == part);
        let wrapped = tensors.map(|tensor| {
            (format!("module.{}", tensor.name.key), tensor.shape.clone(), tensor.values.clone())
        });
        fs::write(saved.path().join(format!("{part}.pth")), safetensors_bytes(wrapped, None)).unwrap();
    }
    let loaded = weights::load(saved.path(), &Device::flex()).unwrap();
    assert_same(&named_tensors(&loaded.networks), &tensors);
    assert_eq!(loaded.report.left_out, ["module."]);
}

#[test]
fn checkpoints_with_all_networks_are_read_whatever_their_name() {
    let (_, tensors) = light();
    let folder = tempfile::tempdir().unwrap();
    let same = |name: &str, bytes: Vec<u8>, left_out: &str| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let loaded = weights::load(&path, &Device::flex()).unwrap();
        assert_same(&named_tensors(&loaded.networks), &tensors);
        assert_eq!(loaded.report.left_out.join(" "), left_out);
        assert!(loaded.report.unused.is_empty(), "{:?}", loaded.report.unused);
    };
    for name in ["last.ckpt", "weights.pth", "no_ending"] {
        same(name, renamed(&tensors, str::to_owned), "");
        same(name, checkpoint(&tensors, str::to_owned, b"", b""), "");
    }
    // A trainer's checkpoint has more beside the tensors, also objects of classes that are not known here.
    let before = b"}X\x05\0\0\0epochK\x07sX\x05\0\0\0callscargparse\nNamespace\n)\x81sX\x0a\0\0\0state_dict";
    let bytes = checkpoint(&tensors, |name| format!("model.{name}"), before, b"s");
    same("epoch=7.ckpt", bytes, "'state_dict.model.'");

    // Batch counts and counts of operations are no tensors of a network.
    let counts =
        ["encoder.total_ops", "depth.decoder.0.conv.total_params", "encoder.bn1.num_batches_tracked"];
    let counts = counts.map(|name| (name.to_owned(), vec![1], vec![0.0]));
    let all = tensors.iter().map(|tensor| (joined_name(tensor), tensor.shape.clone(), tensor.values.clone()));
    same("counted.safetensors", safetensors_bytes(all.chain(counts), None), "");
}

#[test]
fn files_of_other_kinds_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (_, tensors) = light();
    let whole = renamed(&tensors, str::to_owned);
    let cut = format!("it was cut off: 100000 of the {} bytes", whole.len());
    let zip = |name: &str| archive(&[(name, b"")], CompressionMethod::Deflated);
    let cases: [(&str, Vec<u8>, &str); 13] = [
        (
            "w.safetensors",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n".to_vec(),
            "is a Git LFS pointer",
        ),
        (
            "w.pth",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n".to_vec(),
            "run git lfs pull",
        ),
        ("w.pth", b"\n<!DOCTYPE html><title>404</title>".to_vec(), "is a web page"),
        ("w.ckpt", b"{\"message\": \"Not Found\"}".to_vec(), "is text; open it"),
        ("w.safetensors", Vec::new(), "is empty"),
        ("w.safetensors", whole[..100_000].to_vec(), &cut),
        ("w.safetensors", whole[..100].to_vec(), "is cut off"),
        ("w.h5", b"\x89HDF\r\n\x1a\n0000".to_vec(), "is an HDF5 file"),
        ("w.pth", b"\x1f\x8b\x08\0\0\0\0\0".to_vec(), "is compressed with gzip; unpack it first"),
        ("mono.zip", zip("encoder.pth"), "is an archive of weights files; unpack it"),
        ("w.npz", zip("a.npy"), "is an archive of NumPy arrays"),
        ("w.pt", stored(&[("data.pkl", b"\x80\x02}."), ("constants.pkl", b"")]), "is a TorchScript program"),
        ("w.pth", stored(&[("data.pkl", b"\x80\x02}.")]), "it has no tensors"),
    ];
    for (name, bytes, words) in cases {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let error = refusal(&path).to_string();
        assert!(error.contains(words), "{error}");
    }
    fs::write(folder.path().join("last.ckpt"), b"").unwrap();
    fs::remove_file(folder.path().join("w.h5")).unwrap();
    assert!(refusal(folder.path()).to_string().contains("but 'last.ckpt', which is given by its own path"));
}

#[cfg(unix)]
#[test]
fn devices_and_sockets_are_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    assert!(refusal(&path).to_string().contains("a pipe, socket or device, not a file"));
    drop(socket);
    assert!(refusal(Path::new("/dev/zero")).to_string().contains("not a file"));
}

#[test]
fn networks_of_others_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("others.safetensors");
    let tensor = |name: &str| (name.to_owned(), vec![1], vec![0.0]);
    let cases: [(&[&str], &str); 12] = [
        (
            &["downsample_layers.0.0.conv.weight", "stem2.0.conv.weight", "stages.0.0.ddwconv.conv.weight"],
            "is Lite-Mono",
        ),
        (
            &[
                "pretrained.layer1.0.weight",
                "scratch.layer1_rn.weight",
                "scratch.refinenet1.resConfUnit1.conv1.weight",
            ],
            "is MiDaS",
        ),
        (&["pretrained.model.cls_token", "scratch.refinenet1.resConfUnit1.conv1.weight"], "is DPT"),
        (&["pretrained.blocks.0.norm1.weight", "depth_head.projects.0.weight"], "is Depth Anything"),
        (
            &["encoder.layer0.0.weight", "encoder.layer1.1.0.conv1.weight", "encoder.reduce_conv.0.weight"],
            "is ManyDepth",
        ),
        (&["model.depth_net.pack1.conv3d.weight", "model.depth_net.unpack5.conv3d.weight"], "is PackNet"),
        (
            &["patch_embed_stages.0.patch_embeds.0.dwconv.weight", "mhca_stages.0.InvRes.conv1.weight"],
            "is MonoViT",
        ),
        (&["net.0.weight", "net.0.bias"], "it is only a pose network"),
        (&["pose_encoder.encoder.conv1.weight", "pose.net.0.weight"], "it is only a pose network"),
        (&["decoder.0.conv.conv.weight"], "it is only a decoder"),
        (&["encoder.conv1.weight", "encoder.layer1.0.conv1.weight"], "it is only an encoder"),
        (&["a", "b", "c"], "it has 3 tensors, such as 'a' and 'b'"),
    ];
    for (names, words) in cases {
        fs::write(&path, safetensors_bytes(names.iter().map(|name| tensor(name)), None)).unwrap();
        let error = refusal(&path).to_string();
        assert!(error.contains(words), "{error}");
    }
    // Names of any length are quoted in part, without what a terminal would obey.
    let name = format!("\u{1b}[2J{}", "x".repeat(100_000));
    fs::write(&path, safetensors_bytes([tensor(&name)], None)).unwrap();
    let error = refusal(&path).to_string();
    assert!(error.len() < 300 && !error.contains('\u{1b}'), "{error}");

    let tensors = named_tensors(&small_networks(ResnetArchitecture::RESNET_18));
    let classifier = tensors.iter().filter(|tensor| tensor.name.file == NetworkFile::Encoder.stem());
    let classifier = classifier.map(|tensor| {
        let key = tensor.name.key.strip_prefix("encoder.").unwrap();
        (key.to_owned(), tensor.shape.clone(), tensor.values.clone())
    });
    fs::write(&path, safetensors_bytes(classifier, None)).unwrap();
    assert!(refusal(&path).to_string().contains("it is a plain ResNet18 for ImageNet"));
}

#[test]
fn files_of_a_folder_that_are_mixed_up_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let (_, tensors) = light();
    let of = |file: NetworkFile| {
        let tensors = tensors.iter().filter(move |tensor| tensor.name.file == file.stem());
        let tensors =
            tensors.map(|tensor| (tensor.name.key.clone(), tensor.shape.clone(), tensor.values.clone()));
        safetensors_bytes(tensors, None)
    };
    let (encoder, decoder) = (of(NetworkFile::Encoder), of(NetworkFile::Depth));
    let state = ["state.0.exp_avg", "state.0.exp_avg_sq", "state.0.step"];
    let state = safetensors_bytes(state.map(|name| (name.to_owned(), vec![1], vec![0.0])), None);
    let cases: [(&[u8], &[u8], &str); 4] = [
        (&decoder, &encoder, "it is a depth decoder, not what belongs into encoder.pth"),
        (&encoder, &encoder, "it is an encoder, not what belongs into depth.pth"),
        (&state, &decoder, "is the state of an optimiser"),
        (&encoder, &state, "is the state of an optimiser"),
    ];
    for (encoder, decoder, words) in cases {
        fs::write(home.join("encoder.safetensors"), encoder).unwrap();
        fs::write(home.join("depth.safetensors"), decoder).unwrap();
        let error = refusal(home).to_string();
        assert!(error.contains(words), "{error}");
    }
    fs::write(home.join("encoder.safetensors"), &encoder).unwrap();
    fs::write(home.join("depth.safetensors"), &decoder).unwrap();
    weights::load(home, &Device::flex()).unwrap();

    for name in ["encoder", "depth"] {
        fs::remove_file(home.join(format!("{name}.safetensors"))).unwrap();
    }
    fs::write(home.join("Encoder.safetensors"), &encoder).unwrap();
    assert!(refusal(home).to_string().contains("names must be in small letters"));
    fs::remove_file(home.join("Encoder.safetensors")).unwrap();
    let shard = home.join("model-00001-of-00002.safetensors");
    fs::write(&shard, &decoder).unwrap();
    assert!(refusal(home).to_string().contains("it has a network in several files"));
    assert!(refusal(&shard).to_string().contains("one of several files that hold a network together"));
}

#[test]
fn values_that_are_not_finite_are_refused_with_their_tensor() {
    let (_, tensors) = light();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("diverged.safetensors");
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut tensors = tensors.clone();
        tensors[2].values[1] = value;
        let key = tensors[2].name.key.clone();
        fs::write(&path, renamed(&tensors, str::to_owned)).unwrap();
        let error = refusal(&path).to_string();
        assert!(
            error.contains("1 of the") && error.contains(&key) && error.contains("NaN or infinite"),
            "{error}"
        );
    }
}

/// Pickles whose objects take many times their bytes, each of at most 2 MB.
fn bombs() -> Vec<Vec<u8>> {
    let many = |unit: &[u8]| [b"\x80\x02", &unit.repeat((2 << 20) / unit.len())[..], b"."].concat();
    let text = [b"X\0\0\x10\0".to_vec(), vec![b'a'; 1 << 20], b"q\0".to_vec()].concat();
    vec![
        many(b"N"),
        many(b"("),
        many(b"N\x94"),
        many(b"N\x85"),
        many(b"]Na"),
        many(b"}K\x01Ns"),
        many(b"ca\nb\n"),
        [b"\x80\x02", &text[..], &b"h\0".repeat(200)[..], b"."].concat(),
        [b"\x80\x02(", &b"N".repeat(1000)[..], b"tq\0", &b"h\0".repeat(20_000)[..], b"."].concat(),
        [b"\x80\x02K\x01q\0", &b"h\0\x86q\0".repeat(300)[..], b"."].concat(),
    ]
}

#[test]
fn pickles_take_no_more_memory_than_their_file_may() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.pth");
    let (_, tensors) = light();
    for (index, bomb) in bombs().iter().enumerate() {
        for bytes in [stored(&[("data.pkl", bomb)]), legacy(bomb, b"\x80\x02].", b""), bomb.clone()] {
            fs::write(&path, bytes).unwrap();
            println!("bomb {index}");
            takes_at_most(64 << 20, || drop(refusal(&path)));
        }
    }
    // Views of one number that claim the tensors of a large network.
    let networks = Networks::new(
        &Architecture {
            depth: DepthArchitecture::Resnet(ResnetArchitecture::RESNET_50),
            scales: vec![0],
            masked_sources: None,
            pose: None,
        },
        0,
        &Device::flex(),
    );
    let shapes: Vec<_> =
        named_tensors(&networks).iter().map(|tensor| (joined_name(tensor), tensor.shape.clone())).collect();
    let claim = pickle(&shapes, b"", b"");
    fs::write(&path, stored(&[("data.pkl", &claim)])).unwrap();
    takes_at_most(64 << 20, || assert!(refusal(&path).to_string().contains("too few to have them")));
    drop(tensors);
}

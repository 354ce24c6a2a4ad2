//! Networks of every architecture and their files: recognised, reported, taken over by a run.

use crate::{
    support::{formula_networks, safetensors_bytes},
    weights::{SIZE, assert_same, joined, refusal, saved, small_networks},
};
use burn::tensor::Device;
use clap::ValueEnum;
use monoscope::{
    config::{DepthNetworkType, FrameId, NetworkFile, PoseModelInput, PoseModelType, RunConfig},
    model::{
        Architecture, Networks, ResnetArchitecture,
        weights::{self, NamedTensor, ParameterName, PretrainedEncoders, named_tensors},
    },
    train::StartingNetworks,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};
use tempfile::NamedTempFile;

/// A run's networks, with first values.
fn networks_of(change: impl Fn(&mut RunConfig)) -> Networks {
    let mut config = RunConfig::default();
    change(&mut config);
    config.validate().unwrap();
    Networks::new(&Architecture::new(&config.network, &config.objective).unwrap(), 4, &Device::flex())
}

fn light(config: &mut RunConfig) {
    config.network.depth_network = DepthNetworkType::RtMonodepthS;
    config.objective.scales = vec![2, 0];
}

#[test]
fn every_architecture_survives_its_files() {
    type Change = fn(&mut RunConfig);
    let cases: [(&str, &[&str], Change); 7] = [
        ("RT-MonoDepth-S, pose ResNet18 of pairs", &["depth", "encoder", "pose", "pose_encoder"], light),
        ("RT-MonoDepth-S, pose shared encoder of 3 frames", &["depth", "encoder", "pose"], |config| {
            light(config);
            config.network.pose_model_type = PoseModelType::Shared;
            config.network.pose_model_input = PoseModelInput::All;
        }),
        ("ResNet18, pose shared encoder of pairs", &["depth", "encoder", "pose"], |config| {
            config.network.pose_model_type = PoseModelType::Shared;
        }),
        ("ResNet18, pose PoseCNN of 3 frames", &["depth", "encoder", "pose"], |config| {
            config.network.pose_model_type = PoseModelType::Posecnn;
            config.network.pose_model_input = PoseModelInput::All;
        }),
        ("ResNet34, pose ResNet50 of 4 frames", &["depth", "encoder", "pose", "pose_encoder"], |config| {
            (config.network.num_layers, config.network.pose_num_layers) = (34, 50);
            config.network.pose_model_input = PoseModelInput::All;
            config.objective.frame_ids.push(FrameId::Temporal(2));
        }),
        ("ResNet18, predictive mask, no pose network", &["depth", "encoder", "predictive_mask"], |config| {
            config.objective.frame_ids = vec![FrameId::TARGET, FrameId::Stereo];
            (config.objective.predictive_mask, config.objective.disable_automasking) = (true, true);
        }),
        (
            "RT-MonoDepth-S, predictive mask, pose PoseCNN of pairs",
            &["depth", "encoder", "pose", "predictive_mask"],
            |config| {
                light(config);
                config.network.pose_model_type = PoseModelType::Posecnn;
                (config.objective.predictive_mask, config.objective.disable_automasking) = (true, true);
            },
        ),
    ];
    for (description, files, change) in cases {
        let networks = networks_of(change);
        assert_eq!(networks.architecture().to_string(), description);
        let folder = saved(&networks);
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        assert_eq!(names, files, "{description}");
        let single = tempfile::Builder::new().suffix(".safetensors").tempfile().unwrap();
        weights::save_joined(single.path(), &networks, SIZE, true).unwrap();
        for path in [folder.path(), single.path()] {
            let loaded = weights::load(path, &Device::flex()).unwrap();
            assert_eq!(loaded.networks.architecture(), networks.architecture());
            assert_same(&named_tensors(&loaded.networks), &named_tensors(&networks));
            assert!(loaded.report.unused.is_empty() && loaded.report.missing.is_empty());
            assert_eq!((loaded.size, loaded.use_stereo), (Some(SIZE), Some(true)));
        }
    }
}

#[test]
fn every_type_of_network_is_listed_and_recognised_in_its_files() {
    assert_eq!(DepthNetworkType::ALL, *DepthNetworkType::value_variants());
    assert_eq!(PoseModelType::ALL, *PoseModelType::value_variants());
    assert_eq!(NetworkFile::ALL, *NetworkFile::value_variants());
    for depth in DepthNetworkType::ALL {
        for pose in PoseModelType::ALL {
            let networks = networks_of(|config| {
                (config.network.depth_network, config.network.pose_model_type) = (depth, pose);
                config.objective.scales = depth.scales().to_vec();
            });
            let architecture = networks.architecture();
            assert_eq!(architecture.depth.network_type(), depth);
            assert!(architecture.depth_cost().parameters > 0.0 && architecture.pose_cost(2).parameters > 0.0);
            let loaded = weights::load(saved(&networks).path(), &Device::flex()).unwrap();
            assert_eq!(loaded.networks.architecture(), architecture);
            assert_same(&named_tensors(&loaded.networks), &named_tensors(&networks));
            let names: BTreeSet<&str> = NetworkFile::ALL.map(NetworkFile::stem).into();
            assert!(named_tensors(&networks).iter().all(|tensor| names.contains(tensor.name.file)));
            // A run that takes them over is configured for the same networks.
            let config = architecture.configured(&RunConfig::default());
            assert_eq!(Architecture::new(&config.network, &config.objective).unwrap(), architecture);
        }
    }
}

#[test]
fn an_encoder_or_decoder_of_motion_alone_is_refused() {
    let folder = saved(&formula_networks(&Device::flex()));
    let encoder = folder.path().join("pose_encoder.pth");
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(&encoder, &elsewhere).unwrap();
    assert!(refusal(folder.path()).to_string().contains("no pose_encoder.pth"));
    fs::rename(&elsewhere, &encoder).unwrap();
    fs::remove_file(folder.path().join("pose.pth")).unwrap();
    assert!(refusal(folder.path()).to_string().contains("no pose.pth"));
}

#[test]
fn missing_and_unused_tensors_are_reported() {
    let networks = networks_of(light);
    let file = tempfile::Builder::new().suffix(".safetensors").tempfile().unwrap();
    let rename = |tensor: &mut NamedTensor| {
        if tensor.name.key == "convs.1.2.bias" {
            tensor.name.key = "convs.1.2.offset".to_owned();
        }
        tensor.name.key != "decoder.3.conv.weight"
    };
    fs::write(file.path(), joined(&networks, rename)).unwrap();
    let found = weights::examine(file.path(), &Device::flex()).unwrap();
    assert_eq!(found.report.missing, ["encoder/convs.1.2.bias", "depth/decoder.3.conv.weight"]);
    assert_eq!(found.report.unused, ["encoder/convs.1.2.offset"]);
    assert_eq!(found.report.loaded.len(), named_tensors(&networks).len() - 2);
    assert!(refusal(file.path()).to_string().contains("no tensor convs.1.2.bias, nor 1 other"));
}

#[test]
fn names_of_a_known_reimplementation_are_read() {
    let networks = formula_networks(&Device::flex());
    let renamed = |name: &ParameterName| {
        let pieces: Vec<&str> = name.key.split('.').collect();
        match (name.file, pieces.as_slice()) {
            ("depth", ["decoder", index, .., kind]) => {
                let index: usize = index.parse().unwrap();
                match index {
                    10.. => format!("disps.disp_{}.1.{kind}", index - 10),
                    _ if index.is_multiple_of(2) => format!("upconvs.upconv_{}_0.0.1.{kind}", 4 - index / 2),
                    _ => format!("iconvs.iconv_{}_1.0.1.{kind}", 4 - index / 2),
                }
            }
            ("pose", ["net", "0", kind]) => format!("layers.compress.{kind}"),
            ("pose", ["net", index, kind]) => {
                format!("layers.pconv_{}.{kind}", index.parse::<usize>().unwrap() - 1)
            }
            _ => name.key.clone(),
        }
    };
    let folder = tempfile::tempdir().unwrap();
    for (file, stored) in [
        ("encoder", "encoder"),
        ("depth", "depth_decoder"),
        ("pose_encoder", "pose_encoder"),
        ("pose", "pose"),
    ] {
        let tensors = named_tensors(&networks).into_iter().filter(|tensor| tensor.name.file == file);
        let tensors = tensors.map(|tensor| (renamed(&tensor.name), tensor.shape, tensor.values));
        let path = folder.path().join(format!("{stored}.safetensors"));
        fs::write(path, safetensors_bytes(tensors, None)).unwrap();
    }
    let loaded = weights::load(folder.path(), &Device::flex()).unwrap();
    assert_same(&named_tensors(&loaded.networks), &named_tensors(&networks));
}

#[test]
fn only_the_listed_networks_are_taken_over() {
    let others = formula_networks(&Device::flex());
    let fresh = networks_of(|config| config.objective.scales = vec![0, 2]);
    let files = |networks: &Networks, file: &str| -> Vec<Vec<f32>> {
        let tensors = named_tensors(networks).into_iter().filter(|tensor| tensor.name.file == file);
        tensors.map(|tensor| tensor.values).collect()
    };
    let mut networks = fresh.clone();
    networks.adopt(&others, &[NetworkFile::Encoder, NetworkFile::Pose]).unwrap();
    for (file, source) in
        [("encoder", &others), ("depth", &fresh), ("pose_encoder", &fresh), ("pose", &others)]
    {
        assert!(files(&networks, file) == files(source, file), "{file}");
    }
    // Depth alone can be taken over: motion then starts from scratch.
    let mut networks = fresh.clone();
    networks
        .adopt(&small_networks(ResnetArchitecture::RESNET_18), &[NetworkFile::Encoder, NetworkFile::Pose])
        .unwrap();
    assert!(files(&networks, "pose") == files(&fresh, "pose"));

    let refused = |others: &Networks, words: &[&str]| {
        let mut networks = fresh.clone();
        let error = networks.adopt(others, &NetworkFile::ALL).unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "'{error}' does not say '{word}'");
        }
        assert_same(&named_tensors(&networks), &named_tensors(&fresh));
    };
    refused(&networks_of(light), &["RT-MonoDepth-S", "ResNet18", "--depth-network", "--models-to-load"]);
    refused(&small_networks(ResnetArchitecture::RESNET_50), &["ResNet50", "--num-layers"]);
    refused(&small_networks(ResnetArchitecture::RESNET_18), &["no disparity at scale 0", "--scales"]);
    let shared = networks_of(|config| config.network.pose_model_type = PoseModelType::Shared);
    refused(&shared, &["shared encoder", "--pose-model-type"]);
}

#[test]
fn a_classifier_starts_the_encoders_that_are_like_it() {
    let file = classifier(ResnetArchitecture::RESNET_50);
    let mut networks = networks_of(|config| config.network.pose_num_layers = 50);
    let before = named_tensors(&networks);
    let report = weights::load_imagenet(file.path(), &mut networks).unwrap();
    let mut changed = 0;
    for (old, new) in before.iter().zip(named_tensors(&networks)) {
        let is_changed = old.values != new.values;
        assert_eq!(is_changed, new.name.file == "pose_encoder", "{}", new.name);
        changed += usize::from(is_changed);
    }
    assert_eq!(report.filled, BTreeMap::from([(NetworkFile::PoseEncoder, changed)]));
    assert_eq!(report.unfilled, BTreeMap::from([(NetworkFile::Encoder, "it is a ResNet18".to_owned())]));
    let text = format!(
        "{} (ResNet50) fills the pose encoder ({changed} tensors), not the depth encoder (it is a ResNet18)",
        file.path().display()
    );
    assert_eq!(report.to_string(), text);

    let mut networks = networks_of(|config| {
        light(config);
        config.network.pose_num_layers = 50;
    });
    let report = weights::load_imagenet(file.path(), &mut networks).unwrap();
    let reason = "the depth network is RT-MonoDepth-S";
    assert_eq!(report.unfilled, BTreeMap::from([(NetworkFile::Encoder, reason.to_owned())]));
}

#[test]
fn an_encoder_of_loaded_networks_is_not_called_pretrained() {
    let file = classifier(ResnetArchitecture::RESNET_18);
    let mut config = RunConfig::default();
    config.network.pretrained_encoder = Some(file.path().to_owned());
    let start = |loaded: Option<&Networks>, models: &[NetworkFile]| {
        let mut config = config.clone();
        config.network.models_to_load = models.to_vec();
        StartingNetworks::new(&config, loaded, &Device::flex()).unwrap().pretrained.unwrap()
    };
    let both = [NetworkFile::Encoder, NetworkFile::PoseEncoder];
    let filled = |report: &PretrainedEncoders| report.filled.keys().copied().collect::<Vec<_>>();
    assert_eq!(filled(&start(None, &NetworkFile::ALL)), both);
    let loaded = networks_of(|_| ());
    let report = start(Some(&loaded), &[NetworkFile::Encoder, NetworkFile::Depth]);
    assert_eq!(filled(&report), [NetworkFile::PoseEncoder]);
    assert!(report.unfilled[&NetworkFile::Encoder].contains("loaded"), "{report}");
    let alone = networks_of(|config| config.objective.frame_ids = vec![FrameId::TARGET, FrameId::Stereo]);
    assert!(alone.pose.is_none());
    assert_eq!(filled(&start(Some(&alone), &both)), [NetworkFile::PoseEncoder]);
}

/// A classifier's file: a residual encoder's tensors without the published prefix.
pub fn classifier(architecture: ResnetArchitecture) -> NamedTempFile {
    let file = tempfile::Builder::new().suffix(".safetensors").tempfile().unwrap();
    let tensors = named_tensors(&small_networks(architecture)).into_iter().filter_map(|tensor| {
        let key = tensor.name.key.strip_prefix("encoder.")?.to_owned();
        Some((key, tensor.shape, tensor.values))
    });
    fs::write(file.path(), safetensors_bytes(tensors, None)).unwrap();
    file
}

//! The maps that can be looked at: each comes that is offered, and each is what it is called.

use crate::{
    inspector::{SIZE, scene},
    session::{next, next_picture, open_demo, session, small},
    support::{backends, scattered},
};
use burn::tensor::{Device, Tensor, TensorData};
use monoscope::{
    config::{DepthNetworkType, FrameId, NetworkConfig, ObjectiveConfig},
    geometry::{DepthRange, Intrinsics},
    model::{Architecture, Motions, Networks},
    objective::{
        Inputs, MapKind, MapName, MapOrigin, Objective, PhotometricTerm, photometric_loss, prediction_maps,
    },
    predict::{SampleTensors, flip_uncertainty},
    session::{Command, Event, PictureSource},
};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn every_map_that_is_offered_comes_of_batches_and_of_frames() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    let config = small(2);
    let mut offered = MapName::available(&config.objective);
    offered.sort_unstable();
    session.send(Command::Watch(offered.iter().copied().collect()));
    open_demo(&session);
    session.send(Command::Start { config, out: folder.path().join("run") });
    let picture = next_picture(&session, |picture| picture.origin == PictureSource::Training);
    let of_batch: Vec<_> = picture.maps.keys().copied().collect();
    let of_data = |name: &MapName| name.origin() != MapOrigin::TrueDepth;
    assert_eq!(of_batch, offered.iter().copied().filter(of_data).collect::<Vec<_>>());
    next(&session, |event| matches!(event, Event::RunEnded { .. }));
    let picture = next_picture(&session, |picture| picture.origin == PictureSource::Prediction);
    assert_eq!(picture.maps.keys().copied().collect::<Vec<_>>(), offered);
}

/// Objectives that have every map between them.
fn objectives() -> [ObjectiveConfig; 2] {
    let frame_ids = vec![FrameId::TARGET, FrameId::PREVIOUS, FrameId::NEXT, FrameId::Stereo];
    let usual = ObjectiveConfig { frame_ids, ..Default::default() };
    let masked = ObjectiveConfig { disable_automasking: true, predictive_mask: true, ..usual.clone() };
    [usual, masked]
}

#[test]
fn every_map_is_offered_and_has_a_name_a_heading_and_a_place_in_dumps() {
    // The variants as serde tells them of a name that there is not.
    let error = serde_json::from_str::<MapName>("\"none\"").unwrap_err().to_string();
    let (_, variants) = error.split_once("expected one of").unwrap();
    let mut variants: BTreeSet<&str> = variants.split('`').skip(1).step_by(2).collect();
    assert!(variants.len() > 10, "{error}");
    for objective in objectives() {
        let maps = MapName::available(&objective);
        let all_differ = |texts: Vec<String>| texts.iter().collect::<BTreeSet<_>>().len() == maps.len();
        assert!(all_differ(maps.iter().map(MapName::to_string).collect()));
        assert!(all_differ(maps.iter().map(|map| map.dump_name()).collect()));
        for map in &maps {
            let debug = format!("{map:?}");
            variants.remove(debug.split('(').next().unwrap());
            let texts = [map.to_string(), map.dump_name(), map.group().title().to_owned()];
            assert!(texts.iter().all(|text| !text.is_empty() && !text.contains('{')), "{texts:?}");
            assert!(map.help().len() > 20, "{map}");
            assert_eq!(map.source().map(|id| map.of_source(id)), map.source().map(|_| *map));
        }
        // A heading stands once in the tree.
        let mut headings: Vec<_> = maps.iter().map(|map| map.group()).collect();
        headings.dedup();
        assert_eq!(headings.len(), headings.iter().map(|group| group.title()).collect::<BTreeSet<_>>().len());
    }
    assert_eq!(variants, BTreeSet::new(), "no objective offers these");
}

#[test]
fn a_map_comes_also_when_it_alone_is_asked_for() {
    let device = Device::flex();
    let masked =
        ObjectiveConfig { disable_automasking: true, predictive_mask: true, ..ObjectiveConfig::default() };
    for config in [ObjectiveConfig::default(), masked] {
        let inputs = scene(&config, &device);
        let objective = Objective::new(&config, SIZE);
        for map in MapName::of_objective(&config) {
            let maps = objective.evaluate(&inputs, &BTreeSet::from([map])).maps;
            assert_eq!(maps.keys().collect::<Vec<_>>(), [&map]);
            let channels = if map.kind() == MapKind::Colour { 3 } else { 1 };
            assert_eq!(maps[&map].dims()[1], channels, "{map}");
        }
        let alone: BTreeSet<MapName> = MapName::available(&config).into_iter().collect();
        let found = prediction_maps(&inputs, &config, &alone).into_keys().collect::<Vec<_>>();
        let expected = alone.into_iter().filter(|map| map.origin() == MapOrigin::Prediction);
        assert_eq!(found, expected.collect::<Vec<_>>());
    }
}

#[test]
fn the_rigid_flow_is_that_of_a_camera_that_moves_forward() {
    let config = ObjectiveConfig {
        frame_ids: vec![FrameId::TARGET, FrameId::NEXT],
        scales: vec![0],
        ..Default::default()
    };
    let range = DepthRange::from(&config);
    let (depth, forward) = (8.0_f32, 2.0);
    for (device, factor) in backends() {
        let flow = |forward: f32| {
            let (offset, slope) = range.coefficients();
            let shape = [1, 1, SIZE.height, SIZE.width];
            let mut motion = glam::Mat4::IDENTITY;
            motion.w_axis.z = -forward;
            let motion = TensorData::new(motion.transpose().to_cols_array().to_vec(), [1, 4, 4]);
            let motion = BTreeMap::from([(FrameId::NEXT, Tensor::from_data(motion, &device))]);
            let inputs = Inputs {
                disparities: [(0, Tensor::full(shape, (1.0 / depth - offset) / slope, &device))].into(),
                source_from_target: Motions::Shared(motion),
                ..scene(&config, &device)
            };
            let wanted = BTreeSet::from([MapName::RigidFlow(FrameId::NEXT)]);
            let mut maps = Objective::new(&config, SIZE).evaluate(&inputs, &wanted).maps;
            let map = maps.remove(&MapName::RigidFlow(FrameId::NEXT)).unwrap();
            (map.into_data().try_into_vec_as::<f32>().unwrap(), inputs.intrinsics[0])
        };
        let (still, _) = flow(0.0);
        assert!(still.iter().all(|length| *length < 1e-3 * factor));
        // What is ahead moves away from the principal point, to depth / (depth − forward) times its distance.
        let (moving, camera) = flow(forward);
        let [x, y] = [camera.centre_x * SIZE.width as f32, camera.centre_y * SIZE.height as f32];
        for (index, length) in moving.into_iter().enumerate() {
            let distance = ((index % SIZE.width) as f32 - x).hypot((index / SIZE.width) as f32 - y);
            let expected = distance * forward / (depth - forward);
            assert!((length - expected).abs() < 2e-3 * factor, "{length} at {index}, not {expected}");
        }
    }
}

#[test]
fn the_terms_of_the_photometric_loss_add_up_to_it() {
    for (device, factor) in backends() {
        let [a, b] = [1, 2].map(|seed| scattered([2, 3, 12, 20], seed, &device));
        let terms = PhotometricTerm::ALL.map(|term| term.between(a.clone(), b.clone()) * term.share());
        let sum = terms.into_iter().reduce(Tensor::add).unwrap();
        let difference = (sum - photometric_loss(a, b, true)).abs().max().into_scalar::<f32>();
        assert!(difference <= 1e-6 * factor, "{difference}");
    }
}

#[test]
fn flip_uncertainty_is_the_distance_of_two_predictions() {
    let network = NetworkConfig { depth_network: DepthNetworkType::RtMonodepthS, ..NetworkConfig::default() };
    let objective =
        ObjectiveConfig { frame_ids: vec![FrameId::TARGET], scales: vec![0, 1], ..Default::default() };
    for (device, factor) in backends() {
        let networks = Networks::new(&Architecture::new(&network, &objective).unwrap(), 3, &device);
        let image: Tensor<4> = scattered([2, 3, 64, 96], 5, &device);
        let samples = SampleTensors {
            colour: BTreeMap::new(),
            network_input: [(FrameId::TARGET, image.clone())].into(),
            intrinsics: vec![Intrinsics::KITTI; 2],
            stereo_shift_x: vec![0.0; 2],
        };
        let first = image.narrow(0, 0, 1);
        let disparity = |image: Tensor<4>| networks.depth.disparities(image).remove(&0).unwrap();
        let expected = (disparity(first.clone()) - disparity(first.flip([3])).flip([3])).abs();
        let found = flip_uncertainty(&networks, &samples).unwrap();
        assert_eq!(found.dims(), [1, 1, 64, 96]);
        let difference = (found.clone() - expected).abs().max().into_scalar::<f32>();
        assert!(difference <= 1e-5 * factor, "{difference}");
        assert!(found.max().into_scalar::<f32>() > 1e-4, "noise is not symmetric");
    }
}

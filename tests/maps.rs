//! The maps that can be looked at: each comes that is offered, and each is what it is called.

use crate::{
    session::{next, next_picture, open_demo, session, small},
    support::{backends, scattered},
};
use burn::tensor::Tensor;
use monoscope::{
    compute::DisplayDevice,
    config::{DepthNetworkType, FrameId, NetworkConfig, ObjectiveConfig},
    geometry::Intrinsics,
    model::{Architecture, Networks},
    objective::{MapName, PhotometricTerm, photometric_loss},
    predict::{SampleTensors, flip_uncertainty},
    session::{Command, Event, PictureSource},
};
use std::collections::BTreeMap;

#[test]
fn every_map_that_is_offered_comes_of_batches_and_of_frames() {
    if DisplayDevice::request().is_err() {
        eprintln!("skipped: no adapter to draw with");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    let config = small(2);
    let mut offered = MapName::shown(&config.objective);
    offered.sort_unstable();
    session.send(Command::Watch(offered.iter().copied().collect()));
    open_demo(&session);
    session.send(Command::Start { config, out: folder.path().join("run") });
    let picture = next_picture(&session, |picture| picture.origin == PictureSource::Training);
    let of_batch: Vec<_> = picture.maps.keys().copied().collect();
    let of_data = |name: &MapName| !MapName::OF_TRUTH.contains(name);
    assert_eq!(of_batch, offered.iter().copied().filter(of_data).collect::<Vec<_>>());
    next(&session, |event| matches!(event, Event::RunEnded { .. }));
    let picture = next_picture(&session, |picture| picture.origin == PictureSource::Prediction);
    assert_eq!(picture.maps.keys().copied().collect::<Vec<_>>(), offered);
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

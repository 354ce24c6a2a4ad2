//! What changes by hand do to what the objective judges.

use crate::{
    inspector::{AXIS_ANGLE, SIZE, TRANSLATION, scene},
    session::{next, next_picture, open_demo, session, small},
    snapshots::key,
};
use burn::tensor::Device;
use glam::{DMat3, DQuat, DVec3, Vec3};
use monoscope::{
    config::{FrameId, ObjectiveConfig},
    geometry::{DepthRange, Intrinsics},
    inspect::PixelInspection,
    objective::{Adjustment, Inputs, Objective},
    session::{Command, Event},
};
use std::collections::BTreeSet;

fn loss(config: &ObjectiveConfig, inputs: &Inputs) -> f32 {
    Objective::new(config, SIZE).evaluate(inputs, &BTreeSet::new()).loss.into_scalar::<f32>()
}

#[test]
fn what_changes_nothing_leaves_the_loss_and_what_changes_something_does_not() {
    let config = ObjectiveConfig::default();
    let range = DepthRange::from(&config);
    let inputs = scene(&config, &Device::flex());
    let before = loss(&config, &inputs);
    let none = Adjustment { source: Some(FrameId::NEXT), ..Adjustment::default() };
    assert!(none.is_none());
    assert_eq!(loss(&config, &none.apply(inputs.clone(), range)), before);
    let base = Adjustment::default();
    for adjustment in [
        Adjustment { depth: 1.3, ..base },
        Adjustment { focal: [1.1, 1.0], ..base },
        Adjustment { focal: [1.0, 0.9], ..base },
        Adjustment { centre: [0.02, 0.0], ..base },
        Adjustment { centre: [0.0, -0.02], ..base },
        Adjustment { translation: Vec3::new(0.01, 0.0, 0.0), ..base },
        Adjustment { rotation_degrees: Vec3::new(0.0, 0.5, 0.0), ..base },
    ] {
        let after = loss(&config, &adjustment.apply(inputs.clone(), range));
        assert!((after - before).abs() > 1e-6, "{adjustment:?}: {after}");
    }
}

#[test]
fn a_world_that_is_larger_with_longer_motions_looks_the_same() {
    // Without smoothness, which looks at disparity and not at the world.
    let config = ObjectiveConfig { disparity_smoothness: 0.0, ..ObjectiveConfig::default() };
    let inputs = scene(&config, &Device::flex());
    let [x, y, z] = TRANSLATION;
    for depth in [0.5, 2.0] {
        // The motion there has the translation behind the rotation, so that it can be lengthened by adding.
        let longer = Adjustment {
            depth,
            source: Some(FrameId::NEXT),
            translation: Vec3::new(x, y, z) * (depth - 1.0),
            ..Adjustment::default()
        };
        let objective = ObjectiveConfig { frame_ids: vec![FrameId::TARGET, FrameId::NEXT], ..config.clone() };
        let larger = longer.apply(inputs.clone(), DepthRange::from(&config));
        let (before, after) = (loss(&objective, &inputs), loss(&objective, &larger));
        assert!((after - before).abs() < 1e-5, "{depth}: {after} is not {before}");
    }
}

#[test]
fn points_are_sampled_where_the_changed_camera_and_motion_put_them() {
    let config = ObjectiveConfig::default();
    let inputs = scene(&config, &Device::flex());
    let adjustment = Adjustment {
        depth: 1.25,
        focal: [1.1, 0.95],
        centre: [0.01, -0.03],
        source: Some(FrameId::NEXT),
        translation: Vec3::new(0.03, -0.02, 0.05),
        rotation_degrees: Vec3::new(1.0, -2.0, 0.5),
    };
    let report = |inputs: &Inputs, pixel| {
        PixelInspection::gather(&Objective::new(&config, SIZE), inputs).report(pixel)
    };
    let changed = adjustment.apply(inputs.clone(), DepthRange::from(&config));
    for pixel in [[20, 30], [100, 40], [150, 55]] {
        let (before, after) = (report(&inputs, pixel), report(&changed, pixel));
        let depth = before.depth * 1.25;
        assert!((after.depth / depth - 1.0).abs() < 1e-5, "{} is not {depth}", after.depth);
        let camera = adjustment.camera(inputs.intrinsics[0]);
        let point = camera.ray(pixel[0], pixel[1], SIZE.width, SIZE.height).as_dvec3() * depth;
        let vector = |values: [f32; 3]| DVec3::from_array(values.map(f64::from));
        let turn = vector(AXIS_ANGLE);
        let moved = DQuat::from_axis_angle(turn.normalize(), turn.length()) * point + vector(TRANSLATION);
        let [down, right, clockwise] = [1.0_f64, -2.0, 0.5].map(f64::to_radians);
        let turned = DMat3::from_rotation_z(clockwise)
            * DMat3::from_rotation_y(right)
            * DMat3::from_rotation_x(down)
            * moved
            + DVec3::new(0.03, -0.02, 0.05);
        let [focal_x, focal_y, centre_x, centre_y] = camera.in_pixels(SIZE.width, SIZE.height).map(f64::from);
        let expected = [focal_x * turned.x / turned.z + centre_x, focal_y * turned.y / turned.z + centre_y];
        let source = |id| after.sources.iter().find(|source| source.id == id).unwrap().sampled;
        let found = source(FrameId::NEXT);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 2e-3, "{pixel:?}: {found} is not {expected}");
        }
    }
}

#[test]
fn cameras_that_hardly_exist_are_named() {
    let kitti = 1242.0 / 375.0;
    assert!(Intrinsics::KITTI.warnings(kitti).is_empty());
    let warnings = |camera: Intrinsics| camera.warnings(kitti).join("; ");
    assert!((Intrinsics::KITTI.field_of_view_degrees() - 81.5).abs() < 0.1);
    let narrow = Intrinsics { focal_x: 5.8, focal_y: 19.2, ..Intrinsics::KITTI };
    assert!(warnings(narrow).contains("10° across"), "{}", warnings(narrow));
    let stretched = Intrinsics { focal_y: 1.2, ..Intrinsics::KITTI };
    assert!(warnings(stretched).contains("1.60 times as high as wide"), "{}", warnings(stretched));
    let cropped = Intrinsics { centre_y: 0.75, ..Intrinsics::KITTI };
    assert!(warnings(cropped).contains("25 % of a side"), "{}", warnings(cropped));
}

#[test]
fn losses_come_even_if_no_view_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    open_demo(&session);
    session.send(Command::Adjust(Some(Adjustment::default())));
    session.send(Command::Show(key(5)));
    session.send(Command::Start { config: small(1), out: folder.path().join("run") });
    next(&session, |event| matches!(event, Event::RunEnded { .. }));
    let picture = next_picture(&session, |picture| picture.sandbox.is_some());
    assert!(picture.maps.is_empty());
}

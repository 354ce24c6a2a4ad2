//! The pane of the point cloud.

use super::*;
use egui::Vec2;
use glam::Vec3;
use monoscope::{
    geometry::colormap::Colormap,
    model::weights::MetricScale,
    session::{Cloud, CloudFusion, FusionRequest, Neighbour, PoseSource},
};

const COLUMNS: usize = 24;
const ROWS: usize = 8;

/// Depth that grows from left to right, without a step.
fn depths() -> Vec<f32> {
    (0..ROWS * COLUMNS).map(|index| 2.0 + 0.01 * (index % COLUMNS) as f32).collect()
}

fn lease(values: &[f32]) -> Arc<Lease> {
    let [_, compute] = backends();
    Arc::new(Lease::upload(values, [values.len() / ROWS / COLUMNS, ROWS, COLUMNS], &compute).unwrap())
}

fn cloud() -> Cloud {
    Cloud {
        depth: lease(&depths()),
        colour: lease(&vec![0.5; 3 * ROWS * COLUMNS]),
        intrinsics: Intrinsics::KITTI,
        scale: Some(MetricScale::stated(3.0, "a test")),
    }
}

fn picture_with_cloud() -> Arc<Picture> {
    let cloud = cloud();
    let mut metres = vec![0.0; ROWS * COLUMNS];
    // Before the predicted wall, which is 6 metres away.
    metres[30] = 5.4;
    Arc::new(Picture {
        maps: BTreeMap::from([
            (MapName::Depth, Arc::clone(&cloud.depth)),
            (MapName::TrueDepth, lease(&metres)),
        ]),
        origin: PictureSource::Prediction,
        cloud: Some(cloud),
        ..Arc::into_inner(picture(key(5))).unwrap()
    })
}

fn stage_with_cloud() -> Stage {
    let mut stage = drawn(builder());
    stage.state_mut().open_data(data());
    stage.state_mut().show(picture_with_cloud());
    stage.run_steps(4);
    stage.state_mut().take_commands();
    stage
}

/// The part of the window that the cloud is drawn in.
fn seen(stage: &mut Stage) -> Vec<[u8; 4]> {
    stage.run_steps(3);
    let rect = stage.get_by_label("Point cloud view").rect().shrink(30.0);
    let screen = stage.render().unwrap();
    let pixels = screen.enumerate_pixels();
    let inside = pixels.filter(|(x, y, _)| rect.contains(egui::pos2(*x as f32, *y as f32)));
    inside.map(|(.., pixel)| pixel.0).collect()
}

fn difference(before: &[[u8; 4]], after: &[[u8; 4]]) -> usize {
    before.iter().zip(after).filter(|(before, after)| before != after).count()
}

fn press(stage: &mut Stage, name: &str) {
    stage.get_by_label(name).click();
    stage.run_steps(3);
}

fn choose(stage: &mut Stage, menu: &str, entry: &str) {
    press(stage, menu);
    press(stage, entry);
    stage.key_press(Key::Escape);
    stage.run_steps(3);
}

#[test]
fn a_drag_turns_the_cloud_and_reset_turns_it_back() {
    let mut stage = stage_with_cloud();
    let before = seen(&mut stage);
    let middle = stage.get_by_label("Point cloud view").rect().center();
    stage.drag_at(middle);
    stage.run_steps(1);
    stage.hover_at(middle + Vec2::new(60.0, 20.0));
    stage.run_steps(1);
    stage.drop_at(middle + Vec2::new(60.0, 20.0));
    let turned = seen(&mut stage);
    assert!(difference(&before, &turned) > 500, "{}", difference(&before, &turned));
    choose(&mut stage, "Viewpoint", "Reset view");
    let left = difference(&before, &seen(&mut stage));
    assert!(left < 20, "{left} pixels differ");
    choose(&mut stage, "Viewpoint", "From above");
    assert!(difference(&before, &seen(&mut stage)) > 500);
}

#[test]
fn keys_fly_until_escape_and_do_nothing_else() {
    let mut stage = stage_with_cloud();
    choose(&mut stage, "Viewpoint", "From the camera");
    let before = seen(&mut stage);
    press(&mut stage, "Fly");
    stage.key_down(Key::W);
    stage.run_steps(2);
    stage.key_up(Key::W);
    let nearer = seen(&mut stage);
    assert!(difference(&before, &nearer) > 500, "{}", difference(&before, &nearer));
    // Q shows pixels as squares, unless someone flies.
    stage.key_down(Key::Q);
    stage.run_steps(2);
    stage.key_up(Key::Q);
    stage.run_steps(1);
    stage.key_press(Key::Escape);
    let rested = seen(&mut stage);
    stage.key_down(Key::W);
    stage.run_steps(2);
    stage.key_up(Key::W);
    assert_eq!(difference(&rested, &seen(&mut stage)), 0, "after Escape keys are what they were");
    press(&mut stage, "View");
    let squares = stage.get_by_label("Pixels as squares");
    assert_eq!(squares.accesskit_node().toggled(), Some(egui::accesskit::Toggled::False));
}

#[test]
fn colours_are_computed_only_while_they_are_chosen() {
    let mut stage = stage_with_cloud();
    let film = seen(&mut stage);
    choose(&mut stage, "Colour", "by depth error");
    let names = watched(&stage.state_mut().take_commands()).expect("another map is watched");
    assert!(names.contains(&MapName::DepthError), "{names:?}");
    choose(&mut stage, "Colour", "by depth");
    let names = watched(&stage.state_mut().take_commands()).expect("it is no longer watched");
    assert!(!names.contains(&MapName::DepthError) && names.contains(&MapName::Depth));
    assert!(difference(&film, &seen(&mut stage)) > 500, "the wall is coloured by its depth");
}

#[test]
fn the_true_depth_is_laid_over_when_it_is_asked_for() {
    let mut stage = stage_with_cloud();
    let truth = |pixels: &[[u8; 4]]| pixels.iter().filter(|pixel| pixel[..3] == [255, 84, 214]).count();
    assert_eq!(truth(&seen(&mut stage)), 0);
    choose(&mut stage, "Points", "Show the true depth");
    let names = watched(&stage.state_mut().take_commands()).expect("it is watched");
    assert!(names.contains(&MapName::TrueDepth));
    assert!(truth(&seen(&mut stage)) > 3, "one pixel has a depth");
}

#[test]
fn the_points_that_are_drawn_are_saved() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = stage_with_cloud();
    stage.state_mut().save_into(folder.path().to_owned());
    press(&mut stage, "Save as PLY…");
    let path = folder.path().join("drive_one_0000000005.ply");
    for _ in 0..200 {
        if path.is_file() {
            break;
        }
        sleep(Duration::from_millis(20));
    }
    let (header, points) = crate::exports::read_ply(&path);
    assert!(header.contains("unit: metres (3.0000 metres per unit, from a test)"), "{header}");
    assert_eq!(points.len(), ROWS * COLUMNS);
    let (column, row) = (7, 3);
    let depth = depths()[row * COLUMNS + column];
    let expected = Intrinsics::KITTI.ray(column, row, COLUMNS, ROWS) * depth * 3.0;
    let (position, colour) = points[row * COLUMNS + column];
    assert!(Vec3::from(position).distance(expected) < 1e-4, "{position:?} is not {expected:?}");
    assert_eq!(colour, [128; 3]);

    std::fs::remove_file(&path).unwrap();
    choose(&mut stage, "Colour", "by depth");
    // The range of the colours comes from the device.
    for _ in 0..5 {
        seen(&mut stage);
    }
    press(&mut stage, "Save as PLY…");
    for _ in 0..200 {
        if path.is_file() {
            break;
        }
        sleep(Duration::from_millis(20));
    }
    let (_, points) = crate::exports::read_ply(&path);
    assert_eq!(points[0].1, Colormap::Turbo.colour(0.0), "the nearest has the first colour");
}

#[test]
fn frames_are_put_together_only_with_poses() {
    let mut stage = stage_with_cloud();
    press(&mut stage, "Frames");
    let node = stage.get_by_label("5 frames together");
    assert!(node.accesskit_node().is_disabled(), "there is no pose network");
    press(&mut stage, "Measured poses");
    press(&mut stage, "5 frames together");
    let wanted = FusionRequest { frames: 5, poses: PoseSource::Measured };
    let commands = stage.state_mut().take_commands();
    assert!(matches!(commands.last(), Some(Command::Fuse(request)) if *request == wanted), "{commands:?}");
    stage.key_press(Key::Escape);

    let alone = seen(&mut stage);
    let red: Vec<f32> = (0..3 * ROWS * COLUMNS).map(|index| f32::from(index < ROWS * COLUMNS)).collect();
    let neighbour = Neighbour {
        frame: 6,
        cloud: Cloud { colour: lease(&red), ..cloud() },
        target_from_source: DAffine3::from_translation(DVec3::new(0.0, 0.0, -0.5)),
    };
    let fusion = CloudFusion {
        key: key(5),
        step: 0,
        request: wanted,
        neighbours: vec![neighbour],
        is_complete: true,
        problem: None,
    };
    stage.state_mut().receive_fusion(Arc::new(fusion));
    let together = seen(&mut stage);
    let red = |pixels: &[[u8; 4]]| pixels.iter().filter(|pixel| pixel[..3] == [255, 0, 0]).count();
    assert_eq!(red(&alone), 0);
    assert!(red(&together) > 100, "{}", red(&together));
}

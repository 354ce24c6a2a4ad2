//! The inspector: pixels that are asked about.

use super::*;

/// Evidence about made-up pictures: the next frame is the target itself, moved by nothing.
pub fn evidence() -> Arc<PixelInspection> {
    let device = Device::flex();
    let size = ImageSize { height: 32, width: 96 };
    let config = ObjectiveConfig {
        frame_ids: vec![FrameId::TARGET, FrameId::NEXT],
        scales: vec![0],
        ..ObjectiveConfig::default()
    };
    let colour = |seed| vec![scattered([1, 3, size.height, size.width], seed, &device)];
    let inputs = Inputs {
        colour: BTreeMap::from([(FrameId::TARGET, colour(1)), (FrameId::NEXT, colour(2))]),
        disparities: BTreeMap::from([(
            0,
            scattered([1, 1, size.height, size.width], 3, &device) * 0.0 + 0.5,
        )]),
        source_from_target: Motions::Shared(BTreeMap::from([(
            FrameId::NEXT,
            Tensor::eye(4, &device).unsqueeze(),
        )])),
        intrinsics: vec![Intrinsics::KITTI],
        predictive_masks: BTreeMap::new(),
        noise: Noise::None,
    };
    Arc::new(PixelInspection::gather(&Objective::new(&config, size), &inputs))
}

/// A window that shows colour 0 and can answer for its pixels.
pub fn stage_with_evidence() -> Stage {
    let [_, compute] = backends();
    let size = ImageSize { height: 32, width: 96 };
    let grey = Lease::upload(&vec![0.5; 3 * size.pixels()], [3, size.height, size.width], &compute).unwrap();
    let evidence = evidence();
    let mut stage = stage_with_data();
    stage.state_mut().show(Arc::new(Picture {
        maps: BTreeMap::from([(MapName::Colour(FrameId::TARGET), Arc::new(grey))]),
        origin: PictureSource::Prediction,
        objective: evidence.config().clone(),
        inspection: Some(evidence),
        ..Arc::into_inner(picture(key(1))).unwrap()
    }));
    stage.run();
    stage
}

pub fn hover(stage: &mut Stage, share: egui::Vec2) {
    let picture = stage.get_by_label("Picture of colour 0").rect();
    stage.hover_at(picture.min + picture.size() * share);
    stage.run();
}

#[test]
fn a_pixel_is_asked_about_by_hovering_and_kept_by_a_click() {
    let mut stage = stage_with_evidence();
    assert!(stage.query_by_label_contains("Hover over a view").is_some());
    hover(&mut stage, egui::vec2(0.5, 0.25));
    assert!(stage.query_by_label("Pixel 48, 8").is_some());
    // Disparity ½ is depth 1 / (0.01 + 9.99 / 2).
    assert!(stage.query_by_label("depth: 0.1998").is_some());
    let reprojection = evidence().report([48, 8]).sources[0].reprojection.loss;
    assert!(stage.query_by_label(&format!("reprojection: +1 {reprojection:.4}")).is_some());

    let place = stage.get_by_label("Picture of colour 0").rect();
    let click = |stage: &mut Stage, share: egui::Vec2| {
        stage.drag_at(place.min + place.size() * share);
        stage.drop_at(place.min + place.size() * share);
        stage.run();
    };
    click(&mut stage, egui::vec2(0.5, 0.25));
    hover(&mut stage, egui::vec2(0.9, 0.9));
    assert!(stage.query_by_label("Pixel 48, 8").is_some(), "a pinned pixel stays");
    stage.key_press_modifiers(Modifiers::SHIFT, Key::ArrowRight);
    stage.key_press_modifiers(Modifiers::SHIFT, Key::ArrowRight);
    stage.key_press_modifiers(Modifiers::SHIFT, Key::ArrowDown);
    stage.run();
    assert!(stage.query_by_label("Pixel 50, 9").is_some(), "keys move the pin by pixels");
    assert_eq!(shown(&stage.state_mut().take_commands()), [key(1)], "and not the drive");

    stage.key_press(Key::Escape);
    stage.run();
    hover(&mut stage, egui::vec2(0.1, 0.5));
    assert!(stage.query_by_label("Pixel 9, 16").is_some(), "Esc lets the pixel go");
    click(&mut stage, egui::vec2(0.1, 0.5));
    assert!(stage.query_by_label("Unpin").is_some());
    click(&mut stage, egui::vec2(0.1, 0.5));
    assert!(stage.query_by_label("Unpin").is_none(), "a second click lets it go too");
}

#[test]
fn a_table_is_copied_as_text() {
    let mut stage = stage_with_evidence();
    hover(&mut stage, egui::vec2(0.5, 0.25));
    stage.get_by_label("Copy as text").click();
    let copied = (0..4).find_map(|_| {
        stage.step();
        stage.output().platform_output.commands.iter().find_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        })
    });
    let text = copied.expect("something was copied");
    assert!(text.starts_with("day/drive_one 1 l, pixel 48, 8 of 96×32"), "{text}");
    assert!(text.lines().any(|line| line.split_whitespace().eq(["depth", "0.1998"])), "{text}");
}

#[test]
fn only_an_open_inspector_is_computed_for() {
    let mut stage = stage();
    let inspects = |stage: &mut Stage| {
        stage.state_mut().take_commands().iter().rev().find_map(|command| match command {
            Command::Inspect(inspects) => Some(*inspects),
            _ => None,
        })
    };
    assert_eq!(inspects(&mut stage), Some(true));
    click(&mut stage, "Training");
    assert_eq!(inspects(&mut stage), Some(false), "behind another tab");
    stage.key_press(Key::I);
    stage.run();
    assert_eq!(inspects(&mut stage), Some(true));
    click(&mut stage, "Close Inspector");
    assert_eq!(inspects(&mut stage), Some(false));
}

#[test]
fn a_map_of_a_source_that_cannot_be_warped_gives_way_to_one_that_can() {
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    let frame_ids = vec![FrameId::TARGET, FrameId::Stereo];
    let objective = ObjectiveConfig { frame_ids, ..ObjectiveConfig::default() };
    stage.state_mut().show(Arc::new(Picture { objective, ..Arc::into_inner(picture(key(1))).unwrap() }));
    stage.run();
    let watched = watched(&stage.state_mut().take_commands()).expect("the maps changed");
    assert!(watched.contains(&MapName::Warped(FrameId::Stereo)), "{watched:?}");
}

//! Views: the part of the pictures that they show, the tree of maps, comparisons, legends.

use super::{
    inspector::{hover, stage_with_evidence},
    *,
};

const PICTURE: &str = "Picture of colour 0";

fn point(stage: &Stage, share: [f32; 2]) -> egui::Pos2 {
    let picture = stage.get_by_label(PICTURE).rect();
    picture.min + picture.size() * egui::vec2(share[0], share[1])
}

fn press(stage: &mut Stage, share: [f32; 2]) {
    let at = point(stage, share);
    stage.drag_at(at);
    stage.drop_at(at);
    stage.run();
}

/// Types into the search of the tree that is open and takes what is marked.
fn search(stage: &mut Stage, typed: &str) {
    stage.get_by_label("Search maps").type_text(typed);
    stage.run();
    stage.key_press(Key::Enter);
    stage.run();
}

/// Column and row of the inspected pixel.
fn inspected(stage: &Stage) -> [usize; 2] {
    let node = stage.get_by_label_contains("Pixel ").accesskit_node();
    let label = node.label().or_else(|| node.value()).unwrap();
    let numbers = label.trim_start_matches("Pixel ").split(", ").map(|number| number.parse().unwrap());
    numbers.collect::<Vec<_>>().try_into().unwrap()
}

#[test]
fn a_pixel_pinned_while_zoomed_in_is_the_right_one() {
    let mut stage = stage_with_evidence();
    hover(&mut stage, egui::vec2(0.5, 0.25));
    assert_eq!(inspected(&stage), [48, 8]);
    // Twice as large about the pointer.
    stage.event(egui::Event::Zoom(2.0));
    stage.run();
    hover(&mut stage, egui::vec2(0.501, 0.251));
    assert_eq!(inspected(&stage), [48, 8], "what is under the pointer stays there");
    press(&mut stage, [0.9, 0.9]);
    // 0.5 + 0.4 / 2 of 96 columns, 0.25 + 0.65 / 2 of 32 rows.
    assert_eq!(inspected(&stage), [67, 18]);
    // Half a frame to the left is a quarter of the picture.
    stage.drag_at(point(&stage, [0.6, 0.5]));
    stage.hover_at(point(&stage, [0.1, 0.5]));
    stage.step();
    stage.drop_at(point(&stage, [0.1, 0.5]));
    stage.run();
    assert_eq!(inspected(&stage), [67, 18], "a drag pins nothing");
    press(&mut stage, [0.51, 0.9]);
    assert_eq!(inspected(&stage), [72, 18], "a quarter of the picture farther to the right");
}

#[test]
fn a_double_click_shows_everything_again_and_pins_nothing() {
    let mut stage = stage_with_evidence();
    press(&mut stage, [0.5, 0.25]);
    for _ in 0..3 {
        stage.key_press(Key::Plus);
        stage.run();
    }
    stage.key_press(Key::Minus);
    stage.run();
    hover(&mut stage, egui::vec2(0.2, 0.2));
    hover(&mut stage, egui::vec2(0.9, 0.9));
    let pos = point(&stage, [0.9, 0.9]);
    // Two frames, near enough in time for a double click.
    for _ in 0..2 {
        for pressed in [true, false] {
            let (button, modifiers) = (egui::PointerButton::Primary, Modifiers::NONE);
            let event = egui::Event::PointerButton { pos, button, pressed, modifiers };
            stage.input_mut().events.push(event);
        }
        stage.step();
    }
    stage.run();
    assert_eq!(inspected(&stage), [48, 8], "the pin is where it was");
    press(&mut stage, [0.9, 0.9]);
    assert_eq!(inspected(&stage), [86, 28], "and the whole picture is there");
}

#[test]
fn pixels_grow_no_wider_than_64_points() {
    let mut stage = stage_with_evidence();
    press(&mut stage, [0.5, 0.5]);
    for _ in 0..40 {
        stage.key_press(Key::Plus);
        stage.run();
    }
    let width = stage.get_by_label(PICTURE).rect().width();
    let to_the_right = 64.0 / width;
    // The pinned place stayed, so that its neighbours lie 64 points away.
    press(&mut stage, [0.5 + to_the_right, 0.5]);
    assert_eq!(inspected(&stage), [49, 16]);
    press(&mut stage, [0.5 + 2.0 * to_the_right, 0.5]);
    assert_eq!(inspected(&stage), [50, 16]);
}

#[test]
fn moving_the_pin_by_keys_keeps_it_in_sight() {
    let mut stage = stage_with_evidence();
    press(&mut stage, [0.5, 0.5]);
    for _ in 0..40 {
        stage.key_press(Key::Plus);
        stage.run();
    }
    for _ in 0..20 {
        stage.key_press_modifiers(Modifiers::SHIFT, Key::ArrowLeft);
    }
    stage.run();
    assert_eq!(inspected(&stage), [28, 16]);
    press(&mut stage, [0.02, 0.5]);
    let [column, row] = inspected(&stage);
    assert!((22..=28).contains(&column) && row == 16, "the view followed: {column}, {row}");
}

#[test]
fn the_tree_of_maps_is_searched_by_typing() {
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    stage.get_all_by_label("Map to show").last().unwrap().click();
    stage.run();
    for group in ["Images", "Losses", "Truth"] {
        assert!(stage.query_by_label(group).is_some(), "no group {group}");
    }
    stage.get_by_label("Search maps").type_text("identity");
    stage.run();
    assert!(stage.query_by_label("Images").is_none() && stage.query_by_label("Losses").is_some());
    stage.key_press(Key::ArrowDown);
    stage.run();
    stage.key_press(Key::Enter);
    stage.run();
    let maps = watched(&stage.state_mut().take_commands()).expect("the maps changed");
    assert!(maps.contains(&MapName::Identity(FrameId::NEXT)), "{maps:?}");
    assert!(stage.query_by_label("Search maps").is_none(), "it is closed");
}

#[test]
fn a_view_is_added_of_a_map_from_the_same_tree() {
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    stage.key_press(Key::V);
    stage.run();
    search(&mut stage, "nothing like this");
    assert!(stage.query_by_label("No map matches").is_some());
    stage.key_press(Key::Escape);
    stage.run();
    assert!(stage.query_by_label("Search maps").is_none());
    stage.key_press(Key::V);
    stage.run();
    search(&mut stage, "depth err");
    assert!(watched(&stage.state_mut().take_commands()).unwrap().contains(&MapName::DepthError));
    assert_eq!(stage.query_all_by_label("Map to show").count(), 5);
}

fn compare(stage: &mut Stage) {
    stage.get_all_by_label("Compare").next().unwrap().click();
    stage.run();
}

#[test]
fn two_maps_are_compared_by_a_divider() {
    let mut stage = stage_with_evidence();
    stage.state_mut().take_commands();
    compare(&mut stage);
    search(&mut stage, "auto");
    assert!(watched(&stage.state_mut().take_commands()).unwrap().contains(&MapName::AutoMask));
    assert!(stage.query_by_label("Picture of colour 0 next to auto-mask").is_some());
    let name = "Divider between A and B";
    let place = |stage: &Stage| stage.get_by_role_and_label(Role::Slider, name).rect().center();
    let start = place(&stage);
    stage.get_by_label(name).focus();
    stage.run();
    for _ in 0..5 {
        stage.key_press(Key::ArrowRight);
        stage.run();
    }
    let width = stage.get_by_label_contains("next to auto-mask").rect().width();
    assert!((place(&stage).x - start.x - 0.1 * width).abs() < 1.0, "five keys are a tenth");
    assert!(shown(&stage.state_mut().take_commands()).is_empty(), "the drive stays where it is");
    let from = place(&stage);
    stage.drag_at(from);
    stage.hover_at(from - egui::vec2(60.0, 0.0));
    stage.step();
    stage.drop_at(from - egui::vec2(60.0, 0.0));
    stage.run();
    assert!((place(&stage).x - from.x + 60.0).abs() < 1.0, "it follows the pointer");
}

#[test]
fn two_maps_blink_by_turns_until_that_is_ended() {
    let mut stage = stage_with_evidence();
    compare(&mut stage);
    search(&mut stage, "auto");
    compare(&mut stage);
    stage.get_by_label("Blink").click();
    stage.run();
    let mut seen = Vec::new();
    // The clock of these tests moves a quarter of a second a step.
    for _ in 0..12 {
        stage.step();
        let is_first = stage.query_by_label(PICTURE).is_some();
        assert!(is_first || stage.query_by_label("Picture of auto-mask").is_some());
        if seen.last() != Some(&is_first) {
            seen.push(is_first);
        }
    }
    assert!((4..=6).contains(&seen.len()), "three seconds are about four turns: {seen:?}");
    stage.state_mut().take_commands();
    stage.get_by_label("Stop comparing").click();
    stage.run();
    assert!(!watched(&stage.state_mut().take_commands()).unwrap().contains(&MapName::AutoMask));
    assert!(stage.query_by_label(PICTURE).is_some());
}

#[test]
fn a_range_is_locked_and_let_go() {
    let mut stage = stage_with_evidence();
    // Of the disparity: colour pictures have no such menu.
    stage.get_all_by_label("Colours").next().unwrap().click();
    stage.run();
    click(&mut stage, "5 to 95 % of the values");
    click(&mut stage, "Locked range");
    assert!(!stage.get_by_label("Lowest value").accesskit_node().is_disabled());
    click(&mut stage, "Default for this map");
    stage.get_all_by_label("Colours").next().unwrap().click();
    stage.run();
    assert!(stage.get_by_label("Lowest value").accesskit_node().is_disabled());
}

#[test]
fn the_value_under_the_pointer_is_told() {
    let [_, compute] = backends();
    let mut stage = drawn(builder());
    let size = ImageSize { height: 64, width: 192 };
    let values: Vec<f32> = (0..size.pixels()).map(|index| (index % size.width) as f32 / 1000.0).collect();
    let lease = Lease::upload(&values, [1, size.height, size.width], &compute).unwrap();
    stage.state_mut().open_data(data());
    stage.state_mut().show(Arc::new(Picture {
        maps: BTreeMap::from([(MapName::Disparity(0), Arc::new(lease))]),
        ..Arc::into_inner(picture(key(1))).unwrap()
    }));
    stage.run();
    let name = "Picture of disparity, scale 0";
    let place = stage.get_by_label(name).rect();
    stage.hover_at(place.min + place.size() * egui::vec2(0.502, 0.5));
    for _ in 0..3 {
        stage.run_steps(2);
        stage.render().unwrap();
    }
    stage.run_steps(2);
    assert_eq!(stage.get_by_label(name).accesskit_node().value().as_deref(), Some("0.096"));
}

#[test]
fn a_picture_is_drawn_in_its_pane() {
    let [_, compute] = backends();
    let mut stage = drawn(builder());
    let size = ImageSize { height: 64, width: 192 };
    let plane = |value: f32| vec![value; size.pixels()];
    let colour = [plane(0.8), plane(0.4), plane(0.2)].concat();
    let lease = |values: &[f32], channels| {
        Arc::new(Lease::upload(values, [channels, size.height, size.width], &compute).unwrap())
    };
    let maps = BTreeMap::from([
        (MapName::Colour(FrameId::TARGET), lease(&colour, 3)),
        (MapName::MinimumLoss, lease(&plane(0.5), 1)),
    ]);
    let key = key(1);
    stage.state_mut().open_data(data());
    stage.state_mut().show(Arc::new(Picture {
        key,
        step: 0,
        origin: PictureSource::Prediction,
        weights: None,
        maps,
        cloud: None,
        objective: ObjectiveConfig::default(),
        inspection: None,
        sandbox: None,
    }));
    stage.run();
    let image = stage.render().unwrap();
    let at_middle = |name: &str| {
        let place = stage.get_by_label(name).rect().center();
        let [red, green, blue, _] = image.get_pixel(place.x as u32, place.y as u32).0;
        [red, green, blue]
    };
    assert_eq!(at_middle("Picture of colour 0"), [204, 102, 51]);
    let highest = monoscope::geometry::colormap::Colormap::Viridis.colour(1.0);
    assert_eq!(at_middle("Picture of minimum loss"), highest, "0.5 is the end of the loss's usual range");
}

//! The wall of bookmarked frames: bookmarking, and going back through the snapshots.

use super::{
    training_pane::{add_earlier_run, earlier_run, wait_for},
    *,
};
use monoscope::{
    geometry::colormap::Colormap,
    runs::{FrameMaps, Snapshot, SnapshotStore, Snapshots, Thumbnail},
    session::Bookmarks,
};

const DISPARITY: MapName = MapName::Disparity(0);

/// Shows the wall by its name in the palette.
fn show_wall(stage: &mut Stage) {
    stage.key_press_modifiers(Modifiers::COMMAND, Key::P);
    stage.run();
    stage.get_by_label("Command").type_text("show wall");
    stage.run();
    stage.key_press(Key::Enter);
    stage.run();
    stage.state_mut().take_commands();
}

/// A snapshot of the validation frames; the upper half of their disparity is `low`, the lower `high`.
fn snapshot(step: u64, [low, high]: [f32; 2]) -> Arc<Snapshot> {
    let size = ImageSize { height: 32, width: 96 };
    let halves = [vec![low; size.pixels() / 2], vec![high; size.pixels() / 2]].concat();
    let colour = Thumbnail::new(MapName::Colour(FrameId::TARGET), &vec![0.5; 3 * size.pixels()], size);
    let frame = |frame| FrameMaps {
        key: key(frame),
        colour: Arc::new(colour.clone()),
        maps: BTreeMap::from([(DISPARITY, Thumbnail::new(DISPARITY, &halves, size))]),
    };
    Arc::new(Snapshot { step: Some(step), frames: [16, 17, 18].map(frame).into(), seconds: 0.25 })
}

/// How a run goes on after a hundred steps.
fn started(snapshots: Vec<Arc<Snapshot>>) -> RunStarted {
    let history = (1..=100).map(|step| StepReport { step, loss: 0.2, seconds: 0.5, ..StepReport::default() });
    RunStarted {
        config: Preset::Small.config(),
        out: PathBuf::from("runs/pinned"),
        history: history.map(Entry::Step).collect(),
        snapshots,
    }
}

/// A run of a hundred steps with three snapshots, the wall shown.
fn with_run(mut stage: Stage) -> Stage {
    show_wall(&mut stage);
    stage.state_mut().start_run(started(Vec::new()));
    for (step, ends) in [(0, [0.5, 0.5]), (50, [0.2, 0.5]), (100, [0.0, 1.0])] {
        stage.state_mut().receive(Event::Snapshot(snapshot(step, ends)));
    }
    stage.run();
    stage
}

fn bookmarks(commands: &[Command]) -> Option<Bookmarks> {
    commands.iter().rev().find_map(|command| match command {
        Command::Bookmark(bookmarks) => Some(bookmarks.clone()),
        _ => None,
    })
}

#[test]
fn the_frame_of_the_timeline_is_bookmarked_and_removed() {
    let mut stage = stage_with_data();
    stage.state_mut().take_commands();
    show_wall(&mut stage);
    assert!(stage.query_by_label_contains("No frame is bookmarked").is_some());
    click(&mut stage, "Bookmark this frame");
    let first = bookmarks(&stage.state_mut().take_commands()).unwrap();
    let maps = BTreeSet::from([DISPARITY, MapName::MinimumLoss]);
    assert_eq!(first, Bookmarks { frames: vec![key(1)], maps, every: 50 });
    assert!(stage.get_by_label("Bookmark this frame").accesskit_node().is_disabled(), "it is bookmarked");
    stage.key_press(Key::ArrowRight);
    stage.run();
    click(&mut stage, "Bookmark this frame");
    let second = bookmarks(&stage.state_mut().take_commands()).unwrap();
    assert_eq!(second.frames, [key(1), key(2)]);

    stage.get_by_label("Steps between snapshots").click();
    stage.run();
    click(&mut stage, "every 10 steps");
    assert_eq!(bookmarks(&stage.state_mut().take_commands()).unwrap().every, 10);
    stage.get_by_label("Map of the last column").click();
    stage.run();
    stage.get_all_by_label("auto-mask").last().unwrap().click_accesskit();
    stage.run();
    let other = bookmarks(&stage.state_mut().take_commands()).unwrap();
    assert_eq!(other.maps, BTreeSet::from([DISPARITY, MapName::AutoMask]));

    click(&mut stage, "Remove frame 1");
    assert_eq!(bookmarks(&stage.state_mut().take_commands()).unwrap().frames, [key(2)]);
    click(&mut stage, "Close Wall");
    assert_eq!(
        bookmarks(&stage.state_mut().take_commands()),
        Some(Bookmarks::default()),
        "what is hidden costs nothing"
    );
    show_wall(&mut stage);
    stage.state_mut().open_data(DataReport { drives: Vec::new(), ..data() });
    stage.run();
    assert_eq!(
        bookmarks(&stage.state_mut().take_commands()),
        Some(Bookmarks::default()),
        "other data lacks the frame"
    );
}

#[test]
fn a_run_pins_frames_by_itself_before_it_starts() {
    let mut stage = stage_with_data();
    show_wall(&mut stage);
    click(&mut stage, "Train");
    let commands = stage.state_mut().take_commands();
    let place = |wanted: fn(&Command) -> bool| commands.iter().position(wanted).unwrap();
    let pins = place(|command| matches!(command, Command::Bookmark(_)));
    assert!(pins < place(|command| matches!(command, Command::Start { .. })), "so that step 0 is seen");
    assert_eq!(bookmarks(&commands).unwrap().frames, [16, 17, 18].map(key), "those that validate");
}

#[test]
fn the_slider_goes_back_through_the_snapshots_and_marks_the_step_on_the_curves() {
    let mut stage = with_run(stage_with_data());
    assert!(stage.query_by_label("step 100, live").is_some());
    stage.get_by_role_and_label(Role::Slider, "Snapshot").focus();
    stage.run();
    for (pressed, expected, mark) in [
        (Key::ArrowLeft, "step 50, 2 of 3", Some("step 50")),
        (Key::ArrowLeft, "step 0, 1 of 3", Some("step 0")),
        (Key::ArrowLeft, "step 0, 1 of 3", Some("step 0")),
        (Key::ArrowRight, "step 50, 2 of 3", Some("step 50")),
        (Key::ArrowRight, "step 100, live", None),
    ] {
        stage.key_press(pressed);
        stage.run();
        assert!(stage.query_by_label(expected).is_some(), "{expected}");
        let is_marked = stage.query_by_label("Clear the selected step").is_some();
        assert_eq!(is_marked, mark.is_some(), "{expected}: the mark on the curves");
        assert!(mark.is_none_or(|mark| stage.query_all_by_label(mark).next().is_some()), "{mark:?}");
    }
    assert!(shown(&stage.state_mut().take_commands()).is_empty(), "the frame of the timeline stays");
    assert!(stage.query_by_label_contains("3 snapshots, ").is_some());
    // 0.25 s after 50 steps of half a second.
    assert!(stage.query_by_label_contains("1.0 % of the time of training").is_some());
}

#[test]
fn a_run_that_goes_on_brings_its_snapshots_and_the_frames_that_they_show() {
    let mut stage = stage_with_data();
    show_wall(&mut stage);
    click(&mut stage, "Bookmark this frame");
    stage.state_mut().take_commands();
    let snapshots = [50, 100].map(|step| snapshot(step, [0.0, 1.0]));
    stage.state_mut().start_run(started(snapshots.into()));
    stage.run();
    let frames = bookmarks(&stage.state_mut().take_commands()).unwrap().frames;
    assert_eq!(frames, [16, 17, 18, 1].map(key), "what was bookmarked before stays too");
    assert!(stage.query_by_label("step 100, live").is_some());
    stage.get_by_role_and_label(Role::Slider, "Snapshot").focus();
    stage.run();
    stage.key_press(Key::ArrowLeft);
    stage.run();
    assert!(stage.query_by_label("step 50, 1 of 2").is_some());
    assert!(stage.query_by_label("disparity, scale 0 of frame 17 at step 50").is_some());
}

#[test]
fn the_snapshots_of_a_run_that_the_curves_draw_can_be_looked_at_instead() {
    let folder = tempfile::tempdir().unwrap();
    let (mut album, _) = SnapshotStore::open(&earlier_run(folder.path()), 0, Snapshots::MAX_BYTES);
    for step in [10, 20] {
        album.add(&snapshot(step, [0.0, 1.0])).unwrap();
    }
    let mut stage = stage_with_data();
    show_wall(&mut stage);
    let started =
        RunStarted { out: folder.path().join("present"), ..started(vec![snapshot(100, [0.0, 1.0])]) };
    stage.state_mut().start_run(started);
    stage.run();
    assert!(stage.query_by_label("Run of the snapshots").is_none(), "there is no other run");
    add_earlier_run(&mut stage);
    let choose = |stage: &mut Stage, run: &str| {
        stage.get_by_label("Run of the snapshots").click();
        stage.run();
        // The curves' key has the name too.
        let is_choice = |node: &egui_kittest::Node| node.accesskit_node().role() != Role::Label;
        stage.get_all_by_label(run).find(is_choice).unwrap().click();
        stage.run();
    };
    choose(&mut stage, "earlier");
    wait_for(&mut stage, "step 20, the last");
    assert!(stage.query_by_label("disparity, scale 0 of frame 17 at step 20").is_some());
    stage.state_mut().receive(Event::Snapshot(snapshot(150, [0.0, 1.0])));
    stage.run();
    assert!(stage.query_by_label("step 20, the last").is_some(), "what is looked at stays");
    choose(&mut stage, "this run");
    assert!(stage.query_by_label("step 150, live").is_some());

    fs::remove_dir_all(folder.path().join("earlier/snapshots")).unwrap();
    choose(&mut stage, "earlier");
    for _ in 0..200 {
        stage.run();
        if stage.query_by_label_contains("earlier has no snapshots").is_some() {
            break;
        }
        sleep(Duration::from_millis(10));
    }
    assert!(stage.query_by_label_contains("earlier has no snapshots").is_some());
    assert!(stage.query_by_label("step 150, live").is_some());
}

#[test]
fn a_click_on_the_curves_chooses_a_snapshot_until_it_is_let_go() {
    let mut stage = with_run(stage_with_data());
    let plot = |stage: &Stage| stage.get_by_label_contains("Plot of Loss").rect();
    let press_plot = |stage: &mut Stage| {
        let rect = plot(stage);
        let at = egui::pos2(rect.left() + 0.8 * rect.width(), rect.center().y);
        stage.drag_at(at);
        stage.drop_at(at);
        stage.run();
    };
    press_plot(&mut stage);
    assert!(stage.query_by_label("step 50, 2 of 3").is_some(), "the last before the step");
    stage.key_press(Key::Escape);
    stage.run();
    assert!(stage.query_by_label("step 100, live").is_some());
    stage.run_steps(8);
    press_plot(&mut stage);
    assert!(stage.query_by_label("step 50, 2 of 3").is_some());
    click(&mut stage, "Live");
    assert!(stage.query_by_label("step 100, live").is_some());
    stage.run_steps(8);
    let rect = plot(&stage);
    stage.hover_at(rect.center());
    stage.run();
    // Two frames, near enough in time for a double click.
    for _ in 0..2 {
        for pressed in [true, false] {
            let (pos, button) = (rect.center(), egui::PointerButton::Primary);
            let event = egui::Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE };
            stage.input_mut().events.push(event);
        }
        stage.step();
    }
    stage.run();
    assert!(stage.query_by_label("step 100, live").is_some(), "a double-click lets it go");

    press_plot(&mut stage);
    stage.state_mut().receive(Event::Snapshot(snapshot(150, [0.0, 1.0])));
    stage.run();
    assert!(stage.query_by_label("step 50, 2 of 4").is_some(), "what is looked at stays");
}

#[test]
fn colours_mean_the_same_in_all_snapshots_unless_each_has_its_own_range() {
    let mut stage = drawn(builder());
    stage.state_mut().open_data(data());
    stage.run();
    let mut stage = with_run(stage);
    let lower_half = |stage: &mut Stage, step: u64| {
        let image = stage.render().unwrap();
        // The last row has no legend on its pictures.
        let rect = stage.get_by_label(&format!("disparity, scale 0 of frame 17 at step {step}")).rect();
        let at = rect.left_top() + rect.size() * egui::vec2(0.5, 0.75);
        let [red, green, blue, _] = image.get_pixel(at.x as u32, at.y as u32).0;
        [red, green, blue]
    };
    assert_eq!(lower_half(&mut stage, 100), Colormap::Magma.colour(1.0));
    stage.get_by_role_and_label(Role::Slider, "Snapshot").focus();
    stage.run();
    stage.key_press(Key::ArrowLeft);
    stage.run();
    let near = |colour: [u8; 3], value: f32| {
        let expected = Colormap::Magma.colour(value);
        assert!(
            colour.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 2),
            "{colour:?} is not {expected:?}"
        );
    };
    near(lower_half(&mut stage, 50), 0.5);
    click(&mut stage, "Own range");
    near(lower_half(&mut stage, 50), 1.0);
}

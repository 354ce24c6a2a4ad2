//! Small windows and narrow panes, and messages of any length: everything stays in its place.

use super::*;
use monoscope::app::{PaneKind, Settings};

fn of_size(size: [f32; 2]) -> Stage {
    let harness = builder().with_size(size);
    let mut stage = harness.build_ui_state(|ui, window: &mut Scripted| window.ui(ui), window());
    stage.state_mut().open_data(data());
    stage.run();
    stage
}

#[test]
fn the_buttons_of_a_run_are_whole_in_a_small_window() {
    // A screen of 1366×768 with three pixels a point.
    for size in [[455.0, 256.0], [640.0, 400.0], [860.0, 600.0], [1280.0, 800.0]] {
        let stage = of_size(size);
        let labels = ["Data", "View", "Help", "Train", "Pause", "Step", "Stop"];
        let rects = labels.map(|label| stage.get_by_label(label).rect());
        for (label, rect) in labels.iter().zip(rects) {
            assert!(rect.left() >= 0.0 && rect.right() <= size[0], "{label} at {rect} of {size:?}");
            assert!(rect.bottom() <= size[1], "{label} at {rect} of {size:?}");
            let others = rects.iter().filter(|other| **other != rect);
            assert!(others.clone().all(|other| !rect.shrink(1.0).intersects(*other)), "{label} of {size:?}");
        }
    }
}

#[test]
fn a_window_opens_no_smaller_than_can_be_used() {
    for (stored, opened) in [
        ([228.0, 128.0], Settings::MIN_SIZE),
        ([455.0, 256.0], Settings::MIN_SIZE),
        ([-5.0, 0.0], Settings::MIN_SIZE),
        ([1000.0, 700.0], [1000.0, 700.0]),
        ([1e30, 700.0], Settings::default().size),
    ] {
        let (settings, complaints) = Settings::read(&serde_json::json!({ "size": stored }).to_string());
        assert_eq!((settings.size, complaints), (opened, Vec::new()), "{stored:?}");
    }
}

#[test]
fn the_header_of_a_narrow_wall_does_not_overlap() {
    for width in [240.0, 304.0, 380.0, 600.0] {
        let mut stage = of_size([width, 400.0]);
        stage.state_mut().alone = Some(PaneKind::Wall);
        stage.run();
        let [bookmark, every] =
            ["Bookmark this frame", "Steps between snapshots"].map(|label| stage.get_by_label(label).rect());
        assert!(bookmark.right() <= every.left() + 1.0, "{bookmark} {every} of {width}");
        assert!(every.right() <= width, "{every} of {width}");
    }
}

#[test]
fn messages_are_lines_that_can_be_read() {
    let mut stage = of_size([1280.0, 800.0]);
    let text = format!("{}\u{1b}[31m\u{202e}\nsecond line of it", "x".repeat(100_000));
    stage.state_mut().receive(Event::Notice(Notice { level: Level::Warning, text, ..Notice::default() }));
    stage.run();
    let shown = stage.get_by_label_contains("second line of it");
    let shown = shown.accesskit_node().label().or_else(|| shown.accesskit_node().value()).unwrap();
    assert!(shown.chars().count() <= 2000 && shown.contains('…'), "{} characters", shown.chars().count());
    assert!(shown.contains("\\u001b[31m\\u202e second line"), "{shown}");
}

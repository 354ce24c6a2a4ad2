//! The pane in which depth, camera and motion are changed by hand.

use super::*;
use monoscope::{
    objective::Adjustment,
    session::{LossSummary, SandboxResult},
};

/// What the window asks to be tried, if that is news.
fn tried(stage: &mut Stage) -> Option<Adjustment> {
    let commands = stage.state_mut().take_commands();
    commands.into_iter().rev().find_map(|command| match command {
        Command::Adjust(adjustment) => adjustment,
        _ => None,
    })
}

fn stage_with_sandbox() -> Stage {
    let mut stage = stage_with_data();
    let judgement = LossSummary { loss: 0.125, masked_share: 0.25 };
    let sandbox = SandboxResult {
        adjustment: Adjustment::default(),
        camera: Intrinsics::KITTI,
        native_size: ImageSize { width: 1000, height: 300 },
        before: judgement,
        after: LossSummary { loss: 0.25, ..judgement },
    };
    let shown = Picture { sandbox: Some(sandbox), ..Arc::into_inner(picture(key(1))).unwrap() };
    stage.state_mut().show(Arc::new(shown));
    click(&mut stage, "Sandbox");
    stage
}

fn press_on(stage: &mut Stage, role: Role, name: &str, key: Key) {
    stage.get_by_role_and_label(role, name).focus();
    stage.run();
    stage.key_press(key);
    stage.run();
}

#[test]
fn what_is_tried_is_set_by_keys_and_set_back() {
    let mut stage = stage_with_sandbox();
    stage.get_by_label_contains("loss: unchanged 0.1250, changed 0.2500, change +100.0 %");
    assert_eq!(tried(&mut stage), Some(Adjustment::default()));
    press_on(&mut stage, Role::Slider, "Focal length y", Key::ArrowRight);
    let adjustment = tried(&mut stage).unwrap();
    assert!(adjustment.focal[0] > 1.0 && adjustment.focal[0] == adjustment.focal[1], "{adjustment:?}");
    click(&mut stage, "Both focal lengths by the same factor");
    press_on(&mut stage, Role::Slider, "Focal length x", Key::ArrowRight);
    let adjustment = tried(&mut stage).unwrap();
    assert!(adjustment.focal[0] > adjustment.focal[1], "{adjustment:?}");
    click(&mut stage, "Reset Focal length x");
    assert_eq!(tried(&mut stage).unwrap().focal[0], 1.0);
    click(&mut stage, "Reset all");
    assert!(tried(&mut stage).unwrap().is_none());
}

#[test]
fn the_camera_that_is_tried_is_told_in_pixels() {
    let stage = stage_with_sandbox();
    // KITTI's nominal camera: 0.58 of the width and 1.92 of the height, with its centre in the middle.
    for (name, value) in
        [("Focal length x", "580.0 px"), ("Focal length y", "576.0 px"), ("Centre x", "500.0 px")]
    {
        let label = format!("{name}, as a number");
        let field = stage.get_by_role_and_label(Role::SpinButton, &label);
        assert_eq!(field.value().as_deref(), Some(value), "{name}");
    }
}

#[test]
fn every_row_of_the_sandbox_lies_within_the_pane() {
    let mut stage = stage_with_sandbox();
    press_on(&mut stage, Role::Slider, "Depth", Key::ArrowRight);
    for (role, name) in
        [(Role::Slider, "Depth"), (Role::SpinButton, "Depth, as a number"), (Role::Button, "Reset Depth")]
    {
        let rect = stage.get_by_role_and_label(role, name).rect();
        assert!(rect.left() >= 976.0 && rect.right() <= 1276.0 && rect.width() >= 16.0, "{name}: {rect}");
    }
}

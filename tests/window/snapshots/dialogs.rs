//! What lies over the panes: the palette, questions and the list of keys.

use super::{
    super::{
        ending::stage_that_asks,
        questions::{asked, asked_for_camera},
    },
    *,
};

/// Factor of the size of everything, so that dialogs fit into a picture.
const SMALLER: f32 = 0.8;

/// Compares the middle of the window; `top` is the upper end of the part that is compared, if it is not in the middle.
fn compare_middle(stage: &mut Stage, name: &str, top: impl Fn(&Stage) -> Option<f32>) {
    stage.set_pixels_per_point(SMALLER);
    stage.run_steps(4);
    let size = Vec2::from(LARGEST.map(|side| side as f32)) / SMALLER;
    let part = Rect::from_center_size(stage.ctx.content_rect().center(), size);
    let part = top(stage).map_or(part, |top| part.translate(Vec2::new(0.0, top - part.top())));
    compare(stage, part, name).unwrap();
}

#[test]
fn the_palette_looks_as_it_should() {
    let mut stage = drawn_stage();
    stage.run_steps(2);
    press(&mut stage, Modifiers::COMMAND, Key::P);
    let above = |stage: &Stage| Some(stage.get_by_label("Command").rect().top() - 16.0);
    compare_middle(&mut stage, "palette", above);
}

#[test]
fn a_question_about_a_run_looks_as_it_should() {
    let mut stage = asked();
    compare_middle(&mut stage, "question", |_| None);
}

#[test]
fn a_question_about_a_camera_looks_as_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let road = image::RgbImage::from_fn(640, 192, |_, y| image::Rgb([if y < 96 { 170 } else { 110 }; 3]));
    road.save(folder.path().join("000000.png")).unwrap();
    let mut stage = drawn_stage();
    stage.run_steps(2);
    asked_for_camera(&mut stage, folder.path(), "", false);
    // Without the path, which is another each time.
    let below_path = |stage: &Stage| Some(stage.get_by_label("Field of view").rect().top() - 210.0);
    compare_middle(&mut stage, "question-camera", below_path);
}

#[test]
fn the_way_out_without_a_checkpoint_looks_as_it_should() {
    let mut stage = stage_that_asks();
    compare_middle(&mut stage, "ending", |_| None);
}

#[test]
fn the_list_of_keys_looks_as_it_should() {
    let mut stage = drawn_stage();
    stage.run_steps(2);
    press(&mut stage, Modifiers::NONE, Key::Questionmark);
    compare_middle(&mut stage, "keys", |_| None);
}

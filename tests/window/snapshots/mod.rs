//! How panes and dialogs look, against pictures that were judged by eye. `UPDATE_SNAPSHOTS=1` makes them anew.

mod dialogs;
mod panes;
mod street;

use super::{settings::press, *};
use crate::support::repository;
use egui::{Pos2, Rect, Vec2};
use egui_kittest::{SnapshotOptions, SnapshotResult, try_image_snapshot_options};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use monoscope::{
    app::{PaneKind, ScreenshotOptions, write_screenshots},
    config::DeviceChoice,
};
use std::cell::RefCell;

/// Largest picture, pixels.
const LARGEST: [u32; 2] = [400, 300];
/// Largest file of a picture, and of all pictures together, bytes.
const MAX_BYTES: u64 = 30_000;
const MAX_TOTAL: u64 = 1_000_000;

/// Space that egui_kittest leaves around what a test draws, points.
const MARGIN: f32 = 8.0;

/// Compares a part of the window with the picture of this name.
fn compare(stage: &mut Stage, part: Rect, name: &str) -> SnapshotResult {
    let whole = stage.render().unwrap();
    let pixels = part * stage.ctx.pixels_per_point();
    let [x, y, width, height] =
        [pixels.left(), pixels.top(), pixels.width(), pixels.height()].map(|side| side.round() as u32);
    let picture = image::imageops::crop_imm(&whole, x, y, width, height).to_image();
    let folder = repository("tests/snapshots");
    // Edges of letters may differ a little between versions of the driver.
    let options = SnapshotOptions::new().threshold(2.0).max_failed_pixels(40).output_path(&folder);
    let result = try_image_snapshot_options(&picture, name, &options);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        pack(&folder.join(format!("{name}.png")));
    }
    result
}

/// Writes a picture anew in fewer bytes.
fn pack(path: &Path) {
    let pixels = image::open(path).unwrap().into_rgb8();
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive);
    pixels.write_with_encoder(encoder).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Draws one pane alone at this size; returns the part of the window that it fills.
fn draw_alone(stage: &mut Stage, kind: PaneKind, size: Vec2) -> Rect {
    stage.state_mut().alone = Some(kind);
    stage.remove_cursor();
    stage.set_size(size + Vec2::splat(2.0 * MARGIN));
    stage.run_steps(6);
    Rect::from_min_size(Pos2::new(MARGIN, MARGIN), size)
}

/// A window that draws, of the size that most people have.
fn drawn_stage() -> Stage {
    drawn(builder().with_pixels_per_point(1.0))
}

#[test]
fn pictures_are_small_and_every_pane_has_one() {
    let folder = repository("tests/snapshots");
    let is_picture = |name: &str| name.ends_with(".png") && name.split('.').count() == 2;
    let (mut names, mut total) = (BTreeSet::new(), 0);
    for entry in fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if !is_picture(&name) {
            continue;
        }
        let (width, height) = image::image_dimensions(entry.path()).unwrap();
        assert!(width <= LARGEST[0] && height <= LARGEST[1], "{name} is {width}×{height}");
        let bytes = entry.metadata().unwrap().len();
        assert!(bytes <= MAX_BYTES, "{name} has {bytes} bytes");
        total += bytes;
        names.insert(name);
    }
    assert!(total <= MAX_TOTAL, "the pictures have {total} bytes together");
    for kind in PaneKind::ALL {
        for state in ["", "-empty"] {
            let name = format!("{}{state}.png", kind.file_name());
            assert!(names.contains(&name), "there is no picture {name} of the pane {}", kind.title());
        }
    }
}

#[test]
fn the_program_draws_every_pane_in_both_themes_without_a_window() {
    let folder = tempfile::tempdir().unwrap();
    let size = [320, 200];
    let options = ScreenshotOptions {
        folder: folder.path().join("pictures"),
        size,
        steps: 1,
        device: DeviceChoice::Cpu,
    };
    let reports = RefCell::new(Vec::new());
    write_screenshots(&options, |done| reports.borrow_mut().push(done.to_owned())).unwrap();
    let open = |name: &str| image::open(options.folder.join(name)).unwrap().into_rgb8();
    for kind in PaneKind::ALL {
        let pictures = ["dark", "light"].map(|theme| open(&format!("{}-{theme}.png", kind.file_name())));
        let [dark, light] = pictures.each_ref().map(|picture| {
            assert_eq!([picture.width(), picture.height()], size);
            // The header is there in any case, and most of it is its fill.
            u32::from(picture.get_pixel(size[0] / 2, 2).0[0])
        });
        assert!(dark + 100 < light, "{}: {dark}, {light}", kind.title());
    }
    let sheet = open("contact-sheet.png");
    assert!(sheet.width() >= 4 * size[0] && sheet.height() >= 6 * size[1]);
    assert!(reports.into_inner().last().unwrap().starts_with("24 pictures and contact-sheet.png are in"));
}

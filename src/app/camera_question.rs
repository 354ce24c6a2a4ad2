//! Question about the camera of frames: how much it sees, and what that means for one of their pictures.

use super::{
    question_buttons::{QuestionButtons, heading},
    state::CameraQuestion,
    theme::{self, Palette, overlay},
    wording::for_window,
};
use crate::config::ImageSize;
use egui::{
    Align2, Button, Color32, ColorImage, Context, CornerRadius, DragValue, FontId, Label, Pos2, Rect,
    RichText, Sense, Slider, Stroke, StrokeKind, TextureHandle, TextureOptions, Ui, Vec2,
};
use image::RgbImage;
use std::{
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

/// Fields of view to choose from, degrees.
const DEGREES: RangeInclusive<f32> = 15.0..=130.0;
/// Usual fields of view: the kind of camera, degrees across, and which setting of it that is.
const USUAL: [(&str, f32, &str); 4] = [
    ("Phone", CameraQuestion::PHONE, "The main camera of most phones, filming in landscape"),
    (
        "Action camera",
        87.0,
        "In its linear mode; the wide modes bend straight lines, and must be undistorted first",
    ),
    ("Dashcam", 110.0, "Makers state the diagonal, 130° to 140°; straight lines must be straight"),
    ("KITTI", 82.0, "The cameras of KITTI's car"),
];
/// Highest picture in the dialog, points.
const MAX_HEIGHT: f32 = 220.0;
/// Width and height of a car, its distance, and the height of the camera above the road, metres.
const CAR: [f32; 2] = [1.8, 1.5];
const DISTANCE: f32 = 10.0;
const CAMERA_HEIGHT: f32 = 1.4;

/// Picture of the frames that are asked about, once it is read.
#[derive(Default)]
pub struct CameraPicture {
    path: Option<PathBuf>,
    picture: Option<RgbImage>,
    texture: Option<TextureHandle>,
}

impl CameraPicture {
    /// Largest picture to read.
    pub const LARGEST: ImageSize = ImageSize { height: 2 * MAX_HEIGHT as usize, width: 1280 };

    /// Notes that the picture of a file is needed; true if it is to be read.
    pub fn request(&mut self, path: &Path) -> bool {
        let is_new = self.path.as_deref() != Some(path);
        if is_new {
            *self = Self { path: Some(path.to_owned()), ..Self::default() };
        }
        is_new
    }

    /// Takes the picture of a file.
    pub fn receive(&mut self, path: &Path, picture: Option<RgbImage>) {
        if self.path.as_deref() == Some(path) {
            (self.picture, self.texture) = (picture, None);
        }
    }

    fn texture(&mut self, context: &Context) -> Option<TextureHandle> {
        let picture = self.picture.as_ref()?;
        let load = || {
            let size = [picture.width() as usize, picture.height() as usize];
            context.load_texture(
                "camera",
                ColorImage::from_rgb(size, picture.as_raw()),
                TextureOptions::LINEAR,
            )
        };
        Some(self.texture.get_or_insert_with(load).clone())
    }
}

/// Draws the question; returns it with the chosen angle, or `None` within if nothing is to be opened.
pub(super) fn about_camera(
    ui: &mut Ui,
    buttons: &mut QuestionButtons,
    question: &mut CameraQuestion,
    picture: &mut CameraPicture,
) -> Option<Option<CameraQuestion>> {
    heading(ui, "How much does the camera see?");
    let weak = ui.visuals().weak_text_color();
    ui.add(Label::new(RichText::new(question.data.display().to_string()).color(weak)).wrap());
    if !question.reason.is_empty() {
        let text = RichText::new(for_window(&question.reason)).color(Palette::of(ui).warning);
        ui.add(Label::new(text).wrap());
    }
    ui.add_space(theme::HALF);
    let drawn_degrees = question.degrees;
    draw_effect(ui, question.degrees, picture);
    ui.add_space(theme::HALF);
    let width = 2.0 * DISTANCE * (0.5 * question.degrees).to_radians().tan();
    let text = format!(
        "The box is a car {DISTANCE} m away, and {width:.0} m of road fit across the picture there. Choose the angle at \
         which the box is as large as a car would be."
    );
    ui.add(Label::new(text).wrap());
    ui.add_space(theme::HALF);
    ui.horizontal_wrapped(|ui| {
        for (name, degrees, help) in USUAL {
            let is_chosen = question.degrees == degrees;
            let preset = Button::new(format!("{name} {degrees}°")).selected(is_chosen);
            let preset = ui.add(preset).on_hover_text(help);
            buttons.keep(&preset);
            if preset.clicked() {
                question.degrees = degrees;
            }
        }
    });
    ui.horizontal(|ui| {
        let help = "Angle from the left edge of the picture to its right";
        ui.label("Field of view").on_hover_text(help);
        ui.spacing_mut().slider_width = (ui.available_width() - 72.0).max(48.0);
        let slider = Slider::new(&mut question.degrees, DEGREES).step_by(1.0).show_value(false);
        let slider = ui.add(slider).on_hover_text(help);
        let field = DragValue::new(&mut question.degrees).range(DEGREES).speed(0.5).suffix("°");
        // Whole degrees without a decimal.
        let field = field.custom_formatter(|degrees, _| ((10.0 * degrees).round() / 10.0).to_string());
        let field = ui.add(field).on_hover_text(help);
        buttons.keep(&slider);
        buttons.keep(&field);
    });
    if question.degrees != drawn_degrees {
        // The picture above the controls shows the new angle only in the next frame.
        ui.ctx().request_repaint();
    }
    ui.add_space(theme::UNIT);
    ui.horizontal(|ui| {
        let help =
            format!("Writes {}, which can be edited", question.camera.folder.join("camera.toml").display());
        if buttons.add(ui, &format!("Open with {:.0}°", question.degrees), &help, true) {
            Some(Some(question.clone()))
        } else {
            buttons.cancel(ui, false).then_some(None)
        }
    })
    .inner
}

/// Draws a picture with the outline of a car as large as it would be.
fn draw_effect(ui: &mut Ui, degrees: f32, picture: &mut CameraPicture) {
    let texture = picture.texture(ui.ctx());
    let aspect = texture.as_ref().map_or(16.0 / 9.0, TextureHandle::aspect_ratio);
    let width = ui.available_width().min(MAX_HEIGHT * aspect);
    let size = Vec2::new(width, width / aspect);
    let space = Vec2::new(ui.available_width(), size.y);
    let (response, painter) = ui.allocate_painter(space, Sense::hover());
    let frame = Rect::from_center_size(response.rect.center(), size);
    let corners = CornerRadius::same(4);
    painter.rect_filled(frame, corners, Palette::of(ui).stage);
    if let Some(texture) = &texture {
        let all = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
        painter.image(texture.id(), frame, all, Color32::WHITE);
    }
    let painter = painter.with_clip_rect(frame);
    // Points per metre at the distance of the car.
    let metre = 0.5 * frame.width() / (0.5 * degrees).to_radians().tan() / DISTANCE;
    let road = frame.center().y + CAMERA_HEIGHT * metre;
    let [car_width, car_height] = CAR.map(|side| side * metre);
    let car = Rect::from_min_size(
        Pos2::new(frame.center().x - 0.5 * car_width, road - car_height),
        Vec2::new(car_width, car_height),
    );
    painter.rect_stroke(car, CornerRadius::same(2), Stroke::new(4.0, overlay::MARK_EDGE), StrokeKind::Middle);
    painter.rect_stroke(
        car,
        CornerRadius::same(2),
        Stroke::new(2.0, Palette::DARK.accent),
        StrokeKind::Middle,
    );
    let at = Pos2::new(car.center().x, (car.bottom() + theme::HALF).min(frame.bottom() - 20.0));
    let text = painter.layout_no_wrap(format!("{DISTANCE} m"), FontId::proportional(11.0), overlay::TEXT);
    let plate = Align2::CENTER_TOP.anchor_size(at, text.size() + Vec2::new(8.0, 4.0));
    painter.rect_filled(plate, CornerRadius::same(3), overlay::PLATE);
    painter.galley(plate.min + Vec2::new(4.0, 2.0), text, overlay::TEXT);
}

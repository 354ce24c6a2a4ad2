//! Pictures of the manual: drawn to the width of the page, and in full when clicked.

use super::pages::MANUAL_PICTURES;
use egui::{
    ColorImage, Context, CursorIcon, Id, Image, Modal, RichText, Role, Sense, TextureHandle, TextureOptions,
    Ui, Vec2, WidgetInfo,
};
use std::collections::BTreeMap;

/// Pictures that were shown, and the one that is shown in full.
#[derive(Default)]
pub struct Pictures {
    /// By path; none of a picture that cannot be read.
    shown: BTreeMap<String, Option<TextureHandle>>,
    /// Path and words of the picture that is shown in full.
    open: Option<(String, String)>,
}

impl Pictures {
    /// Draws a picture at the width of the page, with its words below.
    pub fn ui(&mut self, ui: &mut Ui, path: &str, words: &str) {
        let Some(texture) = self.texture(ui.ctx(), path) else {
            missing(ui, words);
            return;
        };
        let width = ui.available_width().min(texture.size_vec2().x);
        let size = Vec2::new(width, width * texture.size_vec2().y / texture.size_vec2().x);
        let response = ui.add(Image::new((texture.id(), size)).corner_radius(4).sense(Sense::click()));
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, words));
        if response.on_hover_cursor(CursorIcon::ZoomIn).on_hover_text("Click to see it larger").clicked() {
            self.open = Some((path.to_owned(), words.to_owned()));
        }
        ui.label(RichText::new(words).weak());
    }

    /// Draws the picture that is shown in full over the window. Returns true if there is one.
    pub fn open_ui(&mut self, ui: &Ui) -> bool {
        let Some((path, words)) = self.open.clone() else { return false };
        let Some(texture) = self.texture(ui.ctx(), &path) else { return false };
        let space = ui.ctx().content_rect().size() - Vec2::new(48.0, 88.0);
        let size = texture.size_vec2();
        let scale = (space.x / size.x).min(space.y / size.y).min(1.0);
        let modal = Modal::new(Id::unique("manual picture")).show(ui.ctx(), |ui| {
            let picture = ui.add(Image::new((texture.id(), size * scale)).sense(Sense::click()));
            picture.widget_info(|| WidgetInfo::labeled(Role::Image, true, &words));
            ui.label(RichText::new(&words).weak());
            picture.clicked()
        });
        if modal.inner || modal.should_close() {
            self.open = None;
        }
        true
    }

    fn texture(&mut self, context: &Context, path: &str) -> Option<TextureHandle> {
        let load = || {
            let (_, bytes) = MANUAL_PICTURES.iter().find(|(name, _)| *name == path)?;
            let picture = image::load_from_memory_with_format(bytes, image::ImageFormat::Png).ok()?.to_rgb8();
            let size = [picture.width() as usize, picture.height() as usize];
            let pixels = ColorImage::from_rgb(size, &picture);
            Some(context.load_texture(path, pixels, TextureOptions::LINEAR))
        };
        self.shown.entry(path.to_owned()).or_insert_with(load).clone()
    }
}

/// Draws a picture's words where the picture cannot be drawn.
fn missing(ui: &mut Ui, words: &str) {
    let response = ui.label(RichText::new(words).weak());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, words));
}

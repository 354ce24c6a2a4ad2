//! The film strip: thumbnails of the drive above its bar, and a larger picture of the frame under the pointer.

use crate::{
    app::{
        repaint,
        state::Playhead,
        theme::{Palette, overlay::PLAYHEAD_EDGE},
    },
    config::ImageSize,
    data::{
        FrameKey, FrameSource,
        previews::{Preview, Previews},
    },
};
use egui::{
    Color32, ColorImage, Context, Label, Painter, Pos2, Rect, RectAlign, Response, RichText, Sense, Shape,
    Stroke, StrokeKind, TextureHandle, TextureId, TextureOptions, Tooltip, Ui, Vec2,
};
use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::Arc,
};

/// Maximum memory of the thumbnails, bytes.
const MAX_BYTES: usize = 32 << 20;
/// Maximum number of thumbnails on the screen; at their largest they stay well within the maximum memory.
const MAX_PICTURES: usize = 64;
/// Largest picture of the frame under the pointer, points.
const LARGE: Vec2 = Vec2::new(240.0, 160.0);
/// Maximum number of pixels per point; more would cost memory without being visible.
const FINEST: f32 = 2.0;
/// Gap between pictures, points.
const GAP: f32 = 2.0;
/// Aspect ratio (width / height) if no picture can be read: that of KITTI.
const USUAL_PROPORTIONS: f32 = 1242.0 / 375.0;

/// Frames whose thumbnails, each about `picture_width` points wide, fill a bar of `width` points side by side. They are
/// evenly spaced, each the middle frame of its part of the bar. If all thumbnails fit at two thirds of this width, all
/// are included.
pub fn frames_along(frames: Range<u32>, width: f32, picture_width: f32) -> Vec<u32> {
    let fitting = ((width + GAP) / (picture_width + GAP)).round().max(1.0) as usize;
    let has_all = 2 * frames.len() <= 3 * fitting;
    let count = MAX_PICTURES.min(if has_all { frames.len() } else { fitting });
    let middle = |part: usize| (2 * part + 1) * frames.len() / (2 * count);
    (0..count).map(|part| frames.start + middle(part) as u32).collect()
}

/// Thumbnails of the open data, loaded on demand.
#[derive(Default)]
pub struct FilmStrip {
    opened: Option<StripTextures>,
}

struct StripTextures {
    /// egui context that owns the textures.
    context: Context,
    source: Arc<dyn FrameSource>,
    within: ImageSize,
    previews: Previews,
    /// Pictures on the screen, in the order in which they are read.
    needed: Vec<FrameKey>,
    textures: HashMap<FrameKey, TextureHandle>,
    /// Name of a drive, and the aspect ratio (width / height) of its pictures.
    proportions: Option<(String, f32)>,
}

/// State of a picture.
enum ThumbnailState {
    NotYet,
    Picture(TextureId, Vec2),
    /// No picture can be made, for this reason.
    Broken(Arc<str>),
}

impl FilmStrip {
    /// Draws the pictures, and a larger one of the frame under the pointer, if there is one.
    pub fn ui(
        &mut self,
        ui: &Ui,
        source: &Arc<dyn FrameSource>,
        playhead: &Playhead,
        row: Option<Rect>,
        pointed: Option<HoveredFrame<'_>>,
    ) {
        let opened = self.open(ui.ctx(), source);
        opened.needed.clear();
        let proportions = opened.proportions(playhead);
        if let Some(pointed) = pointed {
            opened.tooltip(ui, proportions.unwrap_or(USUAL_PROPORTIONS), pointed);
        }
        if let Some((row, proportions)) = row.zip(proportions) {
            opened.row(ui, playhead, row, proportions);
        }
        opened.previews.request(opened.needed.iter().cloned());
        let needed: HashSet<_> = opened.needed.iter().collect();
        opened.textures.retain(|key, _| needed.contains(key));
    }

    /// Thumbnails of this source, at the resolution of the screen.
    fn open(&mut self, context: &Context, source: &Arc<dyn FrameSource>) -> &mut StripTextures {
        let pixels = LARGE * context.pixels_per_point().min(FINEST);
        let within = ImageSize { height: pixels.y.round() as usize, width: pixels.x.round() as usize };
        let is_same = |opened: &StripTextures| {
            Arc::ptr_eq(&opened.source, source) && opened.within == within && opened.context == *context
        };
        let opened = self.opened.take().filter(is_same);
        self.opened.insert(opened.unwrap_or_else(|| {
            let woken = context.clone();
            let on_change = move || woken.request_repaint_after(repaint::DELAY);
            StripTextures {
                context: context.clone(),
                source: Arc::clone(source),
                within,
                previews: Previews::new(Arc::clone(source), within, MAX_BYTES, on_change),
                needed: Vec::new(),
                textures: HashMap::new(),
                proportions: None,
            }
        }))
    }
}

/// The frame under the pointer.
pub struct HoveredFrame<'a> {
    /// Key of the frame.
    pub key: FrameKey,
    /// A sentence about the frame.
    pub text: String,
    /// Response of the timeline.
    pub response: &'a Response,
    /// Rectangle that the picture must not cover.
    pub avoided: Rect,
}

impl StripTextures {
    /// Proportions of the drive's pictures, from the frame in its middle; `None` until that is read. The number of
    /// pictures that fit depends on them, so that others requested before could be the wrong ones.
    fn proportions(&mut self, playhead: &Playhead) -> Option<f32> {
        let known = self.proportions.as_ref().filter(|(folder, _)| folder == playhead.folder());
        if let Some((_, proportions)) = known {
            return Some(*proportions);
        }
        let key = FrameKey { frame: playhead.number_of(playhead.count() / 2), ..playhead.key()? };
        let proportions = match self.get(&key)? {
            Ok(picture) => picture.width() as f32 / picture.height() as f32,
            Err(_) => USUAL_PROPORTIONS,
        };
        self.proportions = Some((key.folder, proportions));
        Some(proportions)
    }

    fn get(&mut self, key: &FrameKey) -> Option<Preview> {
        self.needed.push(key.clone());
        self.previews.get(key)
    }

    fn shown(&mut self, context: &Context, key: &FrameKey) -> ThumbnailState {
        let picture = match self.get(key) {
            None => return ThumbnailState::NotYet,
            Some(Err(reason)) => return ThumbnailState::Broken(reason),
            Some(Ok(picture)) => picture,
        };
        let texture = self.textures.entry(key.clone()).or_insert_with(|| {
            let size = [picture.width() as usize, picture.height() as usize];
            let image = ColorImage::from_rgb(size, picture.as_raw());
            context.load_texture("preview", image, TextureOptions::LINEAR)
        });
        ThumbnailState::Picture(texture.id(), texture.size_vec2())
    }

    fn row(&mut self, ui: &Ui, playhead: &Playhead, row: Rect, proportions: f32) {
        let Some(key) = playhead.key() else { return };
        let palette = Palette::of(ui);
        let single = Vec2::new(row.height() * proportions, row.height());
        let frames = frames_along(0..playhead.count(), row.width(), single.x);
        let has_all = frames.len() == playhead.count() as usize;
        let part = row.width() / frames.len() as f32;
        let size = single * ((part - GAP) / single.x).clamp(0.0, 1.0);
        for (index, frame) in frames.into_iter().enumerate() {
            let frame = playhead.number_of(frame);
            let x = row.left() + (index as f32 + 0.5) * part;
            let rect = Rect::from_center_size(Pos2::new(x, row.center().y), size);
            let shown = self.shown(ui.ctx(), &FrameKey { frame, ..key.clone() });
            draw(ui.painter(), rect, &shown, &palette);
            if has_all && frame == key.frame {
                let stroke = Stroke::new(2.0, palette.accent);
                ui.painter().rect_stroke(rect, 1.0, stroke, StrokeKind::Outside);
            }
        }
        if !has_all {
            let index = playhead.index_of(key.frame) as f32 + 0.5;
            let x = row.left() + index * row.width() / playhead.count() as f32;
            // Visible on bright pictures and on dark ones.
            ui.painter().vline(x, row.y_range(), Stroke::new(4.0, PLAYHEAD_EDGE));
            ui.painter().vline(x, row.y_range(), Stroke::new(2.0, palette.accent));
        }
    }

    fn tooltip(&mut self, ui: &Ui, proportions: f32, pointed: HoveredFrame<'_>) {
        let HoveredFrame { key, text, response, avoided } = pointed;
        let shown = self.shown(ui.ctx(), &key);
        let size = match &shown {
            ThumbnailState::Picture(_, size) => *size,
            _ => Vec2::new(proportions, 1.0),
        };
        let size = size * (LARGE / size).min_elem();
        let palette = Palette::of(ui);
        let mut tooltip = Tooltip::always_open(ui.ctx().clone(), response.layer_id, response.id, avoided);
        tooltip.popup = tooltip.popup.align(RectAlign::TOP);
        tooltip.width(LARGE.x).show(|ui| {
            let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
            draw(ui.painter(), rect, &shown, &palette);
            ui.label(text);
            if let ThumbnailState::Broken(reason) = &shown {
                let reason = RichText::new(&**reason).small().color(palette.warning);
                ui.add(Label::new(reason).wrap());
            }
        });
    }
}

/// Draws a picture within a rectangle, or an empty frame: crossed out where there will be no picture.
fn draw(painter: &Painter, rect: Rect, shown: &ThumbnailState, palette: &Palette) {
    if let ThumbnailState::Picture(texture, size) = shown {
        let size = *size * (rect.size() / *size).min_elem();
        let whole = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
        painter.image(*texture, Rect::from_center_size(rect.center(), size), whole, Color32::WHITE);
        return;
    }
    painter.rect_filled(rect, 1.0, palette.stage);
    if let ThumbnailState::Broken(_) = shown {
        let stroke = Stroke::new(1.0, palette.unused);
        painter.rect_stroke(rect, 1.0, stroke, StrokeKind::Inside);
        let [down, up] = [[rect.left_top(), rect.right_bottom()], [rect.left_bottom(), rect.right_top()]];
        painter.extend([down, up].map(|line| Shape::line_segment(line, stroke)));
    }
}

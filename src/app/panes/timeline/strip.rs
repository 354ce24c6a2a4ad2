//! The film strip: small pictures of the drive over its bar, and a larger one of the frame that is pointed at.

use crate::{
    app::{application::REDRAW_DELAY, playhead::Playhead, theme::Palette},
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

/// Memory of the pictures that are kept.
const MOST_BYTES: usize = 32 << 20;
/// So many of the largest are well within it.
const MOST_PICTURES: usize = 64;
/// Points that the picture of the frame under the pointer may take.
const LARGE: Vec2 = Vec2::new(240.0, 160.0);
/// Pixels of a point, at most: finer ones would cost memory that nobody sees.
const FINEST: f32 = 2.0;
/// Between pictures.
const GAP: f32 = 2.0;
/// Width by height where no picture can be read: KITTI's.
const USUAL_PROPORTIONS: f32 = 1242.0 / 375.0;

/// The frames whose pictures, each about so many points wide, fill a bar of so many points side by side:
/// evenly spaced, each the one in the middle of its part of the bar. If all pictures fit at two thirds of this
/// width, they are all there.
pub fn frames_along(frames: Range<u32>, width: f32, picture_width: f32) -> Vec<u32> {
    let fitting = ((width + GAP) / (picture_width + GAP)).round().max(1.0) as usize;
    let has_all = 2 * frames.len() <= 3 * fitting;
    let count = MOST_PICTURES.min(if has_all { frames.len() } else { fitting });
    let middle = |part: usize| (2 * part + 1) * frames.len() / (2 * count);
    (0..count).map(|part| frames.start + middle(part) as u32).collect()
}

/// The pictures of the open data, as far as they were needed.
#[derive(Default)]
pub struct FilmStrip {
    opened: Option<StripTextures>,
}

struct StripTextures {
    /// The egui context that holds the textures.
    context: Context,
    source: Arc<dyn FrameSource>,
    within: ImageSize,
    previews: Previews,
    /// What is on the screen, the most wanted first.
    needed: Vec<FrameKey>,
    textures: HashMap<FrameKey, TextureHandle>,
    /// Width by height of the pictures of a drive.
    proportions: Option<(String, f32)>,
}

/// What there is of a picture.
enum ThumbnailState {
    NotYet,
    Picture(TextureId, Vec2),
    /// There is none, for this reason.
    Broken(Arc<str>),
}

impl FilmStrip {
    /// Draws the pictures in their places, and that of the frame that is pointed at, if there is one.
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

    /// The pictures of this source, as fine as the screen.
    fn open(&mut self, context: &Context, source: &Arc<dyn FrameSource>) -> &mut StripTextures {
        let pixels = LARGE * context.pixels_per_point().min(FINEST);
        let within = ImageSize { height: pixels.y.round() as usize, width: pixels.x.round() as usize };
        let is_same = |opened: &StripTextures| {
            Arc::ptr_eq(&opened.source, source) && opened.within == within && opened.context == *context
        };
        let opened = self.opened.take().filter(is_same);
        self.opened.insert(opened.unwrap_or_else(|| {
            let woken = context.clone();
            let on_change = move || woken.request_repaint_after(REDRAW_DELAY);
            StripTextures {
                context: context.clone(),
                source: Arc::clone(source),
                within,
                previews: Previews::new(Arc::clone(source), within, MOST_BYTES, on_change),
                needed: Vec::new(),
                textures: HashMap::new(),
                proportions: None,
            }
        }))
    }
}

/// The frame that is pointed at.
pub struct HoveredFrame<'a> {
    /// What it is.
    pub key: FrameKey,
    /// What is said of it.
    pub text: String,
    /// Of what is pointed at.
    pub response: &'a Response,
    /// What the picture must not cover.
    pub beside: Rect,
}

impl StripTextures {
    /// Those of the drive, by the frame in its middle: how many pictures fit is known only then, and what
    /// were asked for before could be the wrong ones.
    fn proportions(&mut self, playhead: &Playhead) -> Option<f32> {
        let known = self.proportions.as_ref().filter(|(folder, _)| folder == playhead.folder());
        if let Some((_, proportions)) = known {
            return Some(*proportions);
        }
        let frames = playhead.frames();
        let key = FrameKey { frame: frames.start + frames.len() as u32 / 2, ..playhead.key()? };
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
        let usual = Vec2::new(row.height() * proportions, row.height());
        let frames = frames_along(playhead.frames(), row.width(), usual.x);
        let has_all = frames.len() == playhead.frames().len();
        let part = row.width() / frames.len() as f32;
        let size = usual * ((part - GAP) / usual.x).clamp(0.0, 1.0);
        for (index, frame) in frames.into_iter().enumerate() {
            let x = row.left() + (index as f32 + 0.5) * part;
            let place = Rect::from_center_size(Pos2::new(x, row.center().y), size);
            let shown = self.shown(ui.ctx(), &FrameKey { frame, ..key.clone() });
            draw(ui.painter(), place, &shown, &palette);
            if has_all && frame == key.frame {
                let stroke = Stroke::new(2.0, palette.accent);
                ui.painter().rect_stroke(place, 1.0, stroke, StrokeKind::Outside);
            }
        }
        if !has_all {
            let place = (key.frame - playhead.frames().start) as f32 + 0.5;
            let x = row.left() + place * row.width() / playhead.frames().len() as f32;
            // Seen on bright pictures and on dark ones.
            ui.painter().vline(x, row.y_range(), Stroke::new(4.0, Color32::from_black_alpha(140)));
            ui.painter().vline(x, row.y_range(), Stroke::new(2.0, palette.accent));
        }
    }

    fn tooltip(&mut self, ui: &Ui, proportions: f32, pointed: HoveredFrame<'_>) {
        let HoveredFrame { key, text, response, beside } = pointed;
        let shown = self.shown(ui.ctx(), &key);
        let size = match &shown {
            ThumbnailState::Picture(_, size) => *size,
            _ => Vec2::new(proportions, 1.0),
        };
        let size = size * (LARGE / size).min_elem();
        let palette = Palette::of(ui);
        let mut tooltip = Tooltip::always_open(ui.ctx().clone(), response.layer_id, response.id, beside);
        tooltip.popup = tooltip.popup.align(RectAlign::TOP);
        tooltip.width(LARGE.x).show(|ui| {
            let (place, _) = ui.allocate_exact_size(size, Sense::hover());
            draw(ui.painter(), place, &shown, &palette);
            ui.label(text);
            if let ThumbnailState::Broken(reason) = &shown {
                let reason = RichText::new(&**reason).small().color(palette.warning);
                ui.add(Label::new(reason).wrap());
            }
        });
    }
}

/// A picture within its place, or an empty frame: crossed out where there will be no picture.
fn draw(painter: &Painter, place: Rect, shown: &ThumbnailState, palette: &Palette) {
    if let ThumbnailState::Picture(texture, size) = shown {
        let size = *size * (place.size() / *size).min_elem();
        let whole = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
        painter.image(*texture, Rect::from_center_size(place.center(), size), whole, Color32::WHITE);
        return;
    }
    painter.rect_filled(place, 1.0, palette.stage);
    if let ThumbnailState::Broken(_) = shown {
        let stroke = Stroke::new(1.0, palette.unused);
        painter.rect_stroke(place, 1.0, stroke, StrokeKind::Inside);
        let [down, up] = [[place.left_top(), place.right_bottom()], [place.left_bottom(), place.right_top()]];
        painter.extend([down, up].map(|line| Shape::line_segment(line, stroke)));
    }
}

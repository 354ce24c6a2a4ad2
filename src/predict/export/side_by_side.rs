//! Frames of a film: the picture above its disparity, with a legend below.

use super::ColourRange;
use crate::geometry::colormap::Colormap;
use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use epaint_default_fonts::UBUNTU_LIGHT;
use image::{Rgb, RgbImage, imageops};

/// Numbers on the legend, at even steps of disparity.
const NUMBERS: usize = 5;
/// Colours of the legend's background and text.
const GROUND: [u8; 3] = [18, 18, 20];
const TEXT: [u8; 3] = [225, 225, 225];

/// Meaning of the colours of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Legend {
    /// Colour map of the disparity.
    pub colours: Colormap,
    /// The range of disparities that the colours cover.
    pub range: ColourRange,
    /// Metres per unit of the network's depth. If it is known, the legend shows depths in metres, else
    /// disparities.
    pub metres_per_unit: Option<f32>,
}

impl Legend {
    fn title(&self) -> &'static str {
        if self.metres_per_unit.is_some() { "depth, m" } else { "disparity" }
    }

    fn number(&self, share: f32) -> String {
        let disparity = self.range.value(share);
        let number = self.metres_per_unit.map_or(disparity, |metres| metres / disparity);
        let decimals = (2.0 - number.abs().max(1e-3).log10().floor()).clamp(0.0, 4.0) as usize;
        format!("{number:.decimals$}")
    }
}

/// A picture above its coloured disparity, both of one size, and the legend. Both sides are even, as video
/// encoders require.
pub fn side_by_side(picture: &RgbImage, coloured: &RgbImage, legend: &Legend) -> RgbImage {
    let (width, height) = picture.dimensions();
    let text_height = (width / 64).clamp(10, 32);
    let strip = 2 * text_height;
    let even = |side: u32| side + side % 2;
    let mut frame = RgbImage::from_pixel(even(width), even(2 * height + strip), Rgb(GROUND));
    imageops::replace(&mut frame, picture, 0, 0);
    imageops::replace(&mut frame, coloured, 0, i64::from(height));

    let font = FontRef::try_from_slice(UBUNTU_LIGHT).expect("the font is part of the program");
    let top = 2 * height;
    let mut write = |text: &str, centre: f32| {
        draw_text(&mut frame, &font, text, centre, top + text_height * 3 / 4, text_height);
    };
    let titled = width / 8;
    write(legend.title(), titled as f32 / 2.0);
    let (left, right) = (titled + titled / 4, width - titled / 4);
    let column = |share: f32| left as f32 + share * (right - left) as f32;
    for number in 0..NUMBERS {
        let share = number as f32 / (NUMBERS - 1) as f32;
        write(&legend.number(share), column(share));
    }
    let bar = top + text_height / 5..top + text_height * 3 / 5;
    for x in left..right {
        let colour = Rgb(legend.colours.colour((x - left) as f32 / (right - left).max(1) as f32));
        bar.clone().for_each(|y| frame.put_pixel(x, y, colour));
    }
    frame
}

/// Draws a line of text around a column, from a row down.
fn draw_text(image: &mut RgbImage, font: &FontRef<'_>, text: &str, centre: f32, top: u32, height: u32) {
    let scale = PxScale::from(height as f32 * 1.1);
    let scaled = font.as_scaled(scale);
    let width: f32 = text.chars().map(|letter| scaled.h_advance(scaled.glyph_id(letter))).sum();
    let mut x = (centre - width / 2.0).clamp(0.0, (image.width() as f32 - width).max(0.0));
    let baseline = top as f32 + scaled.ascent();
    for letter in text.chars() {
        let glyph = scaled.glyph_id(letter);
        if let Some(outline) = font.outline_glyph(glyph.with_scale_and_position(scale, point(x, baseline))) {
            let corner = outline.px_bounds().min;
            outline.draw(|x, y, share| {
                let at = (corner.x as i64 + i64::from(x), corner.y as i64 + i64::from(y));
                let (Ok(x), Ok(y)) = (u32::try_from(at.0), u32::try_from(at.1)) else { return };
                if let Some(pixel) = image.get_pixel_mut_checked(x, y) {
                    for (channel, ink) in pixel.0.iter_mut().zip(TEXT) {
                        let (ground, ink) = (f32::from(*channel), f32::from(ink));
                        *channel = (ground + (ink - ground) * share.min(1.0)) as u8;
                    }
                }
            });
        }
        x += scaled.h_advance(glyph);
    }
}

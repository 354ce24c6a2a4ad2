//! Export of the drawn points as a PLY file.

use super::CloudPane;
use crate::{
    app::state::{FileContent, ViewedFrame},
    config::ImageSize,
    evaluate::median,
    model::weights::MetricScale,
    predict::{CloudFilter, CloudPoint, cloud, ply},
    view::{CloudLayer, CloudStyle, Paint},
};
use image::{Rgb, RgbImage};

impl CloudPane {
    /// Name and content of the file; `None` without points. The leases are read back when the content is made.
    pub(super) fn export(&self, viewed: &ViewedFrame) -> Option<(String, FileContent)> {
        let picture = viewed.picture.as_ref()?;
        let scale = picture.cloud.as_ref()?.scale.clone();
        let layers = self.colour_by.layers(viewed);
        let range = self.colour_by.field(viewed).and_then(|(_, style)| self.view.range(&style));
        let style = self.style();
        let drive = picture.key.folder.rsplit('/').next().unwrap_or_default();
        let name = format!("{drive}_{:010}.ply", picture.key.frame);
        Some((name, Box::new(move || bytes(&layers, style, range, scale.as_ref()))))
    }
}

fn bytes(
    layers: &[CloudLayer],
    style: CloudStyle,
    range: Option<(f32, f32)>,
    scale: Option<&MetricScale>,
) -> Result<Vec<u8>, String> {
    let metres = scale.map_or(1.0, |scale| scale.metres_per_unit as f32);
    let mut points = Vec::new();
    let mut farthest = None;
    for layer in layers {
        let depths = layer.depth.read().map_err(|error| error.to_string())?;
        let farthest = *farthest.get_or_insert_with(|| style.farthest * median(&depths) as f32);
        let filter =
            CloudFilter { farthest: Some(farthest), flattest: Some(style.flattest.max(1e-3).to_radians()) };
        let values = layer.paint.values().read().map_err(|error| error.to_string())?;
        let size = ImageSize { height: layer.depth.height, width: layer.depth.width };
        let image = picture(&layer.paint, &values, size, range);
        let pose = layer.target_from_source.as_affine3();
        points.extend(
            cloud(&image, |pixel| depths[pixel], layer.intrinsics, filter).map(|point| CloudPoint {
                position: pose.transform_point3(point.position) * metres,
                ..point
            }),
        );
    }
    let unit = scale.map_or_else(|| "relative, up to scale".to_owned(), |scale| format!("metres ({scale})"));
    Ok(ply(&points, &format!("x right, y down, z forward of the frame's camera; unit: {unit}")))
}

/// Colours of the points as an image.
fn picture(paint: &Paint, values: &[f32], size: ImageSize, range: Option<(f32, f32)>) -> RgbImage {
    let plane = size.pixels();
    let level = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    let colour = |pixel: usize| match paint {
        Paint::Image(_) => [0, 1, 2].map(|channel| level(values[channel * plane + pixel])),
        Paint::Field(_, style) => {
            style.colour(values[pixel], range.unwrap_or((0.0, 1.0))).unwrap_or_default()
        }
    };
    RgbImage::from_fn(size.width as u32, size.height as u32, |x, y| {
        Rgb(colour(y as usize * size.width + x as usize))
    })
}

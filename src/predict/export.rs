//! Disparity as files: arrays as the reference writes them, and coloured pictures.

use crate::{compute::ops::resize_bilinear, config::ImageSize, geometry::colormap::Colormap};
use anyhow::{Context, Result};
use burn::tensor::Tensor;
use image::{Rgb, RgbImage};
use npyz::WriterBuilder;
use std::{fs::File, io::BufWriter, path::Path};

/// Writes scaled disparity as a `.npy` file: f32, [1, 1, h, w].
pub fn write_disparity_npy(path: &Path, disparity: &Tensor<4>) -> Result<()> {
    let write = || -> Result<()> {
        let shape = disparity.dims().map(|side| side as u64);
        let file = BufWriter::new(File::create(path)?);
        let mut writer = npyz::WriteOptions::new().default_dtype().shape(&shape).writer(file).begin_nd()?;
        writer.extend(disparity.to_data().try_to_vec::<f32>()?)?;
        writer.finish()?;
        Ok(())
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}

/// Colours scaled disparity [1, 1, h, w] as the published pictures are: bilinear to `size`, magma from
/// the least value to the 95th percentile, what is above saturated (ALGORITHM 6).
pub fn colour_picture(disparity: Tensor<4>, size: ImageSize) -> Result<RgbImage> {
    let values = resize_bilinear(disparity, size).into_data().try_to_vec::<f32>()?;
    let mut sorted = values.clone();
    sorted.sort_by(f32::total_cmp);
    let least = sorted[0];
    let most = percentile(&sorted, 0.95);
    let range = (most - least).max(f32::EPSILON);
    Ok(RgbImage::from_fn(size.width as u32, size.height as u32, |x, y| {
        let value = values[y as usize * size.width + x as usize];
        Rgb(Colormap::Magma.colour((value - least) / range))
    }))
}

/// The value below which this share of sorted values lies, interpolated linearly as NumPy does.
fn percentile(sorted: &[f32], share: f64) -> f32 {
    let position = share * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let weight = (position - below as f64) as f32;
    sorted[below] + (sorted[above] - sorted[below]) * weight
}

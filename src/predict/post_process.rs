//! Flip post-processing: the prediction for a picture blended with that for its mirror image (Godard et
//! al., CVPR 2017).
//!
//! After stereo training, disparity has wrong ramps at the left edges of objects and of the picture; in the mirror
//! image they are at the right. So the left twentieth of the result comes from the mirror image alone, the right
//! twentieth from the picture alone, the middle is the mean of both, and in between the weight changes linearly
//! over another twentieth.

/// Blends the disparity of a picture with the disparity of its mirror image, mirrored back: both, and the
/// result, [height, width] row by row. Computed in f64, as the reference does.
///
/// # Panics
/// If either disparity is not of this size.
pub fn post_process(left: &[f32], mirrored_back: &[f32], height: usize, width: usize) -> Vec<f32> {
    assert_eq!((left.len(), mirrored_back.len()), (height * width, height * width), "disparities to blend");
    let step = 1.0 / width.saturating_sub(1).max(1) as f64;
    let share_of_edge = |column: usize| 1.0 - (20.0 * (column as f64 * step - 0.05)).clamp(0.0, 1.0);
    let shares: Vec<(f64, f64)> =
        (0..width).map(|column| (share_of_edge(column), share_of_edge(width - 1 - column))).collect();
    let pixels = left.iter().zip(mirrored_back).zip(shares.iter().cycle());
    pixels
        .map(|((left, mirrored), (at_left, at_right))| {
            let (left, mirrored) = (f64::from(*left), f64::from(*mirrored));
            let mean = 0.5 * (left + mirrored);
            (at_right * left + at_left * mirrored + (1.0 - at_left - at_right) * mean) as f32
        })
        .collect()
}

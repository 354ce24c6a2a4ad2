//! Edge-aware smoothness: disparity should change where the image does, and only there.

use crate::compute::ops::loss_constants::SMALLEST_MEAN;
use burn::tensor::Tensor;

/// Edge-aware smoothness of disparity `[B, 1, h, w]` under its image `[B, 3, h, w]`, one number: the mean of
/// |∂d|·exp(−|∂image|) along x plus that along y, where d is the disparity divided by its mean over the item, so
/// that shrinking it does not reduce the loss (paper section 3.1).
pub fn smoothness_loss(disparity: Tensor<4>, image: &Tensor<4>) -> Tensor<1> {
    let [along_x, along_y] = terms(disparity, image);
    along_x.mean() + along_y.mean()
}

/// Contribution of each pixel to [`smoothness_loss`], `[B, 1, h, w]`: its step to the next pixel along x plus
/// that along y. The last column and row have only one of them.
pub fn smoothness_map(disparity: Tensor<4>, image: &Tensor<4>) -> Tensor<4> {
    let [along_x, along_y] = terms(disparity, image);
    let padded = |map: Tensor<4>, dim: usize| {
        let end = map.clone().narrow(dim, 0, 1).zeros_like();
        Tensor::cat(vec![map, end], dim)
    };
    padded(along_x, 3) + padded(along_y, 2)
}

/// |∂d|·exp(−|∂image|) along x, `[B, 1, h, w - 1]`, and y, `[B, 1, h - 1, w]`.
fn terms(disparity: Tensor<4>, image: &Tensor<4>) -> [Tensor<4>; 2] {
    let mean = disparity.clone().mean_dim(2).mean_dim(3);
    let disparity = disparity / (mean + SMALLEST_MEAN);
    [3, 2].map(|dim| {
        let edges = difference(image.clone(), dim).mean_dim(1);
        difference(disparity.clone(), dim) * (-edges).exp()
    })
}

/// Absolute difference between each pixel and the next one along an axis.
fn difference(map: Tensor<4>, dim: usize) -> Tensor<4> {
    let count = map.dims()[dim] - 1;
    (map.clone().narrow(dim, 0, count) - map.narrow(dim, 1, count)).abs()
}

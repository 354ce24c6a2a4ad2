//! Photometric loss of one row and its gradient; for the formulas see the parent module `reprojection`.

use crate::compute::ops::{
    loss_constants::{SSIM_C1, SSIM_C2, SSIM_SHARE},
    reprojection::GREY,
};

/// Three rows: the one above (mirrored at the image's edge), the row itself, and the one below.
pub(super) type Rows<'a> = [&'a [f32]; 3];

/// The row `row` of a plane and its neighbours. The plane begins with image row `first`.
#[inline(always)]
pub(super) fn around(plane: &[f32], first: usize, row: usize, height: usize, width: usize) -> Rows<'_> {
    let above = if row == 0 { 1 } else { row - 1 };
    let below = if row + 1 == height { height - 2 } else { row + 1 };
    [above, row, below].map(|row| &plane[(row - first) * width..][..width])
}

/// One sum over three rows for each column, and one more beyond each end, mirrored.
struct ColumnSums(Vec<f32>);

impl ColumnSums {
    fn new(width: usize) -> Self {
        Self(vec![0.0; width + 2])
    }

    /// Part to be filled with one sum per column, before [`Self::mirror`] is called.
    #[inline(always)]
    fn columns(&mut self) -> &mut [f32] {
        let end = self.0.len() - 1;
        &mut self.0[1..end]
    }

    /// Fills the columns beyond both ends.
    #[inline(always)]
    fn mirror(&mut self) {
        let end = self.0.len() - 1;
        (self.0[0], self.0[end]) = (self.0[2], self.0[end - 2]);
    }
}

/// Three views of a row that has one value more at each end: the left neighbour of each column, the column itself, and
/// its right neighbour.
#[inline(always)]
fn shifted(columns: &[f32]) -> [&[f32]; 3] {
    let width = columns.len() - 2;
    [&columns[..width], &columns[1..=width], &columns[2..width + 2]]
}

/// Derivatives of the loss with respect to the window means of one colour, a row each: E[x̃], E[x̃²] and E[x̃ỹ], all
/// divided by 9.
pub(super) type Slopes = [Vec<f32>; 3];

/// Working memory for one row.
pub(super) struct SsimScratch {
    sums: [ColumnSums; 3],
    target_mean: [Vec<f32>; 3],
    target_variance: [Vec<f32>; 3],
    /// Loss of the row that was compared last.
    pub loss: Vec<f32>,
    /// Derivatives of that loss, by colour.
    pub slopes: [Slopes; 3],
}

impl SsimScratch {
    pub fn new(width: usize) -> Self {
        let row = || vec![0.0; width];
        let rows = || [row(), row(), row()];
        let sums = || ColumnSums::new(width);
        Self {
            sums: [sums(), sums(), sums()],
            target_mean: rows(),
            target_variance: rows(),
            loss: row(),
            slopes: [rows(), rows(), rows()],
        }
    }

    /// Computes the target's statistics of a row, for [`Self::compare`].
    #[inline(always)]
    pub fn set_target(&mut self, target: [Rows<'_>; 3]) {
        let [sum, square, _] = &mut self.sums;
        for colour in 0..3 {
            let [above, row, below] = target[colour];
            let (sums, squares) = (sum.columns(), square.columns());
            for i in 0..row.len() {
                let (a, b, c) = (above[i] - GREY, row[i] - GREY, below[i] - GREY);
                sums[i] = a + b + c;
                squares[i] = a * a + b * b + c * c;
            }
            sum.mirror();
            square.mirror();
            let ([s0, s1, s2], [q0, q1, q2]) = (shifted(&sum.0), shifted(&square.0));
            let means = &mut self.target_mean[colour][..row.len()];
            let variances = &mut self.target_variance[colour][..row.len()];
            for i in 0..row.len() {
                let mean = (s0[i] + s1[i] + s2[i]) / 9.0;
                means[i] = mean;
                variances[i] = (q0[i] + q1[i] + q2[i]) / 9.0 - mean * mean;
            }
        }
    }

    /// Computes the loss of a row of `image` against the row of the target, into `self.loss`, and with SSIM its
    /// derivatives, into `self.slopes`.
    #[inline(always)]
    pub fn compare(&mut self, image: [Rows<'_>; 3], target: [Rows<'_>; 3], use_ssim: bool) {
        let l1_share = if use_ssim { 1.0 - SSIM_SHARE } else { 1.0 };
        self.loss.fill(0.0);
        for colour in 0..3 {
            let (image, target) = (image[colour], target[colour]);
            let width = image[1].len();
            let loss = &mut self.loss[..width];
            for i in 0..width {
                loss[i] += (image[1][i] - target[1][i]).abs() * (l1_share / 3.0);
            }
            if use_ssim {
                self.compare_structure(colour, image, target);
            }
        }
    }

    #[inline(always)]
    fn compare_structure(&mut self, colour: usize, image: Rows<'_>, target: Rows<'_>) {
        let width = image[1].len();
        let ([x0, x1, x2], [y0, y1, y2]) = (image, target);
        let [sum, square, product] = &mut self.sums;
        let (sums, squares, products) = (sum.columns(), square.columns(), product.columns());
        for i in 0..width {
            let (a, b, c) = (x0[i] - GREY, x1[i] - GREY, x2[i] - GREY);
            sums[i] = a + b + c;
            squares[i] = a * a + b * b + c * c;
            products[i] = a * (y0[i] - GREY) + b * (y1[i] - GREY) + c * (y2[i] - GREY);
        }
        sum.mirror();
        square.mirror();
        product.mirror();
        let ([s0, s1, s2], [q0, q1, q2], [p0, p1, p2]) =
            (shifted(&sum.0), shifted(&square.0), shifted(&product.0));
        let (means, variances) = (&self.target_mean[colour][..width], &self.target_variance[colour][..width]);
        let [by_mean, by_square, by_product] = &mut self.slopes[colour];
        let (by_mean, by_square, by_product) =
            (&mut by_mean[..width], &mut by_square[..width], &mut by_product[..width]);
        let loss = &mut self.loss[..width];
        // The loss has −SSIM / 2, a colour is a third of SSIM, and a pixel is a ninth of a window mean.
        const SHARE: f32 = SSIM_SHARE / 3.0;
        const SLOPE: f32 = -SHARE / 2.0 / 9.0;
        for i in 0..width {
            let mean = (s0[i] + s1[i] + s2[i]) / 9.0;
            let other = means[i];
            let variance = (q0[i] + q1[i] + q2[i]) / 9.0 - mean * mean;
            let covariance = (p0[i] + p1[i] + p2[i]) / 9.0 - mean * other;
            let (brightness, other_brightness) = (mean + GREY, other + GREY);
            let (n1, n2) = (2.0 * brightness * other_brightness + SSIM_C1, 2.0 * covariance + SSIM_C2);
            let (d1, d2) = (
                brightness * brightness + other_brightness * other_brightness + SSIM_C1,
                variance + variances[i] + SSIM_C2,
            );
            let (inverse1, inverse2) = (1.0 / d1, 1.0 / d2);
            let inverse = inverse1 * inverse2;
            let ssim = n1 * n2 * inverse;
            loss[i] += SHARE * ((1.0 - ssim) / 2.0).clamp(0.0, 1.0);
            let slope = if ssim.abs() <= 1.0 { SLOPE } else { 0.0 };
            by_mean[i] = slope
                * 2.0
                * ((other_brightness * n2 - other * n1) * inverse
                    - ssim * (brightness * inverse1 - mean * inverse2));
            by_square[i] = -slope * ssim * inverse2;
            by_product[i] = slope * 2.0 * n1 * inverse;
        }
    }
}

/// Rows whose windows contain row `row`, each with the number of times that they do: 2 if mirroring at the image's edge
/// repeats it, 0 if there is no such row.
#[inline(always)]
pub(super) fn windows_over(row: usize, height: usize) -> [(usize, f32); 3] {
    let above = match row {
        0 => (row, 0.0),
        1 => (0, 2.0),
        _ => (row - 1, 1.0),
    };
    let below = match row {
        _ if row + 1 == height => (row, 0.0),
        _ if row + 2 == height => (row + 1, 2.0),
        _ => (row + 1, 1.0),
    };
    [above, (row, 1.0), below]
}

/// Working memory of gathering the gradient of a row of one colour from the windows around it.
pub(super) struct GradientScratch {
    sums: [Vec<f32>; 3],
}

impl GradientScratch {
    pub fn new(width: usize) -> Self {
        let sums = || vec![0.0; width + 2];
        Self { sums: [sums(), sums(), sums()] }
    }

    /// Computes the gradient of a row of `image`. `weights` are those of the windows of three rows: 0 where another source
    /// was chosen. `slopes` are the three rows of each derivative, `None` without SSIM.
    #[inline(always)]
    pub fn gather(
        &mut self,
        weights: [&[f32]; 3],
        slopes: Option<[Rows<'_>; 3]>,
        image: &[f32],
        target: &[f32],
        gradient: &mut [f32],
    ) {
        let width = image.len();
        let (target, gradient) = (&target[..width], &mut gradient[..width]);
        let [above, row, below] = weights.map(|weights| &weights[..width]);
        let l1_share = if slopes.is_some() { 1.0 - SSIM_SHARE } else { 1.0 };
        for i in 0..width {
            let sign = f32::from(image[i] > target[i]) - f32::from(image[i] < target[i]);
            gradient[i] = row[i] * sign * (l1_share / 3.0);
        }
        let Some(slopes) = slopes else { return };
        for (sums, [s0, s1, s2]) in self.sums.iter_mut().zip(slopes) {
            let (sums, s0, s1, s2) = (&mut sums[1..=width], &s0[..width], &s1[..width], &s2[..width]);
            for i in 0..width {
                sums[i] = above[i] * s0[i] + row[i] * s1[i] + below[i] * s2[i];
            }
        }
        let [mean, square, product] = &self.sums;
        let ([m0, m1, m2], [q0, q1, q2]) = (shifted(mean), shifted(square));
        let [p0, p1, p2] = shifted(product);
        for i in 0..width {
            let (by_mean, by_square) = (m0[i] + m1[i] + m2[i], q0[i] + q1[i] + q2[i]);
            gradient[i] +=
                by_mean + 2.0 * (image[i] - GREY) * by_square + (target[i] - GREY) * (p0[i] + p1[i] + p2[i]);
        }
        // By mirroring, the windows of the first and last column contain the column next to them twice.
        for (window, seen) in [(0, 1), (width - 1, width - 2)] {
            gradient[seen] += mean[window + 1]
                + 2.0 * (image[seen] - GREY) * square[window + 1]
                + (target[seen] - GREY) * product[window + 1];
        }
    }
}

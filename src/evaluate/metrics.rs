//! The seven depth metrics (Eigen et al., NIPS 2014).

use serde::{Deserialize, Serialize};

/// Errors of predicted depths against true ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DepthMetrics {
    /// Mean of |true − predicted| / true.
    pub abs_rel: f64,
    /// Mean of (true − predicted)² / true, in metres.
    pub sq_rel: f64,
    /// Root of the mean squared difference, in metres.
    pub rmse: f64,
    /// Root of the mean squared difference of natural logarithms.
    pub rmse_log: f64,
    /// Share of pixels with max(true / predicted, predicted / true) below 1.25.
    pub a1: f64,
    /// Share of pixels with that ratio below 1.25².
    pub a2: f64,
    /// Share of pixels with that ratio below 1.25³.
    pub a3: f64,
}

impl DepthMetrics {
    /// Compares depths in metres, pixel by pixel; `None` without pixels.
    ///
    /// # Panics
    /// Panics if the numbers of predicted and true depths differ.
    pub fn of(predicted: &[f32], truth: &[f32]) -> Option<Self> {
        assert_eq!(predicted.len(), truth.len(), "depths to compare");
        let mut sums = Self::default();
        let (mut squares, mut log_squares) = (0.0, 0.0);
        for (predicted, truth) in predicted.iter().zip(truth) {
            let (predicted, truth) = (f64::from(*predicted), f64::from(*truth));
            let difference = truth - predicted;
            sums.abs_rel += difference.abs() / truth;
            sums.sq_rel += difference * difference / truth;
            squares += difference * difference;
            log_squares += (truth.ln() - predicted.ln()).powi(2);
            let ratio = (truth / predicted).max(predicted / truth);
            sums.a1 += f64::from(u8::from(ratio < 1.25));
            sums.a2 += f64::from(u8::from(ratio < 1.25_f64.powi(2)));
            sums.a3 += f64::from(u8::from(ratio < 1.25_f64.powi(3)));
        }
        let count = truth.len() as f64;
        (count > 0.0).then(|| Self {
            rmse: (squares / count).sqrt(),
            rmse_log: (log_squares / count).sqrt(),
            ..sums.scaled(1.0 / count)
        })
    }

    /// Mean over images; zeros without images.
    pub fn mean<'a>(images: impl ExactSizeIterator<Item = &'a Self>) -> Self {
        let count = images.len().max(1) as f64;
        let sum = images.fold(Self::default(), |sum, image| Self {
            abs_rel: sum.abs_rel + image.abs_rel,
            sq_rel: sum.sq_rel + image.sq_rel,
            rmse: sum.rmse + image.rmse,
            rmse_log: sum.rmse_log + image.rmse_log,
            a1: sum.a1 + image.a1,
            a2: sum.a2 + image.a2,
            a3: sum.a3 + image.a3,
        });
        sum.scaled(1.0 / count)
    }

    fn scaled(self, factor: f64) -> Self {
        Self {
            abs_rel: self.abs_rel * factor,
            sq_rel: self.sq_rel * factor,
            rmse: self.rmse * factor,
            rmse_log: self.rmse_log * factor,
            a1: self.a1 * factor,
            a2: self.a2 * factor,
            a3: self.a3 * factor,
        }
    }
}

/// Mean and standard deviation (of the population, not of a sample); NaN without values.
pub(super) fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

/// Median; the mean of the middle two for an even count, NaN without values.
pub fn median(values: &[f32]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => f64::from(sorted[middle]),
        _ => (f64::from(sorted[middle - 1]) + f64::from(sorted[middle])) / 2.0,
    }
}

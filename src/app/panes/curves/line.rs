//! Metric over the steps of a run as a line: smoothed, thinned, and its value at a step.

use crate::runs::StepReport;
use egui::Color32;

/// Maximum number of points of a line; more could not be told apart.
const MAX_POINTS: usize = 1500;

/// Line of a metric over steps.
pub struct Curve {
    /// Name in the key.
    pub name: String,
    /// Colour of line and name.
    pub colour: Color32,
    /// Width, points.
    pub width: f32,
    /// Points (step, value) in the order of steps.
    pub points: Vec<[f64; 2]>,
}

impl Curve {
    /// Value at the nearest step of the line, if the line extends to this step.
    pub fn at(&self, step: f64) -> Option<f64> {
        let ([first, _], [last, _]) = (self.points.first()?, self.points.last()?);
        let next = self.points.partition_point(|[other, _]| *other < step);
        let near = [next.checked_sub(1), Some(next)].into_iter().flatten();
        let near = near.filter_map(|index| self.points.get(index));
        let nearest = near.min_by(|[a, _], [b, _]| (a - step).abs().total_cmp(&(b - step).abs()))?;
        (*first - 0.5..=*last + 0.5).contains(&step).then_some(nearest[1])
    }
}

/// Running mean of a metric, thinned to what can be seen.
pub fn smoothed(
    steps: &[StepReport],
    smoothing: f64,
    metric: impl Fn(&StepReport) -> Option<f64>,
) -> Vec<[f64; 2]> {
    let (mut mean, mut weight) = (0.0, 0.0);
    let mut points = Vec::with_capacity(steps.len());
    for report in steps {
        let Some(value) = metric(report).filter(|value| value.is_finite()) else { continue };
        // Divided by the sum of weights so far, so that the first steps are not biased towards zero.
        mean = smoothing * mean + (1.0 - smoothing) * value;
        weight = smoothing * weight + (1.0 - smoothing);
        points.push([report.step as f64, mean / weight]);
    }
    let stride = points.len().div_ceil(MAX_POINTS).max(1);
    let last = points.len().saturating_sub(1);
    let mut index = 0;
    points.retain(|_| {
        index += 1;
        (index - 1) % stride == 0 || index - 1 == last
    });
    points
}

/// Text of a value with four significant digits, for anything from learning rates to images per second.
pub fn number(value: f64) -> String {
    let places = 3 - (value.abs().max(1e-12).log10().floor() as i32).clamp(-9, 3);
    format!("{value:.*}", places as usize)
}

/// Text of a value at a mark of an axis, without trailing zeros.
pub fn axis_number(value: f64) -> String {
    let number = number(value);
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => number,
    }
}

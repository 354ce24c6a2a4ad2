//! Health checks: what commonly goes wrong in self-supervised depth, recognised by the metrics of a run's last
//! steps; each diagnosis has a likely cause, advice, and a map or curve that shows it.
//!
//! A diagnosis stops nothing: the window lists it and says it once. Only a loss or gradient that is NaN or infinite
//! pauses a run, as an error of its step (`train/run/mod.rs`).

use crate::{
    config::{Change, ObjectiveConfig, Setting},
    geometry::DepthRange,
    objective::MapName,
    runs::{Metric, StepReport},
};

/// Logged steps that are judged together: one batch may be odd, fifty in a row are not.
const WINDOW: usize = 50;
/// Steps before which most checks report nothing: fresh networks predict a flat disparity, nearly no motion, and
/// for stereo pairs lose a third of the view.
pub const WARM_UP: u64 = 200;
/// A flat wall fills an image with disparities that differ by more than this share of their mean, a
/// street by half of it or more.
const FLAT: f64 = 0.03;
/// At the default depth range, a mean disparity below this puts the scene beyond a third of the maximum depth.
const SATURATED_FAR: f64 = 0.002;
/// At the default depth range, a mean disparity above this puts the scene within 2 % of the minimum depth.
const SATURATED_NEAR: f64 = 0.98;
/// In ordinary driving a tenth to seven tenths are masked; with less than a twentieth left, a handful of
/// pixels decides everything.
const ALL_MASKED: f64 = 0.95;
/// A vanishing motion is suspicious only where most pixels are matched best without any.
const MOSTLY_MASKED: f64 = 0.7;
/// Parallax, in focal lengths, that at usual sizes is below half a pixel: interpolation hides it.
const NO_PARALLAX: f64 = 1e-3;
/// A car that drives on loses about a tenth of its view in a frame, a stereo pair about as much.
const MOSTLY_UNSEEN: f64 = 0.4;
/// Growth of the gradient norm within [`WINDOW`] steps; in a healthy run it takes hundreds of steps.
const EXPLODING: f64 = 10.0;
/// Growth of the gradient norm since the first steps that no healthy run comes near.
const OUT_OF_HAND: f64 = 1000.0;
/// Steps whose median norm is compared, so that one odd batch is no explosion.
const GRADIENT_STEPS: usize = 5;
/// Steps after which the loss of an objective must have fallen; on the built-in drive it is lower by 8 % after 100.
const MUST_FALL: u64 = 1000;
/// Number of first steps, whose mean loss is the reference.
const FIRST_STEPS: usize = 20;
/// A loss above this share of the reference has not fallen.
const NOT_FALLEN: f64 = 0.98;
/// A loss that fell before the objective was changed may stay level afterwards, but not rise above this share of the
/// reference; the means of a few batches differ by less.
const RISEN: f64 = 1.2;

/// A property of a run that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HealthCheck {
    /// The loss falls.
    Loss,
    /// The gradient does not explode.
    Gradient,
    /// The disparity is not stuck at an end of its range.
    Disparity,
    /// The disparity differs between pixels.
    Spread,
    /// The auto-mask leaves pixels that train.
    Mask,
    /// The pose network predicts that the camera moves.
    Motion,
    /// Warped pixels come from inside the sources.
    View,
}

/// Severity of a diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Possibly a problem.
    Suspicious,
    /// Nothing useful is learned while it lasts.
    Serious,
}

/// The map or curve that shows a diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A map of the current frame.
    Map(MapName),
    /// A curve over the steps.
    Curve(Metric),
}

/// A problem, in words for the person at the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// Severity while it lasts.
    pub severity: Severity,
    /// Observation, with numbers.
    pub what: String,
    /// Most frequent cause.
    pub likely_cause: &'static str,
    /// Remedy to try.
    pub advice: &'static str,
    /// Map or curve to look at.
    pub evidence: Evidence,
}

/// Current result of a check.
#[derive(Clone, Debug)]
pub struct CheckResult {
    /// Property that was checked.
    pub check: HealthCheck,
    /// Mean of the check's metric over the last steps.
    pub value: f64,
    /// Problem that was found, if any.
    pub diagnosis: Option<Diagnosis>,
}

/// Runs every check that applies and has values to judge.
///
/// `history` holds the steps of a run so far and `changes` those of its configuration, both in order; `objective` is
/// that of the last steps.
pub fn check(history: &[StepReport], changes: &[Change], objective: &ObjectiveConfig) -> Vec<CheckResult> {
    let Some(last) = history.last() else { return Vec::new() };
    let is_warm = last.step >= WARM_UP;
    let spans = spans(history, changes);
    let results =
        HealthCheck::ALL.into_iter().filter(|check| check.applies_to(objective)).filter_map(|check| {
            let comparable = if check.restarts_with_objective() { spans.last()? } else { history };
            let recent = last_of(comparable, WINDOW);
            let value = mean(recent, check.metric())?;
            let steps = StepHistory { history, spans: &spans, recent, objective, step: last.step, value };
            let is_ready = recent.len() == WINDOW && (is_warm || check.applies_to_fresh_networks());
            let diagnosis = if is_ready { check.diagnose(&steps) } else { None };
            Some(CheckResult { check, value, diagnosis })
        });
    results.collect()
}

/// Splits the steps where the objective changes, because a loss compares only with losses of the same objective. No
/// span is empty.
fn spans<'a>(history: &'a [StepReport], changes: &[Change]) -> Vec<&'a [StepReport]> {
    let (mut spans, mut rest) = (Vec::new(), history);
    for change in changes.iter().filter(|change| !matches!(change.setting, Setting::LearningRate(_))) {
        let (before, after) = rest.split_at(rest.partition_point(|report| report.step < change.step));
        spans.push(before);
        rest = after;
    }
    spans.push(rest);
    spans.retain(|span| !span.is_empty());
    spans
}

/// Steps that a check judges.
struct StepHistory<'a> {
    history: &'a [StepReport],
    /// All steps, split where the objective changes.
    spans: &'a [&'a [StepReport]],
    /// Last steps, comparable with each other.
    recent: &'a [StepReport],
    objective: &'a ObjectiveConfig,
    /// Number of the last step.
    step: u64,
    /// Mean of the check's metric over the recent steps.
    value: f64,
}

impl HealthCheck {
    /// All checks, in the order shown.
    pub const ALL: [Self; 7] =
        [Self::Loss, Self::Gradient, Self::Disparity, Self::Spread, Self::Mask, Self::Motion, Self::View];

    /// Metric that is judged.
    pub fn metric(self) -> Metric {
        match self {
            Self::Loss => Metric::Loss,
            Self::Gradient => Metric::GradientNorm,
            Self::Disparity => Metric::MeanDisparity,
            Self::Spread => Metric::DisparitySpread,
            Self::Mask => Metric::MaskedShare,
            Self::Motion => Metric::Translation,
            Self::View => Metric::OutOfView,
        }
    }

    /// Normal values, in a sentence for a tooltip.
    pub fn normal(self) -> &'static str {
        match self {
            Self::Loss => "Normal: falls quickly at first, then ever more slowly",
            Self::Gradient => "Normal: changes slowly; ten times as long within a few steps is an explosion",
            Self::Disparity => "Normal: well within 0.002 to 0.98",
            Self::Spread => "Normal: a third of the mean disparity or more; below 3 % of it, depth is flat",
            Self::Mask => "Normal: 10 % to 70 %, less as the motion gets right; above 95 % nothing trains",
            Self::Motion => "Normal: not near 0 while the camera moves; its unit is that of predicted depth",
            Self::View => "Normal: below 20 %; above 40 % depth or motion is far off",
        }
    }

    /// Tells if the check also applies before [`WARM_UP`], because fresh networks pass it.
    fn applies_to_fresh_networks(self) -> bool {
        matches!(self, Self::Gradient | Self::Disparity)
    }

    /// Tells if the metric is another quantity after a change of the objective.
    fn restarts_with_objective(self) -> bool {
        matches!(self, Self::Loss | Self::Gradient)
    }

    fn applies_to(self, objective: &ObjectiveConfig) -> bool {
        self != Self::Mask || !objective.disable_automasking
    }

    fn diagnose(self, steps: &StepHistory<'_>) -> Option<Diagnosis> {
        match self {
            Self::Loss => steps.loss(),
            Self::Gradient => steps.gradient(),
            Self::Disparity => steps.disparity(),
            Self::Spread => steps.spread(),
            Self::Mask => steps.mask(),
            Self::Motion => steps.motion(),
            Self::View => steps.view(),
        }
    }
}

impl StepHistory<'_> {
    fn loss(&self) -> Option<Diagnosis> {
        let (present, before) = self.spans.split_last()?;
        let first = mean(first_of(present, FIRST_STEPS), Metric::Loss)?;
        let start = before.last().and_then(|span| span.last()).map_or(0, |report| report.step);
        let most = if before.iter().any(|span| has_fallen(span)) { RISEN } else { NOT_FALLEN } * first;
        let when = if start == 0 {
            "at first".to_owned()
        } else {
            format!("after the change at step {}", start + 1)
        };
        (self.step >= start + MUST_FALL && self.value > most).then(|| Diagnosis {
            severity: Severity::Suspicious,
            what: format!("The loss does not fall: {first:.4} {when}, {:.4} now", self.value),
            likely_cause: "The learning rate is too low or too high, or the camera hardly moves in the data",
            advice: "Change the learning rate by a factor of three, and look whether warped sources resemble \
                     the target",
            evidence: Evidence::Curve(Metric::Loss),
        })
    }

    fn gradient(&self) -> Option<Diagnosis> {
        let (before, now) = self.recent.split_at(self.recent.len() - GRADIENT_STEPS);
        let first = median(first_of(self.history, FIRST_STEPS))?;
        let (before, now) = (median(before)?, median(now)?);
        let (earlier, when) = match now {
            _ if now > EXPLODING * before => (before, "a moment ago it was"),
            _ if now > OUT_OF_HAND * first => (first, "at first it was"),
            _ => return None,
        };
        Some(Diagnosis {
            severity: Severity::Serious,
            what: format!("The gradient explodes: its norm is {now:.3}, {when} {earlier:.3}"),
            likely_cause: "The learning rate is too high for these weights",
            advice: "Lower the learning rate to a third, or limit the gradient's norm; if the loss has jumped, \
                     go back to a checkpoint",
            evidence: Evidence::Curve(Metric::GradientNorm),
        })
    }

    fn disparity(&self) -> Option<Diagnosis> {
        let end = match self.value {
            mean if mean < SATURATED_FAR => "0: everything is as far away as it can be",
            mean if mean > SATURATED_NEAR => "1: everything is as near as it can be",
            _ => return None,
        };
        Some(Diagnosis {
            severity: Severity::Serious,
            what: format!("The disparity is stuck near {end}"),
            likely_cause: "A learning rate that is too high has driven the last layer into the flat end of \
                           its sigmoid, where no gradient passes",
            advice: "Start again, or from an earlier checkpoint, with a lower learning rate",
            evidence: Evidence::Map(MapName::Disparity(self.objective.finest_scale())),
        })
    }

    fn spread(&self) -> Option<Diagnosis> {
        let mean = mean(self.recent, Metric::MeanDisparity)?;
        (self.value < FLAT * mean).then(|| Diagnosis {
            severity: Severity::Serious,
            what: format!(
                "The disparity is nearly constant: it differs by {:.1} %",
                100.0 * self.value / mean
            ),
            likely_cause: "The frames show no parallax (the camera stands or only turns), the smoothness \
                           weighs too much, or the pose network finds no motion",
            advice: "Check that the camera moves in these frames, and lower the smoothness weight",
            evidence: Evidence::Map(MapName::Disparity(self.objective.finest_scale())),
        })
    }

    fn mask(&self) -> Option<Diagnosis> {
        (self.value > ALL_MASKED).then(|| Diagnosis {
            severity: Severity::Serious,
            what: format!("The auto-mask leaves out {:.0} % of the pixels", 100.0 * self.value),
            likely_cause: "The camera stands in most frames, or the predicted motion is so wrong that no warp \
                           beats the picture as it is",
            advice: "Leave out frames around which the camera stands (the split moving-frames), check the \
                     intrinsics, or begin without the auto-mask",
            evidence: Evidence::Map(MapName::AutoMask),
        })
    }

    fn motion(&self) -> Option<Diagnosis> {
        let masked = mean(self.recent, Metric::MaskedShare)?;
        let (offset, slope) = DepthRange::from(self.objective).coefficients();
        let inverse_depth = f64::from(offset) + f64::from(slope) * mean(self.recent, Metric::MeanDisparity)?;
        let is_still = self.value * inverse_depth < NO_PARALLAX && masked > MOSTLY_MASKED;
        let source = self.objective.temporal_sources().next()?;
        is_still.then(|| Diagnosis {
            severity: Severity::Serious,
            what: format!(
                "The predicted motion vanishes ({:.1e}) while {:.0} % of the pixels are masked",
                self.value,
                100.0 * masked
            ),
            likely_cause: "The pose network has settled on standing still: frames too close together, or a \
                           camera that stands",
            advice: "Use frames that are farther apart in time, leave out those where the camera stands, or \
                     begin from a trained pose network",
            evidence: Evidence::Map(MapName::Warped(source)),
        })
    }

    fn view(&self) -> Option<Diagnosis> {
        let source = self.objective.sources().next()?;
        (self.value > MOSTLY_UNSEEN).then(|| Diagnosis {
            severity: Severity::Serious,
            what: format!("{:.0} % of the pixels fall outside the sources", 100.0 * self.value),
            likely_cause: "The predicted motion is far too large for the predicted depth, or the intrinsics \
                           are wrong",
            advice: "Check the camera's focal lengths, lower the learning rate, and go back to a checkpoint \
                     from before the motion grew",
            evidence: Evidence::Map(MapName::Warped(source)),
        })
    }
}

fn first_of(reports: &[StepReport], count: usize) -> &[StepReport] {
    &reports[..reports.len().min(count)]
}

fn last_of(reports: &[StepReport], count: usize) -> &[StepReport] {
    &reports[reports.len().saturating_sub(count)..]
}

/// Tells if the loss is known to have fallen within these steps of one objective; false if they are too few.
fn has_fallen(span: &[StepReport]) -> bool {
    let first = mean(first_of(span, FIRST_STEPS), Metric::Loss);
    let last = mean(last_of(span, WINDOW), Metric::Loss);
    let is_known = span.len() >= FIRST_STEPS + WINDOW;
    is_known && first.zip(last).is_some_and(|(first, last)| last <= NOT_FALLEN * first)
}

fn mean(reports: &[StepReport], metric: Metric) -> Option<f64> {
    let values: Vec<f64> = reports.iter().filter_map(|report| metric.of(report)).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Median gradient norm.
fn median(reports: &[StepReport]) -> Option<f64> {
    let mut norms: Vec<f64> = reports.iter().filter_map(|report| Metric::GradientNorm.of(report)).collect();
    norms.sort_by(f64::total_cmp);
    norms.get(norms.len() / 2).copied()
}

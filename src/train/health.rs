//! What goes wrong in self-supervised depth, seen in the figures of a run's last steps, each with a likely
//! cause, advice, and where the evidence is.

use crate::{
    config::{Change, ObjectiveConfig, Setting},
    geometry::DepthRange,
    objective::MapName,
    runs::{Metric, StepReport},
};

/// Logged steps that are judged together: one batch may be odd, fifty in a row are not.
const WINDOW: usize = 50;
/// Steps before which most watches judge nothing: fresh networks begin with a flat disparity, nearly no motion,
/// and for stereo pairs with a third of the view lost.
pub const WARM_UP: u64 = 200;
/// A flat wall fills an image with disparities that differ by more than this share of their mean, a
/// street by half of it or more.
const FLAT: f64 = 0.03;
/// At the default range of depth, a mean disparity below this puts the scene beyond a third of the
/// greatest depth, and one above its counterpart within 2 % of the least.
const SATURATED_FAR: f64 = 0.002;
const SATURATED_NEAR: f64 = 0.98;
/// In ordinary driving a tenth to seven tenths are masked; with less than a twentieth left, a handful of
/// pixels decides everything.
const ALL_MASKED: f64 = 0.95;
/// A motion is doubted only where most pixels already look best without one.
const MOSTLY_MASKED: f64 = 0.7;
/// Parallax, in focal lengths, that at usual sizes is below half a pixel: interpolation hides it.
const NO_PARALLAX: f64 = 1e-3;
/// A car that drives on loses about a tenth of its view in a frame, a stereo pair about as much.
const MOSTLY_UNSEEN: f64 = 0.4;
/// The gradient of a run that learns grows manifold over hundreds of steps, not within [`WINDOW`].
const EXPLODING: f64 = 10.0;
/// Times the first steps' gradient that no run which learns comes near.
const OUT_OF_HAND: f64 = 1000.0;
/// Steps whose median is compared, so that one odd batch is no explosion.
const GRADIENT_STEPS: usize = 5;
/// Steps after which the loss of an objective must have fallen; on the built-in drive it is lower by 8 % after 100.
const MUST_FALL: u64 = 1000;
/// What the loss is compared with: the mean of so many first steps.
const FIRST_STEPS: usize = 20;
/// A loss above this share of the first one has not fallen.
const NOT_FALLEN: f64 = 0.98;
/// A loss that fell before the objective was changed may stand from then on, but not rise by more than the means of a
/// few batches differ.
const RISEN: f64 = 1.2;

/// Something that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HealthCheck {
    /// Whether the loss falls.
    Loss,
    /// Whether the gradient grows without bounds.
    Gradient,
    /// Whether the disparity is stuck at an end of its range.
    Disparity,
    /// Whether the disparity differs between pixels.
    Spread,
    /// Whether pixels are left that train.
    Mask,
    /// Whether the pose network says that the camera moves.
    Motion,
    /// Whether warped pixels come from inside the sources.
    View,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look.
    Suspicious,
    /// While it lasts, nothing useful is learned.
    Serious,
}

/// Where something can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// In a map.
    Map(MapName),
    /// In a curve.
    Curve(Metric),
}

/// Something that seems to go wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// How much it matters.
    pub severity: Severity,
    /// What is seen.
    pub what: String,
    /// What it most often comes from.
    pub likely_cause: &'static str,
    /// What to do.
    pub advice: &'static str,
    /// Where to look.
    pub evidence: Evidence,
}

/// What a watch says at present.
#[derive(Clone, Debug)]
pub struct CheckResult {
    /// What is watched.
    pub watch: HealthCheck,
    /// The present value: of the watch's figure, over the last steps.
    pub value: f64,
    /// What is wrong with it, if anything.
    pub finding: Option<Diagnosis>,
}

/// Reads every watch that has something to go by.
///
/// `history` are the steps of a run so far and `changes` those of its configuration, each in order; `objective` is
/// what the last steps pursue.
pub fn check(history: &[StepReport], changes: &[Change], objective: &ObjectiveConfig) -> Vec<CheckResult> {
    let Some(last) = history.last() else { return Vec::new() };
    let is_warm = last.step >= WARM_UP;
    let spans = spans(history, changes);
    let readings =
        HealthCheck::ALL.into_iter().filter(|watch| watch.applies_to(objective)).filter_map(|watch| {
            let comparable = if watch.follows_objective() { spans.last()? } else { history };
            let recent = last_of(comparable, WINDOW);
            let value = mean(recent, watch.figure())?;
            let seen = StepHistory { history, spans: &spans, recent, objective, step: last.step, value };
            let is_ripe = recent.len() == WINDOW && (is_warm || watch.judges_fresh_networks());
            let finding = if is_ripe { watch.finding(&seen) } else { None };
            Some(CheckResult { watch, value, finding })
        });
    readings.collect()
}

/// The steps in spans within which the loss is the same quantity: a change of the objective begins another. None is
/// empty.
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

/// What a watch judges.
struct StepHistory<'a> {
    history: &'a [StepReport],
    /// The steps by the objective that they pursue.
    spans: &'a [&'a [StepReport]],
    /// The last steps that can be compared with each other.
    recent: &'a [StepReport],
    objective: &'a ObjectiveConfig,
    step: u64,
    /// The mean of the watch's figure over the recent steps.
    value: f64,
}

impl HealthCheck {
    /// Every watch, in the order shown.
    pub const ALL: [Self; 7] =
        [Self::Loss, Self::Gradient, Self::Disparity, Self::Spread, Self::Mask, Self::Motion, Self::View];

    /// The figure that it goes by.
    pub fn figure(self) -> Metric {
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

    /// What is normal, in a sentence for a tooltip.
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

    /// Whether it finds what no network begins with.
    fn judges_fresh_networks(self) -> bool {
        matches!(self, Self::Gradient | Self::Disparity)
    }

    /// Whether its figure is another quantity after a change of the objective.
    fn follows_objective(self) -> bool {
        matches!(self, Self::Loss | Self::Gradient)
    }

    fn applies_to(self, objective: &ObjectiveConfig) -> bool {
        self != Self::Mask || !objective.disable_automasking
    }

    fn finding(self, seen: &StepHistory<'_>) -> Option<Diagnosis> {
        match self {
            Self::Loss => seen.loss(),
            Self::Gradient => seen.gradient(),
            Self::Disparity => seen.disparity(),
            Self::Spread => seen.spread(),
            Self::Mask => seen.mask(),
            Self::Motion => seen.motion(),
            Self::View => seen.view(),
        }
    }
}

impl StepHistory<'_> {
    fn loss(&self) -> Option<Diagnosis> {
        let (present, before) = self.spans.split_last()?;
        let first = mean(first_of(present, FIRST_STEPS), Metric::Loss)?;
        let begun = before.last().and_then(|span| span.last()).map_or(0, |report| report.step);
        let most = if before.iter().any(|span| has_fallen(span)) { RISEN } else { NOT_FALLEN } * first;
        let when = if begun == 0 {
            "at first".to_owned()
        } else {
            format!("after the change at step {}", begun + 1)
        };
        (self.step >= begun + MUST_FALL && self.value > most).then(|| Diagnosis {
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

/// Whether the loss fell within steps of one objective, as far as so few of them can tell.
fn has_fallen(span: &[StepReport]) -> bool {
    let first = mean(first_of(span, FIRST_STEPS), Metric::Loss);
    let last = mean(last_of(span, WINDOW), Metric::Loss);
    let is_told = span.len() >= FIRST_STEPS + WINDOW;
    is_told && first.zip(last).is_some_and(|(first, last)| last <= NOT_FALLEN * first)
}

fn mean(reports: &[StepReport], figure: Metric) -> Option<f64> {
    let values: Vec<f64> = reports.iter().filter_map(|report| figure.of(report)).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The median length of the gradient.
fn median(reports: &[StepReport]) -> Option<f64> {
    let mut norms: Vec<f64> = reports.iter().filter_map(|report| Metric::GradientNorm.of(report)).collect();
    norms.sort_by(f64::total_cmp);
    norms.get(norms.len() / 2).copied()
}

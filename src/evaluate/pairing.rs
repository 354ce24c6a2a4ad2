//! Pairs of predicted and true poses of two files.

use crate::data::poses::{Key, Poses};
use anyhow::{Result, ensure};
use glam::DAffine3;
use serde::Serialize;
use std::{collections::BTreeMap, fmt};

/// Largest difference between the times of poses that are compared, seconds.
const MAX_TIME_DIFFERENCE: f64 = 0.02;

/// Criterion of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PairedBy {
    /// Nearest times.
    Time,
    /// Equal frame numbers.
    Frame,
    /// Equal numbers of the rows.
    Row,
}

/// Number of pairs of two files, and what they are paired by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pairing {
    /// Criterion of a pair.
    pub by: PairedBy,
    /// Number of pairs.
    pub pairs: usize,
    /// Number of predicted poses.
    pub predicted: usize,
    /// Number of true poses.
    pub truth: usize,
    /// First time of the predicted poses in seconds, or their first frame or row.
    pub first_predicted: f64,
    /// First time, frame or row of the true poses.
    pub first_true: f64,
    /// True if frame numbers are taken as counted from 1, because the other file has as many rows as the last number.
    pub counts_from_one: bool,
}

impl fmt::Display for Pairing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pairs, predicted, truth, first_predicted, first_true, .. } = self;
        write!(formatter, "{pairs} of {predicted} poses paired ")?;
        match self.by {
            PairedBy::Time => write!(
                formatter,
                "within {:.0} ms with {truth} true ones; first times {first_predicted:.6} s and {first_true:.6} s",
                1000.0 * MAX_TIME_DIFFERENCE
            ),
            PairedBy::Frame => write!(
                formatter,
                "by frame number with {truth} true ones; first frames {first_predicted:.0} and {first_true:.0}{}",
                if self.counts_from_one { " (the same: one file counts from 1)" } else { "" }
            ),
            PairedBy::Row => write!(formatter, "line by line with {truth} true ones"),
        }
    }
}

/// Poses to compare, pair by pair.
#[derive(Clone, Debug, PartialEq)]
pub struct PosePairs {
    /// Predicted poses.
    pub predicted: Vec<DAffine3>,
    /// True poses.
    pub truth: Vec<DAffine3>,
    /// Origin of the pairs.
    pub pairing: Pairing,
}

impl PosePairs {
    /// Pairs the poses of two files: by time if both have times, by frame number if one has them, else line by line.
    ///
    /// # Errors
    /// There are fewer than two pairs, or files without a common criterion have different numbers of rows.
    pub fn new(predicted: &Poses, truth: &Poses) -> Result<Self> {
        let pairs = match (&predicted.times, &truth.times) {
            (Some(times), Some(true_times)) => Self::by_time((predicted, times), (truth, true_times)),
            _ => Self::by_number(predicted, truth)?,
        };
        let Pairing { pairs: count, first_predicted, first_true, .. } = pairs.pairing;
        let step = |poses: &Poses| {
            let times = poses.times.as_ref().filter(|times| times.len() > 1)?;
            Some((times.last()? - times.first()?) / (times.len() - 1) as f64)
        };
        let advice = match (step(predicted), step(truth)) {
            (Some(step), Some(true_step)) => format!(
                ": their times begin {:.3} s apart and advance by {step:.3} and {true_step:.3} s; do both files \
                 count time from the same moment, in the same unit?",
                (first_predicted - first_true).abs()
            ),
            _ => "; a path needs two poses to be compared".to_owned(),
        };
        ensure!(count > 1, "{}{advice}", pairs.pairing);
        Ok(pairs)
    }

    /// Pairs each pose of the shorter list with the nearest of the longer; none is in two pairs.
    fn by_time((predicted, times): (&Poses, &[f64]), (truth, true_times): (&Poses, &[f64])) -> Self {
        let is_swapped = times.len() > true_times.len();
        let (few, many) = if is_swapped { (true_times, times) } else { (times, true_times) };
        let mut partners: BTreeMap<usize, (f64, usize)> = BTreeMap::new();
        for (index, time) in few.iter().enumerate() {
            let after = many.partition_point(|other| other < time);
            let around = [after.checked_sub(1), Some(after).filter(|after| *after < many.len())];
            let differences = around.into_iter().flatten().map(|other| ((many[other] - time).abs(), other));
            let Some((difference, other)) = differences.min_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
            // A nanosecond for the rounding of the times.
            let is_nearer = partners.get(&other).is_none_or(|(nearest, _)| difference < *nearest);
            if difference <= MAX_TIME_DIFFERENCE + 1e-9 && is_nearer {
                partners.insert(other, (difference, index));
            }
        }
        let indices =
            partners.into_iter().map(|(many, (_, few))| if is_swapped { (many, few) } else { (few, many) });
        let first = |times: &[f64]| times.first().copied().unwrap_or_default();
        Self::of(indices, (predicted, truth), PairedBy::Time, [first(times), first(true_times)])
    }

    fn by_number(predicted: &Poses, truth: &Poses) -> Result<Self> {
        let has_frames = |poses: &Poses| poses.columns.key == Key::Frame;
        let has_times = predicted.times.is_some() || truth.times.is_some();
        let by = if !has_times && (has_frames(predicted) || has_frames(truth)) {
            PairedBy::Frame
        } else {
            PairedBy::Row
        };
        ensure!(
            by == PairedBy::Frame || predicted.row_count == truth.row_count,
            "{} predicted poses cannot be compared with {} true ones line by line ({}; {}): give both files times, or \
             write the frame number first in each line of the shorter (13 numbers)",
            predicted.row_count,
            truth.row_count,
            predicted.columns,
            truth.columns
        );
        fn numbers(poses: &Poses, by: PairedBy) -> &[u32] {
            if by == PairedBy::Frame { &poses.frames } else { &poses.rows }
        }
        let (numbers, true_numbers) = (numbers(predicted, by), numbers(truth, by));
        let first = |numbers: &[u32]| numbers.iter().min().copied().unwrap_or_default();
        let last = |numbers: &[u32]| numbers.iter().max().copied().unwrap_or_default();
        // Frame N of N rows exists only if numbers count from 1.
        let offset = |numbers: &[u32], other: &Poses| {
            let counts_from_one = by == PairedBy::Frame
                && !has_frames(other)
                && first(numbers) >= 1
                && last(numbers) as usize == other.row_count;
            u32::from(counts_from_one)
        };
        let (offset, true_offset) = (offset(numbers, truth), offset(true_numbers, predicted));
        let by_number: BTreeMap<u32, usize> =
            true_numbers.iter().map(|number| number - true_offset).zip(0..).collect();
        let indices = numbers.iter().enumerate();
        let indices =
            indices.filter_map(|(index, number)| Some((index, *by_number.get(&(number - offset))?)));
        let firsts = [numbers, true_numbers].map(|numbers| f64::from(first(numbers)));
        let mut pairs = Self::of(indices, (predicted, truth), by, firsts);
        pairs.pairing.counts_from_one = offset + true_offset > 0;
        Ok(pairs)
    }

    fn of(
        indices: impl Iterator<Item = (usize, usize)>,
        (predicted, truth): (&Poses, &Poses),
        by: PairedBy,
        [first_predicted, first_true]: [f64; 2],
    ) -> Self {
        let pairs = indices.map(|(index, true_index)| (predicted.poses[index], truth.poses[true_index]));
        let (predicted_poses, true_poses): (Vec<_>, Vec<_>) = pairs.unzip();
        let pairing = Pairing {
            by,
            pairs: predicted_poses.len(),
            predicted: predicted.poses.len(),
            truth: truth.poses.len(),
            first_predicted,
            first_true,
            counts_from_one: false,
        };
        Self { predicted: predicted_poses, truth: true_poses, pairing }
    }
}

//! Order of poses in time: units, sorting, and equal times.

use super::path::Poses;
use crate::data::{RemarkKind, Remarks};

/// Least times in milli-, micro- and nanoseconds, where they count from 1970 (years 1973 and later), with the units per
/// second.
const SINCE_1970: [(f64, f64, &str); 3] = [
    (1e17, 1e9, "times in nanoseconds"),
    (1e14, 1e6, "times in microseconds"),
    (1e11, 1e3, "times in milliseconds"),
];
/// Least steps between poses in nano- and microseconds, where times count from elsewhere: as seconds they would be a
/// quarter of an hour.
const STEPS: [(f64, f64, &str); 2] =
    [(1e6, 1e9, "times in nanoseconds"), (1e3, 1e6, "times in microseconds")];

/// Sorts poses by time or by frame number, keeps one of those with the same, and converts times to seconds.
///
/// # Errors
/// Most poses have no time of their own.
pub fn sort(read: &mut Poses) -> Result<(), String> {
    let keys: Vec<f64> = match &read.times {
        Some(times) => times.clone(),
        None => read.frames.iter().map(|frame| f64::from(*frame)).collect(),
    };
    let what = if read.times.is_some() { "time" } else { "frame number" };
    let mut latest = f64::NEG_INFINITY;
    for (key, line) in keys.iter().zip(&read.lines) {
        if *key < latest {
            let remark = format!("rows sorted by {what}");
            read.remarks.add(RemarkKind::Numbered, None, &remark, &format!("line {line}"));
        }
        latest = latest.max(*key);
    }
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|a, b| keys[*a].total_cmp(&keys[*b]));
    let mut kept: Vec<usize> = Vec::with_capacity(order.len());
    for index in order {
        if kept.last().is_some_and(|last| keys[*last] == keys[index]) {
            let remark = format!("rows with the {what} of another left out");
            let line = format!("line {}", read.lines[index]);
            read.remarks.add(RemarkKind::LeftOut, None, &remark, &line);
        } else {
            kept.push(index);
        }
    }
    if let ([only], true) = (&kept[..], keys.len() > 1) {
        return Err(format!(
            "all its {} rows have the {what} {}, so that their order is unknown: write the time of each pose with \
             fractions of a second",
            keys.len(),
            keys[*only]
        ));
    }
    if 2 * kept.len() < keys.len() {
        return Err(format!(
            "only {} of its {} rows have a {what} of their own: were times cut to whole seconds or to 32 bits? Write \
             them with all digits",
            kept.len(),
            keys.len()
        ));
    }
    read.select(&kept);
    if let Some(times) = &mut read.times {
        convert(times, &mut read.remarks);
    }
    Ok(())
}

/// Converts sorted times to seconds.
fn convert(times: &mut [f64], remarks: &mut Remarks) {
    let mut steps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let middle = steps.len() / 2;
    let step = if steps.is_empty() { 0.0 } else { *steps.select_nth_unstable_by(middle, f64::total_cmp).1 };
    let first = times.first().copied().unwrap_or_default();
    let by = |units: &[(f64, f64, &'static str)], value: f64| {
        units.iter().find(|(least, ..)| value >= *least).map(|(_, per_second, what)| (*per_second, *what))
    };
    let Some((per_second, what)) = by(&SINCE_1970, first).or_else(|| by(&STEPS, step)) else { return };
    times.iter_mut().for_each(|time| *time /= per_second);
    remarks.add_all(RemarkKind::Assumed, None, what, times.len());
}

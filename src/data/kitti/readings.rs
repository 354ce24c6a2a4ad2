//! GPS and inertial readings of a drive: those that can be believed, and what is left out.

use super::oxts::Oxts;
use crate::data::{DataError, Drive, RemarkKind, Remarks};
use std::{collections::BTreeMap, ops::Range, path::Path};

/// Step from a frame to the next that is never taken for a jump, metres: 720 km/h at ten frames a second.
const STEP_METRES: f64 = 20.0;
/// Steps as large as so many median ones are no jumps either, where the recording has fewer frames a second.
const MEDIAN_STEPS: f64 = 10.0;
/// Largest way from a frame to the next over frames without readings, in median steps.
const GAP_STEPS: f64 = 3.0;
/// Speed that no car has, metres per second.
const MAX_SPEED: f64 = 100.0;
/// Step from a frame to the next that no car makes at ten frames a second, metres.
const MAX_STEP_METRES: f64 = 10.0;
/// Speed above which the position changes from frame to frame, metres per second.
const DRIVING_SPEED: f64 = 2.0;

/// Readings of a drive.
#[derive(Default)]
pub struct DriveReadings {
    /// Readings by frame number.
    pub by_frame: BTreeMap<u32, Oxts>,
    /// Readings that are left out or doubtful.
    pub remarks: Remarks,
}

impl DriveReadings {
    /// Reads the files of a drive's frames in `oxts/data`. Readings that cannot be read, and those whose position
    /// jumps, are left out with a remark.
    ///
    /// # Errors
    /// There are files but none can be read: the error of the first.
    pub fn read(folder: &Path, drive: &Drive) -> Result<Self, DataError> {
        let mut all = Self::default();
        let mut first_error = None;
        for frame in drive.frames.clone() {
            let file = folder.join(file_name(frame));
            if !file.is_file() {
                continue;
            }
            match Oxts::read(&file) {
                Ok(reading) => {
                    all.by_frame.insert(frame, reading);
                }
                Err(error) => {
                    let reason = error.reason().map_or_else(|| error.to_string(), str::to_owned);
                    let what = "unusable readings of GPS and motion left out";
                    all.remark(RemarkKind::LeftOut, drive, what, &format!("{}: {reason}", file_name(frame)));
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            Some(error) if all.by_frame.is_empty() => return Err(error),
            _ => {}
        }
        all.leave_out_jumps(drive);
        all.doubt(drive);
        Ok(all)
    }

    fn remark(&mut self, kind: RemarkKind, drive: &Drive, what: &str, example: &str) {
        self.remarks.add(kind, Some(&drive.folder), what, example);
    }

    /// Keeps the longest run of readings without a jump, and the runs before and after it that a car reaches from
    /// there.
    fn leave_out_jumps(&mut self, drive: &Drive) {
        let readings: Vec<(u32, Oxts)> =
            self.by_frame.iter().map(|(frame, reading)| (*frame, *reading)).collect();
        let median = median_step(&readings);
        let jump = |before: usize, after: usize| {
            let ((start, from), (end, to)) = (&readings[before], &readings[after]);
            let gap = f64::from(end - start - 1);
            let metres = distance(from, to);
            (metres > STEP_METRES.max(MEDIAN_STEPS * median) + gap * GAP_STEPS * median).then_some(metres)
        };
        let mut runs: Vec<Range<usize>> = Vec::new();
        for index in 0..readings.len() {
            match runs.last_mut() {
                Some(run) if jump(index - 1, index).is_none() => run.end = index + 1,
                _ => runs.push(index..index + 1),
            }
        }
        // The first of equally long runs.
        let Some(trusted) = (0..runs.len()).rev().max_by_key(|index| runs[*index].len()) else { return };
        let mut left_out = |run: &Range<usize>, metres: f64| {
            for (frame, _) in &readings[run.clone()] {
                self.by_frame.remove(frame);
                let example = format!("{}: {metres:.0} m off", file_name(*frame));
                let what = "readings of GPS and motion left out, because the position jumps";
                self.remarks.add(RemarkKind::LeftOut, Some(&drive.folder), what, &example);
            }
        };
        let mut end = runs[trusted].end;
        for run in &runs[trusted + 1..] {
            match jump(end - 1, run.start) {
                Some(metres) => left_out(run, metres),
                None => end = run.end,
            }
        }
        let mut start = runs[trusted].start;
        for run in runs[..trusted].iter().rev() {
            match jump(run.end - 1, start) {
                Some(metres) => left_out(run, metres),
                None => start = run.start,
            }
        }
    }

    /// Remarks on readings that are used although they look wrong.
    fn doubt(&mut self, drive: &Drive) {
        let readings: Vec<(u32, Oxts)> =
            self.by_frame.iter().map(|(frame, reading)| (*frame, *reading)).collect();
        let mut before: Option<(u32, Oxts)> = None;
        for (frame, reading) in readings {
            let name = file_name(frame);
            if reading.satellites == 0 {
                let what = "readings without a satellite: their positions follow from the motion alone";
                self.remark(RemarkKind::Doubtful, drive, what, &name);
            }
            let speed = reading.forward_speed;
            if speed.abs() > MAX_SPEED {
                let example = format!("{name}: {speed:.1} m/s");
                self.remark(RemarkKind::Doubtful, drive, "readings of a speed above 360 km/h", &example);
            }
            if let Some((last, from)) = before {
                let same = (from.latitude, from.longitude) == (reading.latitude, reading.longitude);
                if same && speed.abs() > DRIVING_SPEED {
                    let what = "readings of a position that stands still while the car drives";
                    self.remark(RemarkKind::Doubtful, drive, what, &name);
                }
                let step = distance(&from, &reading) / f64::from(frame - last);
                if step > MAX_STEP_METRES {
                    let what = "readings of a position more than 10 m from the frame before";
                    let example = format!("{name}: {step:.1} m");
                    self.remark(RemarkKind::Doubtful, drive, what, &example);
                }
            }
            before = Some((frame, reading));
        }
    }
}

fn file_name(frame: u32) -> String {
    format!("{frame:010}.txt")
}

/// Distance of two positions, metres.
fn distance(from: &Oxts, to: &Oxts) -> f64 {
    let position = |reading: &Oxts| reading.world_from_sensor(from).translation;
    position(from).distance(position(to))
}

/// Median of the steps from a frame to the next, metres; 0 for fewer than two readings.
fn median_step(readings: &[(u32, Oxts)]) -> f64 {
    let step = |pair: &[(u32, Oxts)]| distance(&pair[0].1, &pair[1].1) / f64::from(pair[1].0 - pair[0].0);
    let mut steps: Vec<f64> = readings.windows(2).map(step).collect();
    let middle = steps.len() / 2;
    if steps.is_empty() { 0.0 } else { *steps.select_nth_unstable_by(middle, f64::total_cmp).1 }
}

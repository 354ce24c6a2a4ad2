//! Drawing and training at once on one device, as in the window.

use super::{
    drawing::OffscreenWindow,
    median::median,
    setup::BenchSetup,
    timing::{Timing, Together},
    work::{Steps, wait_for},
};
use crate::compute::{DisplayDevice, throttle_waits};
use anyhow::{Result, anyhow};
use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// A screen shows no more.
const FRAME: Duration = Duration::from_micros(16_667);
/// Frames after which enough are known to say which of a hundred is the slowest...
const ENOUGH_FRAMES: usize = 200;
/// ...if they are not longer in coming than so for each step that is asked for.
const LONG_ENOUGH: Duration = Duration::from_secs(2);

/// Times frames while steps run, and steps with and without frames.
pub(super) fn together(setup: &BenchSetup) -> Result<Timing> {
    let display = match setup.compute.display.clone() {
        Some(display) => display,
        None => DisplayDevice::request()?,
    };
    let mut frames = OffscreenWindow::new(setup, display)?;
    frames.draw_all()?;
    let alone: Vec<f64> = (0..setup.runs).map(|_| milliseconds(&mut frames)).collect::<Result<_>>()?;
    let (may_end, (progress, receiver)) = (&AtomicBool::new(false), mpsc::channel());
    thread::scope(|scope| {
        let steps = scope.spawn(move || timed_steps(setup, &progress, may_end));
        // Steps that fail say so where they are joined, also before the first.
        let timed = receiver.recv().map_or(Ok((Vec::new(), 0)), |()| {
            timed_frames(setup, &mut frames, &receiver, || steps.is_finished())
        });
        may_end.store(true, Ordering::Relaxed);
        let steps = steps.join().map_err(|_| anyhow!("the steps panicked"))??;
        let (times, waits) = timed?;
        Ok(timing(times, alone, waits, &steps))
    })
}

struct StepTimes {
    alone: f64,
    together: f64,
    count: usize,
}

/// Steps alone, then steps until they may end; each of these is told, and that they begin.
fn timed_steps(setup: &BenchSetup, progress: &mpsc::Sender<()>, may_end: &AtomicBool) -> Result<StepTimes> {
    // Nobody listens any more if a frame could not be drawn.
    let tell = || _ = progress.send(());
    let mut steps = Steps::new(setup)?;
    steps.take()?;
    wait_for(&setup.compute.device)?;

    let started = Instant::now();
    for _ in 0..setup.runs {
        steps.take()?;
    }
    wait_for(&setup.compute.device)?;
    let alone = started.elapsed().as_secs_f64() / setup.runs as f64;

    tell();
    let (started, mut count) = (Instant::now(), 0);
    while count == 0 || !may_end.load(Ordering::Relaxed) {
        steps.take()?;
        count += 1;
        tell();
    }
    wait_for(&setup.compute.device)?;
    Ok(StepTimes { alone, together: started.elapsed().as_secs_f64() / count as f64, count })
}

/// Milliseconds of frames while at least as many steps are taken as are asked for, and the launches that were
/// held up meanwhile.
fn timed_frames(
    setup: &BenchSetup,
    frames: &mut OffscreenWindow,
    steps: &mpsc::Receiver<()>,
    has_ended: impl Fn() -> bool,
) -> Result<(Vec<f64>, u64)> {
    let (began, waits) = (Instant::now(), throttle_waits());
    let (mut times, mut taken) = (Vec::new(), 0);
    let is_enough = |taken: usize, frames: usize| {
        let is_late = began.elapsed() > LONG_ENOUGH * setup.runs as u32;
        taken >= setup.runs && (frames >= ENOUGH_FRAMES || is_late)
    };
    while !is_enough(taken, times.len()) && !has_ended() {
        let frame = Instant::now();
        times.push(milliseconds(frames)?);
        thread::sleep(FRAME.saturating_sub(frame.elapsed()));
        taken += steps.try_iter().count();
    }
    Ok((times, throttle_waits() - waits))
}

fn milliseconds(frames: &mut OffscreenWindow) -> Result<f64> {
    Ok(1e3 * frames.draw_all()?.as_secs_f64())
}

fn timing(mut times: Vec<f64>, alone: Vec<f64>, throttle_waits: u64, steps: &StepTimes) -> Timing {
    times.sort_by(f64::total_cmp);
    let percentile = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    let together = Together {
        frames: times.len(),
        frame_p50_milliseconds: percentile(50),
        frame_p99_milliseconds: percentile(99),
        frame_alone_milliseconds: median(alone),
        steps: steps.count,
        step_seconds: steps.together,
        step_alone_seconds: steps.alone,
        step_slowdown: steps.together / steps.alone,
        throttle_waits,
    };
    Timing {
        seconds: 1e-3 * percentile(50),
        least_seconds: 1e-3 * times[0],
        most_seconds: 1e-3 * times[times.len() - 1],
        images: 1,
        launches: None,
        floor: None,
        kernels: None,
        together: Some(together),
    }
}

//! Timing frames and training steps that run concurrently on one device, as in the window.

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

/// Time between two frames at 60 frames per second.
const FRAME_INTERVAL: Duration = Duration::from_micros(16_667);
/// Number of frames that is enough for a 99th percentile.
const ENOUGH_FRAMES: usize = 200;
/// Time for each requested step after which fewer frames are enough.
const TIME_LIMIT_PER_STEP: Duration = Duration::from_secs(2);

/// Times frames while steps run, and steps with and without frames.
pub(super) fn together(setup: &BenchSetup) -> Result<Timing> {
    let display = match setup.compute.display.clone() {
        Some(display) => display,
        None => DisplayDevice::request()?,
    };
    let mut frames = OffscreenWindow::new(setup, display)?;
    frames.draw_all()?;
    let alone: Vec<f64> = (0..setup.runs).map(|_| milliseconds(&mut frames)).collect::<Result<_>>()?;
    let may_end = &AtomicBool::new(false);
    #[expect(
        clippy::disallowed_methods,
        reason = "a step must not wait for a frame, and its messages are empty"
    )]
    let (progress, receiver) = mpsc::channel();
    thread::scope(|scope| {
        let steps = scope.spawn(move || timed_steps(setup, &progress, may_end));
        // If the steps fail, also before the first, joining their thread returns the error.
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

/// Times steps alone, then steps until `may_end`; sends a message when the latter begin, and after each of them.
fn timed_steps(setup: &BenchSetup, progress: &mpsc::Sender<()>, may_end: &AtomicBool) -> Result<StepTimes> {
    // The receiver is gone if a frame could not be drawn.
    let notify = || _ = progress.send(());
    let mut steps = Steps::new(setup)?;
    steps.make()?;
    wait_for(&setup.compute.device)?;

    let started = Instant::now();
    for _ in 0..setup.runs {
        steps.make()?;
    }
    wait_for(&setup.compute.device)?;
    let alone = started.elapsed().as_secs_f64() / setup.runs as f64;

    notify();
    let (started, mut count) = (Instant::now(), 0);
    while count == 0 || !may_end.load(Ordering::Relaxed) {
        steps.make()?;
        count += 1;
        notify();
    }
    wait_for(&setup.compute.device)?;
    Ok(StepTimes { alone, together: started.elapsed().as_secs_f64() / count as f64, count })
}

/// Draws frames until as many steps as requested were made; returns the milliseconds of the frames, and the number of
/// launches that were delayed meanwhile.
fn timed_frames(
    setup: &BenchSetup,
    frames: &mut OffscreenWindow,
    steps: &mpsc::Receiver<()>,
    has_ended: impl Fn() -> bool,
) -> Result<(Vec<f64>, u64)> {
    let (began, waits) = (Instant::now(), throttle_waits());
    let (mut times, mut taken) = (Vec::new(), 0);
    let is_enough = |taken: usize, frames: usize| {
        let is_late = began.elapsed() > TIME_LIMIT_PER_STEP * setup.runs as u32;
        taken >= setup.runs && (frames >= ENOUGH_FRAMES || is_late)
    };
    while !is_enough(taken, times.len()) && !has_ended() {
        let frame = Instant::now();
        times.push(milliseconds(frames)?);
        thread::sleep(FRAME_INTERVAL.saturating_sub(frame.elapsed()));
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
        min_seconds: 1e-3 * times[0],
        max_seconds: 1e-3 * times[times.len() - 1],
        images: 1,
        launches: None,
        floor: None,
        kernels: None,
        together: Some(together),
    }
}

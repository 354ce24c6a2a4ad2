//! Health checks diagnose what goes wrong in a run by its metrics, and nothing in a healthy run.

use crate::session::{interrupted, next, open_demo, session, small};
use monoscope::{
    config::{Change, FrameId, ObjectiveConfig, Setting},
    objective::MapName,
    runs::{Metric, PredictionStatistics, StepReport},
    session::{Command, Event, OnRun, RunEffect},
    train::health::{Diagnosis, Evidence, HealthCheck, Severity, check},
};

/// A run that learns: the loss falls, the mask opens, the disparity spreads.
pub fn healthy(steps: u64) -> Vec<StepReport> {
    let report = |step: u64| {
        let progress = step as f32 / 1500.0;
        StepReport {
            step,
            loss: 0.2 - 0.08 * progress.min(1.0),
            gradient_norm: 1.0 + 0.5 * (step as f32 * 0.7).sin(),
            masked_share: 0.6 - 0.4 * progress.min(1.0),
            statistics: Some(PredictionStatistics {
                disparity_mean: 0.2,
                disparity_spread: 0.08,
                translation: Some(0.01),
                out_of_view_share: 0.06,
            }),
            ..StepReport::default()
        }
    };
    (1..=steps).map(report).collect()
}

/// Diagnoses of a healthy run whose last 60 steps were spoiled.
fn found(
    steps: u64,
    spoil: impl Fn(&mut StepReport, &mut PredictionStatistics),
) -> Vec<(HealthCheck, Diagnosis)> {
    let mut history = healthy(steps);
    let from = history.len() - 60;
    for report in &mut history[from..] {
        let mut statistics = report.statistics.unwrap();
        spoil(report, &mut statistics);
        report.statistics = Some(statistics);
    }
    let readings = check(&history, &[], &ObjectiveConfig::default());
    readings.into_iter().filter_map(|reading| Some((reading.check, reading.diagnosis?))).collect()
}

#[test]
fn nothing_is_found_in_a_healthy_run_at_any_step() {
    let history = healthy(3000);
    for end in 0..history.len() {
        for reading in check(&history[..end], &[], &ObjectiveConfig::default()) {
            assert_eq!(reading.diagnosis, None, "step {end}");
        }
    }
    let readings = check(&history, &[], &ObjectiveConfig::default());
    assert_eq!(readings.iter().map(|reading| reading.check).collect::<Vec<_>>(), HealthCheck::ALL);
}

/// Diagnoses of a run with this loss at each step, after these changes.
fn watched(losses: impl Fn(u64) -> f32, steps: u64, changes: &[Change]) -> Vec<String> {
    let mut history = healthy(steps);
    history.iter_mut().for_each(|report| report.loss = losses(report.step));
    let readings = check(&history, changes, &ObjectiveConfig::default());
    readings.into_iter().filter_map(|reading| Some(reading.diagnosis?.what)).collect()
}

#[test]
fn a_loss_is_compared_only_with_that_of_the_same_objective() {
    let at = |step, setting| Change { step, setting };
    let falling = |step: u64| 0.2 - 0.08 * (step as f32 / 1500.0).min(1.0);
    // Without SSIM the loss is another quantity, here a greater one, which need not fall further.
    let jumping = |step| if step < 1200 { falling(step) } else { 0.3 };
    let jump = [at(1200, Setting::NoSsim(true))];
    for steps in [1199, 1200, 1249, 1250, 2000, 2199, 2200, 4000] {
        assert_eq!(watched(jumping, steps, &jump), [""; 0], "step {steps}");
    }
    assert_eq!(watched(jumping, 1500, &[]).len(), 1, "without a change it is a finding");
    let of_rate = [at(1200, Setting::LearningRate(1e-5))];
    assert_eq!(watched(jumping, 1500, &of_rate).len(), 1, "the rate does not change what the loss is");

    // A loss that fell under no objective, or rises under the current one, is still diagnosed, but only later.
    let never = |step| if step < 1200 { 0.2 } else { 0.3 };
    assert_eq!(watched(never, 2100, &jump), [""; 0]);
    let found = watched(never, 2200, &jump);
    assert!(found.len() == 1 && found[0].contains("after the change at step 1200"), "{found:?}");
    let rising = |step| if step < 2000 { jumping(step) } else { 0.45 };
    assert_eq!(watched(rising, 2500, &jump).len(), 1);

    // Gradients of two objectives make no explosion either.
    let mut history = healthy(1252);
    history[1199..].iter_mut().for_each(|report| report.gradient_norm *= 30.0);
    let found = |steps: usize, changes: &[Change]| {
        let readings = check(&history[..steps], changes, &ObjectiveConfig::default());
        readings.iter().filter(|reading| reading.diagnosis.is_some()).count()
    };
    assert_eq!([1203, 1220, 1252].map(|steps| found(steps, &jump)), [0; 3]);
    assert_eq!(found(1203, &[]), 1);
}

#[test]
fn every_watch_finds_what_it_watches_for() {
    type Spoil = fn(&mut StepReport, &mut PredictionStatistics);
    let disparity = Evidence::Map(MapName::Disparity(0));
    let warped = Evidence::Map(MapName::Warped(FrameId::PREVIOUS));
    let cases: [(HealthCheck, Evidence, Spoil); 8] = [
        (HealthCheck::Loss, Evidence::Curve(Metric::Loss), |report, _| report.loss = 0.2),
        (HealthCheck::Gradient, Evidence::Curve(Metric::GradientNorm), |report, _| {
            if report.step > 1495 {
                report.gradient_norm = 40.0;
            }
        }),
        (HealthCheck::Disparity, disparity, |_, statistics| statistics.disparity_mean = 0.99),
        (HealthCheck::Disparity, disparity, |_, statistics| {
            (statistics.disparity_mean, statistics.disparity_spread) = (1e-3, 1e-3);
        }),
        (HealthCheck::Spread, disparity, |_, statistics| statistics.disparity_spread = 0.001),
        (HealthCheck::Mask, Evidence::Map(MapName::AutoMask), |report, _| report.masked_share = 0.97),
        (HealthCheck::Motion, warped, |report, statistics| {
            (report.masked_share, statistics.translation) = (0.8, Some(1e-5));
        }),
        (HealthCheck::View, warped, |_, statistics| statistics.out_of_view_share = 0.7),
    ];
    for (health_check, evidence, spoil) in cases {
        let found = found(1500, spoil);
        let [(finder, finding)] = &found[..] else { panic!("{health_check:?}: {found:?}") };
        assert_eq!((*finder, finding.evidence), (health_check, evidence));
        assert_eq!(finding.severity == Severity::Suspicious, health_check == HealthCheck::Loss);
    }
}

#[test]
fn fresh_networks_odd_batches_and_old_logs_are_no_findings() {
    let flat =
        |_: &mut StepReport, statistics: &mut PredictionStatistics| statistics.disparity_spread = 0.001;
    assert_eq!(found(150, flat).len(), 0, "fresh networks are flat");
    let stuck = |_: &mut StepReport, statistics: &mut PredictionStatistics| statistics.disparity_mean = 1e-6;
    assert_eq!(found(100, stuck)[0].0, HealthCheck::Disparity, "but none begins at an end of its range");
    let wild = |report: &mut StepReport, _: &mut PredictionStatistics| report.gradient_norm = 5e3;
    assert_eq!(
        found(150, wild)[0].0,
        HealthCheck::Gradient,
        "nor with such a gradient, however long it lasts"
    );
    let odd = |report: &mut StepReport, _: &mut PredictionStatistics| {
        if report.step == 1500 {
            (report.gradient_norm, report.masked_share) = (500.0, 1.0);
        }
    };
    assert_eq!(found(1500, odd).len(), 0, "one batch");
    let still =
        |_: &mut StepReport, statistics: &mut PredictionStatistics| statistics.translation = Some(1e-5);
    assert_eq!(found(1500, still).len(), 0, "most pixels train, whatever the length of the motion");
    let mut old = healthy(500);
    for report in &mut old {
        report.statistics = None;
    }
    let readings = check(&old, &[], &ObjectiveConfig::default());
    let watches: Vec<HealthCheck> = readings.iter().map(|reading| reading.check).collect();
    assert_eq!(watches, [HealthCheck::Loss, HealthCheck::Gradient, HealthCheck::Mask]);
}

#[test]
fn a_step_notes_what_its_predictions_are_like_and_a_resumed_run_remembers() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let session = session();
    open_demo(&session);
    session.send(Command::Start { config: small(1000), out: out.clone() });
    let Event::Step(report) = next(&session, |event| matches!(event, Event::Step(_))) else { unreachable!() };
    let statistics = report.statistics.unwrap();
    assert!((0.2..0.8).contains(&statistics.disparity_mean), "sigmoids begin near a half: {statistics:?}");
    assert!(statistics.disparity_spread > 0.0 && statistics.disparity_spread < 0.3, "{statistics:?}");
    assert!((0.0..0.5).contains(&statistics.out_of_view_share), "{statistics:?}");
    let translation = statistics.translation.unwrap();
    assert!(translation > 0.0 && translation < 0.1, "{statistics:?}");
    session.send(Command::Stop);
    next(&session, |event| matches!(event, Event::RunEnded { .. }));
    session.send(Command::Resume { run: out, data: None, config: None, on_run: OnRun::End });
    let Event::RunStarted(beginning) = next(&session, |event| matches!(event, Event::RunStarted(_))) else {
        unreachable!()
    };
    let monoscope::runs::Entry::Step(first) = &beginning.history[0] else { panic!("a step comes first") };
    assert_eq!(first.statistics, report.statistics);
}

#[test]
fn a_run_without_numbers_keeps_its_last_good_checkpoint_and_goes_on_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let session = session();
    open_demo(&session);
    let mut config = small(3);
    config.training.learning_rate = 1e30;
    session.send(Command::Start { config, out: out.clone() });
    let problem = interrupted(&session);
    assert_eq!(problem.effect, RunEffect::NonFinite, "{problem:?}");
    assert!(problem.text.contains("learning rate is too high"), "{problem:?}");
    assert!(problem.advice.contains("of step 0") && problem.advice.contains("lower"), "{problem:?}");
    session.send(Command::Stop);
    let mut has_saved = false;
    next(&session, |event| {
        has_saved |= matches!(event, Event::Checkpoint(_));
        matches!(event, Event::RunEnded { .. })
    });
    assert!(!has_saved, "spoiled networks were saved");
    session.send(Command::Resume { run: out, data: None, config: None, on_run: OnRun::End });
    session.send(Command::Change(Setting::LearningRate(1e-4)));
    next(&session, |event| matches!(event, Event::RunEnded { steps: 3, .. }));
}

#[test]
fn a_rate_that_broke_a_run_after_its_checkpoint_does_not_come_back_when_another_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let session = session();
    open_demo(&session);
    let mut config = small(8);
    // Nothing is saved between the start and what breaks it.
    config.training.checkpoint_frequency = 100;
    let rate = config.training.learning_rate;
    session.send(Command::Start { config, out: out.clone() });
    next(&session, |event| matches!(event, Event::Step(report) if report.step == 3));
    session.send(Command::Pause);
    session.send(Command::Change(Setting::LearningRate(1e30)));
    session.send(Command::Continue);
    let failure = interrupted(&session);
    assert_eq!(failure.effect, RunEffect::NonFinite, "{failure:?}");
    session.send(Command::Change(Setting::LearningRate(rate)));
    session.send(Command::Continue);
    next(&session, |event| matches!(event, Event::RunEnded { steps: 8, failure: None, .. }));
    let config = monoscope::runs::RunFolder::open(&out).unwrap().config().unwrap();
    assert!(config.at_step(8).training.learning_rate < 1.0, "{:?}", config.changes);
}

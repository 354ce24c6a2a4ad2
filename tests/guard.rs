//! Grouped updates, and the guard that leaves networks unchanged if a step is not finite.

use crate::{
    seam::backends as computes,
    session::{interrupted, next, open_demo, small, until},
    support::{
        backends, default_architecture, gpu, largest_difference, relative_difference, scattered, values,
    },
    training::{SMALL, waves},
};
use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Device, Tensor},
};
use monoscope::{
    compute::{
        Compute, Readback, ReadbackCounts,
        ops::{
            AdamStep, GroupLimits, Guard, Moments, ParameterUpdate, adam_update_all, add_metrics,
            keep_unless_open, reference_adam_update, reference_add_metrics,
        },
    },
    config::{DataChoice, FrameId, ObjectiveConfig},
    data::OpenData,
    model::{Networks, weights::parameter_ids},
    objective::{Noise, Objective},
    session::{Activity, Command, Event, Reply, RunEffect, SessionHandle},
    train::{MicroBatch, NonFinite, Progress, Run, StepOptions, TrainState},
};
use std::{collections::BTreeSet, path::Path, sync::Arc};

/// Sizes around the chunk of a workgroup, and some far from it.
const SIZES: [usize; 7] = [1, 3, 4095, 4096, 4097, 70_000, 2];

/// The limits of the adapter, and those of a device that binds few and small buffers.
const LIMITS: [Option<GroupLimits>; 2] = [None, Some(GroupLimits { bindings: 6, values: 1024 })];

/// Numbers around zero.
fn numbers(count: usize, seed: u32, device: &Device) -> Tensor<1> {
    scattered([count], seed, device) - 0.5
}

fn counts() -> Vec<usize> {
    let small = (0..156 - SIZES.len()).map(|index| 1 + 37 * index % 500);
    SIZES.into_iter().chain(small).collect()
}

#[test]
fn grouped_adam_agrees_with_the_reference() {
    for (device, slack) in backends() {
        for (limits, weight_decay) in LIMITS.into_iter().flat_map(|limits| [(limits, 0.0), (limits, 5.0)]) {
            let counts = counts();
            let mut expected: Vec<(Tensor<1>, Option<Moments>)> =
                counts.iter().map(|count| (numbers(*count, 1, &device), None)).collect();
            let mut found: Vec<(Tensor<1>, Option<Moments>)> =
                counts.iter().map(|count| (numbers(*count, 1, &device), None)).collect();
            for number in 1..=3 {
                let step = AdamStep::new(1e-2, number).with_weight_decay(weight_decay);
                let gradient =
                    |index: usize| numbers(counts[index], 10 * number as u32 + index as u32, &device);
                expected = (expected.into_iter().enumerate())
                    .map(|(index, (parameter, moments))| {
                        let gradient = gradient(index).mul_scalar(0.25);
                        let (parameter, moments) = reference_adam_update(parameter, gradient, moments, step);
                        (parameter, Some(moments))
                    })
                    .collect();
                let updates = (found.into_iter().enumerate())
                    .map(|(index, (parameter, moments))| ParameterUpdate {
                        parameter,
                        gradient: gradient(index),
                        moments,
                    })
                    .collect();
                let updated = adam_update_all(updates, step, &Guard::open(0.25, &device), limits);
                found = updated.into_iter().map(|(parameter, moments)| (parameter, Some(moments))).collect();
            }
            for (found, expected) in found.into_iter().zip(expected) {
                let difference = largest_difference(&values(found.0), &values(expected.0));
                assert!(difference < 1e-6 * slack, "a parameter is off by {difference}");
                let (found, expected) = (found.1.unwrap(), expected.1.unwrap());
                let pairs = [(found.first, expected.first), (found.second, expected.second)];
                for (found, expected) in pairs {
                    let difference = largest_difference(&values(found), &values(expected));
                    assert!(difference < 1e-6, "a running mean is off by {difference}");
                }
            }
        }
    }
}

#[test]
fn the_norm_and_the_factor_that_clips_it_agree_with_the_reference() {
    for (device, _) in backends() {
        for limits in LIMITS {
            let gradients: Vec<Tensor<1>> =
                (0..).zip(counts()).map(|(seed, count)| numbers(count, seed, &device)).collect();
            let metrics = || numbers(11, 7, &device);
            let squares = gradients.iter().flat_map(|gradient| values(gradient.clone()));
            let norm = squares.map(|value| f64::from(value).powi(2)).sum::<f64>().sqrt() as f32;
            for longest in [None, Some(norm / 3.0), Some(3.0 * norm)] {
                let open = || Guard::open(1.0, &device);
                let (guard, report) = open().check(&gradients, metrics(), longest, limits);
                let (reference, expected) =
                    open().reference_check(&gradients, metrics(), longest.unwrap_or(f32::MAX));
                let (report, expected) = (values(report), values(expected));
                assert!((report[0] / norm - 1.0).abs() < 1e-5, "{} is not {norm}", report[0]);
                assert_eq!(report[1..], values(metrics())[..]);
                assert!(relative_difference(&report, &expected) < 1e-5);
                let ((is_open, factor), (_, expected)) = (guard.read(), reference.read());
                let by_hand = longest.map_or(1.0, |longest| (longest / norm).min(1.0));
                assert!(is_open && (factor - by_hand).abs() < 1e-5 && (factor - expected).abs() < 1e-5);
            }
        }
    }
}

#[test]
fn a_shut_guard_stays_shut_and_keeps_everything() {
    for (device, _) in backends() {
        let plain = || [3000, 5000].map(|count| numbers(count, 3, &device));
        let metrics = |loss: f32| Tensor::<1>::from_floats([loss, 0.25], &device);
        let with = |index: usize, value: f32| {
            let mut gradients = plain();
            let mut changed = values(gradients[1].clone());
            changed[index] = value;
            gradients[1] = Tensor::from_floats(&changed[..], &device);
            gradients
        };
        let bad = [
            (plain(), f32::NAN, "loss"),
            (plain(), f32::INFINITY, "loss"),
            (with(4999, f32::NAN), 0.5, "gradient"),
            (with(0, f32::NEG_INFINITY), 0.5, "gradient"),
            (with(4096, 3e38), 0.5, "square"),
        ];
        for (gradients, loss, what) in bad {
            let (guard, report) = Guard::open(1.0, &device).check(&gradients, metrics(loss), None, None);
            let report = values(report);
            assert!(!guard.read().0, "{what}");
            assert!(!report[..2].iter().all(|number| number.is_finite()), "{what}");
            let (guard, _) = guard.check(&plain(), metrics(0.5), None, None);
            assert!(!guard.read().0, "a good step after a bad {what} opens it");

            let moments = || Moments { first: numbers(5000, 5, &device), second: numbers(5000, 6, &device) };
            let update = ParameterUpdate {
                parameter: numbers(5000, 4, &device),
                gradient: gradients[1].clone(),
                moments: Some(moments()),
            };
            let (parameter, after) =
                adam_update_all(vec![update], AdamStep::new(1e-2, 3), &guard, None).remove(0);
            assert_eq!(values(parameter), values(numbers(5000, 4, &device)));
            assert_eq!(values(after.first), values(moments().first));
            assert_eq!(values(after.second), values(moments().second));
            let pairs = || vec![[numbers(64, 1, &device), numbers(64, 2, &device)]];
            assert_eq!(
                values(keep_unless_open(pairs(), &guard, None).remove(0)),
                values(numbers(64, 1, &device))
            );
            let open = Guard::open(1.0, &device);
            assert_eq!(
                values(keep_unless_open(pairs(), &open, None).remove(0)),
                values(numbers(64, 2, &device))
            );
        }
    }
}

#[test]
fn what_somebody_else_holds_is_not_written_to() {
    for (device, _) in backends() {
        // Two views of one allocation, and one tensor that is held twice.
        let whole = numbers(8192, 1, &device);
        let held = numbers(300, 2, &device);
        let before = [values(whole.clone()), values(held.clone())];
        let parameters =
            [whole.clone().narrow(0, 0, 4096), whole.clone().narrow(0, 4096, 4096), held.clone()];
        let updates = parameters
            .into_iter()
            .map(|parameter| ParameterUpdate {
                gradient: numbers(parameter.dims()[0], 3, &device),
                parameter,
                moments: None,
            })
            .collect();
        let updated = adam_update_all(updates, AdamStep::new(1e-2, 1), &Guard::open(1.0, &device), None);
        assert_eq!([values(whole), values(held)], before);
        let moved = values(updated[1].0.clone());
        assert!(moved.iter().zip(&before[0][4096..]).all(|(after, before)| after != before));
    }
}

#[test]
fn metrics_add_up_as_the_reference_does() {
    for (device, _) in backends() {
        let parts = |seed: u32| [1, 1, 4, 1].map(|count| numbers(count, seed, &device)).to_vec();
        let sums = add_metrics(None, parts(1), 0.25);
        let sums = values(add_metrics(Some(sums), parts(2), 0.75));
        let expected = reference_add_metrics(None, parts(1), 0.25);
        let expected = values(reference_add_metrics(Some(expected), parts(2), 0.75));
        assert!(sums.len() == 7 && largest_difference(&sums, &expected) < 1e-7);
    }
}

#[test]
fn values_are_read_when_they_are_taken() {
    for (device, _) in backends() {
        let readback = Readback::default();
        let first = readback.begin(numbers(9, 1, &device));
        let mut second = readback.begin(numbers(9, 2, &device));
        assert_eq!(first.wait().unwrap(), values(numbers(9, 1, &device)));
        assert_eq!(readback.counts(), ReadbackCounts { begun: 2, taken: 1, early: 0 });
        while !second.is_ready() {
            std::thread::yield_now();
        }
        assert_eq!(second.wait().unwrap(), values(numbers(9, 2, &device)));
        assert_eq!(readback.counts(), ReadbackCounts { begun: 2, taken: 2, early: 1 });
    }
}

/// Every parameter and running statistic, bit by bit.
fn everything(train_state: &TrainState) -> (Vec<Vec<u32>>, u64) {
    struct Reader(Vec<Vec<u32>>);
    let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<u32>>();
    impl ModuleVisitor for Reader {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            self.0.push(values(parameter.val().inner()).into_iter().map(f32::to_bits).collect());
        }
    }
    let mut reader = Reader(Vec::new());
    train_state.networks().visit(&mut reader);
    for (_, id) in parameter_ids(train_state.networks()) {
        if let Some(Moments { first, second }) = train_state.adam().moments.get(&id) {
            reader.0.extend([first, second].map(|moment| bits(values(moment.clone()))));
        }
    }
    (reader.0, train_state.adam().steps)
}

fn options() -> StepOptions {
    StepOptions { learning_rate: 1e-3, ..StepOptions::default() }
}

#[test]
fn a_step_without_numbers_changes_nothing_and_the_next_one_trains() {
    for (device, _) in backends() {
        let networks = Networks::new(&default_architecture(), 5, &device);
        let mut train_state = TrainState::new(networks, Objective::new(&ObjectiveConfig::default(), SMALL));
        let device = device.autodiff();
        let micro_batch =
            |salt: f32, share: f32| MicroBatch { samples: waves(salt, &device), noise: Noise::None, share };
        let nothing = BTreeSet::new();
        train_state.step([micro_batch(0.3, 1.0)], options(), &nothing).unwrap();
        let before = everything(&train_state);

        let mut spoiled = micro_batch(0.7, 0.5);
        for image in spoiled.samples.colour.get_mut(&FrameId::TARGET).unwrap() {
            *image = image.clone() * f32::NAN;
        }
        let bad = [
            ("loss", vec![micro_batch(0.3, 0.5), spoiled.clone()]),
            ("loss", vec![spoiled, micro_batch(0.3, 0.5)]),
            // The loss is finite, but the gradient of this multiple of it is not.
            ("gradient", vec![micro_batch(0.3, 1e38), micro_batch(0.7, 1e38)]),
        ];
        for (what, micro_batches) in bad {
            let error = train_state.step(micro_batches, options(), &nothing).err().unwrap();
            let error = error.downcast::<NonFinite>().unwrap();
            assert!(error.what.contains(what), "{error}");
            assert!(everything(&train_state) == before, "something changed though the {what} was none");
        }
        train_state.step([micro_batch(0.3, 1.0)], options(), &nothing).unwrap();
        let (after, steps) = everything(&train_state);
        assert_eq!(steps, before.1 + 1);
        let changed = after.iter().zip(&before.0).filter(|(after, before)| after != before).count();
        assert!(changed > after.len() / 2, "only {changed} of {} tensors were trained", after.len());
    }
}

#[test]
fn steps_that_were_queued_after_a_bad_one_change_nothing_either() {
    let device = gpu();
    let networks = Networks::new(&default_architecture(), 5, &device);
    let mut train_state = TrainState::new(networks, Objective::new(&ObjectiveConfig::default(), SMALL));
    let device = device.autodiff();
    let micro_batch = |share: f32| MicroBatch { samples: waves(0.3, &device), noise: Noise::None, share };
    let nothing = BTreeSet::new();
    let good = train_state.begin_step([micro_batch(1.0)], options(), &nothing).unwrap();
    train_state.finish_step(good.metrics).unwrap();
    let before = everything(&train_state);
    let bad = train_state.begin_step([micro_batch(3e38)], options(), &nothing).unwrap();
    let after = train_state.begin_step([micro_batch(1.0)], options(), &nothing).unwrap();
    assert!(train_state.finish_step(bad.metrics).unwrap_err().is::<NonFinite>());
    drop(after);
    assert!(everything(&train_state) == before);
}

/// A run of the built-in drive on one of the computes.
fn run(compute: &Compute, steps: u64, out: &Path) -> Run {
    let config = *small(steps);
    let data = OpenData::open(&DataChoice::Demo, None).unwrap();
    let samples = data.samples(&config.objective.frame_ids).unwrap();
    let architecture = monoscope::model::Architecture::new(&config.network, &config.objective).unwrap();
    let networks = Networks::new(&architecture, 1, &compute.device);
    Run::new(config, networks, &data, &samples, out, compute).unwrap()
}

#[test]
fn no_value_is_read_back_before_the_next_step_was_submitted() {
    let [compute, _] = computes();
    let folder = tempfile::tempdir().unwrap();
    let mut run = run(&compute, 10, &folder.path().join("run"));
    for number in 1..=5 {
        let Progress::Step(step) = run.advance(&BTreeSet::new()).unwrap() else { panic!("no step") };
        assert_eq!((step.number, run.steps()), (number, number));
        let reported: Vec<u64> = run.take_reported().iter().map(|one| one.report.step).collect();
        assert_eq!(reported, if number == 1 { vec![] } else { vec![number - 1] });
    }
    assert_eq!(run.readback_counts(), ReadbackCounts { begun: 5, taken: 4, early: 0 });
    run.wait_for_metrics().unwrap();
    let reported = run.take_reported();
    assert_eq!(reported[0].report.step, 5);
    assert!(reported[0].report.loss.is_finite() && reported[0].report.gradient_norm > 0.0);
    assert!(reported[0].report.statistics.unwrap().disparity_mean > 0.0);
}

#[test]
fn figures_of_a_step_on_the_gpu_are_those_of_the_cpu() {
    let folder = tempfile::tempdir().unwrap();
    let [on_gpu, on_cpu] = computes().map(|compute| {
        let mut run = run(&compute, 10, &folder.path().join(&compute.name[..3]));
        run.advance(&BTreeSet::new()).unwrap();
        run.wait_for_metrics().unwrap();
        run.take_reported().remove(0).report
    });
    let close = |a: f32, b: f32| (a - b).abs() <= 2e-3 * b.abs();
    assert!(close(on_gpu.loss, on_cpu.loss), "{on_gpu:?} {on_cpu:?}");
    assert!(close(on_gpu.gradient_norm, on_cpu.gradient_norm), "{on_gpu:?} {on_cpu:?}");
    assert!((on_gpu.masked_share - on_cpu.masked_share).abs() < 2e-3);
    let (on_gpu, on_cpu) = (on_gpu.statistics.unwrap(), on_cpu.statistics.unwrap());
    assert!(close(on_gpu.disparity_mean, on_cpu.disparity_mean), "{on_gpu:?} {on_cpu:?}");
    assert!(close(on_gpu.disparity_spread, on_cpu.disparity_spread), "{on_gpu:?} {on_cpu:?}");
    assert!(close(on_gpu.translation.unwrap(), on_cpu.translation.unwrap()), "{on_gpu:?} {on_cpu:?}");
    // Two of the 128 pixels that it is counted on.
    assert!((on_gpu.out_of_view_share - on_cpu.out_of_view_share).abs() < 0.016, "{on_gpu:?} {on_cpu:?}");
}

fn gpu_session() -> SessionHandle {
    let [compute, _] = computes();
    SessionHandle::spawn(compute, Arc::new(|| ()))
}

fn logged_steps(run: &Path) -> Vec<u64> {
    let log = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let step =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["step"].as_u64().unwrap();
    log.lines().map(step).collect()
}

#[test]
fn all_steps_of_the_gpu_are_told_in_order_at_a_pause_a_single_step_and_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let session = gpu_session();
    open_demo(&session);
    session.send(Command::Start { config: small(1000), out: out.clone() });
    let mut told = 0;
    let mut follow = |is_it: &dyn Fn(&Event, u64) -> bool| {
        next(&session, |event| {
            if let Event::Step(report) = event {
                told += 1;
                assert_eq!(report.step, told, "steps are told in order");
            }
            is_it(event, told)
        });
        told
    };
    follow(&|event, told| matches!(event, Event::Step(_)) && told == 2);
    let is_done = |event: &Event, _| matches!(event, Event::Reply(Reply { result: Ok(_), .. }));
    session.send(Command::Pause);
    let paused_at = follow(&is_done);
    assert_eq!(session.state().activity, Activity::Paused);
    assert_eq!(logged_steps(&out), (1..=paused_at).collect::<Vec<_>>());
    session.send(Command::Step);
    follow(&is_done);
    assert_eq!(follow(&|event, _| matches!(event, Event::Step(_))), paused_at + 1);
    until(&session, Activity::Paused);
    session.send(Command::Continue);
    follow(&|_, told| told == paused_at + 3);
    session.send(Command::Stop);
    let steps = follow(&|event, _| matches!(event, Event::RunEnded { .. }));
    assert_eq!(logged_steps(&out), (1..=steps).collect::<Vec<_>>());
    let saved = out.join(format!("checkpoints/step_{steps:06}"));
    assert!(saved.join("encoder.pth").is_file(), "the checkpoint is of the last step told");
}

#[test]
fn a_run_on_the_gpu_fails_at_the_step_that_fails_on_the_cpu() {
    let folder = tempfile::tempdir().unwrap();
    let failures = computes().map(|compute| {
        let out = folder.path().join(&compute.name[..3]);
        let session = SessionHandle::spawn(compute, Arc::new(|| ()));
        open_demo(&session);
        let mut config = small(6);
        config.training.learning_rate = 1e30;
        session.send(Command::Start { config, out: out.clone() });
        let problem = interrupted(&session);
        assert_eq!(problem.effect, RunEffect::NonFinite, "{problem:?}");
        assert!(problem.text.contains("the networks are kept as they were"), "{problem:?}");
        session.send(Command::Stop);
        next(&session, |event| matches!(event, Event::RunEnded { steps: 1, .. }));
        assert!(!out.join("checkpoints/step_000001").exists(), "networks without numbers are not saved");
        (logged_steps(&out), problem.text.split("is").next().unwrap().to_owned())
    });
    assert_eq!(failures[0], failures[1]);
    assert!(failures[0].1.starts_with("the training step failed: step 2 failed at"), "{}", failures[0].1);
}

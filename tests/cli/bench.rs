//! `bench` on the command line: the numbers of its report.

use super::monoscope;

fn bench(arguments: &[&str]) -> serde_json::Value {
    let size = ["--height", "64", "--width", "64", "--runs", "1", "--json"];
    let output = monoscope(&[&["bench"][..], arguments, &size].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_objective_is_few_kernels_on_the_gpu_backend() {
    let report = bench(&["objective", "--kernels", "--device", "gpu"]);
    let objective = &report["results"][0];
    let launches = objective["launches"].as_u64().unwrap();
    // Composed of burn's operations it is above two thousand.
    assert!((50..400).contains(&launches), "{launches} launches");

    let kernels = objective["kernels"].as_array().unwrap();
    let sum = |what: &str| kernels.iter().map(|kernel| kernel[what].as_f64().unwrap()).sum::<f64>();
    assert_eq!(sum("launches"), launches as f64);
    assert!((sum("share") - 1.0).abs() < 1e-9 && sum("milliseconds") > 0.0);
    assert!(kernels.iter().all(|kernel| !kernel["name"].as_str().unwrap().is_empty()));
    assert!(["device", "host"].contains(&objective["kernel_clock"].as_str().unwrap()));
}

#[test]
fn a_step_and_its_optimiser_have_a_floor() {
    let report = bench(&["step", "predict", "optimiser", "--device", "cpu"]);
    let of = |work: usize, what: &str| report["results"][work][what].as_f64().unwrap();
    // By the shapes of the layers: encoder, decoder and pose network at 64×64, counted by hand.
    assert_eq!(of(1, "multiply_adds"), 64.0 * 64.0 * 65_214.0);
    assert_eq!(of(0, "multiply_adds"), 64.0 * 64.0 * (3.0 * 144_772.0 - 11_760.0));
    assert_eq!(of(0, "update_bytes"), of(2, "update_bytes"));
    // 26.8 million weights, 28 bytes each.
    assert!((26e6 * 28.0..28e6 * 28.0).contains(&of(2, "update_bytes")), "{}", of(2, "update_bytes"));
    for work in 0..3 {
        let share = of(work, "floor_seconds") / of(work, "seconds");
        assert!((of(work, "floor_share") - share).abs() < 1e-9 * share);
    }
}

#[test]
fn frames_are_drawn_while_steps_run() {
    let report = bench(&["together", "--device", "gpu"]);
    let together = &report["results"][0];
    let of = |what: &str| together[what].as_f64().unwrap();
    assert!(of("frames") >= 1.0 && of("steps") >= 1.0, "{together}");
    assert!(
        0.0 < of("frame_p50_milliseconds") && of("frame_p50_milliseconds") <= of("frame_p99_milliseconds")
    );
    assert!((of("step_slowdown") - of("step_seconds") / of("step_alone_seconds")).abs() < 1e-9);
    assert!(of("throttle_waits") >= 1.0, "{together}");
}

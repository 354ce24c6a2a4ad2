//! Counting, timing and throttling of kernels on the GPU backend.

use crate::support::{gpu, scattered};
use burn::tensor::{Device, Tensor};
use monoscope::compute::{DeviceRates, PieceLength, count_kernels, time_kernels};
use std::time::Duration;

/// Pieces (step, time) of `steps` steps of `launches` launches, of which each takes `microseconds(index)`.
fn pieces(steps: usize, microseconds: impl Fn(usize) -> u64, launches: usize) -> Vec<(usize, Duration)> {
    let (mut length, mut pieces, mut start) = (PieceLength::default(), Vec::new(), 0);
    while start < steps * launches {
        let count = length.launches;
        let took = (start..start + count).map(|launch| microseconds(launch % launches)).sum();
        let took = Duration::from_micros(took);
        length.adapt(count, took);
        pieces.push((start / launches, took));
        start += count;
    }
    pieces
}

/// Longest wait of a frame: the rest of two pieces.
const FRAME_WAITS: Duration = Duration::from_millis(8);

#[test]
fn pieces_of_like_kernels_take_four_milliseconds() {
    for microseconds in [50, 100, 900] {
        let pieces = pieces(300, |_| microseconds, 1000);
        let (_, last) = pieces.last().unwrap();
        assert!((3000..=4000).contains(&last.as_micros()), "{microseconds} µs a launch: {last:?}");
        assert!(pieces[1..].iter().all(|(_, took)| *took <= FRAME_WAITS / 2), "{microseconds} µs a launch");
    }
}

#[test]
fn the_slow_stretch_of_a_step_decides() {
    // A tenth of the launches are 25 times as long as the others.
    let microseconds = |launch: usize| if (400..500).contains(&launch) { 500 } else { 20 };
    let pieces = pieces(20, microseconds, 1000);
    let settled = pieces.iter().filter(|(step, _)| *step >= 2);
    let longest = settled.map(|(_, took)| *took).max().unwrap();
    assert!(longest <= FRAME_WAITS, "a piece of {longest:?}");
}

#[test]
fn kernels_of_a_software_driver_come_in_the_shortest_pieces_and_recover() {
    let mut length = PieceLength::default();
    length.adapt(32, Duration::from_secs(3));
    let shortest = length.launches;
    assert!((1..=8).contains(&shortest), "{shortest}");
    length.adapt(shortest, Duration::from_secs(1));
    assert_eq!(length.launches, shortest, "none are shorter");
    for _ in 0..100_000 {
        length.adapt(length.launches, Duration::ZERO);
    }
    assert!((100..1000).contains(&length.launches), "{}", length.launches);
}

/// So many products of square matrices, one after another.
fn products(device: &Device, side: usize, count: usize) -> Tensor<2> {
    let matrix = scattered([side, side], 1, device);
    (0..count).fold(matrix.clone(), |product, _| product.matmul(matrix.clone()) * (2.0 / side as f32))
}

/// That they are held up is seen in a process of its own, see `cli`: here other tests open other devices.
#[test]
fn nothing_is_lost_where_launches_are_held_up() {
    let device = gpu();
    let expected: Vec<f32> = products(&Device::flex(), 160, 100).into_data().try_to_vec().unwrap();
    let found: Vec<f32> = products(&device, 160, 100).into_data().try_to_vec().unwrap();
    let scale = expected.iter().fold(0_f32, |most, value| most.max(value.abs()));
    assert!(scale > 1e-3 && scale.is_finite(), "{scale}");
    for (expected, found) in expected.iter().zip(&found) {
        assert!((expected - found).abs() < 1e-3 * scale, "{found} is not {expected}");
    }
}

#[test]
fn each_kernel_has_its_launches_and_its_time() {
    let device = gpu();
    // Compiled before.
    products(&device, 64, 2).into_data();
    let (_, times) = time_kernels(|| products(&device, 64, 10).into_data());
    let of = |part: &str| {
        let found = times.kernels.iter().filter(|kernel| kernel.name.to_lowercase().contains(part));
        found.fold((0, 0.0), |sum, kernel| (sum.0 + kernel.launches, sum.1 + kernel.milliseconds))
    };
    // Other tests may launch some meanwhile.
    let (launches, milliseconds) = of("matmul");
    assert!(launches >= 10 && milliseconds > 0.0, "{times:?}");
    // A name says where the kernel is from by itself, and which operation it does.
    assert!(times.kernels.iter().all(|kernel| !kernel.name.contains("::")), "{times:?}");
    assert!(times.kernels.iter().any(|kernel| kernel.name.ends_with("<MulOp>")), "{times:?}");
    assert!(times.kernels.is_sorted_by(|a, b| a.milliseconds >= b.milliseconds), "{times:?}");
    let shares: f64 = times.kernels.iter().map(|kernel| kernel.share).sum();
    assert!((shares - 1.0).abs() < 1e-9, "{shares}");
    assert!(times.is_device_time || times.untimed == 0, "{times:?}");

    let (_, launches) = count_kernels(|| products(&device, 64, 10).into_data());
    assert!(launches >= 10, "{launches}");
}

#[test]
fn the_cpu_backend_has_no_kernels_and_no_rates() {
    let (sum, _) = time_kernels(|| products(&Device::flex(), 8, 1).sum().into_scalar::<f32>());
    assert!(sum > 0.0);
    assert!(DeviceRates::measure(&Device::flex()).is_none());
}

#[test]
fn the_rates_of_a_gpu_are_those_of_a_machine() {
    let device = gpu();
    let DeviceRates { multiply_adds, bytes } = DeviceRates::measure(&device).unwrap();
    // Between the slowest software driver and ten times the fastest card: a kernel that was not run, or of which
    // the compiler made nothing, is far off.
    assert!((1e7..1e15).contains(&multiply_adds), "{multiply_adds}");
    assert!((1e7..1e14).contains(&bytes), "{bytes}");
}

//! Peak rates of a GPU, measured: multiply-adds by a kernel that does nothing else, bytes by copying a long buffer.

use burn::tensor::{Device, Tensor as Values};
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::prelude::*;
use std::time::{Duration, Instant};

/// Peak rates of a device, measured.
#[derive(Clone, Copy, Debug)]
pub struct DeviceRates {
    /// f32 multiply-adds per second, without matrix units.
    pub multiply_adds: f64,
    /// Bytes read and written per second, of memory that is in no cache.
    pub bytes: f64,
}

/// Threads per workgroup.
const THREADS: u32 = 256;
/// Workgroups: enough to keep any GPU busy to the end.
const WORKGROUPS: u32 = 4096;
/// Independent sums of a thread, so that no multiply-add waits for the one before it.
const SUMS: usize = 8;
/// Multiply-adds to each sum per round.
const UNROLLED: usize = 8;
/// Shortest measurement in which the cost of a launch does not matter.
const LONG_ENOUGH: Duration = Duration::from_millis(20);
/// Bytes of the buffer to be copied, unless the adapter binds less.
const LONGEST_COPY: u64 = 256 << 20;
/// Values that a thread copies at once.
const WIDTH: usize = 4;

#[cube(launch)]
fn multiply_add_kernel(sums: &mut Tensor<f32>, rounds: u32, factor: f32, term: f32) {
    let mut kept = Array::<f32>::new(SUMS);
    #[unroll]
    for index in 0..SUMS {
        kept[index] = term * f32::cast_from(index) + f32::cast_from(UNIT_POS);
    }
    for _ in 0..rounds {
        #[unroll]
        for _ in 0..UNROLLED {
            #[unroll]
            for index in 0..SUMS {
                kept[index] = fma(kept[index], factor, term);
            }
        }
    }
    let mut sum = f32::new(0.0);
    #[unroll]
    for index in 0..SUMS {
        sum += kept[index];
    }
    sums[ABSOLUTE_POS] = sum;
}

#[cube(launch)]
fn copy_kernel<N: Size>(input: &Tensor<Vector<f32, N>>, output: &mut Tensor<Vector<f32, N>>) {
    if ABSOLUTE_POS < output.len() {
        output[ABSOLUTE_POS] = input[ABSOLUTE_POS];
    }
}

impl DeviceRates {
    /// Measures a device of the GPU backend, in about half a second; `None` on the CPU backend.
    pub fn measure(device: &Device) -> Option<Self> {
        if *device == Device::flex() {
            return None;
        }
        let like =
            Values::<1>::zeros([1], device).without_autodiff().try_into_primitive::<CubeBackend>().ok()?;
        Some(Self { multiply_adds: multiply_adds(&like, device), bytes: bytes(&like, device) })
    }
}

fn multiply_adds(like: &CubeTensor, device: &Device) -> f64 {
    let threads = (THREADS * WORKGROUPS) as usize;
    let sums = empty(like, threads);
    let run = |rounds: u32| {
        let count = CubeCount::Static(WORKGROUPS, 1, 1);
        let sums = sums.clone().into_tensor_arg();
        // With x ↦ 0.5·x + 1 the sums neither overflow nor become subnormal.
        multiply_add_kernel::launch(&like.client, count, CubeDim::new_1d(THREADS), sums, rounds, 0.5, 1.0);
    };
    let mut rounds = 1;
    while seconds_of(device, || run(rounds)) < LONG_ENOUGH.as_secs_f64() && rounds < 1 << 24 {
        rounds *= 2;
    }
    let each = (SUMS * UNROLLED) as f64 * f64::from(rounds);
    threads as f64 * each / median_seconds(device, || run(rounds))
}

fn bytes(like: &CubeTensor, device: &Device) -> f64 {
    let size = LONGEST_COPY.min(like.client.properties().memory.max_page_size);
    let length = size as usize / size_of::<f32>() / WIDTH * WIDTH;
    let (input, output) = (empty(like, length), empty(like, length));
    let (workgroups, workgroup) = workgroups(&like.client, length / WIDTH);
    let run = |times: u32| {
        for _ in 0..times {
            let [input, output] = [&input, &output].map(|tensor| tensor.clone().into_tensor_arg());
            copy_kernel::launch(&like.client, workgroups.clone(), workgroup, WIDTH, input, output);
        }
    };
    let mut times = 1;
    while seconds_of(device, || run(times)) < LONG_ENOUGH.as_secs_f64() && times < 1 << 10 {
        times *= 2;
    }
    let copied = (2 * length * size_of::<f32>()) as f64 * f64::from(times);
    copied / median_seconds(device, || run(times))
}

fn workgroups(client: &Client, count: usize) -> (CubeCount, CubeDim) {
    let workgroup = CubeDim::new_1d(THREADS);
    (cubecl::calculate_cube_count_elemwise(client, count, workgroup), workgroup)
}

fn empty(like: &CubeTensor, length: usize) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), [length].into(), like.dtype)
}

fn median_seconds(device: &Device, run: impl Fn()) -> f64 {
    let mut seconds = [(); 5].map(|()| seconds_of(device, &run));
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// Time until the device has finished the work, seconds. (Meaningless if the device is lost.)
fn seconds_of(device: &Device, run: impl Fn()) -> f64 {
    let started = Instant::now();
    run();
    let _ = device.sync();
    started.elapsed().as_secs_f64()
}

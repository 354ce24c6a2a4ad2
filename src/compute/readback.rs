//! Reading numbers back from the device without waiting for it: a read is begun when the work is queued, and
//! its values are taken later, when they have long arrived.

use super::{ComputeError, device_loss::DeviceLossFlag};
use burn::{
    backend::Cube,
    tensor::{DType, Tensor},
};
use burn_cubecl::{kernel::into_contiguous, tensor::CubeTensor};
use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

/// Begins reads, one a step, and counts them.
#[derive(Clone, Debug, Default)]
pub struct Readback(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    begun: AtomicU64,
    taken: AtomicU64,
    early: AtomicU64,
}

/// Counts of reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadbackCounts {
    /// Begun: steps whose work was queued.
    pub begun: u64,
    /// Whose values were taken.
    pub taken: u64,
    /// Of these, taken before the next one was begun: the device had nothing queued meanwhile.
    pub early: u64,
}

type ReadFuture = Pin<Box<dyn Future<Output = Result<Vec<f32>, ComputeError>> + Send>>;

/// Values on their way to the host.
pub struct PendingRead {
    state: ReadbackState,
    watch: Option<DeviceLossFlag>,
    number: u64,
    counters: Arc<Counters>,
}

enum ReadbackState {
    Reading(ReadFuture),
    Ready(Result<Vec<f32>, ComputeError>),
}

impl Readback {
    /// Begins to read; on the GPU backend this submits what was queued so far and waits for nothing but the
    /// bound of work in flight. On the CPU backend the values are there at once.
    pub fn begin(&self, values: Tensor<1>) -> PendingRead {
        let number = self.0.begun.fetch_add(1, Ordering::Relaxed) + 1;
        let watch = DeviceLossFlag::of(&values.device());
        PendingRead { state: ReadbackState::begin(values), watch, number, counters: Arc::clone(&self.0) }
    }

    /// How many reads there were so far.
    pub fn counts(&self) -> ReadbackCounts {
        let Counters { begun, taken, early } = &*self.0;
        let [begun, taken, early] = [begun, taken, early].map(|count| count.load(Ordering::Relaxed));
        ReadbackCounts { begun, taken, early }
    }
}

/// The values of a tensor in row-major order, waited for. To be preferred to burn's own ways, which on the GPU
/// backend wait for ever if the device is lost meanwhile.
///
/// # Errors
/// If the device gave up.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, ComputeError> {
    let watch = DeviceLossFlag::of(&tensor.device());
    ReadbackState::begin(tensor).wait(watch.as_ref())
}

/// The value of a tensor that has one, waited for; as [`values`].
///
/// # Errors
/// If the device gave up.
pub fn value<const D: usize>(tensor: Tensor<D>) -> Result<f32, ComputeError> {
    let values = values(tensor)?;
    values.first().copied().ok_or_else(|| ComputeError::Read("there is no value".to_owned()))
}

impl ReadbackState {
    fn begin<const D: usize>(values: Tensor<D>) -> Self {
        if !super::is_gpu(&values.device()) {
            let values = values.into_data().try_into_vec_as::<f32>();
            return Self::Ready(values.map_err(|error| ComputeError::Read(format!("{error:?}"))));
        }
        let count = values.shape().num_elements();
        let tensor = values.detach().without_autodiff();
        let tensor = if tensor.dtype() == DType::F32 { tensor } else { tensor.cast(DType::F32) };
        let tensor = tensor.try_into_primitive::<Cube>().expect("the tensor is on the GPU backend");
        let CubeTensor { client, handle, .. } = into_contiguous(tensor);
        let reading = async move {
            let bytes = client.read_async(vec![handle]).await;
            let bytes = bytes.map_err(|error| ComputeError::Read(error.to_string()))?;
            let mut values: Vec<f32> = bytemuck::pod_collect_to_vec(&bytes[0]);
            values.truncate(count);
            Ok(values)
        };
        let mut reading: ReadFuture = Box::pin(reading);
        // cubecl panics if a device is lost between a copy and the look at it.
        let unwound = |_| Poll::Ready(Err(ComputeError::Read("the copy is gone".to_owned())));
        let reading = poll_fn(move |context| {
            catch_unwind(AssertUnwindSafe(|| reading.as_mut().poll(context))).unwrap_or_else(unwound)
        });
        let mut state = Self::Reading(Box::pin(reading));
        // A future does nothing before it is first looked at; this queues the copy to the host.
        state.advance();
        state
    }

    fn wait(self, watch: Option<&DeviceLossFlag>) -> Result<Vec<f32>, ComputeError> {
        let values = match (self, watch) {
            (Self::Ready(values), _) => values,
            (Self::Reading(reading), Some(watch)) => watch.wait(reading)?,
            (Self::Reading(reading), None) => pollster::block_on(reading),
        };
        // A lost device says so in place of an error that follows from it.
        values.map_err(|error| watch.and_then(DeviceLossFlag::loss).map_or(error, ComputeError::Lost))
    }

    /// Whether the values have arrived.
    fn advance(&mut self) -> bool {
        if let Self::Reading(reading) = self
            && let Poll::Ready(values) = reading.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        {
            *self = Self::Ready(values);
        }
        matches!(self, Self::Ready(_))
    }
}

impl PendingRead {
    /// Whether the values have arrived.
    pub fn is_ready(&mut self) -> bool {
        self.state.advance()
    }

    /// The values, waited for if they have not arrived.
    ///
    /// # Errors
    /// If the device gave up.
    pub fn wait(mut self) -> Result<Vec<f32>, ComputeError> {
        let Counters { begun, taken, early } = &*self.counters;
        taken.fetch_add(1, Ordering::Relaxed);
        if begun.load(Ordering::Relaxed) == self.number {
            early.fetch_add(1, Ordering::Relaxed);
        }
        self.take().wait(self.watch.as_ref())
    }

    fn take(&mut self) -> ReadbackState {
        std::mem::replace(&mut self.state, ReadbackState::Ready(Ok(Vec::new())))
    }
}

impl Drop for PendingRead {
    /// Waits for values that nobody took: cubecl uses the staging buffer again, which must not be mapped then.
    fn drop(&mut self) {
        let _ = self.take().wait(self.watch.as_ref());
    }
}

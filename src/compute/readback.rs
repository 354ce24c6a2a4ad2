//! Reading values back without stalling the device: a read is started as soon as the work is queued, and its values
//! are taken later, when they have long arrived.

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

/// Starts reads, one per step, and counts them.
#[derive(Clone, Debug, Default)]
pub struct Readback(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    begun: AtomicU64,
    taken: AtomicU64,
    early: AtomicU64,
}

/// Numbers of reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadbackCounts {
    /// Reads that were started: steps whose work was queued.
    pub begun: u64,
    /// Reads whose values were taken.
    pub taken: u64,
    /// Reads among these whose values were taken before the next read was started: the device was idle meanwhile.
    pub early: u64,
}

type ReadFuture = Pin<Box<dyn Future<Output = Result<Vec<f32>, ComputeError>> + Send>>;

/// Values on their way to the host. Dropping it waits for them.
pub struct PendingRead {
    state: ReadbackState,
    loss_flag: Option<DeviceLossFlag>,
    number: u64,
    counters: Arc<Counters>,
}

enum ReadbackState {
    Reading(ReadFuture),
    Ready(Result<Vec<f32>, ComputeError>),
}

impl Readback {
    /// Starts to read a vector of any length. On the GPU backend this submits what was queued so far, and waits only
    /// if too much work is in flight (see `throttle`). On the CPU backend the values are ready at once.
    pub fn begin(&self, values: Tensor<1>) -> PendingRead {
        let number = self.0.begun.fetch_add(1, Ordering::Relaxed) + 1;
        let loss_flag = DeviceLossFlag::of(&values.device());
        PendingRead { state: ReadbackState::begin(values), loss_flag, number, counters: Arc::clone(&self.0) }
    }

    /// Numbers of reads so far.
    pub fn counts(&self) -> ReadbackCounts {
        let Counters { begun, taken, early } = &*self.0;
        let [begun, taken, early] = [begun, taken, early].map(|count| count.load(Ordering::Relaxed));
        ReadbackCounts { begun, taken, early }
    }
}

/// Values of a tensor in row-major order. Waits for the device. Use this instead of burn's own functions, which on
/// the GPU backend wait forever if the device is lost.
///
/// # Errors
/// If the device fails or is lost.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, ComputeError> {
    let loss_flag = DeviceLossFlag::of(&tensor.device());
    ReadbackState::begin(tensor).wait(loss_flag.as_ref())
}

/// First value of a tensor, usually its only one; waits as [`values`] does.
///
/// # Errors
/// If the device fails or is lost, or the tensor is empty.
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
        // cubecl panics if the device is lost between the copy and its first poll.
        let unwound = |_| Poll::Ready(Err(ComputeError::Read("the copy is gone".to_owned())));
        let reading = poll_fn(move |context| {
            catch_unwind(AssertUnwindSafe(|| reading.as_mut().poll(context))).unwrap_or_else(unwound)
        });
        let mut state = Self::Reading(Box::pin(reading));
        // A future does nothing before its first poll; this one queues the copy to the host.
        state.advance();
        state
    }

    fn wait(self, loss_flag: Option<&DeviceLossFlag>) -> Result<Vec<f32>, ComputeError> {
        let values = match (self, loss_flag) {
            (Self::Ready(values), _) => values,
            (Self::Reading(reading), Some(loss_flag)) => loss_flag.wait(reading)?,
            (Self::Reading(reading), None) => pollster::block_on(reading),
        };
        // Report the loss of the device rather than an error that follows from it.
        values.map_err(|error| loss_flag.and_then(DeviceLossFlag::loss).map_or(error, ComputeError::Lost))
    }

    /// Polls once; true if the values have arrived.
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
    /// Tells if the values have arrived, without waiting.
    pub fn is_ready(&mut self) -> bool {
        self.state.advance()
    }

    /// Takes the values, waiting for them if they have not arrived.
    ///
    /// # Errors
    /// If the device fails or is lost.
    pub fn wait(mut self) -> Result<Vec<f32>, ComputeError> {
        let Counters { begun, taken, early } = &*self.counters;
        taken.fetch_add(1, Ordering::Relaxed);
        if begun.load(Ordering::Relaxed) == self.number {
            early.fetch_add(1, Ordering::Relaxed);
        }
        self.take().wait(self.loss_flag.as_ref())
    }

    fn take(&mut self) -> ReadbackState {
        std::mem::replace(&mut self.state, ReadbackState::Ready(Ok(Vec::new())))
    }
}

impl Drop for PendingRead {
    /// Waits for values that nobody took, because cubecl reuses the staging buffer, which must not be mapped then.
    fn drop(&mut self) {
        let _ = self.take().wait(self.loss_flag.as_ref());
    }
}

//! Replacement of a lost device.

use super::{Compute, ComputeError, DeviceLost, DisplayDevice};
use crate::config::DeviceChoice;
use std::{sync::PoisonError, thread, time::Duration};
use tracing::debug;

/// Number of attempts to open a new device, because a driver that is being reset offers none.
const ATTEMPTS: usize = 4;
/// Time between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

impl DisplayDevice {
    /// Checks if the device is lost. Takes a few microseconds.
    pub fn is_lost(&self) -> bool {
        self.loss_flag.is_lost()
    }

    /// The error to report if the device is lost.
    pub fn loss(&self) -> Option<DeviceLost> {
        self.loss_flag.loss()
    }

    /// This device, or if it is lost its replacement: the same one for every caller, so that drawing and computing
    /// continue to share a device. The first call opens it, on the same adapter if possible; that may take
    /// seconds.
    ///
    /// # Errors
    /// If no adapter gives a device.
    pub fn reopened(&self) -> Result<Self, ComputeError> {
        if !self.is_lost() {
            return Ok(self.clone());
        }
        let mut successor = self.successor.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = match &*successor {
            Some(opened) => opened.reopened()?,
            None => self.open_again()?,
        };
        Ok(successor.insert(opened).clone())
    }

    fn open_again(&self) -> Result<Self, ComputeError> {
        for attempt in 1.. {
            let opened = self.open_same().or_else(|_| Self::request());
            let opened = opened.map(|mut opened| {
                opened.precision = self.precision.clone();
                opened
            });
            // While a GPU is being reset, a software driver may be the only adapter.
            let is_as_good = |display: &Self| !display.is_software() || self.is_software();
            if attempt == ATTEMPTS || opened.as_ref().is_ok_and(is_as_good) {
                return opened;
            }
            let error = opened.err().map(|error| error.to_string());
            debug!(attempt, error, "no device in place of the lost one yet");
            thread::sleep(PAUSE);
        }
        unreachable!("the last attempt returns")
    }

    fn open_same(&self) -> Result<Self, ComputeError> {
        let (device, queue) = Self::request_handles(&self.adapter)?;
        let opened = Self::new(self.instance.clone(), self.adapter.clone(), device, queue);
        match opened.loss() {
            Some(loss) => Err(loss.into()),
            None => Ok(opened),
        }
    }
}

/// Replacement of a [`Compute`] whose device was lost.
#[derive(Debug)]
pub struct Reopened {
    /// Replacement, to compute and draw with from now on.
    pub compute: Compute,
    /// Reason why the CPU backend takes over from the GPU; `None` if it does not.
    pub fallback: Option<ComputeError>,
}

impl Compute {
    /// The error to report if the device that computes or draws is lost. Takes a few microseconds, so it can be
    /// checked after each failure, and now and then while idle.
    pub fn loss(&self) -> Option<DeviceLost> {
        self.display.as_ref()?.loss()
    }

    /// Replacement after a loss: the same backend on a new device, else the CPU backend. Tensors and leases of the
    /// lost device are lost with it: they can be dropped, but not read, moved or drawn.
    pub fn reopened(&self) -> Reopened {
        match &self.display {
            Some(display) => self.continued_on(display.reopened()),
            None => Reopened { compute: self.clone(), fallback: None },
        }
    }

    /// Replacement, given the outcome of opening a new device; see [`Compute::reopened`].
    pub fn continued_on(&self, opened: Result<DisplayDevice, ComputeError>) -> Reopened {
        let display = match opened {
            Ok(display) => display,
            Err(error) => {
                return Reopened {
                    compute: Self::cpu(None),
                    fallback: Some(error).filter(|_| self.is_shared),
                };
            }
        };
        // If only a software driver is left of a GPU, it still draws, but the CPU backend computes much faster.
        let was_software = self.display.as_ref().is_some_and(DisplayDevice::is_software);
        let choice = match self.is_shared {
            false => DeviceChoice::Cpu,
            true if was_software => DeviceChoice::Gpu,
            true => DeviceChoice::Auto,
        };
        match Self::open(choice, Some(display.clone())) {
            Ok(compute) => {
                let fallback = (self.is_shared && !compute.is_shared).then(|| {
                    ComputeError::NoAdapter(format!("only {} is left, a software driver", display.name()))
                });
                Reopened { compute, fallback }
            }
            Err(error) => Reopened { compute: Self::cpu(Some(display)), fallback: Some(error) },
        }
    }
}

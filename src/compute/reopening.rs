//! Another device in place of a lost one.

use super::{Compute, ComputeError, DeviceLost, DisplayDevice};
use crate::config::DeviceChoice;
use std::{sync::PoisonError, thread, time::Duration};

/// Times that a new device is asked for. A driver that is being reset gives none.
const ATTEMPTS: usize = 4;
/// Time between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

impl DisplayDevice {
    /// Whether it is lost. It costs a few microseconds.
    pub fn is_lost(&self) -> bool {
        self.watch.is_lost()
    }

    /// The loss in words, if it is lost.
    pub fn loss(&self) -> Option<DeviceLost> {
        self.watch.loss()
    }

    /// The device that takes the place of this one if it is lost, the same for everyone who asks, so that what
    /// draws and what computes go on sharing one; itself as long as it is not lost. It is opened by the first
    /// who asks, on the same adapter if that gives one, and may take seconds.
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
            // While a card is being reset, a software driver may be all there is.
            let is_as_good = |display: &Self| !display.is_software() || self.is_software();
            if attempt == ATTEMPTS || opened.as_ref().is_ok_and(is_as_good) {
                return opened;
            }
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

/// What goes on in place of a lost device.
#[derive(Debug)]
pub struct Reopened {
    /// Where to compute and draw from now on.
    pub compute: Compute,
    /// Why the CPU backend takes over from the GPU; `None` if it does not.
    pub fallback: Option<ComputeError>,
}

impl Compute {
    /// The loss of the device that computes or draws, in words, if it is lost. It costs a few microseconds, so
    /// it may be asked after each failure and now and then while nothing is done.
    pub fn loss(&self) -> Option<DeviceLost> {
        self.display.as_ref()?.loss()
    }

    /// Where to go on after a loss: the same backend on a new device, else the CPU backend. Tensors and leases
    /// of the lost device are lost with it: they can be dropped, but not be read, moved or drawn.
    pub fn reopened(&self) -> Reopened {
        match &self.display {
            Some(display) => self.continued_on(display.reopened()),
            None => Reopened { compute: self.clone(), fallback: None },
        }
    }

    /// Where to go on if this came of opening a device in place of the lost one; see [`Compute::reopened`].
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
        // A software driver in place of a card serves to draw; the CPU backend is much faster.
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

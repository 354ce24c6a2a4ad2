//! The number format of the operands of convolutions: a property of a device of the GPU backend, as PyTorch's
//! precision of matrix products is one of a backend.

use super::{Compute, ComputeError, device::gpu_tensor};
use crate::config::Precision;
use burn_wgpu::CubeTensor;
use cubecl::{
    Device,
    ir::{ElemType, FloatKind},
};
use std::sync::{PoisonError, RwLock};

pub(super) const F16: ElemType = ElemType::Float(FloatKind::F16);

/// The devices whose convolutions have operands in f16.
static IN_F16: RwLock<Vec<Device>> = RwLock::new(Vec::new());

fn precision_of(tensor: &CubeTensor) -> Precision {
    let in_f16 = IN_F16.read().unwrap_or_else(PoisonError::into_inner);
    if in_f16.contains(&tensor.device) { Precision::F16 } else { Precision::F32 }
}

/// The type of the operands of a convolution where this tensor is.
pub(super) fn operand_type(tensor: &CubeTensor) -> ElemType {
    match precision_of(tensor) {
        Precision::F32 => ElemType::Float(FloatKind::F32),
        Precision::F16 => F16,
    }
}

impl Compute {
    /// Rounds the operands of convolutions to `precision` on this device from now on, also where it is opened again.
    ///
    /// # Errors
    /// If it cannot multiply so: the CPU backend, or an adapter without wgpu's `SHADER_F16`.
    pub fn with_precision(mut self, precision: Precision) -> Result<Self, ComputeError> {
        let Some(tensor) = gpu_tensor(&self.device) else {
            return match precision {
                Precision::F32 => Ok(self),
                Precision::F16 => Err(ComputeError::PrecisionOnCpu(precision)),
            };
        };
        if precision == Precision::F16 && !tensor.client.properties().supports_type(F16) {
            return Err(ComputeError::NoF16 { adapter: self.name });
        }
        let mut in_f16 = IN_F16.write().unwrap_or_else(PoisonError::into_inner);
        in_f16.retain(|device| *device != tensor.device);
        if precision == Precision::F16 {
            in_f16.push(tensor.device);
        }
        drop(in_f16);
        self.name = self.full_name();
        Ok(self)
    }

    /// The precision of convolutions on this device.
    pub fn precision(&self) -> Precision {
        gpu_tensor(&self.device).map_or(Precision::F32, |tensor| precision_of(&tensor))
    }
}

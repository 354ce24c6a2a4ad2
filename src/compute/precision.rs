//! Precision of the operands of convolutions: a setting of a device of the GPU backend, much as PyTorch has the
//! precision of matrix products as a setting of a backend.

use crate::config::Precision;
use burn::tensor::Tensor;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::{
    Device,
    ir::{ElemType, FloatKind},
};
use std::sync::{Arc, PoisonError, RwLock};

pub(super) const F16: ElemType = ElemType::Float(FloatKind::F16);

/// Devices whose convolutions have f16 operands.
static IN_F16: RwLock<Vec<Device>> = RwLock::new(Vec::new());

/// Type of the operands of a convolution on this tensor's device.
pub(super) fn operand_type(tensor: &CubeTensor) -> ElemType {
    let in_f16 = IN_F16.read().unwrap_or_else(PoisonError::into_inner);
    if in_f16.contains(&tensor.device) { F16 } else { ElemType::Float(FloatKind::F32) }
}

/// An empty tensor on a device of the GPU backend; `None` on another backend.
pub(super) fn gpu_tensor(device: &burn::tensor::Device) -> Option<CubeTensor> {
    Tensor::<1>::empty([1], device).without_autodiff().try_into_primitive::<CubeBackend>().ok()
}

/// Sets the precision of convolutions on a device; false if the device cannot compute in it.
fn set_precision(device: &burn::tensor::Device, precision: Precision) -> bool {
    let Some(tensor) = gpu_tensor(device) else { return precision == Precision::F32 };
    if precision == Precision::F16 && !tensor.client.properties().supports_type(F16) {
        return false;
    }
    let mut in_f16 = IN_F16.write().unwrap_or_else(PoisonError::into_inner);
    in_f16.retain(|device| *device != tensor.device);
    if precision == Precision::F16 {
        in_f16.push(tensor.device);
    }
    true
}

/// Precision of a display's device, shared by its clones and by the device that replaces it when it is lost.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedPrecision(Arc<RwLock<Precision>>);

impl SharedPrecision {
    pub fn get(&self) -> Precision {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the precision; false if the device cannot compute in it.
    pub fn set(&self, device: &burn::tensor::Device, precision: Precision) -> bool {
        let is_set = set_precision(device, precision);
        if is_set {
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = precision;
        }
        is_set
    }

    /// Sets the precision on a new device, f32 if that cannot compute in it.
    pub fn apply(&self, device: &burn::tensor::Device) {
        if !self.set(device, self.get()) {
            self.set(device, Precision::F32);
        }
    }
}

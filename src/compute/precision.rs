//! The number format of the operands of convolutions: a property of a device of the GPU backend, as PyTorch's
//! precision of matrix products is one of a backend.

use crate::config::Precision;
use burn::tensor::Tensor;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::{
    Device,
    ir::{ElemType, FloatKind},
};
use std::sync::{Arc, PoisonError, RwLock};

pub(super) const F16: ElemType = ElemType::Float(FloatKind::F16);

/// The devices whose convolutions have operands in f16.
static IN_F16: RwLock<Vec<Device>> = RwLock::new(Vec::new());

/// The type of the operands of a convolution where this tensor is.
pub(super) fn operand_type(tensor: &CubeTensor) -> ElemType {
    let in_f16 = IN_F16.read().unwrap_or_else(PoisonError::into_inner);
    if in_f16.contains(&tensor.device) { F16 } else { ElemType::Float(FloatKind::F32) }
}

/// A tensor on a device of the GPU backend; none on another.
pub(super) fn gpu_tensor(device: &burn::tensor::Device) -> Option<CubeTensor> {
    Tensor::<1>::empty([1], device).without_autodiff().try_into_primitive::<CubeBackend>().ok()
}

/// Has convolutions on a device round their operands from now on, if it can; whether it can.
fn is_set(device: &burn::tensor::Device, precision: Precision) -> bool {
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

/// The precision of a display's device, shared by its clones and by whatever is opened in its place.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedPrecision(Arc<RwLock<Precision>>);

impl SharedPrecision {
    pub fn get(&self) -> Precision {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it could be set.
    pub fn set(&self, device: &burn::tensor::Device, precision: Precision) -> bool {
        let is_set = is_set(device, precision);
        if is_set {
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = precision;
        }
        is_set
    }

    /// Gives a new device the precision, or f32 if it has no other.
    pub fn apply(&self, device: &burn::tensor::Device) {
        if !self.set(device, self.get()) {
            self.set(device, Precision::F32);
        }
    }
}

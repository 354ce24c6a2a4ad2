//! Moving the tensors of networks one by one out of a module and back into it.

use crate::compute::ops::{Guard, keep_unless_open};
use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    optim::GradientsParams,
    tensor::{Device, Tensor},
};
use std::collections::HashMap;

/// A parameter taken out of its module, with its gradient; both flattened.
pub(super) struct DetachedParameter {
    pub id: ParamId,
    pub shape: Vec<usize>,
    pub parameter: Tensor<1>,
    pub gradient: Tensor<1>,
}

/// Moves all parameters that have a gradient out of a module, so that nothing else refers to their memory and it
/// can be updated in place. The module must not be used until [`Replace`] has put them back.
pub(super) fn take<M: Module>(module: M, gradients: GradientsParams) -> (M, Vec<DetachedParameter>) {
    let mut take = DetachParameters { gradients, taken: Vec::new(), placeholder: None };
    let module = module.map(&mut take);
    (module, take.taken)
}

struct DetachParameters {
    gradients: GradientsParams,
    taken: Vec<DetachedParameter>,
    /// One-element placeholder for each parameter that was moved out.
    placeholder: Option<Tensor<1>>,
}

impl ModuleMapper for DetachParameters {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let Some(gradient) = self.gradients.remove::<D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let shape = tensor.dims();
        let count: usize = shape.iter().product();
        let placeholder = self.placeholder.get_or_insert_with(|| Tensor::empty([1], &tensor.device()));
        let placeholder = placeholder.clone().reshape([1; D]);
        self.taken.push(DetachedParameter {
            id,
            shape: shape.to_vec(),
            parameter: tensor.inner().reshape([count]),
            gradient: gradient.reshape([count]),
        });
        Param::from_mapped_value(id, placeholder, mapper)
    }
}

/// Replaces tensors of a module.
#[derive(Default)]
pub(super) struct Replace {
    tensors: HashMap<ParamId, Replacement>,
}

struct Replacement {
    shape: Vec<usize>,
    values: Tensor<1>,
    is_trained: bool,
}

impl Replace {
    /// Registers a new value of a trained parameter.
    pub(super) fn trained(&mut self, id: ParamId, shape: Vec<usize>, values: Tensor<1>) {
        self.tensors.insert(id, Replacement { shape, values, is_trained: true });
    }
}

impl ModuleMapper for Replace {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let tensor = match self.tensors.remove(&id) {
            Some(Replacement { shape, values, is_trained }) => {
                let shape: [usize; D] = shape.try_into().expect("a tensor keeps its rank");
                let tensor = Tensor::from_inner(values.reshape(shape));
                if is_trained { tensor.require_grad() } else { tensor }
            }
            None => tensor,
        };
        Param::from_mapped_value(id, tensor, mapper)
    }
}

/// The tensors of a module that are not trained: running statistics of batch normalisation.
pub(super) struct SavedStatistics(Vec<(ParamId, Vec<usize>, Tensor<1>)>);

impl SavedStatistics {
    /// Saves the running statistics of a module on an autodiff device. A forward pass replaces the tensors rather
    /// than writing to them, so the saved ones keep their values.
    pub(super) fn of(module: &impl Module) -> Self {
        struct Collect(Vec<(ParamId, Vec<usize>, Tensor<1>)>);
        impl ModuleVisitor for Collect {
            fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
                let tensor = parameter.val();
                if !tensor.is_require_grad() {
                    let shape = tensor.dims();
                    let values = tensor.without_autodiff().reshape([shape.iter().product::<usize>()]);
                    self.0.push((parameter.id, shape.to_vec(), values));
                }
            }
        }
        let mut statistics = Collect(Vec::new());
        module.visit(&mut statistics);
        Self(statistics.0)
    }

    /// Registers the saved tensors for replacement.
    pub(super) fn restore(self, replace: &mut Replace) {
        for (id, shape, values) in self.0 {
            replace.tensors.insert(id, Replacement { shape, values, is_trained: false });
        }
    }

    /// Registers the saved tensors if the guard is closed, else the `new` ones of the same module.
    pub(super) fn restore_unless_open(self, new: Self, guard: &Guard, replace: &mut Replace) {
        let pairs = self.0.into_iter().zip(&new.0).map(|(old, new)| [old.2, new.2.clone()]);
        let kept = keep_unless_open(pairs.collect(), guard, None);
        let kept = new.0.into_iter().zip(kept).map(|((id, shape, _), values)| (id, shape, values));
        Self(kept.collect()).restore(replace);
    }
}

/// Tells if tensors of this device are in host memory.
pub(super) fn is_host(device: &Device) -> bool {
    device.clone().without_autodiff() == Device::flex()
}

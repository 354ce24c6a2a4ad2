//! The published names of the networks' parameters, for reading and for writing.

use crate::{
    compute::values,
    model::{Networks, ResnetEncoder, depth::DepthSpec},
};
use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    tensor::{Tensor, TensorData},
};
use std::fmt;

/// Name of a parameter in the published layout. Written `encoder/encoder.conv1.weight`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ParameterName {
    /// The file, without extension: one of `encoder`, `depth`, `pose_encoder`, `pose`, `predictive_mask`.
    pub file: &'static str,
    /// The key in that file.
    pub key: String,
}

impl fmt::Display for ParameterName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.file, self.key)
    }
}

impl ParameterName {
    /// The published name of the parameter that is reached through these fields of [`Networks`].
    fn of(path: &[String], depth: &DepthSpec) -> Self {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let (file, key) = match path.as_slice() {
            ["depth", "encoder", _, fields @ ..] => ("encoder", (depth.encoder_key)(fields)),
            ["depth", "decoder", fields @ ..] => ("depth", depth.decoder.key(fields)),
            ["predictive_mask", fields @ ..] => ("predictive_mask", depth.decoder.key(fields)),
            ["pose", _, "encoder", fields @ ..] => ("pose_encoder", ResnetEncoder::key(fields)),
            ["pose", _, "decoder", fields @ ..] | ["pose", _, fields @ ..] => ("pose", fields.join(".")),
            other => unreachable!("networks have no parameter {other:?}"),
        };
        Self { file, key }
    }
}

/// A parameter or running statistic, read back from its device.
#[derive(Clone, Debug)]
pub struct NamedTensor {
    /// Published name.
    pub name: ParameterName,
    /// Lengths of the axes.
    pub shape: Vec<usize>,
    /// Values, row-major.
    pub values: Vec<f32>,
}

/// Every parameter and running statistic of the networks, in the published order.
pub fn named_tensors(networks: &Networks) -> Vec<NamedTensor> {
    let mut tensors = Vec::new();
    visit(networks, |found| {
        let (shape, values) = (found.shape, (found.values)());
        tensors.push(NamedTensor { name: found.name, shape, values });
    });
    tensors
}

/// The published name and the identity of every parameter and running statistic, in the published order.
pub fn parameter_ids(networks: &Networks) -> Vec<(ParameterName, ParamId)> {
    let mut ids = Vec::new();
    visit(networks, |found| ids.push((found.name, found.id)));
    ids
}

/// A parameter or running statistic on its device.
struct NamedParameter<'a> {
    name: ParameterName,
    id: ParamId,
    shape: Vec<usize>,
    /// Reads the values back.
    values: &'a dyn Fn() -> Vec<f32>,
}

fn visit(networks: &Networks, each: impl FnMut(NamedParameter)) {
    let depth = networks.depth.encoder.architecture().spec();
    networks.visit(&mut Visitor { path: Vec::new(), depth, each });
}

struct Visitor<F> {
    path: Vec<String>,
    depth: DepthSpec,
    each: F,
}

impl<F: FnMut(NamedParameter)> ModuleVisitor for Visitor<F> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let tensor = parameter.val();
        let shape = tensor.dims().to_vec();
        let values = || values(tensor.clone()).expect("weights can be read");
        (self.each)(NamedParameter {
            name: ParameterName::of(&self.path, &self.depth),
            id: parameter.id,
            shape,
            values: &values,
        });
    }
}

/// Replaces every parameter and running statistic by the values that `values_of` returns for its name and shape;
/// `None` keeps the old ones.
///
/// # Errors
/// The first error of `values_of`.
///
/// # Panics
/// If it gives a number of values that does not fit the shape.
pub fn map_parameters<E>(
    networks: Networks,
    values_of: impl FnMut(&ParameterName, &[usize]) -> Result<Option<Vec<f32>>, E>,
) -> Result<Networks, E> {
    let depth = networks.depth.encoder.architecture().spec();
    let mut writer = ParameterWriter { path: Vec::new(), depth, values_of, error: None };
    let networks = networks.map(&mut writer);
    writer.error.map_or(Ok(networks), Err)
}

struct ParameterWriter<F, E> {
    path: Vec<String>,
    depth: DepthSpec,
    values_of: F,
    error: Option<E>,
}

impl<F, E> ModuleMapper for ParameterWriter<F, E>
where
    F: FnMut(&ParameterName, &[usize]) -> Result<Option<Vec<f32>>, E>,
{
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return parameter;
        }
        let shape = parameter.dims();
        match (self.values_of)(&ParameterName::of(&self.path, &self.depth), &shape) {
            Ok(None) => parameter,
            Ok(Some(values)) => parameter.map(|old| {
                let data = TensorData::new(values, shape);
                Tensor::from_data(data, &old.device()).set_require_grad(old.is_require_grad())
            }),
            Err(error) => {
                self.error = Some(error);
                parameter
            }
        }
    }
}

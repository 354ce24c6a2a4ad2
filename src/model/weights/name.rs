//! The published names of the networks' parameters, in one place for reading and for writing.

use crate::model::Networks;
use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    tensor::{Tensor, TensorData},
};
use std::fmt;

/// A parameter's place in the published layout. Written `encoder/encoder.conv1.weight`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ParameterName {
    /// The file, without extension: one of `encoder`, `depth`, `pose_encoder`, `pose`.
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
    fn of(path: &[String]) -> Self {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let number = |text: &str| text.parse::<usize>().unwrap_or(0);
        match path.as_slice() {
            [network, "encoder", layers @ ..] => {
                let key = layers.join(".");
                let key = key.replace("downsample.convolution", "downsample.0");
                let key = key.replace("downsample.normalisation", "downsample.1");
                let file = if *network == "pose" { "pose_encoder" } else { "encoder" };
                Self { file, key: format!("encoder.{key}") }
            }
            // The published decoder is one list: two convolutions a level, then the disparities.
            ["depth", "decoder", "levels", level, place, kind] => {
                let index = 2 * number(level) + usize::from(*place == "after");
                Self { file: "depth", key: format!("decoder.{index}.conv.conv.{kind}") }
            }
            ["depth", "decoder", "disparities", index, kind] => {
                let index = number(index) + Self::FIRST_DISPARITY;
                Self { file: "depth", key: format!("decoder.{index}.conv.{kind}") }
            }
            [_, "decoder", layers @ ..] => Self { file: "pose", key: layers.join(".") },
            other => unreachable!("networks have no parameter {other:?}"),
        }
    }

    /// The index of the first disparity's convolution in `depth`.
    pub(super) const FIRST_DISPARITY: usize = 10;
}

/// A parameter or running statistic, read back from its device.
#[derive(Clone, Debug)]
pub struct NamedTensor {
    /// Its published name.
    pub name: ParameterName,
    /// Its extents.
    pub shape: Vec<usize>,
    /// Its values, row-major.
    pub values: Vec<f32>,
}

/// Every parameter and running statistic of the networks, in the published order.
pub fn named_tensors(networks: &Networks) -> Vec<NamedTensor> {
    let mut reader = Reader { path: Vec::new(), tensors: Vec::new() };
    networks.visit(&mut reader);
    reader.tensors
}

struct Reader {
    path: Vec<String>,
    tensors: Vec<NamedTensor>,
}

impl ModuleVisitor for Reader {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let tensor = parameter.val();
        let shape = tensor.dims().to_vec();
        let values = tensor.into_data().try_into_vec_as::<f32>().expect("every float converts to f32");
        self.tensors.push(NamedTensor { name: ParameterName::of(&self.path), shape, values });
    }
}

/// Gives every parameter and running statistic the values that `values_of` has for its name and
/// shape; where it has none, the old ones stay.
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
    let mut writer = Writer { path: Vec::new(), values_of, error: None };
    let networks = networks.map(&mut writer);
    writer.error.map_or(Ok(networks), Err)
}

struct Writer<F, E> {
    path: Vec<String>,
    values_of: F,
    error: Option<E>,
}

impl<F, E> ModuleMapper for Writer<F, E>
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
        match (self.values_of)(&ParameterName::of(&self.path), &shape) {
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

/// The published name and the identity of every parameter and running statistic, in the published order.
pub fn parameter_ids(networks: &Networks) -> Vec<(ParameterName, ParamId)> {
    let mut names = Names { path: Vec::new(), ids: Vec::new() };
    networks.visit(&mut names);
    names.ids
}

struct Names {
    path: Vec<String>,
    ids: Vec<(ParameterName, ParamId)>,
}

impl ModuleVisitor for Names {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        self.ids.push((ParameterName::of(&self.path), parameter.id));
    }
}

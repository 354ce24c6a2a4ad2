//! Weights files: reading and writing networks under their published names.

mod name;

pub use name::{NamedTensor, ParameterName, map_parameters, named_tensors};

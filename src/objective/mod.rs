//! View synthesis and the loss of self-supervised depth; every map it computes has a name.

mod map;

pub use map::{MapKind, MapName};

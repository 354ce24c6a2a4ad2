//! Why a configuration is refused.

/// A choice that cannot work; the text says which, why, and what to choose instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

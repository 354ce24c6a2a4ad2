//! The published metrics against exact or measured depth.

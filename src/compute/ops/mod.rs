//! Differentiable operations that burn lacks or does slowly, each with a composed twin.

//! Samples in a seeded order, made by worker threads with bounded memory.

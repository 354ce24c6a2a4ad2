//! The networks and their weights files.

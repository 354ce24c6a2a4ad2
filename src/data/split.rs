//! Split files: which frames train, validate and test.

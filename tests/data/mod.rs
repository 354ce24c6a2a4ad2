//! From files to samples: pictures, augmentation, parsers, splits, loading.

mod pictures;

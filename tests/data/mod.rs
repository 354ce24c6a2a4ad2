//! From files to samples: pictures, augmentation, parsers, splits, loading.

mod files;
mod loading;
mod pictures;

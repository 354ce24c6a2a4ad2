//! From files to samples: images, augmentation, parsers, splits, sources, loading.

mod archives;
mod arrays;
mod cache;
mod files;
mod films;
mod folders;
mod loading;
mod motion;
mod pictures;
mod previews;
mod scans;
mod splits;

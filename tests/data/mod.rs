//! From files to samples: images, augmentation, parsers, splits, sources, loading.

mod arrays;
mod cache;
mod files;
mod films;
mod folders;
mod loading;
mod motion;
mod pictures;
mod poses;
mod previews;
mod splits;

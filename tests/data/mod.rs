//! From files to samples: images, augmentation, parsers, splits, sources, loading.

mod arrays;
mod cache;
mod files;
mod films;
mod folders;
mod formats;
mod hostile_films;
mod loading;
mod motion;
mod pictures;
mod previews;
mod splits;

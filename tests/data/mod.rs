//! From files to samples: images, augmentation, parsers, splits, sources, loading.

mod archives;
mod arrays;
mod cache;
mod cameras;
mod clips;
mod files;
mod films;
mod folders;
mod formats;
mod hostile_films;
mod listing;
mod loading;
mod motion;
mod pictures;
mod poses;
mod previews;
mod scans;
mod sides;
mod splits;

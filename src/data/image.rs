//! Decoding, and resizing exactly as Pillow does.

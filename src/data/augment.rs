//! Colour jitter and mirroring, with 8-bit Pillow semantics.
